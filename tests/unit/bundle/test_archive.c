/* tests/unit/bundle/test_archive.c - bundles as archives: the same bytes out, and nothing but the
 * bundle in. Archives by other programs and hostile ones: tests/cli/archive.bats. */
#include "fixture.h"

#include <mlops/archive.h>

/* A second registry, in `other` of the fixture's folder; the caller closes it. */
static struct mlops_registry *given_other(struct fixture *f)
{
    struct mlops_registry *registry;
    bool created;
    char *path = in_folder(f, "other");
    assert_ok(f, mlops_registry_init(path, &created, &f->err));
    assert_ok(f, mlops_registry_open(
                     &(struct mlops_registry_options){.location = path, .actor = "bob@host"},
                     &registry, &f->err));
    free(path);
    return registry;
}

static int export_to(struct fixture *f, const char *ref, const char *name,
                     struct mlops_archive *archive)
{
    char *path = in_folder(f, name);
    int code = mlops_archive_export(f->registry, ref, path, archive, &f->err);
    free(path);
    return code;
}

static int import_from(struct fixture *f, struct mlops_registry *registry, const char *name,
                       struct mlops_package *result)
{
    char *path = in_folder(f, name);
    int code = mlops_archive_import(registry, path, result, &f->err);
    free(path);
    return code;
}

static void given_content(struct fixture *f, const char *name, const char *data, size_t length)
{
    char *path = in_folder(f, name);
    assert_ok(f, file_write_durable(path, data, length, 0644, &f->err));
    free(path);
}

/* The project with what archives may stumble over: long names, other alphabets, links, modes,
 * empty folders, a file too large for memory, one of zeros, two snapshots with one profile. */
static void given_awkward_project(struct fixture *f)
{
    given_project(f);
    given_file(f, "mlops.yaml",
               "model: fraud\n"
               "code: [train.py, features/]\n"
               "artifacts: [model/]\n"
               "data:\n"
               "  train: {path: data/train.csv, target: is_fraud, time: ts, role: reference}\n"
               "  again: {path: data/train.csv, target: is_fraud}\n");
    given_file(f, "model/name with spaces and 'quotes' \xc3\xa9\xe2\x82\xac", "x");
    given_file(f, "model/empty.bin", "");
    given_link(f, "model/link", "weights.bin");
    given_link(f, "model/\xc3\xa9", "name with spaces and 'quotes' \xc3\xa9\xe2\x82\xac");
    assert_int_equal(
        0, shell(f, "cd project/model && mkdir -p empty/inner && chmod 711 empty && "
                    "chmod 400 weights.bin && "
                    "d=$(printf '%0120d/%0120d' 1 2) && mkdir -p $d && echo deep > $d/file && "
                    "ln -s \"$d/file\" to-deep && "
                    "head -c 9000000 /dev/urandom > big.bin && truncate -s 20M zeros.bin"));
}

static void a_bundle_gives_the_same_bytes_every_time(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_archive archive;
    given_awkward_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, export_to(f, result.bundle, "1.tar.zst", &archive));
    assert_string_equal(result.bundle, archive.version.bundle);
    assert_int_equal(0, archive.version.number);
    assert_int_equal(result.files, archive.files);
    assert_int_equal(result.bytes, archive.bytes);
    struct stat status;
    char *path = in_folder(f, "1.tar.zst");
    assert_int_equal(0, stat(path, &status));
    assert_int_equal(archive.archive_bytes, status.st_size);
    assert_int_equal(0644, status.st_mode & 0777);
    free(path);

    umask(077);
    assert_int_equal(0, setenv("TZ", "Asia/Tokyo", 1));
    assert_ok(f, export_to(f, result.bundle, "2.tar.zst", &archive));
    unsetenv("TZ");
    umask(022);
    assert_int_equal(0, shell(f, "cmp 1.tar.zst 2.tar.zst"));
    assert_int_equal(0, shell(f, "test -z \"$(ls | grep tmp)\" && test -z \"$(ls .mlops/tmp)\""));
}

