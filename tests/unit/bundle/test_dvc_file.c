/* tests/unit/bundle/test_dvc_file.c - the files of DVC, as 3.67 and its elders write them. */
#include "base/json.h"
#include "bundle/dvc_file.h"
#include "test.h"

#define A "63f4f1e9b725370f459720575cd5f953"
#define B "fd8a3b4fc31ac6d6d59f804baaba3ad0"

static int take(struct dvc_repository *dvc, const char *path, const char *text,
                struct mlops_error *err)
{
    *err = (struct mlops_error){0};
    return dvc_file_read(dvc, path, text, strlen(text), err);
}

static void a_lock_is_read_with_the_folders_of_its_stages(void **state)
{
    struct dvc_repository dvc = {0};
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, take(&dvc, "a/dvc.yaml",
                                    "stages:\n"
                                    "  train:\n"
                                    "    wdir: ../b\n"
                                    "    cmd: ./train\n"
                                    "    metrics: [m.json: {cache: false}, '${x}', /etc/x]\n"
                                    "  eval:\n"
                                    "    foreach: [1, 2]\n"
                                    "    do: {cmd: x, wdir: c}\n"
                                    "metrics: [../top.json]\n"
                                    "params: [p.yaml]\n"
                                    "artifacts: {fraud: {path: ../b/m.bin, type: model}}\n",
                                    &err));
    assert_int_equal(MLOPS_OK,
                     take(&dvc, "a/dvc.lock",
                          "schema: '2.0'\n"
                          "stages:\n"
                          "  train:\n"
                          "    cmd: ./train\n"
                          "    deps: [{path: ../a/x.csv, md5: " B ", hash: md5}]\n"
                          "    params: {params.yaml: {train.lr: 0.1, train: {depth: 6, lr: 3}}}\n"
                          "    outs:\n"
                          "    - {path: m.bin, md5: " A ", size: 7, hash: md5, isexec: true}\n"
                          "    - {path: /data/y, md5: " A ", hash: md5}\n"
                          "  eval@1:\n"
                          "    cmd: x\n"
                          "    outs: [{path: o, md5: " A ".dir}]\n",
                          &err));
    assert_int_equal(3, dvc.count);
    assert_string_equal("b/m.bin", dvc.outs[0].path);
    assert_string_equal(A, dvc.outs[0].md5);
    assert_true(dvc.outs[0].executable && !dvc.outs[0].legacy && !dvc.outs[0].is_folder);
    assert_true(dvc.outs[1].external);
    assert_string_equal("a/c/o", dvc.outs[2].path);
    assert_true(dvc.outs[2].is_folder && dvc.outs[2].legacy);
    _cleanup_(buffer_clear) struct buffer text = {0};
    cJSON *const parts[] = {dvc.params, dvc.metrics, dvc.deps, dvc.artifacts};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        assert_int_equal(MLOPS_OK, json_write_canonical(parts[i], &text, &err));
    assert_string_equal("{\"a/p.yaml\":{},\"b/params.yaml\":{\"train\":{\"depth\":6,\"lr\":0.1}}}"
                        "[\"b/m.json\",\"top.json\"][\"a/x.csv\"]"
                        "{\"a:fraud\":{\"path\":\"b/m.bin\",\"type\":\"model\"}}",
                        text.data);
    dvc_repository_clear(&dvc);
}

