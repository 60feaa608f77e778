/*
 * tests/exact/batch_oracle.c - what a batch job over all lines would say: dedup, windows, labels.
 *
 * Commands on standard input, each answered by "done": `events FILE` and `labels FILE` take lines
 * in, `report SECONDS FILE` writes windows of that length as CSV (start,version,segment,shadow and
 * the columns below). Everything is kept and computed once, at the report, from the first answer of
 * each event and the last label of each id; quantiles by sorting. It reads what make_stream writes
 * and shares nothing with mlops.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENESS_MS (7 * 86400000LL)
#define NO_LABEL 2

struct record {
    int64_t time_ms;
    uint32_t latency; /* hundredths of a millisecond */
    uint16_t score;   /* ten-thousandths */
    uint8_t there : 1, error : 1, prediction : 1, app : 1, shadow : 1, version : 2;
};

static struct record *records; /* two an id: the answer that was used, and the shadow's */
static uint8_t *labels;
static uint64_t ids;
static int64_t newest_ms = INT64_MIN / 2;
static unsigned long long received, counted, duplicates, malformed, unknown, future, late;

static void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory)
        abort();
    return memory;
}

static void need_id(uint64_t id)
{
    if (id < ids)
        return;
    uint64_t more = id + id / 2 + 1024;
    records = grown(records, more * 2 * sizeof(*records));
    labels = grown(labels, more);
    memset(records + 2 * ids, 0, (more - ids) * 2 * sizeof(*records));
    memset(labels + ids, NO_LABEL, more - ids);
    ids = more;
}

/* Days since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int two(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

static int64_t time_of(const char *t)
{
    int64_t days = days_of(two(t) * 100 + two(t + 2), two(t + 5), two(t + 8));
    int ms = (t[20] - '0') * 100 + two(t + 21);
    return (((days * 24 + two(t + 11)) * 60 + two(t + 14)) * 60 + two(t + 17)) * 1000 + ms;
}

/* Digits before and behind the point as one number. */
static uint32_t fixed(const char *text)
{
    uint32_t value = 0;
    for (; (*text >= '0' && *text <= '9') || *text == '.'; text++)
        value = *text == '.' ? value : value * 10 + (uint32_t)(*text - '0');
    return value;
}

static const char *behind(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? at + strlen(key) : NULL;
}

static void take_event(const char *line, size_t length)
{
    const char *time = behind(line, "\"time\":\""), *id = behind(line, "\"id\":\"t");
    received++;
    if (line[length - 1] != '}' || !time || !id) {
        malformed++;
        return;
    }
    uint64_t number = strtoull(id, NULL, 10);
    struct record now = {.there = 1, .time_ms = time_of(time)};
    uint32_t version = fixed(behind(line, "\"version\":"));
    if (version > 2) {
        unknown++;
        return;
    }
    if (strncmp(time, "2100", 4) == 0) {
        future++;
        return;
    }
    now.version = version & 3;
    now.score = (uint16_t)fixed(behind(line, "\"score\":"));
    now.latency = fixed(behind(line, "\"latency_ms\":"));
    now.error = fixed(behind(line, "\"status\":")) >= 400;
    now.app = strncmp(behind(line, "\"segment\":\""), "app", 3) == 0;
    now.shadow = strstr(line, "\"shadow\":true") != NULL;
    const char *prediction = behind(line, "\"prediction\":");
    now.prediction = prediction ? *prediction == '1' : now.score >= 5000;
    need_id(number);
    struct record *slot = &records[number * 2 + now.shadow];
    if (slot->there) {
        if (slot->time_ms / 60000 != now.time_ms / 60000 || slot->version != now.version ||
            slot->app != now.app)
            abort(); /* make_stream does not: such would be events of their own */
        duplicates++;
        return;
    }
    if (now.time_ms < newest_ms - LATENESS_MS) {
        late++;
        return;
    }
    if (now.time_ms > newest_ms)
        newest_ms = now.time_ms;
    *slot = now;
    counted++;
}

static void take_file(const char *path, bool events)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    if (!file)
        abort();
    while ((length = getline(&line, &size, file)) > 0) {
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (events) {
            take_event(line, (size_t)length);
        } else if (line[0] == 't') {
            uint64_t id = strtoull(line + 1, NULL, 10);
            need_id(id);
            labels[id] = line[length - 1] == '1';
        }
    }
    free(line);
    fclose(file);
}

/* ---- the report ----------------------------------------------------------------------------- */

