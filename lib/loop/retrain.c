/* lib/loop/retrain.c - one run: code out, data in, train, package, register, test, promote. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "loop/lease.h"
#include "loop/promotion.h"
#include "loop/run_rows.h"
#include "monitor/assemble.h"
#include "monitor/window.h"
#include "trial/train.h"
#include <errno.h>
#include <fcntl.h>
#include <mlops/bundle.h>
#include <mlops/monitor.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define DAY_NS (86400 * SECOND_NS)
#define COPY_SIZE (1U << 20)

struct retrain {
    struct mlops_registry *registry;
    const struct mlops_retrain_options *options;
    struct mlops_retraining *result;
    const char *stage;
    int64_t since_ns, until_ns, timeout_ns;
    bool has_triggers;
    struct triggers triggers;
    struct manifest manifest;         /* of the version whose code it is */
    const struct manifest_data *data; /* its training snapshot */
    struct workspace workspace;
    const char *status;
};

static void retrain_clear(struct retrain *retrain)
{
    run_guard(retrain->registry, 0, "");
    triggers_clear(&retrain->triggers);
    workspace_remove(&retrain->workspace);
    manifest_clear(&retrain->manifest);
}

static void say(const struct retrain *retrain, char *line)
{
    if (retrain->options->said)
        retrain->options->said(retrain->options->context, line);
    free(line);
}

/* The answer is no, for this reason. */
static int stop(struct retrain *retrain, const char *status, char *message)
{
    retrain->status = status;
    free(retrain->result->message);
    retrain->result->message = message;
    return MLOPS_OK;
}

/* ---- whose code, which events --------------------------------------------------------------- */

static int find_from(struct retrain *retrain, struct mlops_error *err)
{
    const struct mlops_retrain_options *options = retrain->options;
    _cleanup_(free_string) char *ref =
        options->from ? xstrdup(options->from) : xprintf("%s@%s", options->model, retrain->stage);
    TRY(manifest_load(retrain->registry, ref, &retrain->result->from, &retrain->manifest, NULL,
                      err));
    if (!str_equal(retrain->result->from.model, options->model))
        return mlops_fail(err, MLOPS_INVALID, "%s is no version of %s", ref, options->model);
    TRY(manifest_check_files(&retrain->manifest, err));
    const struct project *project = &retrain->manifest.project;
    if (!project->train_run) {
        mlops_fail(err, MLOPS_INVALID, "the project of %s does not say how it is trained", ref);
        return mlops_hint(err, "add 'train: {run: python3 train.py, data: train}' to mlops.yaml");
    }
    retrain->data = training_choose(&retrain->manifest, project->train_data);
    return retrain->data
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID, "which snapshot %s learns from is not said", ref);
}

/* The newest event's second is the last; ranges are of whole seconds, so that they can be said. */
static int find_range(struct retrain *retrain, struct mlops_error *err)
{
    _cleanup_(mlops_monitor_status_clear) struct mlops_monitor_status status = {.from_ns = 0};
    retrain->since_ns = retrain->options->since_ns;
    retrain->until_ns = retrain->options->until_ns;
    if (retrain->options->data || retrain->until_ns)
        return MLOPS_OK;
    TRY(mlops_monitor_status(
        retrain->registry,
        &(struct mlops_monitor_status_options){.model = retrain->options->model, .length_ns = 1},
        &status, err));
    retrain->until_ns = (status.newest_ns / SECOND_NS + 1) * SECOND_NS;
    if (!retrain->since_ns && retrain->options->if_due && retrain->triggers.data_ns)
        retrain->since_ns = retrain->until_ns - retrain->triggers.data_ns / SECOND_NS * SECOND_NS;
    return MLOPS_OK;
}

static char *say_command(const struct retrain *retrain)
{
    const struct mlops_version *from = &retrain->result->from;
    struct buffer text = {0};
    char time[32];
    buffer_printf(&text, "mlops retrain %s --from %s@%llu --stage %s", from->model, from->model,
                  (unsigned long long)from->number, retrain->stage);
    if (retrain->options->data) {
        buffer_printf(&text, " --data %s", retrain->options->data);
        return buffer_steal(&text);
    }
    mlops_time_format(retrain->since_ns, time);
    buffer_printf(&text, " --since %s", time);
    mlops_time_format(retrain->until_ns, time);
    buffer_printf(&text, " --until %s", time);
    return buffer_steal(&text);
}

/* ---- is it due? ----------------------------------------------------------------------------- */

