/* lib/trial/rival.c - whom a suite is compared with, and where their predictions come from. */
#include "trial/rival.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/comparison.h"
#include "registry/registry.h"
#include "store/store.h"
#include "trial/exam.h"
#include "trial/log.h"
#include "trial/rival_run.h"
#include <inttypes.h>
#include <math.h>

static void rival_clear(struct rival *rival)
{
    kept_file_clear(&rival->predictions);
    manifest_clear(&rival->manifest);
    free(rival->evaluation);
    free(rival->message);
    free(rival->with);
    *rival = (struct rival){0};
}

void rivals_clear(struct rivals *rivals)
{
    for (size_t i = 0; i < rivals->count; i++)
        rival_clear(&rivals->items[i]);
    free(rivals->items);
    *rivals = (struct rivals){0};
}

/* ---- who ------------------------------------------------------------------------------------- */

/* One that somebody asked for. */
struct wish {
    char *with;
    double confidence;
    bool required; /* by the suite, which is judged all the same where there is no such version */
};

struct wishes {
    struct wish *items;
    size_t count, capacity;
};

static void wishes_clear(struct wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++)
        free(wishes->items[i].with);
    free(wishes->items);
}

static void wish_for(struct wishes *wishes, const struct requirement *requirement, bool required)
{
    double confidence =
        requirement->confidence > 0 ? requirement->confidence : COMPARISON_CONFIDENCE;
    for (size_t i = 0; i < wishes->count; i++)
        if (str_equal(wishes->items[i].with, requirement->ref) &&
            fabs(wishes->items[i].confidence - confidence) < 1e-9)
            return;
    GROW(wishes->items, wishes->count, &wishes->capacity);
    wishes->items[wishes->count++] = (struct wish){
        .with = xstrdup(requirement->ref), .confidence = confidence, .required = required};
}

/* `against` says REF, or "REF at 99%". */
static int collect(const struct project_suite *suite, const char *const *against,
                   struct wishes *wishes, struct mlops_error *err)
{
    struct requirement requirement;
    for (size_t i = 0; i < suite->require_count; i++) {
        TRY(requirement_parse(suite->require[i].demand, &requirement, err));
        if (requirement.kind != REQUIREMENT_BOUND)
            wish_for(wishes, &requirement, true);
    }
    for (; against && *against; against++) {
        _cleanup_(free_string) char *demand = xprintf("not worse than %s", *against);
        struct mlops_error wrong = {0};
        if (requirement_parse(demand, &requirement, &wrong) || requirement.offset > 0) {
            mlops_fail(err, MLOPS_INVALID, "'%s' is nothing to compare with", *against);
            return mlops_hint(err, "write a stage, @VERSION or another reference, or \"production "
                                   "at 99%%\"");
        }
        wish_for(wishes, &requirement, false);
    }
    return MLOPS_OK;
}

/* `*there` false where there is no such version, or it is `own`. */
static int look_up(struct mlops_registry *registry, const struct mlops_version *own,
                   const struct wish *wish, struct mlops_version *version, bool *there,
                   struct mlops_error *err)
{
    struct mlops_error missing = {0};
    _cleanup_(free_string) char *ref = requirement_reference(own->model, wish->with);
    int code = mlops_version_resolve(registry, ref, version, &missing);
    bool stage = !strpbrk(wish->with, "@:"); /* an empty one is nothing to compare with yet */
    *there = code == MLOPS_OK && !str_equal(version->bundle, own->bundle);
    if (code == MLOPS_OK ||
        ((code == MLOPS_NOT_FOUND || code == MLOPS_INVALID) && (wish->required || stage)))
        return MLOPS_OK;
    *err = missing;
    return code;
}

