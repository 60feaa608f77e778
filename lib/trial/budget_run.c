/* lib/trial/budget_run.c - a model's size and latency held against its budgets. */
#include "trial/budget_run.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/manifest.h"
#include "stats/order.h"
#include "trial/asker.h"
#include "trial/ending.h"
#include "trial/environment.h"
#include "trial/output.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define TAIL_BYTES 4000 /* of what it prints to its standard error, kept */

struct budget_run {
    char *folder; /* of its own, in the suite's */
    struct requests requests;
    struct asker *asker;
    struct supervision *supervision;
    uint64_t wanted; /* requests in all */
    bool ended;      /* the command has */
};

bool budget_run_is_due(const struct trial *trial)
{
    return trial->suite->budgets.count > 0 && trial->result->status == MLOPS_SUITE_PASSED;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void add_metric(struct mlops_suite_result *result, const char *name, double value,
                       const struct interval *interval)
{
    result->metrics = xrealloc(result->metrics, result->metric_count + 1, sizeof(*result->metrics));
    struct mlops_metric *metric = &result->metrics[result->metric_count++];
    *metric = (struct mlops_metric){.value = value,
                                    .low = interval->low,
                                    .high = interval->high,
                                    .confidence = interval->confidence,
                                    .method = interval_method_name(interval->method)};
    str_copy(metric->name, sizeof(metric->name), name);
}

static void add_verdict(const struct trial *trial, const struct budget *budget, bool met,
                        char *detail)
{
    struct mlops_suite_result *result = trial->result;
    result->requirements = xrealloc(result->requirements, result->requirement_count + 1,
                                    sizeof(*result->requirements));
    struct mlops_requirement_result *judged = &result->requirements[result->requirement_count++];
    *judged = (struct mlops_requirement_result){
        .demand = xstrdup(budget->demand), .detail = detail, .met = met};
    str_copy(judged->metric, sizeof(judged->metric), budget->metric);
    if (met)
        return;
    _cleanup_(free_string) char *before = xstrdup(result->message);
    trial_set_status(trial, MLOPS_SUITE_FAILED, "%s%s%s %s is not met (%s)", before,
                     *before ? "; " : "", budget->metric, budget->demand, detail);
}

/* ---- size ------------------------------------------------------------------------------------ */

static void judge_size(const struct trial *trial, const struct budget *budget)
{
    const struct interval none = interval_none();
    double bytes = (double)manifest_artifact_bytes(trial->manifest);
    bool met;
    char *figures = budget_compare(budget, bytes, &met);
    add_metric(trial->result, BUDGET_SIZE, bytes, &none);
    add_verdict(trial, budget, met, figures);
}

/* ---- latency --------------------------------------------------------------------------------- */

/* "AMD EPYC 7B13, 2 cores": what the figures were found on. */
static char *machine_text(void)
{
    struct mlops_error ignored = {0}; /* without it the processor has no name */
    _cleanup_(buffer_clear) struct buffer text = {0};
    const char *name = NULL;
    if (file_read("/proc/cpuinfo", 1 << 22, &text, &ignored) == MLOPS_OK && text.data)
        name = strstr(text.data, "model name");
    name = name ? strchr(name, ':') : NULL;
    int length = name ? (int)strcspn(name + 2, "\n") : 0;
    return xprintf("%.*s, %ld cores", name ? length : 17, name ? name + 2 : "unknown processor",
                   sysconf(_SC_NPROCESSORS_ONLN));
}

static void judge_latency(const struct trial *trial, const struct budget *budget,
                          const double *seconds, size_t count)
{
    double q = budget_quantile(budget->metric), value = order_quantile(seconds, count, q);
    double confidence =
        budget->confidence > 0 ? budget->confidence : trial->suite->measurement.options.confidence;
    struct interval interval = order_interval(seconds, count, q, confidence);
    double judged = budget->confidence > 0 ? interval.high : value;
    char low[32], high[32];
    bool known = !isnan(interval.low) && !isnan(interval.high);
    if (isnan(judged)) {
        add_verdict(
            trial, budget, false,
            xprintf("%zu requests are too few for an interval at %g %%", count, confidence * 100));
        return;
    }
    bool met;
    _cleanup_(free_string) char *figures = budget_compare(budget, judged, &met);
    _cleanup_(free_string) char *range =
        known ? xprintf(", %s to %s at %g %%", budget_show(budget->metric, interval.low, low),
                        budget_show(budget->metric, interval.high, high), confidence * 100)
              : xstrdup("");
    add_verdict(trial, budget, met,
                xprintf("%s%s: %zu requests, sandbox %s, %s", figures, range, count,
                        mlops_sandbox_level_name(trial->outcome->level), trial->outcome->machine));
}

/* The level of a metric's interval: what a budget of it asks for, else the suite's, `usual`. */
static double confidence_of(const struct budgets *budgets, const char *metric, double usual)
{
    for (size_t i = 0; i < budgets->count; i++)
        if (str_equal(budgets->items[i].metric, metric) && budgets->items[i].confidence > 0)
            return budgets->items[i].confidence;
    return usual;
}

static void add_latencies(const struct trial *trial, const double *seconds, size_t count)
{
    static const char *const names[] = {"latency_p50", "latency_p90", "latency_p99"};
    double usual = trial->suite->measurement.options.confidence;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        double q = budget_quantile(names[i]);
        double confidence = confidence_of(&trial->suite->budgets, names[i], usual);
        struct interval interval = order_interval(seconds, count, q, confidence);
        if (isnan(interval.low) || isnan(interval.high))
            interval = interval_none();
        interval.confidence = confidence < usual || confidence > usual ? confidence : 0;
        add_metric(trial->result, names[i], order_quantile(seconds, count, q), &interval);
    }
}