static int count_labelled(struct retrain *retrain, int64_t since_ns, uint64_t *labelled,
                          struct mlops_error *err)
{
    _cleanup_(window_clear) struct window window = {0};
    TRY(windows_merged(retrain->registry,
                       &(struct window_query){.model = retrain->options->model,
                                              .stage = retrain->stage,
                                              .shadow = SHADOW_NOT,
                                              .level = LEVEL_HOUR,
                                              .from_ns = window_start_ns(LEVEL_HOUR, since_ns),
                                              .to_ns = INT64_MAX},
                       &window, err));
    *labelled = window.performance.labelled;
    return MLOPS_OK;
}

static int read_triggers(struct retrain *retrain, struct mlops_error *err)
{
    _cleanup_(mlops_retrain_triggers_clear) struct mlops_retrain_triggers set = {.text = NULL};
    TRY(mlops_retrain_triggers_get(retrain->registry, retrain->options->model, &set, err));
    retrain->has_triggers = set.text;
    return triggers_parse(set.text, &retrain->triggers, err);
}

static int judge_triggers(struct retrain *retrain, char **trigger, struct mlops_error *err)
{
    const struct triggers *triggers = &retrain->triggers;
    _cleanup_(mlops_alert_list_clear) struct mlops_alert_list alerts = {0};
    struct circumstances circumstances = {
        .alerts = &alerts, .stage = retrain->stage, .now_ns = clock_now_ns()};
    const struct mlops_version *from = &retrain->result->from;
    TRY(run_last(retrain->registry, from->model, retrain->stage, &circumstances.last_ns, err));
    if (circumstances.last_ns < from->created_ns)
        circumstances.last_ns = from->created_ns;
    TRY(mlops_alert_list(retrain->registry, from->model, false, &alerts, err));
    if (triggers->labels)
        TRY(count_labelled(retrain, circumstances.last_ns, &circumstances.labelled, err));
    *trigger = triggers_judge(triggers, &circumstances);
    return MLOPS_OK;
}

/* Begin, or say in `message` why not. */
static int begin(struct retrain *retrain, struct mlops_error *err)
{
    _cleanup_(free_string) char *trigger = NULL, *why = NULL;
    struct mlops_retraining *result = retrain->result;
    if (retrain->options->if_due)
        TRY(judge_triggers(retrain, &trigger, err));
    else
        trigger = xstrdup(retrain->options->reason ? retrain->options->reason : "by hand");
    if (!trigger)
        return stop(
            retrain, "",
            xstrdup(retrain->has_triggers ? "no trigger says so" : "there are no triggers"));
    TRY(run_begin(retrain->registry,
                  &(struct run_begin){.limits = &retrain->triggers,
                                      .from = &result->from,
                                      .stage = retrain->stage,
                                      .trigger = trigger,
                                      .lease_ns = LEASE_NS,
                                      .by_hand = !retrain->options->if_due},
                  &result->run, &why, err));
    if (why && !retrain->options->if_due)
        return mlops_fail(err, MLOPS_CONFLICT, "%s cannot be trained now: %s",
                          retrain->options->model, why);
    if (why)
        return stop(retrain, "", TAKE_PTR(why));
    result->trigger = TAKE_PTR(trigger);
    result->due = true;
    return MLOPS_OK;
}

/* ---- data ----------------------------------------------------------------------------------- */