static void what_was_exported_comes_back_exactly_elsewhere(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result, imported;
    struct mlops_archive archive;
    struct mlops_checkout done;
    given_awkward_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, export_to(f, result.bundle, "1.tar.zst", &archive));
    struct mlops_registry *other = given_other(f);
    assert_ok(f, import_from(f, other, "1.tar.zst", &imported));
    assert_string_equal(result.bundle, imported.bundle);
    assert_string_equal("fraud", imported.model);
    assert_int_equal(result.files, imported.files);
    assert_int_equal(result.bytes, imported.bytes);
    assert_true(imported.new_bytes > 9000000);

    char *one = in_folder(f, "one"), *two = in_folder(f, "two"), *again = in_folder(f, "2.tar.zst");
    assert_ok(f, mlops_checkout(f->registry, result.bundle, one, NULL, &done, &f->err));
    assert_ok(f, mlops_checkout(other, result.bundle, two, NULL, &done, &f->err));
    assert_int_equal(0, shell(f, "diff -r --no-dereference one two && "
                                 "(cd one && find . -printf '%P %y %m %l\\n' | sort) > 1 && "
                                 "(cd two && find . -printf '%P %y %m %l\\n' | sort) > 2 && "
                                 "diff 1 2 && test -z \"$(ls other/.mlops/tmp)\""));
    assert_ok(f, mlops_archive_export(other, result.bundle, again, &archive, &f->err));
    assert_int_equal(0, shell(f, "cmp 1.tar.zst 2.tar.zst"));
    free(one);
    free(two);
    free(again);
    mlops_registry_close(other);
}

static void importing_again_stores_nothing_new(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result, imported;
    struct mlops_archive archive;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, export_to(f, result.bundle, "1.tar.zst", &archive));
    assert_ok(f, import_from(f, f->registry, "1.tar.zst", &imported));
    assert_string_equal(result.bundle, imported.bundle);
    assert_int_equal(0, imported.new_bytes);
}

static void an_archive_that_is_there_is_replaced_and_a_link_to_it_stays(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_archive archive;
    given_project(f);
    assert_ok(f, package(f, &result));
    given_content(f, "1.tar.zst", "old", 3);
    assert_int_equal(0, shell(f, "ln -s 1.tar.zst link"));
    assert_ok(f, export_to(f, result.bundle, "link", &archive));
    assert_int_equal(0, shell(f, "test -L link && test \"$(wc -c < 1.tar.zst)\" -gt 100"));
}

static void an_export_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_archive archive;
    given_awkward_project(f);
    assert_ok(f, package(f, &result));
    assert_fails(f, MLOPS_NOT_FOUND, export_to(f, "fraud@7", "1.tar.zst", &archive));
    assert_fails(f, MLOPS_NOT_FOUND, export_to(f, result.bundle, "no/1.tar.zst", &archive));
    assert_says(f, "there is no folder");
    assert_fails(f, MLOPS_INVALID, export_to(f, result.bundle, "project", &archive));
    assert_says(f, "is a folder");
    assert_fails(f, MLOPS_IO, export_to(f, result.bundle, "/dev/full", &archive));
    assert_says(f, "No space left");

    /* a byte of the large file flipped in the store */
    given_content(f, "old.tar.zst", "old", 3);
    assert_int_equal(0,
                     shell(f, "p=$(ls -S .mlops/objects/packs/*.pack | head -1) && chmod u+w $p && "
                              "printf '\\377\\000\\377\\000' | "
                              "dd of=$p bs=1 seek=5000000 conv=notrunc"));
    assert_fails(f, MLOPS_INTEGRITY, export_to(f, result.bundle, "old.tar.zst", &archive));
    assert_int_equal(0, shell(f, "test \"$(cat old.tar.zst)\" = old"));
    assert_int_equal(0, shell(f, "test -z \"$(ls | grep tmp)\" && test -z \"$(ls .mlops/tmp)\""));
}

/* ---- hostile archives -------------------------------------------------------------------- */

/* The registry has nothing of it: no bundle, no pack, no log entry, nothing half-way. */
static void assert_untouched(struct fixture *f, struct mlops_registry *other)
{
    struct mlops_log log = {0};
    struct mlops_version_list list = {0};
    assert_ok(f, mlops_log_read(other, &(struct mlops_log_filter){0}, &log, &f->err));
    assert_int_equal(1, log.count); /* the init */
    assert_ok(f, mlops_version_list(other, NULL, &list, &f->err));
    assert_int_equal(0, list.count);
    mlops_log_clear(&log);
    mlops_version_list_clear(&list);
    assert_int_equal(0,
                     shell(f, "test -z \"$(ls other/.mlops/objects/packs other/.mlops/objects/tmp "
                              "other/.mlops/tmp | grep -v :)\""));
}

/* It must fail, and with one of the two codes that blame the archive. */
static void assert_refused(struct fixture *f, struct mlops_registry *other, const char *name)
{
    struct mlops_package imported;
    memset(&f->err, 0, sizeof(f->err));
    int code = import_from(f, other, name, &imported);
    if (code != MLOPS_INVALID && code != MLOPS_INTEGRITY)
        fail_msg("exit code %d: %s", code, f->err.message);
    assert_int_equal(code, f->err.code);
}

