/* lib/drift/domain_deal.c - the rows of two tables dealt out to them at random. */
#include "drift/domain_deal.h"

void deals_make(size_t rows, struct deals *deals)
{
    for (int side = 0; side < 2; side++)
        deals->weights[side] = xcalloc(rows * DEAL_LANES, sizeof(double));
    deals->order = xcalloc(rows, sizeof(*deals->order));
}

void deals_clear(struct deals *deals)
{
    free(deals->weights[0]);
    free(deals->weights[1]);
    free(deals->order);
    *deals = (struct deals){0};
}

static void share(const struct domain_rows *rows, size_t row, double reference, double current,
                  struct deals *deals, size_t lane)
{
    size_t at = rows->places[row] * DEAL_LANES + lane;
    deals->weights[0][at] = reference;
    deals->weights[1][at] = current;
}

void deals_as_seen(const struct domain_rows *rows, struct deals *deals)
{
    for (size_t row = 0; row < rows->count; row++)
        for (size_t lane = 0; lane < DEAL_LANES; lane++) {
            double times = rows->times[row];
            share(rows, row, rows->current[row] ? 0 : times, rows->current[row] ? times : 0, deals,
                  lane);
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
static uint64_t deal_repeated(const struct dealer *dealer, struct random *random,
                              struct deals *deals, size_t lane)
{
    const struct domain_rows *rows = dealer->rows;
    uint64_t current = 0;
    for (size_t row = 0; row < rows->count; row++) {
        size_t twin = rows->twins[row];
        double all = rows->times[row] + (twin == SIZE_MAX ? 0 : rows->times[twin]), now = 0;
        if (all == 1 || (twin != SIZE_MAX && (twin < row || all == 2)))
            all = 0; /* a single one, or both stand with the first of them */
        else
            now = share_out(dealer, random, row, all);
        share(rows, row, all - now, now, deals, lane);
        current += (uint64_t)now;
    }
    return current;
}

void deal_at_random(const struct dealer *dealer, uint64_t seed, uint64_t index, struct deals *deals,
                    size_t lane)
{
    size_t count = dealer->single_count, *order = deals->order;
    struct random random;
    random_init(&random, seed, index, dealer->tables);
    uint64_t current = deal_repeated(dealer, &random, deals, lane);
    uint64_t left = dealer->current > current ? dealer->current - current : 0;
    memcpy(order, dealer->singles, count * sizeof(*order));
    for (size_t i = 0; i < count; i++) {
        size_t other = i + (size_t)random_below(&random, count - i), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
        share(dealer->rows, order[i], i >= left, i < left, deals, lane);
    }
}
