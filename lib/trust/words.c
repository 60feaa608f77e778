/*
 * lib/trust/words.c - many words looked for at once: every second place of the text is asked of a
 * table of pairs of bytes, and only where a pair is of some word are the words compared.
 */
#include "trust/words.h"
#include <strings.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, id, __VA_ARGS__)

#define REVOKE "revoke it where it was issued, then have the file written without it"
RULE(key, "secret/private-key", HIGH, UNKNOWN, "a private key", REVOKE);
RULE(token, "secret/token", HIGH, UNKNOWN, "a token or key of a service", REVOKE);
RULE(password, "secret/password", MEDIUM, UNKNOWN, "a password in an address", REVOKE);
RULE(python, "yaml/python-object", HIGH, UNSAFE, "a YAML tag that makes any Python object",
     "do not load this file with an unsafe loader; have it written as plain YAML");

RULE(entity, "xml/entity", HIGH, UNSAFE,
     "an XML entity: a reader that expands it may read files or run out of memory",
     "do not load this file (XXE); PMML needs no entities");
RULE(doctype, "xml/doctype", MEDIUM, UNKNOWN, "an XML document that brings its own grammar",
     "have it written without; PMML is defined by a schema");

#define BLOCK_SIZE (256u << 10)
#define REACH 1024 /* bytes of the text behind a word that are looked at */
#define FINDINGS_PER_FILE 20

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ALNUM DIGITS UPPER LOWER
#define BASE64URL ALNUM "-_"

/* A stretch of text, and where in it a word stands. */
struct place {
    const char *text;
    size_t length, at;
};

struct word {
    const char *text;
    unsigned anchor; /* where in `text` the pairs begin that it is found by: rare ones */
    const struct rule *rule;
    const char *what;
    const char *alphabet; /* of what follows */
    unsigned least, most; /* characters that follow */
    /* Is it one? In place of alphabet and numbers. */
    bool (*is)(const struct place *place, size_t *length);
};

static bool is_in(char c, const char *set)
{
    return c && strchr(set, c);
}

/* How many characters from `at` are of the alphabet; no more than REACH are counted. */
static size_t span(const struct place *place, size_t at, const char *alphabet)
{
    size_t from = at;
    while (at < place->length && at - from < REACH && is_in(place->text[at], alphabet))
        at++;
    return at - from;
}

static bool starts(const struct place *place, size_t at, const char *text)
{
    size_t length = strlen(text);
    return at <= place->length && length <= place->length - at &&
           memcmp(place->text + at, text, length) == 0;
}

/* Examples in documentation repeat few characters: "ghp_xxxxxxxx". */
static bool looks_random(const char *text, size_t length)
{
    unsigned distinct = 0;
    bool seen[256] = {0};
    for (size_t i = 0; i < length; i++) {
        distinct += !seen[(uint8_t)text[i]];
        seen[(uint8_t)text[i]] = true;
    }
    return distinct >= (length < 24 ? 7 : 10);
}

/* PEM (RFC 7468), with line ends that may be escaped. */
static bool is_private_key(const struct place *place, size_t *length)
{
    size_t at = place->at + strlen("-----BEGIN "), end = at;
    while (end < place->length && end - at < 40 && is_in(place->text[end], UPPER DIGITS " "))
        end++;
    static const char kind[] = "PRIVATE KEY";
    bool block = end >= at + 6 && memcmp(place->text + end - 6, " BLOCK", 6) == 0;
    size_t tail = block ? end - 6 : end;
    if (tail < at + sizeof(kind) - 1 ||
        memcmp(place->text + tail - (sizeof(kind) - 1), kind, sizeof(kind) - 1) != 0 ||
        !starts(place, end, "-----"))
        return false;
    end += 5;
    while (end < place->length && (is_in(place->text[end], "\r\n \\") ||
                                   (is_in(place->text[end], "rn") && place->text[end - 1] == '\\')))
        end++;
    *length = end - place->at;
    return span(place, end, ALNUM "+/") >= 32 || starts(place, end, "Proc-Type") ||
           starts(place, end, "Version:");
}