static void an_archive_cut_off_anywhere_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result;
    struct mlops_archive archive;
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, export_to(f, result.bundle, "1.tar.zst", &archive));
    char *path = in_folder(f, "1.tar.zst");
    assert_ok(f, file_read(path, 1U << 20, &bytes, &f->err));
    free(path);
    struct mlops_registry *other = given_other(f);
    for (size_t length = 0; length < bytes.length; length += length < 64 ? 1 : 97) {
        given_content(f, "cut", bytes.data, length);
        assert_refused(f, other, "cut");
    }
    given_content(f, "cut", bytes.data, bytes.length - 1);
    assert_refused(f, other, "cut");
    assert_untouched(f, other);
    mlops_registry_close(other);
}

/* But for the manifest, of which other words are another bundle, with another id. Uncompressed, so
 * that the tar reader sees the damage and no checksum of zstd gets in between. */
static void a_tar_with_a_byte_changed_is_refused_or_the_same_bundle(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result, imported;
    struct mlops_archive archive;
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, export_to(f, result.bundle, "1.tar.zst", &archive));
    if (shell(f, "zstd -dc 1.tar.zst > 1.tar") != 0)
        skip();
    char *path = in_folder(f, "1.tar");
    assert_ok(f, file_read(path, 1U << 20, &bytes, &f->err));
    free(path);
    struct mlops_registry *other = given_other(f);
    char *json = NULL;
    assert_ok(f, mlops_manifest_read(f->registry, result.bundle, &json, &f->err));
    size_t manifest_end = 512 + strlen(json);
    assert_memory_equal(json, bytes.data + 512, strlen(json));
    free(json);
    for (size_t at = 0; at < bytes.length; at += at % 512 < 160 ? 7 : 61) {
        if (at >= 512 && at < manifest_end)
            continue;
        bytes.data[at] ^= 0x11;
        given_content(f, "changed", bytes.data, bytes.length);
        memset(&f->err, 0, sizeof(f->err));
        int code = import_from(f, other, "changed", &imported);
        if (code == MLOPS_OK) /* padding, a time, an owner: nothing of the bundle */
            assert_string_equal(result.bundle, imported.bundle);
        else if (code != MLOPS_INVALID && code != MLOPS_INTEGRITY)
            fail_msg("byte %zu: exit code %d: %s", at, code, f->err.message);
        bytes.data[at] ^= 0x11;
    }
    mlops_registry_close(other);
}

static void what_is_no_archive_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mlops_package imported;
    struct mlops_registry *other = given_other(f);
    assert_fails(f, MLOPS_NOT_FOUND, import_from(f, other, "nothing", &imported));
    assert_fails(f, MLOPS_INVALID, import_from(f, other, "project", &imported));
    assert_says(f, "is a folder");
    given_content(f, "empty", "", 0);
    assert_fails(f, MLOPS_INVALID, import_from(f, other, "empty", &imported));
    assert_says(f, "is not an archive of a bundle");
    given_content(f, "text", "model: fraud\n", 13);
    assert_fails(f, MLOPS_INVALID, import_from(f, other, "text", &imported));
    assert_int_equal(0, shell(f, "tar cf plain.tar project"));
    assert_refused(f, other, "plain.tar");
    assert_untouched(f, other);
    mlops_registry_close(other);
}

static bool stop(void *context)
{
    (void)context;
    return true;
}

static void both_stop_when_they_are_told_to(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result, imported;
    struct mlops_archive archive;
    struct mlops_registry *stopping;
    given_project(f);
    assert_ok(f, package(f, &result));
    assert_ok(f, export_to(f, result.bundle, "1.tar.zst", &archive));
    assert_ok(f,
              mlops_registry_open(&(struct mlops_registry_options){.location = f->folder,
                                                                   .observer = {.cancelled = stop}},
                                  &stopping, &f->err));
    char *path = in_folder(f, "2.tar.zst");
    assert_fails(f, MLOPS_CANCELLED,
                 mlops_archive_export(stopping, result.bundle, path, &archive, &f->err));
    assert_false(path_exists(path));
    assert_fails(f, MLOPS_CANCELLED, import_from(f, stopping, "1.tar.zst", &imported));
    assert_int_equal(0, shell(f, "test -z \"$(ls | grep tmp)\""));
    free(path);
    mlops_registry_close(stopping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(a_bundle_gives_the_same_bytes_every_time),
        bundle_test(what_was_exported_comes_back_exactly_elsewhere),
        bundle_test(importing_again_stores_nothing_new),
        bundle_test(an_archive_that_is_there_is_replaced_and_a_link_to_it_stays),
        bundle_test(an_export_that_fails_leaves_nothing),
        bundle_test(an_archive_cut_off_anywhere_is_refused),
        bundle_test(a_tar_with_a_byte_changed_is_refused_or_the_same_bundle),
        bundle_test(what_is_no_archive_is_refused),
        bundle_test(both_stop_when_they_are_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
