/* lib/bundle/artifact_plan.c - which layers a bundle becomes, and what the artifact says of
 * them. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/archive.h"
#include "bundle/artifact.h"
#include "registry/scratch.h"
#include "store/store.h"
#include <stdio.h>
#include <strings.h>

#define OWN_FOLDER "mlops-bundle"
#define TYPE(kind, form) "application/vnd.cncf.model." kind ".v1." form

enum kind { WEIGHT, WEIGHT_CONFIG, DOC, CODE, DATASET, KINDS };

static const struct {
    const char *raw, *tar, *name;
} types[KINDS] = {
    [WEIGHT] = {TYPE("weight", "raw"), TYPE("weight", "tar"), "weight"},
    [WEIGHT_CONFIG] = {TYPE("weight.config", "raw"), TYPE("weight.config", "tar"), "config"},
    [DOC] = {TYPE("doc", "raw"), TYPE("doc", "tar"), "doc"},
    [CODE] = {TYPE("code", "raw"), TYPE("code", "tar"), "code"},
    [DATASET] = {TYPE("dataset", "raw"), TYPE("dataset", "tar"), "dataset"},
};

/* ---- kinds --------------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return str_equal(folder, ".") ||
           (strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

static bool has_suffix(const char *path, const char *const *suffixes)
{
    size_t length = strlen(path);
    for (; *suffixes; suffixes++)
        if (length > strlen(*suffixes) &&
            strcasecmp(path + length - strlen(*suffixes), *suffixes) == 0)
            return true;
    return false;
}

static bool is_document(const char *path)
{
    static const char *const suffixes[] = {".md", ".rst", NULL};
    const char *name = path_base(path);
    return has_suffix(path, suffixes) || str_starts(name, "README") ||
           str_starts(name, "LICENSE") || str_starts(name, "NOTICE");
}

static enum kind kind_of(const struct manifest *manifest, const char *path)
{
    static const char *const settings[] = {".json", ".yaml", ".yml", ".toml", ".txt",
                                           ".cfg",  ".ini",  ".xml", NULL};
    const struct project *project = &manifest->project;
    for (size_t i = 0; i < manifest->data_count; i++)
        if (manifest->data[i].path && is_below(path, manifest->data[i].path))
            return DATASET;
    if (is_document(path))
        return DOC;
    for (char **artifact = project->artifacts; artifact && *artifact; artifact++)
        if (is_below(path, *artifact))
            return has_suffix(path, settings) ? WEIGHT_CONFIG : WEIGHT;
    return CODE;
}

/* ---- layers -------------------------------------------------------------------------------- */

struct artifact_layer *artifact_layer_add(struct artifact_plan *plan)
{
    GROW(plan->layers, plan->count, &plan->capacity);
    struct artifact_layer *layer = &plan->layers[plan->count++];
    *layer = (struct artifact_layer){0};
    return layer;
}

static void add_part(struct artifact_plan *plan, const char *part, char *path,
                     const struct digest *digest, uint64_t size)
{
    struct artifact_layer *layer = artifact_layer_add(plan);
    layer->type = types[DOC].raw;
    layer->part = part;
    layer->path = layer->owned = path;
    layer->digest = *digest;
    layer->size = size;
}

/* What a bundle has beside its files, under the names that it has in an archive. */
static int add_parts(struct mlops_registry *registry, const struct manifest *manifest,
                     const char *id, uint64_t text_size, struct artifact_plan *plan,
                     struct mlops_error *err)
{
    struct digest digest;
    struct store *store;
    uint64_t size;
    TRY(registry_store(registry, &store, err));
    if (!bundle_id_parse(id, &digest))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not the id of a bundle", id);
    add_part(plan, "manifest", xstrdup(ARCHIVE_MANIFEST), &digest, text_size);
    for (size_t i = 0; i < manifest->data_count; i++) {
        char hex[SHA256_HEX_SIZE];
        if (archive_profile_repeats(manifest, i))
            continue;
        TRY(store_object_size(store, &manifest->data[i].profile, &size, err));
        digest_to_hex(&manifest->data[i].profile, hex);
        add_part(plan, "profile", xprintf(ARCHIVE_PROFILES "%s", hex), &manifest->data[i].profile,
                 size);
    }
    if (!manifest->has_patch)
        return MLOPS_OK;
    TRY(store_object_size(store, &manifest->patch, &size, err));
    add_part(plan, "patch", xstrdup(ARCHIVE_PATCH), &manifest->patch, size);
    return MLOPS_OK;
}

static int larger_first(const void *a, const void *b)
{
    const struct manifest_file *x = *(const struct manifest_file *const *)a;
    const struct manifest_file *y = *(const struct manifest_file *const *)b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return strcmp(x->path, y->path);
}