static void what_is_malformed_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *path, *text, *said;
    } cases[] = {
        {"dvc.lock", "schema: '3.0'\nstages: {}\n", "dvc.lock:1: only schema 2"},
        {"dvc.lock", "schema: '2.0'\nstages: [a]\n", "dvc.lock:2: 'stages' must be a map"},
        {"dvc.lock", "schema: '2.0'\nstages:\n  a: b\n", "dvc.lock:3: a stage must be a map"},
        {"dvc.lock", "a: {outs: [{md5: x}]}", "dvc.lock:1: there is no path"},
        {"x.dvc", "outs:\n- {path: x, md5: xyz}\n", "x.dvc:2: 'xyz' is no MD5"},
        {"x.dvc", "outs:\n- {path: x, md5: " A "x}\n", "is no MD5"},
        {"x.dvc", "outs: {a: b}", "x.dvc:1: 'outs' must be a list"},
        {"x.dvc", "outs:\n- [a]\n", "x.dvc:2: there is no path"},
        {"x.dvc", "wdir: ../..\nouts: []\n", "leads out"},
        {"x.dvc", "outs:\n- {path: \"a\\tb\", md5: " A "}\n", "x.dvc:2"},
        {"x.dvc", "- a\n", "x.dvc:1: it is no map"},
        {"x.dvc", "outs: &a []\n", "x.dvc:1"},
        {"dvc.yaml", "stages: {a: {wdir: /x, cmd: y}}", "leads out"},
        {"dvc.yaml", "artifacts: {a: b}", "must be a map"},
        {"dvc.yaml", "stages: {a: {cmd: x}, a: {cmd: y}}", "dvc.yaml:1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct dvc_repository dvc = {0};
        struct mlops_error err;
        assert_int_equal(MLOPS_INVALID, take(&dvc, cases[i].path, cases[i].text, &err));
        if (!strstr(err.message, cases[i].said))
            fail_msg("'%s' was expected, not '%s'", cases[i].said, err.message);
        dvc_repository_clear(&dvc);
    }
}

static void outs_that_climb_out_are_external(void **state)
{
    struct dvc_repository dvc = {0};
    struct mlops_error err;
    (void)state;
    assert_int_equal(MLOPS_OK, take(&dvc, "a/x.dvc",
                                    "outs:\n- {path: ../../y, md5: " A "}\n"
                                    "- {path: 's3://b/k', md5: " A "}\n- {path: ../y/./z/..}\n",
                                    &err));
    assert_true(dvc.outs[0].external && dvc.outs[1].external && !dvc.outs[2].external);
    assert_string_equal("y", dvc.outs[2].path);
    assert_true(dvc.outs[2].tracked && !*dvc.outs[2].md5);
    dvc_repository_clear(&dvc);
}

static void the_list_of_a_folder_stays_inside(void **state)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[1]",
                                      "[{}]",
                                      "[{\"md5\":\"x\",\"relpath\":\"a\"}]",
                                      "[{\"md5\":\"" A "\",\"relpath\":\"../a\"}]",
                                      "[{\"md5\":\"" A "\",\"relpath\":\"/a\"}]",
                                      "[{\"md5\":\"" A "\",\"relpath\":\".\"}]",
                                      "[{\"md5\":\"" A ".dir\",\"relpath\":\"a\"}]",
                                      "[{\"md5\":\"" A "\",\"relpath\":\"a\"}"};
    const char *good = "[{\"md5\": \"" A "\", \"relpath\": \"a\"}, "
                       "{\"md5\": \"" B "\", \"relpath\": \"b/c d\"}]";
    struct dvc_list list;
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_OK, dvc_list_parse(good, strlen(good), "x", &list, &err));
    assert_int_equal(2, list.count);
    assert_string_equal("b/c d", list.items[1].path);
    dvc_list_clear(&list);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(MLOPS_INVALID, dvc_list_parse(bad[i], strlen(bad[i]), "x", &list, &err));
        dvc_list_clear(&list);
    }
}

static void the_cache_is_where_the_configuration_says(void **state)
{
    static const struct {
        const char *text, *cache;
    } cases[] = {
        {"", NULL},
        {"[core]\n    remote = s\n['remote \"s\"']\n    url = s3://b\n", NULL},
        {"[core]\ndir = /no\n[cache]\n    type = \"reflink\"\n    dir = ../../shared cache\r\n",
         "../../shared cache"},
        {"[cache]\ndir=/a\n[x]\ndir = /b", "/a"},
        {"[cache]\ndir", NULL},
        {"[cache]\ndirx = 1\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(free_string) char *cache = dvc_config_cache(cases[i].text, strlen(cases[i].text));
        if (cases[i].cache)
            assert_string_equal(cases[i].cache, cache);
        else
            assert_null(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_read_with_the_folders_of_its_stages),
        cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
        cmocka_unit_test(outs_that_climb_out_are_external),
        cmocka_unit_test(the_list_of_a_folder_stays_inside),
        cmocka_unit_test(the_cache_is_where_the_configuration_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
