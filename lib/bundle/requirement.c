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
    return mlops_hint(err, "write one such as '>= 0.85', '<= 0.025' or '>= production - 0.01'");
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

int requirement_parse(const char *text, struct requirement *requirement, struct mlops_error *err)
{
    static const char *const comparisons[] = {">=", "<=", "==", ">", "<"};
    *requirement = (struct requirement){0};
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