static bool is_aws_id(const struct place *place, size_t *length)
{
    size_t at = place->at + 4, many = span(place, at, UPPER DIGITS);
    *length = 20;
    return many == 16 && span(place, at, ALNUM "_") == 16 &&
           memcmp(place->text + at + 9, "EXAMPLE", 7) != 0 && looks_random(place->text + at, 16);
}

static bool is_aws_secret(const struct place *place, size_t *length)
{
    size_t at = place->at + strlen("secret_access_key");
    for (unsigned i = 0; i < 12 && at < place->length && is_in(place->text[at], " \t\"'\\:=>"); i++)
        at++;
    size_t many = span(place, at, ALNUM "+/");
    *length = at - place->at;
    return many == 40 && !memmem(place->text + at, 40, "EXAMPLE", 7) &&
           looks_random(place->text + at, 40);
}

/* A JSON Web Token, signed (RFC 7519): header, claims and signature, the first two of JSON. */
static bool is_jwt(const struct place *place, size_t *length)
{
    size_t at = place->at, header = span(place, at, BASE64URL);
    if (header < 12 || !starts(place, at + header, ".eyJ"))
        return false;
    size_t claims = span(place, at + header + 1, BASE64URL);
    size_t end = at + header + 1 + claims;
    if (claims < 12 || !starts(place, end, "."))
        return false;
    *length = end - at;
    return span(place, end + 1, BASE64URL) >= 20;
}

static bool is_sendgrid(const struct place *place, size_t *length)
{
    size_t at = place->at + 3;
    *length = 69;
    return span(place, at, BASE64URL) == 22 && starts(place, at + 22, ".") &&
           span(place, at + 23, BASE64URL) == 43;
}

/* scheme://user:password@host, where the password is none that stands for one. */
static bool is_password(const struct place *place, size_t *length)
{
    static const char *const dummies[] = {"password", "passwd", "pass",    "secret",  "pwd",
                                          "user",     "token",  "example", "changeme"};
    static const char plain[] = ALNUM "!$%&*+,-.;=_~^#|";
    size_t user = place->at + 3;
    size_t named = span(place, user, ALNUM "%+-._~");
    size_t password = user + named + 1;
    if (place->at == 0 || !is_in(place->text[place->at - 1], LOWER DIGITS) || named == 0 ||
        !starts(place, user + named, ":"))
        return false;
    size_t many = span(place, password, plain);
    if (many < 6 || !starts(place, password + many, "@") ||
        span(place, password + many + 1, ALNUM) == 0)
        return false;
    const char *text = place->text + password;
    for (size_t i = 0; i < ARRAY_LENGTH(dummies); i++)
        if (strlen(dummies[i]) == many && strncasecmp(text, dummies[i], many) == 0)
            return false;
    unsigned distinct = 0;
    bool seen[256] = {0};
    for (size_t i = 0; i < many; i++) {
        distinct += !seen[(uint8_t)text[i]];
        seen[(uint8_t)text[i]] = true;
    }
    *length = password - place->at; /* what is shown ends before the password */
    return distinct >= 5 && text[0] != '$' && text[0] != '%';
}

/* Python's tags but those of plain values (PyYAML's SafeLoader knows none of them). */
static bool is_python_tag(const struct place *place, size_t *length)
{
    static const char *const tags[] = {"object", "name:", "module:"};
    size_t at = place->at + strlen("python/");
    bool tagged = (place->at >= 2 && memcmp(place->text + place->at - 2, "!!", 2) == 0) ||
                  (place->at >= 5 && memcmp(place->text + place->at - 5, "2002:", 5) == 0);
    for (size_t i = 0; tagged && i < ARRAY_LENGTH(tags); i++)
        if (starts(place, at, tags[i])) {
            *length = strlen("python/") + span(place, at, ALNUM "/:._");
            return true;
        }
    return false;
}

/* XHTML has one, too. */
static bool is_doctype(const struct place *place, size_t *length)
{
    size_t at = place->at + strlen("<!DOCTYPE");
    *length = strlen("<!DOCTYPE");
    return at < place->length && is_in(place->text[at], " \t\r\n") &&
           !(place->length - at > 5 && strncasecmp(place->text + at + 1, "html", 4) == 0);
}

