/* tests/unit/trust/test_ubjson.c - UBJSON by hand (ubjson.org), as XGBoost writes it. */
#include "container.h"
#include "trust/ubjson.h"

#define MODEL(left)                                                                                \
    "{L\0\0\0\0\0\0\0\7learner{i\20gradient_booster{i\4nameSi\6gbtreei\5model{"                    \
    "i\22gbtree_model_param{i\11num_treesSi\1"                                                     \
    "1}i\11tree_info[$l#i\1\0\0\0\0i\5trees[{"                                                     \
    "i\12tree_param{i\11num_nodesSi\1"                                                             \
    "1}i\15left_children[$l#i\1" left                                                              \
    "i\16right_children[$l#i\1\xff\xff\xff\xffi\7parents[$l#i\1\x7f\xff\xff\xff"                   \
    "i\15split_indices[$l#i\1\0\0\0\0i\20split_conditions[$d#i\1\0\0\0\0"                          \
    "i\14default_left[$U#i\1\0i\14base_weights[$d#i\1\0\0\0\0i\14loss_changes[$d#i\1\0\0\0\0"      \
    "i\13sum_hessian[$d#i\1\0\0\0\0}]}}i\23learner_model_param{i\13num_featureSi\1"                \
    "2}}"                                                                                          \
    "i\7version[#i\3i\2i\1i\1}"

#define IS(bytes, verdict, rule) bytes_are(bytes, sizeof(bytes) - 1, verdict, rule)

static void bytes_are(const char *bytes, size_t length, enum verdict verdict, const char *rules)
{
    struct buffer data = {0};
    buffer_append(&data, bytes, length);
    finds("model.ubj", &data, verdict, rules);
    buffer_clear(&data);
}

static void a_model_is_judged_as_in_json(void **state)
{
    struct buffer data = {0};
    (void)state;
    IS(MODEL("\xff\xff\xff\xff"), VERDICT_SAFE, "");
    IS(MODEL("\0\1\0\0"), VERDICT_UNSAFE, "xgboost/tree");
    IS(MODEL("\xff\xff\xff\xff") "x", VERDICT_UNSAFE, "ubjson/trailing-bytes");
    buffer_append(&data, MODEL("\xff\xff\xff\xff"), sizeof(MODEL("\xff\xff\xff\xff")) - 1);
    survives("model.ubj", &data, data.length);
    buffer_clear(&data);
}

static void what_is_no_model_is_unknown(void **state)
{
    (void)state;
    IS("{i\1a[$d#i\2\0\0\0\0\1\2\3\4i\1bT}", VERDICT_UNKNOWN, "ubjson/unknown-kind");
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    IS("{i\1a[$L#L\x7f\xff\xff\xff\xff\xff\xff\xff}", VERDICT_UNREADABLE, "ubjson/damaged");
    IS("{i\1a[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff}", VERDICT_UNREADABLE, "ubjson/limit");
    IS("{i\1aSL\x7f\xff\xff\xff\xff\xff\xff\xffx}", VERDICT_UNREADABLE, "ubjson/damaged");
    IS("{i\1aTi\1aT......}", VERDICT_UNREADABLE, "ubjson/damaged"); /* a key twice */
    IS("{i\1a[$dxxxxxxxxx}", VERDICT_UNREADABLE, "ubjson/damaged");
}

/* 24 bytes that made eight million values, 640 MB of them, and then a limit. */
static void values_out_of_no_bytes_are_none(void **state)
{
    static const char bytes[] = "{i\001a[$F#learner_model_pa";
    (void)state;
    bytes_are(bytes, sizeof(bytes) - 1, VERDICT_UNREADABLE, "ubjson/limit");
}

static void depth_is_bounded(void **state)
{
    struct buffer data = {0};
    (void)state;
    buffer_append(&data, "{i\1a", 4);
    for (int i = 0; i < 100000; i++)
        buffer_putc(&data, '[');
    finds("model.ubj", &data, VERDICT_UNREADABLE, "ubjson/damaged");
    buffer_clear(&data);
}

static void keys_are_bounded(void **state)
{
    struct buffer data = {0};
    (void)state;
    buffer_puts(&data, "{");
    for (int i = 0; i < 100000; i++)
        buffer_printf(&data, "i\6%06dZ", i);
    finds("model.ubj", &data, VERDICT_UNREADABLE, "ubjson/limit");
    buffer_clear(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_judged_as_in_json),
        cmocka_unit_test(what_is_no_model_is_unknown),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(values_out_of_no_bytes_are_none),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(keys_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
