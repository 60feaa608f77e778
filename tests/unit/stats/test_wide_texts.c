/* tests/unit/stats/test_wide_texts.c - patterns and short texts, by AVX-512 and without it: what
 * the headers say of them, and no byte read beyond a text. */
#include "test.h"

#include "wide_ways.h"
#include <sys/mman.h>
#include <unistd.h>

#define has_wide pattern_has_wide
#include "stats/pattern.c"
#undef has_wide
#define has_wide short_has_wide
#include "stats/short_text.c"
#undef has_wide

/* Where a page ends, and one begins that nobody may read. */
static char *end_of_page(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    return pages + page;
}

static void expect_pattern(const char *text, size_t length, const char *expected)
{
    char pattern[PATTERN_MAX], *end = end_of_page(), padded[PATTERN_MAX] = {0};
    memcpy(end - length, text, length);
    size_t used = pattern_of(end - length, length, pattern);
    memcpy(padded, expected, strlen(expected));
    assert_int_equal(used, strlen(expected));
    assert_memory_equal(pattern, padded, PATTERN_MAX);
    munmap(end - sysconf(_SC_PAGESIZE), 2 * (size_t)sysconf(_SC_PAGESIZE));
}

static void expect_patterns(void)
{
    static const struct {
        const char *text, *pattern;
    } known[] = {
        {"", ""},
        {"7", "9"},
        {"A-1234", "A-9"},
        {"B-77", "A-9"},
        {"Berlin", "Aa"},
        {"note 12 of 3", "a 9 a 9"},
        {"a\t\r\n b", "a a"},
        {"\x01\x1f\x7f!", "?!"},
        {"gr\xc3\xbc\xc3\x9f"
         "e",
         "aua"},
        {"@[`{/:", "@[`{/:"},
        {"a.b.c.d.e.f.g.h.i.j.k.l", "a.a.a.a.a.a.a.a.a.a.a.a"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.", "a.a.a.a.a.a.a.a.a.a.a.a."},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m", "a.a.a.a.a.a.a.a.a.a.a.a~"},
        {"0123456789012345678901234567890123456789012345678901234567890123", "9"}, /* 64 bytes */
        {"01234567890123456789012345678901234567890123456789012345678901234a", "9a"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        expect_pattern(known[i].text, strlen(known[i].text), known[i].pattern);
}

static void patterns_without_it(void **state)
{
    (void)state;
    way = 1;
    expect_patterns();
}

static void need_it(void)
{
    if (processor_has_all_of_avx512())
        return;
    print_message("this processor lacks AVX-512 for bytes\n");
    skip();
}

static void patterns_by_it(void **state)
{
    (void)state;
    need_it();
    way = 8;
    expect_patterns();
}

static void any_bytes_have_the_same_pattern(void **state)
{
    uint64_t seed = 6;
    (void)state;
    need_it();
    for (size_t round = 0; round < 200000; round++) {
        char text[100], narrow[PATTERN_MAX], fast[PATTERN_MAX];
        size_t length = round % sizeof(text);
        for (size_t i = 0; i < length; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            /* all bytes, or few, so that runs are long */
            text[i] = (char)(round % 2 ? seed >> 56 : (uint64_t) "aZ9 \n\xff.~"[seed >> 61]);
        }
        way = 1;
        size_t a = pattern_of(text, length, narrow);
        way = 8;
        size_t b = pattern_of(text, length, fast);
        assert_int_equal(a, b);
        assert_memory_equal(narrow, fast, PATTERN_MAX);
    }
}

static void check_short(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRST";
    char *end = end_of_page();
    memset(end - 64, '#', 64);
    for (size_t length = 0; length <= 20; length++) {
        struct short_text own;
        char expected[16] = {0};
        memcpy(end - length, letters, length);
        short_texts(&(struct text_view){end - length, (uint32_t)length}, 1, &own);
        if (length <= sizeof(expected))
            memcpy(expected, letters, length);
        assert_int_equal(own.length, length <= SHORT_TEXT_MAX ? length : 0);
        assert_memory_equal(own.words, expected, sizeof(expected));
    }
    munmap(end - sysconf(_SC_PAGESIZE), 2 * (size_t)sysconf(_SC_PAGESIZE));
}

static void short_texts_are_their_bytes(void **state)
{
    (void)state;
    way = 1;
    check_short();
    need_it();
    way = 8;
    check_short();
}

static void different_texts_differ(void **state)
{
    const struct text_view texts[] = {{"ab", 2}, {"ab\0", 3}, {"ac", 2}, {"ab", 2}};
    struct short_text own[4];
    (void)state;
    way = 1;
    short_texts(texts, 4, own);
    assert_true(short_text_equal(&own[0], &own[3]));
    assert_false(short_text_equal(&own[0], &own[1]));
    assert_false(short_text_equal(&own[0], &own[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_without_it),
        cmocka_unit_test(patterns_by_it),
        cmocka_unit_test(any_bytes_have_the_same_pattern),
        cmocka_unit_test(short_texts_are_their_bytes),
        cmocka_unit_test(different_texts_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
