/*
 * lib/trust/pickle_list_frames.c - pandas, and the boosting libraries: XGBoost, LightGBM, CatBoost.
 */
#include "trust/pickle_names.h"

/* clang-format off */
static const struct pickle_row pandas_rows[] = {
    {"pandas", "DataFrame Series", USE_MODEL, GUARD_NONE},
    {"pandas",
     "Index RangeIndex MultiIndex CategoricalIndex DatetimeIndex TimedeltaIndex PeriodIndex "
     "IntervalIndex Categorical CategoricalDtype DatetimeTZDtype IntervalDtype PeriodDtype "
     "SparseDtype StringDtype BooleanDtype Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype "
     "UInt16Dtype UInt32Dtype UInt64Dtype Float32Dtype Float64Dtype Interval Period NA",
     USE_TYPE, GUARD_NONE},
    {"pandas.arrays",
     "BooleanArray DatetimeArray FloatingArray IntegerArray IntervalArray PeriodArray SparseArray "
     "StringArray TimedeltaArray", USE_TYPE, GUARD_NONE},
    {"pandas.core.frame", "DataFrame", USE_MODEL, GUARD_NONE},
    {"pandas.core.series", "Series", USE_MODEL, GUARD_NONE},
    {"pandas.core.internals.managers", "BlockManager SingleBlockManager", USE_TYPE, GUARD_NONE},
    {"pandas._libs.internals", "BlockManager _unpickle_block", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.base", "Index _new_Index", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.range", "RangeIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.multi", "MultiIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.category", "CategoricalIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.numeric", "Int64Index UInt64Index Float64Index", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.datetimes", "DatetimeIndex _new_DatetimeIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.timedeltas", "TimedeltaIndex _new_TimedeltaIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.period", "PeriodIndex _new_PeriodIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.interval", "IntervalIndex _new_IntervalIndex", USE_TYPE, GUARD_NONE},
    {"pandas.core.indexes.frozen", "FrozenList", USE_TYPE | USE_LIST, GUARD_NONE},
    {"pandas.core.arrays.categorical", "Categorical", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.datetimes", "DatetimeArray", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.timedeltas", "TimedeltaArray", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.period", "PeriodArray", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.interval", "IntervalArray", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.boolean", "BooleanArray BooleanDtype", USE_TYPE, GUARD_NONE},
    {"pandas.core.arrays.floating", "FloatingArray Float32Dtype Float64Dtype", USE_TYPE, GUARD_NONE},
    {"pandas.core.arrays.integer",
     "IntegerArray Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype "
     "UInt64Dtype", USE_TYPE, GUARD_NONE},
    {"pandas.core.arrays.string_", "StringArray StringDtype", USE_TYPE, GUARD_NONE},
    {"pandas.core.arrays.sparse.array", "SparseArray", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.sparse.dtype", "SparseDtype", USE_MODEL, GUARD_NONE},
    {"pandas.core.arrays.numpy_", "NumpyExtensionArray PandasArray", USE_MODEL, GUARD_NONE},
    {"pandas.core.dtypes.dtypes",
     "CategoricalDtype DatetimeTZDtype IntervalDtype PeriodDtype SparseDtype NumpyEADtype", USE_TYPE, GUARD_NONE},
    {"pandas.core.flags", "Flags", USE_MODEL, GUARD_NONE},
    {"pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked", USE_CALL | USE_BUILD, GUARD_NONE},
    {"pandas._libs.interval", "Interval __pyx_unpickle_IntervalMixin", USE_TYPE, GUARD_NONE},
    {"pandas._libs.missing", "NA", 0, GUARD_NONE},
    {"pandas._libs.sparse", "IntIndex BlockIndex", USE_TYPE, GUARD_NONE},
    {"pandas._libs.tslibs.nattype", "__nat_unpickle _nat_unpickle", USE_CALL, GUARD_NONE},
    {"pandas._libs.tslibs.period", "Period", USE_TYPE, GUARD_NONE},
    {"pandas._libs.tslibs.timedeltas", "Timedelta _timedelta_unpickle", USE_TYPE, GUARD_NONE},
    {"pandas._libs.tslibs.timestamps", "Timestamp _unpickle_timestamp", USE_TYPE, GUARD_NONE},
    {"pandas._libs.tslibs.offsets",
     "Day Hour Minute Second Milli Micro Nano MonthEnd MonthBegin BusinessDay Week YearEnd YearBegin "
     "QuarterEnd QuarterBegin BusinessMonthEnd BusinessMonthBegin DateOffset", USE_TYPE, GUARD_NONE},
};

static const struct pickle_row boosting_rows[] = {
    {"xgboost.core", "Booster", USE_MODEL, GUARD_NONE},
    {"xgboost.sklearn",
     "XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor XGBModel", USE_MODEL, GUARD_NONE},
    {"lightgbm.basic", "Booster", USE_MODEL, GUARD_NONE},
    {"lightgbm.sklearn", "LGBMClassifier LGBMRegressor LGBMRanker LGBMModel", USE_MODEL, GUARD_NONE},
    {"catboost.core", "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker", USE_MODEL, GUARD_NONE},
};
/* clang-format on */

const struct pickle_profile pickle_profile_pandas = {"pandas", pandas_rows,
                                                     ARRAY_LENGTH(pandas_rows)};
const struct pickle_profile pickle_profile_boosting = {"boosting", boosting_rows,
                                                       ARRAY_LENGTH(boosting_rows)};
