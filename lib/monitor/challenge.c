/* lib/monitor/challenge.c - the events of two versions matched by id, out of the rosters. */
#include "monitor/duel.h"
#include "monitor/labels.h"
#include "monitor/outcome.h"
#include "monitor/roster_rows.h"
#include "monitor/status.h"
#include "registry/db.h"
#include <math.h>

#define LENGTH_NS (7 * 1440 * MINUTE_NS)
#define EVENTS_MAX 4000000U /* of one version, at 32 bytes */
#define AFTER_MINUTES 60    /* that a challenger may answer later than the champion */

const char *mlops_challenge_verdict_name(enum mlops_challenge_verdict verdict)
{
    static const char *const names[] = {"unknown", "better", "worse", "even"};
    return names[verdict];
}

/* ---- who against whom ---------------------------------------------------------------------- */

/* A comparison under way. */
struct contest {
    struct mlops_registry *registry;
    const struct mlops_challenge_options *options;
    const char *stage;
    struct mlops_challenge *result;
    struct group *groups; /* of the model, as windows have them */
    size_t group_count;
    struct cost cost;
    struct place *places; /* of the groups, as rosters number them */
    char **segments;
    size_t segment_count, segment_capacity;
};

/* A group in the order of ids. */
struct place {
    const struct group *group;
    uint32_t segment; /* among the segments */
};

static void contest_clear(struct contest *contest)
{
    groups_free(contest->groups, contest->group_count);
    free(contest->places);
    cost_clear(&contest->cost);
    for (size_t i = 0; i < contest->segment_count; i++)
        free(contest->segments[i]);
    free(contest->segments);
}

static int find_champion(struct contest *contest, struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version found;
    const char *model = contest->options->model;
    TRY(mlops_stage_list(contest->registry, model, &list, err));
    for (size_t i = 0; i < list.count; i++) {
        if (!str_equal(list.items[i].stage, contest->stage))
            continue;
        contest->result->champion = list.items[i].version.number;
        TRY(manifest_load(contest->registry, list.items[i].version.bundle, &found, &manifest, NULL,
                          err));
        cost_find(&manifest, contest->options->cost, &contest->cost);
        return MLOPS_OK;
    }
    return mlops_fail(err, MLOPS_NOT_FOUND, "nothing of %s is in %s: there is no champion", model,
                      contest->stage);
}

/* Answers that were not used, or were given elsewhere than in the champion's stage. */
static bool is_beside(const struct contest *contest, const struct group *group)
{
    return group->shadow || !str_equal(group->stage, contest->stage);
}

static bool is_side(const struct contest *contest, const struct group *group, int side)
{
    return side == CHAMPION
               ? group->version == contest->result->champion && !group->shadow &&
                     str_equal(group->stage, contest->stage)
               : group->version == contest->result->challenger && is_beside(contest, group);
}

static int find_challenger(struct contest *contest, struct mlops_error *err)
{
    struct mlops_challenge *result = contest->result;
    uint64_t wanted = contest->options->challenger;
    for (size_t i = 0; i < contest->group_count; i++) {
        const struct group *group = &contest->groups[i];
        if (group->version != result->champion && is_beside(contest, group) &&
            (wanted ? group->version == wanted : group->version > result->challenger))
            result->challenger = group->version;
    }
    if (result->challenger)
        return MLOPS_OK;
    if (wanted)
        mlops_fail(err, MLOPS_NOT_FOUND, "%s@%llu has not answered beside %s@%llu",
                   contest->options->model, (unsigned long long)wanted, contest->options->model,
                   (unsigned long long)result->champion);
    else
        mlops_fail(err, MLOPS_NOT_FOUND, "no version of %s has answered beside %s@%llu",
                   contest->options->model, contest->options->model,
                   (unsigned long long)result->champion);
    return mlops_hint(err,
                      "send it the same requests, and ingest its answers with the same ids and "
                      "\"shadow\": true");
}

