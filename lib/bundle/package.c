/* lib/bundle/package.c - a project folder made into a bundle, from beginning to end. */
#include "bundle/package.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/pool.h"
#include "bundle/packaging.h"
#include "bundle/publish.h"
#include "bundle/reach.h"
#include "registry/bundle.h"
#include "registry/condemned.h"
#include "registry/registry.h"
#include <locale.h>

static void packaging_clear(struct packaging *packaging)
{
    for (size_t i = 0; packaging->real && i < packaging->project.path_count; i++)
        free(packaging->real[i]);
    free(packaging->real);
    project_clear(&packaging->project);
    walk_clear(&packaging->walk);
    ignore_free(packaging->ignore);
    lock_clear(&packaging->lock);
    git_state_clear(&packaging->git);
    stat_cache_close(packaging->cache);
    manifest_clear(&packaging->previous);
    store_writer_abort(packaging->writer);
}

/* What is published must be readable: the rules for reading hold for writing. */
static int check_readable(const struct buffer *text, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    if (text->length > MANIFEST_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the manifest would be larger than %u MiB",
                          MANIFEST_MAX >> 20);
    if (manifest_parse(text->data, text->length, &manifest, err) == MLOPS_OK)
        return MLOPS_OK;
    mlops_wrap(err, "this folder cannot be packaged");
    return (int)(err->code = MLOPS_INVALID);
}

/* What is left to do when all files are in the store. Each of it takes all files once more, so it
 * is done two and two. */
struct finishing {
    struct packaging *packaging;
    struct mlops_package *package;
    cJSON *manifest; /* but for its files */
    struct buffer text;
    struct digest digest; /* of the text */
    bool gone;
    struct mlops_error unremembered;
};

static void finishing_clear(struct finishing *finishing)
{
    json_free(&finishing->manifest);
    buffer_clear(&finishing->text);
}

static int take_manifest(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct finishing *finishing = context;
    const struct buffer *text = &finishing->text;
    (void)worker;
    if (index == 1)
        return check_readable(text, err);
    return store_writer_add(finishing->packaging->writer, text->data, text->length,
                            &finishing->digest, err);
}

static int write_manifest(void *context, struct mlops_error *err)
{
    struct finishing *finishing = context;
    package_list_files(finishing->packaging, finishing->manifest);
    TRY(json_write_canonical(finishing->manifest, &finishing->text, err));
    TRY(pool_run(2, take_manifest, finishing, err));
    bundle_id_format(&finishing->digest, finishing->package->bundle);
    return MLOPS_OK;
}

static int look_again(void *context, struct mlops_error *err)
{
    const struct finishing *finishing = context;
    return package_check_unchanged(finishing->packaging, err);
}

static int publish(void *context, struct mlops_error *err)
{
    struct finishing *finishing = context;
    struct packaging *packaging = finishing->packaging;
    return bundle_publish(packaging->registry, TAKE_PTR(packaging->writer), packaging->round,
                          packaging->registers, &finishing->text, finishing->package,
                          &finishing->gone, err);
}

static int remember(void *context, struct mlops_error *err)
{
    struct finishing *finishing = context;
    (void)err; /* that it cannot be is no failure of this time */
    (void)package_remember(finishing->packaging, finishing->package, &finishing->unremembered);
    return MLOPS_OK;
}

static int finish(struct packaging *packaging, struct mlops_package *package, bool *gone,
                  struct mlops_error *err)
{
    _cleanup_(finishing_clear) struct finishing finishing = {
        .packaging = packaging, .package = package, .manifest = xcheck(cJSON_CreateObject())};
    TRY(package_manifest(packaging, finishing.manifest, err));
    if (json_find_long(finishing.manifest, MANIFEST_TEXT_MAX))
        return mlops_fail(err, MLOPS_INVALID, "a text in the manifest is longer than 1 MiB");
    TRY(pool_both(write_manifest, look_again, &finishing, err));
    TRY(pool_both(publish, remember, &finishing, err));
    *gone = finishing.gone;
    if (finishing.unremembered.code)
        registry_warn(packaging->registry,
                      "what the files look like is not remembered, so that the next time they are "
                      "read again: %s",
                      finishing.unremembered.message);
    return MLOPS_OK;
}

/* The id must not depend on the locale of the program that calls us: a decimal comma would change
 * what "0.5" in a parameter file means. */
struct c_locale {
    locale_t ours, before;
};

static void c_locale_enter(struct c_locale *locale)
{
    locale->ours = newlocale(LC_ALL_MASK, "C", NULL);
    locale->before = uselocale(locale->ours);
}

