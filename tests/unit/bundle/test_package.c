/* tests/unit/bundle/test_package.c - a project folder made into a bundle: the id, what is in it,
 * and what is refused. */
#include "fixture.h"

#include "base/hash.h"
#include "base/json.h"
#include "bundle/manifest.h"
#include "stats/profile.h"
#include "store/store.h"
#include <locale.h>

static cJSON *manifest_of(struct fixture *f, const char *bundle)
{
    char *text = NULL;
    cJSON *json = NULL;
    assert_ok(f, mlops_manifest_read(f->registry, bundle, &text, &f->err));
    assert_ok(f, json_parse(text, strlen(text), "manifest", &json, &f->err));
    free(text);
    return json;
}

/* The canonical text of what stands at `path` ("data/train/rows") of a manifest. */
static char *part_of(const cJSON *json, const char *path)
{
    char *copy = xstrdup(path), *rest = NULL;
    struct buffer text = {0};
    struct mlops_error err = {0};
    for (char *name = strtok_r(copy, "/", &rest); name; name = strtok_r(NULL, "/", &rest))
        json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(name))
                                   : cJSON_GetObjectItemCaseSensitive(json, name);
    free(copy);
    if (!json)
        return xstrdup("(nothing)");
    assert_int_equal(MLOPS_OK, json_write_canonical(json, &text, &err));
    return buffer_steal(&text);
}

static void assert_part(const cJSON *json, const char *path, const char *expected)
{
    char *text = part_of(json, path);
    assert_string_equal(expected, text);
    free(text);
}

static void package_twice(struct fixture *f, struct mlops_package *one, struct mlops_package *two)
{
    assert_ok(f, package(f, one));
    assert_ok(f, package(f, two));
}

static void the_manifest_says_all_that_the_bundle_holds(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_string_equal("fraud", result.model);
    assert_int_equal(9, result.files);
    cJSON *json = manifest_of(f, result.bundle);
    assert_part(json, "format", "\"mlops-bundle/1\"");
    assert_part(json, "model", "\"fraud\"");
    assert_part(json, "description", "\"Card-fraud scorer\"");
    assert_part(json, "code", "{\"git\":null}");
    assert_part(json, "params",
                "{\"depth\":3,\"nested\":{\"list\":[1,\"a\",true,null]},\"rate\":0.25}");
    assert_part(json, "metrics", "{\"auc\":0.75,\"folds\":[0.5,1],\"undefined\":null}");
    assert_part(json, "environment/path", "\"requirements.lock\"");
    assert_part(json, "data/train/rows", "3");
    assert_part(json, "data/train/target", "\"is_fraud\"");
    assert_part(json, "data/train/columns",
                "[{\"name\":\"ts\",\"type\":\"time\"},{\"name\":\"amount\",\"type\":\"float\"},"
                "{\"name\":\"country\",\"type\":\"category\"},{\"name\":\"is_fraud\",\"type\":"
                "\"integer\"}]");
    assert_part(json, "project/train", "{\"data\":\"train\",\"run\":\"python3 train.py\"}");
    /* FIPS 180-4, the SHA-256 of "abc" */
    assert_part(json, "files/8",
                "{\"mode\":\"0644\",\"path\":\"model/weights.bin\",\"sha256\":"
                "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"size\":3,"
                "\"type\":\"file\"}");
    assert_part(json, "files/7", "{\"mode\":\"0755\",\"path\":\"model\",\"type\":\"folder\"}");
    assert_part(json, "files/6/path", "\"mlops.yaml\"");
    assert_part(json, "files/12", "(nothing)");
    cJSON_Delete(json);
}

static void the_id_is_the_digest_of_the_manifest(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct digest digest;
    char id[MLOPS_BUNDLE_ID_SIZE], *text = NULL;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, mlops_manifest_read(f->registry, result.bundle, &text, &f->err));
    sha256_of(text, strlen(text), &digest);
    bundle_id_format(&digest, id);
    assert_string_equal(id, result.bundle);
    free(text);
}

