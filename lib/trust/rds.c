/* lib/trust/rds.c - items on a stack of what is still to come, instead of recursion. */
#include "trust/rds.h"
#include "trust/cursor.h"
#include <limits.h>

#define PENDING_MAX 1000000
#define NAME_MAX_KEPT 63
#define WORD_MAX 100

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "rds/" id, __VA_ARGS__)

#define ASK "have R's author send data, not code, or read what it does before loading it"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the file is not one that R could read to its end",
     "have it saved again by R");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the last value",
     "find out who made the file; R does not read them");
RULE(promise, "promise", CRITICAL, UNSAFE, "a promise runs its code when the value is looked at",
     "do not load this file: no function of R writes it (CVE-2024-27322)");
RULE(active, "active-binding", HIGH, UNSAFE, "a variable runs a function when it is looked at",
     "do not load this file");
RULE(closure, "closure", HIGH, UNKNOWN, "a function, which runs when the model calls it", ASK);
RULE(bytecode, "bytecode", HIGH, UNKNOWN, "compiled code, which R runs without checking it", ASK);
RULE(language, "language", MEDIUM, UNKNOWN, "an expression, which functions like update() run",
     ASK);
RULE(pointer, "external-pointer", MEDIUM, UNKNOWN, "a pointer into memory that is gone",
     "have the model saved by its own library, which knows how to");
RULE(namespace, "namespace", MEDIUM, UNKNOWN, "loading the file loads a package of R",
     "see that the package is one that you trust");
RULE(altrep, "altrep-class", MEDIUM, UNKNOWN, "a value is rebuilt by a class outside base R",
     "have it saved again as plain vectors");
RULE(persistent, "persistent", MEDIUM, UNKNOWN, "a value is fetched by a hook of the reader", ASK);
RULE(object, "s4", INFO, SAFE, "an S4 object: its methods are those of the installed packages",
     "nothing");
RULE(environment, "environment", INFO, SAFE, "an environment: variables of the author's session",
     "nothing; it may hold more than the author meant to give away");

enum {
    SYMSXP = 1,
    LISTSXP = 2,
    CLOSXP = 3,
    ENVSXP = 4,
    PROMSXP = 5,
    LANGSXP = 6,
    SPECIALSXP = 7,
    BUILTINSXP = 8,
    CHARSXP = 9,
    LGLSXP = 10,
    INTSXP = 13,
    REALSXP = 14,
    CPLXSXP = 15,
    STRSXP = 16,
    DOTSXP = 17,
    VECSXP = 19,
    EXPRSXP = 20,
    BCODESXP = 21,
    EXTPTRSXP = 22,
    WEAKREFSXP = 23,
    RAWSXP = 24,
    S4SXP = 25,
    ALTREP_SXP = 238,
    ATTRLISTSXP = 239,
    ATTRLANGSXP = 240,
    BASEENV_SXP = 241,
    EMPTYENV_SXP = 242,
    BCREPREF = 243,
    BCREPDEF = 244,
    PERSISTSXP = 247,
    PACKAGESXP = 248,
    NAMESPACESXP = 249,
    BASENAMESPACE_SXP = 250,
    MISSINGARG_SXP = 251,
    UNBOUNDVALUE_SXP = 252,
    GLOBALENV_SXP = 253,
    NILVALUE_SXP = 254,
    REFSXP = 255,
};

#define HAS_ATTRIBUTES 0x200
#define HAS_TAG 0x400
#define ACTIVE_BINDING (1u << 27) /* bit 15 of the 16 "general purpose" bits, which are at 12 */

/* Loading these runs nothing that a session of R has not run. */
static const char *const namespaces[] = {
    "base",     "compiler", "datasets", "graphics", "grDevices", "grid",  "methods",
    "parallel", "splines",  "stats",    "stats4",   "tcltk",     "tools", "utils",
};
static const char *const altreps[] = {
    "compact_intseq", "compact_realseq", "deferred_string", "wrap_integer", "wrap_logical",
    "wrap_real",      "wrap_complex",    "wrap_raw",        "wrap_string",  "wrap_list",
};