int rivals_check(struct mlops_registry *registry, const struct mlops_version *version,
                 const char *const *against, struct mlops_error *err)
{
    static const struct project_suite asks_nothing = {.require_count = 0};
    _cleanup_(wishes_clear) struct wishes wishes = {0};
    TRY(collect(&asks_nothing, against, &wishes, err));
    for (size_t i = 0; i < wishes.count; i++) {
        struct mlops_version other = {.number = 0};
        bool there;
        TRY(look_up(registry, version, &wishes.items[i], &other, &there, err));
        if (!there)
            registry_warn(registry, "nothing is compared with '%s': %s", wishes.items[i].with,
                          str_equal(other.bundle, version->bundle)
                              ? "it is this very version"
                              : "nothing of this model is in such a stage");
    }
    return MLOPS_OK;
}

int rivals_name(struct mlops_registry *registry, const struct mlops_version *version,
                const struct project_suite *suite, const char *const *against, rival_each each,
                void *context, struct mlops_error *err)
{
    _cleanup_(wishes_clear) struct wishes wishes = {0};
    if (!suite->predictions)
        return MLOPS_OK;
    TRY(collect(suite, against, &wishes, err));
    for (size_t i = 0; i < wishes.count; i++) {
        struct mlops_version other;
        bool there;
        TRY(look_up(registry, version, &wishes.items[i], &other, &there, err));
        _cleanup_(free_string) char *with =
            xprintf("%s at %.10g", wishes.items[i].with, wishes.items[i].confidence);
        each(context, with, there ? &other : NULL);
    }
    return MLOPS_OK;
}

/* ---- whether on the same rows --------------------------------------------------------------- */

/* The names and digests of all snapshots for evaluation. */
static char *evaluation_data(const struct manifest *manifest)
{
    struct buffer text = {0};
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(manifest->json, "data"), *item;
    cJSON_ArrayForEach(item, data)
    {
        if (str_equal(json_string(item, "role", ""), "evaluation"))
            buffer_printf(&text, "%s=%s\n", item->string, json_string(item, "sha256", ""));
    }
    return text.data ? buffer_steal(&text) : xstrdup("");
}

static int is_on_same_rows(const struct rival_options *options, const struct rival *rival,
                           const cJSON *body, bool *same, struct mlops_error *err)
{
    const cJSON *set = cJSON_GetObjectItemCaseSensitive(body, "evaluation");
    if (!rival->evaluation) {
        _cleanup_(free_string) char *ours = evaluation_data(options->manifest);
        _cleanup_(free_string) char *theirs = evaluation_data(&rival->manifest);
        *same = !set && str_equal(ours, theirs);
        return MLOPS_OK;
    }
    _cleanup_(mlops_evaluation_clear) struct mlops_evaluation now = {0};
    struct mlops_error unknown = {0}; /* our own suite says so */
    int code = mlops_evaluation_find(options->registry, rival->evaluation, &now, &unknown);
    *same = code == MLOPS_OK && str_equal(json_string(set, "bundle", ""), now.bundle);
    if (code == MLOPS_IO)
        *err = unknown;
    return code == MLOPS_IO ? code : MLOPS_OK;
}

/* One may be compared with the same version twice, in other words. The folder is ours alone. */
static char *free_place(const char *folder)
{
    for (unsigned number = 1;; number++) {
        _cleanup_(free_string) char *name = xprintf("rival-%u", number);
        char *path = path_join(folder, name);
        if (!path_exists(path))
            return path;
        free(path);
    }
}

/* Predictions that its newest evidence has, into a file. */
static int take_kept(const struct rival_options *options, struct rival *rival,
                     const struct mlops_kept *kept, struct mlops_error *err)
{
    struct store *store;
    struct store_restore restore = {.size = kept->bytes, .mode = 0600};
    if (!digest_from_hex(kept->sha256, strlen(kept->sha256), &restore.digest))
        return MLOPS_OK;
    _cleanup_(free_string) char *path = free_place(options->keep);
    restore.path = path;
    TRY(registry_store(options->registry, &store, err));
    struct mlops_error gone = {0}; /* purged with its version, which then came back */
    int code = store_restore_files(store, &restore, 1, true, NULL, &gone);
    if (code == MLOPS_NOT_FOUND)
        return MLOPS_OK;
    if (code)
        *err = gone;
    TRY(code);
    rival->predictions = (struct kept_file){.path = TAKE_PTR(path), .bytes = kept->bytes};
    return MLOPS_OK;
}

