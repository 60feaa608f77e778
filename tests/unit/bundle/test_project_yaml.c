/* tests/unit/bundle/test_project_yaml.c - mlops.yaml: what is read, and what is refused where. */
#include "test.h"

#include "base/json.h"
#include "bundle/project.h"

static int parse(const char *text, struct project *project, struct mlops_error *err)
{
    memset(err, 0, sizeof(*err));
    return project_parse(text, strlen(text), "mlops.yaml", project, err);
}

static void refused(const char *text, const char *message)
{
    struct project project;
    struct mlops_error err;
    if (parse(text, &project, &err) == MLOPS_OK)
        fail_msg("was let through: %s", text);
    assert_int_equal(MLOPS_INVALID, err.code);
    assert_string_equal(message, err.message);
}

static const char whole[] =
    "model: fraud\n"
    "description: Card-fraud scorer\n"
    "code: [./train.py, features//, tests/]\n"
    "params: params.yaml\n"
    "artifacts: [model/]\n"
    "metrics: metrics.json\n"
    "environment: requirements.lock\n"
    "data:\n"
    "  train:   {path: data/train.csv, target: is_fraud, time: ts, role: reference}\n"
    "  holdout: {path: data/holdout.csv, target: is_fraud, role: evaluation}\n"
    "tests:\n"
    "  preprocessing: {kind: unit, run: python3 -m pytest -q tests/}\n"
    "  pipeline:      {kind: integration, run: python3 train.py --smoke, timeout: 5m}\n"
    "  holdout:\n"
    "    kind: performance\n"
    "    run: python3 predict.py data/holdout.csv predictions.csv\n"
    "    predictions: predictions.csv\n"
    "    score: p_fraud\n"
    "    label: is_fraud\n"
    "    threshold: 0.25\n"
    "    require: {recall: \">= 0.85\", fpr: \"<= 0.025\", auc: \">= production - 0.01\"}\n"
    "train: {run: python3 train.py, data: train}\n"
    "monitor:\n"
    "  score: p_fraud\n"
    "  label: is_fraud\n"
    "  latency_p99: 250ms\n"
    "  error_rate: 0.5%\n";

static void the_example_of_the_design_is_read(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    if (parse(whole, &p, &err))
        fail_msg("%s", err.message);
    assert_string_equal("fraud", p.model);
    assert_string_equal("Card-fraud scorer", p.description);
    assert_string_equal("train.py", p.code[0]);
    assert_string_equal("features", p.code[1]);
    assert_string_equal("tests", p.code[2]);
    assert_null(p.code[3]);
    assert_string_equal("params.yaml", p.params);
    assert_string_equal("model", p.artifacts[0]);
    assert_null(p.artifacts[1]);
    assert_string_equal("metrics.json", p.metrics);
    assert_string_equal("requirements.lock", p.environment);
    assert_int_equal(2, p.data_count);
    assert_string_equal("train", p.data[0].name);
    assert_string_equal("ts", p.data[0].time);
    assert_string_equal("reference", p.data[0].role);
    assert_int_equal(9, p.data[0].line);
    assert_null(p.data[1].time);
    assert_int_equal(3, p.suite_count);
    assert_string_equal("preprocessing", p.suites[0].name);
    assert_string_equal("unit", p.suites[0].kind);
    assert_true(p.suites[0].timeout_ns == 600000000000);
    assert_true(p.suites[1].timeout_ns == 300000000000);
    assert_string_equal("predictions.csv", p.suites[2].predictions);
    assert_string_equal("binary", p.suites[2].task);
    assert_true(p.suites[2].threshold == 0.25);
    assert_int_equal(3, p.suites[2].require_count);
    assert_string_equal("auc", p.suites[2].require[2].metric);
    assert_string_equal(">= production - 0.01", p.suites[2].require[2].demand);
    assert_string_equal("python3 train.py", p.train_run);
    assert_string_equal("train", p.train_data);
    assert_string_equal("250ms", json_string(p.monitor, "latency_p99", NULL));
    project_clear(&p);
}

static void every_path_is_remembered_with_its_line_and_spelling(void **state)
{
    static const struct project_path expected[] = {
        {"code", "train.py", "./train.py", 3},
        {"code", "features", "features//", 3},
        {"code", "tests", "tests/", 3},
        {"artifacts", "model", "model/", 5},
        {"params", "params.yaml", "params.yaml", 4},
        {"metrics", "metrics.json", "metrics.json", 6},
        {"environment", "requirements.lock", "requirements.lock", 7},
        {"data", "data/train.csv", "data/train.csv", 9},
        {"data", "data/holdout.csv", "data/holdout.csv", 10},
    };
    struct project p;
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, parse(whole, &p, &err));
    assert_int_equal(ARRAY_LENGTH(expected), p.path_count);
    for (size_t i = 0; i < p.path_count; i++) {
        assert_string_equal(expected[i].key, p.paths[i].key);
        assert_string_equal(expected[i].path, p.paths[i].path);
        assert_string_equal(expected[i].text, p.paths[i].text);
        assert_int_equal(expected[i].line, p.paths[i].line);
    }
    project_clear(&p);
}

