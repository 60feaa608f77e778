/* lib/trust/keras_config.c - every object with a class in a configuration, wherever it lies. */
#include "trust/keras_config.h"
#include "trust/pickle_names.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "keras/" id, __VA_ARGS__)

#define DO_NOT "do not load this file, not even with safe_mode; have its author send plain layers"
RULE(lambda, "lambda", CRITICAL, UNSAFE, "the model has Python code as a Lambda layer", DO_NOT);
RULE(wrapper, "code-layer", HIGH, UNSAFE, "a layer that loads or unpickles another program's code",
     DO_NOT);
RULE(denied, "denied-class", CRITICAL, UNSAFE, "the model names what can do harm", DO_NOT);
RULE(gadget, "keras-function", HIGH, UNSAFE,
     "the model names a function of Keras that is no part of models", DO_NOT);
RULE(module, "foreign-module", HIGH, UNKNOWN, "the model names a class outside of Keras",
     "read the class; where it is harmless, accept it with a reason");
RULE(class, "custom-object", MEDIUM, UNKNOWN, "the model names a class that is on no list",
     "read the class; where it is harmless, accept it with a reason");
RULE(path, "reads-file", HIGH, UNSAFE, "a layer reads a file of whoever loads the model",
     "have the vocabulary saved within the model");

static const char layers[] =
    "InputLayer Dense EinsumDense Activation Embedding Masking Identity Conv1D Conv2D Conv3D "
    "SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D Conv1DTranspose "
    "Conv2DTranspose Conv3DTranspose Convolution1D Convolution2D Convolution3D MaxPooling1D "
    "MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
    "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveMaxPooling1D AdaptiveMaxPooling2D "
    "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D "
    "GlobalAveragePooling2D GlobalAveragePooling3D LSTM GRU SimpleRNN TimeDistributed "
    "Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D RNN LSTMCell GRUCell SimpleRNNCell "
    "StackedRNNCells LSTMV1 GRUV1 CuDNNLSTM CuDNNGRU BatchNormalization BatchNormalizationV1 "
    "LayerNormalization UnitNormalization "
    "GroupNormalization RMSNormalization SpectralNormalization Normalization Dropout "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout GaussianNoise "
    "ActivityRegularization MultiHeadAttention GroupQueryAttention Attention AdditiveAttention "
    "Reshape Flatten RepeatVector Permute Cropping1D Cropping2D Cropping3D UpSampling1D "
    "UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D Concatenate Average "
    "Maximum Minimum Add Subtract Multiply Dot ReLU Softmax LeakyReLU PReLU ELU ThresholdedReLU "
    "Rescaling Resizing CenterCrop RandomCrop RandomFlip RandomTranslation RandomRotation "
    "RandomZoom RandomContrast RandomBrightness RandomHeight RandomWidth RandomHue "
    "RandomSaturation "
    "RandomSharpness RandomShear RandomGrayscale RandomColorJitter RandomErasing RandomInvert "
    "RandomPosterization RandomGaussianBlur RandomPerspective RandomElasticTransform Solarization "
    "AutoContrast Equalization AugMix MixUp CutMix RandAugment Pipeline MaxNumBoundingBoxes "
    "CategoryEncoding Discretization Hashing HashedCrossing StringLookup IntegerLookup "
    "TextVectorization MelSpectrogram STFTSpectrogram FeatureSpace Functional Sequential Model";
static const char others[] =
    "InputSpec Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling "
    "Orthogonal "
    "Identity GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform STFT L1 L2 "
    "L1L2 OrthogonalRegularizer MaxNorm NonNeg UnitNorm MinMaxNorm Adam AdamW Adamax Adadelta "
    "Adagrad Adafactor Nadam Ftrl RMSprop SGD Lion Lamb Muon LossScaleOptimizer ExponentialDecay "
    "PiecewiseConstantDecay PolynomialDecay InverseTimeDecay CosineDecay CosineDecayRestarts "
    "DTypePolicy FloatDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy DTypePolicyMap "
    "Policy KerasTensor __keras_tensor__ __tensor__ __numpy__ __bytes__ __ellipsis__ __slice__ "
    "__tuple__ __typespec__ TensorShape TypeSpec GlorotNormalV2 "
    "BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy "
    "CategoricalFocalCrossentropy SparseCategoricalCrossentropy Poisson KLDivergence "
    "MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError "
    "CosineSimilarity LogCosh Huber Hinge SquaredHinge CategoricalHinge Dice Tversky Circle CTC "
    "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy "
    "SparseTopKCategoricalAccuracy RootMeanSquaredError R2Score LogCoshError AUC Precision Recall "
    "TruePositives TrueNegatives FalsePositives FalseNegatives PrecisionAtRecall RecallAtPrecision "
    "SensitivityAtSpecificity SpecificityAtSensitivity F1Score FBetaScore IoU BinaryIoU OneHotIoU "
    "OneHotMeanIoU MeanIoU Mean Sum MeanMetricWrapper";
