/* lib/trust/saved_model.c - the operators of all graphs and functions held against two lists. */
#include "trust/saved_model.h"
#include "trust/member_name.h"
#include "trust/pickle_names.h"
#include "trust/protobuf_walk.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "saved-model/" id, __VA_ARGS__)

#define SAVE_AGAIN "have it saved again by TensorFlow"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the model cannot be followed to its end", SAVE_AGAIN);
RULE(field, "unknown-field", LOW, UNKNOWN, "a message has a field that the format does not know",
     "see which version of TensorFlow wrote it");
RULE(denied, "denied-operator", HIGH, UNSAFE, "an operator reads or writes files or calls Python",
     "do not load this file; find out what the operator is for");
RULE(unknown, "unknown-operator", MEDIUM, UNKNOWN, "an operator is on no list",
     "see what it does; where it is harmless, accept it with a reason");
RULE(asset, "asset-path", HIGH, UNSAFE, "an asset lies outside of the model's folder",
     "do not load this file");

#define NAMES_MAX 4096 /* different operators that are reported, and functions that are known */
#define TEXT_MAX 256

static const char denied[] =
    "ReadFile WriteFile MatchingFiles PyFunc PyFuncStateless EagerPyFunc Save SaveSlices "
    "LoadLibrary DebugIdentity DebugIdentityV2 DebugIdentityV3 WholeFileReader WholeFileReaderV2 "
    "TextLineReader TextLineReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 "
    "TFRecordReader TFRecordReaderV2 LMDBReader TextLineDataset FixedLengthRecordDataset "
    "FixedLengthRecordDatasetV2 TFRecordDataset TFRecordDatasetV2 MatchingFilesDataset "
    "SqlDataset CSVDataset CSVDatasetV2 DatasetToTFRecord SaveDataset SaveDatasetV2 LoadDataset "
    "PrintV2 Print TensorSummary ImageSummary WriteSummary WriteGraphSummary WriteScalarSummary "
    "CreateSummaryFileWriter SummaryWriter RpcCall RpcClient RpcServer RpcServerStart TryRpc Rpc "
    "Send _Send _HostSend Recv _Recv _HostRecv XlaHostCompute InitializeTableFromTextFile";
/* Every model has these to save and restore itself; the path is the caller's. */
static const char saving[] =
    "SaveV2 RestoreV2 DisableCopyOnRead Restore RestoreSlice MergeV2Checkpoints ShardedFilename "
    "ShardedFilespec "
    "InitializeTableFromTextFileV2 ReadVariableOp VarHandleOp VarIsInitializedOp AssignVariableOp "
    "AssignAddVariableOp AssignSubVariableOp DestroyResourceOp VariableV2 Variable Assign "
    "AssignAdd "
    "AssignSub HashTable HashTableV2 MutableHashTable MutableHashTableV2 MutableHashTableOfTensors "
    "MutableDenseHashTableV2 InitializeTable InitializeTableV2 LookupTableFind LookupTableFindV2 "
    "LookupTableSize LookupTableSizeV2 LookupTableInsert LookupTableInsertV2 LookupTableExport "
    "LookupTableExportV2 LookupTableImport LookupTableImportV2 LookupTableRemoveV2 "
    "AnonymousHashTable IsVariableInitialized StaticRegexFullMatch";