static void a_model_name_is_enough(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, parse("model: m\ncode:\ntests:\ndata:\n", &p, &err));
    assert_null(p.description);
    assert_null(p.code);
    assert_null(p.params);
    assert_int_equal(0, p.suite_count);
    assert_null(p.monitor);
    project_clear(&p);
}

static void one_path_may_stand_alone_where_a_list_may(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, parse("model: m\ncode: .\nartifacts:\n- a\n- b\n", &p, &err));
    assert_string_equal(".", p.code[0]);
    assert_null(p.code[1]);
    assert_int_equal(4, p.paths[1].line);
    assert_int_equal(5, p.paths[2].line);
    project_clear(&p);
}

static void unknown_keys_are_refused_with_line_and_nearest_key(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    refused("model: m\n\nartefacts: [model/]\n",
            "mlops.yaml:3: unknown key 'artefacts' (did you mean 'artifacts'?)");
    refused("model: m\nzebra: 1\n", "mlops.yaml:2: unknown key 'zebra' in the project file");
    refused("model: m\ndata:\n  train: {path: a.csv, taget: y}\n",
            "mlops.yaml:3: unknown key 'taget' (did you mean 'target'?)");
    refused("model: m\ntests:\n  a:\n    kind: unit\n    run: x\n    timeuot: 5m\n",
            "mlops.yaml:6: unknown key 'timeuot' (did you mean 'timeout'?)");
    refused("model: m\ntrain: {run: x, dataset: y}\n",
            "mlops.yaml:2: unknown key 'dataset' in 'train'");
    refused("model: m\nmonitor: {latency: 1s}\n",
            "mlops.yaml:2: unknown key 'latency' in 'monitor'");
    parse("model: m\ntrain: {run: x, dataset: y}\n", &p, &err);
    assert_string_equal("the keys of 'train' are run, data", err.hint);
}

static void wrong_types_are_refused_with_their_line(void **state)
{
    (void)state;
    refused("model: m\ncode: {a: b}\n", "mlops.yaml:2: 'code' must be a list of paths, not a map");
    refused("model: m\ncode:\n  - a\n  - [b]\n",
            "mlops.yaml:4: 'code' must be a list of paths, and this is a list");
    refused("model: [m]\n", "mlops.yaml:1: 'model' must be a single value, not a list");
    refused("model: m\nparams: {a: 1}\n",
            "mlops.yaml:2: 'params' must be a single value, not a map");
    refused("- model\n", "mlops.yaml:1: the project file must be a map of keys, not a list");
    refused("model: m\ndata: [train.csv]\n",
            "mlops.yaml:2: 'data' must be a map from names, not a list");
    refused("model: m\ndata:\n  train: a.csv\n",
            "mlops.yaml:3: the snapshot 'train' must be a map of keys, not a single value");
    refused("model: m\ntests: x\n",
            "mlops.yaml:2: 'tests' must be a map from names, not a single value");
    refused("model: m\ntests:\n  a:\n",
            "mlops.yaml:3: the suite 'a' must be a map of keys, not nothing");
    refused("model: m\ntrain: python3 train.py\n",
            "mlops.yaml:2: 'train' must be a map of keys, not a single value");
    refused("model: m\nmonitor: {score: [a]}\n", "mlops.yaml:2: 'score' must be a single value");
}

static void what_must_be_there_must_be_there(void **state)
{
    (void)state;
    refused("", "mlops.yaml:1: the file is empty: it must at least say 'model: NAME'");
    refused("code: .\n", "mlops.yaml:1: the project file has no 'model'");
    refused("model: m\ndata:\n  a: {target: x}\n", "mlops.yaml:3: the snapshot 'a' has no 'path'");
    refused("model: m\ntests:\n  a: {run: x}\n", "mlops.yaml:3: the suite 'a' has no 'kind'");
    refused("model: m\ntests:\n  a: {kind: unit}\n", "mlops.yaml:3: the suite 'a' has no 'run'");
    refused("model: m\ntests:\n  a: {kind: unit, run: ''}\n", "mlops.yaml:3: 'run' is empty");
    refused("model: m\ntrain: {data: x}\n", "mlops.yaml:2: 'train' has no 'run'");
}

