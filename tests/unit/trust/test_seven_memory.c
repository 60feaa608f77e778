/*
 * tests/unit/trust/test_seven_memory.c - what a 7z asks for, by 7zFormat.txt of the LZMA SDK;
 * headers that are packed themselves are in tests/trust/make_containers.py.
 */
#include "container.h"

#include <zlib.h>

static void add_checksum(struct buffer *out, const void *data, size_t length)
{
    add32(out, (uint32_t)crc32(0, data, (unsigned)length));
}

/* One file "x.pkl" that is EVIL as it is; `folder` is what the header says of how it is packed. */
static void seven(struct buffer *out, const char *folder, size_t length)
{
    _cleanup_(buffer_clear) struct buffer header = {0}, start = {0};
    buffer_append(&header, "\1\4\6\0\1\x09", 6);
    buffer_putc(&header, sizeof(EVIL) - 1);
    buffer_append(&header, "\0\7\x0b\1\0", 5);
    buffer_append(&header, folder, length);
    buffer_putc(&header, '\x0c');
    buffer_putc(&header, sizeof(EVIL) - 1);
    buffer_append(&header, "\0\x08\x0a\1", 4);
    add_checksum(&header, EVIL, sizeof(EVIL) - 1);
    buffer_append(&header, "\0\0\5\1\x11\x0d\0x\0.\0p\0k\0l\0\0\0\0\0", 21);
    add32(&start, sizeof(EVIL) - 1);
    add32(&start, 0);
    add32(&start, (uint32_t)header.length);
    add32(&start, 0);
    add_checksum(&start, header.data, header.length);
    buffer_append(out, "7z\xbc\xaf\x27\x1c\0\4", 8);
    add_checksum(out, start.data, start.length);
    buffer_append(out, start.data, start.length);
    buffer_append(out, EVIL, sizeof(EVIL) - 1);
    buffer_append(out, header.data, header.length);
}

#define FOLDER(text) (text), sizeof(text) - 1

static void what_is_stored_is_looked_at_and_survives(void **state)
{
    _cleanup_(buffer_clear) struct buffer out = {0};
    (void)state;
    seven(&out, FOLDER("\1\1\0"));
    finds("a.7z", &out, VERDICT_UNSAFE, "pickle/import-denied archive/one-reading");
    survives("a.7z", &out, out.length);
}

static void a_coder_that_asks_for_too_much_is_refused(void **state)
{
    static const struct {
        const char *folder;
        size_t length;
    } folders[] = {
        {FOLDER("\1\x23\3\1\1\5\x5d\1\0\0\x20")},                   /* LZMA: 512 MiB and a byte */
        {FOLDER("\1\x21\x21\1\x23")},                               /* LZMA2: 768 MiB */
        {FOLDER("\1\x21\x21\1\x28")},                               /* LZMA2: 4 GiB - 1 */
        {FOLDER("\1\x23\3\4\1\5\6\0\0\0\x40")},                     /* PPMd: 1 GiB */
        {FOLDER("\2\x21\x21\1\x20\x23\3\1\1\5\x5d\0\0\0\x18\1\0")}, /* 256 MiB and 384 MiB */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        _cleanup_(buffer_clear) struct buffer out = {0};
        seven(&out, folders[i].folder, folders[i].length);
        finds("a.7z", &out, VERDICT_UNREADABLE, "archive/memory");
    }
}

static void a_coder_within_the_limit_is_libarchives(void **state)
{
    _cleanup_(buffer_clear) struct buffer out = {0};
    (void)state;
    seven(&out, FOLDER("\1\x23\3\1\1\5\x5d\0\0\0\x20")); /* 512 MiB, and no stream of LZMA */
    finds("a.7z", &out, VERDICT_UNREADABLE, "archive/damaged archive/one-reading");
}

static void a_folder_that_makes_no_sense_is_damaged(void **state)
{
    static const struct {
        const char *folder;
        size_t length;
    } folders[] = {
        {FOLDER("\0")},                                             /* no coder */
        {FOLDER("\5\1\0\1\0\1\0\1\0\1\0")},                         /* five */
        {FOLDER("\1\x11\0\1\x40")},                                 /* 64 streams come out of one */
        {FOLDER("\1\x21\x21\xff\xff\xff\xff\xff\xff\xff\xff\xff")}, /* properties without an end */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        _cleanup_(buffer_clear) struct buffer out = {0};
        seven(&out, folders[i].folder, folders[i].length);
        finds("a.7z", &out, VERDICT_UNREADABLE, "archive/damaged");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_is_looked_at_and_survives),
        cmocka_unit_test(a_coder_that_asks_for_too_much_is_refused),
        cmocka_unit_test(a_coder_within_the_limit_is_libarchives),
        cmocka_unit_test(a_folder_that_makes_no_sense_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
