/* tests/unit/trust/test_onnx.c - ONNX models by hand, field by field (onnx/onnx.proto). */
#include "container.h"
#include "protobuf_bytes.h"
#include "trust/onnx.h"

struct shape {
    const char *op, *domain;           /* of the one node */
    uint64_t extent, type, raw;        /* of the one initializer: bytes in raw_data */
    const char *key, *location;        /* external data, where not NULL */
    unsigned graph_field, model_field; /* one more field, where not 0 */
    const char *function_domain;       /* the model has a function in it */
};

static void make(struct buffer *out, const struct shape *shape)
{
    struct buffer graph = {0}, node = {0}, tensor = {0}, opset = {0}, attribute = {0};
    char raw[64] = {0};
    add_number(out, 1, 8);
    add_text(out, 2, "by hand");
    add_text(&node, 1, "x");
    add_text(&node, 2, "y");
    add_text(&node, 4, shape->op);
    if (shape->domain)
        add_text(&node, 7, shape->domain);
    add_text(&attribute, 1, "alpha");
    add_number(&attribute, 20, 1);
    add_message(&node, 5, &attribute);
    add_message(&graph, 1, &node);
    add_number(&tensor, 1, shape->extent);
    add_number(&tensor, 2, shape->type);
    add_text(&tensor, 8, "w");
    if (shape->key) {
        struct buffer entry = {0};
        add_text(&entry, 1, shape->key);
        add_text(&entry, 2, shape->location);
        add_message(&tensor, 13, &entry);
        add_number(&tensor, 14, 1);
    } else {
        add_bytes(&tensor, 9, raw, shape->raw);
    }
    add_message(&graph, 5, &tensor);
    if (shape->graph_field)
        add_number(&graph, shape->graph_field, 1);
    add_message(out, 7, &graph);
    if (shape->model_field)
        add_number(out, shape->model_field, 1);
    if (shape->function_domain) {
        struct buffer function = {0};
        add_text(&function, 1, "f");
        add_text(&function, 10, shape->function_domain);
        add_message(out, 25, &function);
    }
    add_number(&opset, 2, 17);
    add_message(out, 8, &opset);
}

static void shape_is(struct shape shape, enum verdict verdict, const char *rules)
{
    struct buffer data = {0};
    shape.op = shape.op ? shape.op : "Relu";
    shape.type = shape.type ? shape.type : 1;
    make(&data, &shape);
    finds("m.onnx", &data, verdict, rules);
    buffer_clear(&data);
}

static void a_plain_model_is_safe(void **state)
{
    struct buffer data = {0};
    (void)state;
    make(&data, &(struct shape){.op = "Gemm", .extent = 3, .type = 1, .raw = 12});
    finds("m.onnx", &data, VERDICT_SAFE, "");
    finds("m.bin", &data, VERDICT_SAFE, "");
    survives("m.onnx", &data, data.length);
    buffer_clear(&data);
    shape_is((struct shape){.domain = "ai.onnx.ml", .extent = 1, .raw = 4}, VERDICT_SAFE, "");
    shape_is((struct shape){.extent = 3, .type = 22, .raw = 2}, VERDICT_SAFE, ""); /* INT4 */
}

static void external_data_stays_in_the_folder(void **state)
{
    static const char *const outside[] = {
        "../x", "a/../../x", "/etc/passwd", "C:\\x", "\\\\h\\x", "a\\..\\x", ""};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++)
        shape_is((struct shape){.extent = 3, .key = "location", .location = outside[i]},
                 VERDICT_UNSAFE, "onnx/external-path");
    shape_is((struct shape){.extent = 3, .key = "location", .location = "m.onnx.data"},
             VERDICT_SAFE, "onnx/external-data");
    shape_is((struct shape){.extent = 3, .key = "basepath", .location = "/"}, VERDICT_UNKNOWN,
             "onnx/external-key");
    shape_is((struct shape){.extent = 3, .key = "offset", .location = "-1"}, VERDICT_UNKNOWN,
             "onnx/external-key");
    shape_is((struct shape){.extent = 3, .key = "offset", .location = "4096"}, VERDICT_SAFE, "");
}

static void tensors_are_of_the_size_that_they_say(void **state)
{
    (void)state;
    shape_is((struct shape){.extent = 3, .raw = 11}, VERDICT_UNREADABLE, "onnx/tensor");
    shape_is((struct shape){.extent = 3, .raw = 13}, VERDICT_UNREADABLE, "onnx/tensor");
    shape_is((struct shape){.extent = UINT64_MAX, .raw = 12}, VERDICT_UNREADABLE, "onnx/tensor");
    shape_is((struct shape){.extent = 3, .type = 99, .raw = 12}, VERDICT_UNREADABLE, "onnx/tensor");
    shape_is((struct shape){.extent = 3, .type = 8, .raw = 12}, VERDICT_UNREADABLE, "onnx/tensor");
}

static void operators_of_others_are_named(void **state)
{
    (void)state;
    shape_is((struct shape){.domain = "com.company", .extent = 1, .raw = 4}, VERDICT_UNKNOWN,
             "onnx/custom-operator");
    shape_is(
        (struct shape){.domain = "pkg.own", .extent = 1, .raw = 4, .function_domain = "pkg.own"},
        VERDICT_SAFE, "");
    shape_is((struct shape){.op = "PyOp", .domain = "ai.onnx.contrib", .extent = 1, .raw = 4},
             VERDICT_UNSAFE, "onnx/python-operator");
}

static void fields_that_are_none_are_found(void **state)
{
    (void)state;
    shape_is((struct shape){.extent = 1, .raw = 4, .graph_field = 77}, VERDICT_UNKNOWN,
             "onnx/unknown-field");
    shape_is((struct shape){.extent = 1, .raw = 4, .model_field = 1000}, VERDICT_UNKNOWN,
             "onnx/unknown-field");
}

static void graphs_in_graphs_end_somewhere(void **state)
{
    struct buffer inner = {0}, data = {0}, opset = {0};
    (void)state;
    for (int i = 0; i < 60; i++) { /* a graph in an attribute of a node of a graph */
        struct buffer attribute = {0}, node = {0}, graph = {0};
        add_message(&attribute, 6, &inner);
        add_message(&node, 5, &attribute);
        add_message(&graph, 1, &node);
        inner = graph;
    }
    add_number(&data, 1, 8);
    add_message(&data, 7, &inner);
    add_number(&opset, 2, 17);
    add_message(&data, 8, &opset);
    finds("m.onnx", &data, VERDICT_UNREADABLE, "onnx/damaged");
    buffer_clear(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_model_is_safe),
        cmocka_unit_test(external_data_stays_in_the_folder),
        cmocka_unit_test(tensors_are_of_the_size_that_they_say),
        cmocka_unit_test(operators_of_others_are_named),
        cmocka_unit_test(fields_that_are_none_are_found),
        cmocka_unit_test(graphs_in_graphs_end_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
