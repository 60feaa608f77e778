/* lib/bundle/fsck.c - packs, objects, manifests, rows and log held against one another. */
#include "bundle/kept.h"
#include "bundle/manifest.h"
#include "bundle/reach.h"
#include "bundle/repair.h"
#include "registry/bundle.h"
#include "registry/condemned.h"
#include "registry/registry.h"
#include "stats/profile.h"
#include "store/check.h"
#include <mlops/maintenance.h>

#define PROFILE_MAX (1U << 30)

struct problems {
    struct mlops_fsck_report *report;
    size_t capacity;
    bool quick;
};

static void report(void *context, const char *kind, const char *object, const char *message)
{
    struct problems *problems = context;
    struct mlops_fsck_report *list = problems->report;
    GROW(list->problems, list->count, &problems->capacity);
    list->problems[list->count++] = (struct mlops_problem){
        .kind = xstrdup(kind), .object = xstrdup(object), .message = xstrdup(message)};
}

static void problem_clear(struct mlops_problem *problem)
{
    free(problem->kind);
    free(problem->object);
    free(problem->message);
}

static int check_profile(struct store *store, const struct manifest_data *data,
                         const struct bundle_row *row, struct problems *problems,
                         struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    int code = store_read(store, &data->profile, PROFILE_MAX, &bytes, err);
    if (code == MLOPS_OK)
        code = profile_decode(bytes.data, bytes.length, &profile, err);
    if (code == MLOPS_OK && profile->rows != data->rows)
        code = mlops_fail(err, MLOPS_INTEGRITY, "it is of %llu rows, the manifest says %llu",
                          (unsigned long long)profile->rows, (unsigned long long)data->rows);
    if (code == MLOPS_IO || code == MLOPS_OK)
        return code;
    mlops_wrap(err, "the profile of the snapshot '%s'", data->name);
    report(problems, "profile", row->id, err->message);
    return MLOPS_OK;
}

/* Every file is in the store, with the size that the manifest says, unless it was released. */
static int check_files(struct store *store, const struct manifest *manifest,
                       const struct bundle_row *row, struct problems *problems,
                       struct mlops_error *err)
{
    uint64_t files = 0, bytes = 0;
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        if (file->kind != MANIFEST_FILE)
            continue;
        uint64_t size = file->size;
        int code = row->released ? MLOPS_OK : store_object_size(store, &file->digest, &size, err);
        if (code == MLOPS_OK && size != file->size)
            code = mlops_fail(err, MLOPS_INTEGRITY, "it has %llu bytes, the manifest says %llu",
                              (unsigned long long)size, (unsigned long long)file->size);
        if (code == MLOPS_IO)
            return code;
        if (code) {
            mlops_wrap(err, "'%s'", file->path);
            report(problems, "file", row->id, err->message);
        }
        files++;
        bytes += file->size;
    }
    if (files != row->files || bytes != row->bytes) {
        mlops_fail(err, MLOPS_INTEGRITY,
                   "its row says %llu files of %llu bytes, its manifest %llu of %llu",
                   (unsigned long long)row->files, (unsigned long long)row->bytes,
                   (unsigned long long)files, (unsigned long long)bytes);
        report(problems, "row", row->id, err->message);
    }
    return MLOPS_OK;
}

static int check_patch(struct store *store, const struct manifest *manifest,
                       const struct bundle_row *row, struct problems *problems,
                       struct mlops_error *err)
{
    uint64_t size;
    int code =
        manifest->has_patch ? store_object_size(store, &manifest->patch, &size, err) : MLOPS_OK;
    if (code == MLOPS_IO || code == MLOPS_OK)
        return code;
    mlops_wrap(err, "the changes of its code");
    report(problems, "patch", row->id, err->message);
    return MLOPS_OK;
}

static int check_bundle(struct mlops_registry *registry, struct store *store,
                        const struct bundle_row *row, struct problems *problems,
                        struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version version;
    int code = manifest_load(registry, row->id, &version, &manifest, NULL, err);
    if (code == MLOPS_IO)
        return code;
    if (code) {
        report(problems, "manifest", row->id, err->message);
        return MLOPS_OK;
    }
    if (!str_equal(manifest.project.model, row->model))
        report(problems, "row", row->id, "its row and its manifest name different models");
    TRY(check_files(store, &manifest, row, problems, err));
    const struct store_problems sink = {.context = problems, .report = report};
    TRY(kept_check(problems->quick ? NULL : registry, store, row, &sink, err));
    for (size_t i = 0; i < manifest.data_count; i++)
        TRY(check_profile(store, &manifest.data[i], row, problems, err));
    TRY(check_patch(store, &manifest, row, problems, err));
    return MLOPS_OK;
}

static int check_database(struct mlops_registry *registry, bool quick, struct problems *problems,
                          struct mlops_error *err)
{
    int code = registry_check(registry, quick, err);
    if (code != MLOPS_INTEGRITY)
        return code;
    report(problems, "database", "registry.db", err->message);
    return MLOPS_OK;
}

