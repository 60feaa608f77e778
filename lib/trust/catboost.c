/* lib/trust/catboost.c - the schema, the core, the trees, the parts behind it; see the header. */
#include "trust/catboost.h"
#include "base/buffer.h"
#include "base/endian.h"
#include "trust/flatbuffer.h"
#include <inttypes.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "catboost/" id, __VA_ARGS__)

#define SAVE_AGAIN "have the model saved again by CatBoost"
RULE(tree, "tree", HIGH, UNSAFE, "a tree leads the library outside of its own memory",
     "do not load this file: CatBoost never writes such a tree");
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the model is not built as CatBoost builds one",
     SAVE_AGAIN);
RULE(part, "unknown-part", LOW, UNKNOWN, "the model has a part that is not followed here",
     "see what the model is made from: texts and embeddings are not followed");
RULE(unexplained, "unexplained-bytes", HIGH, UNSAFE, "bytes of the model belong to nothing",
     SAVE_AGAIN "; find out who made it");

#define HEAD 8 /* "CBM1", length */
#define TREE_DEPTH_MAX 16
#define PACKED_BORDERS 254 /* MAX_VALUES_PER_BIN of the library */

/* ---- the schema ----------------------------------------------------------------------------- */

enum slot {
    SLOT_NONE,
    SLOT_DIMENSION,
    SLOT_SPLITS,
    SLOT_SIZES,
    SLOT_STARTS,
    SLOT_BORDERS, /* of all features: each is a split that trees may name */
    SLOT_VALUES,  /* of one-hot features, likewise */
    SLOT_LEAVES,
    SLOT_STEPS,
    SLOT_LEAF_IDS,
    SLOT_PARTS,
    SLOT_BINS,
    SLOT_FLOATS,
    SLOT_ONE_HOTS,
    SLOT_CTRS,
    SLOT_ESTIMATED,
    SLOTS,
};

#define INLINE(bytes)                                                                              \
    {                                                                                              \
        FLATBUFFER_INLINE, bytes, NULL, 0                                                          \
    }
#define STRING                                                                                     \
    {                                                                                              \
        FLATBUFFER_STRING, 0, NULL, 0                                                              \
    }
#define TABLE(schema)                                                                              \
    {                                                                                              \
        FLATBUFFER_TABLE, 0, &(schema), 0                                                          \
    }
#define TABLES(schema, slot)                                                                       \
    {                                                                                              \
        FLATBUFFER_TABLES, 0, &(schema), slot                                                      \
    }
#define ITEMS(bytes, slot)                                                                         \
    {                                                                                              \
        FLATBUFFER_ITEMS, bytes, NULL, slot                                                        \
    }
