/* tests/unit/trust/test_lightgbm.c - LightGBM's text models, as version 4.7.0 writes them. */
#include "container.h"
#include "trust/lightgbm.h"

static const char tree[] = "Tree=0\n"
                           "num_leaves=3\n"
                           "num_cat=1\n"
                           "split_feature=0 1\n"
                           "split_gain=10 3\n"
                           "threshold=0.5 0\n"
                           "decision_type=2 1\n"
                           "left_child=1 -1\n"
                           "right_child=-2 -3\n"
                           "leaf_value=0.1 -0.1 0.3\n"
                           "leaf_weight=2 3 4\n"
                           "leaf_count=2 3 4\n"
                           "internal_value=0 0.1\n"
                           "internal_weight=9 6\n"
                           "internal_count=9 6\n"
                           "cat_boundaries=0 1\n"
                           "cat_threshold=6\n"
                           "is_linear=0\n"
                           "shrinkage=0.1\n"
                           "\n\n";

/* A model of one tree, which is `size` bytes long by the header, 0: as it is. */
static void add_model(struct buffer *out, const char *text, size_t size)
{
    buffer_printf(out,
                  "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
                  "max_feature_idx=1\nobjective=binary sigmoid:1\nfeature_names=a b\n"
                  "feature_infos=[-1:1] 0:1:2\ntree_sizes=%zu\n\n%s"
                  "end of trees\n\nfeature_importances:\na=1\n\nparameters:\n[boosting: gbdt]\n\n"
                  "end of parameters\n\npandas_categorical:null\n",
                  size ? size : strlen(text), text);
}

static void model_finds(const char *text, size_t size, enum verdict verdict, const char *rules)
{
    _cleanup_(buffer_clear) struct buffer data = {0};
    add_model(&data, text, size);
    finds("model.txt", &data, verdict, rules);
}

/* The tree with `from` replaced by `to`. */
static void changed_finds(const char *from, const char *to, enum verdict verdict, const char *rules)
{
    const char *at = strstr(tree, from);
    assert_non_null(at);
    _cleanup_(free_string) char *text =
        xprintf("%.*s%s%s", (int)(at - tree), tree, to, at + strlen(from));
    model_finds(text, 0, verdict, rules);
}

static void a_model_is_safe(void **state)
{
    (void)state;
    model_finds(tree, 0, VERDICT_SAFE, "");
}

static void trees_that_lead_outside_are_found(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"left_child=1 -1", "left_child=2 -1"},
        {"left_child=1 -1", "left_child=0 -1"},
        {"right_child=-2 -3", "right_child=-2 -4"},
        {"right_child=-2 -3", "right_child=-2 -2"},
        {"left_child=1 -1", "left_child=1 -1 5"},
        {"left_child=1 -1", "left_child=1e300 -1"},
        {"split_feature=0 1", "split_feature=0 2"},
        {"split_feature=0 1", "split_feature=-1 1"},
        {"threshold=0.5 0", "threshold=0.5 1"},
        {"threshold=0.5 0", "threshold=0.5 -1"},
        {"threshold=0.5 0", "threshold=0.5 nan"},
        {"cat_boundaries=0 1", "cat_boundaries=0 2"},
        {"cat_boundaries=0 1", "cat_boundaries=0"},
        {"cat_threshold=6", "cat_threshold="},
        {"num_leaves=3", "num_leaves=4"},
        {"num_cat=1", "num_cat=0"},
        {"is_linear=0", "is_linear=1\nnum_features=1 0 0\nleaf_features=7"},
        {"is_linear=0", "is_linear=1\nnum_features=2 0 0\nleaf_features=0"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++)
        changed_finds(changes[i][0], changes[i][1], VERDICT_UNSAFE, "lightgbm/tree");
}

static void a_linear_tree_is_safe(void **state)
{
    (void)state;
    changed_finds("is_linear=0",
                  "is_linear=1\nleaf_const=1 2 3\nnum_features=1 0 1\n"
                  "leaf_features=1   0  \nleaf_coeff=0.5   0.25  ",
                  VERDICT_SAFE, "");
}

static void trees_elsewhere_than_the_header_says_are_found(void **state)
{
    (void)state;
    model_finds(tree, strlen(tree) - 1, VERDICT_UNSAFE, "lightgbm/tree-sizes");
    model_finds("", 40, VERDICT_UNSAFE, "lightgbm/tree-sizes");
}

static void what_is_no_model_is_found(void **state)
{
    (void)state;
    changed_finds("Tree=0", "Tree=1", VERDICT_UNREADABLE, "lightgbm/damaged");
    changed_finds("num_leaves=3", "num_leaves=99999999", VERDICT_UNREADABLE, "lightgbm/damaged");
    changed_finds("left_child=1 -1", "left_child=one -1", VERDICT_UNREADABLE, "lightgbm/damaged");
    changed_finds("shrinkage=0.1", "shrinkage=0.1\nplugin=x.so", VERDICT_UNKNOWN,
                  "lightgbm/unknown-key");
}

static void more_features_than_can_be_counted_are_no_model(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    buffer_printf(&data, "tree\nversion=v4\nmax_feature_idx=1e300\n\n%send of trees\n", tree);
    finds("model.txt", &data, VERDICT_UNREADABLE, "lightgbm/damaged");
}

static void secrets_in_it_are_found_as_in_any_text(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    add_model(&data, tree, 0);
    buffer_puts(&data, "postgresql://scorer:c0rr3ct-h0rse@db.internal:5432/fraud\n");
    finds("model.txt", &data, VERDICT_UNKNOWN, "secret/password");
}

static void hostile_bytes_are_survived(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    add_model(&data, tree, 0);
    const char *trees_end = strstr(data.data, "end of trees\n");
    survives("model.txt", &data, 0);
    for (size_t cut = 20; cut < (size_t)(trees_end - data.data) + 12; cut++) {
        struct findings findings;
        (void)scan_with(NULL, "model.txt", data.data, cut, (struct scan_limits){0}, &findings);
        assert_int_not_equal(VERDICT_SAFE, findings.verdict);
        findings_clear(&findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_safe),
        cmocka_unit_test(trees_that_lead_outside_are_found),
        cmocka_unit_test(a_linear_tree_is_safe),
        cmocka_unit_test(trees_elsewhere_than_the_header_says_are_found),
        cmocka_unit_test(what_is_no_model_is_found),
        cmocka_unit_test(more_features_than_can_be_counted_are_no_model),
        cmocka_unit_test(secrets_in_it_are_found_as_in_any_text),
        cmocka_unit_test(hostile_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