enum step { ITEM, LANG, CODE, CODE_COUNT, CONSTANTS, ALTREP_INFO, CHARACTERS };

struct pending {
    enum step step;
    uint64_t count;
};

struct rds {
    struct cursor cursor;
    const char *file;
    struct findings *findings;
    char form; /* 'X', 'B' or 'A' */
    struct pending *pending;
    size_t count, capacity;
    uint8_t *references; /* of each: is it a symbol that names a known ALTREP class? */
    size_t reference_count, reference_capacity;
    uint64_t repeats; /* of the bytecode's table of shared expressions */
    const char *why;  /* it is damaged; NULL: it is not */
    unsigned said;    /* kinds of findings that one of is enough */
};

static void clear_rds(struct rds *rds)
{
    free(rds->pending);
    free(rds->references);
}

static bool damaged(struct rds *rds, const char *why)
{
    if (!rds->why)
        rds->why = why;
    return false;
}

static void say(struct rds *rds, const struct rule *rule, uint64_t offset, const char *what)
{
    findings_add(rds->findings, rule, rds->file, offset, "%s", what);
}

/* A model has thousands of expressions: the first of a kind tells. */
static void say_once(struct rds *rds, const struct rule *rule, unsigned kind, uint64_t offset,
                     const char *what)
{
    if (rds->said & 1u << kind)
        return;
    rds->said |= 1u << kind;
    say(rds, rule, offset, what);
}

static bool push(struct rds *rds, enum step step, uint64_t count)
{
    if (!count)
        return true;
    if (rds->count >= PENDING_MAX)
        return damaged(rds, "has values nested too deep to follow");
    GROW(rds->pending, rds->count, &rds->capacity);
    rds->pending[rds->count++] = (struct pending){.step = step, .count = count};
    return true;
}

static bool is_space(int byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_space(struct rds *rds)
{
    while (is_space(cursor_peek(&rds->cursor)))
        rds->cursor.at++;
}

/* A word of the ASCII form. */
static bool take_word(struct rds *rds, char *word)
{
    size_t length = 0;
    skip_space(rds);
    for (;; length++) {
        int byte = cursor_peek(&rds->cursor);
        if (byte < 0 || is_space(byte))
            break;
        if (length == WORD_MAX || byte < '!' || byte > '~')
            return damaged(rds, "has a word that is no number");
        word[length] = (char)byte;
        rds->cursor.at++;
    }
    word[length] = '\0';
    return length ? true : damaged(rds, "ends within a value");
}

static bool take_int(struct rds *rds, int32_t *value)
{
    uint8_t b[4];
    if (rds->form == 'A') {
        char word[WORD_MAX + 1], *end;
        long number;
        if (!take_word(rds, word))
            return false;
        if (str_equal(word, "NA")) {
            *value = INT32_MIN;
            return true;
        }
        number = strtol(word, &end, 10);
        if (*end || number < INT32_MIN || number > INT32_MAX)
            return damaged(rds, "has a word that is no integer");
        *value = (int32_t)number;
        return true;
    }
    if (!cursor_take(&rds->cursor, b, 4))
        return damaged(rds, "ends within a value");
    *value =
        rds->form == 'X'
            ? (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3])
            : (int32_t)((uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0]);
    return true;
}

/* R_ReadItem's ReadLENGTH: -1 announces 64 bits. */
static bool take_length(struct rds *rds, uint64_t *length)
{
    int32_t low, high;
    if (!take_int(rds, &low))
        return false;
    if (low < -1)
        return damaged(rds, "has a negative length");
    *length = (uint64_t)low;
    if (low >= 0)
        return true;
    if (!take_int(rds, &high) || !take_int(rds, &low))
        return false;
    if (high < 0 || high > 65536)
        return damaged(rds, "has a length that R refuses");
    *length = (uint64_t)high << 32 | (uint32_t)low;
    return true;
}

