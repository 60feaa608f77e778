/* lib/release/policy_yaml.c - a policy file read and checked; every refusal has a line. */
#include "base/number.h"
#include "base/yaml_check.h"
#include "bundle/budget.h"
#include "bundle/requirement.h"
#include "registry/registry.h"
#include "release/policy.h"
#include "stats/metrics.h"
#include <ctype.h>
#include <math.h>
#include <mlops/text.h>
#include <mlops/trust.h>
#include <stdio.h>

/* ---- tests, scan, signatures ----------------------------------------------------------------- */

static int read_tests(const struct yaml_checker *checker, const struct yaml_node *node,
                      struct policy_stage *stage)
{
    static const char *const keys[] = {"suites", "kinds", NULL};
    static const char *const kinds[] = {"unit", "integration", "performance", "data", NULL};
    const struct yaml_node *suites, *of;
    size_t index;
    if (node->kind == YAML_SCALAR && str_equal(node->text, "all")) {
        stage->all_suites = true;
        return MLOPS_OK;
    }
    if (node->kind != YAML_MAP) {
        yaml_wrong(checker, node, "'tests' must be 'all', or a map of 'suites' and 'kinds'");
        return mlops_hint(checker->err, "tests: {suites: [holdout], kinds: [unit]}");
    }
    TRY(yaml_check_keys(checker, node, "'tests'", keys));
    suites = yaml_get(node, "suites");
    of = yaml_get(node, "kinds");
    if (suites)
        TRY(yaml_take_texts(checker, suites, &stage->suites));
    for (char **suite = stage->suites; suite && *suite; suite++)
        if (name_check("suite", *suite, checker->err))
            return yaml_wrap(checker, suites);
    if (!of)
        return MLOPS_OK;
    TRY(yaml_take_texts(checker, of, &stage->kinds));
    for (size_t i = 0; of->kind == YAML_LIST && i < of->count; i++)
        TRY(yaml_check_choice(checker, of->items[i], kinds, &index));
    return of->kind == YAML_SCALAR ? yaml_check_choice(checker, of, kinds, &index) : MLOPS_OK;
}

/* What passed only when it was repeated is no pass, unless the policy takes it for one. */
static int read_flaky(const struct yaml_checker *checker, const struct yaml_node *node,
                      struct policy_stage *stage)
{
    static const char *const choices[] = {"refuse", "allow", NULL};
    size_t index;
    TRY(yaml_check_choice(checker, node, choices, &index));
    stage->flaky_allowed = index == 1;
    return MLOPS_OK;
}

static int read_scan(const struct yaml_checker *checker, const struct yaml_node *node,
                     struct policy_stage *stage)
{
    static const char *const choices[] = {"safe", "low", "medium", "high", "critical", NULL};
    size_t index;
    TRY(yaml_check_choice(checker, node, choices, &index));
    stage->scan = (enum policy_scan)(POLICY_SCAN_SAFE + index);
    return MLOPS_OK;
}

static int read_accept(const struct yaml_checker *checker, const struct yaml_node *node,
                       struct policy_stage *stage)
{
    return policy_accepts_parse(checker, node, &stage->accepts);
}

static int read_signed(const struct yaml_checker *checker, const struct yaml_node *node,
                       struct policy_stage *stage)
{
    static const char *const roles[] = {"author", "approver", "releaser", NULL};
    const struct yaml_node *const self[] = {node};
    const struct yaml_node *const *items =
        node->kind == YAML_LIST ? (const struct yaml_node *const *)node->items : self;
    size_t count = node->kind == YAML_LIST ? node->count : 1, index;
    if (count == 0)
        return yaml_wrong(checker, node, "'signed' names no role");
    for (size_t i = 0; i < count; i++) {
        TRY(yaml_check_choice(checker, items[i], roles, &index));
        stage->signed_by |= mlops_role_find(roles[index]);
    }
    return MLOPS_OK;
}

