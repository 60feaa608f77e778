/* tests/unit/trust/test_json_scan.c - JSON, and the kinds of it that have rules of their own. */
#include "container.h"
#include "trust/json_scan.h"

static void json_is(const char *name, const char *text, enum verdict verdict, const char *rules)
{
    struct buffer data = {0};
    buffer_puts(&data, text);
    finds(name, &data, verdict, rules);
    buffer_clear(&data);
}

static void plain_json_is_data(void **state)
{
    (void)state;
    json_is("a.json", "{\"a\": [1, 2.5, null, true, \"x\"]}\n", VERDICT_SAFE, "");
    json_is("a.json", "[]", VERDICT_SAFE, "");
    json_is("a.txt", "{\"a\": 1}", VERDICT_SAFE, "");
    json_is("a.json", "{\"auc\": NaN, \"b\": [Infinity, -Infinity], \"c\": \"NaN\"}", VERDICT_SAFE,
            "");
    json_is("a.jsonl", "{\"a\": 1}\n\n{\"a\": NaN}\n[3]\n", VERDICT_SAFE, "");
}

static void what_is_no_json_must_not_be_called_so(void **state)
{
    (void)state;
    json_is("a.json", "{\"a\": 1,}", VERDICT_UNREADABLE, "json/malformed");
    json_is("a.json", "{\"a\": 1, \"a\": 2}", VERDICT_UNREADABLE, "json/malformed");
    json_is("a.json", "{\"a\": 1} x", VERDICT_UNREADABLE, "json/malformed");
    json_is("a.json", "{\"a\": nAn}", VERDICT_UNREADABLE, "json/malformed");
    json_is("a.jsonl", "{\"a\": 1}\n{\"a\": \n", VERDICT_UNREADABLE, "json/malformed");
    json_is("a.json", "words\n", VERDICT_UNKNOWN, "scan/name-mismatch");
    json_is("notes.txt", "[1] See the manual.\n", VERDICT_SAFE, "");
    json_is("template", "{\"a\": {{ value }} }", VERDICT_SAFE, "");
}

static void depth_and_size_are_limited(void **state)
{
    struct buffer data = {0};
    (void)state;
    for (int i = 0; i < 100000; i++)
        buffer_putc(&data, '[');
    finds("a.json", &data, VERDICT_UNREADABLE, "json/malformed");
    buffer_reset(&data);
    buffer_putc(&data, '[');
    for (int i = 0; i < JSON_SCAN_VALUES_MAX; i++)
        buffer_puts(&data, "1,");
    buffer_puts(&data, "1]");
    finds("a.json", &data, VERDICT_UNREADABLE, "json/too-large");
    buffer_clear(&data);
}

static void jsonpickle_runs_what_it_names(void **state)
{
    (void)state;
    json_is("a.json", "{\"a\": [{\"py/reduce\": [{\"py/type\": \"os.getpid\"}, []]}]}",
            VERDICT_UNSAFE, "json/jsonpickle");
    json_is("a.json", "{\"py/object\": \"company.Model\", \"w\": 1}", VERDICT_UNKNOWN,
            "json/jsonpickle-object");
    json_is("a.jsonl", "{\"a\": 1}\n{\"\\u0070y/repr\": \"os/os.getpid()\"}\n", VERDICT_UNSAFE,
            "json/jsonpickle");
}

#define NOTEBOOK(source)                                                                           \
    "{\"cells\": [{\"cell_type\": \"markdown\", \"source\": [\"# a\"]}, "                          \
    "{\"cell_type\": \"code\", \"source\": " source "}], \"nbformat\": 4, \"nbformat_minor\": 5}"

static void notebooks_are_programs(void **state)
{
    (void)state;
    json_is("a.ipynb", NOTEBOOK("[\"import os\"]"), VERDICT_UNKNOWN, "notebook/code");
    json_is("a.ipynb", NOTEBOOK("\"x = 1\\n!pip install x\""), VERDICT_UNKNOWN, "notebook/shell");
    json_is("a.ipynb", NOTEBOOK("[\"%%bash\\n\", \"ls\"]"), VERDICT_UNKNOWN, "notebook/shell");
    json_is("a.ipynb", "{\"cells\": [], \"nbformat\": 4}", VERDICT_SAFE, "");
}

