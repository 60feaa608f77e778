/* lib/monitor/latency.c - the latency histogram. */
#include "monitor/latency.h"
#include <math.h>

#define LEAST 0x1p-10
#define CELL_BITS 46 /* a double's bits above these are its exponent and 6 bits of its fraction */

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static size_t cell_of(double ms)
{
    if (!(ms >= LEAST))
        return 0;
    uint64_t cell = (bits_of(ms) >> CELL_BITS) - (bits_of(LEAST) >> CELL_BITS);
    return cell < LATENCY_CELLS ? (size_t)cell : LATENCY_CELLS - 1;
}

static double edge(size_t cell)
{
    uint64_t bits = ((bits_of(LEAST) >> CELL_BITS) + cell) << CELL_BITS;
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void extend(struct latency *latency, double low, double high)
{
    if (latency->count == 0 || low < latency->min)
        latency->min = low;
    if (latency->count == 0 || high > latency->max)
        latency->max = high;
    if (!latency->cells)
        latency->cells = xcalloc(LATENCY_CELLS, sizeof(*latency->cells));
}

/* A cell that is full stays full: four thousand million of one latency. */
static void raise_cell(struct latency *latency, size_t cell, uint32_t by)
{
    if (__builtin_add_overflow(latency->cells[cell], by, &latency->cells[cell]))
        latency->cells[cell] = UINT32_MAX;
}

void latency_add(struct latency *latency, double ms)
{
    extend(latency, ms, ms);
    raise_cell(latency, cell_of(ms), 1);
    latency->count++;
}

void latency_merge(struct latency *latency, const struct latency *other)
{
    if (other->count == 0)
        return;
    extend(latency, other->min, other->max);
    for (size_t i = 0; i < LATENCY_CELLS; i++)
        raise_cell(latency, i, other->cells[i]);
    latency->count += other->count;
}

double latency_quantile(const struct latency *latency, double q)
{
    if (latency->count == 0)
        return NAN;
    double wanted = ceil(q * (double)latency->count);
    uint64_t rank = wanted < 1 ? 1 : (uint64_t)wanted, sum = 0;
    if (rank >= latency->count)
        return latency->max;
    size_t cell = 0;
    for (; cell < LATENCY_CELLS - 1; cell++) {
        sum += latency->cells[cell];
        if (sum >= rank)
            break;
    }
    double middle = (edge(cell) + edge(cell + 1)) / 2;
    if (cell == 0 || cell == LATENCY_CELLS - 1) /* what lies outside has no width */
        middle = cell ? edge(cell) : edge(1);
    return middle < latency->min ? latency->min : middle > latency->max ? latency->max : middle;
}

/* Cells in use as (distance from the one before, count). */
void latency_encode(const struct latency *latency, struct buffer *out)
{
    size_t before = 0, used = 0;
    wire_put_varint(out, latency->count);
    if (latency->count == 0)
        return;
    wire_put_f64(out, latency->min);
    wire_put_f64(out, latency->max);
    for (size_t i = 0; i < LATENCY_CELLS; i++)
        used += latency->cells[i] > 0;
    wire_put_varint(out, used);
    for (size_t i = 0; i < LATENCY_CELLS; i++) {
        if (latency->cells[i] == 0)
            continue;
        wire_put_varint(out, i - before);
        wire_put_varint(out, latency->cells[i]);
        before = i;
    }
}

void latency_decode(struct wire *wire, struct latency *latency)
{
    *latency = (struct latency){.count = wire_varint(wire)};
    if (latency->count == 0)
        return;
    latency->min = wire_f64(wire);
    latency->max = wire_f64(wire);
    latency->cells = xcalloc(LATENCY_CELLS, sizeof(*latency->cells));
    uint64_t used = wire_varint(wire), cell = 0;
    for (uint64_t i = 0; i < used && !wire->failed; i++) {
        uint64_t distance = wire_varint(wire), count = wire_varint(wire);
        if (distance >= LATENCY_CELLS - cell || count > UINT32_MAX)
            wire->failed = true;
        else
            latency->cells[cell += distance] = (uint32_t)count;
    }
}

void latency_clear(struct latency *latency)
{
    free(latency->cells);
    *latency = (struct latency){0};
}