#define SHARED_SCHEMA(shared, name, ...)                                                           \
    static const struct flatbuffer_field name##_fields[] = {__VA_ARGS__};                          \
    static const struct flatbuffer_table name = {name##_fields, ARRAY_LENGTH(name##_fields), shared}
#define SCHEMA(name, ...) SHARED_SCHEMA(0, name, __VA_ARGS__)

/* features.fbs */
SCHEMA(float_feature, INLINE(1), INLINE(4), INLINE(4), ITEMS(4, SLOT_BORDERS), STRING, INLINE(1));
SCHEMA(cat_feature, INLINE(4), INLINE(4), STRING, INLINE(1));
SCHEMA(estimated_feature, INLINE(4), INLINE(16), INLINE(4), ITEMS(4, SLOT_BORDERS), INLINE(1));
SCHEMA(one_hot_feature, INLINE(4), ITEMS(4, SLOT_VALUES), {FLATBUFFER_STRINGS, 0, NULL, 0});
SHARED_SCHEMA(1, combination, ITEMS(4, 0), ITEMS(8, 0), ITEMS(8, 0));
/* ctr_data.fbs */
SHARED_SCHEMA(2, ctr_base, TABLE(combination), INLINE(1), INLINE(4));
SCHEMA(ctr, TABLE(ctr_base), INLINE(4), INLINE(4), INLINE(4), INLINE(4), INLINE(4));
SCHEMA(ctr_feature, TABLE(ctr), ITEMS(4, SLOT_BORDERS));
SCHEMA(ctr_table, TABLE(ctr_base), ITEMS(1, 0), ITEMS(1, 0), INLINE(4), INLINE(4));
/* model.fbs */
SCHEMA(key_value, STRING, STRING);
SCHEMA(embedding_feature, INLINE(4), INLINE(4), STRING, INLINE(4), INLINE(1));
SCHEMA(trees, {FLATBUFFER_INLINE, 4, NULL, SLOT_DIMENSION}, ITEMS(4, SLOT_SPLITS),
       ITEMS(4, SLOT_SIZES), ITEMS(4, SLOT_STARTS), TABLES(cat_feature, 0),
       TABLES(float_feature, SLOT_FLOATS), TABLES(one_hot_feature, SLOT_ONE_HOTS),
       TABLES(ctr_feature, SLOT_CTRS), ITEMS(8, SLOT_LEAVES), ITEMS(8, 0), ITEMS(4, SLOT_STEPS),
       ITEMS(4, SLOT_LEAF_IDS), TABLES(cat_feature, 0), TABLES(estimated_feature, SLOT_ESTIMATED),
       INLINE(8), INLINE(8), ITEMS(8, 0), ITEMS(4, SLOT_BINS), TABLES(embedding_feature, 0));
SCHEMA(core, STRING, TABLE(trees), TABLES(key_value, 0), {FLATBUFFER_STRINGS, 0, NULL, SLOT_PARTS});

/* ---- trees ---------------------------------------------------------------------------------- */

static uint32_t item(const struct flatbuffer_slot *slot, uint64_t i)
{
    return get_u32(slot->at + 4 * i);
}

/* Each tree has a run of splits; an oblivious one of depth d has 2^d leaves. NULL: all is well. */
static const char *oblivious_wrong(const struct flatbuffer_slot *slots, uint64_t dimension)
{
    uint64_t splits = 0, leaves = 0;
    for (uint64_t i = 0; i < slots[SLOT_SIZES].count; i++) {
        uint32_t size = item(&slots[SLOT_SIZES], i);
        if (size > TREE_DEPTH_MAX)
            return "a tree is deeper than any is";
        splits += size;
        leaves += 1ull << size;
    }
    if (splits != slots[SLOT_SPLITS].count)
        return "the trees have not as many splits as there are";
    return leaves * dimension == slots[SLOT_LEAVES].count ? NULL
                                                          : "the trees have not as many leaves as "
                                                            "there are";
}

/* A step leads forward, within its tree, to another split; where it leads nowhere, to a leaf. */
static const char *steps_wrong(const struct flatbuffer_slot *slots, uint64_t dimension)
{
    const struct flatbuffer_slot *steps = &slots[SLOT_STEPS], *ids = &slots[SLOT_LEAF_IDS];
    uint64_t begin = 0;
    if (steps->count != slots[SLOT_SPLITS].count || ids->count != steps->count)
        return "there are not as many steps as splits";
    for (uint64_t tree = 0; tree < slots[SLOT_SIZES].count; tree++) {
        uint64_t end = begin + item(&slots[SLOT_SIZES], tree);
        if (end > steps->count || end == begin)
            return "a tree has more splits than there are";
        for (uint64_t i = begin; i < end; i++)
            for (int side = 0; side < 2; side++) {
                uint64_t step = get_u16(steps->at + 4 * i + 2 * side);
                if (step >= end - i)
                    return "a step leads out of its tree";
            }
        begin = end;
    }
    for (uint64_t i = 0; i < ids->count; i++) {
        bool ends = get_u16(steps->at + 4 * i) == 0 || get_u16(steps->at + 4 * i + 2) == 0;
        if (ends && item(ids, i) > slots[SLOT_LEAVES].count - dimension)
            return "a step leads to a leaf that there is not";
    }
    return begin == steps->count ? NULL : "there are splits that belong to no tree";
}

/* What the splits are when the model is applied: which of the features, packed 254 borders each. */
static const char *bins_wrong(const struct flatbuffer_slot *slots)
{
    const struct flatbuffer_slot *bins = &slots[SLOT_BINS];
    uint64_t features = slots[SLOT_FLOATS].count + slots[SLOT_ONE_HOTS].count +
                        slots[SLOT_CTRS].count + slots[SLOT_ESTIMATED].count;
    features += (slots[SLOT_BORDERS].total + slots[SLOT_VALUES].total) / PACKED_BORDERS;
    if (bins->count != 0 && bins->count != slots[SLOT_SPLITS].count)
        return "there are not as many packed splits as splits";
    for (uint64_t i = 0; i < bins->count; i++)
        if (get_u16(bins->at + 4 * i) >= features)
            return "a split is by a feature that there is not";
    return NULL;
}

static const char *trees_wrong(const struct flatbuffer_slot *slots)
{
    uint64_t known = slots[SLOT_BORDERS].total + slots[SLOT_VALUES].total;
    uint64_t dimension = slots[SLOT_DIMENSION].at ? get_u32(slots[SLOT_DIMENSION].at) : 0;
    uint64_t start = 0;
    if (dimension < 1 || dimension > UINT16_MAX || slots[SLOT_LEAVES].count < dimension)
        return "the model has no number of outputs";
    for (uint64_t i = 0; i < slots[SLOT_SPLITS].count; i++)
        if (item(&slots[SLOT_SPLITS], i) >= known)
            return "a split is by a border that there is not";
    if (slots[SLOT_STARTS].count != slots[SLOT_SIZES].count)
        return "there are not as many trees as beginnings of them";
    for (uint64_t i = 0; i < slots[SLOT_STARTS].count; i++) {
        if (item(&slots[SLOT_STARTS], i) != start)
            return "a tree does not begin where the one before it ends";
        start += item(&slots[SLOT_SIZES], i);
    }
    const char *wrong = bins_wrong(slots);
    return wrong                         ? wrong
           : slots[SLOT_STEPS].count > 0 ? steps_wrong(slots, dimension)
                                         : oblivious_wrong(slots, dimension);
}

/* ---- the file ------------------------------------------------------------------------------- */

struct model {
    const struct scan_file *file;
    struct buffer data;
    uint64_t at; /* how far it was followed */
};

/* One FlatBuffer behind its length. False, with a finding, where it is none. */
static bool take_part(struct model *model, const struct flatbuffer_table *table,
                      struct flatbuffer_slot *slots)
{
    const struct scan_file *file = model->file;
    const uint8_t *data = (const uint8_t *)model->data.data + model->at;
    uint64_t left = model->data.length - model->at, length = left < 4 ? UINT64_MAX : get_u32(data);
    if (left < 4 || length > left - 4) {
        findings_add(file->findings, &rule_damaged, file->path, model->at,
                     "a part is longer than the file");
        return false;
    }
    struct flatbuffer part = {.data = data + 4, .size = length, .slots = slots};
    bool good = flatbuffer_walk(&part, table);
    if (!good)
        findings_add(file->findings, part.shared ? &rule_tree : &rule_damaged, file->path,
                     model->at + 4 + part.wrong_at, "%s", part.wrong);
    else if (part.unused < part.size)
        findings_add(file->findings, &rule_unexplained, file->path, model->at + 4 + part.unused,
                     "bytes between the parts of the model are not zero");
    model->at += 4 + length;
    flatbuffer_clear(&part);
    return good;
}

/* Tables of categories' statistics: how many, then each. */
static bool take_tables(struct model *model)
{
    struct flatbuffer_slot slots[SLOTS] = {0};
    if (model->data.length - model->at < 4) {
        findings_add(model->file->findings, &rule_damaged, model->file->path, model->at,
                     "the file ends before its tables do");
        return false;
    }
    uint32_t count = get_u32((const uint8_t *)model->data.data + model->at);
    model->at += 4;
    for (uint32_t i = 0; i < count; i++)
        if (!take_part(model, &ctr_table, slots))
            return false;
    return true;
}

/* Name `i` of the parts behind the core; `part` and `slot` lie in checked memory. */
static const char *part_name(const struct flatbuffer_slot *slot, uint64_t i)
{
    const uint8_t *offset = slot->at + 4 * i;
    return (const char *)offset + get_u32(offset) + 4;
}

static void take_parts(struct model *model, const struct flatbuffer_slot *parts)
{
    const struct scan_file *file = model->file;
    for (uint64_t i = 0; i < parts->count; i++) {
        const char *name = part_name(parts, i);
        if (!str_equal(name, "static_provider_v1")) {
            findings_add(file->findings, &rule_part, file->path, model->at, "has the part '%s'",
                         name);
            return;
        }
        if (!take_tables(model))
            return;
    }
    if (model->at < model->data.length)
        findings_add(file->findings, &rule_unexplained, file->path, model->at,
                     "%" PRIu64 " bytes follow the model",
                     (uint64_t)model->data.length - model->at);
}

static void follow(struct model *model)
{
    struct flatbuffer_slot slots[SLOTS] = {0};
    model->at = HEAD - 4;
    if (!take_part(model, &core, slots))
        return;
    const char *wrong = trees_wrong(slots);
    if (wrong)
        findings_add(model->file->findings, &rule_tree, model->file->path, HEAD, "%s", wrong);
    take_parts(model, &slots[SLOT_PARTS]);
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = scan_head_has(file, 0, "CBM1", 4);
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct model model = {.file = file};
    uint64_t size = file->source->size;
    if (size > CATBOOST_BYTES_MAX) {
        findings_add(file->findings, &rule_damaged, file->path, 0,
                     "the model is larger than is followed");
        return MLOPS_OK;
    }
    buffer_reserve(&model.data, (size_t)size + 1);
    int code = file->source->read(file->source, 0, model.data.data, (size_t)size, err);
    model.data.length = (size_t)size;
    if (!code)
        follow(&model);
    buffer_clear(&model.data);
    return code;
}

const struct scanner scanner_catboost = {
    .format = "CatBoost",
    .extensions = (const char *const[]){"cbm", NULL},
    .claims = claims,
    .scan = scan,
};
