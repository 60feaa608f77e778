/* cmd/monitor_business.c - mlops monitor business add|list|remove|show MODEL [SERIES [FILE]] */
#include "cli_monitor.h"
#include <inttypes.h>
#include <math.h>

#define SHOWN 10 /* links of a series, where none is found to hold the nearest 3 */
#define SHOWN_WEAK 3

static void day_text(int64_t time_ns, char text[32])
{
    mlops_time_format(time_ns, text);
    text[10] = '\0';
}

static int expect_end(struct cli *cli, size_t place)
{
    return cli->arg_count > place ? mlops_fail(&cli->err, MLOPS_INVALID,
                                               "'%s' is one argument too many", cli->args[place])
                                  : MLOPS_OK;
}

static int add(struct cli *cli)
{
    const char *name = cli->args[3], *path = name ? cli->args[4] : NULL;
    struct mlops_series_added added;
    if (!path) {
        mlops_fail(&cli->err, MLOPS_INVALID, "name the SERIES and its FILE");
        return mlops_hint(&cli->err,
                          "such as 'mlops monitor business add %s loss loss.csv', a file "
                          "of date,value",
                          cli->args[2]);
    }
    TRY(expect_end(cli, 5));
    TRY(mlops_series_add(cli_registry(cli), cli->args[2], name, path, &added, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[2]);
        cli_json_text(document, "name", name);
        cli_json_number(document, "days", (double)added.days);
        cli_json_number(document, "replaced", (double)added.replaced);
        cli_json_number(document, "unchanged", (double)added.unchanged);
        return cli_print_json(cli, document);
    }
    cli_say(cli, "%s: %" PRIu64 " %s, %" PRIu64 " replaced, %" PRIu64 " unchanged", name,
            added.days, cli_noun(added.days, "day", "days"), added.replaced, added.unchanged);
    return MLOPS_OK;
}

static int remove_one(struct cli *cli)
{
    const char *name = cli->args[3];
    if (!name)
        return mlops_fail(&cli->err, MLOPS_INVALID, "name the SERIES");
    TRY(expect_end(cli, 4));
    TRY(mlops_series_remove(cli_registry(cli), cli->args[2], name, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "model", cli->args[2]);
        cli_json_text(document, "name", name);
        return cli_print_json(cli, document);
    }
    cli_say(cli, "series %s is removed", name);
    return MLOPS_OK;
}

static cJSON *series_json(const struct mlops_series *series)
{
    cJSON *json = cli_json_object();
    cli_json_text(json, "name", series->name);
    cli_json_number(json, "days", (double)series->days);
    cli_json_time(json, "first", series->first_ns);
    cli_json_time(json, "last", series->last_ns);
    cli_json_number(json, "last_value", series->last);
    cli_json_number(json, "mean", series->mean);
    return json;
}

static void print_series(struct cli *cli, const struct mlops_series *series)
{
    char first[32], last[32];
    day_text(series->first_ns, first);
    day_text(series->last_ns, last);
    cli_print(cli, "%s%s%s  %" PRIu64 " %s, %s to %s, last %.6g, mean %.6g",
              cli_on(cli, STYLE_BOLD), series->name, cli_off(cli, STYLE_BOLD), series->days,
              cli_noun(series->days, "day", "days"), first, last, series->last, series->mean);
}

