/*
 * tests/exact/make_stream.c - traffic as it arrives: out of order, more than once, labels late.
 *
 *   make_stream events SEED COUNT DAYS MINUTES PIECE    what arrives on day PIECE, as JSON Lines
 *   make_stream labels SEED COUNT DAYS MINUTES FROM TO  labels that arrive from day FROM to TO, CSV
 *
 * COUNT events over DAYS days, in MINUTES minutes of each. Every draw is a hash of the seed and the
 * event's number, so that any piece can be made alone. It shares nothing with mlops.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EPOCH 1735689600LL /* 2025-01-01T00:00:00Z */
#define DAY_MS 86400000LL
#define MINUTE_MS 60000LL
#define LATE_DAYS 12 /* the longest delay, rounded up */
#define LABEL_DAYS 30

struct stream {
    uint64_t seed, count, days, minutes;
};

/* splitmix64 (Steele, Lea, Flood 2014) of seed, number and what is drawn. */
static uint64_t draw(const struct stream *stream, uint64_t number, uint64_t what)
{
    uint64_t z = stream->seed * 0x9e3779b97f4a7c15U + number * 0xd1342543de82ef95U + what * 0x2545f4914f6cdd1dU;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static double share(const struct stream *stream, uint64_t number, uint64_t what)
{
    return (double)(draw(stream, number, what) >> 11) / 9007199254740992.0;
}

static int64_t below(const struct stream *stream, uint64_t number, uint64_t what, int64_t limit)
{
    return (int64_t)(share(stream, number, what) * (double)limit);
}

enum { DRAW_TIME, DRAW_DELAY, DRAW_HOW_LONG, DRAW_AGAIN, DRAW_AGAIN_WHEN, DRAW_RETRY, DRAW_SHADOW,
       DRAW_JUNK, DRAW_SCORE, DRAW_LATENCY, DRAW_SLOW, DRAW_ERROR, DRAW_SEGMENT, DRAW_FEATURE,
       DRAW_LABEL, DRAW_TRUTH, DRAW_LABEL_WHEN, DRAW_SECOND, DRAW_SHADOW_WHEN };

/* Milliseconds since the first day. */
static int64_t time_of(const struct stream *stream, uint64_t number)
{
    uint64_t per_day = stream->count / stream->days, day = number / per_day;
    int64_t length = (int64_t)stream->minutes * MINUTE_MS;
    int64_t at = (int64_t)((double)(number % per_day) / (double)per_day * (double)length);
    return (int64_t)(day < stream->days ? day : stream->days - 1) * DAY_MS + at;
}

/* Most come within 2 seconds, a tenth within minutes, few within days, very few after the watermark. */
static int64_t delay_of(const struct stream *stream, uint64_t number)
{
    double kind = share(stream, number, DRAW_DELAY);
    int64_t longest = kind < 0.9      ? 2000
                      : kind < 0.99   ? 10 * MINUTE_MS
                      : kind < 0.9985 ? DAY_MS
                      : kind < 0.9998 ? DAY_MS * 13 / 2
                                      : 0;
    if (longest == 0)
        return 8 * DAY_MS + below(stream, number, DRAW_HOW_LONG, 2 * DAY_MS);
    return below(stream, number, DRAW_HOW_LONG, longest);
}

enum kind { FIRST, AGAIN, RETRY, SHADOW, JUNK };

struct arrival {
    int64_t at;
    uint64_t number;
    enum kind kind;
};

static int compare(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

struct arrivals {
    struct arrival *items;
    size_t count, capacity;
    int64_t from, to;
};

static void sort_arrivals(struct arrivals *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare);
}

static void add(struct arrivals *list, int64_t at, uint64_t number, enum kind kind)
{
    if (at < list->from || at >= list->to)
        return;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 1024;
        list->items = realloc(list->items, list->capacity * sizeof(*list->items));
        if (!list->items)
            abort();
    }
    list->items[list->count++] = (struct arrival){at, number, kind};
}

static uint64_t first_of_day(const struct stream *stream, int64_t day)
{
    uint64_t per_day = stream->count / stream->days;
    uint64_t number = day < 0 ? 0 : (uint64_t)day * per_day;
    return number < stream->count ? number : stream->count;
}

/* ---- events --------------------------------------------------------------------------------- */