struct entry {
    uint64_t key; /* window, then group */
    uint64_t at;  /* of the record */
};

static int by_latency(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    uint32_t i = records[x->at].latency, j = records[y->at].latency;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (i > j) - (i < j);
}

static double quantile(const struct entry *entries, size_t count, double q)
{
    double wanted = q * (double)count;
    size_t rank = (size_t)wanted + ((double)(size_t)wanted < wanted);
    return records[entries[rank ? rank - 1 : 0].at].latency / 100.0;
}

static void put_share(FILE *out, uint64_t part, uint64_t whole)
{
    if (whole)
        fprintf(out, ",%.17g", (double)part / (double)whole);
    else
        fputs(",", out);
}

static void put_performance(FILE *out, const struct entry *entries, size_t count)
{
    uint64_t confusion[2][2] = {{0, 0}, {0, 0}}, labelled = 0;
    double square = 0;
    for (size_t i = 0; i < count; i++) {
        const struct record *record = &records[entries[i].at];
        uint8_t label = labels[entries[i].at / 2];
        if (label == NO_LABEL)
            continue;
        double miss = record->score / 10000.0 - label;
        labelled++;
        confusion[label][record->prediction]++;
        square += miss * miss;
    }
    fprintf(out, ",%llu", (unsigned long long)labelled);
    put_share(out, confusion[0][0] + confusion[1][1], labelled);
    put_share(out, confusion[1][1], confusion[1][1] + confusion[0][1]);
    put_share(out, confusion[1][1], confusion[1][1] + confusion[1][0]);
    put_share(out, confusion[0][1], confusion[0][1] + confusion[0][0]);
    if (labelled)
        fprintf(out, ",%.17g\n", square / (double)labelled);
    else
        fputs(",\n", out);
}

static void put_window(FILE *out, const struct entry *entries, size_t count, int64_t seconds)
{
    const struct record *first = &records[entries->at];
    uint64_t errors = 0, positives = 0;
    double score = 0;
    for (size_t i = 0; i < count; i++) {
        errors += records[entries[i].at].error;
        positives += records[entries[i].at].prediction;
        score += records[entries[i].at].score / 10000.0;
    }
    fprintf(out, "%lld,%d,%s,%s,%zu,%llu", (long long)(first->time_ms / 1000 / seconds * seconds),
            first->version, first->app ? "app" : "web", first->shadow ? "true" : "false", count,
            (unsigned long long)errors);
    static const double qs[] = {0.5, 0.9, 0.99, 0.999};
    for (int i = 0; i < 4; i++)
        fprintf(out, ",%.17g", quantile(entries, count, qs[i]));
    put_share(out, positives, count);
    fprintf(out, ",%.17g", score / (double)count);
    put_performance(out, entries, count);
}

static void report(int64_t seconds, const char *path)
{
    struct entry *entries = grown(NULL, (counted + 1) * sizeof(*entries));
    FILE *out = fopen(path, "w");
    size_t count = 0;
    if (!out)
        abort();
    for (uint64_t at = 0; at < ids * 2; at++) {
        const struct record *record = &records[at];
        uint64_t group = record->version * 4U + record->app * 2U + record->shadow;
        if (record->there)
            entries[count++] = (struct entry){
                (uint64_t)(record->time_ms / 1000 / seconds) * 16 + group, at};
    }
    qsort(entries, count, sizeof(*entries), by_latency);
    fprintf(out, "start,version,segment,shadow,events,errors,latency_p50,latency_p90,latency_p99,"
                 "latency_p999,positives,score_mean,labelled,accuracy,precision,recall,fpr,brier\n");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && entries[next].key == entries[i].key;)
            next++;
        put_window(out, entries + i, next - i, seconds);
    }
    fclose(out);
    free(entries);
}

int main(void)
{
    char command[4200], path[4096];
    long long seconds;
    while (fgets(command, sizeof(command), stdin)) {
        if (sscanf(command, "events %4095s", path) == 1)
            take_file(path, true);
        else if (sscanf(command, "labels %4095s", path) == 1)
            take_file(path, false);
        else if (sscanf(command, "report %lld %4095s", &seconds, path) == 2)
            report(seconds, path);
        else
            return 2;
        printf("done {\"received\":%llu,\"counted\":%llu,\"duplicates\":%llu,\"malformed\":%llu,"
               "\"unknown\":%llu,\"future\":%llu,\"late\":%llu}\n",
               received, counted, duplicates, malformed, unknown, future, late);
        fflush(stdout);
    }
    free(records);
    free(labels);
    return 0;
}
