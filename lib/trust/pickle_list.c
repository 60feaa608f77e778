/*
 * lib/trust/pickle_list.c - the profiles together, and those of Python itself, joblib and the
 * modules that scikit-learn had before 0.22.
 *
 * Not here, though benign models have them, because a state that a file sets makes them run it:
 * scipy.stats' distributions (rv_generic compiles text out of its state), numpy.memmap and all that
 * opens files when it is made.
 */
#include "trust/pickle_names.h"

/* clang-format off */
static const struct pickle_row python_rows[] = {
    {"builtins", "object", USE_NEW | USE_BUILD, GUARD_NONE},
    {"builtins", "list set frozenset tuple dict bytes bytearray",
     USE_CALL | USE_NEW | USE_BUILD | USE_DICT | USE_LIST | USE_SET, GUARD_CONTAINER},
    {"builtins", "int float str bool", USE_NEW | USE_BUILD, GUARD_NONE},
    {"builtins", "complex slice range", USE_CALL, GUARD_NONE},
    {"builtins", "getattr", USE_CALL, GUARD_GETATTR},
    {"_codecs", "encode", USE_CALL, GUARD_ENCODE},
    {"copyreg", "_reconstructor __newobj__ __newobj_ex__", USE_CALL, GUARD_RECONSTRUCTOR},
    {"collections", "OrderedDict", USE_TYPE | USE_DICT, GUARD_CONTAINER},
    {"collections", "Counter", USE_TYPE | USE_DICT, GUARD_CONTAINER},
    {"collections", "defaultdict", USE_TYPE | USE_DICT, GUARD_NONE},
    {"collections", "deque UserList", USE_TYPE | USE_LIST, GUARD_NONE},
    {"collections", "ChainMap UserDict", USE_TYPE | USE_DICT, GUARD_NONE},
    {"collections", "UserString", USE_TYPE, GUARD_NONE},
    {"datetime", "datetime date time timedelta timezone", USE_CALL | USE_NEW, GUARD_NONE},
    {"decimal", "Decimal", USE_CALL | USE_NEW, GUARD_NONE},
    {"uuid", "UUID", USE_MODEL, GUARD_NONE},
    {"uuid", "SafeUUID", USE_CALL, GUARD_NONE},
    {"pathlib", "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath", USE_CALL, GUARD_NONE},
    {"pathlib._local", "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath", USE_CALL, GUARD_NONE},
    {"functools", "partial", USE_TYPE, GUARD_NONE},
    {"operator", "itemgetter", USE_CALL, GUARD_NONE},
    {"types", "SimpleNamespace", USE_TYPE, GUARD_NONE},
    {"argparse", "Namespace", USE_TYPE, GUARD_NONE},
    {"re", "_compile", USE_CALL, GUARD_NONE},
    {"array", "_array_reconstructor", USE_CALL, GUARD_NONE},
    {"array", "array", 0, GUARD_NONE},
    {"random", "Random", USE_TYPE, GUARD_NONE},
    {"logging", "getLogger", USE_CALL, GUARD_NONE},
    {"zoneinfo", "ZoneInfo", 0, GUARD_NONE},
    {"zoneinfo", "ZoneInfo._unpickle", USE_CALL, GUARD_NONE},
    {"pytz", "_p _UTC", USE_CALL, GUARD_NONE},
    {"joblib.numpy_pickle", "NumpyArrayWrapper", USE_MODEL, GUARD_NONE},
};

