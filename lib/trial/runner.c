/* lib/trial/runner.c - one suite: its command in a workspace, then its predictions judged. */
#include "trial/runner.h"
#include "base/path.h"
#include "base/process.h"
#include "bundle/judge.h"
#include "registry/registry.h"
#include "trial/predictions.h"
#include "trial/workspace.h"
#include <signal.h>
#include <unistd.h>

#define SHOWN_BYTES 4000 /* of a suite's output, the end */

/* What a suite sees of the caller's environment (docs/testing.md); the rest would make its result
 * depend on who runs it. */
static char **make_environment(const struct mlops_version *version, const char *suite)
{
    static const char *const kept[] = {
        "PATH",     "HOME", "USER",        "LANG",         "TMPDIR",          "LC_ALL",
        "LC_CTYPE", "TZ",   "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "PYTHONPATH"};
    char **environment = xcalloc(ARRAY_LENGTH(kept) + 6, sizeof(*environment));
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        const char *value = getenv(kept[i]);
        if (value)
            environment[count++] = xprintf("%s=%s", kept[i], value);
    }
    environment[count++] = xprintf("MLOPS_MODEL=%s", version->model);
    environment[count++] = xprintf("MLOPS_VERSION=%llu", (unsigned long long)version->number);
    environment[count++] = xprintf("MLOPS_SUITE=%s", suite);
    environment[count++] = xstrdup("PYTHONDONTWRITEBYTECODE=1");
    environment[count++] = xstrdup("PYTHONHASHSEED=0");
    return environment;
}

static void set_status(struct mlops_suite_result *result, enum mlops_suite_status status,
                       char *message)
{
    result->status = status;
    free(result->message);
    result->message = message;
}

/* What the end of the command says. */
static void judge_process(const struct process_result *process, const struct project_suite *suite,
                          struct mlops_suite_result *result)
{
    result->seconds = (double)process->wall_ns / 1e9;
    if (process->timed_out)
        set_status(
            result, MLOPS_SUITE_TIMEOUT,
            xprintf("stopped after its time limit of %g s", (double)suite->timeout_ns / 1e9));
    else if (process->signal)
        set_status(result, MLOPS_SUITE_FAILED,
                   xprintf("ended by signal %d (%s)", process->signal, strsignal(process->signal)));
    else if (process->exit_status == 127 || process->exit_status == 126)
        set_status(
            result, MLOPS_SUITE_ERROR,
            xprintf("the command cannot be run (exit %d): %s", process->exit_status, suite->run));
    else if (process->exit_status != 0)
        set_status(result, MLOPS_SUITE_FAILED, xprintf("exit status %d", process->exit_status));
    if (result->status == MLOPS_SUITE_PASSED)
        return;
    const char *output = process->output.data ? process->output.data : "";
    size_t length = process->output.length;
    size_t from = length > SHOWN_BYTES ? length - SHOWN_BYTES : 0;
    while (from > 0 && from < length && output[from - 1] != '\n')
        from++; /* whole lines */
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (size_t i = from; i < length; i++) /* what goes into evidence is text */
        buffer_putc(&text, output[i] ? output[i] : ' ');
    if (!utf8_valid(text.data ? text.data : "", text.length))
        for (size_t i = 0; i < text.length; i++)
            if ((unsigned char)text.data[i] >= 0x80)
                text.data[i] = '?';
    free(result->output);
    result->output = buffer_steal(&text);
}

static void copy_metrics(const struct metric_list *metrics, struct mlops_suite_result *result)
{
    result->metrics = xcalloc(metrics->count, sizeof(*result->metrics));
    result->metric_count = metrics->count;
    for (size_t i = 0; i < metrics->count; i++) {
        str_copy(result->metrics[i].name, sizeof(result->metrics[i].name), metrics->items[i].name);
        result->metrics[i].value = metrics->items[i].value;
    }
}

