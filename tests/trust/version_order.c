/* tests/trust/version_order.c - pairs of versions from standard input, "A B" a line; for each -1, 0
 * or 1 as A comes before, with or after B, or "none" where one is no version. For the comparison
 * with Python's own implementation. */
#include "environment/pep440.h"
#include <stdio.h>

int main(void)
{
    char a[512], b[512];
    while (scanf("%511s %511s", a, b) == 2) {
        struct pep440 left, right;
        if (!pep440_parse(a, strlen(a), &left) || !pep440_parse(b, strlen(b), &right)) {
            puts("none");
            continue;
        }
        int order = pep440_compare(&left, &right);
        printf("%d\n", (order > 0) - (order < 0));
    }
    return 0;
}
