/*
 * lib/trust/pickle_nested.c - pickles within the constants of pickles: as they are, as text, in
 * base64 or hexadecimal digits.
 *
 * Raw data may begin like a pickle by chance. It counts as one where it is one to its end, or where
 * something was imported before it broke.
 */
#include "base/buffer.h"
#include "trust/pickle.h"
#include "trust/pickle_text.h"

#define DECODED_MAX (64u << 20) /* text longer than that is not decoded */

enum wrapping {
    WRAPPED_NOT,
    WRAPPED_LATIN1,
    WRAPPED_ESCAPES,
    WRAPPED_BASE64,
    WRAPPED_HEX,
    NO_PICKLE
};

static int digit64(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static int digit16(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What the first bytes promise. 0x80 and a protocol are "gAE" to "gAX" in base64, "800" in hex. */
static enum wrapping promise(const struct pickle_value *constant, const uint8_t *head,
                             size_t length)
{
    bool text = constant->kind == VALUE_TEXT;
    if (text && constant->coding == CODING_UTF8 && length >= 3 && head[0] == 0xc2 &&
        head[1] == 0x80 && head[2] <= PICKLE_PROTOCOL_MAX)
        return WRAPPED_LATIN1;
    if (length >= 4 && head[0] == 'g' && head[1] == 'A' && head[2] >= 'A' && head[2] <= 'X' &&
        digit64(head[3]) >= 0)
        return WRAPPED_BASE64;
    if (length >= 4 && memcmp(head, "800", 3) == 0 && head[3] >= '0' && head[3] <= '5')
        return WRAPPED_HEX;
    if (text && (constant->coding == CODING_ESCAPED || constant->coding == CODING_RAW_UNICODE) &&
        (head[0] == OP_PROTO || head[0] == '\\' || memchr(head, '\\', length)))
        return WRAPPED_ESCAPES;
    if (head[0] == OP_PROTO)
        return length >= 2 && head[1] <= PICKLE_PROTOCOL_MAX ? WRAPPED_NOT : NO_PICKLE;
    return memchr(head, '\n', length) && pickle_begins(head, length) ? WRAPPED_NOT : NO_PICKLE;
}

static bool decode_base64(const uint8_t *data, size_t length, struct buffer *out)
{
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < length && data[i] != '='; i++) {
        int digit = digit64(data[i]);
        if (digit < 0 && data[i] != '\n' && data[i] != '\r')
            return false;
        if (digit < 0)
            continue;
        bits = bits << 6 | (unsigned)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buffer_putc(out, (char)(bits >> count & 0xff));
        }
    }
    return true;
}

static bool decode_hex(const uint8_t *data, size_t length, struct buffer *out)
{
    for (size_t i = 0; i + 1 < length; i += 2) {
        int high = digit16(data[i]), low = digit16(data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buffer_putc(out, (char)(high << 4 | low));
    }
    return true;
}

/* UTF-8 whose characters are all below 256, as those bytes. */
static bool decode_latin1(const uint8_t *data, size_t length, struct buffer *out)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t c = data[i];
        if (c == 0xc2 || c == 0xc3) {
            if (++i == length)
                return false;
            c = (uint8_t)((c & 3) << 6 | (data[i] & 0x3f));
        } else if (c >= 0x80) {
            return false;
        }
        buffer_putc(out, (char)c);
    }
    return true;
}

static bool decode_escapes(enum pickle_coding coding, const uint8_t *data, size_t length,
                           struct buffer *out)
{
    size_t decoded;
    _cleanup_(free_string) char *text = xmalloc(PICKLE_TEXT_ROOM(length));
    return pickle_text_decode(coding, data, length, text, &decoded) &&
           decode_latin1((const uint8_t *)text, decoded, out);
}

static int unwrap(struct pickle_machine *machine, struct pickle_value constant,
                  enum wrapping wrapping, struct buffer *out, bool *good, struct mlops_error *err)
{
    *good = constant.length <= DECODED_MAX;
    if (!*good)
        return MLOPS_OK;
    size_t length = constant.length;
    _cleanup_(free_string) char *data = xmalloc(length + 1);
    TRY(pickle_reader_at(&machine->reader, constant.place, data, length, err));
    const uint8_t *bytes = (const uint8_t *)data;
    *good = wrapping == WRAPPED_BASE64 ? decode_base64(bytes, length, out)
            : wrapping == WRAPPED_HEX  ? decode_hex(bytes, length, out)
            : wrapping == WRAPPED_ESCAPES
                ? decode_escapes((enum pickle_coding)constant.coding, bytes, length, out)
                : decode_latin1(bytes, length, out);
    *good = *good && out->length >= 2;
    return MLOPS_OK;
}

static int scan(struct pickle_machine *machine, struct pickle_value constant, struct source *inner,
                bool *understood, struct mlops_error *err)
{
    _cleanup_(free_string) char *file =
        xprintf("%s!constant@%llu", machine->file, (unsigned long long)constant.place);
    struct findings found = {0};
    struct pickle_summary summary;
    int code = pickle_scan_depth(inner, 0, file, machine->depth + 1, &found, &summary, err);
    if (!code && (summary.whole || summary.imports)) {
        pickle_say(machine, &pickle_rule_nested, "a constant here is a pickle itself");
        for (size_t i = 0; i < found.count; i++)
            findings_add(machine->findings, found.items[i].rule, found.items[i].file,
                         found.items[i].offset, "%s", found.items[i].message);
        *understood = summary.whole;
    }
    findings_clear(&found);
    return code;
}

bool pickle_nested_known(const struct pickle_machine *machine, struct pickle_value constant)
{
    bool held = constant.kind == VALUE_BYTES || constant.kind == VALUE_TEXT;
    for (size_t i = 0; held && i < machine->known_count; i++)
        if (machine->known[i].place == constant.place &&
            machine->known[i].length == constant.length)
            return true;
    return false;
}

int pickle_nested(struct pickle_machine *machine, struct pickle_value constant, bool *understood,
                  struct mlops_error *err)
{
    _cleanup_(source_close_ptr) struct source *inner = NULL;
    _cleanup_(buffer_clear) struct buffer decoded = {0};
    uint8_t head[PICKLE_HEAD_SIZE];
    size_t length = constant.length < sizeof(head) ? constant.length : sizeof(head);
    bool good;
    *understood = false;
    TRY(pickle_reader_at(&machine->reader, constant.place, head, length < 4 ? length : 4, err));
    if (!strchr("\x80\xc2\\g8c(iS]})NIlVLdt", head[0]) || head[0] == 0)
        return MLOPS_OK;
    TRY(pickle_reader_at(&machine->reader, constant.place, head, length, err));
    enum wrapping wrapping = promise(&constant, head, length);
    if (wrapping == NO_PICKLE)
        return MLOPS_OK;
    if (machine->depth + 1 > PICKLE_DEPTH_MAX) {
        pickle_say(machine, &pickle_rule_depth, "pickles lie in pickles more than %d deep",
                   PICKLE_DEPTH_MAX);
        return MLOPS_OK;
    }
    if (wrapping == WRAPPED_NOT) {
        inner = source_part(machine->reader.source, constant.place, constant.length);
    } else {
        TRY(unwrap(machine, constant, wrapping, &decoded, &good, err));
        if (!good || !pickle_begins((const uint8_t *)decoded.data,
                                    decoded.length < sizeof(head) ? decoded.length : sizeof(head)))
            return MLOPS_OK;
        inner = source_of_memory(decoded.data, decoded.length);
    }
    return scan(machine, constant, inner, understood, err);
}
