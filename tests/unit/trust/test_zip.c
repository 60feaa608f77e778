/*
 * tests/unit/trust/test_zip.c - archives built byte by byte after APPNOTE.TXT 6.3.10, whole,
 * damaged and ambiguous. tests/trust/make_containers.py has many more.
 */
#include "container.h"

#include <zlib.h>

struct part {
    const char *name, *data;
    size_t size;
    unsigned flags;
};

static void header(struct buffer *out, const struct part *part, bool central, uint32_t offset)
{
    uint32_t crc = (uint32_t)crc32(0, (const Bytef *)part->data, (uInt)part->size);
    buffer_append(out, central ? "PK\1\2" : "PK\3\4", 4);
    if (central)
        add16(out, 0x314);
    add16(out, 20);
    add16(out, part->flags);
    add16(out, 0); /* stored */
    add32(out, 0x21 << 16);
    add32(out, crc);
    add32(out, (uint32_t)part->size);
    add32(out, (uint32_t)part->size);
    add16(out, (unsigned)strlen(part->name));
    add16(out, 0);
    if (central) {
        add16(out, 0);
        add16(out, 0);
        add16(out, 0);
        add32(out, 0);
        add32(out, offset);
    }
    buffer_puts(out, part->name);
}

struct ends {
    bool wide;
    int64_t shift;      /* of the directory's offset */
    unsigned comment;   /* length that is stated */
    unsigned fewer;     /* entries that are not counted */
    uint64_t wide_more; /* in the zip64 record */
};

static void build(struct buffer *out, const struct part *parts, size_t count, struct ends ends)
{
    uint32_t offsets[8];
    for (size_t i = 0; i < count; i++) {
        offsets[i] = (uint32_t)out->length;
        header(out, &parts[i], false, 0);
        buffer_append(out, parts[i].data, parts[i].size);
    }
    size_t start = out->length;
    for (size_t i = 0; i < count; i++)
        header(out, &parts[i], true, offsets[i]);
    size_t end = out->length, size = end - start;
    unsigned counted = (unsigned)count - ends.fewer;
    if (ends.wide) {
        buffer_append(out, "PK\6\6", 4);
        add64(out, 44);
        add32(out, 45 << 16 | 45);
        add64(out, 0);
        add64(out, counted + ends.wide_more);
        add64(out, counted + ends.wide_more);
        add64(out, size);
        add64(out, start);
        buffer_append(out, "PK\6\7", 4);
        add32(out, 0);
        add64(out, end);
        add32(out, 1);
    }
    buffer_append(out, "PK\5\6", 4);
    add32(out, 0);
    add16(out, counted);
    add16(out, counted);
    add32(out, (uint32_t)size);
    add32(out, (uint32_t)((int64_t)start + ends.shift));
    add16(out, ends.comment);
}

static const struct part good[] = {{"a.pkl", GOOD, sizeof(GOOD) - 1, 0}, {"b.txt", "text", 4, 0}};
static const struct part evil[] = {{"b.txt", "text", 4, 0}, {"a.pkl", EVIL, sizeof(EVIL) - 1, 0}};

static void a_plain_archive_is_safe(void **state)
{
    _cleanup_(buffer_clear) struct buffer zip = {0}, wide = {0}, empty = {0};
    (void)state;
    build(&zip, good, 2, (struct ends){0});
    finds("a.zip", &zip, VERDICT_SAFE, "");
    build(&wide, good, 2, (struct ends){.wide = true}); /* as PyTorch has them all */
    finds("a.pt", &wide, VERDICT_SAFE, "");
    build(&empty, good, 0, (struct ends){0});
    finds("a.zip", &empty, VERDICT_SAFE, "");
}

static void members_are_looked_at_by_content(void **state)
{
    _cleanup_(buffer_clear) struct buffer zip = {0}, nested = {0};
    (void)state;
    build(&zip, evil, 2, (struct ends){0});
    finds("a.zip", &zip, VERDICT_UNSAFE, "pickle/import-denied");
    struct part part = {"x", zip.data, zip.length, 0};
    build(&nested, &part, 1, (struct ends){0});
    finds("a.npz", &nested, VERDICT_UNSAFE, "pickle/import-denied");
}