static int copy_file(const char *from, const char *to, struct mlops_error *err)
{
    _cleanup_(fd_close) int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return mlops_fail_errno(err, errno == ENOENT ? MLOPS_NOT_FOUND : MLOPS_IO, errno, "read %s",
                                from);
    _cleanup_(fd_close) int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (out < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write %s", to);
    _cleanup_(free_string) char *bytes = xmalloc(COPY_SIZE);
    for (size_t got = 1; got > 0;) {
        TRY(fd_read_full(in, bytes, COPY_SIZE, &got, err));
        TRY(fd_write_full(out, bytes, got, err));
    }
    return MLOPS_OK;
}

static int assemble_data(struct retrain *retrain, const char *path, struct mlops_error *err)
{
    _cleanup_(training_clear) struct training training = {0};
    struct mlops_retraining *result = retrain->result;
    struct assembled assembled;
    if (!str_ends(path, ".csv")) {
        mlops_fail(err, MLOPS_INVALID, "labelled events make a .csv, and %s learns from %s",
                   result->from.model, retrain->data->path);
        return mlops_hint(err, "give the data with --data FILE");
    }
    TRY(training_read(retrain->registry, retrain->data, &training, err));
    TRY(assemble(retrain->registry,
                 &(struct assemble_options){.model = result->from.model,
                                            .stage = retrain->stage,
                                            .since_ns = retrain->since_ns,
                                            .until_ns = retrain->until_ns,
                                            .training = &training,
                                            .csv = &retrain->data->csv,
                                            .path = path},
                 &assembled, err));
    result->events = assembled.events;
    result->rows = assembled.rows;
    say(retrain, xprintf("%llu labelled of %llu events", (unsigned long long)assembled.rows,
                         (unsigned long long)assembled.events));
    return MLOPS_OK;
}

static int put_data(struct retrain *retrain, struct mlops_error *err)
{
    struct digest digest;
    _cleanup_(free_string) char *path = path_join(retrain->workspace.tree, retrain->data->path);
    if (unlink(path) != 0 && errno != ENOENT) /* it may be a link to what others use */
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove %s", path);
    if (retrain->options->data)
        TRY(copy_file(retrain->options->data, path, err));
    else
        TRY(assemble_data(retrain, path, err));
    TRY(file_digest(path, &digest, err));
    digest_to_hex(&digest, retrain->result->data_sha256);
    if (retrain->options->data || retrain->result->rows > 0)
        return MLOPS_OK;
    return stop(retrain, "failed", xstrdup("no event of that time has a label"));
}

/* ---- the steps ------------------------------------------------------------------------------ */

static int train(struct retrain *retrain, struct mlops_error *err)
{
    struct mlops_retraining *result = retrain->result;
    struct mlops_suite_result ended = {.seconds = 0};
    int code = train_run(retrain->registry, &retrain->workspace,
                         &(struct train_options){.version = &result->from,
                                                 .command = retrain->manifest.project.train_run,
                                                 .timeout_ns = retrain->timeout_ns,
                                                 .sandbox = retrain->options->sandbox},
                         &ended, err);
    if (code == MLOPS_OK) {
        result->seconds = ended.seconds;
        result->trained = ended.status == MLOPS_SUITE_PASSED;
        if (!result->trained)
            (void)stop(retrain, "failed",
                       xprintf("training: %s%s%s", ended.message, *ended.output ? ": " : "",
                               ended.output));
        else
            say(retrain, xprintf("trained in %.3g s", ended.seconds));
    }
    suite_result_clear(&ended);
    return code;
}

/* The run as the lineage names it: by what it was made from, so that the same gives the same
 * bundle. */
static char *name_run(const struct retrain *retrain)
{
    const struct mlops_retraining *result = retrain->result;
    _cleanup_(free_string) char *inputs =
        xprintf("%s\n%s\n%s", result->from.bundle, result->data_sha256,
                retrain->manifest.project.train_run);
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    sha256_of(inputs, strlen(inputs), &digest);
    digest_to_hex(&digest, hex);
    return xprintf("retrain-%.16s", hex);
}

static int package(struct retrain *retrain, struct mlops_error *err)
{
    struct mlops_retraining *result = retrain->result;
    struct mlops_package made;
    _cleanup_(free_string) char *parent = xprintf("%s@%llu", result->from.model,
                                                  (unsigned long long)result->from.number),
                                *run = name_run(retrain);
    const char *const parents[] = {parent, NULL};
    int code = mlops_package_directory(
        retrain->registry,
        &(struct mlops_package_options){.directory = retrain->workspace.tree,
                                        .registers = true,
                                        .parents = parents,
                                        .run = run,
                                        .no_git = true},
        &made, err);
    if (code == MLOPS_INVALID || code == MLOPS_NOT_FOUND ||
        code == MLOPS_REFUSED) /* what it left is no project */
        return stop(retrain, "failed", xprintf("package: %s", err->message));
    TRY(code);
    result->version = made.version;
    result->created = made.created;
    say(retrain, xprintf("registered as %s@%llu", made.version.model,
                         (unsigned long long)made.version.number));
    return MLOPS_OK;
}

static int test(struct retrain *retrain, struct mlops_error *err)
{
    struct mlops_retraining *result = retrain->result;
    struct mlops_test_report report;
    struct buffer failed = {0};
    _cleanup_(free_string) char *ref =
        xprintf("%s@%llu", result->version.model, (unsigned long long)result->version.number);
    TRY(mlops_test(retrain->registry, ref,
                   &(struct mlops_test_options){.sandbox = retrain->options->sandbox}, &report,
                   err));
    result->tested = report.passed;
    for (size_t i = 0; i < report.suite_count; i++)
        if (report.suites[i].status != MLOPS_SUITE_PASSED)
            buffer_printf(&failed, "%s%s: %s", failed.length ? "; " : "", report.suites[i].name,
                          report.suites[i].message);
    if (result->tested)
        say(retrain, xprintf("passed its %zu suite%s", report.suite_count,
                             report.suite_count == 1 ? "" : "s"));
    else
        (void)stop(retrain, "failed", xprintf("tests: %s", failed.data ? failed.data : ""));
    buffer_clear(&failed);
    mlops_test_report_clear(&report);
    return MLOPS_OK;
}

static int promote(struct retrain *retrain, struct mlops_error *err)
{
    struct mlops_retraining *result = retrain->result;
    _cleanup_(free_string) char *refused = NULL,
                                *reason = xprintf("retrained: %s", result->trigger);
    TRY(promote_far(retrain->registry,
                    &(struct promotion_goal){
                        .version = &result->version, .stage = retrain->stage, .reason = reason},
                    result->reached, &refused, err));
    result->promoted = str_equal(result->reached, retrain->stage);
    if (*result->reached)
        say(retrain, xprintf("promoted to %s", result->reached));
    retrain->status = "promoted";
    return result->promoted ? MLOPS_OK
                            : stop(retrain, "refused", xstrdup(refused ? refused : "not promoted"));
}

/* Each step only where the one before said yes. */
static int run_steps(struct retrain *retrain, struct mlops_error *err)
{
    struct mlops_retraining *result = retrain->result;
    retrain->status = "tested";
    TRY(workspace_make(retrain->registry, &retrain->manifest, &retrain->workspace, err));
    TRY(put_data(retrain, err));
    if (!*result->message)
        TRY(train(retrain, err));
    if (result->trained)
        TRY(package(retrain, err));
    if (result->version.number)
        TRY(test(retrain, err));
    if (result->tested && !retrain->options->no_promote)
        TRY(promote(retrain, err));
    return MLOPS_OK;
}

/* ---- the record ----------------------------------------------------------------------------- */

static int record(struct retrain *retrain, struct mlops_error *err)
{
    struct mlops_retraining *result = retrain->result;
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    json_add_u64(detail, "run", result->run);
    json_add_string(detail, "command", result->command);
    json_add_string(detail, "trigger", result->trigger);
    json_add_string(detail, "train", retrain->manifest.project.train_run);
    json_add_string(detail, "data_sha256", result->data_sha256);
    json_add_u64(detail, "events", result->events);
    json_add_u64(detail, "rows", result->rows);
    json_add_number(detail, "seconds", result->seconds);
    json_add_string(detail, "reached", result->reached);
    TRY(json_write_canonical(detail, &text, err));
    return run_end(retrain->registry, result->run, &result->from, &result->version, retrain->status,
                   result->message, text.data, err);
}

/* What ends without its place leaves no record: who took the place has written one. */
static int run_in_place(struct retrain *retrain, struct mlops_error *err)
{
    const struct mlops_retraining *result = retrain->result;
    struct mlops_error trouble = {0};
    struct lease lease = {.started = false};
    run_guard(retrain->registry, result->run, result->from.model);
    int code = lease_start(&lease, retrain->registry, result->run, LEASE_NS, err);
    if (code == MLOPS_OK)
        code = run_steps(retrain, err);
    int ended = lease_end(&lease, &trouble);
    if (ended) { /* what stopped a step */
        code = ended;
        *err = trouble;
    }
    if (code)
        (void)stop(retrain, "failed", xstrdup(err->message));
    trouble = (struct mlops_error){0};
    int recorded = record(retrain, &trouble); /* also where a step failed: the place becomes free */
    if (recorded == MLOPS_CONFLICT)
        mlops_hint(&trouble,
                   "a run that says nothing for %d minutes is taken for dead: was the process "
                   "stopped, the machine asleep, or the registry out of reach?",
                   (int)(LEASE_NS / 60 / SECOND_NS));
    if (recorded && (code == MLOPS_OK || recorded == MLOPS_CONFLICT)) {
        code = recorded;
        *err = trouble;
    }
    return code;
}

static int retrain_all(struct retrain *retrain, struct mlops_error *err)
{
    TRY(find_from(retrain, err));
    TRY(read_triggers(retrain, err));
    TRY(find_range(retrain, err));
    retrain->result->command = say_command(retrain);
    TRY(begin(retrain, err));
    if (!retrain->result->due)
        return MLOPS_OK;
    say(retrain,
        xprintf("training %s from @%llu: %s", retrain->result->from.model,
                (unsigned long long)retrain->result->from.number, retrain->result->trigger));
    return run_in_place(retrain, err);
}

int mlops_retrain(struct mlops_registry *registry, const struct mlops_retrain_options *options,
                  struct mlops_retraining *retraining, struct mlops_error *err)
{
    _cleanup_(retrain_clear) struct retrain retrain = {
        .registry = registry,
        .options = options,
        .result = retraining,
        .stage = options->stage ? options->stage : "production",
        .timeout_ns = options->timeout_ns ? options->timeout_ns : DAY_NS,
        .status = ""};
    *retraining = (struct mlops_retraining){.message = xstrdup("")};
    int code = retrain_all(&retrain, err);
    if (code)
        mlops_retraining_clear(retraining);
    return code;
}

void mlops_retraining_clear(struct mlops_retraining *retraining)
{
    free(retraining->trigger);
    free(retraining->message);
    free(retraining->command);
    *retraining = (struct mlops_retraining){.due = false};
}
