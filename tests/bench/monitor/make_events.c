/*
 * tests/bench/monitor/make_events.c - events of 30 features for the bench: make_events COUNT [FIRST]
 *
 * Ten amounts, eight counts, six ratios, six categories; 3,333 events a second of event time; ids of
 * 16 hexadecimal digits. Number FIRST is the first, so that parts can be made alone.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define START 1764320400 /* 2025-11-28T09:00:00Z */

static uint64_t state;

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static double share(void)
{
    return (double)(draw() >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - share())) * cos(6.283185307179586 * share());
}

static void put_features(void)
{
    static const char *const words[] = {"retail", "travel", "grocery", "fuel",   "online", "cash",
                                        "hotel",  "games",  "health",  "school", "other",  "fees"};
    for (int i = 0; i < 10; i++)
        printf("%s\"amount_%d\":%.2f", i ? "," : "", i, exp(4 + normal()));
    for (int i = 0; i < 8; i++)
        printf(",\"count_%d\":%d", i, (int)(-8 * (i + 1) * log(1 - share())));
    for (int i = 0; i < 6; i++)
        printf(",\"ratio_%d\":%.4f", i, share());
    for (int i = 0; i < 6; i++)
        printf(",\"kind_%d\":\"%s\"", i, words[(size_t)(share() * share() * 12)]);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    for (uint64_t i = first; i < first + count; i++) {
        uint64_t ms = i * 3 / 10, seconds = START + ms / 1000;
        state = i * 0x2545f4914f6cdd1dU;
        printf("{\"time\":\"2025-11-28T%02d:%02d:%02d.%03dZ\",\"id\":\"%016llx\",\"version\":1,"
               "\"features\":{",
               (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60), (int)(seconds % 60),
               (int)(ms % 1000), (unsigned long long)draw());
        put_features();
        printf("},\"score\":%.4f,\"prediction\":%d,\"latency_ms\":%.2f,\"status\":%d,"
               "\"segment\":\"%s\"}\n",
               share(), share() < 0.05, exp(2 + normal() / 2), share() < 0.002 ? 503 : 200,
               share() < 0.3 ? "app" : "web");
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
