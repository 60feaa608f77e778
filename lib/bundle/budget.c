/* lib/bundle/budget.c - budgets of time and room: read, written, shown. */
#include "bundle/budget.h"
#include "base/json.h"
#include "base/number.h"
#include "base/yaml_check.h"
#include <math.h>
#include <mlops/text.h>
#include <stdio.h>

#define REQUESTS_DEFAULT 1000
#define WARM_UP_DEFAULT 100

static const struct {
    const char *metric;
    double quantile;
} known[] = {{"latency_p50", 0.5}, {"latency_p90", 0.9}, {"latency_p99", 0.99}, {BUDGET_SIZE, 0}};

bool budget_is_known(const char *metric)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (str_equal(known[i].metric, metric))
            return true;
    return false;
}

double budget_quantile(const char *metric)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (str_equal(known[i].metric, metric))
            return known[i].quantile;
    return 0;
}

bool budgets_have_latency(const struct budgets *budgets)
{
    for (size_t i = 0; i < budgets->count; i++)
        if (budget_quantile(budgets->items[i].metric) > 0)
            return true;
    return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int expected(struct mlops_error *err, const struct budget *budget, const char *what)
{
    bool size = str_equal(budget->metric, BUDGET_SIZE);
    mlops_fail(err, MLOPS_INVALID, "'%s' is no budget for '%s': %s was expected", budget->demand,
               budget->metric, what);
    return mlops_hint(err, size ? "write one such as 200MB or \"< 1 GiB\""
                                : "write one such as 50ms or \"<= 50ms at 95%%\"");
}

static bool parse_amount(const struct budget *budget, const char *text, double *bound)
{
    struct mlops_error ignored = {0}; /* the caller says it better */
    int64_t duration_ns;
    if (str_equal(budget->metric, BUDGET_SIZE))
        return number_parse_bytes(text, bound) && *bound > 0 && isfinite(*bound);
    if (mlops_duration_parse(text, &duration_ns, &ignored) || duration_ns <= 0)
        return false;
    *bound = (double)duration_ns / 1e9;
    return true;
}

/* "at 95%" at the end, which is taken off. */
static int take_confidence(struct budget *budget, char *text, struct mlops_error *err)
{
    double percent;
    char *at = strstr(text, " at ");
    if (!at)
        return MLOPS_OK;
    const char *number = at + 4 + strspn(at + 4, " ");
    size_t length = strlen(number);
    if (length == 0 || number[length - 1] != '%' || !number_parse(number, length - 1, &percent) ||
        !(percent > 0 && percent < 100))
        return expected(err, budget, "a confidence such as 95% after 'at'");
    if (str_equal(budget->metric, BUDGET_SIZE))
        return expected(err, budget, "no confidence, for a size is certain,");
    budget->confidence = percent / 100;
    *at = '\0';
    return MLOPS_OK;
}

int budget_parse(const char *metric, const char *demand, struct budget *budget,
                 struct mlops_error *err)
{
    *budget = (struct budget){.metric = xstrdup(metric), .demand = xstrdup(demand)};
    _cleanup_(free_string) char *text = xstrdup(budget->demand);
    TRY(take_confidence(budget, text, err));
    const char *at = text + strspn(text, " ");
    budget->below = at[0] == '<' && at[1] != '=';
    if (at[0] == '<')
        at += budget->below ? 1 : 2;
    at += strspn(at, " ");
    if (!parse_amount(budget, at, &budget->bound))
        return expected(err, budget, str_equal(budget->metric, BUDGET_SIZE) ? "a size" : "a time");
    return MLOPS_OK;
}

int budgets_add(struct budgets *budgets, const char *metric, const char *demand,
                struct mlops_error *err)
{
    budgets->items = xrealloc(budgets->items, budgets->count + 1, sizeof(*budgets->items));
    struct budget *budget = &budgets->items[budgets->count++];
    if (!budgets->requests)
        *budgets = (struct budgets){.items = budgets->items,
                                    .count = budgets->count,
                                    .requests = REQUESTS_DEFAULT,
                                    .warm_up = WARM_UP_DEFAULT,
                                    .batch = 1};
    return budget_parse(metric, demand, budget, err);
}

static int take_count(const struct yaml_checker *checker, const struct yaml_node *map,
                      const char *key, double least, double most, uint64_t *count)
{
    const struct yaml_node *node = yaml_get(map, key);
    double value;
    if (!node)
        return MLOPS_OK;
    if (!yaml_as_number(node, &value) || !(value >= least && value <= most) ||
        value != floor(value))
        return yaml_wrong(checker, node, "'%s' must be a whole number from %.0f to %.0f", key,
                          least, most);
    *count = (uint64_t)value;
    return MLOPS_OK;
}

int budgets_read_requests(const struct yaml_node *node, const char *what, struct budgets *budgets,
                          struct mlops_error *err)
{
    static const char *const keys[] = {"count", "warm_up", "batch", NULL};
    const struct yaml_checker checker = {.what = what, .err = err};
    if (!budgets_have_latency(budgets))
        return yaml_wrong(&checker, node, "'requests' is for suites that require a latency");
    TRY(yaml_check_keys(&checker, node, "'requests'", keys));
    TRY(take_count(&checker, node, "count", 10, BUDGET_REQUESTS_MAX, &budgets->requests));
    TRY(take_count(&checker, node, "warm_up", 0, BUDGET_REQUESTS_MAX, &budgets->warm_up));
    return take_count(&checker, node, "batch", 1, BUDGET_BATCH_MAX, &budgets->batch);
}

/* ---- in a manifest --------------------------------------------------------------------------- */

void budgets_write(const struct budgets *budgets, cJSON *json)
{
    if (budgets->count == 0)
        return;
    cJSON *array = json_add_array(json, "budgets");
    for (size_t i = 0; i < budgets->count; i++) {
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "metric", budgets->items[i].metric);
        json_add_string(item, "demand", budgets->items[i].demand);
        cJSON_AddItemToArray(array, item);
    }
    if (!budgets_have_latency(budgets))
        return;
    cJSON *requests = json_add_object(json, "requests");
    json_add_u64(requests, "count", budgets->requests);
    json_add_u64(requests, "warm_up", budgets->warm_up);
    json_add_u64(requests, "batch", budgets->batch);
}

