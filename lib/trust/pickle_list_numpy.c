/*
 * lib/trust/pickle_list_numpy.c - numpy and SciPy: what pickles of arrays, dtypes, generators and
 * sparse matrices name.
 */
#include "trust/pickle_names.h"

#define SCALARS                                                                                    \
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc intp uintp longlong " \
    "ulonglong byte ubyte short ushort long ulong float16 float32 float64 longdouble half single " \
    "double complex64 complex128 clongdouble csingle cdouble str_ bytes_ void object_ datetime64 " \
    "timedelta64 number generic integer floating inexact signedinteger unsignedinteger character " \
    "flexible float_ int_ uint float96 float128 complex192 complex256 string_ unicode_ "           \
    "complexfloating"
/* Functions that a model may hold and call later: they compute, and do nothing else. */
#define FUNCTIONS                                                                                  \
    "absolute abs add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil conjugate "   \
    "copysign cos cosh deg2rad degrees divide exp exp2 expm1 fabs floor floor_divide fmax fmin "   \
    "fmod greater greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p log2 "  \
    "logaddexp logical_and logical_not logical_or maximum minimum mod multiply negative "          \
    "not_equal "                                                                                   \
    "positive power rad2deg radians reciprocal remainder rint sign sin sinh sqrt square subtract " \
    "tan tanh true_divide trunc equal sum mean median std var prod min max amin amax argmin "      \
    "argmax "                                                                                      \
    "nanmean nanmedian nanstd nanvar nansum nanmin nanmax cumsum cumprod clip round around ravel " \
    "asarray array nan_to_num percentile quantile average ptp identity"

/* clang-format off */
static const struct pickle_row numpy_rows[] = {
    {"numpy", "dtype", USE_CALL | USE_BUILD, GUARD_NUMPY_DTYPE},
    {"numpy", "ndarray matrix recarray memmap chararray", USE_ARRAY | USE_BUILD, GUARD_NONE},
    {"numpy.rec", "recarray", USE_ARRAY | USE_BUILD, GUARD_NONE},
    {"numpy.matrixlib.defmatrix", "matrix", USE_ARRAY | USE_BUILD, GUARD_NONE},
    {"numpy.core.records", "recarray", USE_ARRAY | USE_BUILD, GUARD_NONE},
    {"numpy.core.records", "record", USE_NEW, GUARD_NONE},
    {"numpy", "record", USE_NEW, GUARD_NONE},
    {"numpy.ma.core", "MaskedArray", USE_ARRAY | USE_BUILD, GUARD_NONE},
    {"numpy.ma", "MaskedArray", USE_ARRAY | USE_BUILD, GUARD_NONE},
    {"numpy.ma.core", "_mareconstruct", USE_CALL | USE_BUILD, GUARD_NUMPY_RECONSTRUCT},
    {"numpy.core.multiarray", "_reconstruct", USE_CALL | USE_BUILD, GUARD_NUMPY_RECONSTRUCT},
    {"numpy._core.multiarray", "_reconstruct", USE_CALL | USE_BUILD, GUARD_NUMPY_RECONSTRUCT},
    {"numpy.core.multiarray", "scalar", USE_CALL, GUARD_NUMPY_WITH_DTYPE},
    {"numpy._core.multiarray", "scalar", USE_CALL, GUARD_NUMPY_WITH_DTYPE},
    {"numpy.core.numeric", "_frombuffer", USE_CALL, GUARD_NUMPY_WITH_DTYPE},
    {"numpy._core.numeric", "_frombuffer", USE_CALL, GUARD_NUMPY_WITH_DTYPE},
    {"numpy", SCALARS, 0, GUARD_NONE},
    {"numpy", FUNCTIONS, 0, GUARD_NONE},
    {"numpy.core._multiarray_umath", FUNCTIONS, 0, GUARD_NONE},
    {"numpy._core._multiarray_umath", FUNCTIONS, 0, GUARD_NONE},
    {"numpy.core.fromnumeric", FUNCTIONS, 0, GUARD_NONE},
    {"numpy._core.fromnumeric", FUNCTIONS, 0, GUARD_NONE},
    {"numpy", "poly1d", USE_MODEL, GUARD_NONE},
    {"numpy.polynomial.polynomial", "Polynomial", USE_MODEL, GUARD_NONE},
    {"numpy.polynomial.chebyshev", "Chebyshev", USE_MODEL, GUARD_NONE},
    {"numpy.polynomial.legendre", "Legendre", USE_MODEL, GUARD_NONE},
    {"numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor",
     USE_CALL | USE_BUILD, GUARD_NONE},
    {"numpy.random", "__RandomState_ctor", USE_CALL | USE_BUILD, GUARD_NONE},
    {"numpy.random._mt19937", "MT19937", USE_TYPE, GUARD_NONE},
    {"numpy.random._pcg64", "PCG64 PCG64DXSM", USE_TYPE, GUARD_NONE},
    {"numpy.random._philox", "Philox", USE_TYPE, GUARD_NONE},
    {"numpy.random._sfc64", "SFC64", USE_TYPE, GUARD_NONE},
    {"numpy.random.bit_generator", "SeedSequence", USE_TYPE, GUARD_NONE},
    {"numpy.random.bit_generator", "__pyx_unpickle_SeedSequence __pyx_unpickle_SeedlessSeedSequence",
     USE_CALL | USE_BUILD, GUARD_NONE},
};

