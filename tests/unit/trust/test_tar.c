/* tests/unit/trust/test_tar.c - tar archives built block by block after POSIX's ustar and pax. */
#include "container.h"
#include "trust/tar.h"

#include <stdio.h>

static void member(struct buffer *out, const char *name, char type, const char *data, size_t size)
{
    char block[512] = {0};
    unsigned sum = 0;
    (void)snprintf(block, 101, "%s", name);
    (void)snprintf(block + 100, 8, "0000644");
    (void)snprintf(block + 124, 12, "%011o", (unsigned)size);
    (void)snprintf(block + 136, 12, "%011o", 0u);
    memset(block + 148, ' ', 8);
    block[156] = type;
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < sizeof(block); i++)
        sum += (unsigned char)block[i];
    (void)snprintf(block + 148, 8, "%06o", sum);
    buffer_append(out, block, sizeof(block));
    buffer_append(out, data, size);
    memset(block, 0, sizeof(block));
    buffer_append(out, block, (512 - size % 512) % 512);
}

static void ending(struct buffer *out)
{
    static const char zeros[1024];
    buffer_append(out, zeros, sizeof(zeros));
}

static void a_plain_archive_is_safe(void **state)
{
    _cleanup_(buffer_clear) struct buffer tar = {0};
    (void)state;
    member(&tar, "./folder/", '5', "", 0);
    member(&tar, "./folder/a.pkl", '0', GOOD, sizeof(GOOD) - 1);
    member(&tar, "pax", 'x', "17 path=b/c.txt\n\0", 16);
    finds("a.tar", &tar, VERDICT_UNREADABLE, "tar/extended-header"); /* 17 is not its length */
    buffer_clear(&tar);
    member(&tar, "./folder/", '5', "", 0);
    member(&tar, "./folder/a.pkl", '0', GOOD, sizeof(GOOD) - 1);
    member(&tar, "pax", 'x', "16 path=b/c.txt\n", 16);
    member(&tar, "c", '0', "text", 4);
    ending(&tar);
    finds("a.tar", &tar, VERDICT_SAFE, "");
}

static void members_are_looked_at_by_content(void **state)
{
    _cleanup_(buffer_clear) struct buffer tar = {0};
    (void)state;
    member(&tar, "sys_info", '0', GOOD, sizeof(GOOD) - 1);
    member(&tar, "pickle", '0', EVIL, sizeof(EVIL) - 1);
    ending(&tar);
    finds("a.tar", &tar, VERDICT_UNSAFE, "pickle/import-denied");
}

static void what_readers_see_differently_is_found(void **state)
{
    _cleanup_(buffer_clear) struct buffer twice = {0}, behind = {0}, content = {0}, size = {0};
    (void)state;
    member(&twice, "a", '0', EVIL, sizeof(EVIL) - 1);
    member(&twice, "a", '0', GOOD, sizeof(GOOD) - 1);
    ending(&twice);
    finds("a.tar", &twice, VERDICT_UNSAFE, "tar/duplicate-name pickle/import-denied");
    member(&behind, "a", '0', GOOD, sizeof(GOOD) - 1);
    ending(&behind);
    member(&behind, "b", '0', EVIL, sizeof(EVIL) - 1);
    finds("a.tar", &behind, VERDICT_UNSAFE, "tar/trailing-bytes pickle/import-denied");
    member(&content, "a", '1', EVIL, sizeof(EVIL) - 1);
    ending(&content);
    finds("a.tar", &content, VERDICT_UNSAFE,
          "tar/special-member tar/ambiguous pickle/import-denied");
    member(&size, "pax", 'x', "12 size=600\n", 12);
    member(&size, "a", '0', "text", 4);
    ending(&size);
    finds("a.tar", &size, VERDICT_UNSAFE, "tar/ambiguous");
}

static void names_that_lead_out_are_found(void **state)
{
    static const char *const names[] = {"../a", "/a", "a/../b", "a\\b", "C:a", "a\nb"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        _cleanup_(buffer_clear) struct buffer tar = {0};
        member(&tar, names[i], '0', "text", 4);
        ending(&tar);
        finds("a.tar", &tar, VERDICT_UNSAFE, "tar/path");
    }
}

static bool reads(const char *field, uint64_t wanted, bool wanted_plain)
{
    uint64_t value;
    bool plain;
    return tar_number((const uint8_t *)field, 12, &value, &plain) && value == wanted &&
           plain == wanted_plain;
}

static void numbers_are_octal_or_in_base_256(void **state)
{
    uint64_t value;
    bool plain;
    (void)state;
    assert_true(reads("00000000017", 15, true));
    assert_true(reads("     17 \0   ", 15, true));
    assert_true(reads("\x80\0\0\0\0\0\0\x01\0\0\0", 1ull << 32, true));
    assert_true(reads("17\0 5       ", 15, false)); /* Python stops at the NUL */
    assert_true(reads("0o1_7       ", 15, false));
    assert_false(tar_number((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12,
                            &value, &plain));
    assert_false(tar_number((const uint8_t *)"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12,
                            &value, &plain));
}

static void no_damage_is_safe_or_breaks_it(void **state)
{
    _cleanup_(buffer_clear) struct buffer tar = {0};
    (void)state;
    member(&tar, "pax", 'x', "16 path=b/c.txt\n", 16);
    member(&tar, "c", '0', GOOD, sizeof(GOOD) - 1);
    survives("a.tar", &tar, 512 + 512 + 512 + sizeof(GOOD) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_archive_is_safe),
        cmocka_unit_test(members_are_looked_at_by_content),
        cmocka_unit_test(what_readers_see_differently_is_found),
        cmocka_unit_test(names_that_lead_out_are_found),
        cmocka_unit_test(numbers_are_octal_or_in_base_256),
        cmocka_unit_test(no_damage_is_safe_or_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
