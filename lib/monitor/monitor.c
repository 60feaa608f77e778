/* lib/monitor/monitor.c - ingest from its options to its end. */
#include "base/clock.h"
#include "base/path.h"
#include "base/pool.h"
#include "monitor/ingest.h"
#include "registry/db.h"

static int64_t or_default(int64_t given, int64_t fallback)
{
    return given ? given : fallback;
}

static int check_model(struct mlops_registry *registry, const char *model, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    return mlops_version_list(registry, model, &list, err);
}

static int begin(struct mlops_registry *registry,
                 const struct mlops_monitor_ingest_options *options,
                 struct mlops_monitor_counts *counts, struct ingest *ingest,
                 struct mlops_error *err)
{
    *counts = (struct mlops_monitor_counts){0};
    *ingest =
        (struct ingest){.registry = registry, .options = *options, .counts = counts, .line = 1};
    struct mlops_monitor_ingest_options *own = &ingest->options;
    own->skew_ns = or_default(own->skew_ns, 5 * MINUTE_NS);
    own->lateness_ns = or_default(own->lateness_ns, 7 * 1440 * MINUTE_NS);
    own->keep_raw_ns = or_default(own->keep_raw_ns, 30 * 1440 * MINUTE_NS);
    own->keep_minutes_ns = or_default(own->keep_minutes_ns, 2 * 1440 * MINUTE_NS);
    own->keep_ids_ns = or_default(own->keep_ids_ns, 35 * 1440 * MINUTE_NS);
    TRY(check_model(registry, options->model, err));
    if (own->keep_ids_ns < own->lateness_ns)
        return mlops_fail(err, MLOPS_INVALID,
                          "ids must be kept at least as long as events may be late");
    ingest->chunk_count = pool_threads();
    ingest->chunks = xcalloc(ingest->chunk_count, sizeof(*ingest->chunks));
    return ingest_load(ingest, err);
}

int mlops_monitor_ingest(struct mlops_registry *registry,
                         const struct mlops_monitor_ingest_options *options,
                         struct mlops_monitor_counts *counts, struct mlops_error *err)
{
    _cleanup_(ingest_clear) struct ingest ingest;
    _cleanup_(free_string) char *dead = xprintf("%s/monitor/%s/dead-letter.jsonl",
                                                mlops_registry_location(registry), options->model);
    TRY(begin(registry, options, counts, &ingest, err));
    if (!options->dead_letter)
        ingest.options.dead_letter = dead;
    return options->listen ? ingest_listen(&ingest, err) : ingest_source(&ingest, err);
}
