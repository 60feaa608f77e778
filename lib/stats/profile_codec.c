/* lib/stats/profile_codec.c - profiles as bytes: "MLOPSPRF", u32 version, u64 rows, u32 columns,
 * then the columns; little-endian. Format 2 has u64 ragged rows behind the rows, more behind every
 * column, and the sample of rows at the end; format 3 u32 by whom the rows were hashed behind the
 * ragged rows; format 4 what the mean was rounded by (docs/profile.md). Read are all, written are 4
 * and, of profiles that know no more, 1. */
#include "base/path.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/profile_column.h"
#include "stats/row_sample.h"

#define VERSION_PLAIN 1
#define VERSION_HASHED 3
#define VERSION_MEAN_LOW 4
#define VERSION VERSION_MEAN_LOW /* that is written */
#define NAME_BYTES_MAX (1U << 20)
#define COLUMNS_MAX 65536

static const char magic[8] = "MLOPSPRF";

static void encode_column(const struct column_profile *column, bool compact, struct buffer *out)
{
    wire_put_u32(out, (uint32_t)strlen(column->name));
    buffer_puts(out, column->name);
    wire_put_u32(out, (uint32_t)column->type);
    wire_put_u64(out, column->count);
    wire_put_u64(out, column->missing);
    wire_put_u64(out, column->infinite);
    wire_put_f64(out, column->min);
    wire_put_f64(out, column->max);
    wire_put_f64(out, column->mean);
    wire_put_f64(out, column->m2);
    wire_put_f64(out, column->m3);
    hll_encode(column->distinct, compact, out);
    if (column->quantiles)
        kll_encode(column->quantiles, compact, out);
    if (column->frequent)
        frequent_encode(column->frequent, out);
}

static void encode_counts(const uint64_t *counts, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        wire_put_u64(out, counts[i]);
}

static void encode_extension(const struct column_profile *column, struct buffer *out)
{
    wire_put_u64(out, column->misfits);
    encode_counts(column->absence, ARRAY_LENGTH(column->absence), out);
    if (column_is_numeric(column->type)) {
        wire_put_u64(out, column->zeros);
        wire_put_u64(out, column->negatives);
        frequent_encode(column->values, out);
    }
    if (column_is_numeric(column->type) || column->type == COLUMN_TIME) {
        wire_put_f64(out, column->m4);
        wire_put_f64(out, column->mean_low);
    }
    if (column->type == COLUMN_TIME) {
        wire_put_u64(out, (uint64_t)column->first_ns);
        wire_put_u64(out, (uint64_t)column->last_ns);
        encode_counts(column->hours, ARRAY_LENGTH(column->hours), out);
        encode_counts(column->weekdays, ARRAY_LENGTH(column->weekdays), out);
        kll_encode(column->times, true, out);
    }
    if (column_has_texts(column->type)) {
        wire_put_u64(out, column->length_min);
        wire_put_u64(out, column->length_max);
        wire_put_u64(out, column->length_sum);
        frequent_encode(column->patterns, out);
    }
}

static bool is_extended(const struct profile *profile)
{
    bool extended = profile->sample != NULL;
    for (size_t i = 0; i < profile->column_count; i++)
        extended = extended && profile->columns[i].extended;
    return extended;
}

void profile_encode(const struct profile *profile, struct buffer *out)
{
    bool extended = is_extended(profile);
    buffer_append(out, magic, sizeof(magic));
    wire_put_u32(out, extended ? VERSION : VERSION_PLAIN);
    wire_put_u64(out, profile->rows);
    if (extended) {
        wire_put_u64(out, profile->ragged);
        wire_put_u32(out, (uint32_t)profile->hashing);
    }
    wire_put_u32(out, (uint32_t)profile->column_count);
    for (size_t i = 0; i < profile->column_count; i++) {
        encode_column(&profile->columns[i], extended, out);
        if (extended)
            encode_extension(&profile->columns[i], out);
    }
    if (extended)
        row_sample_encode(profile->sample, out);
}

/* The sketches of `column` are there already, empty; they are replaced. */
static void decode_column(struct wire *wire, struct column_profile *column)
{
    column->count = wire_u64(wire);
    column->missing = wire_u64(wire);
    column->infinite = wire_u64(wire);
    wire->failed |= column->missing > column->count;
    wire->failed |= column->infinite > column->count - column->missing;
    column->min = wire_f64(wire);
    column->max = wire_f64(wire);
    column->mean = wire_f64(wire);
    column->m2 = wire_f64(wire);
    column->m3 = wire_f64(wire);
    hll_free(column->distinct);
    column->distinct = hll_decode(wire, column->extended);
    uint64_t present = column->count - column->missing;
    if (column->quantiles && !wire->failed) {
        kll_free(column->quantiles);
        column->quantiles = kll_decode(wire, column->extended);
        wire->failed |= column->quantiles && kll_count(column->quantiles) != present;
    }
    if (column->frequent && !wire->failed) {
        frequent_free(column->frequent);
        column->frequent = frequent_decode(wire);
        wire->failed |= column->frequent && frequent_total(column->frequent) != present;
    }
}

/* Name and type of the next column into a schema of one, so that profile_new makes its sketches. */
static bool decode_head(struct wire *wire, struct column_schema *schema)
{
    size_t length = wire_u32(wire);
    wire->failed |= length > NAME_BYTES_MAX;
    const char *name = (const char *)wire_bytes(wire, length);
    uint32_t type = wire_u32(wire);
    if (wire->failed || type > COLUMN_TIME || memchr(name, '\0', length) ||
        !utf8_valid(name, length)) {
        wire->failed = true;
        return false;
    }
    *schema =
        (struct column_schema){.name = xstrndup(name, length), .type = (enum column_type)type};
    return true;
}