static void names_are_checked(void **state)
{
    (void)state;
    refused("model: a b\n", "mlops.yaml:1: 'a b' is not a model name");
    refused("model: '12'\n", "mlops.yaml:1: '12' is not a model name");
    refused("model: m@1\n", "mlops.yaml:1: 'm@1' is not a model name");
    refused("model: m\ndata:\n  'x y': {path: a}\n", "mlops.yaml:3: 'x y' is not a snapshot name");
    refused("model: m\ntests:\n  -x: {kind: unit, run: y}\n",
            "mlops.yaml:3: '-x' is not a suite name");
}

static void paths_must_stay_in_the_project(void **state)
{
    (void)state;
    refused("model: m\ncode: [a, ../b]\n",
            "mlops.yaml:2: '../b' has '..' in it, and must stay in the project");
    refused("model: m\nparams: /etc/passwd\n",
            "mlops.yaml:2: '/etc/passwd' is absolute, and must lie in the project");
    refused("model: m\nmetrics: ''\n", "mlops.yaml:2: a path is empty");
    refused("model: m\ncode:\n- a\n- \"b\\x1b\"\n",
            "mlops.yaml:4: a path has control characters or is not UTF-8 text");
    refused("model: m\ntests:\n  a: {kind: performance, run: x, predictions: /tmp/p}\n",
            "mlops.yaml:3: '/tmp/p' is absolute, and must lie in the project");
}

static void choices_name_what_there_is(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    refused(
        "model: m\ntests:\n  a: {kind: perfomance, run: x}\n",
        "mlops.yaml:3: 'perfomance' is nothing that 'kind' may be (did you mean 'performance'?)");
    refused("model: m\ndata:\n  a: {path: x, role: other}\n",
            "mlops.yaml:3: 'other' is nothing that 'role' may be");
    parse("model: m\ndata:\n  a: {path: x, role: other}\n", &p, &err);
    assert_string_equal("it is one of reference, evaluation", err.hint);
}