static void c_locale_leave(struct c_locale *locale)
{
    uselocale(locale->before);
    if (locale->ours)
        freelocale(locale->ours);
}

/* What the project file says, and what is said here. */
static int resolve_lineage(struct packaging *packaging, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    const struct mlops_package_options *options = packaging->options;
    TRY(lineage_resolve(packaging->registry, (const char *const *)project->parents, project->run,
                        PROJECT_FILE ": lineage: parents:", &packaging->lineage, err));
    return lineage_resolve(packaging->registry, options->parents, options->run, "--parent",
                           &packaging->lineage, err);
}

/* Data that is not packaged is not in the walk, whose looks stand for all content. */
static bool has_external(const struct project *project)
{
    for (size_t i = 0; i < project->data_count; i++)
        if (project->data[i].external)
            return true;
    return false;
}

static int package_once(struct mlops_registry *registry,
                        const struct mlops_package_options *options,
                        const struct package_source *source, struct mlops_package *package,
                        bool *gone, struct mlops_error *err)
{
    _cleanup_(packaging_clear) struct packaging packaging = {
        .registry = registry,
        .root = options->directory ? options->directory : ".",
        .options = options,
        .source = source,
        .registers = options->registers,
    };
    packaging.walk.root = packaging.root;
    packaging.ignore = ignore_new(packaging.root);
    packaging.walk.ignore = source && source->git ? NULL : packaging.ignore;
    struct store *store;
    bool unchanged;
    *package = (struct mlops_package){0};
    *gone = false;
    TRY(package_read_project(&packaging, err));
    TRY(resolve_lineage(&packaging, err));
    str_copy(package->model, sizeof(package->model), packaging.project.model);
    TRY(package_collect(&packaging, err));
    if (source && source->git)
        git_state_copy(source->git, &packaging.git);
    else if (!options->no_git)
        git_capture(registry, packaging.root, packaging.ignore, &packaging.git);
    if (options->requires_clean)
        TRY(git_require_clean(&packaging.git, err));
    packaging.cache = stat_cache_open(registry, source ? "import" : "package",
                                      source && source->place ? source->place : packaging.root);
    TRY(package_make_key(&packaging, err));
    if (!options->afresh && !has_external(&packaging.project)) {
        TRY(package_find_unchanged(&packaging, package, &unchanged, err));
        if (unchanged)
            return MLOPS_OK;
    }
    TRY(registry_store(registry, &store, err));
    TRY(condemned_round(registry, &packaging.round, err));
    TRY(store_writer_begin(store, &packaging.writer, err));
    TRY(package_store_files(&packaging, package, err));
    TRY(package_store_patch(&packaging, err));
    return finish(&packaging, package, gone, err);
}

int package_folder(struct mlops_registry *registry, const struct mlops_package_options *options,
                   const struct package_source *source, struct mlops_package *package,
                   struct mlops_error *err)
{
    int64_t from = clock_monotonic_ns();
    _cleanup_(c_locale_leave) struct c_locale locale;
    c_locale_enter(&locale);
    bool gone = true;
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++)
        TRY(package_once(registry, options, source, package, &gone, err));
    if (gone)
        return reach_fail(err);
    if (package->created)
        version_announced(registry, &package->version);
    package->seconds = (double)(clock_monotonic_ns() - from) / 1e9;
    return MLOPS_OK;
}

int mlops_package_directory(struct mlops_registry *registry,
                            const struct mlops_package_options *options,
                            struct mlops_package *package, struct mlops_error *err)
{
    return package_folder(registry, options, NULL, package, err);
}

int mlops_package_check(struct mlops_registry *registry,
                        const struct mlops_package_options *options, struct mlops_package *package,
                        struct mlops_error *err)
{
    struct mlops_package_options afresh = *options;
    struct mlops_package first;
    afresh.afresh = true;
    afresh.registers = false;
    TRY(package_folder(registry, &afresh, NULL, &first, err));
    TRY(package_folder(registry, &afresh, NULL, package, err));
    if (str_equal(first.bundle, package->bundle)) {
        package->new_bytes += first.new_bytes;
        package->seconds += first.seconds;
        return options->registers ? package_folder(registry, options, NULL, package, err)
                                  : MLOPS_OK;
    }
    mlops_fail(err, MLOPS_REFUSED,
               "the folder was packaged twice and gave two bundles: %.23s… and "
               "%.23s…",
               first.bundle, package->bundle);
    return mlops_hint(err, "something writes to it: 'mlops diff %.23s %.23s' says where",
                      first.bundle, package->bundle);
}