static int choose_range(struct contest *contest, struct mlops_error *err)
{
    const struct mlops_challenge_options *options = contest->options;
    struct mlops_challenge *result = contest->result;
    int64_t newest_ns;
    TRY(status_newest(contest->registry, options->model, &newest_ns, err));
    result->to_ns = options->until_ns ? options->until_ns : newest_ns + 1;
    result->from_ns = options->since_ns
                          ? options->since_ns
                          : result->to_ns - (options->length_ns ? options->length_ns : LENGTH_NS);
    if (result->from_ns >= result->to_ns)
        return mlops_fail(err, MLOPS_INVALID, "the range ends before it begins");
    enum window_level level = status_level(result->to_ns - result->from_ns);
    result->from_ns = window_start_ns(level, result->from_ns);
    return MLOPS_OK;
}

/* ---- matching ------------------------------------------------------------------------------ */

struct answer {
    uint64_t id;
    double score;
    uint32_t order; /* in which it was read: the first of an id counts */
    uint32_t prediction;
    uint32_t segment;
};

struct answer_list {
    struct answer *items;
    size_t count, capacity;
};
static void answer_list_clear(struct answer_list *list)
{
    free(list->items);
}

static int by_group_id(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->group->id > y->group->id) - (x->group->id < y->group->id);
}

static uint32_t segment_number(struct contest *contest, const char *name)
{
    size_t at = 0;
    while (at < contest->segment_count && !str_equal(contest->segments[at], name))
        at++;
    if (at == contest->segment_count) {
        GROW(contest->segments, contest->segment_count, &contest->segment_capacity);
        contest->segments[contest->segment_count++] = xstrdup(name);
    }
    return (uint32_t)at;
}

static void number_groups(struct contest *contest)
{
    contest->places = xcalloc(contest->group_count + 1, sizeof(*contest->places));
    for (size_t i = 0; i < contest->group_count; i++)
        contest->places[i] = (struct place){&contest->groups[i],
                                            segment_number(contest, contest->groups[i].segment)};
    if (contest->group_count)
        qsort(contest->places, contest->group_count, sizeof(*contest->places), by_group_id);
}

/* A visit of the rosters for one side. */
struct visit {
    const struct contest *contest;
    int side;
    struct answer_list *list;
};

static int take(void *context, int64_t minute, const struct roster_record *record,
                struct mlops_error *err)
{
    struct visit *visit = context;
    struct answer_list *list = visit->list;
    uint32_t prediction = record->prediction;
    (void)minute;
    if (record->group >= visit->contest->group_count) /* it came with an ingest that runs */
        return MLOPS_OK;
    const struct place *place = &visit->contest->places[record->group];
    if (!is_side(visit->contest, place->group, visit->side))
        return MLOPS_OK;
    if (list->count == EVENTS_MAX) {
        mlops_fail(err, MLOPS_INVALID, "version %llu answered more than %u events in that time",
                   (unsigned long long)place->group->version, EVENTS_MAX);
        return mlops_hint(err, "compare over less: --since 1d");
    }
    if (prediction == 0 && record->score >= 0 && record->score <= 1)
        prediction = record->score >= 0.5 ? CLASS_POSITIVE : CLASS_NEGATIVE;
    GROW(list->items, list->count, &list->capacity);
    list->items[list->count] = (struct answer){.id = record->id,
                                               .score = record->score,
                                               .order = (uint32_t)list->count,
                                               .prediction = prediction,
                                               .segment = place->segment};
    list->count++;
    return MLOPS_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
                          : (x->order > y->order) - (x->order < y->order);
}

/* One of each id, in the order of ids. */
static void keep_first(struct answer_list *list)
{
    size_t kept = 0;
    if (list->count)
        qsort(list->items, list->count, sizeof(*list->items), by_id);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || list->items[kept - 1].id != list->items[i].id)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