static void a_performance_suite_says_what_to_judge(void **state)
{
    static const char *const start = "model: m\ntests:\n  a:\n    kind: performance\n    run: x\n";
    static const char *const wrong[][2] = {
        {"", "mlops.yaml:3: the suite 'a' has no 'predictions'"},
        {"    predictions: p\n", "mlops.yaml:3: the suite 'a' has no 'label'"},
        {"    predictions: p\n    label: y\n",
         "mlops.yaml:3: the suite 'a' has neither 'score' nor 'prediction'"},
        {"    predictions: p\n    label: y\n    task: regression\n",
         "mlops.yaml:3: the suite 'a' has no 'prediction'"},
        {"    predictions: p\n    label: y\n    task: multiclass\n    prediction: c\n    score: "
         "s\n",
         "mlops.yaml:10: 'score' is for the task 'binary'"},
        {"    predictions: p\n    label: y\n    score: s\n    threshold: 2\n",
         "mlops.yaml:9: 'threshold' must be a number between 0 and 1"},
        {"    predictions: p\n    label: y\n    score: s\n    threshold: half\n",
         "mlops.yaml:9: 'threshold' must be a number between 0 and 1"},
        {"    predictions: p\n    label: y\n    score: s\n    require: [auc]\n",
         "mlops.yaml:9: 'require' must be a map from metrics to demands, not a list"},
        {"    predictions: p\n    label: y\n    score: s\n    require:\n      recal: '> 1'\n",
         "mlops.yaml:10: unknown metric 'recal' (did you mean 'recall'?)"},
        {"    predictions: p\n    label: y\n    score: s\n    require:\n      happiness: '> 1'\n",
         "mlops.yaml:10: unknown metric 'happiness'"},
        {"    predictions: p\n    label: y\n    score: s\n    require:\n      auc: [1]\n",
         "mlops.yaml:10: the demand on 'auc' must be a text such as \">= 0.8\""},
        {"    predictions: p\n    label: y\n    score: s\n    require:\n      auc: '0.8'\n",
         "mlops.yaml:10: '0.8' is not a requirement: one of >= > <= < == was expected"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        char *text = xprintf("%s%s", start, wrong[i][0]);
        refused(text, wrong[i][1]);
        free(text);
    }
}

static void a_demand_that_nobody_would_judge_is_refused(void **state)
{
    (void)state;
    refused("model: m\ntests:\n  a:\n    kind: unit\n    run: x\n    require: {auc: '> 1'}\n",
            "mlops.yaml:6: 'require' is for suites of the kind 'performance'");
    refused("model: m\ntests:\n  a: {kind: integration, run: x, label: y}\n",
            "mlops.yaml:3: 'label' is for suites of the kind 'performance'");
}

static void timeouts_are_durations(void **state)
{
    (void)state;
    refused("model: m\ntests:\n  a:\n    kind: unit\n    run: x\n    timeout: soon\n",
            "mlops.yaml:6: 'soon' is not a duration");
    refused("model: m\ntests:\n  a: {kind: unit, run: x, timeout: 0s}\n",
            "mlops.yaml:3: 'timeout' must be more than nothing and at most 30d");
    refused("model: m\ntests:\n  a: {kind: unit, run: x, timeout: 31d}\n",
            "mlops.yaml:3: 'timeout' must be more than nothing and at most 30d");
    refused("model: m\ntests:\n  a: {kind: unit, run: x, timeout: [1]}\n",
            "mlops.yaml:3: 'timeout' must be a duration such as 5m");
}

static void training_names_a_snapshot(void **state)
{
    (void)state;
    refused("model: m\ndata:\n  a: {path: x}\ntrain:\n  run: x\n  data: b\n",
            "mlops.yaml:6: 'data' names no snapshot called 'b'");
}

static void only_one_snapshot_is_the_reference(void **state)
{
    (void)state;
    refused("model: m\ndata:\n  a: {path: x, role: reference}\n  b: {path: y, role: reference}\n",
            "mlops.yaml:4: 'a' is the reference already (line 3), and there can be one only");
}

static void a_snapshot_says_how_its_csv_is_read(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    if (parse("model: m\ndata:\n  a: {path: x, separator: ;, comment: '#', ragged: skip,\n"
              "      columns: [ts, 1, 'a,b']}\n  b: {path: y, separator: '\\t', ragged: refuse}\n"
              "  c: {path: z, separator: \"\\t\", comment: 'x', columns: , ragged: }\n",
              &p, &err))
        fail_msg("%s", err.message);
    assert_int_equal(';', p.data[0].csv.separator);
    assert_int_equal('#', p.data[0].csv.comment);
    assert_int_equal(TABLE_RAGGED_SKIP, p.data[0].csv.ragged);
    assert_string_equal("ts", p.data[0].csv.columns[0]);
    assert_string_equal("1", p.data[0].csv.columns[1]);
    assert_string_equal("a,b", p.data[0].csv.columns[2]);
    assert_null(p.data[0].csv.columns[3]);
    assert_int_equal('\t', p.data[1].csv.separator);
    assert_int_equal(TABLE_RAGGED_REFUSE, p.data[1].csv.ragged);
    assert_int_equal('\t', p.data[2].csv.separator);
    assert_int_equal('x', p.data[2].csv.comment);
    assert_null(p.data[2].csv.columns);
    project_clear(&p);
}

/* The same, of a snapshot that has nothing else in line 4. */
static void refused_key(const char *key, const char *message)
{
    char *text = xprintf("model: m\ndata:\n  a: {path: x,\n    %s}\n", key);
    char *whole_message = xprintf("mlops.yaml:4: %s", message);
    refused(text, whole_message);
    free(text);
    free(whole_message);
}

static void what_csv_cannot_be_read_by_is_refused(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    refused_key("separator: ;;", "'separator' takes one character, not ';;'");
    refused_key("separator: ", "'separator' has no value");
    refused_key("separator: ''", "'separator' takes one character, not ''");
    refused_key("separator: '\xc2\xa7'", "'separator' takes one character, not '\xc2\xa7'");
    refused_key("separator: [a]", "'separator' must be a single value, not a list");
    refused_key("comment: {a: b}", "'comment' must be a single value, not a map");
    refused_key("separator: '\"'",
                "'separator': a quote or the end of a line cannot separate cells");
    refused_key("separator: \"\\n\"",
                "'separator': a quote or the end of a line cannot separate cells");
    refused_key("comment: \"\\r\"",
                "'comment': a quote or the end of a line cannot begin comments");
    refused_key("separator: ';', comment: ';'",
                "'comment': the same character cannot separate cells and begin comments");
    refused_key("ragged: drop", "'ragged': 'drop' is none of refuse, fill and skip");
    refused_key("ragged: [fill]", "'ragged' must be a single value, not a list");
    refused_key("columns: 'a,b'",
                "'columns' must be a list of names such as [ts, amount], not a single value");
    refused_key("columns: []", "'columns' must be a list with something in it");
    refused_key("columns: [a, [b]]", "'an item of the list' must be a single value, not a list");
    refused_key("columns: [a, '']", "'an item of the list' is empty");
    refused_key("columns: [a, b, a]", "'columns': two columns are called 'a'");
    refused_key("seperator: ;", "unknown key 'seperator' (did you mean 'separator'?)");
    /* what YAML takes for a comment of its own would go unnoticed */
    refused("model: m\ndata:\n  a:\n    path: x\n    comment: #\n",
            "mlops.yaml:5: 'comment' has no value");
    parse("model: m\ndata:\n  a:\n    path: x\n    comment: #\n", &p, &err);
    assert_string_equal("quote the character: # begins a comment of YAML", err.hint);
}

static void names_of_columns_have_limits(void **state)
{
    struct buffer many = {0};
    struct project p;
    struct mlops_error err;
    (void)state;
    buffer_puts(&many, "columns: [c0");
    for (int i = 1; i <= 65536; i++)
        buffer_printf(&many, ",c%d", i);
    buffer_putc(&many, ']');
    refused_key(many.data, "'columns': 65537 names, and a table has 1 to 65536 columns");
    many.length -= strlen(",c65536]");
    buffer_puts(&many, "]");
    char *text = xprintf("model: m\ndata:\n  a: {path: x, %s}\n", many.data);
    assert_int_equal(MLOPS_OK, parse(text, &p, &err));
    project_clear(&p);
    free(text);
    buffer_reset(&many);
    buffer_puts(&many, "columns: [");
    for (int i = 0; i <= TABLE_NAME_MAX; i++)
        buffer_putc(&many, 'n');
    buffer_putc(&many, ']');
    refused_key(many.data, "'columns': the name of column 1 is longer than 4096 bytes");
    buffer_clear(&many);
}

static void monitoring_limits_are_checked(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    refused("model: m\nmonitor: {latency_p99: 250}\n", "mlops.yaml:2: '250' is not a duration");
    refused("model: m\nmonitor: {error_rate: often}\n",
            "mlops.yaml:2: 'often' is not a rate: write one such as 0.5% or 0.005");
    refused("model: m\nmonitor: {error_rate: 1.5}\n",
            "mlops.yaml:2: '1.5' is not a rate: write one such as 0.5% or 0.005");
    refused("model: m\nmonitor: {error_rate: 101%}\n",
            "mlops.yaml:2: '101%' is not a rate: write one such as 0.5% or 0.005");
    assert_int_equal(MLOPS_OK, parse("model: m\nmonitor: {error_rate: 0.005}\n", &p, &err));
    project_clear(&p);
}

static void what_is_not_yaml_says_where(void **state)
{
    struct project p;
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_INVALID, parse("model: m\ncode: [a\n", &p, &err));
    assert_memory_equal("mlops.yaml:3: ", err.message, 14);
    refused("model: m\nmodel: n\n", "mlops.yaml:2: the key 'model' stands twice (first in line 1)");
    refused("model: &a m\n", "mlops.yaml:1: anchors (&name) are not supported");
}

