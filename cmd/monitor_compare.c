/* cmd/monitor_compare.c - mlops monitor compare MODEL: champion against challenger. */
#include "cli_monitor.h"
#include <inttypes.h>
#include <math.h>

static cJSON *side_json(const struct mlops_challenge_side *side)
{
    static const char *const names[] = {"p50", "p90", "p99", "p999"};
    cJSON *json = cli_json_object(), *latency = cli_json_object();
    cli_json_number(json, "events", (double)side->events);
    cli_json_number(json, "errors", (double)side->errors);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        cli_json_number(latency, names[i], side->latency_ms[i]);
    cli_json_add(json, "latency_ms", latency);
    return json;
}

static cJSON *measure_json(const struct mlops_challenge_measure *measure)
{
    cJSON *json = cli_json_object();
    cli_json_number(json, "events", (double)measure->events);
    cli_json_number(json, "champion", measure->champion);
    cli_json_number(json, "challenger", measure->challenger);
    cli_json_number(json, "difference", measure->difference);
    cli_json_number(json, "low", measure->low);
    cli_json_number(json, "high", measure->high);
    cli_json_number(json, "p", measure->p);
    return json;
}

static cJSON *part_json(const struct mlops_challenge_part *part)
{
    cJSON *json = cli_json_object(), *agreement = cli_json_object();
    cJSON *measures = cli_json_object();
    cli_json_text_or_null(json, "segment", part->segment);
    cli_json_number(json, "pairs", (double)part->pairs);
    cli_json_number(json, "labelled", (double)part->labelled);
    cli_json_number(agreement, "value", part->agreement.value);
    cli_json_number(agreement, "low", part->agreement.low);
    cli_json_number(agreement, "high", part->agreement.high);
    cli_json_add(json, "agreement", agreement);
    for (size_t i = 0; i < MLOPS_CHALLENGE_MEASURES; i++)
        cli_json_add(measures, part->measures[i].name, measure_json(&part->measures[i]));
    cli_json_add(json, "measures", measures);
    cli_json_add(json, "champion", side_json(&part->champion));
    cli_json_add(json, "challenger", side_json(&part->challenger));
    cli_json_text(json, "verdict", mlops_challenge_verdict_name(part->verdict));
    cli_json_bool(json, "not_worse", part->not_worse);
    return json;
}

static void print_side(struct cli *cli, const char *who, uint64_t version,
                       const struct mlops_challenge_side *side)
{
    cli_print(cli, "  %-10s @%" PRIu64 "  %" PRIu64 " events, %.3f %% errors", who, version,
              side->events, 100 * (double)side->errors / fmax((double)side->events, 1));
    if (!isnan(side->latency_ms[0]))
        cli_print(cli, "    latency ms  p50 %.3g  p90 %.3g  p99 %.3g  p99.9 %.3g",
                  side->latency_ms[0], side->latency_ms[1], side->latency_ms[2],
                  side->latency_ms[3]);
}

/* Where both rank every row alike there is no interval, and nothing to test. */
static void print_measure(struct cli *cli, const struct mlops_challenge_measure *measure)
{
    _cleanup_(free_string) char *sure =
        isnan(measure->low)
            ? cli_format("no interval")
            : cli_format("(%+.4f to %+.4f)  p %.2g", measure->low, measure->high, measure->p);
    cli_print(cli, "    %-10s %.4f -> %.4f  %+.4f %s  of %" PRIu64, measure->name,
              measure->champion, measure->challenger, measure->difference, sure, measure->events);
}

