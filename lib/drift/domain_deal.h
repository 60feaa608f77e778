/*
 * lib/drift/domain_deal.h - the rows of two tables dealt out to them at random: what chance may
 * make of them.
 *
 * If both come from one source, each way to deal their rows out is as likely (Pitman 1937). Rows of
 * which there are several are dealt out one by one, each with the probability that the current
 * table's share of all rows is; of all others exactly as many fall to it as are left.
 */
#ifndef DRIFT_DOMAIN_DEAL_H
#define DRIFT_DOMAIN_DEAL_H
#include "drift/domain_rows.h"
#include "stats/product.h"
#include "stats/random.h"

#define DEAL_LANES PRODUCT_LANES

/* Deals beside one another: how often each row is in the reference and in the current table, of
 * each place all lanes. */
struct deals {
    double *weights[2];
    size_t *order; /* what one deal shuffles */
};
void deals_make(size_t rows, struct deals *deals);
void deals_clear(struct deals *deals);

/* What can be prepared for all deals. */
struct dealer {
    const struct domain_rows *rows;
    struct half_tables *tables;
    size_t *singles; /* rows that came once, and have no twin that came more often */
    size_t single_count;
    uint64_t total, current; /* rows of both tables, and of the current one */
};
/* `rows` must outlive it. */
void dealer_make(const struct domain_rows *rows, struct dealer *dealer);
void dealer_clear(struct dealer *dealer);

/* Each row where it was found, in all lanes. */
void deals_as_seen(const struct domain_rows *rows, struct deals *deals);
/* The same seed and index give the same deal. */
void deal_at_random(const struct dealer *dealer, uint64_t seed, uint64_t index, struct deals *deals,
                    size_t lane);

#endif