static const char harmless[] =
    "NoOp Const Placeholder PlaceholderV2 PlaceholderWithDefault Identity IdentityN StopGradient "
    "PreventGradient _Arg _Retval _ArrayToList _ListToArray PartitionedCall "
    "StatefulPartitionedCall "
    "SymbolicGradient If StatelessIf While StatelessWhile Case StatelessCase For Switch RefSwitch "
    "Merge RefMerge Enter RefEnter Exit RefExit NextIteration LoopCond ControlTrigger Assert "
    "CheckNumerics EnsureShape Fill Zeros Ones ZerosLike OnesLike Shape ShapeN Size Rank Reshape "
    "Squeeze ExpandDims Transpose ConjugateTranspose Concat ConcatV2 ConcatOffset Split SplitV "
    "Slice StridedSlice StridedSliceGrad Pack Unpack Tile BroadcastTo BroadcastArgs "
    "BroadcastGradientArgs Pad PadV2 MirrorPad Reverse ReverseV2 ReverseSequence Gather GatherV2 "
    "GatherNd ResourceGather ResourceGatherNd ScatterNd ScatterUpdate ScatterAdd ScatterNdUpdate "
    "ResourceScatterUpdate ResourceScatterAdd TensorScatterUpdate TensorScatterAdd "
    "DynamicPartition "
    "DynamicStitch ParallelDynamicStitch Where Select SelectV2 Range LinSpace OneHot Unique "
    "UniqueV2 "
    "UniqueWithCounts ListDiff InvertPermutation Diag DiagPart MatrixDiag MatrixDiagV3 "
    "MatrixDiagPartV3 MatrixSetDiagV3 MatrixBandPart Cast Bitcast Add AddV2 AddN Sub Mul MulNoNan "
    "Div "
    "DivNoNan RealDiv FloorDiv FloorMod TruncateDiv TruncateMod Mod Maximum Minimum Neg Abs Sign "
    "Exp "
    "Expm1 Log Log1p Sqrt Rsqrt Square SquaredDifference Pow Reciprocal Inv Sin Cos Tan Asin Acos "
    "Atan Atan2 Sinh Cosh Tanh Asinh Acosh Atanh Erf Erfc Erfinv Ndtri Lgamma Digamma Igamma "
    "Igammac "
    "Betainc Polygamma Zeta Ceil Floor Round Rint IsNan IsInf IsFinite Sigmoid Softplus Softsign "
    "Relu "
    "Relu6 LeakyRelu Elu Selu Softmax LogSoftmax Cumsum Cumprod CumulativeLogsumexp Sum Prod Mean "
    "Max "
    "Min All Any ArgMax ArgMin EuclideanNorm SegmentSum SegmentMean SegmentMax SegmentMin "
    "SegmentProd "
    "UnsortedSegmentSum UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd SparseSegmentSum "
    "SparseSegmentMean SparseSegmentSqrtN SparseSegmentSumWithNumSegments MatMul BatchMatMul "
    "BatchMatMulV2 BatchMatMulV3 Einsum SparseMatMul Cross L2Loss Equal NotEqual Less LessEqual "
    "Greater GreaterEqual ApproximateEqual LogicalAnd LogicalOr LogicalNot BitwiseAnd BitwiseOr "
    "BitwiseXor Invert LeftShift RightShift Cholesky MatrixInverse MatrixDeterminant MatrixSolve "
    "MatrixTriangularSolve Qr Svd SelfAdjointEigV2 Conv2D Conv3D DepthwiseConv2dNative Conv "
    "Conv2DBackpropInput Conv2DBackpropFilter Conv3DBackpropInputV2 Dilation2D MaxPool MaxPoolV2 "
    "MaxPool3D MaxPoolGrad MaxPoolWithArgmax AvgPool AvgPool3D AvgPoolGrad FractionalMaxPool LRN";