static int judge_requirements(struct mlops_registry *registry, const struct mlops_version *version,
                              const struct project_suite *suite, const struct metric_list *metrics,
                              struct mlops_suite_result *result, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer missed = {0};
    result->requirements = xcalloc(suite->require_count, sizeof(*result->requirements));
    for (size_t i = 0; i < suite->require_count; i++) {
        const struct project_requirement *required = &suite->require[i];
        struct mlops_requirement_result *judged = &result->requirements[i];
        struct judgement judgement;
        TRY(judge_requirement(registry, version, suite->name, required, metrics, &judgement, err));
        str_copy(judged->metric, sizeof(judged->metric), required->metric);
        judged->demand = xstrdup(required->demand);
        judged->detail = judgement.detail;
        judged->met = judgement.met;
        result->requirement_count++;
        if (!judged->met)
            buffer_printf(&missed, "%s%s %s is not met (%s)", missed.length ? "; " : "",
                          required->metric, required->demand, judged->detail);
    }
    if (missed.length > 0)
        set_status(result, MLOPS_SUITE_FAILED, buffer_steal(&missed));
    return MLOPS_OK;
}

static int judge_predictions(struct mlops_registry *registry, const struct mlops_version *version,
                             const struct project_suite *suite, const char *tree,
                             struct mlops_suite_result *result, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(tree, suite->predictions);
    _cleanup_(metric_list_clear) struct metric_list metrics = {0};
    struct mlops_error unreadable = {0};
    char resolved[4096], top[4096];
    /* A suite may have made a link of it: what is judged lies in its own folder. */
    if (realpath(path, resolved) && realpath(tree, top) &&
        (!str_starts(resolved, top) || resolved[strlen(top)] != '/')) {
        set_status(result, MLOPS_SUITE_ERROR,
                   xprintf("'%s' leads out of the suite's folder", suite->predictions));
        return MLOPS_OK;
    }
    if (predictions_measure(path, suite, &metrics, &unreadable)) {
        /* the private folder's name says nothing to the reader */
        const char *message = unreadable.message, *at = strstr(message, tree);
        set_status(result, MLOPS_SUITE_ERROR,
                   at ? xprintf("%.*s%s", (int)(at - message), message, at + strlen(tree) + 1)
                      : xstrdup(message));
        return MLOPS_OK;
    }
    copy_metrics(&metrics, result);
    return judge_requirements(registry, version, suite, &metrics, result, err);
}

static int run_in(struct mlops_registry *registry, const struct mlops_version *version,
                  const struct project_suite *suite, const char *tree,
                  struct mlops_suite_result *result, struct mlops_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", suite->run, NULL};
    _cleanup_(free_strings) char **environment = make_environment(version, suite->name);
    _cleanup_(process_result_clear) struct process_result process = {0};
    struct process_options options = {.argv = argv,
                                      .directory = tree,
                                      .environment = (const char *const *)environment,
                                      .timeout_ns = suite->timeout_ns,
                                      .observer = registry_observer(registry)};
    TRY(process_run(&options, &process, err));
    judge_process(&process, suite, result);
    if (result->status != MLOPS_SUITE_PASSED || !str_equal(suite->kind, "performance"))
        return MLOPS_OK;
    return judge_predictions(registry, version, suite, tree, result, err);
}

int suite_run(struct mlops_registry *registry, const struct mlops_version *version,
              const struct manifest *manifest, const struct project_suite *suite,
              struct mlops_suite_result *result, struct mlops_error *err)
{
    _cleanup_(workspace_remove) struct workspace workspace = {0};
    TRY(workspace_make(registry, manifest, &workspace, err));
    result->status = MLOPS_SUITE_PASSED;
    return run_in(registry, version, suite, workspace.tree, result, err);
}

void suite_result_clear(struct mlops_suite_result *result)
{
    free(result->metrics);
    for (size_t i = 0; i < result->requirement_count; i++) {
        free(result->requirements[i].demand);
        free(result->requirements[i].detail);
    }
    free(result->requirements);
    free(result->message);
    free(result->output);
    *result = (struct mlops_suite_result){0};
}
