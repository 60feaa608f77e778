/* tests/unit/trust/test_saved_model.c - TensorFlow's SavedModel, field by field. */
#include "container.h"
#include "protobuf_bytes.h"
#include "trust/saved_model.h"

/* A model with one operator in its graph, or in a function called `function`, and an asset. */
static void make(struct buffer *out, const char *op, const char *function, const char *asset)
{
    struct buffer meta = {0}, graph = {0}, node = {0}, info = {0};
    add_number(out, 1, 1);
    add_text(&info, 5, "2.15.0");
    add_message(&meta, 1, &info);
    add_text(&node, 1, "n");
    add_text(&node, 2, function ? function : op);
    add_message(&graph, 1, &node);
    if (function) {
        struct buffer library = {0}, definition = {0}, signature = {0};
        add_text(&signature, 1, function);
        add_message(&definition, 1, &signature);
        add_text(&node, 2, op);
        add_message(&definition, 3, &node);
        add_message(&library, 1, &definition);
        add_message(&graph, 2, &library);
    }
    add_message(&meta, 2, &graph);
    if (asset) {
        struct buffer definition = {0};
        add_text(&definition, 2, asset);
        add_message(&meta, 6, &definition);
    }
    add_message(out, 2, &meta);
}

static void model_is(const char *op, const char *function, const char *asset, enum verdict verdict,
                     const char *rules)
{
    struct buffer data = {0};
    make(&data, op, function, asset);
    finds("saved_model.pb", &data, verdict, rules);
    buffer_clear(&data);
}

static void operators_are_held_against_lists(void **state)
{
    struct buffer data = {0};
    (void)state;
    model_is("MatMul", NULL, NULL, VERDICT_SAFE, "");
    model_is("SaveV2", NULL, "vocab.txt", VERDICT_SAFE, "");
    model_is("ReadFile", NULL, NULL, VERDICT_UNSAFE, "saved-model/denied-operator");
    model_is("EagerPyFunc", NULL, NULL, VERDICT_UNSAFE, "saved-model/denied-operator");
    model_is("CompanyOp", NULL, NULL, VERDICT_UNKNOWN, "saved-model/unknown-operator");
    make(&data, "MatMul", NULL, "vocab.txt");
    survives("saved_model.pb", &data, data.length);
    buffer_clear(&data);
}

static void functions_are_looked_into(void **state)
{
    (void)state;
    model_is("MatMul", "__inference_f_1", NULL, VERDICT_SAFE, "");
    model_is("WriteFile", "__inference_f_1", NULL, VERDICT_UNSAFE, "saved-model/denied-operator");
    model_is("MatMul", "PyFunc", NULL, VERDICT_UNSAFE, "saved-model/denied-operator");
}

static void assets_stay_in_the_folder(void **state)
{
    static const char *const outside[] = {"/etc/passwd", "../x", "a/../../x", "gs://b/x", ".."};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++)
        model_is("MatMul", NULL, outside[i], VERDICT_UNSAFE, "saved-model/asset-path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_are_held_against_lists),
        cmocka_unit_test(functions_are_looked_into),
        cmocka_unit_test(assets_stay_in_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