/* One character of the ASCII form, with its escape. */
static int take_escaped(struct rds *rds)
{
    int byte = cursor_byte(&rds->cursor), value = 0;
    if (byte != '\\')
        return byte;
    byte = cursor_byte(&rds->cursor);
    if (byte < '0' || byte > '7')
        return byte; /* which control character it stands for does not matter here */
    for (int i = 0; i < 3 && byte >= '0' && byte <= '7'; i++) {
        value = value * 8 + byte - '0';
        byte = cursor_peek(&rds->cursor);
        if (i < 2 && byte >= '0' && byte <= '7')
            rds->cursor.at++;
    }
    return value & 0xff;
}

/* `length` bytes of text, of which the first NAME_MAX_KEPT go into `name`. */
static bool take_text(struct rds *rds, int32_t length, char *name)
{
    size_t kept = length < NAME_MAX_KEPT ? (size_t)length : NAME_MAX_KEPT;
    if (name)
        name[kept] = '\0';
    if (rds->form != 'A') {
        char head[NAME_MAX_KEPT];
        if (!cursor_take(&rds->cursor, head, kept) ||
            !cursor_skip(&rds->cursor, (uint64_t)length - kept))
            return damaged(rds, "ends within a text");
        if (name)
            memcpy(name, head, kept);
        return true;
    }
    if (length)
        skip_space(rds);
    for (int32_t i = 0; i < length; i++) {
        int byte = take_escaped(rds);
        if (byte < 0)
            return damaged(rds, "ends within a text");
        if (name && (size_t)i < kept)
            name[i] = (char)byte;
    }
    return true;
}

static bool take_characters(struct rds *rds, char *name)
{
    int32_t length;
    if (!take_int(rds, &length))
        return false;
    if (length < -1)
        return damaged(rds, "has a text of a negative length");
    if (name)
        name[0] = '\0';
    return length == -1 || take_text(rds, length, name);
}

/* A CHARSXP where R takes no other. */
static bool take_name(struct rds *rds, char *name)
{
    int32_t flags;
    if (!take_int(rds, &flags))
        return false;
    if ((flags & 0xff) != CHARSXP)
        return damaged(rds, "has a name that is no text");
    return take_characters(rds, name);
}

static bool name_in(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(list[i], name))
            return true;
    return false;
}

static bool add_reference(struct rds *rds, bool known_altrep)
{
    if (rds->reference_count >= INT_MAX)
        return damaged(rds, "has more references than R counts");
    GROW(rds->references, rds->reference_count, &rds->reference_capacity);
    rds->references[rds->reference_count++] = known_altrep;
    return true;
}

static bool take_symbol(struct rds *rds)
{
    char name[NAME_MAX_KEPT + 1];
    return take_name(rds, name) &&
           add_reference(rds, name_in(name, altreps, ARRAY_LENGTH(altreps)));
}

/* The index is in the flags' upper bits, or follows. */
static bool take_reference(struct rds *rds, int32_t flags, size_t *index)
{
    int32_t number = (int32_t)((uint32_t)flags >> 8);
    if (number == 0 && !take_int(rds, &number))
        return false;
    if (number < 1 || (size_t)number > rds->reference_count)
        return damaged(rds, "refers to a value that is not there");
    *index = (size_t)number - 1;
    return true;
}

/* The words that name a namespace, a package or a persistent value. */
static bool take_words(struct rds *rds, int type, uint64_t offset)
{
    char name[NAME_MAX_KEPT + 1], first[NAME_MAX_KEPT + 1] = "";
    int32_t zero, count;
    if (!take_int(rds, &zero) || !take_int(rds, &count))
        return false;
    if (zero != 0 || count < 0)
        return damaged(rds, "has names where R reads none");
    for (int32_t i = 0; i < count; i++) {
        if (!take_name(rds, name))
            return false;
        if (i == 0)
            memcpy(first, name, sizeof(first));
    }
    if (type == PERSISTSXP)
        say_once(rds, &rule_persistent, 0, offset, "has a value that the reader's hook fetches");
    else if (type == NAMESPACESXP && !name_in(first, namespaces, ARRAY_LENGTH(namespaces)))
        findings_add(rds->findings, &rule_namespace, rds->file, offset, "loads the package %s",
                     first);
    return add_reference(rds, false);
}

