/* lib/trust/tar_header.c - the fields of tar's headers. */
#include "base/buffer.h"
#include "trust/tar.h"

#define CHECKSUM 148 /* where the checksum's eight bytes stand */
#define MAGIC 257

/* The place and length of each text. */
static const struct field {
    size_t offset, length;
} texts[] = {{0, 100}, {157, 100}, {265, 32}, {297, 32}};
static const struct field prefix_field = {345, 155};

static bool is_posix(const uint8_t *block)
{
    return memcmp(block + MAGIC,
                  "ustar\0"
                  "00",
                  8) == 0;
}

/* In base 256; a negative one begins with 0xff. */
static bool binary_number(const uint8_t *field, size_t length, uint64_t *value)
{
    if (field[0] != 0x80)
        return false;
    for (size_t i = 1; i < length; i++) {
        if (*value >> 55)
            return false;
        *value = *value << 8 | field[i];
    }
    return true;
}

bool tar_number(const uint8_t *field, size_t length, uint64_t *value, bool *plain)
{
    size_t i = 0;
    *value = 0;
    *plain = true;
    if (field[0] & 0x80)
        return binary_number(field, length, value);
    while (i < length && strchr(" \t\n\v\f\r", field[i]) && field[i])
        *plain &= field[i++] == ' ';
    if (length - i > 2 && field[i] == '0' && (field[i + 1] | 0x20) == 'o') { /* Python's int() */
        *plain = false;
        i += 2;
    }
    for (; i < length && ((field[i] >= '0' && field[i] <= '7') || field[i] == '_'); i++) {
        if (*value >> 60)
            return false;
        *plain &= field[i] != '_'; /* Python reads over them */
        if (field[i] != '_')
            *value = *value << 3 | (uint64_t)(field[i] - '0');
    }
    for (; i < length; i++)
        *plain &= field[i] == ' ' || field[i] == '\0';
    return true;
}

bool tar_begins(const uint8_t *head, size_t length)
{
    uint64_t stated, sum = 0, with_signs = 0;
    bool plain;
    if (length < TAR_BLOCK || !tar_number(head + CHECKSUM, 8, &stated, &plain) || stated == 0)
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        uint8_t byte = i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : head[i];
        sum += byte;
        with_signs += byte < 0x80 ? byte : byte - 256ull; /* old ones summed signed characters */
    }
    return sum == stated || with_signs == stated;
}

bool tar_slack_is_zero(const uint8_t *block)
{
    struct field fields[6];
    size_t count = ARRAY_LENGTH(texts);
    memcpy(fields, texts, sizeof(texts));
    if (is_posix(block)) {
        fields[count++] = prefix_field;
        fields[count++] = (struct field){500, 12};
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = block + fields[i].offset, *end = from + fields[i].length;
        from = memchr(from, 0, fields[i].length);
        for (; from && from < end; from++)
            if (*from)
                return false;
    }
    return true;
}

char *tar_plain_name(const uint8_t *block)
{
    const char *name = (const char *)block, *prefix = (const char *)block + prefix_field.offset;
    int length = (int)strnlen(name, 100);
    if (!is_posix(block) || !*prefix)
        return xstrndup(name, (size_t)length);
    return xprintf("%.*s/%.*s", (int)strnlen(prefix, prefix_field.length), prefix, length, name);
}

bool tar_pax_record(const char *data, size_t length, size_t *at, const char **key,
                    size_t *key_length, const char **value, size_t *value_length)
{
    size_t total = 0, i = *at;
    for (; i < length && data[i] >= '0' && data[i] <= '9' && total < TAR_EXTENDED_MAX; i++)
        total = total * 10 + (size_t)(data[i] - '0');
    if (i == *at || i >= length || data[i] != ' ' || total > length - *at || total < i - *at + 3 ||
        data[*at + total - 1] != '\n')
        return false;
    *key = data + i + 1;
    const char *end = data + *at + total - 1;
    const char *equals = memchr(*key, '=', (size_t)(end - *key));
    if (!equals || equals == *key)
        return false;
    *key_length = (size_t)(equals - *key);
    *value = equals + 1;
    *value_length = (size_t)(end - *value);
    *at += total;
    return true;
}
