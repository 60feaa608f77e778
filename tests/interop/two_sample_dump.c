/* tests/interop/two_sample_dump.c - our tests and distances of two samples on standard input, a line
 * each: "numbers" or "counts", then "name statistic p" lines. Lines of input: kind, then the numbers
 * of the one sample, then those of the other; for two_sample.py. */
#include "stats/contingency.h"
#include "stats/distance.h"
#include <stdio.h>

#define VALUES_MAX 200000

static size_t read_line(char *line, double *values)
{
    size_t count = 0;
    char *rest = line;
    for (char *end = NULL; count < VALUES_MAX; rest = end) {
        values[count] = strtod(rest, &end);
        if (end == rest)
            return count;
        count++;
    }
    return count;
}

static void say(const char *name, struct test_result result)
{
    printf("%s %.17g %.17g\n", name, result.statistic, result.p);
}

static void numbers(double *a, size_t n, double *b, size_t m)
{
    struct kll_view x, y;
    sample_view(a, n, &x);
    sample_view(b, m, &y);
    say("ks", test_ks(&x, &y));
    say("cramer_von_mises", test_cramer_von_mises(&x, &y));
    say("anderson_darling", test_anderson_darling(&x, &y));
    say("wasserstein", (struct test_result){distance_wasserstein(&x, &y), 0});
    say("energy", (struct test_result){distance_energy(&x, &y), 0});
    kll_view_clear(&x);
    kll_view_clear(&y);
}

static void counts(const double *p, const double *q, size_t n)
{
    say("chi_square", test_chi_square(p, q, n));
    say("g", test_g(p, q, n));
    say("jensen_shannon", (struct test_result){distance_jensen_shannon(p, q, n), 0});
    say("hellinger", (struct test_result){distance_hellinger(p, q, n), 0});
    say("total_variation", (struct test_result){distance_total_variation(p, q, n), 0});
    say("l_infinity", (struct test_result){distance_l_infinity(p, q, n), 0});
    say("psi", (struct test_result){distance_psi(p, q, n), 0});
    if (n == 2) {
        say("z", test_proportions(p[0], p[0] + p[1], q[0], q[0] + q[1]));
        say("fisher", test_fisher(p[0], p[0] + p[1], q[0], q[0] + q[1]));
    }
}

static void adjusted(const double *p, size_t n)
{
    double *result = xcalloc(n + 1, sizeof(*result));
    adjust_benjamini_hochberg(p, n, result);
    for (size_t i = 0; i < n; i++)
        printf("%.17g\n", result[i]);
    free(result);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    double *a = xcalloc(VALUES_MAX, sizeof(*a)), *b = xcalloc(VALUES_MAX, sizeof(*b));
    while (getline(&line, &size, stdin) > 0) {
        char kind = line[0];
        if (getline(&line, &size, stdin) <= 0)
            break;
        size_t n = read_line(line, a), m = 0;
        if (kind != 'b' && getline(&line, &size, stdin) > 0)
            m = read_line(line, b);
        if (kind == 'n')
            numbers(a, n, b, m);
        else if (kind == 'c' && n == m)
            counts(a, b, n);
        else if (kind == 'b')
            adjusted(a, n);
        puts("");
    }
    free(line);
    free(a);
    free(b);
    return 0;
}