static void an_end_record_that_lies_is_found(void **state)
{
    _cleanup_(buffer_clear) struct buffer count = {0}, wide = {0}, shift = {0}, comment = {0};
    (void)state;
    build(&count, evil, 2, (struct ends){.fewer = 1});
    finds("a.zip", &count, VERDICT_UNSAFE, "zip/ambiguous pickle/import-denied");
    build(&wide, good, 2, (struct ends){.wide = true, .wide_more = 1});
    finds("a.zip", &wide, VERDICT_UNSAFE, "zip/zip64-disagreement");
    build(&shift, good, 2, (struct ends){.shift = -4});
    finds("a.zip", &shift, VERDICT_UNSAFE, "zip/no-local-header");
    build(&comment, good, 2, (struct ends){.comment = 9}); /* longer than the file */
    finds("a.zip", &comment, VERDICT_UNREADABLE, "zip/truncated-comment");
}

static void encryption_that_is_none_hides_nothing(void **state)
{
    _cleanup_(buffer_clear) struct buffer zip = {0};
    struct part part = evil[1];
    (void)state;
    part.flags = 1;
    build(&zip, &part, 1, (struct ends){0});
    finds("a.zip", &zip, VERDICT_UNSAFE, "zip/false-encryption pickle/import-denied");
}

static void names_that_clash_or_lead_out_are_found(void **state)
{
    static const struct {
        const char *one, *other, *rule;
    } cases[] = {
        {"a", "a", "zip/duplicate-name"},
        {"a", "A", "zip/similar-names"},
        {"\xc3\x84", "\xc3\xa4", "zip/similar-names"},
        {"a/", "a", "zip/duplicate-name"},
        {"a", "../b", "zip/path"},
        {"a", "/b", "zip/path"},
        {"a", "b\\c", "zip/path"},
        {"a", "b/..", "zip/path"},
        {"a", "C:b", "zip/path"},
        {"a", "\xff", "zip/name-encoding"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(buffer_clear) struct buffer zip = {0};
        struct part parts[] = {{cases[i].one, "", 0, 0}, {cases[i].other, "text", 4, 0}};
        struct findings findings = {0};
        build(&zip, parts, 2, (struct ends){0});
        (void)scan_with(NULL, "a.zip", zip.data, zip.length, (struct scan_limits){0}, &findings);
        assert_true(has_rule(&findings, cases[i].rule));
        findings_clear(&findings);
    }
}

static void bytes_of_no_part_are_found(void **state)
{
    _cleanup_(buffer_clear) struct buffer before = {0}, behind = {0};
    (void)state;
    buffer_puts(&before, "#!/bin/sh\n");
    build(&before, good, 2, (struct ends){0});
    finds("a.zip", &before, VERDICT_UNSAFE, "zip/prefix");
    build(&behind, good, 2, (struct ends){0});
    buffer_append(&behind, EVIL, sizeof(EVIL) - 1);
    finds("a.zip", &behind, VERDICT_UNSAFE, "zip/trailing-bytes pickle/import-denied");
}

static void limits_hold(void **state)
{
    _cleanup_(buffer_clear) struct buffer zip = {0};
    struct findings findings = {0};
    (void)state;
    build(&zip, evil, 2, (struct ends){0});
    (void)scan_with(NULL, "a.zip", zip.data, zip.length, (struct scan_limits){.members = 1},
                    &findings);
    assert_int_equal(VERDICT_UNREADABLE, findings.verdict);
    assert_true(has_rule(&findings, "scan/too-many-members"));
    findings_clear(&findings);
}

static void no_damage_is_safe_or_breaks_it(void **state)
{
    _cleanup_(buffer_clear) struct buffer zip = {0}, wide = {0};
    (void)state;
    build(&zip, good, 2, (struct ends){0});
    survives("a.zip", &zip, zip.length);
    build(&wide, evil, 2, (struct ends){.wide = true});
    survives("a.pt", &wide, wide.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_archive_is_safe),
        cmocka_unit_test(members_are_looked_at_by_content),
        cmocka_unit_test(an_end_record_that_lies_is_found),
        cmocka_unit_test(encryption_that_is_none_hides_nothing),
        cmocka_unit_test(names_that_clash_or_lead_out_are_found),
        cmocka_unit_test(bytes_of_no_part_are_found),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(no_damage_is_safe_or_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