static bool take_numbers(struct rds *rds, unsigned width, bool is_real)
{
    uint64_t length, bytes;
    char word[WORD_MAX + 1];
    if (!take_length(rds, &length))
        return false;
    if (rds->form != 'A') {
        if (__builtin_mul_overflow(length, (uint64_t)width, &bytes) ||
            !cursor_skip(&rds->cursor, bytes))
            return damaged(rds, "ends within a vector");
        return true;
    }
    if (width == 16)
        length *= 2; /* at most 2^49 */
    for (uint64_t i = 0; i < length; i++) {
        char *end;
        if (!take_word(rds, word))
            return false;
        (void)strtod(word, &end);
        if (width == 1)
            (void)strtol(word, &end, 16);
        if (*end && !str_equal(word, "NA"))
            return damaged(rds, is_real ? "has a word that is no number"
                                        : "has a word that is no integer");
    }
    return true;
}

static bool push_items(struct rds *rds)
{
    uint64_t length;
    return take_length(rds, &length) && push(rds, ITEM, length);
}

static void judge_pair(struct rds *rds, int type, uint32_t flags, uint64_t offset)
{
    if (type == PROMSXP)
        say(rds, &rule_promise, offset, "has a promise");
    else if (type == CLOSXP)
        say_once(rds, &rule_closure, 1, offset, "has a function");
    else if (type == LANGSXP)
        say_once(rds, &rule_language, 2, offset, "has an expression");
    else if (type == LISTSXP && flags & ACTIVE_BINDING)
        say_once(rds, &rule_active, 3, offset, "has a variable that is a function in disguise");
}

/* What follows in the stream comes last on the stack. */
static bool take_body(struct rds *rds, int type, uint32_t flags, uint64_t offset)
{
    int32_t number;
    size_t index;
    bool attributes = flags & HAS_ATTRIBUTES;
    switch (type) {
    case NILVALUE_SXP:
    case EMPTYENV_SXP:
    case BASEENV_SXP:
    case GLOBALENV_SXP:
    case UNBOUNDVALUE_SXP:
    case MISSINGARG_SXP:
    case BASENAMESPACE_SXP:
        return true;
    case REFSXP:
        return take_reference(rds, (int32_t)flags, &index);
    case PERSISTSXP:
    case PACKAGESXP:
    case NAMESPACESXP:
        return take_words(rds, type, offset);
    case SYMSXP:
        return take_symbol(rds);
    case ENVSXP:
        say_once(rds, &rule_environment, 4, offset, "has an environment");
        return take_int(rds, &number) && add_reference(rds, false) && push(rds, ITEM, 4);
    case LISTSXP:
    case LANGSXP:
    case CLOSXP:
    case PROMSXP:
    case DOTSXP:
        judge_pair(rds, type, flags, offset);
        return push(rds, ITEM, 2u + attributes + !!(flags & HAS_TAG));
    case ALTREP_SXP:
        return push(rds, ITEM, 2) && push(rds, ALTREP_INFO, 1);
    default:
        break;
    }
    if (attributes && !push(rds, ITEM, 1))
        return false;
    switch (type) {
    case EXTPTRSXP:
        say_once(rds, &rule_pointer, 5, offset, "has an external pointer");
        return add_reference(rds, false) && push(rds, ITEM, 2);
    case WEAKREFSXP:
        say_once(rds, &rule_pointer, 6, offset, "has a weak reference");
        return add_reference(rds, false);
    case SPECIALSXP:
    case BUILTINSXP:
        say_once(rds, &rule_closure, 7, offset, "has a function of R itself");
        if (!take_int(rds, &number))
            return false;
        return number < 0 ? damaged(rds, "has a function without a name")
                          : take_text(rds, number, NULL);
    case CHARSXP:
        return take_characters(rds, NULL);
    case LGLSXP:
    case INTSXP:
        return take_numbers(rds, 4, false);
    case REALSXP:
        return take_numbers(rds, 8, true);
    case CPLXSXP:
        return take_numbers(rds, 16, true);
    case RAWSXP:
        return take_numbers(rds, 1, false);
    case STRSXP: {
        uint64_t length;
        return take_length(rds, &length) && push(rds, CHARACTERS, length);
    }
    case EXPRSXP:
        say_once(rds, &rule_language, 2, offset, "has an expression");
        return push_items(rds);
    case VECSXP:
        return push_items(rds);
    case S4SXP:
        say_once(rds, &rule_object, 8, offset, "has an S4 object");
        return true;
    case BCODESXP:
        say_once(rds, &rule_bytecode, 9, offset, "has bytecode");
        if (!take_int(rds, &number))
            return false;
        if (number < 0)
            return damaged(rds, "has bytecode with a negative count");
        if (rds->repeats < (uint64_t)number) /* those of the code around it stay good */
            rds->repeats = (uint64_t)number;
        return push(rds, CODE, 1);
    default:
        return damaged(rds, "has a value of a type that R does not know");
    }
}