static void the_profile_of_a_snapshot_is_in_the_store(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_version version;
    struct manifest manifest = {0};
    struct profile *profile = NULL;
    struct buffer bytes = {0};
    struct store *store;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, manifest_load(f->registry, result.bundle, &version, &manifest, NULL, &f->err));
    assert_int_equal(0, version.number);
    assert_int_equal(3, manifest.data[0].rows);
    assert_ok(f, registry_store(f->registry, &store, &f->err));
    assert_ok(f, store_read(store, &manifest.data[0].profile, 1U << 20, &bytes, &f->err));
    assert_ok(f, profile_decode(bytes.data, bytes.length, &profile, &f->err));
    const struct column_profile *amount = profile_column(profile, "amount");
    assert_true(amount->missing == 1 && amount->min == 1.5 && amount->max == 2.5);
    profile_free(profile);
    buffer_clear(&bytes);
    manifest_clear(&manifest);
}

static void the_same_folder_gives_the_same_id(void **state)
{
    struct fixture *f = *state;
    struct mlops_package one, two;
    given_project(f);
    package_twice(f, &one, &two);
    assert_string_equal(one.bundle, two.bundle);
    assert_true(one.new_bytes > 0);
    assert_int_equal(0, two.new_bytes);
    assert_int_equal(one.bytes, two.bytes);
}

static void a_copy_elsewhere_under_another_umask_gives_the_same_id(void **state)
{
    struct fixture *f = *state;
    struct mlops_package one, two;
    given_project(f);
    assert_ok(f, package(f, &one));
    umask(077);
    assert_int_equal(0, shell(f, "mkdir deep && cp -a project deep/copy && touch -d 2001-02-03 "
                                 "deep/copy/train.py"));
    char *copy = in_folder(f, "deep/copy/");
    assert_ok(f, mlops_package_directory(f->registry,
                                         &(struct mlops_package_options){.directory = copy}, &two,
                                         &f->err));
    umask(022);
    assert_string_equal(one.bundle, two.bundle);
    free(copy);
}

/* German numbers have a decimal comma. The locale is built here, for few machines have it. */
static void another_locale_gives_the_same_id(void **state)
{
    struct fixture *f = *state;
    struct mlops_package one, two;
    given_project(f);
    assert_ok(f, package(f, &one));
    shell(f, "mkdir locales && localedef -i de_DE -f UTF-8 ./locales/de_DE.UTF-8");
    char *folder = in_folder(f, "locales");
    setenv("LOCPATH", folder, 1);
    bool set = setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
    char *comma = xstrdup(localeconv()->decimal_point);
    int code = package(f, &two);
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    free(folder);
    bool german = str_equal(comma, ",");
    free(comma);
    if (!set || !german) {
        print_message("localedef or its sources are not installed\n");
        skip();
    }
    assert_ok(f, code);
    assert_string_equal(one.bundle, two.bundle);
}

static void another_byte_mode_name_or_target_gives_another_id(void **state)
{
    static const char *const changes[] = {
        "printf x >> project/train.py",
        "chmod 700 project/train.py",
        "chmod 700 project/features",
        "mkdir project/features/empty",
        "ln -s amount.py project/features/alias",
        "ln -sfn __init__.py project/features/alias",
        "mv project/features/amount.py project/features/sum.py",
        "rm project/features/sum.py project/features/alias",
    };
    struct fixture *f = *state;
    struct mlops_package before, after;
    given_project(f);
    assert_ok(f, package(f, &before));
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        assert_int_equal(0, shell(f, changes[i]));
        assert_ok(f, package(f, &after));
        if (str_equal(before.bundle, after.bundle))
            fail_msg("the same id after: %s", changes[i]);
        before = after;
    }
}

static void what_is_left_out_does_not_change_the_id(void **state)
{
    struct fixture *f = *state;
    struct mlops_package one, two;
    given_project(f);
    assert_ok(f, package(f, &one));
    given_file(f, "features/__pycache__/other.pyc", "x");
    given_file(f, "features/x.pyc", "x");
    given_file(f, "not-named.txt", "x");
    assert_ok(f, package(f, &two));
    assert_string_equal(one.bundle, two.bundle);
}

