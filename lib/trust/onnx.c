/* lib/trust/onnx.c - every message of a model by its fields; what is not a field there is a
 * finding. */
#include "trust/onnx.h"
#include "trust/member_name.h"
#include "trust/protobuf_walk.h"
#include "trust/raw_data.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "onnx/" id, __VA_ARGS__)

#define SAVE_AGAIN "have it exported again; onnx.checker says what is wrong with it"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the model cannot be followed to its end", SAVE_AGAIN);
RULE(field, "unknown-field", LOW, UNKNOWN, "a message has a field that the format does not know",
     "see which version of ONNX wrote it");
RULE(path, "external-path", HIGH, UNSAFE, "the data of a tensor lies outside of the model's folder",
     "do not load this file (CVE-2022-25882, CVE-2024-27318)");
RULE(external, "external-data", INFO, SAFE, "the data of a tensor lies in a file of its own",
     "nothing: that file is judged by itself");
RULE(external_key, "external-key", MEDIUM, UNKNOWN,
     "a reference to external data has a key that is none, or a number that is none", SAVE_AGAIN);
RULE(operator, "custom-operator", MEDIUM, UNKNOWN, "an operator is of a domain that is on no list",
     "see which library implements it, and that you trust it");
RULE(python, "python-operator", HIGH, UNSAFE, "an operator calls Python",
     "do not load this file with onnxruntime-extensions");
RULE(tensor, "tensor", MEDIUM, UNREADABLE, "a tensor is not of the size that it says", SAVE_AGAIN);

#define TEXT_MAX 4096
#define DOMAINS_MAX 4096

/* Domains whose operators the runtimes implement themselves. */
static const char *const known_domains[] = {
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview.training",
    "ai.onnx.preview",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.microsoft.experimental",
    "com.ms.internal.nhwc",
    "com.microsoft.dml",
    "org.pytorch.aten",
};

/* Bits an element, by TensorProto.DataType; 0: of no fixed size. */
static const uint8_t bits[] = {0,  32,  8,  8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64,
                               64, 128, 16, 8, 8,  8,  8,  4,  4, 4, 8,  2,  2};

struct model {
    struct protobuf_walk walk;
    bool has_graph, has_opsets;
    char *used[DOMAINS_MAX]; /* domains of operators that are not known, each once */
    uint64_t used_at[DOMAINS_MAX];
    size_t used_count;
    char *defined[DOMAINS_MAX]; /* of the model's own functions */
    size_t defined_count;
    struct buffer text;
};

static struct model *model_of(struct protobuf_walk *walk)
{
    return (struct model *)walk; /* its first member */
}

#define WALK(known, context)                                                                       \
    protobuf_walk_inner(walk, message, field, known, ARRAY_LENGTH(known), context, err)

/* ---- domains -------------------------------------------------------------------------------- */

static void note_domain(char **list, size_t *count, const char *domain)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal(list[i], domain))
            return;
    if (*count < DOMAINS_MAX)
        list[(*count)++] = xstrdup(domain);
}

static bool is_listed(const char *domain)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known_domains); i++)
        if (str_equal(known_domains[i], domain))
            return true;
    return false;
}

static void check_domains(const struct model *model)
{
    const struct scan_file *file = model->walk.file;
    for (size_t i = 0; i < model->used_count; i++) {
        bool own = false;
        for (size_t j = 0; j < model->defined_count && !own; j++)
            own = str_equal(model->defined[j], model->used[i]);
        if (!own)
            findings_add(file->findings, &rule_operator, file->path, model->used_at[i],
                         "has operators of the domain '%s'", model->used[i]);
    }
}

/* ---- tensors -------------------------------------------------------------------------------- */

struct tensor {
    uint64_t elements, type, raw, floats, doubles;
    bool has_raw, has_typed, external, overflow;
    char *location; /* of external data; NULL: none was named */
    uint64_t offset, length;
    char name[80];
};

struct entry {
    char key[64];
    char *value;
};

static int take_key(struct protobuf_walk *walk, struct protobuf *message,
                    const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    struct entry *entry = context;
    (void)err;
    if (protobuf_text(message, field, sizeof(entry->key) - 1, &model_of(walk)->text))
        str_copy(entry->key, sizeof(entry->key), model_of(walk)->text.data);
    return MLOPS_OK;
}