static const char harmless_more[] =
    "ClipByValue CTCGreedyDecoder EditDistance HistogramFixedWidth Lu NextAfter PopulationCount "
    "Roll UnravelIndex Xdivy Xlogy BiasAdd BiasAddV1 BiasAddGrad FusedBatchNorm FusedBatchNormV2 "
    "FusedBatchNormV3 "
    "FusedBatchNormGradV3 BatchNormWithGlobalNormalization L2Normalize InTopK InTopKV2 TopK TopKV2 "
    "NthElement SparseSoftmaxCrossEntropyWithLogits SoftmaxCrossEntropyWithLogits "
    "QuantizeV2 Dequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 "
    "FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel "
    "SpaceToDepth DepthToSpace SpaceToBatch SpaceToBatchND BatchToSpace BatchToSpaceND "
    "ExtractImagePatches ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea "
    "CropAndResize "
    "NonMaxSuppression NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 "
    "CombinedNonMaxSuppression AdjustContrastv2 AdjustHue AdjustSaturation RGBToHSV HSVToRGB "
    "ImageProjectiveTransformV3 DecodeJpeg DecodePng DecodeGif DecodeBmp DecodeImage DecodeWav "
    "EncodeJpeg EncodePng DecodeRaw DecodePaddedRaw DecodeCSV DecodeBase64 EncodeBase64 "
    "DecodeCompressed DecodeJSONExample ParseExample ParseExampleV2 ParseSingleExample "
    "ParseSequenceExample ParseTensor SerializeTensor StringToNumber AsString StringJoin "
    "StringSplit "
    "StringSplitV2 StringStrip StringLower StringUpper StringLength StringFormat StringNGrams "
    "StringToHashBucket StringToHashBucketFast StringToHashBucketStrong Substr RegexReplace "
    "StaticRegexReplace RegexFullMatch ReduceJoin UnicodeDecode UnicodeDecodeWithOffsets "
    "UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin RaggedTensorToTensor "
    "RaggedTensorToSparse RaggedTensorToVariant RaggedTensorFromVariant RaggedRange RaggedGather "
    "SparseToDense SparseTensorDenseMatMul SparseReorder SparseReshape SparseSlice SparseConcat "
    "SparseFillEmptyRows SparseReduceSum SparseCross SparseCrossV2 SparseBincount RaggedBincount "
    "DenseBincount Bincount DenseToDenseSetOperation Bucketize SparseAdd SparseSoftmax FFT IFFT "
    "RFFT "
    "IRFFT FFT2D RFFT2D Complex Real Imag ComplexAbs Conj Angle AudioSpectrogram Mfcc "
    "RandomUniform "
    "RandomUniformInt RandomStandardNormal TruncatedNormal RandomShuffle RandomGamma Multinomial "
    "StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomNormal StatelessRandomNormalV2 "
    "StatelessTruncatedNormal StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg "
    "StatelessRandomGetAlg StatelessMultinomial TensorListReserve TensorListFromTensor "
    "TensorListStack TensorListGetItem TensorListSetItem TensorListPushBack TensorListPopBack "
    "TensorListLength TensorListConcatV2 TensorListElementShape TensorListResize TensorListGather "
    "EmptyTensorList TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArraySizeV3 "
    "TensorArrayGatherV3 TensorArrayScatterV3 TensorArrayConcatV3 TensorArrayCloseV3 "
    "CudnnRNN CudnnRNNV2 CudnnRNNV3 LSTMBlockCell BlockLSTM BlockLSTMV2 GRUBlockCell "
    "ResourceApplyGradientDescent ResourceApplyAdam ResourceApplyRMSProp ResourceApplyAdagradV2 "
    "ResourceApplyKerasMomentum ResourceSparseApplyAdagradV2 Timestamp GuaranteeConst "
    "BoostedTreesPredict DecisionTreeEnsembleResourceHandleOp SimpleMLCreateModelResource "
    "SimpleMLInferenceOpWithHandle SimpleMLLoadModelFromPathWithHandle";

struct model {
    struct protobuf_walk walk;
    char *used[NAMES_MAX], *defined[NAMES_MAX]; /* operators on no list; the model's functions */
    uint64_t used_at[NAMES_MAX];
    size_t used_count, defined_count;
    bool has_graph;
    struct buffer text;
};

static struct model *model_of(struct protobuf_walk *walk)
{
    return (struct model *)walk; /* its first member */
}

#define WALK(known, context)                                                                       \
    protobuf_walk_inner(walk, message, field, known, ARRAY_LENGTH(known), context, err)

static bool word_in(const char *word, const char *words)
{
    return *word && !strchr(word, ' ') && pickle_word_in(word, strlen(word), words);
}

static bool note(char **list, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal(list[i], name))
            return false;
    if (*count == NAMES_MAX)
        return false;
    list[(*count)++] = xstrdup(name);
    return true;
}

/* Calls of the model's own functions are operators, too; which those are is known at the end. */
static int take_op(struct protobuf_walk *walk, struct protobuf *message,
                   const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    struct model *model = model_of(walk);
    uint64_t at = field->at;
    (void)context, (void)err;
    if (!protobuf_text(message, field, TEXT_MAX, &model->text))
        return MLOPS_OK;
    const char *name = model->text.data;
    if (word_in(name, harmless) || word_in(name, harmless_more) || word_in(name, saving))
        return MLOPS_OK;
    if (note(model->used, &model->used_count, name))
        model->used_at[model->used_count - 1] = at;
    return MLOPS_OK;
}

static int take_node(struct protobuf_walk *walk, struct protobuf *message,
                     const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL}, {2, take_op}, {3, NULL}, {4, NULL},
                                                  {5, NULL}, {6, NULL},    {7, NULL}};
    return WALK(known, context);
}