static void a_folder_without_project_file_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    assert_fails(f, MLOPS_NOT_FOUND, package(f, &result));
    assert_says(f, "there is no mlops.yaml in '/tmp/test-bundle");
    assert_says(f, "/project'");
}

static void a_missing_path_is_not_found_with_line_and_key(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\ncode: [train.py]\nartifacts:\n  - model/\n");
    given_file(f, "train.py", "");
    assert_fails(f, MLOPS_NOT_FOUND, package(f, &result));
    assert_message(f, "mlops.yaml:4: artifacts: 'model/' does not exist");
}

static void a_folder_where_a_file_is_meant_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\nparams: conf/\n");
    given_file(f, "conf/a.yaml", "");
    assert_fails(f, MLOPS_INVALID, package(f, &result));
    assert_message(f, "mlops.yaml:2: params: 'conf/' is a folder, and must be a file");
}

static void a_link_out_of_the_project_is_refused_with_line_and_key(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\n\ncode: [src/]\n");
    given_link(f, "src/key", "/root/.ssh/id_ed25519");
    assert_fails(f, MLOPS_INVALID, package(f, &result));
    assert_message(f, "mlops.yaml:3: code: the link 'src/key' leads out of the project, to "
                      "'/root/.ssh/id_ed25519'");
}

static void a_link_to_nowhere_is_packaged_with_a_warning(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\ncode: [src/]\n");
    given_link(f, "src/later", "made-by-training.bin");
    assert_ok(f, package(f, &result));
    assert_string_equal(
        "the link 'src/later' is packaged, but 'made-by-training.bin' is not there\n", f->warnings);
}

static void a_column_that_the_table_does_not_have_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\ndata:\n  train: {path: t.csv, target: label}\n");
    given_file(f, "t.csv", "a,b\n1,2\n");
    assert_fails(f, MLOPS_INVALID, package(f, &result));
    assert_message(f,
                   "mlops.yaml:3: the snapshot 'train': t.csv has no column 'label' for 'target'");
    assert_hint(f, "its columns are a, b");
}

static void a_snapshot_that_is_no_table_is_refused_with_its_line(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\ndata:\n  train: {path: t.csv}\n");
    given_file(f, "t.csv", "a,b\n1,2\n3\n");
    assert_fails(f, MLOPS_INVALID, package(f, &result));
    assert_says(f, "mlops.yaml:3: the snapshot 'train': ");
    assert_says(f, "t.csv:3");
    given_file(f, "t.csv", "");
    assert_fails(f, MLOPS_INVALID, package(f, &result));
}

static void metrics_that_are_no_numbers_are_refused(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml", "model: m\nmetrics: m.json\n");
    given_file(f, "m.json", "{\"auc\": \"high\"}");
    assert_fails(f, MLOPS_INVALID, package(f, &result));
    assert_message(f, "mlops.yaml:2: metrics: m.json: 'auc' is not a number");
}

static void a_refused_folder_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_project(f);
    given_file(f, "data/train.csv", "ts,amount\n1\n");
    assert_int_equal(0, shell(f, "(cd .mlops && find objects -type f | sort) > before.txt"));
    assert_fails(f, MLOPS_INVALID, package(f, &result));
    assert_int_equal(0, shell(f, "(cd .mlops && find objects -type f | sort) | cmp - before.txt"));
}

static void two_snapshots_may_share_a_file(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(f, "mlops.yaml",
               "model: m\ndata:\n  a: {path: t.csv, target: x}\n  b: {path: ./t.csv, target: y}\n");
    given_file(f, "t.csv", "x,y\n1,2\n");
    assert_ok(f, package(f, &result));
    cJSON *json = manifest_of(f, result.bundle);
    assert_part(json, "data/a/target", "\"x\"");
    assert_part(json, "data/b/target", "\"y\"");
    assert_part(json, "data/b/path", "\"t.csv\"");
    cJSON_Delete(json);
}