static bool is_entity(const struct place *place, size_t *length)
{
    size_t at = place->at + strlen("<!ENTITY");
    *length = strlen("<!ENTITY");
    return at < place->length && is_in(place->text[at], " \t\r\n");
}

static const struct word words[] = {
    {"-----BEGIN ", 6, &rule_key, "a private key", NULL, 0, 0, is_private_key},
    {"AKIA", 0, &rule_token, "an AWS access key id", NULL, 0, 0, is_aws_id},
    {"ASIA", 0, &rule_token, "a temporary AWS access key id", NULL, 0, 0, is_aws_id},
    {"secret_access_key", 10, &rule_token, "an AWS secret access key", NULL, 0, 0, is_aws_secret},
    {"SECRET_ACCESS_KEY", 10, &rule_token, "an AWS secret access key", NULL, 0, 0, is_aws_secret},
    {"ghp_", 1, &rule_token, "a GitHub token", ALNUM, 36, 36, NULL},
    {"gho_", 1, &rule_token, "a GitHub token", ALNUM, 36, 36, NULL},
    {"ghu_", 1, &rule_token, "a GitHub token", ALNUM, 36, 36, NULL},
    {"ghs_", 1, &rule_token, "a GitHub token", ALNUM, 36, 36, NULL},
    {"ghr_", 1, &rule_token, "a GitHub token", ALNUM, 36, 36, NULL},
    {"github_pat_", 8, &rule_token, "a GitHub token", ALNUM "_", 82, 82, NULL},
    {"glpat-", 3, &rule_token, "a GitLab token", BASE64URL, 20, 64, NULL},
    {"xoxb-", 1, &rule_token, "a Slack token", ALNUM "-", 24, 200, NULL},
    {"xoxp-", 1, &rule_token, "a Slack token", ALNUM "-", 24, 200, NULL},
    {"xoxa-", 1, &rule_token, "a Slack token", ALNUM "-", 24, 200, NULL},
    {"xoxr-", 1, &rule_token, "a Slack token", ALNUM "-", 24, 200, NULL},
    {"xoxs-", 1, &rule_token, "a Slack token", ALNUM "-", 24, 200, NULL},
    {"AIza", 0, &rule_token, "a Google API key", BASE64URL, 35, 35, NULL},
    {"hf_", 0, &rule_token, "a Hugging Face token", ALNUM, 34, 40, NULL},
    {"sk-", 0, &rule_token, "a key of OpenAI's or Anthropic's", BASE64URL, 40, 250, NULL},
    {"sk_live_", 4, &rule_token, "a Stripe key", ALNUM, 24, 250, NULL},
    {"rk_live_", 4, &rule_token, "a Stripe key", ALNUM, 24, 250, NULL},
    {"pypi-AgE", 4, &rule_token, "a PyPI token", BASE64URL, 50, 1000, NULL},
    {"npm_", 1, &rule_token, "an npm token", ALNUM, 36, 36, NULL},
    {"AccountKey=", 8, &rule_token, "an Azure storage key", ALNUM "+/", 86, 86, NULL},
    {"SG.", 0, &rule_token, "a SendGrid key", NULL, 0, 0, is_sendgrid},
    {"eyJ", 0, &rule_token, "a signed JSON Web Token", NULL, 0, 0, is_jwt},
    {"://", 0, &rule_password, "a password", NULL, 0, 0, is_password},
    {"<!ENTITY", 0, &rule_entity, "an entity", NULL, 0, 0, is_entity},
    {"<!DOCTYPE", 0, &rule_doctype, "a document type", NULL, 0, 0, is_doctype},
    {"python/", 4, &rule_python, "a tag of Python's", NULL, 0, 0, is_python_tag},
};

/* ---- the search ----------------------------------------------------------------------------- */

struct search {
    const struct scan_file *file;
    uint64_t offset; /* of the stretch in the file */
    unsigned found;
    bool prose; /* a text about code, or code: tags stand in it as words */
    uint8_t pairs[65536 / 8];
};

static unsigned pair_at(const char *text)
{
    return (unsigned)(uint8_t)text[0] << 8 | (uint8_t)text[1];
}

