/* lib/trial/log.c - what a suite printed and predicted, read again from its evidence. */
#include "trial/log.h"
#include "base/json.h"
#include "bundle/manifest.h"
#include "registry/registry.h"
#include "store/store.h"
#include "trial/keep.h"

/* What is read into memory to be shown. */
#define READ_MAX (2ULL << 30)

static void read_kept(const cJSON *object, struct mlops_kept *kept)
{
    *kept = (struct mlops_kept){.bytes = json_u64(object, "bytes", 0)};
    str_copy(kept->sha256, sizeof(kept->sha256), json_string(object, "sha256", ""));
}

void suite_files_read(const cJSON *body, struct mlops_suite_files *files)
{
    const cJSON *logs = cJSON_GetObjectItemCaseSensitive(body, "logs");
    read_kept(cJSON_GetObjectItemCaseSensitive(logs, KEEP_OUTPUT), &files->output);
    read_kept(cJSON_GetObjectItemCaseSensitive(logs, KEEP_ERRORS), &files->errors);
    read_kept(cJSON_GetObjectItemCaseSensitive(body, KEEP_PREDICTIONS), &files->predictions);
    files->cut = json_bool(logs, "cut", false);
}

/* The names that are known, for a hint. */
static char *suites_of(const struct mlops_evidence_list *list)
{
    struct buffer names = {0};
    for (size_t i = 0; i < list->count; i++) {
        bool first = true;
        for (size_t j = 0; j < i && first; j++)
            first = !str_equal(list->items[j].name, list->items[i].name);
        if (first)
            buffer_printf(&names, "%s%s", names.length ? ", " : "", list->items[i].name);
    }
    return names.data ? buffer_steal(&names) : xstrdup("");
}

static int find(const struct mlops_evidence_list *list, const char *suite,
                struct mlops_suite_log *log, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    _cleanup_(free_string) char *names = NULL;
    for (size_t i = list->count; i-- > 0;) {
        const struct mlops_evidence *evidence = &list->items[i];
        if (!str_equal(evidence->name, suite))
            continue;
        if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
            err->code = MLOPS_INTEGRITY;
            return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
        }
        log->evidence = evidence->id;
        log->recorded_ns = evidence->recorded_ns;
        str_copy(log->suite, sizeof(log->suite), evidence->name);
        str_copy(log->status, sizeof(log->status), evidence->status);
        suite_files_read(body, &log->files);
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_NOT_FOUND, "no evidence of a suite called '%s' is recorded", suite);
    names = suites_of(list);
    return *names ? mlops_hint(err, "there is some of %s", names)
                  : mlops_hint(err, "run 'mlops test' first");
}

int mlops_suite_log_find(struct mlops_registry *registry, const char *ref, const char *suite,
                         struct mlops_suite_log *log, struct mlops_error *err)
{
    struct mlops_evidence_list list = {0};
    *log = (struct mlops_suite_log){0};
    TRY(mlops_version_resolve(registry, ref, &log->version, err));
    TRY(mlops_evidence_list(registry, log->version.bundle, "test", &list, err));
    int code = find(&list, suite, log, err);
    mlops_evidence_list_clear(&list);
    return code;
}

int mlops_kept_read(struct mlops_registry *registry, const struct mlops_kept *kept, char **bytes,
                    size_t *length, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    struct digest digest;
    struct store *store;
    *bytes = NULL;
    *length = 0;
    if (!digest_from_hex(kept->sha256, strlen(kept->sha256), &digest))
        return mlops_fail(err, MLOPS_NOT_FOUND, "it was not kept");
    TRY(registry_store(registry, &store, err));
    TRY(store_read(store, &digest, READ_MAX, &content, err));
    *length = content.length;
    *bytes = content.data ? buffer_steal(&content) : xstrdup("");
    return MLOPS_OK;
}
