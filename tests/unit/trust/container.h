/* tests/unit/trust/container.h - bytes through the engine, and what it found in them. */
#ifndef TESTS_CONTAINER_H
#define TESTS_CONTAINER_H
#include "test.h"

#include "base/buffer.h"
#include "base/endian.h"
#include "trusting.h"

/* os.getpid, called */
#define EVIL                                                                                       \
    "\x80\x02"                                                                                     \
    "cos\ngetpid\n)R."
#define GOOD                                                                                       \
    "\x80\x02]K\x01"                                                                               \
    "a."

/* `rules`: those that must be found, parted by blanks; none at all where it is "". */
static inline void finds(const char *name, const struct buffer *data, enum verdict verdict,
                         const char *rules)
{
    struct findings findings;
    (void)scan_with(NULL, name, data->data, data->length, (struct scan_limits){0}, &findings);
    assert_int_equal(verdict, findings.verdict);
    if (!*rules)
        assert_int_equal(0, findings.count);
    while (*rules) {
        size_t length = strcspn(rules, " ");
        _cleanup_(free_string) char *rule = xstrndup(rules, length);
        if (!has_rule(&findings, rule))
            fail_msg("%s was not found", rule);
        rules += length + (rules[length] == ' ');
    }
    findings_clear(&findings);
}

/* No truncation is safe, and no flipped bit does more than be found or not. */
static inline void survives(const char *name, const struct buffer *data, size_t safe_from)
{
    for (size_t cut = 1; cut < data->length; cut++) {
        struct findings findings;
        (void)scan_with(NULL, name, data->data, cut, (struct scan_limits){0}, &findings);
        if (cut < safe_from)
            assert_int_not_equal(VERDICT_SAFE, findings.verdict);
        findings_clear(&findings);
    }
    for (size_t bit = 0; bit < data->length * 8; bit++) {
        struct findings findings;
        data->data[bit / 8] ^= (char)(1u << bit % 8);
        (void)scan_with(NULL, name, data->data, data->length, (struct scan_limits){0}, &findings);
        data->data[bit / 8] ^= (char)(1u << bit % 8);
        findings_clear(&findings);
    }
}

static inline void add16(struct buffer *out, unsigned value)
{
    buffer_putc(out, (char)(value & 0xff));
    buffer_putc(out, (char)(value >> 8 & 0xff));
}

static inline void add32(struct buffer *out, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}

static inline void add64(struct buffer *out, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}

#endif
