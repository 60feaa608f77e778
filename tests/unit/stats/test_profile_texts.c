/* Texts that came lately are counted later than they came: however rows are cut into batches, the
 * profile has the same bytes, also where sketches drop counters all the time. */
#include "stats/profile.h"
#include "test.h"
#include <stdio.h>

#define ROWS 40000
#define LENGTH 40

static char texts[ROWS][LENGTH];
static struct text_view views[ROWS];
static uint8_t missing[ROWS];

/* Kinds: 0 few; 1 a few hundred, of several lengths; 2 more than are tracked, some of them often;
 * 3 all different and long; 4 more patterns than are tracked; 5 with bytes that no key has; 6 few
 * and then all different and then few. */
#define KINDS 7
static void make(size_t kind, size_t row, uint64_t random)
{
    static const char signs[] = "-.,:;!/()[]{}<>|~^=+*&%$";
    unsigned few = (unsigned)(random >> 60), many = (unsigned)(random >> 40);
    unsigned whole = (unsigned)row;
    int length = 0;
    if (kind == 6)
        kind = row / 10000 % 2 ? 3 : 1;
    switch (kind) {
    case 0:
        length = sprintf(texts[row], "%c", 'a' + (int)few % 5);
        break;
    case 1:
        length = sprintf(texts[row], "shop-%u", many % 300);
        break;
    case 2:
        length = few < 8 ? sprintf(texts[row], "c%u", few) : sprintf(texts[row], "c%u", many);
        break;
    case 3:
        length = sprintf(texts[row], "note %u of a longer kind %u", whole, few);
        break;
    case 4:
        length = sprintf(texts[row], "%c%c%c%u", signs[many % 24], signs[many / 24 % 24],
                         signs[many / 576 % 24], few % 2);
        break;
    default:
        length = sprintf(texts[row], "a%cb%u", few % 2 ? '\0' : 'x', many % 40);
    }
    views[row] = (struct text_view){texts[row], (uint32_t)length};
}

static void encode_by(size_t cut, size_t limit, struct buffer *out)
{
    struct column_schema column = {(char *)"t", COLUMN_TEXT};
    struct profile *profile = profile_new(&(struct table_schema){&column, 1});
    for (size_t row = 0; row < limit; row += cut) {
        size_t rows = cut < limit - row ? cut : limit - row;
        struct column cells = {
            .type = COLUMN_TEXT, .rows = rows, .missing = missing + row, .texts = views + row};
        profile_add(profile, &(struct batch){&cells, 1, rows});
    }
    profile_finish(profile);
    profile_encode(profile, out);
    profile_free(profile);
}

static void texts_are_counted_alike_however_rows_are_cut(void **state)
{
    const size_t cuts[] = {300, 1000, 1024, 1500, 4096, ROWS};
    uint64_t seed = 11;
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t row = 0; row < ROWS; row++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            make(kind, row, seed);
            missing[row] = seed >> 59 == 0 ? MISSING_NULL : MISSING_NOT;
        }
        _cleanup_(buffer_clear) struct buffer plain = {0};
        encode_by(100, ROWS, &plain); /* no text is remembered from so few rows */
        for (size_t i = 0; i < ARRAY_LENGTH(cuts); i++) {
            _cleanup_(buffer_clear) struct buffer bytes = {0};
            encode_by(cuts[i], ROWS, &bytes);
            if (bytes.length != plain.length || memcmp(bytes.data, plain.data, plain.length) != 0)
                fail_msg("kind %zu in batches of %zu rows", kind, cuts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_counted_alike_however_rows_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