/* A whole number of at least 1. */
static bool whole_number(const char *text, uint64_t max, uint64_t *number)
{
    size_t length = strlen(text);
    if (length == 0 || length > 15 || strspn(text, "0123456789") != length)
        return false;
    *number = strtoull(text, NULL, 10);
    return *number >= 1 && *number <= max;
}

static int take_approvals(const struct yaml_checker *checker, const struct yaml_node *node,
                          struct policy_stage *stage)
{
    TRY(yaml_check_text(checker, node));
    if (!whole_number(node->text, POLICY_APPROVALS_MAX, &stage->approvals))
        return yaml_wrong(checker, node, "'%s' is no number of approvals: 1 to %d", node->text,
                          POLICY_APPROVALS_MAX);
    return MLOPS_OK;
}

static int take_duration(const struct yaml_checker *checker, const struct yaml_node *node,
                         int64_t *duration_ns)
{
    TRY(yaml_check_text(checker, node));
    if (mlops_duration_parse(node->text, duration_ns, checker->err))
        return yaml_wrap(checker, node);
    return *duration_ns > 0
               ? MLOPS_OK
               : yaml_wrong(checker, node, "'%s' must be more than nothing", node->text);
}

/* 2, or {count: 2, within: 30d} */
static int read_approvals(const struct yaml_checker *checker, const struct yaml_node *node,
                          struct policy_stage *stage)
{
    static const char *const keys[] = {"count", "within", NULL};
    if (node->kind != YAML_MAP)
        return take_approvals(checker, node, stage);
    TRY(yaml_check_keys(checker, node, "'approvals'", keys));
    if (!yaml_get(node, "count"))
        return yaml_wrong(checker, node, "'approvals' has no 'count'");
    TRY(take_approvals(checker, yaml_get(node, "count"), stage));
    return yaml_get(node, "within")
               ? take_duration(checker, yaml_get(node, "within"), &stage->approvals_within_ns)
               : MLOPS_OK;
}

/* ---- metrics -------------------------------------------------------------------------------- */

static int check_metric(const struct yaml_checker *checker, const struct yaml_node *item,
                        const char *metric)
{
    if (budget_is_known(metric))
        return MLOPS_OK;
    for (const char *const *name = metric_names(); *name; name++)
        if (str_equal(*name, metric))
            return MLOPS_OK;
    const char *near = mlops_suggest(metric, metric_names());
    if (near)
        return yaml_wrong(checker, item, "unknown metric '%s' (did you mean '%s'?)", metric, near);
    return yaml_wrong(checker, item, "unknown metric '%s'", metric);
}

/* A bound, a comparison, or a budget. */
static int check_demand(const struct yaml_checker *checker, const struct yaml_node *item,
                        const struct policy_metric *metric)
{
    struct requirement requirement;
    struct budget budget = {0};
    bool size = str_equal(metric->metric, BUDGET_SIZE);
    if (size && metric->suite)
        return yaml_wrong(checker, item, "'size' is that of the artifacts, and of no suite");
    int code = budget_is_known(metric->metric)
                   ? budget_parse(metric->metric, metric->demand, &budget, checker->err)
                   : requirement_parse(metric->demand, &requirement, checker->err);
    budget_clear(&budget);
    return code ? yaml_wrap(checker, item) : MLOPS_OK;
}

/* `auc: ">= 0.9"`, `latency_p99: 50ms`, or of one suite: `holdout.auc: …` */
static int read_metrics(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct policy_stage *stage)
{
    if (node->kind != YAML_MAP || node->count == 0)
        return yaml_wrong(checker, node, "'metrics' must be a map from metrics to demands");
    stage->metrics = xcalloc(node->count, sizeof(*stage->metrics));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        const char *dot = strrchr(item->key, '.'), *metric = dot ? dot + 1 : item->key;
        struct policy_metric *read = &stage->metrics[stage->metric_count++];
        read->metric = xstrdup(metric);
        read->demand = xstrdup(item->kind == YAML_SCALAR ? item->text : "");
        read->suite = dot ? xstrndup(item->key, (size_t)(dot - item->key)) : NULL;
        TRY(check_metric(checker, item, metric));
        TRY(yaml_check_text(checker, item));
        if (read->suite && name_check("suite", read->suite, checker->err))
            return yaml_wrap(checker, item);
        TRY(check_demand(checker, item, read));
    }
    return MLOPS_OK;
}