void artifact_choose_largest(const struct manifest *manifest, size_t max, uint64_t least,
                             bool *chosen)
{
    const struct manifest_file **files = xcalloc(manifest->file_count + 1, sizeof(*files));
    size_t count = 0;
    for (size_t i = 0; i < manifest->file_count; i++)
        if (manifest->files[i].kind == MANIFEST_FILE && manifest->files[i].size >= least)
            files[count++] = &manifest->files[i];
    qsort(files, count, sizeof(*files), larger_first);
    for (size_t i = 0; i < count && i < max; i++)
        chosen[files[i] - manifest->files] = true;
    free(files);
}

/* Is there nothing below the folder at `index`? Its content follows it in the order of bytes, after
 * names that go on with a character before '/'. */
static bool is_empty(const struct manifest *manifest, size_t index)
{
    const char *path = manifest->files[index].path;
    size_t length = strlen(path);
    for (size_t i = index + 1; i < manifest->file_count; i++) {
        const char *next = manifest->files[i].path;
        if (strncmp(next, path, length) != 0 || (unsigned char)next[length] > '/')
            return true;
        if (next[length] == '/')
            return false;
    }
    return true;
}

static void add_file(struct artifact_plan *plan, const struct manifest *manifest,
                     const struct manifest_file *file)
{
    struct artifact_layer *layer = artifact_layer_add(plan);
    layer->type = types[kind_of(manifest, file->path)].raw;
    layer->path = file->path;
    layer->file = file;
    layer->digest = file->digest;
    layer->size = file->size;
}

static int add_tar(struct mlops_registry *registry, const struct manifest *manifest,
                   const bool *members, enum kind kind, struct artifact_plan *plan,
                   struct mlops_error *err)
{
    struct artifact_layer *layer = artifact_layer_add(plan);
    if (!plan->scratch)
        TRY(scratch_make(registry, "push", &plan->scratch, err));
    layer->type = types[kind].tar;
    layer->part = "files";
    layer->path = ".";
    layer->tar = path_join(plan->scratch, types[kind].name);
    return artifact_tar_write(registry, manifest, members, layer->tar, &layer->digest, &layer->size,
                              err);
}

/* Links, empty folders, and the small ones of too many files. */
static int add_rest(struct mlops_registry *registry, const struct manifest *manifest,
                    const bool *raw, struct artifact_plan *plan, struct mlops_error *err)
{
    bool *members = xcalloc(manifest->file_count + 1, sizeof(*members));
    int code = MLOPS_OK;
    for (int kind = 0; kind < KINDS && code == MLOPS_OK; kind++) {
        bool any = false;
        for (size_t i = 0; i < manifest->file_count; i++) {
            const struct manifest_file *file = &manifest->files[i];
            members[i] = !raw[i] && (int)kind_of(manifest, file->path) == kind &&
                         (file->kind != MANIFEST_FOLDER || is_empty(manifest, i));
            any = any || members[i];
        }
        if (any)
            code = add_tar(registry, manifest, members, (enum kind)kind, plan, err);
    }
    free(members);
    return code;
}

int artifact_plan_make(struct mlops_registry *registry, const struct manifest *manifest,
                       const char *id, uint64_t text_size, struct artifact_plan *plan,
                       struct mlops_error *err)
{
    if (manifest_find(manifest, OWN_FOLDER))
        return mlops_fail(err, MLOPS_INVALID,
                          "the bundle has a '" OWN_FOLDER "' of its own, which "
                          "is where an artifact has the bundle's manifest");
    TRY(add_parts(registry, manifest, id, text_size, plan, err));
    bool *raw = xcalloc(manifest->file_count + 1, sizeof(*raw));
    artifact_choose_largest(manifest, ARTIFACT_RAW_MAX, 0, raw);
    for (size_t i = 0; i < manifest->file_count; i++)
        if (raw[i])
            add_file(plan, manifest, &manifest->files[i]);
    int code = add_rest(registry, manifest, raw, plan, err);
    free(raw);
    return code;
}

void artifact_plan_clear(struct artifact_plan *plan)
{
    struct mlops_error ignored = {0}; /* what is left in the scratch folder, gc takes */
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->layers[i].owned);
        free(plan->layers[i].tar);
    }
    free(plan->layers);
    if (plan->scratch)
        (void)tree_remove(plan->scratch, &ignored);
    free(plan->scratch);
    *plan = (struct artifact_plan){0};
}

/* ---- what is said of it -------------------------------------------------------------------- */

