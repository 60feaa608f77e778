/* lib/environment/pep440.c - versions of Python packages. */
#include "environment/pep440.h"

struct text {
    const char *at, *end;
};

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static int peek(const struct text *text)
{
    return text->at < text->end ? lower((unsigned char)*text->at) : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_separator(int c)
{
    return c == '.' || c == '-' || c == '_';
}

/* A number; one beyond 64 bits is no version that anybody has. */
static bool take_number(struct text *text, uint64_t *value)
{
    *value = 0;
    if (!is_digit(peek(text)))
        return false;
    while (is_digit(peek(text)))
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*text->at++ - '0'), value))
            return false;
    return true;
}

/* The longest of the words that stands here, behind a separator or none. -1: none does. */
static int take_word(struct text *text, const char *const *words, size_t count)
{
    struct text ahead = *text;
    int best = -1;
    size_t longest = 0;
    if (is_separator(peek(&ahead)))
        ahead.at++;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(words[i]), same = 0;
        while (same < length && same < (size_t)(ahead.end - ahead.at) &&
               lower((unsigned char)ahead.at[same]) == words[i][same])
            same++;
        if (same == length && length > longest) {
            best = (int)i;
            longest = length;
        }
    }
    if (best >= 0)
        text->at = ahead.at + longest;
    return best;
}

/* The number behind a word; it may be left out, even behind a separator. */
static bool take_implicit(struct text *text, uint64_t *value)
{
    if (is_separator(peek(text)))
        text->at++;
    *value = 0;
    return !is_digit(peek(text)) || take_number(text, value);
}

static bool take_pre(struct text *text, struct pep440 *version)
{
    static const char *const words[] = {"a", "alpha", "b", "beta", "c", "rc", "pre", "preview"};
    static const enum pep440_phase phases[] = {PEP440_ALPHA,     PEP440_ALPHA,     PEP440_BETA,
                                               PEP440_BETA,      PEP440_CANDIDATE, PEP440_CANDIDATE,
                                               PEP440_CANDIDATE, PEP440_CANDIDATE};
    int word = take_word(text, words, ARRAY_LENGTH(words));
    version->phase = PEP440_FINAL;
    if (word < 0)
        return true;
    version->phase = phases[word];
    return take_implicit(text, &version->pre);
}

static bool take_post(struct text *text, struct pep440 *version)
{
    static const char *const words[] = {"post", "rev", "r"};
    if (peek(text) == '-' && text->end - text->at > 1 && is_digit(text->at[1])) {
        text->at++;
        version->has_post = true;
        return take_number(text, &version->post);
    }
    version->has_post = take_word(text, words, ARRAY_LENGTH(words)) >= 0;
    return !version->has_post || take_implicit(text, &version->post);
}

static bool take_dev(struct text *text, struct pep440 *version)
{
    static const char *const words[] = {"dev"};
    version->has_dev = take_word(text, words, 1) >= 0;
    return !version->has_dev || take_implicit(text, &version->dev);
}

static bool take_local(struct text *text, struct pep440 *version)
{
    size_t length = 0;
    bool gap = true; /* a part must follow */
    if (peek(text) != '+')
        return true;
    for (text->at++; text->at < text->end; text->at++) {
        int c = peek(text);
        bool separator = is_separator(c);
        if ((separator && gap) || (!separator && !is_digit(c) && !(c >= 'a' && c <= 'z')) ||
            length + 1 >= sizeof(version->local))
            return false;
        version->local[length++] = separator ? '.' : (char)c;
        gap = separator;
    }
    version->local[length] = '\0';
    return !gap;
}

static bool take_release(struct text *text, struct pep440 *version)
{
    uint64_t number;
    if (peek(text) == 'v')
        text->at++;
    if (!take_number(text, &number))
        return false;
    if (peek(text) == '!') {
        version->epoch = number;
        text->at++;
        if (!take_number(text, &number))
            return false;
    }
    version->release[version->release_count++] = number;
    while (peek(text) == '.' && text->end - text->at > 1 && is_digit(text->at[1])) {
        text->at++;
        if (version->release_count == PEP440_RELEASE_MAX || !take_number(text, &number))
            return false;
        version->release[version->release_count++] = number;
    }
    while (version->release_count > 1 && version->release[version->release_count - 1] == 0)
        version->release_count--;
    return true;
}

static int by_number(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_releases(const struct pep440 *a, const struct pep440 *b)
{
    size_t most = a->release_count > b->release_count ? a->release_count : b->release_count;
    for (size_t i = 0; i < most; i++) {
        uint64_t left = i < a->release_count ? a->release[i] : 0;
        uint64_t right = i < b->release_count ? b->release[i] : 0;
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

/* 1.0.dev1 comes before 1.0a1: a development release of no phase is before all phases. */
static int phase_of(const struct pep440 *version)
{
    if (version->phase == PEP440_FINAL && !version->has_post && version->has_dev)
        return -1;
    return (int)version->phase;
}

/* Parts: numbers come after words, and are compared as numbers; more parts come later. */
static int compare_locals(const char *a, const char *b)
{
    while (*a || *b) {
        size_t left = strcspn(a, "."), right = strcspn(b, ".");
        bool left_number = left && strspn(a, "0123456789") >= left;
        bool right_number = right && strspn(b, "0123456789") >= right;
        int order;
        if (!*a || !*b)
            return *a ? 1 : -1;
        if (left_number != right_number)
            return left_number ? 1 : -1;
        if (left_number) {
            size_t zeros = strspn(a, "0"), others = strspn(b, "0");
            zeros = zeros < left ? zeros : left;
            others = others < right ? others : right;
            order = by_number(left - zeros, right - others);
            if (order == 0)
                order = strncmp(a + zeros, b + others, left - zeros);
        } else {
            order = strncmp(a, b, left < right ? left : right);
            if (order == 0)
                order = by_number(left, right);
        }
        if (order)
            return order;
        a += left + (a[left] == '.');
        b += right + (b[right] == '.');
    }
    return 0;
}

bool pep440_parse(const char *text, size_t length, struct pep440 *version)
{
    struct text rest = {text, text + length};
    *version = (struct pep440){0};
    while (rest.at < rest.end && (*rest.at == ' ' || *rest.at == '\t'))
        rest.at++;
    while (rest.end > rest.at && (rest.end[-1] == ' ' || rest.end[-1] == '\t'))
        rest.end--;
    return take_release(&rest, version) && take_pre(&rest, version) && take_post(&rest, version) &&
           take_dev(&rest, version) && take_local(&rest, version) && rest.at == rest.end;
}

int pep440_compare(const struct pep440 *a, const struct pep440 *b)
{
    int order = by_number(a->epoch, b->epoch);
    if (order == 0)
        order = compare_releases(a, b);
    if (order == 0 && phase_of(a) != phase_of(b))
        order = phase_of(a) < phase_of(b) ? -1 : 1;
    if (order == 0)
        order = by_number(a->pre, b->pre);
    if (order == 0 && a->has_post != b->has_post)
        order = a->has_post ? 1 : -1;
    if (order == 0)
        order = by_number(a->post, b->post);
    if (order == 0 && a->has_dev != b->has_dev)
        order = a->has_dev ? -1 : 1;
    if (order == 0)
        order = by_number(a->dev, b->dev);
    return order ? order : compare_locals(a->local, b->local);
}