/* ---- from: staging for 24h with no open alert and >= 10000 predictions ----------------------- */

/* The next word of `text`, cut off; NULL at its end. */
static char *next_word(char **text)
{
    char *word = *text + strspn(*text, " \t");
    if (*word == '\0')
        return NULL;
    *text = word + strcspn(word, " \t");
    if (**text)
        *(*text)++ = '\0';
    return word;
}

static bool is_word(const char *word, const char *expected)
{
    return word && str_equal(word, expected);
}

/* What stands behind "with" or "and". */
static bool read_clause(char **text, struct policy_from *from)
{
    char *word = next_word(text);
    if (is_word(word, "no")) {
        char *open = next_word(text), *alert = next_word(text);
        from->no_open_alert =
            is_word(open, "open") && (is_word(alert, "alert") || is_word(alert, "alerts"));
        return from->no_open_alert;
    }
    if (!is_word(word, ">=") && !is_word(word, "\xe2\x89\xa5")) /* U+2265 */
        return false;
    char *number = next_word(text);
    return number && whole_number(number, 999999999999999ULL, &from->predictions) &&
           is_word(next_word(text), "predictions");
}

static int read_from(const struct yaml_checker *checker, const struct yaml_node *node,
                     struct policy_stage *stage)
{
    struct policy_from *from = &stage->from;
    TRY(yaml_check_text(checker, node));
    _cleanup_(free_string) char *copy = xstrdup(node->text);
    char *rest = copy, *word = next_word(&rest);
    from->stage = xstrdup(word ? word : "");
    if (stage_name_check(from->stage, checker->err))
        return yaml_wrap(checker, node);
    word = next_word(&rest);
    if (is_word(word, "for")) {
        char *duration = next_word(&rest);
        if (mlops_duration_parse(duration ? duration : "", &from->for_ns, checker->err))
            return yaml_wrap(checker, node);
        word = next_word(&rest);
    }
    bool good = !word || is_word(word, "with");
    while (good && word) {
        good = read_clause(&rest, from);
        word = next_word(&rest);
        good = good && (!word || is_word(word, "and"));
    }
    if (good)
        return MLOPS_OK;
    yaml_wrong(checker, node, "'%s' is nothing that 'from' understands", node->text);
    return mlops_hint(checker->err, "write: STAGE [for DURATION] [with no open alert] [and >= "
                                    "NUMBER predictions]");
}

/* ---- challenge: {verdict: not-worse, margin: 0.01, by: auc, within: 7d} ---------------------- */

static int read_verdict(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct policy_challenge *challenge)
{
    static const char *const verdicts[] = {"better", "not-worse", NULL};
    size_t index;
    TRY(yaml_check_choice(checker, node, verdicts, &index));
    challenge->demanded = true;
    challenge->not_worse = index == 1;
    return MLOPS_OK;
}

static int read_margin(const struct yaml_checker *checker, const struct yaml_node *map,
                       struct policy_challenge *challenge)
{
    const struct yaml_node *node = yaml_get(map, "margin");
    if (!challenge->not_worse && node)
        return yaml_wrong(checker, node, "'margin' is of use only with 'verdict: not-worse'");
    if (!challenge->not_worse)
        return MLOPS_OK;
    if (node && node->kind == YAML_SCALAR && yaml_as_number(node, &challenge->margin) &&
        isfinite(challenge->margin) && challenge->margin > 0)
        return MLOPS_OK;
    yaml_wrong(checker, node ? node : map,
               "'not-worse' needs a 'margin' of more than 0: by how much it may be worse");
    return mlops_hint(checker->err, "challenge: {verdict: not-worse, margin: 0.01, by: auc}");
}

