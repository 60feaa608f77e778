/* tests/fuzz/fuzz_rule.c - no text breaks the parsers of rules, of silences' matchers and of triggers,
 * and what they let pass can be judged. */
#include "base/util.h"
#include "loop/trigger.h"
#include "monitor/rule.h"
#include "monitor/silence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mlops_monitor_group group = {.events = 10, .errors = 1};
    const struct mlops_alert alert = {.rule = "slow", .stage = "production", .severity = "info"};
    _cleanup_(free_string) char *text = xstrndup((const char *)data, size);
    struct mlops_error err = {0};
    struct rule rule = {.text = NULL};
    if (rule_parse("slow", text, &rule, &err) == MLOPS_OK) {
        struct mlops_monitor_measure measure = rule_measure(&rule, &group);
        (void)rule_holds(&rule, rule_change(&rule, &measure, &measure).value); /* either is one */
    }
    rule_clear(&rule);
    if (silence_check_matcher(text, &err) == MLOPS_OK)
        (void)silence_matches(text, &alert);
    const struct mlops_alert_list none = {0};
    struct triggers triggers;
    if (triggers_parse(text, &triggers, &err) == MLOPS_OK)
        free(triggers_judge(&triggers, &(struct circumstances){.alerts = &none, .stage = "production"}));
    triggers_clear(&triggers);
    return 0;
}
