/* lib/monitor/export.c - windows as a table: CSV or JSON. */
#include "base/buffer.h"
#include "base/json.h"
#include "monitor/status.h"
#include <math.h>
#include <mlops/export.h>
#include <mlops/text.h>

#define DAY_NS (1440 * MINUTE_NS)

/* Numbers of a row, in the order of `names`. */
static const char *const names[] = {"events",      "errors",       "latency_p50", "latency_p90",
                                    "latency_p99", "latency_p999", "positives",   "score_mean",
                                    "labelled",    "accuracy",     "precision",   "recall",
                                    "fpr",         "auc",          "brier"};
#define NUMBERS ARRAY_LENGTH(names)

static void measure(const struct window *window, double values[NUMBERS])
{
    struct mlops_monitor_group group = {.version = 0};
    const struct mlops_monitor_performance *performance = &group.performance;
    status_measure(window, &group);
    bool labelled = performance->labelled > 0;
    const double all[NUMBERS] = {(double)group.events,
                                 (double)group.errors,
                                 group.latency_ms[0],
                                 group.latency_ms[1],
                                 group.latency_ms[2],
                                 group.latency_ms[3],
                                 group.positives,
                                 group.score_mean,
                                 (double)performance->labelled,
                                 labelled ? performance->accuracy.value : NAN,
                                 labelled ? performance->precision.value : NAN,
                                 labelled ? performance->recall.value : NAN,
                                 labelled ? performance->fpr.value : NAN,
                                 labelled ? performance->auc.value : NAN,
                                 labelled ? performance->brier.value : NAN};
    memcpy(values, all, sizeof(all));
}

static void put_text(struct buffer *out, const char *text)
{
    if (!strpbrk(text, "\",\r\n")) {
        buffer_puts(out, text);
        return;
    }
    buffer_putc(out, '"');
    for (; *text; text++)
        buffer_printf(out, *text == '"' ? "\"\"" : "%c", *text);
    buffer_putc(out, '"');
}

static void write_csv(const struct window_list *list, struct buffer *out)
{
    buffer_puts(out, "start,seconds,version,stage,segment,shadow");
    for (size_t i = 0; i < NUMBERS; i++)
        buffer_printf(out, ",%s", names[i]);
    buffer_putc(out, '\n');
    for (size_t i = 0; i < list->count; i++) {
        const struct window_row *row = &list->rows[i];
        double values[NUMBERS];
        char start[32];
        mlops_time_format(row->start_ns, start);
        measure(&row->window, values);
        buffer_printf(out, "%s,%lld,%llu,", start,
                      (long long)(window_length_ns(row->level) / 1000000000),
                      (unsigned long long)row->group.version);
        put_text(out, row->group.stage);
        buffer_putc(out, ',');
        put_text(out, row->group.segment);
        buffer_puts(out, row->group.shadow ? ",true" : ",false");
        for (size_t j = 0; j < NUMBERS; j++) {
            buffer_putc(out, ',');
            if (!isnan(values[j]))
                json_write_number(values[j], out);
        }
        buffer_putc(out, '\n');
    }
}

static int write_json(const struct window_list *list, struct buffer *out, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < list->count; i++) {
        const struct window_row *row = &list->rows[i];
        cJSON *json = cJSON_CreateObject();
        double values[NUMBERS];
        char start[32];
        mlops_time_format(row->start_ns, start);
        measure(&row->window, values);
        json_add_string(json, "start", start);
        json_add_number(json, "seconds", (double)window_length_ns(row->level) / 1e9);
        json_add_u64(json, "version", row->group.version);
        json_add_string(json, "stage", row->group.stage);
        json_add_string(json, "segment", row->group.segment);
        json_add_bool(json, "shadow", row->group.shadow);
        for (size_t j = 0; j < NUMBERS; j++)
            json_add_number(json, names[j], values[j]);
        cJSON_AddItemToArray(array, json);
    }
    TRY(json_write_canonical(array, out, err));
    buffer_putc(out, '\n');
    return MLOPS_OK;
}

int mlops_monitor_export(struct mlops_registry *registry,
                         const struct mlops_export_options *options, char **text,
                         struct mlops_error *err)
{
    _cleanup_(window_list_clear) struct window_list list = {0};
    _cleanup_(buffer_clear) struct buffer out = {0};
    int64_t length_ns = options->length_ns ? options->length_ns : DAY_NS, newest_ns;
    *text = NULL;
    TRY(status_newest(registry, options->model, &newest_ns, err));
    int64_t from_ns = options->since_ns ? options->since_ns : newest_ns + 1 - length_ns;
    if (from_ns > newest_ns)
        return mlops_fail(err, MLOPS_INVALID, "the range ends before it begins");
    enum window_level level = status_level(newest_ns + 1 - from_ns);
    TRY(windows_read(registry,
                     &(struct window_query){.model = options->model,
                                            .level = level,
                                            .from_ns = window_start_ns(level, from_ns),
                                            .to_ns = newest_ns + 1,
                                            .profiles = true},
                     &list, err));
    if (options->format == MLOPS_EXPORT_CSV)
        write_csv(&list, &out);
    else
        TRY(write_json(&list, &out, err));
    *text = buffer_steal(&out);
    return MLOPS_OK;
}
