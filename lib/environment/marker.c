/* lib/environment/marker.c - markers parsed and judged in one go, by recursive descent. */
#include "environment/marker.h"
#include "base/buffer.h"
#include "environment/pep440.h"
#include <strings.h>

#define DEPTH_MAX 64

struct judge {
    const char *at;
    const struct marker_environment *environment;
    bool malformed;
};

/* One side of a comparison. */
struct side {
    char text[256];
    bool variable, version, known;
};

static void skip_blanks(struct judge *judge)
{
    judge->at += strspn(judge->at, " \t\r\n");
}

/* Past `word` where it is next and ends there. */
static bool take_word(struct judge *judge, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(judge);
    if (strncmp(judge->at, word, length) != 0)
        return false;
    char next = judge->at[length];
    if (word[0] >= 'a' && word[0] <= 'z' &&
        ((next >= 'a' && next <= 'z') || (next >= '0' && next <= '9') || next == '_'))
        return false;
    judge->at += length;
    return true;
}

/* "3.11" of "3.11.7". */
static void cut_version(const char *python, char *text, size_t size)
{
    str_copy(text, size, python);
    char *dot = strchr(text, '.');
    dot = dot ? strchr(dot + 1, '.') : NULL;
    if (dot)
        *dot = '\0';
}

static void look_up(const struct marker_environment *environment, const char *name,
                    struct side *side)
{
    const char *system = environment->system ? environment->system : "Linux", *value = NULL;
    bool on_linux = str_equal(system, "Linux");
    side->version = str_equal(name, "python_version") || str_equal(name, "python_full_version") ||
                    str_equal(name, "implementation_version");
    if (side->version)
        value = environment->python;
    else if (str_equal(name, "platform_system"))
        value = system;
    else if (str_equal(name, "sys_platform"))
        value = on_linux ? "linux" : str_equal(system, "Darwin") ? "darwin" : "win32";
    else if (str_equal(name, "os_name"))
        value = str_equal(system, "Windows") ? "nt" : "posix";
    else if (str_equal(name, "platform_machine"))
        value = environment->machine;
    else if (str_equal(name, "platform_python_implementation") ||
             str_equal(name, "implementation_name"))
        value = environment->implementation;
    else if (str_equal(name, "extra") || str_equal(name, "extras") ||
             str_equal(name, "dependency_groups"))
        value = "";
    side->known = value != NULL;
    str_copy(side->text, sizeof(side->text), value ? value : "");
    if (value && str_equal(name, "python_version"))
        cut_version(value, side->text, sizeof(side->text));
    if (str_equal(name, "implementation_name"))
        for (char *c = side->text; *c; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
}

static bool take_side(struct judge *judge, struct side *side)
{
    *side = (struct side){.known = true};
    skip_blanks(judge);
    char quote = *judge->at;
    const char *from = judge->at + 1;
    if (quote == '"' || quote == '\'') {
        const char *end = strchr(from, quote);
        if (!end || (size_t)(end - from) >= sizeof(side->text))
            return false;
        memcpy(side->text, from, (size_t)(end - from));
        judge->at = end + 1;
        return true;
    }
    char name[64];
    size_t length = strspn(judge->at, "abcdefghijklmnopqrstuvwxyz_.");
    if (length == 0 || length >= sizeof(name))
        return false;
    memcpy(name, judge->at, length);
    name[length] = '\0';
    judge->at += length;
    side->variable = true;
    look_up(judge->environment, name, side);
    return true;
}

/* `3.11.*` as prefix: its release is the beginning of the version's. */
static bool has_prefix(const struct pep440 *version, const char *text, size_t length)
{
    struct pep440 prefix;
    if (!pep440_parse(text, length, &prefix))
        return false;
    /* trailing zeros count in a prefix, so its parts are those of the text */
    size_t parts = 1;
    for (size_t i = 0; i < length; i++)
        parts += text[i] == '.';
    for (size_t i = 0; i < parts && i < PEP440_RELEASE_MAX; i++) {
        uint64_t left = i < version->release_count ? version->release[i] : 0;
        uint64_t right = i < prefix.release_count ? prefix.release[i] : 0;
        if (left != right)
            return false;
    }
    return version->epoch == prefix.epoch;
}

static enum marker_verdict verdict_of(bool yes)
{
    return yes ? MARKER_YES : MARKER_NO;
}

/* `~= 3.10`: at least that, and of the same series. */
static bool is_compatible(const struct pep440 *version, const char *text)
{
    struct pep440 least;
    const char *dot = strrchr(text, '.');
    return dot && pep440_parse(text, strlen(text), &least) &&
           pep440_compare(version, &least) >= 0 && has_prefix(version, text, (size_t)(dot - text));
}

static enum marker_verdict compare_versions(const char *left, const char *operator,
                                            const char * right)
{
    struct pep440 a, b;
    size_t length = strlen(right);
    bool negative = str_equal(operator, "!=");
    if (!pep440_parse(left, strlen(left), &a))
        return MARKER_UNKNOWN;
    if ((str_equal(operator, "==") || negative) && length > 2 && str_ends(right, ".*"))
        return verdict_of(has_prefix(&a, right, length - 2) != negative);
    if (str_equal(operator, "~="))
        return verdict_of(is_compatible(&a, right));
    if (!pep440_parse(right, length, &b))
        return MARKER_UNKNOWN;
    int order = pep440_compare(&a, &b);
    if (str_equal(operator, "==") || str_equal(operator, "==="))
        return verdict_of(order == 0);
    if (negative)
        return verdict_of(order != 0);
    if (operator[1] == '=')
        return verdict_of(operator[0] == '<' ? order <= 0 : order >= 0);
    return verdict_of(operator[0] == '<' ? order < 0 : order> 0);
}

static enum marker_verdict compare_texts(const char *left, const char *operator, const char * right)
{
    int order = strcmp(left, right);
    if (str_equal(operator, "=="))
        return verdict_of(order == 0);
    if (str_equal(operator, "!="))
        return verdict_of(order != 0);
    if (str_equal(operator, "<="))
        return verdict_of(order <= 0);
    if (str_equal(operator, ">="))
        return verdict_of(order >= 0);
    if (str_equal(operator, "<"))
        return verdict_of(order < 0);
    return str_equal(operator, ">") ? verdict_of(order > 0) : MARKER_UNKNOWN;
}

/* `3.10 < python_version` is `python_version > 3.10`. */
static const char *turned(const char *operator)
{
    static const char *const pairs[][2] = {{"<", ">"}, {">", "<"}, {"<=", ">="}, {">=", "<="}};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
        if (str_equal(pairs[i][0], operator))
            return pairs[i][1];
    return operator;
}

static enum marker_verdict judge_comparison(struct judge *judge)
{
    static const char *const operators[] = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};
    struct side left, right;
    const char *found = NULL;
    bool in = false, negative = false;
    judge->malformed = !take_side(judge, &left);
    for (size_t i = 0; i < ARRAY_LENGTH(operators) && !found; i++)
        if (take_word(judge, operators[i]))
            found = operators[i];
    if (!found) {
        negative = take_word(judge, "not");
        in = take_word(judge, "in");
    }
    judge->malformed = judge->malformed || (!found && !in) || !take_side(judge, &right);
    if (judge->malformed || !left.known || !right.known)
        return MARKER_UNKNOWN;
    if (in)
        return verdict_of((left.text[0] ? strstr(right.text, left.text) != NULL : false) !=
                          negative);
    if (left.version)
        return compare_versions(left.text, found, right.text);
    if (right.version)
        return compare_versions(right.text, turned(found), left.text);
    return compare_texts(left.text, found, right.text);
}