static int take_entry_value(struct protobuf_walk *walk, struct protobuf *message,
                            const struct protobuf_field *field, void *context,
                            struct mlops_error *err)
{
    struct entry *entry = context;
    (void)err;
    if (!protobuf_text(message, field, TEXT_MAX, &model_of(walk)->text))
        return MLOPS_OK;
    if (memchr(model_of(walk)->text.data, '\0', model_of(walk)->text.length) ||
        field->length > TEXT_MAX)
        protobuf_walk_damaged(walk, "a name is no text");
    free(entry->value);
    entry->value = xstrdup(model_of(walk)->text.data);
    return MLOPS_OK;
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 19;
}

static int take_external(struct protobuf_walk *walk, struct protobuf *message,
                         const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, take_key}, {2, take_entry_value}};
    struct tensor *tensor = context;
    struct entry entry = {0};
    const struct scan_file *file = walk->file;
    int code = WALK(known, &entry);
    const char *value = entry.value ? entry.value : "";
    tensor->external = true;
    if (str_equal(entry.key, "location") && !member_path_stays(value))
        findings_add(file->findings, &rule_path, file->path, field->at,
                     "a tensor's data lies in '%s'", value);
    else if (str_equal(entry.key, "location")) {
        findings_add(file->findings, &rule_external, file->path, field->at,
                     "a tensor's data lies in '%s'", value);
        free(tensor->location);
        tensor->location = xstrdup(value);
    } else if (str_equal(entry.key, "offset") && is_number(value))
        tensor->offset = strtoull(value, NULL, 10);
    else if (str_equal(entry.key, "length") && is_number(value))
        tensor->length = strtoull(value, NULL, 10);
    else if (!str_equal(entry.key, "checksum"))
        findings_add(file->findings, &rule_external_key, file->path, field->at,
                     "external data with '%s' = '%s'", entry.key, value);
    free(entry.value);
    return code;
}

static void multiply(struct tensor *tensor, uint64_t extent)
{
    tensor->overflow |=
        extent > INT64_MAX || __builtin_mul_overflow(tensor->elements, extent, &tensor->elements);
}

static void check_tensor(struct protobuf_walk *walk, const struct tensor *tensor, uint64_t at)
{
    uint64_t width = tensor->type < ARRAY_LENGTH(bits) ? bits[tensor->type] : 0, wanted;
    const char *what = NULL;
    if (tensor->overflow || __builtin_mul_overflow(tensor->elements, width, &wanted))
        what = "has a shape that is too large";
    else if (tensor->type == 0 || tensor->type >= ARRAY_LENGTH(bits))
        what = "has no type that is known";
    else if (tensor->has_raw && (width == 0 || tensor->raw != wanted / 8 + (wanted % 8 > 0)))
        what = "has other bytes than its shape and type say";
    else if (tensor->floats && tensor->type == 1 && tensor->floats / 4 != tensor->elements)
        what = "has other numbers than its shape says";
    else if (tensor->doubles && tensor->type == 11 && tensor->doubles / 8 != tensor->elements)
        what = "has other numbers than its shape says";
    else if ((tensor->has_raw && tensor->has_typed) || (tensor->external && tensor->has_raw))
        what = "has its data twice";
    else if (tensor->location && tensor->length != UINT64_MAX && width != 0 &&
             tensor->length != wanted / 8 + (wanted % 8 > 0))
        what = "has other bytes beside it than its shape and type say";
    if (!what && tensor->location)
        raw_data_claim(walk->file, tensor->location, tensor->offset,
                       width ? wanted / 8 + (wanted % 8 > 0) : tensor->length);
    if (what)
        findings_add(walk->file->findings, &rule_tensor, walk->file->path, at, "the tensor '%s' %s",
                     tensor->name, what);
}

/* Dimensions and the counts of numbers need the values of scalar fields, so this is a walk of its
 * own. */