static void mark(struct search *search, const char *pair)
{
    search->pairs[pair_at(pair) / 8] |= (uint8_t)(1u << pair_at(pair) % 8);
}

static bool is_word(const struct word *word, const struct place *place, size_t *length)
{
    char before = place->at ? place->text[place->at - 1] : ' ';
    char further = place->at > 1 ? place->text[place->at - 2] : ' ';
    bool escape = further == '\\' && is_in(before, "nrt"); /* a line end within JSON */
    /* tokens begin where no other does: this also bounds the work on texts made of beginnings */
    if (word->rule == &rule_token && is_in(before, BASE64URL) && !escape &&
        word->is != is_aws_secret)
        return false;
    if (word->is)
        return word->is(place, length);
    size_t many = span(place, place->at + strlen(word->text), word->alphabet);
    *length = strlen(word->text) + many;
    return many >= word->least && many <= word->most &&
           looks_random(place->text + place->at + strlen(word->text), many);
}

static void report(struct search *search, const struct word *word, const struct place *place,
                   size_t length)
{
    bool secret =
        word->rule == &rule_key || word->rule == &rule_token || word->rule == &rule_password;
    size_t shown = secret ? strlen(word->text) : length;
    if (!secret && search->prose)
        return;
    if (++search->found > FINDINGS_PER_FILE)
        return;
    findings_add(search->file->findings, word->rule, search->file->path, search->offset + place->at,
                 "has what looks like %s: '%.*s%s'", word->what, (int)shown,
                 place->text + place->at, secret ? "...'" : "'");
}

/* The words that have this pair as the first or second of their anchor. */
static void look_at(struct search *search, struct place *place, size_t at, size_t from,
                    size_t until)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        for (size_t shift = words[i].anchor; shift <= words[i].anchor + 1; shift++) {
            size_t length;
            if (at < shift || at - shift < from || at - shift >= until ||
                !starts(place, at - shift, words[i].text))
                continue;
            place->at = at - shift;
            if (is_word(&words[i], place, &length))
                report(search, &words[i], place, length);
        }
}

/* Words that begin from `from` to before `until`. */
static void look_through(struct search *search, const char *text, size_t length, size_t from,
                         size_t until)
{
    struct place place = {.text = text, .length = length};
    for (size_t i = from & ~(size_t)1; i + 1 < length; i += 2) {
        unsigned pair = pair_at(text + i);
        if (search->pairs[pair / 8] & 1u << pair % 8)
            look_at(search, &place, i, from, until);
    }
}

static int search_blocks(struct search *search, char *block, struct mlops_error *err)
{
    const struct scan_file *file = search->file;
    uint64_t size = file->source->size;
    size_t kept = 0; /* bytes of the last block that begin this one: seen, but for their words */
    for (uint64_t at = 0; at < size;) {
        size_t got;
        TRY(scan_check_cancelled(file, err));
        TRY(source_read(file->source, at, block + kept, BLOCK_SIZE, &got, err));
        size_t length = kept + got, from = kept ? 2 : 0;
        bool last = at + got == size;
        size_t keep = last ? 0 : REACH + 2 < length ? REACH + 2 : length;
        search->offset = at - kept;
        look_through(search, block, length, from, last ? length : length - keep + 2);
        memmove(block, block + length - keep, keep);
        kept = keep;
        at += got;
    }
    return MLOPS_OK;
}

static bool is_prose(const char *name)
{
    static const char *const endings[] = {".md", ".rst", ".txt", ".py", ".ipynb", ".html"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < ARRAY_LENGTH(endings); i++)
        if (strcasecmp(endings[i], dot) == 0)
            return true;
    return false;
}

int words_scan(const struct scan_file *file, struct mlops_error *err)
{
    struct search search = {.file = file, .prose = is_prose(file->name)};
    char *block = xmalloc(BLOCK_SIZE + REACH + 2);
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        mark(&search, words[i].text + words[i].anchor);
        mark(&search, words[i].text + words[i].anchor + 1);
    }
    int code = search_blocks(&search, block, err);
    free(block);
    return code;
}
