/* lib/stats/profile_texts.c - the texts of a column, which often are ones that came lately. */
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/pattern.h"
#include "stats/profile_column.h"
#include "stats/short_text.h"

#define RECENT 1024  /* places for short texts; a power of two */
#define WORTH_IT 256 /* rows at a time: for a few there is no need of that memory */
#define PATIENCE                                                                                   \
    16 /* slices that pass until a column that hardly repeats itself gets another try */

/* A short text, what is known of it, and how often it came since that was added to the sketches.
 * Those that drop counters must have it before, and then the counters' numbers are void: until
 * then it is the same whether a text is counted now or later. */
struct recent {
    struct short_text text; /* of no length: nothing is here */
    uint64_t hash;
    uint32_t times;
    uint32_t counter, pattern; /* in the two sketches */
};

struct recent_texts {
    unsigned waiting; /* slices until it is tried again */
    struct recent places[RECENT];
};

/* The last pattern, which the next text mostly has, too. */
struct last {
    char pattern[PATTERN_MAX];
    uint32_t counter; /* in its sketch; FREQUENT_NO_COUNTER: there is none */
};

/* ---- one text ------------------------------------------------------------------------------- */

static void count_length(struct column_profile *column, uint64_t length, bool first)
{
    if (first || length < column->length_min)
        column->length_min = length;
    if (first || length > column->length_max)
        column->length_max = length;
    column->length_sum += length;
}

static void count_pattern(struct column_profile *column, struct last *last,
                          const struct text_view *text)
{
    char pattern[PATTERN_MAX];
    size_t length = pattern_of(text->data, text->length, pattern);
    if (length == 0)
        return;
    if (last->counter != FREQUENT_NO_COUNTER && memcmp(pattern, last->pattern, PATTERN_MAX) == 0) {
        frequent_count_more(column->patterns, last->counter, 1);
        return;
    }
    memcpy(last->pattern, pattern, PATTERN_MAX);
    last->counter =
        frequent_update_hashed(column->patterns, pattern, length, stats_hash(pattern, length));
}

/* ---- texts that hardly come again ----------------------------------------------------------- */

/* The hashes of the texts of rows up to `end` first: they need not wait for one another, as what
 * is counted by them does. Those that are there come to stand in `present`; how many. */
static size_t hash_texts(struct column_profile *column, const struct column *from, size_t row,
                         size_t end, uint64_t *hashes, uint64_t *present)
{
    size_t count = 0;
    for (; row < end; row++) {
        if (from->missing[row]) {
            column_count_missing(column, from->missing[row]);
            hashes[row] = COLUMN_MISSING_HASH;
            continue;
        }
        hashes[row] = stats_hash(from->texts[row].data, from->texts[row].length);
        present[count++] = hashes[row];
    }
    return count;
}

static void update_plainly(struct column_profile *column, const struct column *from, size_t row,
                           size_t end, bool first, uint64_t *hashes)
{
    struct last last = {.counter = FREQUENT_NO_COUNTER};
    uint64_t present[COLUMN_SLICE] = {0};
    size_t count = hash_texts(column, from, row, end, hashes, present);
    hll_update_hashes(column->distinct, present, count);
    for (; row < end; row++) {
        if (from->missing[row])
            continue;
        const struct text_view *text = &from->texts[row];
        count_length(column, text->length, first);
        first = false;
        (void)frequent_update_hashed(column->frequent, text->data, text->length, hashes[row]);
        if (column->patterns)
            count_pattern(column, &last, text);
    }
}

/* ---- texts that came lately ----------------------------------------------------------------- */

static void settle(struct column_profile *column, struct recent *recent)
{
    if (recent->times == 0)
        return;
    frequent_count_more(column->frequent, recent->counter, recent->times);
    if (column->patterns)
        frequent_count_more(column->patterns, recent->pattern, recent->times);
    recent->times = 0;
}

static void settle_all(struct column_profile *column)
{
    for (size_t i = 0; i < RECENT; i++)
        settle(column, &column->recent->places[i]);
}

static void forget_all(struct column_profile *column)
{
    settle_all(column);
    memset(column->recent->places, 0, sizeof(column->recent->places));
}

/* A text that is not known comes to stand at `place`, or nowhere where that is NULL. Its hash. */
static uint64_t meet(struct column_profile *column, const struct text_view *text,
                     const struct short_text *words, struct recent *place)
{
    char pattern[PATTERN_MAX];
    uint64_t hash = stats_hash(text->data, text->length), pattern_hash = 0;
    size_t length = 0;
    bool drop = frequent_may_drop(column->frequent, text->data, text->length, hash);
    if (column->patterns) {
        length = pattern_of(text->data, text->length, pattern);
        pattern_hash = stats_hash(pattern, length);
        drop |= frequent_may_drop(column->patterns, pattern, length, pattern_hash);
    }
    if (drop)
        forget_all(column);
    else if (place)
        settle(column, place);
    hll_update_hashes(column->distinct, &hash, 1);
    struct recent met = {.text = *words, .hash = hash};
    met.counter = frequent_update_hashed(column->frequent, text->data, text->length, hash);
    if (column->patterns && length > 0)
        met.pattern = frequent_update_hashed(column->patterns, pattern, length, pattern_hash);
    if (met.counter == FREQUENT_NO_COUNTER || met.pattern == FREQUENT_NO_COUNTER)
        met.text.length = 0;
    if (place)
        *place = met;
    return hash;
}

/* How many of the texts were known. */
static size_t update_recent(struct column_profile *column, const struct column *from, size_t row,
                            size_t end, bool first, uint64_t *hashes)
{
    struct short_text words[COLUMN_SLICE];
    struct recent *places = column->recent->places;
    size_t begin = row, known = 0;
    short_texts(from->texts + row, end - row, words);
    for (; row < end; row++) {
        const struct text_view *text = &from->texts[row];
        const struct short_text *own = &words[row - begin];
        if (from->missing[row]) {
            column_count_missing(column, from->missing[row]);
            hashes[row] = COLUMN_MISSING_HASH;
            continue;
        }
        struct recent *place = own->length ? &places[short_text_place(own) % RECENT] : NULL;
        if (place && short_text_equal(own, &place->text)) {
            place->times++;
            column->length_sum += own->length;
            hashes[row] = place->hash;
            known++;
            continue;
        }
        hashes[row] = meet(column, text, own, place);
        count_length(column, text->length, first);
        first = false;
    }
    return known;
}

void column_update_texts(struct column_profile *column, const struct column *from, uint64_t *hashes)
{
    if (!column->recent && from->rows >= WORTH_IT)
        column->recent = xcalloc(1, sizeof(*column->recent));
    struct recent_texts *recent = column->recent;
    for (size_t row = 0; row < from->rows; row += COLUMN_SLICE) {
        size_t end = row + COLUMN_SLICE < from->rows ? row + COLUMN_SLICE : from->rows;
        bool first = column_present(column) == 0;
        column->count += end - row;
        if (!recent || recent->waiting > 0) {
            if (recent)
                recent->waiting--;
            update_plainly(column, from, row, end, first, hashes);
        } else if (update_recent(column, from, row, end, first, hashes) < (end - row) / 2) {
            forget_all(column); /* numbers of counters are void after update_plainly */
            recent->waiting = PATIENCE;
        }
    }
}

void column_finish_texts(struct column_profile *column)
{
    if (column->recent)
        settle_all(column);
    free(column->recent);
    column->recent = NULL;
}
