/* lib/stats/isotonic.c - pool adjacent violators. */
#include "stats/isotonic.h"

struct pair {
    double x, y;
};

static int compare(const void *a, const void *b)
{
    double x = ((const struct pair *)a)->x, y = ((const struct pair *)b)->x;
    return (x > y) - (x < y);
}

/* A run of scores that have one value. */
struct block {
    double sum, weight;
    size_t first, last; /* of the distinct scores */
};

/* Scores that are equal become one, with the mean of their outcomes; `weight` of each. */
static size_t make_distinct(const struct pair *pairs, size_t count, double *x, struct block *blocks)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || pairs[i].x != x[distinct - 1]) {
            x[distinct] = pairs[i].x;
            blocks[distinct] = (struct block){0, 0, distinct, distinct};
            distinct++;
        }
        blocks[distinct - 1].sum += pairs[i].y;
        blocks[distinct - 1].weight += 1;
    }
    return distinct;
}

/* Merge until the means increase; how many blocks are left. */
static size_t pool(struct block *blocks, size_t count)
{
    size_t top = 0;
    for (size_t i = 0; i < count; i++) {
        struct block block = blocks[i];
        while (top > 0 &&
               blocks[top - 1].sum * block.weight >= block.sum * blocks[top - 1].weight) {
            top--;
            block.sum += blocks[top].sum;
            block.weight += blocks[top].weight;
            block.first = blocks[top].first;
        }
        blocks[top++] = block;
    }
    return top;
}

void isotonic_fit(struct isotonic *isotonic, double *scores, double *outcomes, size_t count)
{
    *isotonic = (struct isotonic){.x = NULL};
    if (count == 0)
        return;
    struct pair *pairs = xcalloc(count, sizeof(*pairs));
    struct block *blocks = xcalloc(count, sizeof(*blocks));
    double *x = xcalloc(count, sizeof(*x));
    for (size_t i = 0; i < count; i++)
        pairs[i] = (struct pair){scores[i], outcomes[i]};
    qsort(pairs, count, sizeof(*pairs), compare);
    for (size_t i = 0; i < count; i++) {
        scores[i] = pairs[i].x;
        outcomes[i] = pairs[i].y;
    }
    size_t kept = pool(blocks, make_distinct(pairs, count, x, blocks));
    isotonic->x = xcalloc(2 * kept, sizeof(double)); /* the ends of each block say all of it */
    isotonic->y = xcalloc(2 * kept, sizeof(double));
    for (size_t i = 0; i < kept; i++)
        for (size_t end = blocks[i].first;; end = blocks[i].last) {
            isotonic->x[isotonic->count] = x[end];
            isotonic->y[isotonic->count++] = blocks[i].sum / blocks[i].weight;
            if (end == blocks[i].last)
                break;
        }
    free(pairs);
    free(blocks);
    free(x);
}

double isotonic_value(const struct isotonic *isotonic, double score)
{
    size_t low = 0, high = isotonic->count;
    if (high == 0)
        return score;
    if (score <= isotonic->x[0])
        return isotonic->y[0];
    if (score >= isotonic->x[high - 1])
        return isotonic->y[high - 1];
    while (high - low > 1) { /* x[low] <= score < x[high] */
        size_t middle = low + (high - low) / 2;
        if (isotonic->x[middle] <= score)
            low = middle;
        else
            high = middle;
    }
    double share = (score - isotonic->x[low]) / (isotonic->x[high] - isotonic->x[low]);
    return isotonic->y[low] + share * (isotonic->y[high] - isotonic->y[low]);
}

void isotonic_clear(struct isotonic *isotonic)
{
    free(isotonic->x);
    free(isotonic->y);
    *isotonic = (struct isotonic){.x = NULL};
}
