/*
 * lib/trust/pickle_list_torch.c - PyTorch: storages, tensors and what rebuilds them. The layers of
 * whole models are in pickle_list_torch_modules.c.
 */
#include "trust/pickle_names.h"

/* clang-format off */
static const struct pickle_row rows[] = {
    {"torch",
     "DoubleStorage FloatStorage HalfStorage LongStorage IntStorage ShortStorage CharStorage "
     "ByteStorage BoolStorage BFloat16Storage ComplexDoubleStorage ComplexFloatStorage "
     "QUInt8Storage QInt8Storage QInt32Storage QUInt4x2Storage QUInt2x4Storage", USE_STORAGE, GUARD_NONE},
    {"torch.storage", "UntypedStorage TypedStorage _TypedStorage _UntypedStorage", USE_STORAGE, GUARD_NONE},
    {"torch.storage", "_load_from_bytes", USE_CALL, GUARD_TORCH_LOAD},
    {"torch", "Tensor", 0, GUARD_NONE},
    {"torch.nn.parameter", "Parameter Buffer UninitializedParameter UninitializedBuffer", 0, GUARD_NONE},
    {"torch",
     "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool "
     "complex32 complex64 complex128 quint8 qint8 qint32 quint4x2 quint2x4 float8_e4m3fn "
     "float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz per_tensor_affine per_channel_affine strided "
     "sparse_coo sparse_csr contiguous_format channels_last preserve_format", 0, GUARD_NONE},
    {"torch", "Size device", USE_CALL, GUARD_NONE},
    {"torch.serialization", "_get_layout", USE_CALL, GUARD_NONE},
    {"torch._utils",
     "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter "
     "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor "
     "_rebuild_sparse_csr_tensor _rebuild_device_tensor_from_numpy "
     "_rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_xla_tensor "
     "_rebuild_wrapper_subclass", USE_CALL | USE_BUILD, GUARD_NONE},
    {"torch._tensor", "_rebuild_from_type_v2", USE_CALL, GUARD_TORCH_REBUILD},
    /* They give back what they are given; TorchScript's archives call them. */
    {"torch.jit._pickle",
     "build_intlist build_tensorlist build_doublelist build_boollist restore_type_tag", USE_CALL, GUARD_NONE},
    {"torch.optim.sgd", "SGD", USE_MODEL, GUARD_NONE},
    {"torch.optim.adam", "Adam", USE_MODEL, GUARD_NONE},
    {"torch.optim.adamw", "AdamW", USE_MODEL, GUARD_NONE},
    {"torch.optim.rmsprop", "RMSprop", USE_MODEL, GUARD_NONE},
    {"torch.nn.parallel.data_parallel", "DataParallel", USE_MODEL, GUARD_NONE},
};
/* clang-format on */

const struct pickle_profile pickle_profile_torch = {"PyTorch", rows, ARRAY_LENGTH(rows)};
