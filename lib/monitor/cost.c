/* lib/monitor/cost.c - the cost matrix of a version. */
#include "monitor/cost.h"
#include "base/json.h"

void cost_find(const struct manifest *manifest, const struct mlops_cost *of_policy,
               struct cost *cost)
{
    const struct project *project = &manifest->project;
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(project->monitor, "cost");
    *cost = (struct cost){.from = NULL};
    if (of_policy && of_policy->known) {
        *cost = (struct cost){of_policy->fp, of_policy->fn, xstrdup(of_policy->from)};
        return;
    }
    if (cJSON_IsObject(own)) {
        *cost =
            (struct cost){json_number(own, "fp", 0), json_number(own, "fn", 0), xstrdup("monitor")};
        return;
    }
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct metric_options *options = &project->suites[i].measurement.options;
        if (!options->costs)
            continue;
        *cost = (struct cost){options->cost_fp, options->cost_fn,
                              xprintf("the suite %s", project->suites[i].name)};
        return;
    }
}

void cost_clear(struct cost *cost)
{
    free(cost->from);
    *cost = (struct cost){.from = NULL};
}
