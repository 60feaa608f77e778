/*
 * lib/loop/watch.c - the service: events taken in by one thread, everything else on a tick of
 * another.
 */
#include "base/buffer.h"
#include "base/clock.h"
#include "loop/answer.h"
#include "monitor/metrics_server.h"
#include "registry/registry.h"
#include <mlops/openmetrics.h>
#include <mlops/retrain.h>
#include <mlops/watch.h>
#include <mlops/webhook.h>
#include <pthread.h>
#include <stdatomic.h>

#define TICK_NS 10000000000LL
#define LOOK_NS 50000000LL /* as often it is asked whether to stop */
#define DELIVER_NS 5000000000LL

/* The thread that takes events in, with a handle of its own. */
struct intake {
    struct mlops_registry *registry;
    struct mlops_monitor_ingest_options options;
    struct mlops_monitor_counts counts;
    struct mlops_error err;
    int code;
    pthread_t thread;
    bool runs;
    atomic_bool stop, ended;
};

/* The thread that trains, with a handle of its own. */
struct trainer {
    struct watch *watch;
    struct mlops_registry *registry;
    struct mlops_retrain_decision decision;
    struct mlops_retraining result;
    struct mlops_error err;
    int code;
    pthread_t thread;
    bool runs;
    atomic_bool stop, ended;
};

struct watch {
    struct mlops_registry *registry;
    const struct mlops_watch_options *options;
    const char *stage;
    struct mlops_watched *watched;
    struct metrics_server *server;
    struct intake intake;
    struct trainer trainer;
    pthread_mutex_t saying;
    char *trouble; /* that was warned of last; NULL: all is well */
};

static void say(struct watch *watch, const char *line)
{
    if (!watch->options->said)
        return;
    (void)pthread_mutex_lock(&watch->saying);
    watch->options->said(watch->options->context, line);
    (void)pthread_mutex_unlock(&watch->saying);
}

/* ---- taking events in ----------------------------------------------------------------------- */

static bool intake_stopped(void *context)
{
    return atomic_load(&((struct intake *)context)->stop);
}

static void *take_in(void *context)
{
    struct intake *intake = context;
    intake->code =
        mlops_monitor_ingest(intake->registry, &intake->options, &intake->counts, &intake->err);
    atomic_store(&intake->ended, true);
    return NULL;
}

static int start_intake(struct watch *watch, struct mlops_error *err)
{
    const struct mlops_watch_options *options = watch->options;
    struct intake *intake = &watch->intake;
    if (!options->path && !options->events)
        return MLOPS_OK;
    intake->options = (struct mlops_monitor_ingest_options){
        .model = options->model,
        .path = options->path,
        .listen = options->events,
        .token = options->token,
        .follow = options->path && !str_equal(options->path, "-")};
    const struct mlops_observer observer = {.context = intake, .cancelled = intake_stopped};
    TRY(registry_open_again(watch->registry, &observer, 0, &intake->registry, err));
    if (pthread_create(&intake->thread, NULL, take_in, intake) != 0)
        return mlops_fail(err, MLOPS_IO, "no thread can be started");
    intake->runs = true;
    return MLOPS_OK;
}

/* What it took in is committed before this returns. */
static int stop_intake(struct watch *watch, struct mlops_error *err)
{
    struct intake *intake = &watch->intake;
    if (intake->runs) {
        atomic_store(&intake->stop, true);
        (void)pthread_join(intake->thread, NULL);
        intake->runs = false;
    }
    mlops_registry_close(TAKE_PTR(intake->registry));
    watch->watched->events = intake->counts;
    if (intake->code && intake->code != MLOPS_CANCELLED) {
        *err = intake->err;
        return mlops_wrap(err, "take events in");
    }
    return MLOPS_OK;
}

/* Once, until it is another or over: a tick comes every few seconds. */
static void warn_once(struct watch *watch, const char *what, const struct mlops_error *trouble)
{
    _cleanup_(free_string) char *text = xprintf("%s: %s", what, trouble->message);
    if (watch->trouble && str_equal(watch->trouble, text))
        return;
    registry_warn(watch->registry, "%s", text);
    free(watch->trouble);
    watch->trouble = TAKE_PTR(text);
}

/* ---- training ------------------------------------------------------------------------------- */

static bool trainer_stopped(void *context)
{
    return atomic_load(&((struct trainer *)context)->stop);
}

static void trainer_said(void *context, const char *line)
{
    say(((struct trainer *)context)->watch, line);
}

/* What waits from an earlier run first: it may be the answer. */
static void *run_training(void *context)
{
    struct trainer *trainer = context;
    const struct watch *watch = trainer->watch;
    const struct mlops_retrain_decide_options decide = {
        .model = watch->options->model, .stage = watch->stage, .if_due = true};
    const struct mlops_retrain_options retrain = {.model = watch->options->model,
                                                  .stage = watch->stage,
                                                  .if_due = true,
                                                  .said = trainer_said,
                                                  .context = trainer};
    trainer->code =
        mlops_retrain_decide(trainer->registry, &decide, &trainer->decision, &trainer->err);
    if (trainer->code == MLOPS_OK)
        trainer->code = mlops_retrain(trainer->registry, &retrain, &trainer->result, &trainer->err);
    atomic_store(&trainer->ended, true);
    return NULL;
}