static int take_function_name(struct protobuf_walk *walk, struct protobuf *message,
                              const struct protobuf_field *field, void *context,
                              struct mlops_error *err)
{
    struct model *model = model_of(walk);
    (void)context, (void)err;
    if (protobuf_text(message, field, TEXT_MAX, &model->text))
        (void)note(model->defined, &model->defined_count, model->text.data);
    return MLOPS_OK;
}

static int take_signature(struct protobuf_walk *walk, struct protobuf *message,
                          const struct protobuf_field *field, void *context,
                          struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, take_function_name},
                                                  {2, NULL},
                                                  {3, NULL},
                                                  {4, NULL},
                                                  {5, NULL},
                                                  {6, NULL},
                                                  {8, NULL},
                                                  {16, NULL},
                                                  {17, NULL},
                                                  {18, NULL},
                                                  {19, NULL},
                                                  {20, NULL},
                                                  {21, NULL}};
    return WALK(known, context);
}

static int take_function(struct protobuf_walk *walk, struct protobuf *message,
                         const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, take_signature}, {3, take_node}, {4, NULL}, {5, NULL}, {6, NULL}, {7, NULL}, {8, NULL}};
    return WALK(known, context);
}

static int take_library(struct protobuf_walk *walk, struct protobuf *message,
                        const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, take_function}, {2, NULL}, {3, NULL}};
    return WALK(known, context);
}

static int take_graph(struct protobuf_walk *walk, struct protobuf *message,
                      const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, take_node}, {2, take_library}, {3, NULL}, {4, NULL}, {5, NULL}};
    model_of(walk)->has_graph = true;
    return WALK(known, context);
}

static int take_asset_name(struct protobuf_walk *walk, struct protobuf *message,
                           const struct protobuf_field *field, void *context,
                           struct mlops_error *err)
{
    struct model *model = model_of(walk);
    uint64_t at = field->at;
    (void)context, (void)err;
    if (!protobuf_text(message, field, 4096, &model->text))
        return MLOPS_OK;
    const char *name = model->text.data;
    if (!member_path_stays(name) || strchr(name, '\\'))
        findings_add(walk->file->findings, &rule_asset, walk->file->path, at,
                     "an asset lies in '%s'", name);
    return MLOPS_OK;
}

static int take_asset(struct protobuf_walk *walk, struct protobuf *message,
                      const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL}, {2, take_asset_name}};
    return WALK(known, context);
}

static int take_meta_graph(struct protobuf_walk *walk, struct protobuf *message,
                           const struct protobuf_field *field, void *context,
                           struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL}, {2, take_graph}, {3, NULL}, {4, NULL},
                                                  {5, NULL}, {6, take_asset}, {7, NULL}};
    return WALK(known, context);
}

static void check_operators(struct model *model)
{
    const struct scan_file *file = model->walk.file;
    for (size_t i = 0; i < model->used_count; i++) {
        const char *name = model->used[i];
        bool own = false;
        for (size_t j = 0; j < model->defined_count && !own; j++)
            own = str_equal(model->defined[j], name);
        if (word_in(name, denied)) /* a function of that name does not hide it */
            findings_add(file->findings, &rule_denied, file->path, model->used_at[i],
                         "has the operator %s", name);
        else if (!own)
            findings_add(file->findings, &rule_unknown, file->path, model->used_at[i],
                         "has the operator %s", name);
    }
}

/* The schema's version, which is 1, then a graph, whose first field is a message. */
static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    const uint8_t *head = file->head;
    (void)err;
    *claimed =
        file->head_length > 8 && memcmp(head, "\x08\x01\x12", 3) == 0 && memchr(head + 3, 0x0a, 4);
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL}, {2, take_meta_graph}};
    struct model *model = xcalloc(1, sizeof(*model));
    protobuf_walk_init(&model->walk, file, &rule_damaged, &rule_field, err);
    int code = protobuf_walk_file(&model->walk, known, ARRAY_LENGTH(known), NULL, err);
    if (!code && !model->has_graph)
        protobuf_walk_damaged(&model->walk, "the model has no graph");
    if (!code)
        check_operators(model);
    for (size_t i = 0; i < model->used_count; i++)
        free(model->used[i]);
    for (size_t i = 0; i < model->defined_count; i++)
        free(model->defined[i]);
    buffer_clear(&model->text);
    free(model);
    return code;
}

const struct scanner scanner_saved_model = {
    .format = "SavedModel",
    .extensions = (const char *const[]){"pb", NULL},
    .claims = claims,
    .scan = scan,
};