static void files_behind_links_are_read_where_they_are(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_file(
        f, "mlops.yaml",
        "model: m\nparams: now/p.yaml\nenvironment: now/env\ndata: {a: {path: now/t.csv}}\n");
    given_file(f, "v1/p.yaml", "a: 1\n");
    given_file(f, "v1/env", "abc");
    given_file(f, "v1/t.csv", "x\n1\n2\n");
    given_link(f, "now", "v1");
    assert_ok(f, package(f, &result));
    cJSON *json = manifest_of(f, result.bundle);
    assert_part(json, "params", "{\"a\":1}");
    assert_part(json, "environment",
                "{\"format\":\"requirements\",\"hashed\":false,\"includes\":[],\"packages\":1,"
                "\"path\":\"now/env\",\"sha256\":"
                "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
                "\"unpinned\":[\"abc\"]}");
    assert_part(json, "data/a/rows", "2");
    assert_part(json, "files/1", "{\"path\":\"now\",\"target\":\"v1\",\"type\":\"link\"}");
    cJSON_Delete(json);
}

static void the_state_of_git_is_recorded(void **state)
{
    struct fixture *f = *state;
    struct mlops_package clean, dirty;
    given_project(f);
    if (shell(f, "cd project && git init -q -b trunk && git add . && git -c user.name=a -c "
                 "user.email=a@b commit -q -m x && git remote add origin "
                 "https://me:secret@example.com/f.git") != 0) {
        print_message("git is not installed\n");
        skip();
    }
    assert_ok(f, package(f, &clean));
    cJSON *json = manifest_of(f, clean.bundle);
    assert_part(json, "code/git/branch", "\"trunk\"");
    assert_part(json, "code/git/dirty", "false");
    assert_part(json, "code/git/remote", "\"https://example.com/f.git\"");
    assert_int_equal(
        40, strlen(json_string(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "code"), "git"),
                               "commit", "")));
    cJSON_Delete(json);
    given_file(f, "train.py", "print('changed')\n");
    assert_ok(f, package(f, &dirty));
    json = manifest_of(f, dirty.bundle);
    assert_part(json, "code/git/dirty", "true");
    cJSON_Delete(json);
}

static void a_packaged_bundle_can_be_registered(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_version version;
    bool created;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, mlops_register(f->registry, result.bundle, &version, &created, &f->err));
    assert_true(created);
    assert_string_equal("fraud", version.model);
    assert_int_equal(1, version.number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(the_manifest_says_all_that_the_bundle_holds),
        bundle_test(the_id_is_the_digest_of_the_manifest),
        bundle_test(the_profile_of_a_snapshot_is_in_the_store),
        bundle_test(the_same_folder_gives_the_same_id),
        bundle_test(a_copy_elsewhere_under_another_umask_gives_the_same_id),
        bundle_test(another_locale_gives_the_same_id),
        bundle_test(another_byte_mode_name_or_target_gives_another_id),
        bundle_test(what_is_left_out_does_not_change_the_id),
        bundle_test(a_folder_without_project_file_is_not_found),
        bundle_test(a_missing_path_is_not_found_with_line_and_key),
        bundle_test(a_folder_where_a_file_is_meant_is_refused),
        bundle_test(a_link_out_of_the_project_is_refused_with_line_and_key),
        bundle_test(a_link_to_nowhere_is_packaged_with_a_warning),
        bundle_test(a_column_that_the_table_does_not_have_is_refused),
        bundle_test(a_snapshot_that_is_no_table_is_refused_with_its_line),
        bundle_test(metrics_that_are_no_numbers_are_refused),
        bundle_test(a_refused_folder_changes_nothing),
        bundle_test(two_snapshots_may_share_a_file),
        bundle_test(files_behind_links_are_read_where_they_are),
        bundle_test(the_state_of_git_is_recorded),
        bundle_test(a_packaged_bundle_can_be_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