static int read_side(const struct contest *contest, int side, bool shadow, struct answer_list *list,
                     struct mlops_error *err)
{
    const struct mlops_challenge *result = contest->result;
    struct visit visit = {contest, side, list};
    bool champion = side == CHAMPION;
    return roster_visit(
        registry_db(contest->registry),
        &(struct roster_query){.model = contest->options->model,
                               .version = champion ? result->champion : result->challenger,
                               .stage = champion ? contest->stage : NULL,
                               .shadow = shadow,
                               .from = result->from_ns / MINUTE_NS,
                               .to = (result->to_ns - 1) / MINUTE_NS + 1 +
                                     (champion ? 0 : AFTER_MINUTES)},
        take, &visit, err);
}

struct pair_list {
    struct duel_pair *items;
    size_t count, capacity;
};
static void pair_list_clear(struct pair_list *list)
{
    free(list->items);
}

/* Both lists are in the order of ids. */
static void match(const struct answer_list *champion, const struct answer_list *challenger,
                  const struct label_list *labels, struct pair_list *pairs)
{
    for (size_t i = 0, j = 0; i < champion->count && j < challenger->count;) {
        const struct answer *ours = &champion->items[i], *theirs = &challenger->items[j];
        if (ours->id != theirs->id) {
            i += ours->id < theirs->id;
            j += ours->id > theirs->id;
            continue;
        }
        const struct label_record *label = label_list_find(labels, ours->id);
        GROW(pairs->items, pairs->count, &pairs->capacity);
        pairs->items[pairs->count++] =
            (struct duel_pair){.score = {ours->score, theirs->score},
                               .prediction = {ours->prediction, theirs->prediction},
                               .label = label ? label->label : 0,
                               .segment = ours->segment};
        i++;
        j++;
    }
}

static int read_pairs(const struct contest *contest, struct pair_list *pairs,
                      struct mlops_error *err)
{
    _cleanup_(answer_list_clear) struct answer_list champion = {0}, challenger = {0};
    _cleanup_(label_list_clear) struct label_list labels = {0};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    const struct mlops_challenge *result = contest->result;
    TRY(snapshot_begin(contest->registry, &snapshot, err));
    TRY(read_side(contest, CHAMPION, false, &champion, err));
    TRY(read_side(contest, CHALLENGER, true, &challenger, err));
    TRY(read_side(contest, CHALLENGER, false, &challenger, err));
    keep_first(&champion);
    keep_first(&challenger);
    TRY(labels_read_between(registry_db(contest->registry), contest->options->model,
                            result->from_ns / MINUTE_NS, (result->to_ns - 1) / MINUTE_NS + 1,
                            &labels, err));
    match(&champion, &challenger, &labels, pairs);
    return MLOPS_OK;
}

/* ---- side by side -------------------------------------------------------------------------- */

static int measure_side(struct contest *contest, int side, const char *segment,
                        struct mlops_challenge_side *measured, struct mlops_error *err)
{
    _cleanup_(window_clear) struct window all = {0};
    struct mlops_monitor_group group = {.version = 0};
    const struct mlops_challenge *result = contest->result;
    for (size_t i = 0; i < contest->group_count; i++) {
        const struct group *one = &contest->groups[i];
        _cleanup_(window_clear) struct window window = {0};
        if (!is_side(contest, one, side) || (segment && !str_equal(segment, one->segment)))
            continue;
        TRY(windows_merged(
            contest->registry,
            &(struct window_query){.model = contest->options->model,
                                   .version = one->version,
                                   .stage = one->stage,
                                   .segment = one->segment,
                                   .shadow = one->shadow ? SHADOW_ONLY : SHADOW_NOT,
                                   .level = status_level(result->to_ns - result->from_ns),
                                   .from_ns = result->from_ns,
                                   .to_ns = result->to_ns},
            &window, err));
        window_merge(&all, &window);
    }
    status_measure(&all, &group);
    measured->events = group.events;
    measured->errors = group.errors;
    memcpy(measured->latency_ms, group.latency_ms, sizeof(measured->latency_ms));
    return MLOPS_OK;
}