bool budgets_load(const cJSON *json, struct budgets *budgets)
{
    const cJSON *item, *requests = cJSON_GetObjectItemCaseSensitive(json, "requests");
    struct mlops_error ignored = {0}; /* the caller refuses the whole */
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "budgets"))
    {
        const char *metric = json_string(item, "metric", "");
        if (!budget_is_known(metric) ||
            budgets_add(budgets, metric, json_string(item, "demand", ""), &ignored))
            return false;
    }
    if (!budgets_have_latency(budgets))
        return !requests;
    budgets->requests = json_u64(requests, "count", 0);
    budgets->warm_up = json_u64(requests, "warm_up", UINT64_MAX);
    budgets->batch = json_u64(requests, "batch", 0);
    return budgets->requests >= 10 && budgets->requests <= BUDGET_REQUESTS_MAX &&
           budgets->warm_up <= BUDGET_REQUESTS_MAX && budgets->batch >= 1 &&
           budgets->batch <= BUDGET_BATCH_MAX;
}

void budget_clear(struct budget *budget)
{
    free(budget->metric);
    free(budget->demand);
    *budget = (struct budget){0};
}

void budgets_clear(struct budgets *budgets)
{
    for (size_t i = 0; i < budgets->count; i++)
        budget_clear(&budgets->items[i]);
    free(budgets->items);
    *budgets = (struct budgets){0};
}

const char *budget_show(const char *metric, double value, char text[32])
{
    static const char *const sizes[] = {"bytes", "kB", "MB", "GB", "TB"};
    static const char *const times[] = {"ns", "µs", "ms", "s"};
    bool size = str_equal(metric, BUDGET_SIZE);
    size_t unit = 0, last = size ? ARRAY_LENGTH(sizes) - 1 : ARRAY_LENGTH(times) - 1;
    value *= size ? 1 : 1e9;
    for (; value >= 1000 && unit < last; unit++)
        value /= 1000;
    (void)snprintf(text, 32, "%.4g %s", value, size ? sizes[unit] : times[unit]);
    return text;
}

char *budget_compare(const struct budget *budget, double value, bool *met)
{
    char shown[32], bound[32];
    *met = budget->below ? value < budget->bound : value <= budget->bound;
    return xprintf("%s %s %s", budget_show(budget->metric, value, shown),
                   *met ? (budget->below ? "<" : "<=") : (budget->below ? ">=" : ">"),
                   budget_show(budget->metric, budget->bound, bound));
}
