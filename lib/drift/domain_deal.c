/* lib/drift/domain_deal.c - the rows of two tables dealt out to them at random. */
#include "drift/domain_deal.h"

void deal_make(size_t rows, struct deal *deal)
{
    for (int side = 0; side < 2; side++)
        deal->weights[side] = xcalloc(rows + 1, sizeof(double));
}

void deal_clear(struct deal *deal)
{
    free(deal->weights[0]);
    free(deal->weights[1]);
    *deal = (struct deal){0};
}

void deal_as_seen(const struct domain_rows *rows, struct deal *deal)
{
    for (size_t row = 0; row < rows->count; row++) {
        int side = rows->current[row];
        deal->weights[side][row] = rows->times[row];
        deal->weights[!side][row] = 0;
    }
}

void dealer_make(const struct domain_rows *rows, struct dealer *dealer)
{
    *dealer = (struct dealer){.rows = rows,
                              .tables = half_tables_new(),
                              .singles = xcalloc(rows->count + 1, sizeof(size_t))};
    for (size_t row = 0; row < rows->count; row++) {
        size_t twin = rows->twins[row];
        dealer->total += (uint64_t)rows->times[row];
        dealer->current += rows->current[row] ? (uint64_t)rows->times[row] : 0;
        if (rows->times[row] == 1 && (twin == SIZE_MAX || rows->times[twin] == 1))
            dealer->singles[dealer->single_count++] = row;
    }
}

void dealer_clear(struct dealer *dealer)
{
    half_tables_free(dealer->tables);
    free(dealer->singles);
    *dealer = (struct dealer){0};
}

/* How many of the rows that are equal to this one fall to the current table: each of them by its
 * share. Of a sample that left rows out, one that came more than once and has no twin may have one
 * that was left out: it stays where it is. */
static double share_out(const struct dealer *dealer, struct random *random, size_t row, double all)
{
    const struct domain_rows *rows = dealer->rows;
    if (rows->twins[row] == SIZE_MAX && !rows->whole)
        return rows->current[row] ? all : 0;
    return (double)random_binomial(random, (uint64_t)all, dealer->current, dealer->total);
}

/* Rows that came more than once, in either table; returns how many the current one has of them. */
static uint64_t deal_repeated(const struct dealer *dealer, struct random *random, struct deal *deal)
{
    const struct domain_rows *rows = dealer->rows;
    uint64_t current = 0;
    for (size_t row = 0; row < rows->count; row++) {
        size_t twin = rows->twins[row];
        double all = rows->times[row] + (twin == SIZE_MAX ? 0 : rows->times[twin]);
        deal->weights[0][row] = deal->weights[1][row] = 0;
        if (all == 1 || (twin != SIZE_MAX && (twin < row || all == 2)))
            continue; /* a single one, or both stand with the first of them */
        double now = share_out(dealer, random, row, all);
        deal->weights[0][row] = all - now;
        deal->weights[1][row] = now;
        current += (uint64_t)now;
    }
    return current;
}

void deal_at_random(const struct dealer *dealer, uint64_t seed, uint64_t index, struct deal *deal)
{
    size_t count = dealer->single_count, *order = xcalloc(count + 1, sizeof(*order));
    struct random random;
    random_init(&random, seed, index, dealer->tables);
    uint64_t current = deal_repeated(dealer, &random, deal);
    uint64_t left = dealer->current > current ? dealer->current - current : 0;
    memcpy(order, dealer->singles, count * sizeof(*order));
    for (size_t i = 0; i < count; i++) {
        size_t other = i + (size_t)random_below(&random, count - i), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
        deal->weights[i < left][order[i]] = 1;
    }
    free(order);
}
