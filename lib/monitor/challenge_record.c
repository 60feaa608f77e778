/* lib/monitor/challenge_record.c - a comparison left as evidence about the challenger, which the
 * gate 'challenge' of release judges. */
#include "base/json.h"
#include "registry/registry.h"
#include <math.h>
#include <mlops/challenge.h>
#include <mlops/text.h>

static void add_measures(const struct mlops_challenge_part *part, cJSON *body)
{
    cJSON *measures = json_add_object(body, "measures");
    for (size_t i = 0; i < MLOPS_CHALLENGE_MEASURES; i++) {
        const struct mlops_challenge_measure *measure = &part->measures[i];
        if (!isfinite(measure->low) || !isfinite(measure->high))
            continue;
        cJSON *json = json_add_object(measures, measure->name);
        json_add_u64(json, "events", measure->events);
        json_add_number(json, "champion", measure->champion);
        json_add_number(json, "challenger", measure->challenger);
        json_add_number(json, "difference", measure->difference);
        json_add_number(json, "low", measure->low);
        json_add_number(json, "high", measure->high);
    }
}

static int find_version(struct mlops_registry *registry, const char *model, uint64_t number,
                        struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(free_string) char *ref = xprintf("%s@%llu", model, (unsigned long long)number);
    return mlops_version_resolve(registry, ref, version, err);
}

int mlops_challenge_record(struct mlops_registry *registry,
                           const struct mlops_challenge_options *options,
                           const struct mlops_challenge *challenge, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(json_free) cJSON *body = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    const struct mlops_challenge_part *all = &challenge->parts[0];
    struct mlops_version champion, challenger;
    char from[32], to[32];
    TRY(find_version(registry, options->model, challenge->champion, &champion, err));
    TRY(find_version(registry, options->model, challenge->challenger, &challenger, err));
    mlops_time_format(challenge->from_ns, from);
    mlops_time_format(challenge->to_ns, to);
    json_add_u64(body, "champion", champion.number);
    json_add_string(body, "champion_bundle", champion.bundle);
    json_add_string(body, "by", challenge->by);
    json_add_string(body, "from", from);
    json_add_string(body, "to", to);
    json_add_u64(body, "pairs", all->pairs);
    json_add_u64(body, "labelled", all->labelled);
    add_measures(all, body);
    TRY(json_write_canonical(body, &text, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(evidence_record(tx, challenger.bundle, "challenge",
                        options->stage ? options->stage : "production",
                        mlops_challenge_verdict_name(all->verdict), text.data, err));
    return transaction_commit(TAKE_PTR(tx), err);
}