static void print_part(struct cli *cli, const struct mlops_challenge *challenge,
                       const struct mlops_challenge_part *part, double margin)
{
    static const enum style styles[] = {STYLE_PLAIN, STYLE_GOOD, STYLE_BAD, STYLE_PLAIN};
    if (part->segment) {
        _cleanup_(free_string) char *segment = cli_clean(part->segment, false);
        cli_print(cli, "segment %s", *segment ? segment : "(none)");
    }
    print_side(cli, "champion", challenge->champion, &part->champion);
    print_side(cli, "challenger", challenge->challenger, &part->challenger);
    if (part->pairs)
        cli_print(cli, "  %" PRIu64 " events answered by both: the same in %.2f %% (%.2f to %.2f)",
                  part->pairs, 100 * part->agreement.value, 100 * part->agreement.low,
                  100 * part->agreement.high);
    else
        cli_print(cli, "  no event was answered by both");
    for (size_t i = 0; i < MLOPS_CHALLENGE_MEASURES; i++) {
        const struct mlops_challenge_measure *measure = &part->measures[i];
        if (!isnan(measure->difference))
            print_measure(cli, measure);
    }
    cli_print(cli, "  by %s the challenger is %s%s%s%s  (%" PRIu64 " labelled)", challenge->by,
              cli_on(cli, styles[part->verdict]),
              part->verdict == MLOPS_CHALLENGE_UNKNOWN ? "not known to be better"
              : part->verdict == MLOPS_CHALLENGE_EVEN  ? "not shown to be better or worse"
                                                      : mlops_challenge_verdict_name(part->verdict),
              cli_off(cli, styles[part->verdict]),
              margin > 0 ? part->not_worse ? ", and not worse by more than the margin"
                                           : ", and may be worse by more than the margin"
                         : "",
              part->labelled);
}

static int take_range(struct cli *cli, struct mlops_challenge_options *options)
{
    const char *since = cli_text(cli, "since");
    struct mlops_error ignored;
    if (!since || mlops_duration_parse(since, &options->length_ns, &ignored) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_time_parse(since, &options->since_ns, &cli->err);
}

static int answer(const struct mlops_challenge *challenge, double margin)
{
    const struct mlops_challenge_part *all = &challenge->parts[0];
    bool good = margin > 0 ? all->not_worse : all->verdict == MLOPS_CHALLENGE_BETTER;
    return good ? MLOPS_OK : MLOPS_REFUSED;
}

int monitor_compare(struct cli *cli)
{
    _cleanup_(mlops_challenge_clear) struct mlops_challenge challenge = {.champion = 0};
    struct mlops_challenge_options options = {.model = cli->args[1],
                                              .stage = cli_text(cli, "stage"),
                                              .challenger = (uint64_t)cli_whole(cli, "version"),
                                              .by = cli_text(cli, "by"),
                                              .margin = cli_number(cli, "margin"),
                                              .by_segment = cli_flag(cli, "by-segment")};
    struct mlops_cost cost;
    char from[32], to[32];
    if (cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is one argument too many", cli->args[2]);
    TRY(take_range(cli, &options));
    TRY(mlops_policy_cost(cli_registry(cli), options.model, &cost, &cli->err));
    options.cost = &cost;
    TRY(mlops_challenge(cli_registry(cli), &options, &challenge, &cli->err));
    if (cli_flag(cli, "record"))
        TRY(mlops_challenge_record(cli_registry(cli), &options, &challenge, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *parts = cli_json_array();
        cli_json_text(document, "model", options.model);
        cli_json_version(document, "champion", challenge.champion);
        cli_json_version(document, "challenger", challenge.challenger);
        cli_json_time(document, "from", challenge.from_ns);
        cli_json_time(document, "to", challenge.to_ns);
        cli_json_text(document, "by", challenge.by);
        for (size_t i = 0; i < challenge.part_count; i++)
            cli_json_push(parts, part_json(&challenge.parts[i]));
        cli_json_add(document, "parts", parts);
        TRY(cli_print_json(cli, document));
        return answer(&challenge, options.margin);
    }
    mlops_time_format(challenge.from_ns, from);
    mlops_time_format(challenge.to_ns, to);
    cli_print(cli, "%s from %s to %s", options.model, from, to);
    for (size_t i = 0; i < challenge.part_count; i++)
        print_part(cli, &challenge, &challenge.parts[i], options.margin);
    return answer(&challenge, options.margin);
}
