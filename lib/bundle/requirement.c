/* lib/bundle/requirement.c - one demand on a metric, parsed and judged. */
#include "bundle/requirement.h"
#include "base/number.h"
#include "registry/registry.h"
#include <math.h>

static const char *skip_space(const char *c)
{
    return c + strspn(c, " \t");
}

static int expected(struct mlops_error *err, const char *text, const char *what)
{
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a requirement: %s was expected", text, what);
    return mlops_hint(err, "write one such as '>= 0.85', '<= 0.025', '>= production - 0.01' or "
                           "'not worse than production by 0.005 at 95%%'");
}

static size_t digits(const char *c)
{
    return strspn(c, "0123456789");
}

/* A plain decimal number at `*c`, which moves behind it. */
static bool take_number(const char **c, double *value)
{
    const char *end = *c;
    end += *end == '-' || *end == '+';
    end += digits(end);
    if (*end == '.')
        end += 1 + digits(end + 1);
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1 + (end[1] == '-' || end[1] == '+');
        if (digits(exponent) > 0)
            end = exponent + digits(exponent);
    }
    if (!number_parse(*c, (size_t)(end - *c), value) || !isfinite(*value))
        return false;
    *c = end;
    return true;
}

/* The name of a stage at `*c`, which moves behind it. */
static int take_stage(const char **c, struct requirement *requirement, struct mlops_error *err)
{
    size_t length = strspn(*c, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    _cleanup_(free_string) char *name = xstrndup(*c, length);
    TRY(stage_name_check(name, err));
    str_copy(requirement->stage, sizeof(requirement->stage), name);
    *c += length;
    return MLOPS_OK;
}

/* "at 95%" at `*c`, which moves behind it. */
static int take_confidence(const char **c, const char *text, struct requirement *requirement,
                           struct mlops_error *err)
{
    double percent;
    *c = skip_space(*c + strlen("at"));
    if (!take_number(c, &percent) || **c != '%' || !(percent > 0 && percent < 100))
        return expected(err, text, "a confidence such as 95% after 'at'");
    if (requirement->stage[0] || str_equal(requirement->comparison, "=="))
        return expected(err, text, "a bound that is a number, with >= > <= or <, before 'at'");
    requirement->confidence = percent / 100;
    (*c)++;
    return MLOPS_OK;
}

static int parse_bound(const char *text, struct requirement *requirement, struct mlops_error *err)
{
    static const char *const comparisons[] = {">=", "<=", "==", ">", "<"};
    const char *c = skip_space(text);
    for (size_t i = 0; i < ARRAY_LENGTH(comparisons) && !requirement->comparison[0]; i++)
        if (str_starts(c, comparisons[i]))
            str_copy(requirement->comparison, sizeof(requirement->comparison), comparisons[i]);
    if (!requirement->comparison[0])
        return expected(err, text, "one of >= > <= < ==");
    c = skip_space(c + strlen(requirement->comparison));

    if (*c >= 'a' && *c <= 'z') {
        if (take_stage(&c, requirement, err))
            return mlops_wrap(err, "'%s' is not a requirement", text);
    } else if (!take_number(&c, &requirement->offset)) {
        return expected(err, text, "a number or the name of a stage");
    }
    c = skip_space(c);
    if (*c == '+' || *c == '-') {
        double sign = *c == '-' ? -1 : 1, amount;
        c = skip_space(c + 1);
        if (*c == '+' || *c == '-' || !take_number(&c, &amount))
            return expected(err, text, "a number after + or -");
        requirement->offset += sign * amount;
    }
    c = skip_space(c);
    if (str_starts(c, "at") && (c[2] == ' ' || c[2] == '\t'))
        TRY(take_confidence(&c, text, requirement, err));
    if (*skip_space(c))
        return expected(err, text, "nothing more");
    if (!isfinite(requirement->offset))
        return expected(err, text, "a smaller number");
    return MLOPS_OK;
}

/* ---- against another version ---------------------------------------------------------------- */

static bool take_word(const char **c, const char *word)
{
    size_t length = strlen(word);
    const char *at = skip_space(*c);
    if (strncmp(at, word, length) != 0 || (at[length] && !strchr(" \t", at[length])))
        return false;
    *c = skip_space(at + length);
    return true;
}

static bool take_words(const char **c, const char *first, const char *second, const char *third)
{
    const char *at = *c;
    if (!take_word(&at, first) || (second && !take_word(&at, second)) || !take_word(&at, third))
        return false;
    *c = at;
    return true;
}

/* A bare name is that of a stage. */
static int take_ref(const char **c, const char *text, struct requirement *requirement,
                    struct mlops_error *err)
{
    size_t length = strcspn(*c, " \t"), name = strcspn(*c, "~@: \t");
    if (length == 0 || length > REQUIREMENT_REF_MAX)
        return expected(err, text, "a stage, @VERSION or another reference after 'than'");
    str_copy(requirement->ref, sizeof(requirement->ref), *c);
    requirement->ref[length] = '\0';
    if (name == length && **c >= '0' && **c <= '9')
        return expected(err, text, "@ before the number of a version");
    if (name == length || (*c)[name] == '~') {
        _cleanup_(free_string) char *stage = xstrndup(*c, name);
        if (stage_name_check(stage, err))
            return mlops_wrap(err, "'%s' is not a requirement", text);
        if (name == length)
            str_copy(requirement->stage, sizeof(requirement->stage), stage);
    }
    *c = skip_space(*c + length);
    return MLOPS_OK;
}

static int parse_paired(const char *text, const char *c, struct requirement *requirement,
                        struct mlops_error *err)
{
    double percent;
    TRY(take_ref(&c, text, requirement, err));
    if (take_word(&c, "by") && (!take_number(&c, &requirement->offset) || requirement->offset < 0))
        return expected(err, text, "a number of 0 or more after 'by'");
    if (take_word(&c, "at")) {
        if (!take_number(&c, &percent) || *c != '%' || !(percent > 50 && percent < 100))
            return expected(err, text, "a confidence such as 95% after 'at'");
        requirement->confidence = percent / 100;
        c++;
    }
    return *skip_space(c) ? expected(err, text, "nothing more") : MLOPS_OK;
}

int requirement_parse(const char *text, struct requirement *requirement, struct mlops_error *err)
{
    const char *c = text;
    *requirement = (struct requirement){0};
    if (take_words(&c, "not", "worse", "than"))
        requirement->kind = REQUIREMENT_NOT_WORSE;
    else if (take_words(&c, "better", NULL, "than"))
        requirement->kind = REQUIREMENT_BETTER;
    return requirement->kind == REQUIREMENT_BOUND ? parse_bound(text, requirement, err)
                                                  : parse_paired(text, c, requirement, err);
}

char *requirement_reference(const char *model, const char *ref)
{
    if (*ref == '@')
        return xprintf("%s%s", model, ref);
    return strpbrk(ref, "@:") ? xstrdup(ref) : xprintf("%s@%s", model, ref);
}

bool requirement_met(const struct requirement *requirement, double value, double bound)
{
    const char *comparison = requirement->comparison;
    if (isnan(value) || isnan(bound))
        return false;
    if (str_equal(comparison, ">="))
        return value >= bound;
    if (str_equal(comparison, "<="))
        return value <= bound;
    if (str_equal(comparison, ">"))
        return value > bound;
    if (str_equal(comparison, "<"))
        return value < bound;
    return value == bound;
}
