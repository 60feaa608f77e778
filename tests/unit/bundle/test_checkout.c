/* tests/unit/bundle/test_checkout.c - a bundle's files back: exactly, and all or nothing. */
#include "fixture.h"

#include "base/hash.h"
#include "bundle/manifest.h"
#include "store/store.h"

/* "path type mode size target" of everything below a folder, by find(1). */
#define LIST "find . -mindepth 1 -printf '%P %y %m %l\\n' | LC_ALL=C sort"

static void given_awkward_project(struct fixture *f)
{
    given_project(f);
    given_file(f, "mlops.yaml", "model: fraud\ncode: [.]\n");
    given_file(f, "a/read-only/deep/file", "x");
    given_file(f, "a/executable.sh", "#!/bin/sh\n");
    given_file(f, "a/name with spaces and 'quotes' \xc3\xa9", "y");
    given_file(f, "a/setuid", "");
    given_link(f, "a/link", "executable.sh");
    given_link(f, "a/to-folder", "read-only/deep");
    given_link(f, "a/chain", "link");
    assert_int_equal(
        0, shell(f, "cd project && rm -r features/__pycache__ && mkdir -p a/empty/inner && "
                    "chmod 711 a/executable.sh && chmod 4755 a/setuid && "
                    "chmod 400 a/read-only/deep/file && chmod 500 a/read-only/deep && "
                    "chmod 555 a/read-only && chmod 700 a/empty && chmod 1777 a/empty/inner && "
                    "head -c 3000000 /dev/urandom > model/big.bin"));
}

static void what_was_packaged_comes_back_exactly(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_awkward_project(f);
    assert_ok(f, package(f, &result));
    umask(077);
    assert_ok(f, checkout(f, result.bundle, "out"));
    umask(022);
    assert_int_equal(0, shell(f, "diff -r project out"));
    /* permission bits only: setuid and sticky are not kept */
    assert_int_equal(0,
                     shell(f, "chmod 755 project/a/setuid; chmod 777 project/a/empty/inner; "
                              "(cd project && " LIST ") > 1; (cd out && " LIST ") > 2; diff 1 2"));
    assert_int_equal(0, shell(f, "test \"$(ls -A | grep -c mlops-checkout)\" = 0"));
}

static void a_checkout_packaged_again_is_the_same_bundle(void **state)
{
    struct fixture *f = *state;
    struct mlops_package one, two;
    given_awkward_project(f);
    assert_ok(f, package(f, &one));
    assert_ok(f, checkout(f, one.bundle, "out"));
    char *out = in_folder(f, "out");
    assert_ok(f, mlops_package_directory(f->registry,
                                         &(struct mlops_package_options){.directory = out}, &two,
                                         &f->err));
    assert_string_equal(one.bundle, two.bundle);
    free(out);
}

static void a_new_folder_has_the_mode_that_the_umask_says(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct stat status;
    given_project(f);
    assert_ok(f, package(f, &result));
    umask(027);
    assert_ok(f, checkout(f, result.bundle, "out"));
    umask(022);
    char *out = in_folder(f, "out");
    assert_int_equal(0, stat(out, &status));
    assert_int_equal(0750, status.st_mode & 0777);
    free(out);
}

static void an_empty_folder_is_filled_and_stays_what_it_is(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct stat before, after;
    given_awkward_project(f);
    assert_ok(f, package(f, &result));
    char *out = in_folder(f, "out");
    assert_int_equal(0, mkdir(out, 0700));
    assert_int_equal(0, stat(out, &before));
    assert_ok(f, checkout(f, result.bundle, "out"));
    assert_int_equal(0, stat(out, &after));
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(0700, after.st_mode & 0777);
    assert_int_equal(0, shell(f, "diff -r project out"));
    free(out);
}

static void the_working_directory_can_be_checked_out_into(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_checkout done;
    given_project(f);
    assert_ok(f, package(f, &result));
    char *out = in_folder(f, "out"), *back = getcwd(NULL, 0);
    assert_int_equal(0, mkdir(out, 0755));
    assert_int_equal(0, chdir(out));
    int code = mlops_checkout(f->registry, result.bundle, ".", NULL, &done, &f->err);
    assert_int_equal(0, chdir(back));
    assert_ok(f, code);
    assert_int_equal(0, shell(f, "cmp project/train.py out/train.py"));
    free(back);
    free(out);
}

static void a_path_with_slashes_at_its_end_is_fine(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, checkout(f, result.bundle, "out//"));
    assert_int_equal(0, shell(f, "cmp project/train.py out/train.py"));
}

static void a_folder_that_is_not_empty_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_project(f);
    assert_ok(f, package(f, &result));
    shell(f, "mkdir out; echo mine > out/.hidden; echo file > plain; ln -s nowhere dangling");
    assert_fails(f, MLOPS_INVALID, checkout(f, result.bundle, "out"));
    assert_says(f, "/out' is not empty: it has '.hidden' in it");
    assert_fails(f, MLOPS_INVALID, checkout(f, result.bundle, "plain"));
    assert_says(f, "/plain' is there already and is not a folder");
    assert_fails(f, MLOPS_INVALID, checkout(f, result.bundle, "dangling"));
    assert_int_equal(0,
                     shell(f, "test \"$(ls -A out)\" = .hidden && test \"$(cat plain)\" = file"));
}

static void a_missing_folder_above_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_fails(f, MLOPS_NOT_FOUND, checkout(f, result.bundle, "a/b/c"));
    assert_true(f->err.hint[0] != '\0');
}

