/* tests/bench/metrics/measure.c - all binary metrics with intervals of rows in two files: labels, a
 * byte each, and scores, a double each. Prints the metrics, and the seconds that they took. */
#include "base/clock.h"
#include "base/file.h"
#include "stats/metrics.h"
#include <stdio.h>

static int read_all(const char *path, struct buffer *content)
{
    struct mlops_error err = {0};
    if (file_read(path, SIZE_MAX, content, &err) == MLOPS_OK)
        return 0;
    (void)fprintf(stderr, "%s\n", err.message);
    return 1;
}

int main(int argc, char **argv)
{
    _cleanup_(buffer_clear) struct buffer labels = {0}, scores = {0};
    _cleanup_(metric_list_clear) struct metric_list list = {0};
    struct mlops_error err = {0};
    if (argc != 3 || read_all(argv[1], &labels) || read_all(argv[2], &scores))
        return 2;
    const struct binary_rows rows = {.labels = (const bool *)labels.data,
                                     .scores = (const double *)(const void *)scores.data,
                                     .count = labels.length};
    const struct metric_options options = {
        .threshold = 0.5, .beta = 2, .at_fpr = 0.01, .confidence = 0.95, .seed = 1};
    int64_t begun_ns = clock_monotonic_ns();
    if (metrics_binary(&rows, &options, &list, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    double seconds = (double)(clock_monotonic_ns() - begun_ns) / 1e9;
    for (size_t i = 0; i < list.count; i++)
        printf("%s %.17g %.17g %.17g\n", list.items[i].name, list.items[i].value,
               list.items[i].interval.low, list.items[i].interval.high);
    printf("seconds %.3f\n", seconds);
    return 0;
}