/* better, or a map. */
static int read_challenge(const struct yaml_checker *checker, const struct yaml_node *node,
                          struct policy_stage *stage)
{
    static const char *const keys[] = {"verdict", "margin", "by", "within", NULL};
    static const char *const measures[] = {"accuracy", "recall", "fpr", "auc", "cost", NULL};
    struct policy_challenge *challenge = &stage->challenge;
    size_t index;
    if (node->kind == YAML_MAP)
        TRY(yaml_check_keys(checker, node, "'challenge'", keys));
    const struct yaml_node *verdict = node->kind == YAML_MAP ? yaml_get(node, "verdict") : node;
    if (!verdict)
        return yaml_wrong(checker, node, "'challenge' has no 'verdict'");
    TRY(read_verdict(checker, verdict, challenge));
    TRY(read_margin(checker, node, challenge));
    if (node->kind != YAML_MAP)
        return MLOPS_OK;
    if (yaml_get(node, "by")) {
        TRY(yaml_check_choice(checker, yaml_get(node, "by"), measures, &index));
        challenge->by = xstrdup(measures[index]);
    }
    return yaml_get(node, "within")
               ? take_duration(checker, yaml_get(node, "within"), &challenge->within_ns)
               : MLOPS_OK;
}

/* ---- a stage --------------------------------------------------------------------------------- */

/* A key that has one value: it demands something, or is not there. */
static int read_word(const struct yaml_checker *checker, const struct yaml_node *node,
                     const char *word, bool *demanded)
{
    const char *const choices[] = {word, NULL};
    size_t index;
    *demanded = node != NULL;
    return node ? yaml_check_choice(checker, node, choices, &index) : MLOPS_OK;
}

static int read_windows(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct policy_stage *stage)
{
    _cleanup_(free_strings) char **texts = NULL;
    TRY(yaml_take_texts(checker, node, &texts));
    size_t count = strings_count((const char *const *)texts);
    stage->windows = xcalloc(count, sizeof(*stage->windows));
    for (; stage->window_count < count; stage->window_count++)
        if (window_parse(texts[stage->window_count], &stage->windows[stage->window_count],
                         checker->err))
            return yaml_wrap(checker,
                             node->kind == YAML_LIST ? node->items[stage->window_count] : node);
    return MLOPS_OK;
}

static int read_demands(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct policy_stage *stage)
{
    static const struct {
        const char *key;
        int (*read)(const struct yaml_checker *checker, const struct yaml_node *node,
                    struct policy_stage *stage);
    } readers[] = {{"tests", read_tests},     {"flaky", read_flaky},
                   {"scan", read_scan},       {"accept", read_accept},
                   {"signed", read_signed},   {"approvals", read_approvals},
                   {"metrics", read_metrics}, {"from", read_from},
                   {"windows", read_windows}, {"challenge", read_challenge}};
    const struct yaml_node *evaluation = yaml_get(node, "evaluation");
    for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
        if (yaml_get(node, readers[i].key))
            TRY(readers[i].read(checker, yaml_get(node, readers[i].key), stage));
    TRY(read_word(checker, yaml_get(node, "requirements"), "met", &stage->requirements));
    TRY(read_word(checker, yaml_get(node, "git"), "clean", &stage->clean_git));
    TRY(read_word(checker, yaml_get(node, "lineage"), "complete", &stage->lineage));
    TRY(read_word(checker, yaml_get(node, "environment"), "pinned", &stage->pinned));
    if (!evaluation)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, evaluation));
    stage->evaluation = xstrdup(evaluation->text);
    return MLOPS_OK;
}