static bool take_item(struct rds *rds, bool characters)
{
    uint64_t offset = rds->cursor.at;
    int32_t flags;
    if (!take_int(rds, &flags))
        return false;
    if (characters && (flags & 0xff) != CHARSXP)
        return damaged(rds, "has a text vector with a value that is no text");
    return take_body(rds, flags & 0xff, (uint32_t)flags, offset);
}

/* ReadBCLang: expressions of bytecode name their type first, and may be shared. */
static bool take_lang_of(struct rds *rds, int32_t type)
{
    int32_t position;
    if (type == BCREPREF || type == BCREPDEF) {
        if (!take_int(rds, &position))
            return false;
        if (position < 0 || (uint64_t)position >= rds->repeats)
            return damaged(rds, "has bytecode that refers to what is not there");
        if (type == BCREPREF)
            return true;
        if (!take_int(rds, &type))
            return false;
    }
    if (type == LANGSXP || type == LISTSXP || type == ATTRLANGSXP || type == ATTRLISTSXP)
        return push(rds, LANG, 2) &&
               push(rds, ITEM, 1u + (type == ATTRLANGSXP || type == ATTRLISTSXP));
    return push(rds, ITEM, 1);
}

static bool take_lang(struct rds *rds)
{
    int32_t type;
    return take_int(rds, &type) && take_lang_of(rds, type);
}

static bool take_constant(struct rds *rds)
{
    int32_t type;
    if (!take_int(rds, &type))
        return false;
    return type == BCODESXP ? push(rds, CODE, 1) : take_lang_of(rds, type);
}

/* The count of constants comes after the code, which is an item: both are steps. */
static bool take_constants(struct rds *rds)
{
    int32_t count;
    if (!take_int(rds, &count))
        return false;
    if (count < 0)
        return damaged(rds, "has bytecode with a negative count");
    return push(rds, CONSTANTS, (uint64_t)count);
}

/* The class is the first of a list of three: class, package, type. */
static bool take_altrep(struct rds *rds)
{
    uint64_t offset = rds->cursor.at;
    int32_t flags;
    size_t index;
    if (!take_int(rds, &flags))
        return false;
    if ((flags & 0xff) != LISTSXP || flags & (HAS_ATTRIBUTES | HAS_TAG))
        return damaged(rds, "has an ALTREP value without a class");
    if (!take_int(rds, &flags))
        return false;
    if ((flags & 0xff) == SYMSXP) {
        if (!take_symbol(rds))
            return false;
        index = rds->reference_count - 1;
    } else if ((flags & 0xff) != REFSXP)
        return damaged(rds, "has an ALTREP value without a class");
    else if (!take_reference(rds, flags, &index))
        return false;
    if (!rds->references[index])
        say_once(rds, &rule_altrep, 10, offset, "has a value of an ALTREP class that is not R's");
    return push(rds, ITEM, 1);
}