#define SPARSE(lower) lower "_matrix " lower "_array"
static const struct pickle_row scipy_rows[] = {
    {"scipy.sparse.csr", "csr_matrix", USE_MODEL, GUARD_NONE},
    {"scipy.sparse.csc", "csc_matrix", USE_MODEL, GUARD_NONE},
    {"scipy.sparse.coo", "coo_matrix", USE_MODEL, GUARD_NONE},
    {"scipy.sparse.bsr", "bsr_matrix", USE_MODEL, GUARD_NONE},
    {"scipy.sparse.dia", "dia_matrix", USE_MODEL, GUARD_NONE},
    {"scipy.sparse.lil", "lil_matrix", USE_MODEL, GUARD_NONE},
    {"scipy.sparse.dok", "dok_matrix", USE_MODEL | USE_DICT, GUARD_NONE},
    {"scipy.sparse._csr", SPARSE("csr"), USE_MODEL, GUARD_NONE},
    {"scipy.sparse._csc", SPARSE("csc"), USE_MODEL, GUARD_NONE},
    {"scipy.sparse._coo", SPARSE("coo"), USE_MODEL, GUARD_NONE},
    {"scipy.sparse._bsr", SPARSE("bsr"), USE_MODEL, GUARD_NONE},
    {"scipy.sparse._dia", SPARSE("dia"), USE_MODEL, GUARD_NONE},
    {"scipy.sparse._lil", SPARSE("lil"), USE_MODEL, GUARD_NONE},
    {"scipy.sparse._dok", SPARSE("dok"), USE_MODEL | USE_DICT, GUARD_NONE},
    {"scipy.sparse._arrays",
     "bsr_array coo_array csc_array csr_array dia_array dok_array lil_array", USE_MODEL | USE_DICT,
     GUARD_NONE},
    {"scipy.interpolate._bsplines", "BSpline", USE_MODEL, GUARD_NONE},
    {"scipy.interpolate._interpolate", "interp1d PPoly BPoly", USE_MODEL, GUARD_NONE},
    {"scipy.interpolate.interpolate", "interp1d PPoly BPoly", USE_MODEL, GUARD_NONE},
    {"scipy.interpolate._cubic", "CubicSpline PchipInterpolator Akima1DInterpolator", USE_MODEL,
     GUARD_NONE},
    {"scipy.spatial.ckdtree", "cKDTree", USE_TYPE, GUARD_NONE},
    {"scipy.spatial._ckdtree", "cKDTree", USE_TYPE, GUARD_NONE},
    {"scipy.spatial._kdtree", "KDTree", USE_MODEL, GUARD_NONE},
    {"scipy.stats._kde", "gaussian_kde", USE_MODEL, GUARD_NONE},
    {"scipy._lib.array_api_compat.numpy._aliases", "asarray", 0, GUARD_NONE},
};
/* clang-format on */

const struct pickle_profile pickle_profile_numpy = {"numpy", numpy_rows, ARRAY_LENGTH(numpy_rows)};
const struct pickle_profile pickle_profile_scipy = {"SciPy", scipy_rows, ARRAY_LENGTH(scipy_rows)};