static int list(struct cli *cli)
{
    _cleanup_(mlops_series_list_clear) struct mlops_series_list all = {0};
    TRY(expect_end(cli, 3));
    TRY(mlops_series_list(cli_registry(cli), cli->args[2], &all, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_text(document, "model", cli->args[2]);
        for (size_t i = 0; i < all.count; i++)
            cli_json_push(array, series_json(&all.items[i]));
        cli_json_add(document, "series", array);
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < all.count; i++)
        print_series(cli, &all.items[i]);
    if (all.count == 0)
        cli_say(cli, "no series");
    return MLOPS_OK;
}

/* ---- show ----------------------------------------------------------------------------------- */

/* What errors cost, over all days. */
struct sums {
    double events, labelled, missed, false_alarms, missed_cost, false_alarm_cost;
};

static struct sums add_up(const struct mlops_business *business)
{
    struct sums sums = {0};
    for (size_t i = 0; i < business->day_count; i++) {
        const struct mlops_business_day *day = &business->days[i];
        sums.events += (double)day->events;
        sums.labelled += (double)day->labelled;
        sums.missed += (double)day->missed;
        sums.false_alarms += (double)day->false_alarms;
        sums.missed_cost += day->missed_cost;
        sums.false_alarm_cost += day->false_alarm_cost;
    }
    return sums;
}

static cJSON *day_json(const struct mlops_business_day *day)
{
    cJSON *json = cli_json_object();
    cli_json_time(json, "day", day->start_ns);
    cli_json_number(json, "events", (double)day->events);
    cli_json_number(json, "labelled", (double)day->labelled);
    cli_json_number(json, "missed", (double)day->missed);
    cli_json_number(json, "false_alarms", (double)day->false_alarms);
    cli_json_number(json, "missed_cost", day->missed_cost);
    cli_json_number(json, "false_alarm_cost", day->false_alarm_cost);
    return json;
}

static cJSON *link_json(const struct mlops_business_link *link)
{
    cJSON *json = cli_json_object();
    cli_json_text(json, "series", link->series);
    cli_json_text(json, "measure", link->measure);
    cli_json_number(json, "lag", link->lag);
    cli_json_number(json, "r", link->r);
    cli_json_number(json, "low", link->low);
    cli_json_number(json, "high", link->high);
    cli_json_number(json, "days", (double)link->days);
    cli_json_number(json, "effective", link->effective);
    cli_json_number(json, "q", link->q);
    cli_json_bool(json, "found", link->found);
    return json;
}

static cJSON *costs_json(const struct mlops_business *business)
{
    const struct sums sums = add_up(business);
    cJSON *json = cli_json_object();
    cli_json_text_or_null(json, "from", business->cost_from);
    cli_json_number(json, "fp", business->cost_from ? business->cost_fp : NAN);
    cli_json_number(json, "fn", business->cost_from ? business->cost_fn : NAN);
    cli_json_number(json, "missed", sums.missed_cost);
    cli_json_number(json, "false_alarms", sums.false_alarm_cost);
    cli_json_number(json, "labelled", sums.labelled);
    cli_json_number(json, "unlabelled", sums.events - sums.labelled);
    return json;
}

static int print_json(struct cli *cli, const struct mlops_business *business)
{
    cJSON *document = cli_json_object(), *days = cli_json_array();
    cJSON *series = cli_json_array(), *links = cli_json_array();
    cli_json_text(document, "model", cli->args[2]);
    cli_json_version(document, "version", business->version.number);
    cli_json_time(document, "from", business->from_ns);
    cli_json_time(document, "to", business->to_ns);
    cli_json_add(document, "costs", costs_json(business));
    for (size_t i = 0; i < business->day_count; i++)
        cli_json_push(days, day_json(&business->days[i]));
    for (size_t i = 0; i < business->series.count; i++)
        cli_json_push(series, series_json(&business->series.items[i]));
    for (size_t i = 0; i < business->link_count; i++)
        cli_json_push(links, link_json(&business->links[i]));
    cli_json_add(document, "days", days);
    cli_json_add(document, "series", series);
    cli_json_add(document, "links", links);
    cli_json_number(document, "tests", (double)business->tests);
    return cli_print_json(cli, document);
}

static void print_costs(struct cli *cli, const struct mlops_business *business)
{
    const struct sums sums = add_up(business);
    double unlabelled = sums.events - sums.labelled;
    if (sums.labelled > 0 && business->cost_from)
        cli_print(cli, "missed: %.0f, cost %.6g; false alarms: %.0f, cost %.6g  (costs of %s)",
                  sums.missed, sums.missed_cost, sums.false_alarms, sums.false_alarm_cost,
                  business->cost_from);
    else if (sums.labelled > 0)
        cli_print(cli, "missed: %.0f; false alarms: %.0f", sums.missed, sums.false_alarms);
    cli_print(cli, "  of %.0f labelled events on %zu %s; %.0f of %.0f (%.1f %%) have no label yet",
              sums.labelled, business->day_count, cli_noun(business->day_count, "day", "days"),
              unlabelled, sums.events, 100 * unlabelled / fmax(sums.events, 1));
    if (!business->cost_from)
        cli_note(cli, "'cost: {fp: 5, fn: 120}' under 'monitor:' of the policy or the project "
                      "file says what errors cost");
}

static void print_links(struct cli *cli, const struct mlops_business *business, const char *series)
{
    size_t shown = 0, found = 0;
    for (size_t i = 0; i < business->link_count; i++)
        found += str_equal(business->links[i].series, series) && business->links[i].found;
    for (size_t i = 0; i < business->link_count; i++) {
        const struct mlops_business_link *link = &business->links[i];
        if (!str_equal(link->series, series) || shown >= (found ? SHOWN : SHOWN_WEAK) ||
            (found && !link->found))
            continue;
        _cleanup_(free_string) char *measure = cli_clean(link->measure, false);
        if (shown++ == 0)
            cli_print(cli, found ? "  goes with"
                                 : "  goes with nothing that chance does not explain; nearest");
        cli_print(cli,
                  "    %-24s %2u days before  r %+.2f (%+.2f to %+.2f)  q %.2g  %" PRIu64
                  " days worth %.0f",
                  measure, link->lag, link->r, link->low, link->high, link->q, link->days,
                  link->effective);
    }
    if (shown == 0)
        cli_print(cli, "  too few days with events to say what it goes with");
}

static int take_range(struct cli *cli, struct mlops_business_options *options)
{
    const char *since = cli_text(cli, "since");
    struct mlops_error ignored;
    if (!since || mlops_duration_parse(since, &options->length_ns, &ignored) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_time_parse(since, &options->since_ns, &cli->err);
}

static int show(struct cli *cli)
{
    _cleanup_(mlops_business_clear) struct mlops_business business = {0};
    struct mlops_business_options options = {.model = cli->args[2],
                                             .series = cli->args[3],
                                             .stage = cli_text(cli, "stage"),
                                             .lags = (unsigned)cli_whole(cli, "lags")};
    struct mlops_cost cost;
    char from[32], to[32];
    if (options.series)
        TRY(expect_end(cli, 4));
    TRY(take_range(cli, &options));
    if (cli_whole(cli, "lags") > MLOPS_BUSINESS_LAGS_MAX)
        options.lags = MLOPS_BUSINESS_LAGS_MAX + 1; /* the library says what is wrong */
    TRY(mlops_policy_cost(cli_registry(cli), options.model, &cost, &cli->err));
    options.cost = &cost;
    TRY(mlops_business(cli_registry(cli), &options, &business, &cli->err));
    if (cli->json)
        return print_json(cli, &business);
    day_text(business.from_ns, from);
    day_text(business.to_ns - 1, to);
    cli_print(cli, "%s from %s to %s", options.model, from, to);
    print_costs(cli, &business);
    for (size_t i = 0; i < business.series.count; i++) {
        print_series(cli, &business.series.items[i]);
        print_links(cli, &business, business.series.items[i].name);
    }
    if (business.series.count == 0)
        cli_note(cli, "'mlops monitor business add %s NAME FILE' takes a series in", options.model);
    return MLOPS_OK;
}

int monitor_business(struct cli *cli)
{
    static const struct monitor_actions actions = {
        .add = add, .list = list, .remove = remove_one, .show = show};
    return monitor_act(cli, "business", &actions);
}
