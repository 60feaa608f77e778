/* lib/trust/tf_metadata.c - keras_metadata.pb and fingerprint.pb, field by field. */
#include "trust/tf_metadata.h"
#include "trust/protobuf_walk.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "tf-metadata/" id, __VA_ARGS__)

#define SAVE_AGAIN "have the model saved again by TensorFlow"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the file cannot be followed to its end", SAVE_AGAIN);
RULE(field, "unknown-field", LOW, UNKNOWN, "a message has a field that the format does not know",
     "see which version of TensorFlow wrote it");

#define CONFIGURATION_MAX (64u << 20)
#define WALK(known, context)                                                                       \
    protobuf_walk_inner(walk, message, field, known, ARRAY_LENGTH(known), context, err)

/* What Keras builds of a node, as JSON. */
static int take_configuration(struct protobuf_walk *walk, struct protobuf *message,
                              const struct protobuf_field *field, void *context,
                              struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    (void)context;
    if (field->length > CONFIGURATION_MAX)
        protobuf_walk_damaged(walk, "a configuration is larger than is followed");
    if (walk->damaged || field->length == 0 ||
        !protobuf_text(message, field, CONFIGURATION_MAX, &text))
        return MLOPS_OK;
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(text.data, text.length);
    return scan_member(walk->file, "metadata.json", source, err);
}

static int take_node(struct protobuf_walk *walk, struct protobuf *message,
                     const struct protobuf_field *field, void *context, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {
        {2, NULL}, {3, NULL}, {4, NULL}, {5, take_configuration}, {6, NULL}};
    return WALK(known, context);
}

static int scan_fields(const struct scan_file *file, const struct protobuf_known *known,
                       size_t count, struct mlops_error *err)
{
    struct protobuf_walk *walk = xcalloc(1, sizeof(*walk)); /* the cursor's block is large */
    protobuf_walk_init(walk, file, &rule_damaged, &rule_field, err);
    int code = protobuf_walk_file(walk, known, count, NULL, err);
    free(walk);
    return code;
}

static int claims_metadata(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = str_equal(file->name, "keras_metadata.pb") && scan_head_has(file, 0, "\x0a", 1);
    return MLOPS_OK;
}

static int scan_metadata(const struct scan_file *file, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, take_node}};
    return scan_fields(file, known, ARRAY_LENGTH(known), err);
}

static int claims_fingerprint(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = str_equal(file->name, "fingerprint.pb") && scan_head_has(file, 0, "\x08", 1);
    return MLOPS_OK;
}

static int scan_fingerprint(const struct scan_file *file, struct mlops_error *err)
{
    static const struct protobuf_known known[] = {{1, NULL}, {2, NULL}, {3, NULL}, {4, NULL},
                                                  {5, NULL}, {6, NULL}, {7, NULL}};
    return scan_fields(file, known, ARRAY_LENGTH(known), err);
}

const struct scanner scanner_keras_metadata = {
    .format = "Keras metadata",
    .extensions = (const char *const[]){"pb", NULL},
    .claims = claims_metadata,
    .scan = scan_metadata,
};

const struct scanner scanner_fingerprint = {
    .format = "SavedModel fingerprint",
    .extensions = (const char *const[]){"pb", NULL},
    .claims = claims_fingerprint,
    .scan = scan_fingerprint,
};
