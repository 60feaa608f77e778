/*
 * PyTorch's layers: exact names, made by tests/trust/make_lists.py from the libraries.
 */
#include "trust/pickle_names.h"

/* clang-format off */
static const struct pickle_row rows[] = {
    {"torch.nn.modules.activation",
     "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid "
     "LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax "
     "Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.adaptive",
     "AdaptiveLogSoftmaxWithLoss",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.batchnorm",
     "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d "
     "SyncBatchNorm _BatchNorm _LazyNormBase _NormBase",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.channelshuffle",
     "ChannelShuffle",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.container",
     "Container ModuleDict ModuleList ParameterDict ParameterList Sequential",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.conv",
     "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d "
     "LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d "
     "_ConvNd _ConvTransposeMixin _ConvTransposeNd",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.distance",
     "CosineSimilarity PairwiseDistance",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.dropout",
     "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout _DropoutNd",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.flatten",
     "Flatten Unflatten",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.fold",
     "Fold Unfold",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.instancenorm",
     "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d "
     "LazyInstanceNorm3d _InstanceNorm",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.linear",
     "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.loss",
     "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss "
     "HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss "
     "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d "
     "PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss "
     "TripletMarginWithDistanceLoss _Loss _WeightedLoss",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.module",
     "Module",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.normalization",
     "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.padding",
     "ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d "
     "ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad2d "
     "_ConstantPadNd _ReflectionPadNd _ReplicationPadNd",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.pixelshuffle",
     "PixelShuffle PixelUnshuffle",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.pooling",
     "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
     "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d "
     "FractionalMaxPool3d LPPool1d LPPool2d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d "
     "MaxUnpool2d MaxUnpool3d _AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _LPPoolNd "
     "_MaxPoolNd _MaxUnpoolNd",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.rnn",
     "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.sparse",
     "Embedding EmbeddingBag",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.transformer",
     "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
     "TransformerEncoderLayer",
     USE_MODEL, GUARD_NONE},
    {"torch.nn.modules.upsampling",
     "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
     USE_MODEL, GUARD_NONE},
};
/* clang-format on */

const struct pickle_profile pickle_profile_torch_modules = {"PyTorch", rows, ARRAY_LENGTH(rows)};
