/* lib/trial/scan.c - the bundle of a version scanned out of the store. */
#include "trial/scan.h"
#include "base/json.h"
#include "base/pool.h"
#include "registry/registry.h"
#include "trial/object.h"
#include "trust/run.h"

/* ---- what is scanned ------------------------------------------------------------------------ */

struct bundle_files {
    struct store *store;
    const struct manifest_file **files;
    struct scan_item *items;
    size_t count;
    struct reader **readers; /* one a thread; made when first needed */
};

static void bundle_files_clear(struct bundle_files *files)
{
    for (size_t i = 0; files->readers && i < pool_threads(); i++)
        reader_free(files->readers[i]);
    free(files->readers);
    free(files->files);
    free(files->items);
}

/* Is `path` what the project names as `root`, or in it? */
static bool lies_in(const char *path, const char *root)
{
    size_t length = strlen(root);
    if (str_equal(root, "."))
        return true;
    return strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool lies_in_any(const char *path, char *const *roots)
{
    for (; roots && *roots; roots++)
        if (lies_in(path, *roots))
            return true;
    return false;
}

static bool is_named(const char *path, const char *name)
{
    return name && str_equal(path, name);
}

/* Where the project says several things of a file, the strictest counts; what it says nothing of is
 * as suspicious as an artifact. */
static enum scan_role role_of(const struct project *project, const char *path)
{
    if (lies_in_any(path, project->artifacts))
        return SCAN_ARTIFACT;
    for (size_t i = 0; i < project->data_count; i++)
        if (lies_in(path, project->data[i].path))
            return SCAN_DATA;
    if (is_named(path, project->environment))
        return SCAN_ENVIRONMENT;
    if (lies_in_any(path, project->code) || is_named(path, project->params) ||
        is_named(path, project->metrics) || str_equal(path, PROJECT_FILE))
        return SCAN_CODE;
    return SCAN_ARTIFACT;
}

static void list_files(const struct manifest *manifest, struct bundle_files *list)
{
    list->files = xcalloc(manifest->file_count, sizeof(*list->files));
    list->items = xcalloc(manifest->file_count, sizeof(*list->items));
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        if (file->kind != MANIFEST_FILE)
            continue; /* links stay inside the bundle: manifest_parse sees to it */
        list->files[list->count] = file;
        list->items[list->count++] =
            (struct scan_item){.path = file->path,
                               .size = file->size,
                               .role = role_of(&manifest->project, file->path)};
    }
}

static int open_file(void *context, size_t index, size_t worker, struct source **source,
                     struct mlops_error *err)
{
    struct bundle_files *files = context;
    const struct manifest_file *file = files->files[index];
    if (!files->readers[worker])
        files->readers[worker] = reader_new(files->store);
    TRY(object_open(files->store, files->readers[worker], &file->digest, source, err));
    if ((*source)->size != file->size)
        return mlops_fail(err, MLOPS_INTEGRITY, "the object is not of the size in the manifest");
    return MLOPS_OK;
}

/* ---- what was accepted ---------------------------------------------------------------------- */

static int apply_recorded(const struct mlops_evidence *evidence, struct mlops_scan_report *report,
                          struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    (void)report_accept(report, evidence->name, json_string(body, "files", NULL),
                        json_string(body, "reason", "")); /* none: the scanner sees it no more */
    return MLOPS_OK;
}

static int apply_accepted(struct mlops_registry *registry, struct mlops_scan_report *report,
                          struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    TRY(mlops_evidence_list(registry, report->version.bundle, "acceptance", &list, err));
    for (size_t i = 0; i < list.count; i++)
        TRY(apply_recorded(&list.items[i], report, err));
    report_finish(report);
    return MLOPS_OK;
}

static int check_rule(const char *id, struct mlops_error *err)
{
    _cleanup_(mlops_scan_rule_list_clear) struct mlops_scan_rule_list rules = {0};
    mlops_scan_rule_list(&rules);
    for (size_t i = 0; i < rules.count; i++) {
        if (!str_equal(rules.items[i].id, id))
            continue;
        if (rules.items[i].acceptable)
            return MLOPS_OK;
        mlops_fail(err, MLOPS_INVALID, "findings of %s cannot be accepted: %s", id,
                   rules.items[i].summary);
        return mlops_hint(err, "only what is unknown or unreadable can be accepted with a reason; "
                               "of what is unsafe no reason makes a safe file");
    }
    mlops_fail(err, MLOPS_NOT_FOUND, "there is no rule '%s'", id);
    return mlops_hint(err, "'mlops scan --rules' lists them");
}