static int read_stage(const struct yaml_checker *checker, const struct yaml_node *node,
                      struct policy_stage *stage)
{
    static const char *const keys[] = {"tests",       "flaky",   "requirements", "scan",
                                       "accept",      "signed",  "approvals",    "metrics",
                                       "evaluation",  "from",    "git",          "lineage",
                                       "environment", "windows", "challenge",    NULL};
    char where[MLOPS_STAGE_MAX + 32];
    stage->name = xstrdup(node->key);
    if (!str_equal(node->key, POLICY_ANY_STAGE) && stage_name_check(node->key, checker->err))
        return yaml_wrap(checker, node);
    if (node->kind == YAML_NULL) /* nothing is demanded */
        return MLOPS_OK;
    (void)snprintf(where, sizeof(where), "the stage '%s'", node->key);
    TRY(yaml_check_keys(checker, node, where, keys));
    if (yaml_get(node, "accept") && !yaml_get(node, "scan"))
        return yaml_wrong(checker, node, "'accept' is of use only beside 'scan'");
    if (yaml_get(node, "flaky") && !yaml_get(node, "tests") && !yaml_get(node, "metrics") &&
        !yaml_get(node, "evaluation"))
        return yaml_wrong(checker, yaml_get(node, "flaky"),
                          "'flaky' is of use only beside 'tests', 'metrics' or 'evaluation'");
    return read_demands(checker, node, stage);
}

/* What a stage refers to is a stage, and not one that comes later. */
static int check_references(const struct yaml_checker *checker, const struct yaml_node *node,
                            const struct policy *policy, size_t at)
{
    const struct policy_stage *stage = &policy->stages[at];
    _cleanup_(free_string) char *names = policy_stage_names(policy);
    bool earlier = stage->from.stage == NULL;
    for (size_t i = 0; i < at && !earlier; i++)
        earlier = str_equal(policy->stages[i].name, stage->from.stage);
    if (!earlier) {
        yaml_wrong(checker, yaml_get(node, "from"), "'%s' is no stage above '%s'",
                   stage->from.stage, stage->name);
        return mlops_hint(checker->err, "a version comes from a stage that stands before this one");
    }
    for (size_t i = 0; i < stage->metric_count; i++) {
        struct requirement requirement;
        if (budget_is_known(stage->metrics[i].metric))
            continue;
        TRY(requirement_parse(stage->metrics[i].demand, &requirement, checker->err));
        if (!requirement.stage[0] || policy_stage_find(policy, requirement.stage))
            continue;
        yaml_wrong(checker, yaml_get(node, "metrics")->items[i], "'%s' is no stage of this policy",
                   requirement.stage);
        return mlops_hint(checker->err, "its stages are %s", names);
    }
    return MLOPS_OK;
}

static int read_policy(const struct yaml_checker *checker, const struct yaml_node *root,
                       struct policy *policy)
{
    static const char *const keys[] = {"stages", "monitor", NULL};
    if (root->kind == YAML_NULL)
        return yaml_wrong(checker, root, "the file is empty: it must at least name its 'stages'");
    TRY(yaml_check_keys(checker, root, "the policy", keys));
    const struct yaml_node *stages = yaml_get(root, "stages");
    if (!stages || stages->kind != YAML_MAP || stages->count == 0)
        return yaml_wrong(checker, stages ? stages : root,
                          "'stages' must be a map from stages to what they demand");
    if (stages->count > POLICY_STAGES_MAX)
        return yaml_wrong(checker, stages, "more than %d stages", POLICY_STAGES_MAX);
    policy->stages = xcalloc(stages->count, sizeof(*policy->stages));
    for (size_t i = 0; i < stages->count; i++)
        TRY(read_stage(checker, stages->items[i], &policy->stages[policy->stage_count++]));
    for (size_t i = 0; i < stages->count; i++)
        TRY(check_references(checker, stages->items[i], policy, i));
    const struct yaml_node *monitor = yaml_get(root, "monitor");
    if (monitor && monitor->kind != YAML_NULL)
        TRY(policy_monitor_parse(checker, monitor, &policy->monitor));
    return MLOPS_OK;
}

int policy_parse(const char *text, size_t length, const char *what, struct policy *policy,
                 struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    struct yaml_checker checker = {.what = what, .err = err};
    *policy = (struct policy){0};
    if (length > POLICY_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s: a policy has at most %u bytes", what,
                          POLICY_MAX);
    TRY(yaml_parse(text, length, what, &root, err));
    int code = read_policy(&checker, root, policy);
    if (code)
        policy_clear(policy);
    return code;
}
