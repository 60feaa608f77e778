/* lib/base/xml.c - a reader of a strict part of XML 1.0 (fifth edition). */
#include "base/xml.h"
#include "base/path.h"

struct reader {
    const char *at, *end, *begin, *what;
    const struct xml_handler *handler;
    char names[XML_DEPTH_MAX][XML_NAME_MAX + 1]; /* of the elements that are open */
    size_t depth;
    bool had_root;
    struct mlops_error *err;
};

static int wrong(const struct reader *reader, const char *problem)
{
    size_t line = 1;
    for (const char *c = reader->begin; c < reader->at && c < reader->end; c++)
        line += *c == '\n';
    return mlops_fail(reader->err, MLOPS_INVALID, "%s:%zu: %s", reader->what, line, problem);
}

static bool follows(const struct reader *reader, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(reader->end - reader->at) >= length && memcmp(reader->at, text, length) == 0;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at))
        reader->at++;
}

/* Behind the next `mark`. */
static int skip_past(struct reader *reader, const char *mark, const char *problem)
{
    const char *found = memmem(reader->at, (size_t)(reader->end - reader->at), mark, strlen(mark));
    if (!found)
        return wrong(reader, problem);
    reader->at = found + strlen(mark);
    return MLOPS_OK;
}

static bool is_name(char c, bool first)
{
    unsigned char byte = (unsigned char)c;
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    return letter || byte >= 0x80 || byte == '_' || byte == ':' ||
           (!first && (byte == '-' || byte == '.' || (byte >= '0' && byte <= '9')));
}

static int read_name(struct reader *reader, char name[XML_NAME_MAX + 1])
{
    size_t length = 0;
    while (reader->at < reader->end && is_name(*reader->at, length == 0)) {
        if (length == XML_NAME_MAX)
            return wrong(reader, "a name is too long");
        name[length++] = *reader->at++;
    }
    name[length] = '\0';
    return length > 0 ? MLOPS_OK : wrong(reader, "a name is missing");
}

/* "&amp;" and its like, "&#10;", "&#x2713;"; there are no others without a DOCTYPE. */
static int skip_reference(struct reader *reader)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (follows(reader, known[i])) {
            reader->at += strlen(known[i]);
            return MLOPS_OK;
        }
    if (!follows(reader, "&#"))
        return wrong(reader, "an entity that is none of the five");
    reader->at += 2;
    bool hex = follows(reader, "x");
    reader->at += hex;
    const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
    size_t count = 0;
    for (; reader->at < reader->end && *reader->at && strchr(digits, *reader->at); count++)
        reader->at++;
    if (count == 0 || count > 8 || !follows(reader, ";"))
        return wrong(reader, "not a character's number");
    reader->at++;
    return MLOPS_OK;
}

static int read_attribute(struct reader *reader, const char *element)
{
    const struct xml_handler *handler = reader->handler;
    char name[XML_NAME_MAX + 1];
    TRY(read_name(reader, name));
    skip_blanks(reader);
    if (!follows(reader, "="))
        return wrong(reader, "an attribute without '='");
    reader->at++;
    skip_blanks(reader);
    if (!follows(reader, "\"") && !follows(reader, "'"))
        return wrong(reader, "an attribute without quotes");
    char quote = *reader->at++;
    const char *value = reader->at;
    while (reader->at < reader->end && *reader->at != quote) {
        if (*reader->at == '<')
            return wrong(reader, "'<' in an attribute");
        if (*reader->at == '&')
            TRY(skip_reference(reader));
        else
            reader->at++;
    }
    if (reader->at == reader->end)
        return wrong(reader, "an attribute without end");
    size_t length = (size_t)(reader->at++ - value);
    return handler->attribute
               ? handler->attribute(handler->context, element, name, value, length, reader->err)
               : MLOPS_OK;
}

static int close_element(struct reader *reader)
{
    const char *name = reader->names[--reader->depth];
    return reader->handler->end(reader->handler->context, name, reader->err);
}

static int read_start(struct reader *reader)
{
    reader->at++;
    if (reader->depth == XML_DEPTH_MAX)
        return wrong(reader, "elements stand in one another too deep");
    if (reader->depth == 0 && reader->had_root)
        return wrong(reader, "a second root element");
    char *name = reader->names[reader->depth];
    TRY(read_name(reader, name));
    reader->had_root = true;
    reader->depth++;
    for (size_t count = 0;; count++) {
        const char *before = reader->at;
        skip_blanks(reader);
        if (follows(reader, ">") || follows(reader, "/>"))
            break;
        if (before == reader->at)
            return wrong(reader, "a tag that does not end");
        if (count == XML_ATTRIBUTES_MAX)
            return wrong(reader, "too many attributes");
        TRY(read_attribute(reader, name));
    }
    TRY(reader->handler->start(reader->handler->context, name, reader->err));
    bool empty = *reader->at == '/';
    reader->at += empty ? 2 : 1;
    return empty ? close_element(reader) : MLOPS_OK;
}

static int read_end(struct reader *reader)
{
    char name[XML_NAME_MAX + 1];
    reader->at += 2;
    TRY(read_name(reader, name));
    skip_blanks(reader);
    if (!follows(reader, ">"))
        return wrong(reader, "a tag that does not end");
    if (reader->depth == 0 || !str_equal(reader->names[reader->depth - 1], name))
        return wrong(reader, "the end of an element that is not open");
    reader->at++;
    return close_element(reader);
}

static int read_text(struct reader *reader)
{
    if (*reader->at == '&')
        return reader->depth > 0 ? skip_reference(reader) : wrong(reader, "text outside the root");
    if (reader->depth == 0 && !strchr(" \t\r\n", *reader->at))
        return wrong(reader, "text outside the root");
    reader->at++;
    return MLOPS_OK;
}

static int read_markup(struct reader *reader)
{
    if (follows(reader, "<!--"))
        return skip_past(reader, "-->", "a comment without end");
    if (follows(reader, "<![CDATA[") && reader->depth > 0)
        return skip_past(reader, "]]>", "a CDATA section without end");
    if (follows(reader, "<!"))
        return wrong(reader, "a DOCTYPE or another declaration, which is refused");
    if (follows(reader, "<?"))
        return skip_past(reader, "?>", "a processing instruction without end");
    return follows(reader, "</") ? read_end(reader) : read_start(reader);
}

int xml_read(const char *text, size_t length, const char *what, const struct xml_handler *handler,
             struct mlops_error *err)
{
    struct reader *reader = xcalloc(1, sizeof(*reader));
    int code = MLOPS_OK;
    *reader = (struct reader){.at = text,
                              .begin = text,
                              .end = text + length,
                              .what = what,
                              .handler = handler,
                              .err = err};
    if (length > 0 && (!utf8_valid(text, length) || memchr(text, '\0', length)))
        code = wrong(reader, "not UTF-8 text");
    if (code == MLOPS_OK && follows(reader, "\xef\xbb\xbf"))
        reader->at += 3;
    while (code == MLOPS_OK && reader->at < reader->end)
        code = *reader->at == '<' ? read_markup(reader) : read_text(reader);
    if (code == MLOPS_OK && (reader->depth > 0 || !reader->had_root))
        code = wrong(reader, reader->had_root ? "it ends within an element" : "no element");
    free(reader);
    return code;
}