static enum marker_verdict judge_or(struct judge *judge, int depth);

static enum marker_verdict judge_atom(struct judge *judge, int depth)
{
    if (depth == DEPTH_MAX) {
        judge->malformed = true;
        return MARKER_UNKNOWN;
    }
    if (!take_word(judge, "("))
        return judge_comparison(judge);
    enum marker_verdict inner = judge_or(judge, depth + 1);
    if (!take_word(judge, ")"))
        judge->malformed = true;
    return inner;
}

/* A no settles an `and`, a yes an `or`, whatever else is unknown. */
static enum marker_verdict join(enum marker_verdict a, enum marker_verdict b,
                                enum marker_verdict settles)
{
    if (a == settles || b == settles)
        return settles;
    return a == MARKER_UNKNOWN || b == MARKER_UNKNOWN ? MARKER_UNKNOWN : a;
}

static enum marker_verdict judge_and(struct judge *judge, int depth)
{
    enum marker_verdict verdict = judge_atom(judge, depth);
    while (!judge->malformed && take_word(judge, "and"))
        verdict = join(verdict, judge_atom(judge, depth), MARKER_NO);
    return verdict;
}

static enum marker_verdict judge_or(struct judge *judge, int depth)
{
    enum marker_verdict verdict = judge_and(judge, depth);
    while (!judge->malformed && take_word(judge, "or"))
        verdict = join(verdict, judge_and(judge, depth), MARKER_YES);
    return verdict;
}

enum marker_verdict marker_judge(const char *marker, const struct marker_environment *environment)
{
    struct judge judge = {.at = marker, .environment = environment};
    enum marker_verdict verdict = judge_or(&judge, 0);
    skip_blanks(&judge);
    return judge.malformed || *judge.at ? MARKER_UNKNOWN : verdict;
}
