/*
 * tests/unit/trust/test_compressed.c - compressed streams, whole, one after another, cut off, with
 * bytes behind; and what is spooled. tests/trust/make_containers.py has the other formats.
 */
#include "container.h"
#include "trust/spool.h"
#include "trust/unpack.h"

#include <zlib.h>
#include <zstd.h>

static void pack_zlib(struct buffer *out, const char *data, size_t size, int window)
{
    z_stream stream = {0};
    buffer_reserve(out, size + 1024);
    assert_int_equal(Z_OK, deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY));
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)out->data + out->length;
    stream.avail_out = (uInt)(out->capacity - out->length - 1);
    assert_int_equal(Z_STREAM_END, deflate(&stream, Z_FINISH));
    out->length += stream.total_out;
    (void)deflateEnd(&stream);
}

static void pack_zstd(struct buffer *out, const char *data, size_t size)
{
    buffer_reserve(out, ZSTD_compressBound(size));
    size_t length = ZSTD_compress(out->data + out->length, ZSTD_compressBound(size), data, size, 3);
    assert_false(ZSTD_isError(length));
    out->length += length;
}

static void each_kind_is_known_by_its_head(void **state)
{
    (void)state;
    assert_int_equal(PACKING_GZIP, packing_of((const uint8_t *)"\x1f\x8b\x08\0", 4));
    assert_int_equal(PACKING_ZSTD, packing_of((const uint8_t *)"\x28\xb5\x2f\xfd", 4));
    assert_int_equal(PACKING_LZ4, packing_of((const uint8_t *)"\x04\x22\x4d\x18", 4));
    assert_int_equal(PACKING_XZ, packing_of((const uint8_t *)"\xfd"
                                                             "7zXZ\0",
                                            6));
    assert_int_equal(PACKING_BZIP2, packing_of((const uint8_t *)"BZh91AY&SY", 10));
    assert_int_equal(
        PACKING_LZMA,
        packing_of((const uint8_t *)"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 13));
    assert_int_equal(PACKING_NONE, packing_of((const uint8_t *)"BZh9 is text", 12));
    assert_int_equal(PACKING_NONE, packing_of((const uint8_t *)"", 0));
}

static void what_is_packed_is_looked_at(void **state)
{
    _cleanup_(buffer_clear) struct buffer gz = {0}, zlib = {0}, zstd = {0}, twice = {0};
    (void)state;
    pack_zlib(&gz, EVIL, sizeof(EVIL) - 1, MAX_WBITS + 16);
    finds("a.pkl.gz", &gz, VERDICT_UNSAFE, "pickle/import-denied");
    pack_zlib(&zlib, EVIL, sizeof(EVIL) - 1, MAX_WBITS);
    finds("a.joblib", &zlib, VERDICT_UNSAFE, "pickle/import-denied");
    pack_zstd(&zstd, EVIL, sizeof(EVIL) - 1);
    finds("a.pkl.zst", &zstd, VERDICT_UNSAFE, "pickle/import-denied");
    pack_zstd(&twice, gz.data, gz.length);
    finds("a.pkl.gz.zst", &twice, VERDICT_UNSAFE, "pickle/import-denied");
}

static void streams_one_after_another_are_one_file(void **state)
{
    _cleanup_(buffer_clear) struct buffer gz = {0}, zstd = {0};
    (void)state;
    pack_zlib(&gz, "\x80\x02", 2, MAX_WBITS + 16);
    pack_zlib(&gz, &EVIL[2], sizeof(EVIL) - 3, MAX_WBITS + 16);
    finds("a.pkl.gz", &gz, VERDICT_UNSAFE, "pickle/import-denied");
    pack_zstd(&zstd, GOOD, 3);
    pack_zstd(&zstd, &GOOD[3], sizeof(GOOD) - 4);
    finds("a.pkl.zst", &zstd, VERDICT_SAFE, "");
}

static void bytes_behind_are_found_and_zeros_are_told(void **state)
{
    _cleanup_(buffer_clear) struct buffer behind = {0}, zeros = {0};
    (void)state;
    pack_zlib(&behind, GOOD, sizeof(GOOD) - 1, MAX_WBITS + 16);
    buffer_append(&behind, EVIL, sizeof(EVIL) - 1);
    finds("a.pkl.gz", &behind, VERDICT_UNSAFE, "compressed/trailing-bytes pickle/import-denied");
    pack_zlib(&zeros, GOOD, sizeof(GOOD) - 1, MAX_WBITS + 16);
    buffer_append(&zeros, "\0\0\0", 3);
    finds("a.pkl.gz", &zeros, VERDICT_SAFE, "compressed/padding");
}

static void text_that_begins_as_zlib_does_is_text(void **state)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    (void)state;
    buffer_puts(&text, "x^2 + y^2 = z^2\n"); /* 0x785e is a multiple of 31 */
    assert_int_equal(PACKING_ZLIB, packing_of((const uint8_t *)text.data, text.length));
    finds("a.txt", &text, VERDICT_SAFE, "");
}

static void a_bomb_is_stopped(void **state)
{
    _cleanup_(buffer_clear) struct buffer zeros = {0}, zstd = {0};
    struct findings findings = {0};
    (void)state;
    buffer_reserve(&zeros, 40 << 20);
    memset(zeros.data, 0, 40 << 20);
    pack_zstd(&zstd, zeros.data, 40 << 20);
    finds("a.zst", &zstd, VERDICT_UNSAFE, "scan/bomb");
    (void)scan_with(NULL, "a.zst", zstd.data, zstd.length,
                    (struct scan_limits){.unpacked_bytes = 1000}, &findings);
    assert_true(has_rule(&findings, "scan/too-large"));
    findings_clear(&findings);
}

static void no_damage_is_safe_or_breaks_it(void **state)
{
    _cleanup_(buffer_clear) struct buffer gz = {0}, zlib = {0}, zstd = {0};
    (void)state;
    pack_zlib(&gz, GOOD, sizeof(GOOD) - 1, MAX_WBITS + 16);
    survives("a.pkl.gz", &gz, gz.length);
    pack_zlib(&zlib, EVIL, sizeof(EVIL) - 1, MAX_WBITS);
    survives("a.joblib", &zlib, zlib.length);
    pack_zstd(&zstd, GOOD, sizeof(GOOD) - 1);
    survives("a.pkl.zst", &zstd, zstd.length);
}

static void what_is_spooled_is_read_back(void **state)
{
    struct mlops_error err = {0};
    struct spool spool = SPOOL_EMPTY;
    const size_t size = SPOOL_MEMORY + 12345; /* on disk */
    _cleanup_(free_string) char *piece = malloc(1000);
    (void)state;
    for (size_t at = 0; at < size;) {
        size_t length = size - at < 1000 ? size - at : 1000;
        for (size_t i = 0; i < length; i++)
            piece[i] = (char)((at + i) % 251);
        assert_int_equal(MLOPS_OK, spool_write(&spool, piece, length, &err));
        at += length;
        assert_int_equal(at > SPOOL_MEMORY, spool.fd >= 0);
    }
    _cleanup_(source_close_ptr) struct source *source = spool_source(&spool);
    assert_int_equal(size, source->size);
    assert_int_equal(-1, spool.fd);
    for (size_t at = 0; at + 5 < size; at += size / 7) {
        assert_int_equal(MLOPS_OK, source->read(source, at, piece, 5, &err));
        for (size_t i = 0; i < 5; i++)
            assert_int_equal((char)((at + i) % 251), piece[i]);
    }
    spool_clear(&spool); /* emptied already */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_known_by_its_head),
        cmocka_unit_test(what_is_packed_is_looked_at),
        cmocka_unit_test(streams_one_after_another_are_one_file),
        cmocka_unit_test(bytes_behind_are_found_and_zeros_are_told),
        cmocka_unit_test(text_that_begins_as_zlib_does_is_text),
        cmocka_unit_test(a_bomb_is_stopped),
        cmocka_unit_test(no_damage_is_safe_or_breaks_it),
        cmocka_unit_test(what_is_spooled_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