static void say_decision(struct watch *watch, const struct mlops_retrain_decision *decision)
{
    if (!decision->due)
        return;
    _cleanup_(free_string) char *line = xprintf(
        "compared: version %llu %s%s: %s", (unsigned long long)decision->version.number,
        *decision->reached ? "is in " : "is not let in", decision->reached, decision->message);
    watch->watched->decisions++;
    say(watch, line);
}

/* Wait for the one that ended, or is to stop, and say what came of it. */
static void end_training(struct watch *watch)
{
    struct trainer *trainer = &watch->trainer;
    if (!trainer->runs)
        return;
    (void)pthread_join(trainer->thread, NULL);
    trainer->runs = false;
    mlops_registry_close(TAKE_PTR(trainer->registry));
    say_decision(watch, &trainer->decision);
    mlops_retrain_decision_clear(&trainer->decision);
    if (trainer->code) {
        if (trainer->err.code != MLOPS_CANCELLED)
            warn_once(watch, "retrain", &trainer->err);
        return;
    }
    if (trainer->result.due) {
        _cleanup_(free_string) char *line = xprintf(
            "retrained: version %llu%s%s%s%s", (unsigned long long)trainer->result.version.number,
            *trainer->result.reached ? " is in " : "", trainer->result.reached,
            *trainer->result.message ? ": " : "", trainer->result.message);
        watch->watched->trainings++;
        say(watch, line);
    }
    mlops_retraining_clear(&trainer->result);
}

/* Whether it is due, and whether it may, mlops_retrain decides. */
static int begin_training(struct watch *watch, struct mlops_error *err)
{
    struct trainer *trainer = &watch->trainer;
    *trainer = (struct trainer){.watch = watch};
    const struct mlops_observer observer = {.context = trainer, .cancelled = trainer_stopped};
    TRY(registry_open_again(watch->registry, &observer, 0, &trainer->registry, err));
    if (pthread_create(&trainer->thread, NULL, run_training, trainer) != 0) {
        mlops_registry_close(TAKE_PTR(trainer->registry));
        return mlops_fail(err, MLOPS_IO, "no thread can be started");
    }
    trainer->runs = true;
    return MLOPS_OK;
}

static void train_where_due(struct watch *watch)
{
    struct mlops_error trouble = {0};
    if (!watch->options->auto_retrain)
        return;
    if (watch->trainer.runs && !atomic_load(&watch->trainer.ended))
        return;
    end_training(watch);
    if (begin_training(watch, &trouble))
        warn_once(watch, "retrain", &trouble);
}

/* ---- a tick --------------------------------------------------------------------------------- */

static void say_changes(struct watch *watch, const struct mlops_check *check)
{
    for (size_t i = 0; i < check->alerts.count; i++) {
        const struct mlops_alert *alert = &check->alerts.items[i];
        if (!alert->changed)
            continue;
        _cleanup_(free_string) char *line =
            xprintf("%s: %s, %s@%llu in %s: %s%s%s", mlops_alert_state_name(alert->state),
                    alert->rule, alert->model, (unsigned long long)alert->version, alert->stage,
                    alert->what, *alert->cause ? "; moved: " : "", alert->cause);
        watch->watched->opened += alert->state == MLOPS_ALERT_OPEN;
        watch->watched->resolved += alert->state == MLOPS_ALERT_RESOLVED;
        say(watch, line);
    }
}

/* 0: of the clock. */
static int find_time(struct watch *watch, int64_t *at_ns, struct mlops_error *err)
{
    _cleanup_(mlops_monitor_status_clear) struct mlops_monitor_status status = {.from_ns = 0};
    *at_ns = 0;
    if (!watch->options->replay)
        return MLOPS_OK;
    TRY(mlops_monitor_status(
        watch->registry,
        &(struct mlops_monitor_status_options){.model = watch->options->model, .length_ns = 1},
        &status, err));
    *at_ns = status.newest_ns + 1;
    return MLOPS_OK;
}

static int check(struct watch *watch, struct mlops_error *err)
{
    _cleanup_(mlops_check_clear) struct mlops_check check = {.rules = 0};
    _cleanup_(free_string) char *line = NULL;
    int64_t at_ns;
    TRY(find_time(watch, &at_ns, err));
    TRY(mlops_check(watch->registry,
                    &(struct mlops_check_options){
                        .model = watch->options->model, .stage = watch->stage, .at_ns = at_ns},
                    &check, err));
    say_changes(watch, &check);
    if (!watch->options->auto_rollback)
        return MLOPS_OK;
    TRY(answer_by_rollback(watch->registry, watch->stage, &check, &line, err));
    if (line) {
        watch->watched->rollbacks++;
        say(watch, line);
    }
    return MLOPS_OK;
}

