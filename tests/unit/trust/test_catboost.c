/* tests/unit/trust/test_catboost.c - CatBoost's binary models, as version 1.2.10 writes them. The
 * three of tests/data/catboost were made by tests/trust/make_catboost.py. */
#include "base/file.h"
#include "container.h"
#include "trust/catboost.h"

static void load(const char *name, struct buffer *data)
{
    struct mlops_error err = {0};
    _cleanup_(free_string) char *path = xprintf(TEST_DATA "/catboost/%s.cbm", name);
    assert_int_equal(0, file_read(path, 1 << 20, data, &err));
}

static void models_are_safe(void **state)
{
    (void)state;
    static const char *const names[] = {"oblivious", "steps", "categories"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        _cleanup_(buffer_clear) struct buffer data = {0};
        load(names[i], &data);
        finds("m.cbm", &data, VERDICT_SAFE, "");
    }
}

/* The vector that field `field` of the table of trees has (model.fbs). */
static uint8_t *vector(struct buffer *data, unsigned field)
{
    uint8_t *core = (uint8_t *)data->data + 8, *root = core + get_u32(core);
    uint8_t *list = root - (int32_t)get_u32(root), *at = root + get_u16(list + 6);
    uint8_t *trees = at + get_u32(at);
    list = trees - (int32_t)get_u32(trees);
    at = trees + get_u16(list + 4 + 2 * field);
    return at + get_u32(at);
}

static void trees_that_lead_outside_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned field; /* 1 splits, 2 sizes, 3 beginnings, 10 steps, 11 leaves, 17 packed splits */
        uint32_t value;
    } changes[] = {{"oblivious", 1, 1000000}, {"oblivious", 1, UINT32_MAX},
                   {"oblivious", 2, 16},      {"oblivious", 2, 1},
                   {"oblivious", 3, 1},       {"oblivious", 17, 60000},
                   {"steps", 10, 0xffff},     {"steps", 2, 1},
                   {"categories", 1, 1000000}};
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        _cleanup_(buffer_clear) struct buffer data = {0};
        load(changes[i].name, &data);
        put_u32(vector(&data, changes[i].field) + 4, changes[i].value);
        finds("m.cbm", &data, VERDICT_UNSAFE, "catboost/tree");
    }
}

static void leaves_that_there_are_not_are_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    load("steps", &data);
    uint8_t *ids = vector(&data, 11);
    for (uint32_t i = 0; i < get_u32(ids); i++)
        put_u32(ids + 4 + 4 * i, 1 << 30);
    finds("m.cbm", &data, VERDICT_UNSAFE, "catboost/tree");
}

static void bytes_that_belong_to_nothing_are_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    load("categories", &data);
    buffer_puts(&data, EVIL);
    finds("m.cbm", &data, VERDICT_UNSAFE, "catboost/unexplained-bytes");
}

static void hostile_bytes_are_survived(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    load("categories", &data);
    survives("m.cbm", &data, data.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_safe),
        cmocka_unit_test(trees_that_lead_outside_are_found),
        cmocka_unit_test(leaves_that_there_are_not_are_found),
        cmocka_unit_test(bytes_that_belong_to_nothing_are_found),
        cmocka_unit_test(hostile_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