static int take_tensor(struct protobuf_walk *walk, struct protobuf *outer,
                       const struct protobuf_field *outer_field, void *context,
                       struct mlops_error *err)
{
    struct protobuf message = protobuf_message(outer, outer_field);
    struct tensor tensor = {.elements = 1, .length = UINT64_MAX};
    struct protobuf_field field;
    const char *wrong = NULL;
    int code = MLOPS_OK;
    (void)context;
    while (!code && !walk->damaged && protobuf_next(&message, &field, &wrong)) {
        bool bytes = field.wire == PROTOBUF_BYTES;
        switch (field.number) {
        case 1: /* dims: one, or packed */
            if (!bytes) {
                multiply(&tensor, field.value);
            } else {
                struct protobuf packed = protobuf_message(&message, &field);
                while (walk->cursor.at < packed.end && !wrong) {
                    /* a packed number is read as a varint by itself */
                    uint64_t value = 0;
                    unsigned shift = 0;
                    int byte;
                    do {
                        byte = walk->cursor.at < packed.end ? cursor_byte(&walk->cursor) : -1;
                        if (byte < 0 || shift > 63) {
                            wrong = "a dimension is no number";
                            break;
                        }
                        value |= (uint64_t)(byte & 0x7f) << shift;
                        shift += 7;
                    } while (byte & 0x80);
                    multiply(&tensor, value);
                }
            }
            break;
        case 2:
            tensor.type = field.value;
            break;
        case 8:
            if (bytes &&
                protobuf_text(&message, &field, sizeof(tensor.name) - 1, &model_of(walk)->text))
                str_copy(tensor.name, sizeof(tensor.name), model_of(walk)->text.data);
            break;
        case 9:
            tensor.has_raw = true;
            tensor.raw = field.length;
            break;
        case 4:
            tensor.floats += bytes ? field.length : 4;
            tensor.has_typed = true;
            break;
        case 10:
            tensor.doubles += bytes ? field.length : 8;
            tensor.has_typed = true;
            break;
        case 5:
        case 6:
        case 7:
        case 11:
            tensor.has_typed = true;
            break;
        case 13:
            if (bytes)
                code = take_external(walk, &message, &field, &tensor, err);
            break;
        case 14:
            tensor.external |= field.value == 1;
            break;
        case 3:
        case 12:
        case 16:
            break;
        default:
            if (++walk->fields <= PROTOBUF_FIELDS_REPORTED)
                findings_add(walk->file->findings, &rule_field, walk->file->path, walk->cursor.at,
                             "a tensor has a field %u that is not known", field.number);
        }
        if (wrong)
            break;
        if (bytes && !walk->damaged)
            protobuf_skip(&message, &field);
    }
    if (wrong)
        protobuf_walk_damaged(walk, wrong);
    code = code ? code : walk->cursor.code;
    if (!walk->damaged && !code)
        check_tensor(walk, &tensor, outer_field->at);
    free(tensor.location);
    return code;
}

static int take_sparse(struct protobuf_walk *walk, struct protobuf *message,
                       const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, take_tensor}, {2, take_tensor}, {3, NULL}};
    return WALK(known, context);
}

/* ---- graphs --------------------------------------------------------------------------------- */

struct node {
    char *domain;
    char op[128];
};

static int take_graph(struct protobuf_walk *walk, struct protobuf *message,
                      const struct protobuf_field *field, void *context, struct mlops_error *err);

static int take_attribute(struct protobuf_walk *walk, struct protobuf *message,
                          const struct protobuf_field *field, void *context,
                          struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, NULL},        {2, NULL},         {3, NULL},        {4, NULL},  {5, take_tensor},
        {6, take_graph},  {7, NULL},         {8, NULL},        {9, NULL},  {10, take_tensor},
        {11, take_graph}, {13, NULL},        {14, NULL},       {15, NULL}, {20, NULL},
        {21, NULL},       {22, take_sparse}, {23, take_sparse}};
    return WALK(known, context);
}

static int take_domain(struct protobuf_walk *walk, struct protobuf *message,
                       const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    struct node *node = context;
    (void)err;
    if (protobuf_text(message, field, TEXT_MAX, &model_of(walk)->text)) {
        free(node->domain);
        node->domain = xstrdup(model_of(walk)->text.data);
    }
    return MLOPS_OK;
}

static int take_op(struct protobuf_walk *walk, struct protobuf *message,
                   const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    struct node *node = context;
    (void)err;
    if (protobuf_text(message, field, sizeof(node->op) - 1, &model_of(walk)->text))
        str_copy(node->op, sizeof(node->op), model_of(walk)->text.data);
    return MLOPS_OK;
}

