/* lib/release/gate_time.c - how long, and when: the time in an earlier stage, change windows,
 * freezes. */
#include "base/json.h"
#include "release/gate.h"
#include "release/health.h"
#include "release/vouched.h"
#include <mlops/text.h>
#include <stdio.h>

/* Since when the stage `from` holds the version, by the log; `*since_ns` 0: it does not. */
static int held_since(const struct gate_context *context, const char *from, int64_t *since_ns,
                      struct mlops_error *err)
{
    static const char *const moves[] = {"promote", "rollback"};
    uint64_t newest = 0;
    *since_ns = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(moves); i++) {
        _cleanup_(json_free) cJSON *entry = NULL;
        bool found;
        TRY(log_view_newest(context->view,
                            &(struct log_query){.action = moves[i],
                                                .model = context->version->model,
                                                .stage = from},
                            &entry, &found, err));
        if (!found || json_u64(entry, "index", 0) + 1 < newest)
            continue;
        newest = json_u64(entry, "index", 0) + 1;
        *since_ns = json_u64(entry, "version", 0) == context->version->number
                        ? entry_time_ns(entry)
                        : 0;
    }
    return MLOPS_OK;
}

static int judge_health(const struct gate_context *context, int64_t since_ns,
                        struct wrongs *wrongs, struct mlops_error *err)
{
    const struct policy_from *from = &context->demands->from;
    _cleanup_(health_clear) struct health health = {0};
    if (!from->no_open_alert && !from->predictions)
        return MLOPS_OK;
    TRY(health_read(context->registry, context->version->bundle, from->stage, since_ns,
                    context->now_ns, &health, err));
    if (!health.known)
        wrongs_add(wrongs, "; ", "%s", health.why);
    else if (from->no_open_alert && health.open_alerts)
        wrongs_add(wrongs, "; ", "%llu open %s there: %s",
                   (unsigned long long)health.open_alerts,
                   health.open_alerts == 1 ? "alert" : "alerts", health.alerts);
    if (health.known && health.predictions < from->predictions)
        wrongs_add(wrongs, "; ", "%llu of %llu predictions there",
                   (unsigned long long)health.predictions, (unsigned long long)from->predictions);
    return MLOPS_OK;
}

int gate_soak(const struct gate_context *context, struct mlops_gate_result *result,
              struct mlops_error *err)
{
    const struct policy_from *from = &context->demands->from;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    int64_t since_ns;
    TRY(held_since(context, from->stage, &since_ns, err));
    if (!since_ns) {
        result->detail = xprintf("it is not in %s now: run 'mlops promote %s@%llu --to %s'",
                                 from->stage, context->version->model,
                                 (unsigned long long)context->version->number, from->stage);
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *there = duration_text(context->now_ns - since_ns);
    _cleanup_(free_string) char *wanted = duration_text(from->for_ns);
    if (context->now_ns - since_ns < from->for_ns)
        wrongs_add(&wrongs, "; ", "in %s for %s of %s", from->stage, there, wanted);
    TRY(judge_health(context, since_ns, &wrongs, err));
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = result->passed ? xprintf("in %s for %s", from->stage, there)
                                    : buffer_steal(&wrongs.text);
    return MLOPS_OK;
}

int gate_window(const struct gate_context *context, struct mlops_gate_result *result,
                struct mlops_error *err)
{
    const struct policy_stage *demands = context->demands;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    for (size_t i = 0; i < demands->window_count && !result->passed; i++) {
        _cleanup_(free_string) char *text = window_format(&demands->windows[i]);
        TRY(window_open(&demands->windows[i], context->now_ns, &result->passed, err));
        if (result->passed)
            result->detail = xprintf("open: %s", text);
        else
            wrongs_add(&wrongs, "; ", "%s", text);
    }
    if (result->passed)
        return MLOPS_OK;
    wrongs_end(&wrongs);
    result->detail = xprintf("closed now; open %s", wrongs.text.data);
    return MLOPS_OK;
}

int gate_freeze(const struct gate_context *context, struct mlops_gate_result *result,
                struct mlops_error *err)
{
    const struct freeze *freeze = freeze_find(context->freezes, context->stage);
    char until[48] = "until somebody ends it";
    (void)err;
    result->passed = freeze == NULL;
    if (!freeze)
        return MLOPS_OK;
    if (freeze->until_ns) {
        (void)snprintf(until, sizeof(until), "until ");
        mlops_time_format(freeze->until_ns, until + strlen(until));
    }
    result->detail = xprintf("%s%s%s is frozen by %s %s: %s", *freeze->model ? freeze->model : "everything",
                             *freeze->stage ? "@" : "", freeze->stage, freeze->by, until,
                             freeze->reason);
    return MLOPS_OK;
}