static void code_beside_hugging_face_models_is_named(void **state)
{
    (void)state;
    json_is("config.json",
            "{\"model_type\": \"bert\", \"architectures\": [\"BertForMaskedLM\"], \"hidden_size\": "
            "768}",
            VERDICT_SAFE, "");
    json_is("config.json", "{\"auto_map\": {\"AutoModel\": \"modeling_x.XModel\"}}",
            VERDICT_UNKNOWN, "hugging-face/remote-code");
    json_is("tokenizer_config.json",
            "{\"auto_map\": {\"AutoTokenizer\": [\"other/repo--tok.Tok\", null]}}", VERDICT_UNKNOWN,
            "hugging-face/remote-repository");
    json_is("config.json", "{\"text_config\": {\"trust_remote_code\": true}}", VERDICT_UNKNOWN,
            "hugging-face/trust-remote-code");
    json_is(
        "model_index.json",
        "{\"_class_name\": \"StableDiffusionPipeline\", \"_diffusers_version\": \"0.6.0\", "
        "\"unet\": [\"diffusers\", \"UNet2DConditionModel\"], \"safety_checker\": [null, null]}",
        VERDICT_SAFE, "");
    json_is("model_index.json",
            "{\"_class_name\": \"P\", \"_diffusers_version\": \"0.6.0\", \"unet\": [\"my_unet\", "
            "\"U\"]}",
            VERDICT_UNKNOWN, "hugging-face/component-library");
}

#define NODE(class, module, loader, more)                                                          \
    "{\"__class__\": \"" class "\", \"__module__\": \"" module "\", \"__loader__\": \"" loader     \
                               "\"" more "}"

static void skops_files_name_what_they_rebuild(void **state)
{
    (void)state;
    json_is("schema.json",
            NODE("LogisticRegression", "sklearn.linear_model._logistic", "ObjectNode",
                 ", \"content\": " NODE("dict", "builtins", "DictNode", "")),
            VERDICT_SAFE, "");
    json_is("schema.json", NODE("Model", "company.models", "ObjectNode", ""), VERDICT_UNKNOWN,
            "skops/unknown-type");
    json_is("schema.json",
            NODE("list", "builtins", "ListNode",
                 ", \"content\": [" NODE("system", "os", "FunctionNode", "") "]"),
            VERDICT_UNSAFE, "skops/denied-type");
    json_is("schema.json", NODE("call", "builtins", "OperatorFuncNode", ""), VERDICT_UNSAFE,
            "skops/operator");
    json_is("schema.json",
            NODE("partial", "builtins", "MethodNode",
                 ", \"content\": {\"func\": \"__globals__\", \"obj\": " NODE("list", "builtins",
                                                                             "ListNode", "") "}"),
            VERDICT_UNSAFE, "skops/method");
    json_is("schema.json", NODE("list", "builtins", "EvalNode", ""), VERDICT_UNKNOWN,
            "skops/unknown-loader");
}

#define TREE(left, indices)                                                                        \
    "{\"learner\": {\"gradient_booster\": {\"name\": \"gbtree\", \"model\": "                      \
    "{\"gbtree_model_param\": {\"num_trees\": \"1\"}, \"tree_info\": [0], \"trees\": "             \
    "[{\"tree_param\": {\"num_nodes\": \"3\", \"size_leaf_vector\": \"1\"}, "                      \
    "\"left_children\": " left ", \"right_children\": [2, -1, -1], "                               \
    "\"parents\": [2147483647, 0, 0], \"split_indices\": " indices ", "                            \
    "\"split_conditions\": [0.5, 1, 2], \"default_left\": [1, 0, 0], "                             \
    "\"base_weights\": [0, 1, 2], \"loss_changes\": [1, 0, 0], \"sum_hessian\": [2, 1, 1], "       \
    "\"split_type\": [0, 0, 0], \"categories\": [], \"categories_nodes\": [], "                    \
    "\"categories_segments\": [], \"categories_sizes\": []}]}}, "                                  \
    "\"learner_model_param\": {\"num_feature\": \"2\"}}, \"version\": [2, 1, 1]}"

static void xgboost_trees_must_hold_together(void **state)
{
    (void)state;
    json_is("model.json", TREE("[1, -1, -1]", "[1, 0, 0]"), VERDICT_SAFE, "");
    json_is("model.json", TREE("[1000000, -1, -1]", "[1, 0, 0]"), VERDICT_UNSAFE, "xgboost/tree");
    json_is("model.json", TREE("[-2, -1, -1]", "[1, 0, 0]"), VERDICT_UNSAFE, "xgboost/tree");
    json_is("model.json", TREE("[1, -1]", "[1, 0, 0]"), VERDICT_UNSAFE, "xgboost/tree");
    json_is("model.json", TREE("[1, -1, -1]", "[2, 0, 0]"), VERDICT_UNSAFE, "xgboost/tree");
    json_is("model.json", TREE("\"x\"", "[1, 0, 0]"), VERDICT_UNSAFE, "xgboost/tree");
    json_is("model.json", "{\"learner\": {}, \"version\": [2, 1, 1]}", VERDICT_UNREADABLE,
            "xgboost/structure");
}