/* The format that all weights have, by their names; NULL: several, or none that is known. */
static const char *weight_format(const struct artifact_plan *plan)
{
    static const struct {
        const char *const suffixes[4];
        const char *format;
    } formats[] = {{{".safetensors"}, "safetensors"},
                   {{".gguf"}, "gguf"},
                   {{".onnx"}, "onnx"},
                   {{".pt", ".pth"}, "pytorch"},
                   {{".pb"}, "tensorflow"},
                   {{".pkl", ".pickle", ".joblib"}, "pickle"}};
    const char *format = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        const char *own = NULL;
        if (!str_equal(plan->layers[i].type, types[WEIGHT].raw))
            continue;
        for (size_t k = 0; k < ARRAY_LENGTH(formats); k++)
            if (has_suffix(plan->layers[i].path, formats[k].suffixes))
                own = formats[k].format;
        if (!own || (format && format != own))
            return NULL;
        format = own;
    }
    return format;
}

/* No times: the same bundle is the same artifact. All our layers are as they are, so that their
 * digests are those of what is in them (diffIds). */
static int write_config(const struct manifest *manifest, const struct artifact_plan *plan,
                        struct buffer *out, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *config = xcheck(cJSON_CreateObject());
    cJSON *descriptor = json_add_object(config, "descriptor");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(manifest->json, "code");
    const cJSON *git = cJSON_GetObjectItemCaseSensitive(code, "git");
    char id[MLOPS_BUNDLE_ID_SIZE];
    json_add_known(descriptor, "name", manifest->project.model);
    json_add_known(descriptor, "description", manifest->project.description);
    json_add_known(descriptor, "sourceURL", json_string(git, "remote", NULL));
    json_add_known(descriptor, "revision", json_string(git, "commit", NULL));
    json_add_known(json_add_object(config, "config"), "format", weight_format(plan));
    cJSON *modelfs = json_add_object(config, "modelfs");
    json_add_string(modelfs, "type", "layers");
    cJSON *ids = json_add_array(modelfs, "diffIds");
    for (size_t i = 0; i < plan->count; i++) {
        bundle_id_format(&plan->layers[i].digest, id);
        json_append_text(ids, id);
    }
    return json_write_canonical(config, out, err);
}

/* org.cncf.model.file.metadata+json: a header of tar, as JSON in a text. */
static int add_metadata(cJSON *annotations, const struct manifest_file *file,
                        struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *metadata = xcheck(cJSON_CreateObject());
    _cleanup_(buffer_clear) struct buffer text = {0};
    json_add_string(metadata, "name", file->path);
    json_add_u64(metadata, "mode", file->mode);
    json_add_u64(metadata, "uid", 0);
    json_add_u64(metadata, "gid", 0);
    json_add_u64(metadata, "size", file->size);
    json_add_string(metadata, "mtime", "1970-01-01T00:00:00Z");
    json_add_u64(metadata, "typeflag", '0');
    TRY(json_write_canonical(metadata, &text, err));
    json_add_string(annotations, ARTIFACT_METADATA, text.data);
    return MLOPS_OK;
}

static int describe_layer(cJSON *layers, const struct artifact_layer *layer,
                          struct mlops_error *err)
{
    cJSON *made = oci_descriptor_add(layers, NULL, layer->type, &layer->digest, layer->size);
    cJSON *annotations = json_add_object(made, "annotations");
    json_add_string(annotations, ARTIFACT_FILEPATH, layer->path);
    if (!layer->tar) /* oras makes a file of each layer that has one */
        json_add_string(annotations, ARTIFACT_TITLE, layer->path);
    json_add_text(annotations, ARTIFACT_PART, layer->part);
    return layer->file ? add_metadata(annotations, layer->file, err) : MLOPS_OK;
}

int artifact_describe(const struct manifest *manifest, const char *id,
                      const struct artifact_plan *plan, struct buffer *config, struct buffer *text,
                      struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *document = xcheck(cJSON_CreateObject());
    struct digest digest;
    TRY(write_config(manifest, plan, config, err));
    sha256_of(config->data, config->length, &digest);
    json_add_u64(document, "schemaVersion", 2);
    json_add_string(document, "mediaType", OCI_MANIFEST_TYPE);
    json_add_string(document, "artifactType", ARTIFACT_TYPE);
    (void)oci_descriptor_add(document, "config", ARTIFACT_CONFIG_TYPE, &digest, config->length);
    cJSON *layers = json_add_array(document, "layers");
    for (size_t i = 0; i < plan->count; i++)
        TRY(describe_layer(layers, &plan->layers[i], err));
    cJSON *annotations = json_add_object(document, "annotations");
    json_add_string(annotations, ARTIFACT_BUNDLE, id);
    json_add_string(annotations, ARTIFACT_TITLE, manifest->project.model);
    return json_write_canonical(document, text, err);
}