/* ---- the run --------------------------------------------------------------------------------- */

static int start_command(const struct trial *trial, const struct sandbox *sandbox,
                         struct budget_run *run, struct mlops_error *err)
{
    bool isolated = sandbox->bubblewrap;
    struct conversation conversation = {-1, -1};
    const struct budgets *budgets = &trial->suite->budgets;
    _cleanup_(free_string) char *scratch = path_join(run->folder, "tmp");
    _cleanup_(free_strings) char **environment = environment_make(
        trial->version, trial->suite,
        &(struct environment_places){.home = isolated ? SANDBOX_HOME : NULL,
                                     .scratch = isolated ? "/tmp" : scratch,
                                     .tree = isolated ? SANDBOX_TREE : trial->tree});
    struct supervise_options options = {.sandbox = sandbox,
                                        .workspace = trial->workspace,
                                        .folder = run->folder,
                                        .command = trial->manifest->project.predict_run,
                                        .environment = environment,
                                        .timeout_ns = trial->suite->timeout_ns,
                                        .tail_max = (size_t)2 * TAIL_BYTES,
                                        .conversation = &conversation};
    ending_limits(trial->suite, &options.limits);
    int code = supervise_start(&options, &run->supervision, err);
    if (code == MLOPS_OK)
        return asker_start(&run->requests, &conversation, budgets->warm_up, budgets->requests,
                           &run->asker, err);
    fd_close(&conversation.ask);
    fd_close(&conversation.answer);
    return code;
}

int budget_run_start(const struct trial *trial, const struct sandbox *sandbox, const char *folder,
                     struct budget_run **run, struct mlops_error *err)
{
    const struct budgets *budgets = &trial->suite->budgets;
    struct mlops_error absent = {0};
    *run = NULL;
    for (size_t i = 0; i < budgets->count; i++)
        if (str_equal(budgets->items[i].metric, BUDGET_SIZE))
            judge_size(trial, &budgets->items[i]);
    if (!budgets_have_latency(budgets))
        return MLOPS_OK;
    struct budget_run *made = *run = xcalloc(1, sizeof(*made));
    made->folder = path_join(folder, "predict");
    made->wanted = budgets->warm_up + budgets->requests;
    TRY(directory_make(made->folder, 0700, err));
    int code =
        requests_make(trial->registry, trial->manifest, trial->manifest->project.predict_data,
                      budgets->batch, made->wanted, made->folder, &made->requests, &absent);
    if (code == MLOPS_INVALID || code == MLOPS_NOT_FOUND) {
        trial_set_status(trial, MLOPS_SUITE_ERROR, "no requests can be made: %s", absent.message);
        budget_run_free(TAKE_PTR(*run));
        return MLOPS_OK;
    }
    if (code)
        *err = absent;
    TRY(code);
    trial->outcome->level = sandbox->level;
    trial->outcome->kind = trial->kind;
    return start_command(trial, sandbox, made, err);
}

struct supervision *budget_run_supervision(const struct budget_run *run)
{
    return run->supervision;
}

int budget_run_step(struct budget_run *run, bool *ended, struct mlops_error *err)
{
    if (!run->ended)
        TRY(supervise_step(run->supervision, &run->ended, err));
    /* what stopped answering has yet to end, or to be stopped, for its reason to be known */
    *ended = asker_ended(run->asker) && (run->ended || asker_answered(run->asker) == run->wanted);
    return MLOPS_OK;
}

/* It did not answer all: by how it ended, and how far it came. */
static void tell_unanswered(const struct trial *trial, struct budget_run *run)
{
    const struct supervise_result *ended = supervise_result(run->supervision);
    struct execution_limits limits;
    ending_limits(trial->suite, &limits);
    ending_judge(trial, &limits, ended);
    bool passed = trial->result->status == MLOPS_SUITE_PASSED; /* it ended by itself, with 0 */
    _cleanup_(free_string) char *why = xstrdup(passed ? "it ended" : trial->result->message);
    trial_set_status(trial, passed ? MLOPS_SUITE_FAILED : trial->result->status,
                     "the predict command answered %llu of %llu requests: %s",
                     (unsigned long long)asker_answered(run->asker),
                     (unsigned long long)run->wanted, why);
    free(trial->outcome->tail);
    const struct buffer *tail = &ended->tail;
    trial->outcome->tail = output_tail(tail->data ? tail->data : "", tail->length, TAIL_BYTES);
    free(trial->result->output);
    trial->result->output = xstrdup(trial->outcome->tail);
}

void budget_run_finish(const struct trial *trial, struct budget_run *run)
{
    const struct budgets *budgets = &trial->suite->budgets;
    size_t count;
    if (asker_answered(run->asker) < run->wanted) {
        tell_unanswered(trial, run);
        return;
    }
    const double *seconds = asker_seconds(run->asker, &count);
    trial->outcome->machine = machine_text();
    add_latencies(trial, seconds, count);
    for (size_t i = 0; i < budgets->count; i++)
        if (!str_equal(budgets->items[i].metric, BUDGET_SIZE))
            judge_latency(trial, &budgets->items[i], seconds, count);
    for (size_t i = 0; i < count; i++)
        trial->result->seconds += seconds[i];
}

void budget_run_free(struct budget_run *run)
{
    if (!run)
        return;
    supervise_free(run->supervision); /* first: then nobody answers any more */
    asker_free(run->asker);
    requests_clear(&run->requests);
    free(run->folder);
    free(run);
}
