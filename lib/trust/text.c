/*
 * lib/trust/text.c - files that are nothing but text: UTF-8 without control characters, to the last
 * byte. What only begins as text is a finding, as the head alone tells which file this is. Texts
 * are looked through for programs and for words that should not be there.
 */
#include "base/path.h"
#include "trust/scanner.h"
#include "trust/script.h"
#include "trust/words.h"

/* A character may be cut in two by the end of the head, or of a block. */
#define CHARACTER_MAX 4
#define BLOCK_SIZE (256u << 10)

static const struct rule rule_binary SCAN_RULE = {
    .id = "text/binary",
    .severity = SEVERITY_MEDIUM,
    .verdict = VERDICT_UNKNOWN,
    .summary = "the file begins as text and has bytes that no text has",
    .advice = "look at the bytes at the offset; get a clean copy of the file",
};
static const struct rule rule_data SCAN_RULE = {
    .id = "text/binary-data",
    .severity = SEVERITY_INFO,
    .verdict = VERDICT_SAFE,
    .summary = "a data file begins as text and has bytes that no UTF-8 text has",
    .advice = "nothing, as long as only the code of the bundle reads it",
};

static bool is_control(uint8_t byte)
{
    return (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f') ||
           byte == 0x7f;
}

/* Bytes at the end that may be the beginning of a character. */
static size_t cut_character(const uint8_t *data, size_t length)
{
    for (size_t back = 1; back < CHARACTER_MAX && back <= length; back++) {
        uint8_t byte = data[length - back];
        if (byte >= 0xc0)
            return (size_t)(byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
        if (byte < 0x80)
            return 0;
    }
    return 0;
}

/* Where the first byte is that is in no text; `length`: nowhere. Without a branch for each byte, as
 * tables may be large. */
static size_t find_bad(const uint8_t *data, size_t length)
{
    unsigned controls = 0, high = 0;
    for (size_t i = 0; i < length; i++) {
        controls |= is_control(data[i]);
        high |= data[i] & 0x80u;
    }
    if (!controls && (!high || utf8_valid((const char *)data, length)))
        return length;
    for (size_t i = 0; i < length;) {
        uint8_t byte = data[i];
        size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        if (is_control(byte) || size > length - i || !utf8_valid((const char *)data + i, size))
            return i;
        i += size;
    }
    return length;
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    size_t length = file->head_length;
    (void)err;
    if (length < file->source->size)
        length -= cut_character(file->head, length);
    *claimed = find_bad(file->head, length) == length;
    return MLOPS_OK;
}

static int scan_blocks(const struct scan_file *file, uint8_t *block, struct mlops_error *err)
{
    uint64_t size = file->source->size;
    for (uint64_t offset = 0; offset < size;) {
        size_t got;
        TRY(scan_check_cancelled(file, err));
        TRY(source_read(file->source, offset, block, BLOCK_SIZE, &got, err));
        if (offset + got < size)
            got -= cut_character(block, got);
        size_t bad = find_bad(block, got);
        if (bad < got) {
            findings_add(file->findings, file->role == SCAN_DATA ? &rule_data : &rule_binary,
                         file->path, offset + bad, "has the byte 0x%02x in what begins as text",
                         (unsigned)block[bad]);
            return MLOPS_OK; /* the first says it of all of them */
        }
        offset += got;
    }
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    script_check(file);
    if (file->source->size > file->head_length) { /* of others the claim saw all */
        uint8_t *block = xmalloc(BLOCK_SIZE);
        int code = scan_blocks(file, block, err);
        free(block);
        TRY(code);
    }
    return words_scan(file, err);
}

const struct scanner scanner_text = {
    .format = "text",
    .extensions = (const char *const[]){"txt", "csv", "tsv", "md", "rst", NULL},
    .claims = claims,
    .scan = scan,
};