static int find_kept(const struct rival_options *options, struct rival *rival,
                     const struct mlops_evidence_list *tests, struct mlops_error *err)
{
    for (size_t i = tests->count; i-- > 0;) {
        _cleanup_(json_free) cJSON *body = NULL;
        struct mlops_suite_files files;
        bool same;
        if (!str_equal(tests->items[i].name, rival->suite.name))
            continue;
        if (json_parse(tests->items[i].body, strlen(tests->items[i].body), "evidence", &body,
                       err)) {
            err->code = MLOPS_INTEGRITY;
            return mlops_wrap(err, "evidence %" PRIu64, tests->items[i].id);
        }
        TRY(is_on_same_rows(options, rival, body, &same, err));
        suite_files_read(body, &files);
        return same ? take_kept(options, rival, &files.predictions, err) : MLOPS_OK;
    }
    return MLOPS_OK;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Their suite of the same name, as it measures on our rows and demands nothing. */
static bool choose_suite(const struct rival_options *options, struct rival *rival)
{
    const struct project *project = &rival->manifest.project;
    const struct project_suite *ours = options->suite;
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct project_suite *suite = &project->suites[i];
        if (!str_equal(suite->name, ours->name) || !suite->predictions)
            continue;
        if (!str_equal(suite->task, ours->task))
            break;
        rival->suite = *suite;
        rival->suite.require_count = 0;
        rival->suite.measurement.demand_count = 0;
        rival->suite.measurement.slice_count = 0;
        rival->suite.measurement.threshold_count = 0;
        rival->suite.measurement.options = ours->measurement.options;
        if (!ours->measurement.id || !rival->suite.measurement.id)
            rival->suite.measurement.id = ours->measurement.id;
        rival->evaluation = exam_name(options->version, ours);
        rival->suite.evaluation = rival->evaluation;
        return true;
    }
    rival->message = xprintf("@%" PRIu64 " has no performance suite '%s' of the task '%s'",
                             rival->version.number, ours->name, ours->task);
    return false;
}

static int find_predictions(const struct rival_options *options, struct rival *rival,
                            struct mlops_error *err)
{
    struct mlops_evidence_list tests = {0};
    struct mlops_error missing = {0};
    TRY(manifest_load(options->registry, rival->version.bundle, &rival->version, &rival->manifest,
                      NULL, err));
    if (!choose_suite(options, rival))
        return MLOPS_OK;
    TRY(mlops_evidence_list(options->registry, rival->version.bundle, "test", &tests, err));
    int code = find_kept(options, rival, &tests, err);
    mlops_evidence_list_clear(&tests);
    TRY(code);
    if (rival->predictions.path)
        return MLOPS_OK;
    if (manifest_check_files(&rival->manifest, &missing)) {
        rival->message = xprintf("@%" PRIu64 " has no predictions of the same rows, and cannot be "
                                 "run: %s",
                                 rival->version.number, missing.message);
        return MLOPS_OK;
    }
    return rival_run(options, rival, err);
}

int rivals_find(const struct rival_options *options, struct rivals *rivals, struct mlops_error *err)
{
    _cleanup_(wishes_clear) struct wishes wishes = {0};
    *rivals = (struct rivals){0};
    if (!options->suite->predictions)
        return MLOPS_OK;
    TRY(collect(options->suite, options->against, &wishes, err));
    rivals->items = xcalloc(wishes.count + 1, sizeof(*rivals->items));
    for (size_t i = 0; i < wishes.count; i++) {
        struct rival *rival = &rivals->items[rivals->count];
        bool there;
        TRY(look_up(options->registry, options->version, &wishes.items[i], &rival->version, &there,
                    err));
        if (!there)
            continue;
        rivals->count++;
        rival->with = xstrdup(wishes.items[i].with);
        rival->confidence = wishes.items[i].confidence;
        TRY(find_predictions(options, rival, err));
    }
    return MLOPS_OK;
}
