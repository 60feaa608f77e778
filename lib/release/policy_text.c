/* lib/release/policy_text.c - a policy as the file that its author might have written. */
#include "release/policy.h"
#include <mlops/trust.h>

static void write_list(struct buffer *out, char *const *texts)
{
    buffer_putc(out, '[');
    for (size_t i = 0; texts[i]; i++) {
        buffer_puts(out, i ? ", " : "");
        policy_write_quoted(out, texts[i]);
    }
    buffer_putc(out, ']');
}

/* "36h", in the largest unit that gives a whole number. */
static void write_duration(struct buffer *out, int64_t duration_ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{86400000000000LL, "d"},
                 {3600000000000LL, "h"},
                 {60000000000LL, "m"},
                 {1000000000LL, "s"},
                 {1000000LL, "ms"}};
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (duration_ns % units[i].ns == 0 || i + 1 == ARRAY_LENGTH(units)) {
            buffer_printf(out, "%lld%s", (long long)(duration_ns / units[i].ns), units[i].name);
            return;
        }
}

static void write_tests(struct buffer *out, const struct policy_stage *stage)
{
    if (stage->all_suites)
        buffer_puts(out, "    tests: all\n");
    if (!stage->suites && !stage->kinds)
        return;
    buffer_puts(out, "    tests:\n");
    if (stage->suites) {
        buffer_puts(out, "      suites: ");
        write_list(out, stage->suites);
        buffer_putc(out, '\n');
    }
    if (stage->kinds) {
        buffer_puts(out, "      kinds: ");
        write_list(out, stage->kinds);
        buffer_putc(out, '\n');
    }
}

static void write_approvals(struct buffer *out, const struct policy_stage *stage)
{
    if (!stage->approvals)
        return;
    buffer_printf(out, "    approvals: {count: %llu", (unsigned long long)stage->approvals);
    if (stage->approvals_within_ns) {
        buffer_puts(out, ", within: ");
        write_duration(out, stage->approvals_within_ns);
    }
    buffer_puts(out, "}\n");
}

static void write_from(struct buffer *out, const struct policy_from *from)
{
    if (!from->stage)
        return;
    buffer_printf(out, "    from: %s", from->stage);
    if (from->for_ns) {
        buffer_puts(out, " for ");
        write_duration(out, from->for_ns);
    }
    if (from->no_open_alert)
        buffer_puts(out, " with no open alert");
    if (from->predictions)
        buffer_printf(out, " %s >= %llu predictions", from->no_open_alert ? "and" : "with",
                      (unsigned long long)from->predictions);
    buffer_putc(out, '\n');
}

static void write_challenge(struct buffer *out, const struct policy_challenge *challenge)
{
    if (!challenge->demanded)
        return;
    buffer_puts(out, "    challenge: {verdict: ");
    if (challenge->not_worse)
        buffer_printf(out, "not-worse, margin: %.17g", challenge->margin);
    else
        buffer_puts(out, "better");
    if (challenge->by)
        buffer_printf(out, ", by: %s", challenge->by);
    if (challenge->within_ns) {
        buffer_puts(out, ", within: ");
        write_duration(out, challenge->within_ns);
    }
    buffer_puts(out, "}\n");
}

static void write_metrics(struct buffer *out, const struct policy_stage *stage)
{
    buffer_puts(out, stage->metric_count ? "    metrics:\n" : "");
    for (size_t i = 0; i < stage->metric_count; i++) {
        const struct policy_metric *metric = &stage->metrics[i];
        buffer_printf(out, "      %s%s%s: ", metric->suite ? metric->suite : "",
                      metric->suite ? "." : "", metric->metric);
        policy_write_quoted(out, metric->demand);
        buffer_putc(out, '\n');
    }
}

static void write_rest(struct buffer *out, const struct policy_stage *stage)
{
    if (stage->evaluation) {
        buffer_puts(out, "    evaluation: ");
        policy_write_quoted(out, stage->evaluation);
        buffer_putc(out, '\n');
    }
    write_from(out, &stage->from);
    write_challenge(out, &stage->challenge);
    buffer_puts(out, stage->clean_git ? "    git: clean\n" : "");
    buffer_puts(out, stage->lineage ? "    lineage: complete\n" : "");
    buffer_puts(out, stage->pinned ? "    environment: pinned\n" : "");
    buffer_puts(out, stage->window_count ? "    windows:\n" : "");
    for (size_t i = 0; i < stage->window_count; i++) {
        _cleanup_(free_string) char *text = window_format(&stage->windows[i]);
        buffer_printf(out, "      - %s\n", text);
    }
}

void policy_write_yaml(const struct policy *policy, struct buffer *text)
{
    buffer_puts(text, "stages:\n");
    for (size_t i = 0; i < policy->stage_count; i++) {
        const struct policy_stage *stage = &policy->stages[i];
        bool any = str_equal(stage->name, POLICY_ANY_STAGE);
        buffer_printf(text, any ? "  \"%s\":\n" : "  %s:\n", stage->name);
        write_tests(text, stage);
        buffer_puts(text, stage->flaky_allowed ? "    flaky: allow\n" : "");
        buffer_puts(text, stage->requirements ? "    requirements: met\n" : "");
        if (stage->scan)
            buffer_printf(text, "    scan: %s\n", policy_scan_name(stage->scan));
        policy_accepts_write_yaml(&stage->accepts, text);
        _cleanup_(free_string) char *roles = mlops_roles_format(stage->signed_by);
        if (stage->signed_by)
            buffer_printf(text, "    signed: [%s]\n", roles);
        write_approvals(text, stage);
        write_metrics(text, stage);
        write_rest(text, stage);
    }
    policy_monitor_write_yaml(&policy->monitor, text);
}