static int add_part(struct contest *contest, const char *segment, const struct duel_pair *pairs,
                    size_t count, enum duel_measure by, struct mlops_error *err)
{
    struct mlops_challenge *result = contest->result;
    result->parts = xrealloc(result->parts, result->part_count + 1, sizeof(*result->parts));
    struct mlops_challenge_part *part = &result->parts[result->part_count++];
    *part = (struct mlops_challenge_part){.segment = segment ? xstrdup(segment) : NULL};
    TRY(measure_side(contest, CHAMPION, segment, &part->champion, err));
    TRY(measure_side(contest, CHALLENGER, segment, &part->challenger, err));
    return duel_judge(pairs, count, &contest->cost, by, contest->options->margin, part, err);
}

static int by_segment(const void *a, const void *b)
{
    const struct duel_pair *x = a, *y = b;
    return (x->segment > y->segment) - (x->segment < y->segment);
}

static int by_name(const void *a, const void *b)
{
    const struct mlops_challenge_part *x = a, *y = b;
    return strcmp(x->segment, y->segment);
}

static int judge_all(struct contest *contest, struct pair_list *pairs, struct mlops_error *err)
{
    enum duel_measure by = duel_default(pairs->items, pairs->count, &contest->cost);
    struct mlops_challenge *result = contest->result;
    if (contest->options->by)
        TRY(duel_measure_named(contest->options->by, &by, err));
    if (by == DUEL_COST && !contest->cost.from) {
        mlops_fail(err, MLOPS_INVALID, "what errors of %s cost is not known",
                   contest->options->model);
        return mlops_hint(err, "'cost: {fp: 5, fn: 120}' under 'monitor:' of its project file says "
                               "so");
    }
    result->by = duel_measure_name(by);
    TRY(add_part(contest, NULL, pairs->items, pairs->count, by, err));
    if (!contest->options->by_segment || pairs->count == 0)
        return MLOPS_OK;
    qsort(pairs->items, pairs->count, sizeof(*pairs->items), by_segment);
    for (size_t i = 0, next; i < pairs->count; i = next) {
        for (next = i;
             next < pairs->count && pairs->items[next].segment == pairs->items[i].segment;)
            next++;
        TRY(add_part(contest, contest->segments[pairs->items[i].segment], &pairs->items[i],
                     next - i, by, err));
    }
    qsort(result->parts + 1, result->part_count - 1, sizeof(*result->parts), by_name);
    return MLOPS_OK;
}

static int run(struct contest *contest, struct mlops_error *err)
{
    _cleanup_(pair_list_clear) struct pair_list pairs = {0};
    enum duel_measure ignored;
    if (contest->options->by)
        TRY(duel_measure_named(contest->options->by, &ignored, err));
    TRY(choose_range(contest, err));
    TRY(find_champion(contest, err));
    TRY(groups_read(contest->registry, contest->options->model, &contest->groups,
                    &contest->group_count, err));
    TRY(find_challenger(contest, err));
    number_groups(contest);
    TRY(read_pairs(contest, &pairs, err));
    return judge_all(contest, &pairs, err);
}

int mlops_challenge(struct mlops_registry *registry, const struct mlops_challenge_options *options,
                    struct mlops_challenge *challenge, struct mlops_error *err)
{
    _cleanup_(contest_clear) struct contest contest = {.registry = registry,
                                                       .options = options,
                                                       .stage = options->stage ? options->stage
                                                                               : "production",
                                                       .result = challenge};
    *challenge = (struct mlops_challenge){.champion = 0};
    int code = run(&contest, err);
    if (code)
        mlops_challenge_clear(challenge);
    return code;
}

void mlops_challenge_clear(struct mlops_challenge *challenge)
{
    for (size_t i = 0; i < challenge->part_count; i++)
        free(challenge->parts[i].segment);
    free(challenge->parts);
    *challenge = (struct mlops_challenge){.champion = 0};
}
