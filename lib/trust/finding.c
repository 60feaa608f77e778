/* lib/trust/finding.c - lists of findings, with texts that are safe to show. */
#include "trust/finding.h"
#include "base/buffer.h"
#include "base/path.h"
#include <stdarg.h>

#define TEXT_MAX 4096 /* bytes of a message or of a file's name that are kept */

/* Bytes of the character at `text`, 0 where it is not to be shown as it is. */
static size_t printable(const char *text, size_t left)
{
    unsigned char first = (unsigned char)*text;
    if (first < 0x80)
        return first >= ' ' && first != 0x7f;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (length > left || !utf8_valid(text, length))
        return 0;
    if (first == 0xc2 && (unsigned char)text[1] < 0xa0)
        return 0; /* the controls of C1 */
    /* What turns the direction of text around hides what is written: U+200E, U+200F, U+202A to
     * U+202E, U+2066 to U+2069. */
    if (first == 0xe2 && ((unsigned char)text[1] == 0x80 || (unsigned char)text[1] == 0x81)) {
        unsigned char last = (unsigned char)text[2];
        if ((unsigned char)text[1] == 0x80 &&
            (last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae)))
            return 0;
        if ((unsigned char)text[1] == 0x81 && last >= 0xa6 && last <= 0xa9)
            return 0;
    }
    return length;
}

static char *shown(const char *text, size_t length)
{
    struct buffer out = {0};
    bool cut = length > TEXT_MAX;
    for (size_t i = 0; i < (cut ? TEXT_MAX : length);) {
        size_t bytes = printable(text + i, length - i);
        if (bytes)
            buffer_append(&out, text + i, bytes);
        else
            buffer_printf(&out, "\\x%02x", (unsigned)(unsigned char)text[i]);
        i += bytes ? bytes : 1;
    }
    if (cut)
        buffer_puts(&out, "…");
    return buffer_steal(&out);
}

void findings_add(struct findings *findings, const struct rule *rule, const char *file,
                  uint64_t offset, const char *format, ...)
{
    _cleanup_(buffer_clear) struct buffer message = {0};
    va_list arguments;
    if (rule->verdict > findings->verdict)
        findings->verdict = rule->verdict;
    if (findings->count == FINDINGS_MAX) {
        findings->overflow = true;
        return;
    }
    va_start(arguments, format);
    buffer_vprintf(&message, format, arguments);
    va_end(arguments);
    GROW(findings->items, findings->count, &findings->capacity);
    findings->items[findings->count++] =
        (struct finding){.rule = rule,
                         .file = shown(file, strlen(file)),
                         .offset = offset,
                         .message = shown(message.data ? message.data : "", message.length)};
}

char *finding_text(const char *text)
{
    return shown(text, strlen(text));
}

void findings_clear(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].file);
        free(findings->items[i].message);
    }
    free(findings->items);
    *findings = (struct findings){0};
}

/* The ends of the section that SCAN_RULE puts rules in: the linker's names. */
extern const struct rule __start_scan_rules[] __attribute__((visibility("hidden")));
extern const struct rule __stop_scan_rules[] __attribute__((visibility("hidden")));

const struct rule *rules_all(size_t *count)
{
    *count = (size_t)(__stop_scan_rules - __start_scan_rules);
    return __start_scan_rules;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"safe", "unknown", "unreadable", "unsafe"};
    return names[verdict];
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    return names[severity];
}