static void versions_and_prefixes_name_bundles(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_version version;
    bool created;
    char prefix[16];
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, mlops_register(f->registry, result.bundle, &version, &created, &f->err));
    assert_ok(f, checkout(f, "fraud@1", "one"));
    str_copy(prefix, sizeof(prefix), result.bundle);
    assert_ok(f, checkout(f, prefix, "two"));
    assert_int_equal(0, shell(f, "diff -r one two"));
    assert_fails(f, MLOPS_NOT_FOUND, checkout(f, "fraud@2", "three"));
    assert_int_equal(0, shell(f, "test ! -e three"));
}

/* Turn one byte in the middle of every pack file. */
static void damage(struct fixture *f)
{
    assert_int_equal(
        0, shell(f, "for p in $(find .mlops/objects -type f -size +100000c); do "
                    "at=$(($(stat -c %s $p) / 2)); "
                    "b=$(od -An -tu1 -j$at -N1 $p | tr -d ' '); "
                    "chmod u+w $p; printf \"\\\\$(printf %o $((b ^ 255)))\" | "
                    "dd of=$p bs=1 seek=$at conv=notrunc status=none; touch damaged; done; "
                    "test -e damaged"));
}

static void a_damaged_object_leaves_no_folder(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    given_awkward_project(f);
    assert_ok(f, package(f, &result));
    damage(f);
    assert_fails(f, MLOPS_INTEGRITY, checkout(f, result.bundle, "out"));
    assert_int_equal(0, shell(f, "test ! -e out && ! ls -A | grep mlops-checkout"));
    shell(f, "mkdir empty");
    assert_fails(f, MLOPS_INTEGRITY, checkout(f, result.bundle, "empty"));
    assert_int_equal(0, shell(f, "test -z \"$(ls -A empty)\""));
}

/* Record a bundle whose manifest is `text`, as somebody with the registry's files could. */
static void given_bundle(struct fixture *f, const char *text, const char *model,
                         char id[MLOPS_BUNDLE_ID_SIZE], bool with_object)
{
    struct store *store;
    struct store_writer *writer;
    struct store_added added;
    struct digest digest;
    struct transaction *tx;
    assert_ok(f, registry_store(f->registry, &store, &f->err));
    assert_ok(f, store_writer_begin(store, &writer, &f->err));
    assert_ok(f, store_writer_add(writer, text, strlen(text), &digest, &f->err));
    if (with_object)
        assert_ok(f, store_writer_publish(writer, &added, &f->err));
    else
        store_writer_abort(writer);
    bundle_id_format(&digest, id);
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, bundle_record(tx, id, model, 1, 1, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
}

#define HOSTILE(files)                                                                             \
    "{\"data\":{},\"files\":[" files "],\"format\":\"mlops-bundle/1\",\"model\":\"m\","            \
    "\"project\":{\"model\":\"m\",\"tests\":[]}}"

static void a_bundle_that_is_not_in_the_store_is_an_integrity_error(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE], *text = NULL;
    given_bundle(f, HOSTILE(""), "m", id, false);
    assert_fails(f, MLOPS_INTEGRITY, checkout(f, id, "out"));
    assert_says(f, "is not in the store");
    assert_fails(f, MLOPS_INTEGRITY, mlops_manifest_read(f->registry, id, &text, &f->err));
}

static void a_manifest_that_leads_out_writes_nothing(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    given_bundle(f,
                 HOSTILE("{\"path\":\"x\",\"target\":\"../../escaped\",\"type\":\"link\"},"
                         "{\"mode\":\"0755\",\"path\":\"x/y\",\"type\":\"folder\"}"),
                 "m", id, true);
    assert_fails(f, MLOPS_INTEGRITY, checkout(f, id, "out"));
    given_bundle(f, HOSTILE("{\"mode\":\"0755\",\"path\":\"../escaped\",\"type\":\"folder\"}"), "m",
                 id, true);
    assert_fails(f, MLOPS_INTEGRITY, checkout(f, id, "out"));
    assert_says(f, "an unsafe path '../escaped'");
    assert_int_equal(0, shell(f, "test ! -e out && test ! -e escaped && test ! -e ../escaped"));
}

static void a_bundle_filed_under_another_model_is_an_integrity_error(void **state)
{
    struct fixture *f = *state;
    char id[MLOPS_BUNDLE_ID_SIZE];
    given_bundle(f, HOSTILE(""), "other", id, true);
    assert_fails(f, MLOPS_INTEGRITY, checkout(f, id, "out"));
    assert_says(f, "is a bundle of 'm', and the registry has it as 'other'");
    given_bundle(f, HOSTILE("{\"path\":\"l\",\"target\":\"x\",\"type\":\"link\"}"), "m", id, true);
    assert_ok(f, checkout(f, id, "fine"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(what_was_packaged_comes_back_exactly),
        bundle_test(a_checkout_packaged_again_is_the_same_bundle),
        bundle_test(a_new_folder_has_the_mode_that_the_umask_says),
        bundle_test(an_empty_folder_is_filled_and_stays_what_it_is),
        bundle_test(the_working_directory_can_be_checked_out_into),
        bundle_test(a_path_with_slashes_at_its_end_is_fine),
        bundle_test(a_folder_that_is_not_empty_is_refused_and_left_alone),
        bundle_test(a_missing_folder_above_is_not_found),
        bundle_test(versions_and_prefixes_name_bundles),
        bundle_test(a_damaged_object_leaves_no_folder),
        bundle_test(a_bundle_that_is_not_in_the_store_is_an_integrity_error),
        bundle_test(a_manifest_that_leads_out_writes_nothing),
        bundle_test(a_bundle_filed_under_another_model_is_an_integrity_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