/* Their sum, which must not overflow. */
static uint64_t decode_counts(struct wire *wire, uint64_t *counts, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        counts[i] = wire_u64(wire);
        wire->failed |= __builtin_add_overflow(sum, counts[i], &sum);
    }
    return sum;
}

static void decode_numbers(struct wire *wire, struct column_profile *column)
{
    uint64_t present = column_present(column), sum;
    column->zeros = wire_u64(wire);
    column->negatives = wire_u64(wire);
    wire->failed |= __builtin_add_overflow(column->zeros, column->negatives, &sum) || sum > present;
    frequent_free(column->values);
    column->values = frequent_decode_numbers(wire, PROFILE_VALUES);
    wire->failed |= column->values && frequent_total(column->values) != present;
}

static void decode_times(struct wire *wire, struct column_profile *column)
{
    column->first_ns = (int64_t)wire_u64(wire);
    column->last_ns = (int64_t)wire_u64(wire);
    wire->failed |= column->first_ns > column->last_ns;
    uint64_t hours = decode_counts(wire, column->hours, ARRAY_LENGTH(column->hours));
    uint64_t days = decode_counts(wire, column->weekdays, ARRAY_LENGTH(column->weekdays));
    wire->failed |= hours != column_present(column) || days != column_present(column);
    if (wire->failed)
        return;
    kll_free(column->times);
    column->times = kll_decode(wire, true);
    wire->failed |= column->times && kll_count(column->times) != column_present(column);
}

static void decode_texts(struct wire *wire, struct column_profile *column)
{
    column->length_min = wire_u64(wire);
    column->length_max = wire_u64(wire);
    column->length_sum = wire_u64(wire);
    wire->failed |= column->length_min > column->length_max;
    frequent_free(column->patterns);
    column->patterns = frequent_decode_limited(wire, PROFILE_PATTERNS);
    wire->failed |= column->patterns && frequent_total(column->patterns) > column_present(column);
}

/* Of the mean what its double left over, so that adding it changes nothing. */
static void decode_mean_low(struct wire *wire, struct column_profile *column)
{
    column->mean_low = wire_f64(wire);
    wire->failed |= column->mean_low != 0 && column->mean + column->mean_low != column->mean;
}

static void decode_extension(struct wire *wire, uint32_t version, struct column_profile *column)
{
    uint64_t sum;
    column->misfits = wire_u64(wire);
    uint64_t absent = decode_counts(wire, column->absence, ARRAY_LENGTH(column->absence));
    wire->failed |= __builtin_add_overflow(absent, column->misfits, &sum) || sum > column->missing;
    if (column_is_numeric(column->type) && !wire->failed)
        decode_numbers(wire, column);
    if (column_is_numeric(column->type) || column->type == COLUMN_TIME) {
        column->m4 = wire_f64(wire);
        if (version >= VERSION_MEAN_LOW)
            decode_mean_low(wire, column);
    }
    if (column->type == COLUMN_TIME && !wire->failed)
        decode_times(wire, column);
    if (column_has_texts(column->type) && !wire->failed)
        decode_texts(wire, column);
}

static void decode_columns(struct wire *wire, size_t count, uint32_t version,
                           struct profile *profile)
{
    bool extended = version > VERSION_PLAIN;
    size_t capacity = 0;
    while (profile->column_count < count && !wire->failed) {
        struct column_schema schema;
        if (!decode_head(wire, &schema))
            return;
        GROW(profile->columns, profile->column_count, &capacity);
        struct column_profile *column = &profile->columns[profile->column_count++];
        column_init(column, schema.name, schema.type, extended);
        free(schema.name);
        decode_column(wire, column);
        if (extended && !wire->failed)
            decode_extension(wire, version, column);
    }
}

int profile_decode(const void *data, size_t length, struct profile **profile,
                   struct mlops_error *err)
{
    struct wire wire = {.at = data, .end = (const uint8_t *)data + length};
    const uint8_t *start = wire_bytes(&wire, sizeof(magic));
    if (!start || memcmp(start, magic, sizeof(magic)) != 0)
        return mlops_fail(err, MLOPS_INVALID, "not a profile");
    uint32_t version = wire_u32(&wire);
    if (!wire.failed && (version < VERSION_PLAIN || version > VERSION))
        return mlops_fail(err, MLOPS_INVALID, "a profile of version %u, this mlops knows up to %u",
                          version, VERSION);
    _cleanup_(profile_free_ptr) struct profile *decoded = xcalloc(1, sizeof(*decoded));
    decoded->rows = wire_u64(&wire);
    decoded->ragged = version > VERSION_PLAIN ? wire_u64(&wire) : 0;
    uint32_t hashing = version >= VERSION_HASHED ? wire_u32(&wire) : PROFILE_HASHED_HERE;
    wire.failed |= hashing > PROFILE_HASHED_BY_POSTGRESQL;
    wire.failed |= version == VERSION_HASHED && hashing == PROFILE_HASHED_HERE;
    decoded->hashing = (enum profile_hashing)hashing;
    size_t count = wire_u32(&wire);
    wire.failed |= count > COLUMNS_MAX;
    decode_columns(&wire, count, version, decoded);
    if (version > VERSION_PLAIN && !wire.failed)
        decoded->sample = row_sample_decode(&wire, count);
    if (wire.failed || wire.at != wire.end)
        return mlops_fail(err, MLOPS_INVALID, "a profile is damaged at byte %zu",
                          (size_t)(wire.at - (const uint8_t *)data));
    *profile = TAKE_PTR(decoded);
    return MLOPS_OK;
}