/* What is missing of a bundle that gc dropped meanwhile is no problem. */
static int check_bundle_there(struct mlops_registry *registry, struct store *store,
                              const struct bundle_row *row, struct problems *problems,
                              struct mlops_error *err)
{
    struct mlops_fsck_report *list = problems->report;
    size_t before = list->count;
    bool dropped;
    TRY(check_bundle(registry, store, row, problems, err));
    if (list->count == before)
        return MLOPS_OK;
    TRY(bundle_is_dropped(registry, row, &dropped, err));
    while (dropped && list->count > before) {
        list->count--;
        problem_clear(&list->problems[list->count]);
    }
    return MLOPS_OK;
}

/* The packs that gc is going to remove, and whether one of them was told. */
struct doomed {
    const struct condemned_list *condemned;
    struct problems *problems;
};

static bool note_doomed(void *context, const struct location *location)
{
    const struct doomed *doomed = context;
    const struct mlops_fsck_report *list = doomed->problems->report;
    if (!condemned_list_has(doomed->condemned, location->pack))
        return true;
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->problems[i].object, location->pack))
            return true;
    report(doomed->problems, "pack", location->pack,
           "it is going to be removed, and a version needs it");
    return true;
}

/* What versions need is in other packs than those that gc removes. Versions stay: those that there
 * were before the list was read need nothing that is on it. */
static int check_condemned(struct mlops_registry *registry, struct store *store,
                           const struct bundle_list *bundles, struct problems *problems,
                           struct mlops_error *err)
{
    _cleanup_(condemned_list_clear) struct condemned_list condemned = {0};
    struct doomed doomed = {.condemned = &condemned, .problems = problems};
    TRY(condemned_read(registry, &condemned, err));
    if (condemned.count == 0)
        return MLOPS_OK;
    TRY(store_refresh(store, err));
    store_shun(store, condemned.packs, condemned.count);
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(store);
    for (size_t i = 0; i < bundles->count; i++) {
        if (bundles->items[i].version == 0)
            continue;
        unsigned how = bundles->items[i].released ? REACH_BASES | REACH_WITHOUT_FILES : REACH_BASES;
        int code =
            reach_visit(store, visitor, bundles->items[i].id, how, note_doomed, &doomed, err);
        if (code == MLOPS_OK)
            code = reach_visit_kept(visitor, &bundles->items[i], how, note_doomed, &doomed,
                                    err);
        if (code == MLOPS_IO) /* what is missing or damaged is told elsewhere */
            return code;
    }
    return MLOPS_OK;
}

static int check_log(struct mlops_registry *registry, struct problems *problems,
                     struct mlops_error *err)
{
    uint64_t size;
    char root[65];
    int code = mlops_log_verify(registry, NULL, &size, root, err);
    if (code != MLOPS_INTEGRITY)
        return code;
    report(problems, "log", "log", err->message);
    return MLOPS_OK;
}

static int check_all(struct mlops_registry *registry, const struct mlops_fsck_options *options,
                     struct problems *problems, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);
    _cleanup_(bundle_list_clear) struct bundle_list bundles = {0};
    struct store_problems sink = {.context = problems, .report = report};
    struct store *store;
    bool quick = options && options->quick;
    problems->quick = quick;
    TRY(check_database(registry, quick, problems, err));
    /* Rows before packs: what a row mentions was durable before it. */
    TRY(registry_bundles(registry, &bundles, err));
    TRY(check_log(registry, problems, err));
    TRY(registry_store(registry, &store, err));
    TRY(store_check(store, quick, &sink, err));
    TRY(check_condemned(registry, store, &bundles, problems, err));
    for (size_t i = 0; i < bundles.count; i++) {
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while checking");
        if (observer && observer->progress)
            observer->progress(observer->context, "checking bundles", i, bundles.count);
        TRY(check_bundle_there(registry, store, &bundles.items[i], problems, err));
        problems->report->released += bundles.items[i].released;
    }
    problems->report->bundles = bundles.count;
    if (observer && observer->progress)
        observer->progress(observer->context, "checking bundles", bundles.count, bundles.count);
    return MLOPS_OK;
}

int mlops_fsck(struct mlops_registry *registry, const struct mlops_fsck_options *options,
               struct mlops_fsck_report *out, struct mlops_error *err)
{
    struct problems problems = {.report = out};
    *out = (struct mlops_fsck_report){0};
    if (options && options->repair_from) {
        struct repaired repaired;
        if (options->quick)
            return mlops_fail(err, MLOPS_INVALID, "to repair, all content must be read");
        TRY(repair(registry, options->repair_from, &repaired, err));
        out->repaired = repaired.objects;
        out->set_aside = repaired.set_aside;
    }
    TRY(check_all(registry, options, &problems, err));
    out->clean = out->count == 0;
    *err = (struct mlops_error){0}; /* what stood there is in the report */
    return MLOPS_OK;
}

void mlops_fsck_report_clear(struct mlops_fsck_report *out)
{
    for (size_t i = 0; i < out->count; i++)
        problem_clear(&out->problems[i]);
    free(out->problems);
    *out = (struct mlops_fsck_report){0};
}