static bool walk(struct rds *rds)
{
    while (rds->count) {
        struct pending *top = &rds->pending[rds->count - 1];
        enum step step = top->step;
        bool fine;
        if (--top->count == 0)
            rds->count--;
        switch (step) {
        case ITEM:
            fine = take_item(rds, false);
            break;
        case CHARACTERS:
            fine = take_item(rds, true);
            break;
        case LANG:
            fine = take_lang(rds);
            break;
        case CODE:
            fine = push(rds, CODE_COUNT, 1) && push(rds, ITEM, 1);
            break;
        case CODE_COUNT:
            fine = take_constants(rds);
            break;
        case CONSTANTS:
            fine = take_constant(rds);
            break;
        default:
            fine = take_altrep(rds);
            break;
        }
        if (!fine)
            return false;
    }
    return true;
}

/* "RDX3\n" in front of what save() writes; the form's letter; versions; the encoding. */
static bool take_header(struct rds *rds)
{
    uint8_t head[5] = {0};
    int32_t version, writer, reader, length;
    char name[NAME_MAX_KEPT + 1];
    if (cursor_peek(&rds->cursor) == 'R' && !cursor_take(&rds->cursor, head, 5))
        return damaged(rds, "ends within its header");
    if (!cursor_take(&rds->cursor, head, 2))
        return damaged(rds, "ends within its header");
    rds->form = (char)head[0];
    if (!strchr("XAB", rds->form) || head[1] != '\n')
        return damaged(rds, "has a header that R does not know");
    if (!take_int(rds, &version) || !take_int(rds, &writer) || !take_int(rds, &reader))
        return false;
    if (version != 2 && version != 3)
        return damaged(rds, "has a version that R does not know");
    if (version == 2)
        return true;
    if (!take_int(rds, &length))
        return false;
    if (length < 0 || length > NAME_MAX_KEPT)
        return damaged(rds, "has an encoding without a name");
    return take_text(rds, length, name);
}

/* Do the first bytes look like R's? */
static bool begins(const uint8_t *head, size_t length)
{
    static const uint8_t xdr[] = {'X', '\n', 0, 0, 0}, native[] = {0, 0, 0};
    if (length >= 7 && head[0] == 'R' && head[1] == 'D' && strchr("XAB", head[2]) && head[2] &&
        (head[3] == '2' || head[3] == '3') && head[4] == '\n')
        return true;
    if (length < 6)
        return false;
    if (memcmp(head, xdr, sizeof(xdr)) == 0)
        return head[5] == 2 || head[5] == 3;
    if (memcmp(head, "B\n", 2) == 0)
        return (head[2] == 2 || head[2] == 3) && memcmp(head + 3, native, sizeof(native)) == 0;
    return memcmp(head, "A\n", 2) == 0 && (head[2] == '2' || head[2] == '3') && head[3] == '\n';
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = begins(file->head, file->head_length);
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    return rds_scan(file->source, file->path, file->findings, err);
}

int rds_scan(struct source *source, const char *file, struct findings *findings,
             struct mlops_error *err)
{
    _cleanup_(clear_rds) struct rds rds = {
        .cursor = {.source = source, .err = err}, .file = file, .findings = findings};
    bool whole = take_header(&rds) && push(&rds, ITEM, 1) && walk(&rds);
    TRY(rds.cursor.code);
    if (!whole) {
        findings_add(findings, &rule_damaged, file, rds.cursor.at, "%s", rds.why);
        return MLOPS_OK;
    }
    if (rds.form == 'A')
        skip_space(&rds);
    TRY(rds.cursor.code);
    if (cursor_left(&rds.cursor))
        findings_add(findings, &rule_trailing, file, rds.cursor.at,
                     "%llu bytes follow the last value",
                     (unsigned long long)cursor_left(&rds.cursor));
    return MLOPS_OK;
}

const struct scanner scanner_rds = {
    .format = "R data",
    .extensions = (const char *const[]){"rds", "rda", "rdata", NULL},
    .executes = true,
    .claims = claims,
    .scan = scan,
};