/* What is accepted must have been found: nobody accepts what may come. */
static int apply_new(const struct mlops_scan_options *options, struct mlops_scan_report *report,
                     struct mlops_error *err)
{
    for (size_t i = 0; i < options->accept_count; i++) {
        const struct mlops_scan_acceptance *accept = &options->accept[i];
        TRY(check_rule(accept->rule, err));
        if (report_accept(report, accept->rule, accept->files, options->reason) > 0)
            continue;
        return mlops_fail(err, MLOPS_NOT_FOUND, "there is no finding of %s%s%s to accept",
                          accept->rule, accept->files ? " in files like " : "",
                          accept->files ? accept->files : "");
    }
    report_finish(report);
    return MLOPS_OK;
}

static int check_reason(const struct mlops_scan_options *options, struct mlops_error *err)
{
    if (options->accept_count == 0 && options->reason)
        return mlops_fail(err, MLOPS_INVALID, "a reason is for what is accepted");
    if (options->accept_count > 0 &&
        (!options->reason || !options->reason[strspn(options->reason, " \t")]))
        return mlops_fail(err, MLOPS_INVALID, "findings are accepted with a reason only");
    return MLOPS_OK;
}

/* ---- what is recorded ----------------------------------------------------------------------- */

static int add_entry(struct transaction *tx, const struct mlops_scan_report *report,
                     const char *action, const char *reason, cJSON *detail, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(json_write_canonical(detail, &text, err));
    struct audit_entry entry = {.action = action,
                                .model = report->version.model,
                                .version = report->version.number,
                                .bundle = report->version.bundle,
                                .reason = reason,
                                .detail = text.data};
    return audit_append(tx, &entry, err);
}

static int record_acceptance(struct transaction *tx, const struct mlops_scan_report *report,
                             const struct mlops_scan_acceptance *accept, const char *reason,
                             struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer body = {0};
    json_add_text(json, "files", accept->files);
    json_add_string(json, "reason", reason);
    json_add_u64(json, "scanner", MLOPS_SCANNER_VERSION);
    TRY(json_write_canonical(json, &body, err));
    TRY(evidence_record(tx, report->version.bundle, "acceptance", accept->rule, "accepted",
                        body.data, err));
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    json_add_string(detail, "rule", accept->rule);
    json_add_text(detail, "files", accept->files);
    return add_entry(tx, report, "accept", reason, detail, err);
}

static int record(struct mlops_registry *registry, const struct mlops_scan_options *options,
                  const struct mlops_scan_report *report, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(transaction_begin(registry, &tx, err));
    for (size_t i = 0; i < options->accept_count; i++)
        TRY(record_acceptance(tx, report, &options->accept[i], options->reason, err));
    TRY(scan_record(tx, report, err));
    _cleanup_(json_free) cJSON *counts = scan_counts(report);
    TRY(add_entry(tx, report, "scan", mlops_scan_verdict_name(report->verdict), counts, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

int scan_bundle(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, const char *advisories,
                struct mlops_scan_report *report, struct mlops_error *err)
{
    _cleanup_(bundle_files_clear) struct bundle_files files = {0};
    _cleanup_(advisories_free_ptr) struct advisories *known = NULL;
    *report = (struct mlops_scan_report){.version = *version};
    TRY(report_load_advisories(report, advisories, &known, err));
    TRY(registry_store(registry, &files.store, err));
    TRY(store_refresh(files.store, err));
    list_files(manifest, &files);
    if (files.count == 0)
        return mlops_fail(err, MLOPS_INVALID, "the bundle has no files to scan");
    files.readers = xcalloc(pool_threads(), sizeof(*files.readers));
    TRY(scan_run(&(struct scan_job){.items = files.items,
                                    .count = files.count,
                                    .open = open_file,
                                    .context = &files,
                                    .advisories = known,
                                    .observer = registry_observer(registry)},
                 report, err));
    return apply_accepted(registry, report, err);
}

int mlops_scan(struct mlops_registry *registry, const struct mlops_scan_options *options,
               struct mlops_scan_report *report, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version version;
    *report = (struct mlops_scan_report){0};
    TRY(check_reason(options, err));
    TRY(manifest_load(registry, options->ref, &version, &manifest, NULL, err));
    TRY(manifest_check_files(&manifest, err));
    TRY(scan_bundle(registry, &version, &manifest, options->advisories, report, err));
    TRY(apply_new(options, report, err));
    return options->dry_run ? MLOPS_OK : record(registry, options, report, err);
}
