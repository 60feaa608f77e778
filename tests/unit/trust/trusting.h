/* tests/unit/trust/trusting.h - bytes in, findings out, for the tests of scanners. */
#ifndef TRUSTING_H
#define TRUSTING_H
#include "trust/scanner.h"

/* The engine's view of `size` bytes in an artifact called `name`, scanned by `scanner`, or, where
 * that is NULL, by whatever claims them. The caller clears the findings. */
static inline enum verdict scan_with(const struct scanner *scanner, const char *name,
                                     const void *data, size_t size, struct scan_limits limits,
                                     struct findings *findings)
{
    struct mlops_error err = {0};
    struct scan scan = {.limits = limits};
    uint8_t *copy = malloc(size ? size : 1); /* so that ASan sees a read past the end */
    _cleanup_(source_close_ptr) struct source *source = NULL;
    memcpy(copy, data, size);
    source = source_of_memory(copy, size);
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = name,
                             .name = name,
                             .head = copy,
                             .head_length = size < SCAN_HEAD_SIZE ? size : SCAN_HEAD_SIZE,
                             .findings = findings};
    *findings = (struct findings){0};
    assert_int_equal(0, scanner ? scanner->scan(&file, &err) : scan_file(&file, &err));
    free(copy);
    return findings->verdict;
}

static inline bool has_rule(const struct findings *findings, const char *id)
{
    for (size_t i = 0; i < findings->count; i++)
        if (str_equal(findings->items[i].rule->id, id))
            return true;
    return false;
}

/* `data` gives `verdict`, with a finding of `rule`, or without any where that is NULL. */
static inline void expect(const struct scanner *scanner, const void *data, size_t size,
                          enum verdict verdict, const char *rule)
{
    struct findings findings;
    enum verdict got = scan_with(scanner, "m", data, size, (struct scan_limits){0}, &findings);
    for (size_t i = 0; i < findings.count; i++)
        if (got != verdict || !rule || !has_rule(&findings, rule))
            print_message("%s: %s\n", findings.items[i].rule->id, findings.items[i].message);
    assert_int_equal(verdict, got);
    if (rule)
        assert_true(has_rule(&findings, rule));
    else
        assert_int_equal(0, findings.count);
    findings_clear(&findings);
}

/* No beginning of `data` is safe but that of no bytes. */
static inline void no_beginning_is_safe(const struct scanner *scanner, const void *data,
                                        size_t size)
{
    for (size_t length = 1; length < size; length++) {
        struct findings findings;
        assert_int_not_equal(VERDICT_SAFE, scan_with(scanner, "m", data, length,
                                                     (struct scan_limits){0}, &findings));
        findings_clear(&findings);
    }
}

/* Every byte set to a few values: whatever is found, nothing breaks. */
static inline void no_change_breaks(const struct scanner *scanner, const void *data, size_t size)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    uint8_t *copy = malloc(size);
    for (size_t i = 0; i < size; i++)
        for (size_t v = 0; v < sizeof(values); v++) {
            struct findings findings;
            memcpy(copy, data, size);
            copy[i] = values[v];
            (void)scan_with(scanner, "m", copy, size, (struct scan_limits){0}, &findings);
            findings_clear(&findings);
        }
    free(copy);
}

#endif
