/* lib/trust/jinja.c - the tokens of expressions and statements, and what no chat template needs. */
#include "trust/jinja.h"
#include "base/buffer.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "jinja/" id, __VA_ARGS__)

#define STAY "do not fill in this template; write one that only puts the messages together"
RULE(internals, "internals", HIGH, UNSAFE, "a template reaches into Python's objects", STAY);
RULE(obscured, "obscured", HIGH, UNSAFE, "a template puts names together so that they are not seen",
     STAY);
RULE(load, "load", HIGH, UNSAFE, "a template loads other templates or modules", STAY);
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "a template's expressions cannot be followed",
     "have it written again, or read it and accept it with a reason");

enum token { TOKEN_END, TOKEN_NAME, TOKEN_TEXT, TOKEN_OTHER };

struct template
{
    const struct scan_file *file;
    uint64_t offset;
    const char *text;
    size_t length;
};

/* A token of an expression, and the two before it. */
struct tokens {
    enum token kind;
    const char *start; /* of a text: within the quotes */
    size_t length;
    char before, second; /* the last sign before it that is no space, and what stands before that */
};

static void report(const struct template *template, const struct rule *rule, const char *at,
                   size_t length, const char *what)
{
    findings_add(template->file->findings, rule, template->file->path,
                 template->offset + (uint64_t)(at - template->text), "%s: %.*s", what,
                 (int)(length < 80 ? length : 80), at);
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool is_one_of(const char *text, size_t length, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(text, length, words[i]))
            return true;
    return false;
}

static bool in_name(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c & 0x80);
}

/* Attributes by which objects lead to code, beside those with underscores. */
static const char *const leading[] = {
    "mro",      "subclasses", "globals", "builtins",   "func_globals", "func_code", "gi_frame",
    "gi_code",  "cr_frame",   "cr_code", "ag_frame",   "tb_frame",     "f_globals", "f_builtins",
    "f_locals", "f_code",     "f_back",  "im_func",    "im_self",      "popen",     "system",
    "eval",     "exec",       "getattr", "load_module"};
/* Objects of Jinja's own, and of web frameworks, through which templates escape. */
static const char *const objects[] = {
    "lipsum",     "self", "config", "request", "url_for", "session", "get_flashed_messages",
    "environment"};
static const char *const modules[] = {"os", "subprocess", "sys", "builtins", "importlib", "shutil"};
static const char *const statements[] = {"import", "include", "extends", "from"};

static bool has_dunder(const char *text, size_t length)
{
    return memmem(text, length, "__", 2) != NULL;
}

static void check_name(const struct template *template, const struct tokens *token, char after)
{
    bool attribute = token->before == '.';
    bool filter = token->before == '|';
    if (has_dunder(token->start, token->length))
        report(template, &rule_internals, token->start, token->length,
               "names what only Python's objects have");
    else if (attribute && is_one_of(token->start, token->length, leading, ARRAY_LENGTH(leading)))
        report(template, &rule_internals, token->start, token->length, "takes the attribute");
    else if (filter && is_word(token->start, token->length, "attr"))
        report(template, &rule_internals, token->start, token->length, "uses the filter");
    else if (!attribute && (after == '.' || after == '[' || after == '|') &&
             (is_one_of(token->start, token->length, objects, ARRAY_LENGTH(objects)) ||
              is_one_of(token->start, token->length, modules, ARRAY_LENGTH(modules))))
        report(template, &rule_internals, token->start, token->length, "reaches into");
}

/* Escapes that write letters: nobody needs them for a line break. */
static bool has_letter_escape(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] != '\\')
            continue;
        i++;
        if (text[i] == 'x' || text[i] == 'N' || (text[i] >= '0' && text[i] <= '7'))
            return true;
        if ((text[i] == 'u' || text[i] == 'U') &&
            memmem(text + i, length - i, "005", 3) == text + i + 1)
            return true; /* U+0050 … U+005F: capitals and the underscore */
    }
    return false;
}

static bool is_underscores(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != '_')
            return false;
    return length > 0;
}

static void check_text(const struct template *template, const struct tokens *token, char after)
{
    if (has_letter_escape(token->start, token->length))
        report(template, &rule_obscured, token->start, token->length, "writes letters as escapes");
    else if (is_underscores(token->start, token->length) &&
             (after == '*' || after == '~' || after == '+' || token->before == '*' ||
              token->before == '~' || token->before == '+'))
        report(template, &rule_obscured, token->start, token->length, "puts underscores together");
    else if (memmem(token->start, token->length, "%c", 2) && after == '|')
        report(template, &rule_obscured, token->start, token->length, "makes letters of numbers");
    else if (token->before == '[' || token->before == '(' || after == '.') {
        /* a subscript, an argument of a filter, a format */
        const char *found = memmem(token->start, token->length, "__", 2);
        size_t rest = found ? token->length - (size_t)(found - token->start) : 0;
        if (rest > 2 && in_name(found[2]) && !is_underscores(found, rest))
            report(template, &rule_internals, token->start, token->length,
                   "names what only Python's objects have");
    }
}

static char next_sign(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at < end ? *at : '\0';
}

/* What is between {{ and }}, or {% and %}. */
static void check_expression(const struct template *template, const char *at, const char *end,
                             bool statement)
{
    struct tokens token = {0};
    bool first = statement;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    while (at < end) {
        char c = *at;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            at++;
        } else if (c == '"' || c == '\'') {
            token.start = ++at;
            while (at < end && *at != c)
                at += *at == '\\' ? 2 : 1;
            token.length = (size_t)((at < end ? at : end) - token.start);
            at = at < end ? at + 1 : end;
            check_text(template, &token, next_sign(at, end));
            token.before = '"';
            first = false;
        } else if (in_name(c)) {
            token.start = at;
            while (at < end && in_name(*at))
                at++;
            token.length = (size_t)(at - token.start);
            if (first && is_one_of(token.start, token.length, statements, ARRAY_LENGTH(statements)))
                report(template, &rule_load, token.start, token.length, "has the statement");
            check_name(template, &token, next_sign(at, end));
            token.before = 'a';
            first = false;
        } else {
            token.before = c;
            at++;
        }
    }
}

/* The end of the expression that begins at `at`: texts in it may have its sign. */
static const char *find_end(const char *at, const char *end, char sign)
{
    char quote = '\0';
    for (; at + 1 < end; at++) {
        if (quote) {
            if (*at == '\\')
                at++;
            else if (*at == quote)
                quote = '\0';
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == sign && at[1] == '}') {
            return at;
        }
    }
    return NULL;
}

void jinja_check(const struct scan_file *file, uint64_t offset, const char *text, size_t length)
{
    const struct template template = {file, offset, text, length};
    const char *at = text, *end = text + length;
    while (at + 1 < end) {
        const char *open = memchr(at, '{', (size_t)(end - at));
        if (!open || open + 1 >= end)
            return;
        at = open + 2;
        if (open[1] == '#') {
            const char *close = memmem(at, (size_t)(end - at), "#}", 2);
            at = close ? close + 2 : end;
        } else if (open[1] == '{' || open[1] == '%') {
            const char *close = find_end(at, end, open[1] == '{' ? '}' : '%');
            if (!close) {
                report(&template, &rule_damaged, open, (size_t)(end - open), "is not closed");
                close = end;
            }
            check_expression(&template, at, close, open[1] == '%');
            at = close < end ? close + 2 : end;
        } else {
            at = open + 1;
        }
    }
}
