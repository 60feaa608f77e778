/* lib/stats/profile_codec.c - profiles as bytes: "MLOPSPRF", u32 version, u64 rows, u32 columns,
 * then the columns; little-endian. */
#include "base/path.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/profile.h"

#define VERSION 1
#define NAME_BYTES_MAX (1U << 20)
#define COLUMNS_MAX 65536

static const char magic[8] = "MLOPSPRF";

static void encode_column(const struct column_profile *column, struct buffer *out)
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
    hll_encode(column->distinct, out);
    if (column->quantiles)
        kll_encode(column->quantiles, out);
    if (column->frequent)
        frequent_encode(column->frequent, out);
}

void profile_encode(const struct profile *profile, struct buffer *out)
{
    buffer_append(out, magic, sizeof(magic));
    wire_put_u32(out, VERSION);
    wire_put_u64(out, profile->rows);
    wire_put_u32(out, (uint32_t)profile->column_count);
    for (size_t i = 0; i < profile->column_count; i++)
        encode_column(&profile->columns[i], out);
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
    column->distinct = hll_decode(wire);
    uint64_t present = column->count - column->missing;
    if (column->quantiles && !wire->failed) {
        kll_free(column->quantiles);
        column->quantiles = kll_decode(wire);
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

static void decode_columns(struct wire *wire, size_t count, struct profile *profile)
{
    size_t capacity = 0;
    while (profile->column_count < count && !wire->failed) {
        struct column_schema schema;
        if (!decode_head(wire, &schema))
            return;
        struct profile *one = profile_new(&(struct table_schema){&schema, 1});
        free(schema.name);
        decode_column(wire, &one->columns[0]);
        GROW(profile->columns, profile->column_count, &capacity);
        profile->columns[profile->column_count++] = one->columns[0];
        free(one->columns);
        free(one);
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
    if (!wire.failed && version != VERSION)
        return mlops_fail(err, MLOPS_INVALID, "a profile of version %u, this mlops knows %u",
                          version, VERSION);
    struct profile *decoded = xcalloc(1, sizeof(*decoded));
    decoded->rows = wire_u64(&wire);
    size_t count = wire_u32(&wire);
    wire.failed |= count > COLUMNS_MAX;
    decode_columns(&wire, count, decoded);
    if (wire.failed || wire.at != wire.end) {
        profile_free(decoded);
        return mlops_fail(err, MLOPS_INVALID, "a profile is damaged at byte %zu",
                          (size_t)(wire.at - (const uint8_t *)data));
    }
    *profile = decoded;
    return MLOPS_OK;
}