static const char functions[] =
    "relu relu6 leaky_relu elu selu celu gelu silu swish sigmoid hard_sigmoid hard_silu hard_swish "
    "hard_shrink hard_tanh log_sigmoid log_softmax glu softmax softplus softsign soft_shrink "
    "sparse_plus sparse_sigmoid sparsemax squareplus tanh tanh_shrink threshold exponential linear "
    "mish mse mae mape msle mean_squared_error mean_absolute_error "
    "mean_absolute_percentage_error mean_squared_logarithmic_error cosine_similarity "
    "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy poisson "
    "kl_divergence hinge squared_hinge categorical_hinge huber log_cosh accuracy binary_accuracy "
    "categorical_accuracy sparse_categorical_accuracy";
static const char wrappers[] = "TorchModuleWrapper TFSMLayer JaxLayer FlaxLayer RaggedLayer";
/* Where Keras says that its classes are. */
static const char modules[] =
    "keras keras.layers keras.models keras.initializers keras.regularizers keras.constraints "
    "keras.activations keras.optimizers keras.optimizers.schedules keras.losses keras.metrics "
    "keras.dtype_policies keras.mixed_precision keras.src.models.functional "
    "keras.src.models.sequential keras.src.engine.functional keras.src.engine.sequential "
    "keras.engine.functional keras.engine.sequential builtins";

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static bool word_in(const char *word, const char *words)
{
    return *word && !strchr(word, ' ') && pickle_word_in(word, strlen(word), words);
}

static void check_function(const struct scan_file *file, const char *module, const char *name)
{
    const char *danger = pickle_denied(module, name);
    if (danger)
        findings_add(file->findings, &rule_denied, file->path, 0, "names %s.%s, which %s", module,
                     name, danger);
    else if (word_in(name, functions))
        return;
    else if (str_starts(module, "keras"))
        findings_add(file->findings, &rule_gadget, file->path, 0, "names %s.%s", module, name);
    else
        findings_add(file->findings, &rule_class, file->path, 0, "names the function %s.%s", module,
                     name);
}

/* StringLookup and its like take a list of words, or a path that they read. */
static void check_vocabulary(const struct scan_file *file, const cJSON *config)
{
    static const char *const keys[] = {"vocabulary", "idf_weights", "filepath"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (text(config, keys[i]) && *text(config, keys[i]))
            findings_add(file->findings, &rule_path, file->path, 0, "reads '%s'",
                         text(config, keys[i]));
}

static void check_class(const struct scan_file *file, const cJSON *node, const char *class)
{
    const char *module = text(node, "module"), *registered = text(node, "registered_name");
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(node, "config");
    const char *danger =
        word_in(class, others) ? NULL : pickle_denied(module ? module : "builtins", class);
    if (str_equal(class, "__lambda__") || str_equal(class, "Lambda"))
        findings_add(file->findings, &rule_lambda, file->path, 0, "has a %s", class);
    else if (str_equal(class, "function"))
        check_function(file, module ? module : "builtins",
                       cJSON_IsString(config) ? config->valuestring : "");
    else if (word_in(class, wrappers))
        findings_add(file->findings, &rule_wrapper, file->path, 0, "has a %s", class);
    else if (danger)
        findings_add(file->findings, &rule_denied, file->path, 0, "names %s.%s, which %s",
                     module ? module : "builtins", class, danger);
    else if (module && !word_in(module, modules) && str_starts(module, "keras"))
        findings_add(file->findings, &rule_gadget, file->path, 0, "names %s.%s", module, class);
    else if (module && !word_in(module, modules))
        findings_add(file->findings, &rule_module, file->path, 0, "names %s.%s", module, class);
    else if (!word_in(class, layers) && !word_in(class, others))
        findings_add(file->findings, &rule_class, file->path, 0, "names the class '%s'", class);
    else if (registered && strchr(registered, '>'))
        findings_add(file->findings, &rule_class, file->path, 0, "names the registered class '%s'",
                     registered);
    check_vocabulary(file, config);
}

static bool has_key(const cJSON *node, const char *key)
{
    return cJSON_IsObject(node) && cJSON_HasObjectItem(node, key);
}

/* Of the whole document. */
static void check_classes(const struct scan_file *file, const cJSON *node)
{
    const cJSON *item;
    const char *class = text(node, "class_name");
    if (class)
        check_class(file, node, class);
    else if (has_key(node, "class_name"))
        findings_add(file->findings, &rule_class, file->path, 0,
                     "names a class by what is no text");
    cJSON_ArrayForEach(item, node)
    {
        check_classes(file, item);
    }
}

static bool claims(const cJSON *root)
{
    return (text(root, "class_name") && has_key(root, "config")) || has_key(root, "modelTopology");
}

static int scan(const struct scan_file *file, const cJSON *root, struct mlops_error *err)
{
    (void)err;
    check_classes(file, root);
    return MLOPS_OK;
}

const struct json_flavour json_keras = {"Keras configuration", claims, scan};