/* Modules that moved in scikit-learn 0.22 and 0.24: old files still name them. */
static const struct pickle_row sklearn_old_rows[] = {
    {"sklearn.linear_model.logistic", "LogisticRegression LogisticRegressionCV", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.base", "LinearRegression", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.ridge", "Ridge RidgeCV RidgeClassifier RidgeClassifierCV", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.coordinate_descent",
     "Lasso LassoCV ElasticNet ElasticNetCV MultiTaskLasso MultiTaskElasticNet", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.stochastic_gradient", "SGDClassifier SGDRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.sgd_fast",
     "Hinge SquaredHinge Log ModifiedHuber SquaredLoss Huber EpsilonInsensitive "
     "SquaredEpsilonInsensitive", USE_TYPE, GUARD_NONE},
    {"sklearn.linear_model.perceptron", "Perceptron", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.passive_aggressive",
     "PassiveAggressiveClassifier PassiveAggressiveRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.bayes", "BayesianRidge ARDRegression", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.least_angle", "Lars LassoLars LarsCV LassoLarsCV LassoLarsIC", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.huber", "HuberRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.ransac", "RANSACRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.linear_model.theil_sen", "TheilSenRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.forest",
     "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor "
     "RandomTreesEmbedding", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.gradient_boosting",
     "GradientBoostingClassifier GradientBoostingRegressor BinomialDeviance MultinomialDeviance "
     "ExponentialLoss LeastSquaresError LeastAbsoluteError HuberLossFunction QuantileLossFunction "
     "LogOddsEstimator PriorProbabilityEstimator MeanEstimator QuantileEstimator ZeroEstimator "
     "ScaledLogOddsEstimator", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble._gb_losses",
     "BinomialDeviance MultinomialDeviance ExponentialLoss LeastSquaresError LeastAbsoluteError "
     "HuberLossFunction QuantileLossFunction", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.weight_boosting", "AdaBoostClassifier AdaBoostRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.bagging", "BaggingClassifier BaggingRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.iforest", "IsolationForest", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.voting_classifier", "VotingClassifier", USE_MODEL, GUARD_NONE},
    {"sklearn.ensemble.voting", "VotingClassifier VotingRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.tree.tree",
     "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.svm.classes", "SVC SVR NuSVC NuSVR LinearSVC LinearSVR OneClassSVM", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.classification", "KNeighborsClassifier RadiusNeighborsClassifier", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.regression", "KNeighborsRegressor RadiusNeighborsRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.unsupervised", "NearestNeighbors", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.nearest_centroid", "NearestCentroid", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.kde", "KernelDensity", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.lof", "LocalOutlierFactor", USE_MODEL, GUARD_NONE},
    {"sklearn.neighbors.kd_tree", "newObj", USE_CALL | USE_BUILD, GUARD_NONE},
    {"sklearn.neighbors.kd_tree", "KDTree", USE_TYPE, GUARD_NONE},
    {"sklearn.neighbors.ball_tree", "newObj", USE_CALL | USE_BUILD, GUARD_NONE},
    {"sklearn.neighbors.ball_tree", "BallTree", USE_TYPE, GUARD_NONE},
    {"sklearn.neighbors._dist_metrics", "newObj", USE_CALL | USE_BUILD, GUARD_NONE},
    {"sklearn.neighbors.dist_metrics", "newObj", USE_CALL | USE_BUILD, GUARD_NONE},
    {"sklearn.neighbors.dist_metrics",
     "EuclideanDistance ManhattanDistance MinkowskiDistance ChebyshevDistance", USE_TYPE, GUARD_NONE},
    {"sklearn.neighbors._dist_metrics",
     "EuclideanDistance ManhattanDistance MinkowskiDistance ChebyshevDistance", USE_TYPE, GUARD_NONE},
    {"sklearn.preprocessing.data",
     "StandardScaler MinMaxScaler MaxAbsScaler RobustScaler Normalizer Binarizer KernelCenterer "
     "PolynomialFeatures QuantileTransformer PowerTransformer OneHotEncoder", USE_MODEL, GUARD_NONE},
    {"sklearn.preprocessing.label", "LabelEncoder LabelBinarizer MultiLabelBinarizer", USE_MODEL, GUARD_NONE},
    {"sklearn.preprocessing.imputation", "Imputer", USE_MODEL, GUARD_NONE},
    {"sklearn.cluster.k_means_", "KMeans MiniBatchKMeans", USE_MODEL, GUARD_NONE},
    {"sklearn.cluster.dbscan_", "DBSCAN", USE_MODEL, GUARD_NONE},
    {"sklearn.cluster.hierarchical", "AgglomerativeClustering FeatureAgglomeration", USE_MODEL, GUARD_NONE},
    {"sklearn.cluster.mean_shift_", "MeanShift", USE_MODEL, GUARD_NONE},
    {"sklearn.decomposition.pca", "PCA", USE_MODEL, GUARD_NONE},
    {"sklearn.decomposition.nmf", "NMF", USE_MODEL, GUARD_NONE},
    {"sklearn.decomposition.truncated_svd", "TruncatedSVD", USE_MODEL, GUARD_NONE},
    {"sklearn.decomposition.online_lda", "LatentDirichletAllocation", USE_MODEL, GUARD_NONE},
    {"sklearn.neural_network.multilayer_perceptron", "MLPClassifier MLPRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.neural_network._stochastic_optimizers", "SGDOptimizer AdamOptimizer", USE_MODEL, GUARD_NONE},
    {"sklearn.discriminant_analysis",
     "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis", USE_MODEL, GUARD_NONE},
    {"sklearn.gaussian_process.gpc", "GaussianProcessClassifier", USE_MODEL, GUARD_NONE},
    {"sklearn.gaussian_process.gpr", "GaussianProcessRegressor", USE_MODEL, GUARD_NONE},
    {"sklearn.mixture.gaussian_mixture", "GaussianMixture", USE_MODEL, GUARD_NONE},
    {"sklearn.feature_selection.univariate_selection",
     "SelectKBest SelectPercentile SelectFpr SelectFdr SelectFwe GenericUnivariateSelect", USE_MODEL, GUARD_NONE},
    {"sklearn.feature_selection.univariate_selection",
     "f_classif f_regression chi2", 0, GUARD_NONE},
    {"sklearn.utils", "Bunch", USE_MODEL | USE_DICT, GUARD_NONE},
};
/* clang-format on */

const struct pickle_profile pickle_profile_python = {"Python", python_rows,
                                                     ARRAY_LENGTH(python_rows)};
static const struct pickle_profile sklearn_old = {"scikit-learn", sklearn_old_rows,
                                                  ARRAY_LENGTH(sklearn_old_rows)};

static const struct pickle_profile *const profiles[] = {
    &pickle_profile_python,   &pickle_profile_numpy,
    &pickle_profile_sklearn,  &sklearn_old,
    &pickle_profile_torch,    &pickle_profile_torch_modules,
    &pickle_profile_boosting, &pickle_profile_pandas,
    &pickle_profile_scipy,
};

const struct pickle_row *pickle_listed(const char *module, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < ARRAY_LENGTH(profiles); i++)
        for (size_t j = 0; j < profiles[i]->count; j++) {
            const struct pickle_row *row = &profiles[i]->rows[j];
            if (str_equal(row->module, module) && pickle_word_in(name, length, row->names))
                return row;
        }
    return NULL;
}