#define LAYER(more) "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [" more "]}}"

static void keras_configurations_name_what_is_built(void **state)
{
    (void)state;
    json_is("config.json",
            LAYER("{\"module\": \"keras.layers\", \"class_name\": \"Dense\", \"config\": "
                  "{\"activation\": \"relu\", \"dtype\": {\"module\": \"keras\", "
                  "\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"float32\"}}}}"),
            VERDICT_SAFE, "");
    json_is("config.json", LAYER("{\"class_name\": \"Lambda\", \"config\": {}}"), VERDICT_UNSAFE,
            "keras/lambda");
    json_is("config.json",
            LAYER("{\"class_name\": \"TimeDistributed\", \"config\": {\"layer\": {\"class_name\": "
                  "\"__lambda__\", \"config\": {\"value\": \"4wEA\"}}}}"),
            VERDICT_UNSAFE, "keras/lambda");
    json_is("config.json", /* CVE-2025-1550 */
            LAYER("{\"module\": \"os\", \"class_name\": \"system\", \"config\": \"id\"}"),
            VERDICT_UNSAFE, "keras/denied-class");
    json_is("config.json", /* CVE-2025-8747 */
            LAYER("{\"module\": \"keras.utils\", \"class_name\": \"function\", \"config\": "
                  "\"get_file\"}"),
            VERDICT_UNSAFE, "keras/keras-function");
    json_is("config.json", /* CVE-2025-9906 */
            LAYER("{\"module\": \"keras.config\", \"class_name\": \"function\", \"config\": "
                  "\"enable_unsafe_deserialization\"}"),
            VERDICT_UNSAFE, "keras/keras-function");
    json_is("config.json", /* CVE-2025-49655 */
            LAYER("{\"module\": \"keras.layers\", \"class_name\": \"TorchModuleWrapper\"}"),
            VERDICT_UNSAFE, "keras/code-layer");
    json_is("config.json",
            LAYER("{\"class_name\": \"StringLookup\", \"config\": {\"vocabulary\": "
                  "\"/etc/passwd\"}}"),
            VERDICT_UNSAFE, "keras/reads-file");
    json_is("config.json",
            LAYER("{\"class_name\": \"StringLookup\", \"config\": {\"vocabulary\": [\"a\"]}}"),
            VERDICT_SAFE, "");
    json_is("config.json",
            LAYER("{\"module\": \"company.layers\", \"class_name\": \"Gate\", \"config\": {}}"),
            VERDICT_UNKNOWN, "keras/foreign-module");
    json_is("config.json",
            LAYER("{\"module\": null, \"class_name\": \"Gate\", \"registered_name\": "
                  "\"Company>Gate\"}"),
            VERDICT_UNKNOWN, "keras/custom-object");
}

static void chat_templates_in_tokenizers_are_looked_at(void **state)
{
    (void)state;
    json_is("tokenizer_config.json", "{\"chat_template\": \"{{ messages[0]['content'] }}\"}",
            VERDICT_SAFE, "");
    json_is("tokenizer_config.json",
            "{\"chat_template\": [{\"name\": \"a\", \"template\": \"{{ x.__class__ }}\"}]}",
            VERDICT_UNSAFE, "jinja/internals");
}

static void damage_is_found_or_harmless(void **state)
{
    static const char text[] = TREE("[1, -1, -1]", "[1, 0, 0]");
    struct buffer data = {0};
    (void)state;
    buffer_append(&data, text, sizeof(text) - 1);
    survives("model.json", &data, data.length);
    buffer_clear(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_json_is_data),
        cmocka_unit_test(what_is_no_json_must_not_be_called_so),
        cmocka_unit_test(depth_and_size_are_limited),
        cmocka_unit_test(jsonpickle_runs_what_it_names),
        cmocka_unit_test(notebooks_are_programs),
        cmocka_unit_test(code_beside_hugging_face_models_is_named),
        cmocka_unit_test(skops_files_name_what_they_rebuild),
        cmocka_unit_test(xgboost_trees_must_hold_together),
        cmocka_unit_test(keras_configurations_name_what_is_built),
        cmocka_unit_test(chat_templates_in_tokenizers_are_looked_at),
        cmocka_unit_test(damage_is_found_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
