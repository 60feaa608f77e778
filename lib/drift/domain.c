/* lib/drift/domain.c - whole rows of two tables, and what chance makes of them. */
#include "drift/domain.h"
#include "base/pool.h"
#include "drift/domain_bonds.h"
#include "drift/domain_classifier.h"
#include <math.h>

#define SEED 20212
#define BEYOND 2 /* deals that exceed the thresholds, at least */
#define DEALS_MIN 400
#define TAIL 5 /* times `far`: the share of deals by whose least a tail is measured */

/* What each deal comes to. */
struct trials {
    const struct classifier *classifier;
    const struct bonds *bonds;
    const struct dealer *dealer;
    size_t deals;
    double *areas;       /* deal by deal */
    double *differences; /* deal by deal, pair by pair */
    struct deals *hands; /* of each thread */
};

/* DEAL_LANES deals; what is behind the last one is thrown away. */
static int try_deals(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct trials *trials = context;
    size_t pairs = trials->bonds->count, first = index * DEAL_LANES;
    double areas[DEAL_LANES], *differences = xcalloc(pairs * DEAL_LANES + 1, sizeof(double));
    struct deals *deals = &trials->hands[worker];
    (void)err;
    if (!deals->order)
        deals_make(trials->dealer->rows->count, deals);
    for (size_t lane = 0; lane < DEAL_LANES; lane++)
        deal_at_random(trials->dealer, SEED, first + lane, deals, lane);
    classifier_areas(trials->classifier, deals, areas);
    bonds_compare(trials->bonds, deals, differences, NULL);
    for (size_t lane = 0; lane < DEAL_LANES && first + lane < trials->deals; lane++) {
        trials->areas[first + lane] = areas[lane];
        for (size_t i = 0; i < pairs; i++)
            trials->differences[(first + lane) * pairs + i] = differences[i * DEAL_LANES + lane];
    }
    free(differences);
    return MLOPS_OK;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a statistic is by chance: its middle, and how far its tail reaches beyond, which makes
 * statistics of different tails alike there. One that hardly ever leaves its middle reaches as far
 * as the farthest deal: what no deal reached is beyond chance, and not what a few did. */
struct chance {
    double middle, reach;
};

static struct chance chance_of(const double *values, size_t count, double far)
{
    double *order = xcalloc(count + 1, sizeof(*order)), share = fmin(TAIL * far, 0.25);
    memcpy(order, values, count * sizeof(*order));
    qsort(order, count, sizeof(*order), by_size);
    struct chance chance = {.middle = order[count / 2]};
    chance.reach = order[count - 1 - (size_t)(share * (double)count)] - chance.middle;
    if (chance.reach <= 0)
        chance.reach = order[count - 1] - chance.middle;
    free(order);
    return chance;
}

/* How far a pair's difference goes by chance; it is 0 on average. */
static double *bond_deviations(const struct trials *trials)
{
    size_t pairs = trials->bonds->count;
    double *deviations = xcalloc(pairs + 1, sizeof(*deviations));
    for (size_t i = 0; i < pairs; i++) {
        for (size_t b = 0; b < trials->deals; b++) {
            double difference = trials->differences[b * pairs + i];
            deviations[i] += difference * difference / (double)trials->deals;
        }
        deviations[i] = sqrt(deviations[i]);
    }
    return deviations;
}

/* The largest difference in units of its deviation; `*most` gets which pair's it is. */
static double largest_bond(const double *differences, const double *deviations, size_t pairs,
                           size_t *most)
{
    double largest = 0;
    *most = 0;
    for (size_t i = 0; i < pairs; i++) {
        double size = deviations[i] > 0 ? fabs(differences[i]) / deviations[i] : 0;
        if (size > largest) {
            largest = size;
            *most = i;
        }
    }
    return largest;
}

static double standard(double value, struct chance chance)
{
    return chance.reach > 0 ? (value - chance.middle) / chance.reach : 0;
}

/* With the tables as they are among them, a share `far` of deals + 1 lies beyond what this returns:
 * how many times its reach the more extreme of both statistics goes. */
static double joint_threshold(const struct trials *trials, const double *bonds, struct chance area,
                              struct chance bond, double far)
{
    size_t deals = trials->deals, beyond = (size_t)(far * (double)(deals + 1));
    double *extremes = xcalloc(deals + 1, sizeof(*extremes));
    for (size_t b = 0; b < deals; b++)
        extremes[b] = fmax(standard(trials->areas[b], area),
                           trials->bonds->count > 0 ? standard(bonds[b], bond) : -INFINITY);
    qsort(extremes, deals, sizeof(*extremes), by_size);
    double threshold = extremes[deals - (beyond > 0 ? beyond : 1)];
    free(extremes);
    return threshold;
}

/* The tables as they are against the deals. */
static struct domain judge(const struct trials *trials, const struct deals *seen, double far)
{
    size_t pairs = trials->bonds->count, most;
    double *deviations = bond_deviations(trials);
    double *bonds = xcalloc(trials->deals + 1, sizeof(*bonds));
    double *differences = xcalloc(pairs * DEAL_LANES + 1, sizeof(*differences));
    double *correlations = xcalloc(2 * pairs * DEAL_LANES + 1, sizeof(*correlations));
    double areas[DEAL_LANES];
    for (size_t b = 0; b < trials->deals; b++)
        bonds[b] = largest_bond(trials->differences + b * pairs, deviations, pairs, &most);
    struct chance area = chance_of(trials->areas, trials->deals, far);
    struct chance bond = chance_of(bonds, trials->deals, far);
    double threshold = joint_threshold(trials, bonds, area, bond, far);
    classifier_areas(trials->classifier, seen, areas);
    bonds_compare(trials->bonds, seen, differences, correlations);
    for (size_t i = 0; i < pairs; i++) /* all lanes are the same */
        differences[i] = differences[i * DEAL_LANES];
    struct domain found = {.auc = areas[0],
                           .auc_threshold = area.middle + threshold * area.reach,
                           .bond = NAN,
                           .bond_threshold = NAN};
    if (pairs > 0) {
        const struct domain_rows *rows = trials->bonds->rows;
        found.bond = largest_bond(differences, deviations, pairs, &most);
        found.bond_threshold = bond.middle + threshold * bond.reach;
        found.correlations[0] = correlations[most * DEAL_LANES];
        found.correlations[1] = correlations[(pairs + most) * DEAL_LANES];
        found.pair[0] = rows->names[rows->origins[trials->bonds->list[most].second]];
        found.pair[1] = rows->names[rows->origins[trials->bonds->list[most].first]];
    }
    free(deviations);
    free(bonds);
    free(differences);
    free(correlations);
    return found;
}

static struct domain measure(const struct domain_rows *rows, double far)
{
    struct mlops_error err = {0};
    struct classifier classifier;
    struct bonds bonds;
    struct dealer dealer;
    struct deals *hands = xcalloc(pool_threads(), sizeof(*hands)), seen;
    size_t deals = (size_t)ceil(BEYOND / far) - 1;
    classifier_make(rows, &classifier);
    bonds_make(rows, &bonds);
    dealer_make(rows, &dealer);
    deals_make(rows->count, &seen);
    deals_as_seen(rows, &seen);
    struct trials trials = {.classifier = &classifier,
                            .bonds = &bonds,
                            .dealer = &dealer,
                            .deals = deals < DEALS_MIN ? DEALS_MIN : deals,
                            .hands = hands};
    trials.areas = xcalloc(trials.deals, sizeof(double));
    trials.differences = xcalloc(trials.deals * bonds.count + 1, sizeof(double));
    size_t blocks = (trials.deals + DEAL_LANES - 1) / DEAL_LANES;
    (void)pool_run(blocks, try_deals, &trials, &err); /* `try_deals` cannot fail */
    struct domain found = judge(&trials, &seen, far);
    for (size_t i = 0; i < pool_threads(); i++)
        deals_clear(&hands[i]);
    free(hands);
    free(trials.areas);
    free(trials.differences);
    deals_clear(&seen);
    dealer_clear(&dealer);
    bonds_clear(&bonds);
    classifier_clear(&classifier);
    return found;
}

struct domain domain_classify(const struct profile *reference, const struct profile *current,
                              const char *const *names, size_t count, double far, bool any_effect)
{
    struct domain found = {NAN, NAN, NAN, NAN, {NAN, NAN}, {NULL, NULL}};
    struct domain_rows rows;
    if (!domain_rows_make(reference, current, names, count, &rows))
        return found;
    found = measure(&rows, fmax(far, DOMAIN_FAR_MIN));
    if (!any_effect)
        found.auc_threshold = fmax(found.auc_threshold, DOMAIN_EFFECT);
    domain_rows_clear(&rows);
    return found;
}