static int take_node(struct protobuf_walk *walk, struct protobuf *message,
                     const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, NULL}, {2, NULL},        {3, NULL}, {4, take_op}, {5, take_attribute},
        {6, NULL}, {7, take_domain}, {8, NULL}, {9, NULL},    {10, NULL}};
    struct model *model = model_of(walk);
    struct node node = {0};
    (void)context;
    int code = WALK(known, &node);
    const char *domain = node.domain ? node.domain : "";
    if (str_equal(node.op, "PyOp") || str_equal(node.op, "PythonOp") ||
        str_equal(node.op, "PythonOpGrad") || str_equal(node.op, "PyCustomOp")) {
        findings_add(walk->file->findings, &rule_python, walk->file->path, field->at,
                     "has the operator %s", node.op);
    } else if (!is_listed(domain) && model->used_count < DOMAINS_MAX) {
        model->used_at[model->used_count] = field->at;
        note_domain(model->used, &model->used_count, domain);
    }
    free(node.domain);
    return code;
}

static int take_graph(struct protobuf_walk *walk, struct protobuf *message,
                      const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, take_node}, {2, NULL},  {5, take_tensor}, {10, NULL},        {11, NULL},
        {12, NULL},     {13, NULL}, {14, NULL},       {15, take_sparse}, {16, NULL}};
    (void)context;
    return WALK(known, NULL);
}

static int take_function(struct protobuf_walk *walk, struct protobuf *message,
                         const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, NULL},  {4, NULL},         {5, NULL},
        {6, NULL},  {7, take_node},    {8, NULL},
        {9, NULL},  {10, take_domain}, {11, take_attribute},
        {12, NULL}, {13, NULL},        {14, NULL}};
    struct model *model = model_of(walk);
    struct node node = {0};
    (void)context;
    int code = WALK(known, &node);
    if (node.domain)
        note_domain(model->defined, &model->defined_count, node.domain);
    free(node.domain);
    return code;
}

static int take_training(struct protobuf_walk *walk, struct protobuf *message,
                         const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {1, take_graph}, {2, take_graph}, {3, NULL}, {4, NULL}};
    return WALK(known, context);
}

/* ---- the scanner ---------------------------------------------------------------------------- */

/* ModelProto begins with its IR version, and goes on with a field that follows it there. SavedModel
 * begins alike, but its second field is a message, which begins with a line feed. */
static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    const uint8_t *head = file->head;
    (void)err;
    *claimed = file->head_length > 6 && head[0] == 0x08 && head[1] >= 1 && head[1] <= 20 &&
               head[2] && strchr("\x12\x1a\x22\x28\x32\x3a\x42\x72", head[2]) &&
               !(head[2] == 0x12 && memchr(head + 3, 0x0a, 4) && head[1] == 1);
    return MLOPS_OK;
}

static void clear_model(struct model *model)
{
    for (size_t i = 0; i < model->used_count; i++)
        free(model->used[i]);
    for (size_t i = 0; i < model->defined_count; i++)
        free(model->defined[i]);
    buffer_clear(&model->text);
    free(model);
}

static int take_main_graph(struct protobuf_walk *walk, struct protobuf *message,
                           const struct protobuf_field *field, void *context,
                           struct mlops_error *err)
{
    model_of(walk)->has_graph = true;
    return take_graph(walk, message, field, context, err);
}

static int take_opset(struct protobuf_walk *walk, struct protobuf *message,
                      const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL}, {2, NULL}};
    model_of(walk)->has_opsets = true;
    return WALK(known, context);
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL},
                                                  {2, NULL},
                                                  {3, NULL},
                                                  {4, NULL},
                                                  {5, NULL},
                                                  {6, NULL},
                                                  {7, take_main_graph},
                                                  {8, take_opset},
                                                  {14, NULL},
                                                  {20, take_training},
                                                  {25, take_function},
                                                  {26, NULL}};
    struct model *model = xcalloc(1, sizeof(*model));
    struct protobuf_walk *walk = &model->walk;
    protobuf_walk_init(walk, file, &rule_damaged, &rule_field, err);
    int code = protobuf_walk_file(walk, known, ARRAY_LENGTH(known), NULL, err);
    if (!code && !(model->has_graph && model->has_opsets))
        protobuf_walk_damaged(walk,
                              "the model has no graph, or does not say which operators it has");
    if (!code)
        check_domains(model);
    clear_model(model);
    return code;
}

const struct scanner scanner_onnx = {
    .format = "ONNX",
    .extensions = (const char *const[]){"onnx", NULL},
    .claims = claims,
    .scan = scan,
};