static void a_file_cut_anywhere_is_read_or_refused_whole(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof(whole); length++) {
        struct project p;
        struct mlops_error err = {0};
        char *cut = xstrndup(whole, length);
        if (project_parse(cut, length, "mlops.yaml", &p, &err) == MLOPS_OK)
            project_clear(&p);
        else
            assert_int_equal(MLOPS_INVALID, err.code);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_design_is_read),
        cmocka_unit_test(every_path_is_remembered_with_its_line_and_spelling),
        cmocka_unit_test(a_model_name_is_enough),
        cmocka_unit_test(one_path_may_stand_alone_where_a_list_may),
        cmocka_unit_test(unknown_keys_are_refused_with_line_and_nearest_key),
        cmocka_unit_test(wrong_types_are_refused_with_their_line),
        cmocka_unit_test(what_must_be_there_must_be_there),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(paths_must_stay_in_the_project),
        cmocka_unit_test(choices_name_what_there_is),
        cmocka_unit_test(a_performance_suite_says_what_to_judge),
        cmocka_unit_test(a_demand_that_nobody_would_judge_is_refused),
        cmocka_unit_test(timeouts_are_durations),
        cmocka_unit_test(training_names_a_snapshot),
        cmocka_unit_test(only_one_snapshot_is_the_reference),
        cmocka_unit_test(a_snapshot_says_how_its_csv_is_read),
        cmocka_unit_test(what_csv_cannot_be_read_by_is_refused),
        cmocka_unit_test(names_of_columns_have_limits),
        cmocka_unit_test(monitoring_limits_are_checked),
        cmocka_unit_test(what_is_not_yaml_says_where),
        cmocka_unit_test(a_file_cut_anywhere_is_read_or_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