/* Gauges of the service itself, before the end of the text. */
static void add_own(const struct watch *watch, bool failed, struct buffer *out)
{
    static const char end[] = "# EOF\n";
    if (out->length >= sizeof(end) - 1)
        out->length -= sizeof(end) - 1;
    buffer_printf(out,
                  "# HELP mlops_watch_check_timestamp_seconds When rules were judged last.\n"
                  "# TYPE mlops_watch_check_timestamp_seconds gauge\n"
                  "mlops_watch_check_timestamp_seconds{model=\"%s\"} %.17g\n"
                  "# HELP mlops_watch_failing 1 while checks fail.\n"
                  "# TYPE mlops_watch_failing gauge\n"
                  "mlops_watch_failing{model=\"%s\"} %d\n%s",
                  watch->options->model, (double)clock_now_ns() / 1e9, watch->options->model,
                  failed, end);
}

static void publish(struct watch *watch, bool failed)
{
    struct mlops_error trouble = {0};
    struct buffer out = {0};
    char *text = NULL;
    if (!watch->server)
        return;
    if (mlops_openmetrics(watch->registry, watch->options->model, 0, &text, &trouble) == MLOPS_OK)
        buffer_puts(&out, text);
    else if (trouble.code != MLOPS_NOT_FOUND) /* no events yet: only our own */
        warn_once(watch, "metrics", &trouble);
    free(text);
    add_own(watch, failed, &out);
    metrics_server_set(watch->server, buffer_steal(&out));
}

static void deliver(struct watch *watch)
{
    const struct mlops_delivery_options options = {.time_ns = DELIVER_NS, .each_ns = DELIVER_NS};
    struct mlops_delivery delivery;
    struct mlops_error trouble = {0};
    if (mlops_webhook_deliver(watch->registry, &options, &delivery, &trouble) &&
        trouble.code != MLOPS_CANCELLED)
        warn_once(watch, "notices are left for later", &trouble);
}

static void tick(struct watch *watch)
{
    struct mlops_error trouble = {0};
    bool failed = check(watch, &trouble) != MLOPS_OK;
    watch->watched->checks++;
    watch->watched->failed_checks += failed;
    if (failed && trouble.code != MLOPS_CANCELLED) {
        warn_once(watch, "check", &trouble);
    } else if (watch->trouble) {
        free(watch->trouble);
        watch->trouble = NULL;
    }
    if (!failed)
        train_where_due(watch);
    publish(watch, failed);
    deliver(watch);
}

static bool is_stopped(const struct watch *watch)
{
    const struct mlops_observer *observer = registry_observer(watch->registry);
    return (observer->cancelled && observer->cancelled(observer->context)) ||
           (watch->intake.runs && atomic_load(&watch->intake.ended));
}

static void run(struct watch *watch)
{
    int64_t tick_ns = watch->options->tick_ns ? watch->options->tick_ns : TICK_NS;
    for (int64_t due_ns = 0; !is_stopped(watch);) {
        if (clock_monotonic_ns() < due_ns) {
            clock_sleep_ns(LOOK_NS);
            continue;
        }
        due_ns = clock_monotonic_ns() + tick_ns;
        tick(watch);
    }
}

static int start(struct watch *watch, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    TRY(mlops_version_list(watch->registry, watch->options->model, &versions, err));
    if (watch->options->listen) {
        TRY(metrics_server_start(watch->options->listen, watch->options->metrics_token,
                                 &watch->server, err));
        _cleanup_(free_string) char *line =
            xprintf("metrics are served at port %u, /metrics", metrics_server_port(watch->server));
        say(watch, line);
    }
    return start_intake(watch, err);
}

int mlops_watch(struct mlops_registry *registry, const struct mlops_watch_options *options,
                struct mlops_watched *watched, struct mlops_error *err)
{
    struct watch watch = {.registry = registry,
                          .options = options,
                          .stage = options->stage ? options->stage : "production",
                          .watched = watched,
                          .saying = PTHREAD_MUTEX_INITIALIZER};
    struct mlops_error trouble = {0};
    *watched = (struct mlops_watched){0};
    int code = start(&watch, err);
    if (code == MLOPS_OK)
        run(&watch);
    bool by_itself = watch.intake.runs && atomic_load(&watch.intake.ended);
    atomic_store(&watch.trainer.stop, true);
    end_training(&watch);
    int ended = stop_intake(&watch, &trouble);
    if (code == MLOPS_OK && ended == MLOPS_OK && by_itself)
        tick(&watch);     /* what came last is judged, too */
    end_training(&watch); /* that the last tick began */
    if (watch.server)
        metrics_server_stop(watch.server);
    free(watch.trouble);
    if (code == MLOPS_OK && ended)
        *err = trouble;
    return code ? code : ended;
}
