/* lib/bundle/environment_api.c - captured, checked, compared: the public half of environments. */
#include "base/file.h"
#include "base/json.h"
#include "bundle/environment.h"
#include "environment/compare.h"
#include <mlops/environment.h>
#include <stdio.h>

static int capture_here(const struct mlops_env_options *options, struct captured *captured,
                        struct mlops_error *err)
{
    const struct capture_options here = {.venv = options->venv, .directory = options->directory};
    return capture(&here, captured, err);
}

int mlops_env_capture(const struct mlops_env_options *options, char **json,
                      struct mlops_env_summary *summary, struct mlops_error *err)
{
    _cleanup_(captured_clear) struct captured captured = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(capture_here(options, &captured, err));
    _cleanup_(json_free) cJSON *tree = captured_to_json(&captured);
    TRY(json_write_canonical(tree, &text, err));
    *json = buffer_steal(&text);
    if (!summary)
        return MLOPS_OK;
    *summary = (struct mlops_env_summary){.distributions = captured.packages.count,
                                          .os_packages = captured.os_package_count};
    if (captured.python)
        (void)snprintf(summary->python, sizeof(summary->python), "%s %s",
                       captured.implementation ? captured.implementation : "Python",
                       captured.python);
    return MLOPS_OK;
}

int mlops_env_write(const char *path, const char *text, struct mlops_error *err)
{
    return file_write_durable(path, text, strlen(text), 0644, err);
}

/* The differences become the report's. */
static void fill(struct differences *differences, struct mlops_env_report *report)
{
    report->items = xcalloc(differences->count, sizeof(*report->items));
    report->count = differences->count;
    report->matches = differences->count == 0;
    for (size_t i = 0; i < differences->count; i++) {
        struct difference *from = &differences->items[i];
        report->items[i] =
            (struct mlops_env_difference){.kind = from->kind,
                                          .name = TAKE_PTR(from->name),
                                          .expected = TAKE_PTR(from->expected),
                                          .found = TAKE_PTR(from->found),
                                          .severity = difference_severity_name(from->severity)};
    }
}

void mlops_env_report_clear(struct mlops_env_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->items[i].name);
        free(report->items[i].expected);
        free(report->items[i].found);
    }
    free(report->items);
    *report = (struct mlops_env_report){0};
}

static int check_known(const struct bundle_environment *environment, struct mlops_error *err)
{
    if (environment->lock.format != LOCK_UNKNOWN)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' of %s is no lock file that mlops knows",
                      environment->manifest.project.environment, environment->version.model);
}

int mlops_env_check(struct mlops_registry *registry, const char *ref,
                    const struct mlops_env_check_options *options, struct mlops_env_report *report,
                    struct mlops_error *err)
{
    _cleanup_(environment_clear) struct bundle_environment expected = {0};
    _cleanup_(captured_clear) struct captured found = {0};
    _cleanup_(differences_clear) struct differences differences = {0};
    const struct compare_options how = {.machine = options->all, .extras = options->extras};
    *report = (struct mlops_env_report){0};
    TRY(environment_load(registry, ref, &expected, err));
    bool captured = options->captured || options->all || expected.lock.format == LOCK_CAPTURED;
    if (captured && !expected.is_captured) {
        mlops_fail(err, MLOPS_NOT_FOUND, "'%s' has a lock file, and no captured environment", ref);
        return mlops_hint(err, "leave --captured and --all away, or package one: 'mlops env "
                               "capture -o environment.json', and 'captured: environment.json' "
                               "under 'environment' in the project file");
    }
    TRY(check_known(&expected, err));
    TRY(capture_here(&options->machine, &found, err));
    if (captured)
        compare_captured(&expected.captured, &found, &how, &differences);
    else
        compare_lock(&expected.lock, &found, &how, &differences);
    report->expected = expected.version;
    fill(&differences, report);
    return MLOPS_OK;
}

int mlops_env_diff(struct mlops_registry *registry, const char *ref, const char *other,
                   struct mlops_env_report *report, struct mlops_error *err)
{
    _cleanup_(environment_clear) struct bundle_environment a = {0}, b = {0};
    _cleanup_(differences_clear) struct differences differences = {0};
    *report = (struct mlops_env_report){0};
    TRY(environment_load(registry, ref, &a, err));
    TRY(environment_load(registry, other, &b, err));
    TRY(check_known(&a, err));
    TRY(check_known(&b, err));
    if (a.lock.format == LOCK_CAPTURED && b.lock.format == LOCK_CAPTURED)
        compare_captured(&a.captured, &b.captured, &(struct compare_options){.machine = true},
                         &differences);
    else
        compare_locks(&a.lock, &b.lock, &differences);
    report->expected = a.version;
    report->found = b.version;
    fill(&differences, report);
    return MLOPS_OK;
}