static void put_time(int64_t ms)
{
    time_t seconds = (time_t)(EPOCH + ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    printf("{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", tm.tm_year + 1900,
           tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
}

/* Hundredths of a millisecond: a body around 10 ms and a heavy tail. */
static unsigned latency_of(const struct stream *stream, uint64_t number)
{
    double body = 1 + 18 * share(stream, number, DRAW_LATENCY), slow = share(stream, number, DRAW_SLOW);
    return (unsigned)(body * (slow > 0.95 ? 1 / (1.0001 - slow) / 10 : 1) * 100);
}

static void put_junk(const struct stream *stream, uint64_t number)
{
    static const char *const lines[] = {
        "{\"time\":\"2025-01-02T00:00:00.000Z\",\"id\":\"t1\"",
        "{\"time\":\"2025-01-02T00:00:00.000Z\",\"version\":1,\"score\":0.5}",
        "{\"time\":\"2025-01-02T00:00:00.000Z\",\"id\":\"t1\",\"version\":99}",
        "{\"time\":\"2100-01-02T00:00:00.000Z\",\"id\":\"t1\",\"version\":1}"};
    puts(lines[draw(stream, number, DRAW_JUNK) / 7 % 4]);
}

/* Half of the shadow answers are given days later, when the label may be known, and are of then. */
static int64_t shadow_delay(const struct stream *stream, uint64_t number)
{
    int64_t delay = below(stream, number, DRAW_SHADOW_WHEN, 4) * DAY_MS;
    bool later = share(stream, number, DRAW_SHADOW) < 0.05;
    return later && time_of(stream, number) + delay < (int64_t)stream->days * DAY_MS ? delay : 0;
}

static void put_event(const struct stream *stream, const struct arrival *arrival)
{
    uint64_t number = arrival->number;
    int64_t ms = time_of(stream, number);
    /* a retry of the client: the same minute, another time, another answer */
    bool retry = arrival->kind == RETRY, shadow = arrival->kind == SHADOW;
    uint64_t salt = retry ? 100 : shadow ? 200 : 0;
    if (arrival->kind == JUNK) {
        put_junk(stream, number);
        return;
    }
    if (shadow)
        ms += shadow_delay(stream, number);
    put_time(retry ? ms - ms % MINUTE_MS + (ms + 7) % MINUTE_MS : ms);
    unsigned latency = latency_of(stream, number + salt * 1000003), score;
    bool app = share(stream, number, DRAW_SEGMENT) < 0.3;
    score = (unsigned)(10001 * share(stream, number, DRAW_SCORE + salt));
    printf(",\"id\":\"t%llu\",\"version\":%d,\"features\":{\"age\":%d,\"city\":\"%c\"},"
           "\"score\":%u.%04u%s,\"latency_ms\":%u.%02u,\"status\":%d,\"segment\":\"%s\"%s}\n",
           (unsigned long long)number,
           shadow || number >= stream->count / 2 ? 2 : 1, (int)below(stream, number, DRAW_FEATURE, 60),
           "abcdefgh"[draw(stream, number, DRAW_FEATURE) % 8], score / 10000, score % 10000,
           !app ? "" : score >= 3000 ? ",\"prediction\":1" : ",\"prediction\":0", latency / 100,
           latency % 100, share(stream, number, DRAW_ERROR + salt) < 0.01 ? 503 : 200,
           app ? "app" : "web", shadow ? ",\"shadow\":true" : "");
}

static void events(const struct stream *stream, int64_t piece)
{
    struct arrivals list = {.from = piece * DAY_MS, .to = (piece + 1) * DAY_MS};
    uint64_t end = first_of_day(stream, piece + 1);
    for (uint64_t i = first_of_day(stream, piece - 2 * LATE_DAYS); i < end; i++) {
        int64_t at = time_of(stream, i) + delay_of(stream, i);
        add(&list, at, i, FIRST);
        double again = share(stream, i, DRAW_AGAIN);
        if (again < 0.05) /* most soon, some after the watermark */
            add(&list, at + below(stream, i, DRAW_AGAIN_WHEN, again < 0.0005 ? 12 * DAY_MS : 60000),
                i, AGAIN);
        if (share(stream, i, DRAW_RETRY) < 0.005)
            add(&list, at + 500, i, RETRY);
        if (i < stream->count / 2 && share(stream, i, DRAW_SHADOW) < 0.1)
            add(&list, at + 1 + shadow_delay(stream, i), i, SHADOW);
        if (share(stream, i, DRAW_JUNK) < 0.0002)
            add(&list, at, i, JUNK);
    }
    sort_arrivals(&list);
    for (size_t i = 0; i < list.count; i++)
        put_event(stream, &list.items[i]);
    free(list.items);
}

/* ---- labels --------------------------------------------------------------------------------- */

/* Likelier the higher the score; a second one may say otherwise. */
static int label_of(const struct stream *stream, const struct arrival *arrival)
{
    bool truth = share(stream, arrival->number, DRAW_TRUTH) <
                 0.1 + 0.8 * share(stream, arrival->number, DRAW_SCORE);
    return truth != (arrival->kind == AGAIN);
}

static void labels(const struct stream *stream, int64_t from, int64_t to)
{
    struct arrivals list = {.from = from * DAY_MS, .to = to * DAY_MS};
    uint64_t end = first_of_day(stream, to + 1);
    for (uint64_t i = first_of_day(stream, from - LABEL_DAYS - 1); i < end; i++) {
        double kind = share(stream, i, DRAW_LABEL), when = share(stream, i, DRAW_LABEL_WHEN);
        int64_t first = (int64_t)(when * when * LABEL_DAYS * DAY_MS);
        if (kind > 0.88)
            continue;
        if (kind < 0.01) /* known before its event */
            first = -below(stream, i, DRAW_LABEL_WHEN, DAY_MS);
        int64_t time = time_of(stream, i);
        add(&list, time + first < 0 ? 0 : time + first, i, FIRST);
        if (kind < 0.03)
            add(&list, time + first + (int64_t)(share(stream, i, DRAW_SECOND) *
                                                (double)(LABEL_DAYS * DAY_MS - first)),
                i, AGAIN);
    }
    sort_arrivals(&list);
    puts("id,label");
    for (size_t i = 0; i < list.count; i++)
        printf("t%llu,%d\n", (unsigned long long)list.items[i].number,
               label_of(stream, &list.items[i]));
    free(list.items);
}

int main(int argc, char **argv)
{
    bool of_events = argc == 7 && strcmp(argv[1], "events") == 0;
    if (!of_events && !(argc == 8 && strcmp(argv[1], "labels") == 0)) {
        fprintf(stderr, "usage: see the head of make_stream.c\n");
        return 2;
    }
    const struct stream stream = {strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
                                  strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10)};
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    if (of_events)
        events(&stream, atoll(argv[6]));
    else
        labels(&stream, atoll(argv[6]), atoll(argv[7]));
    return fflush(stdout) == 0 ? 0 : 1;
}
