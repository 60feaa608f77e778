/* tests/unit/bundle/test_manifest.c - manifests read back are hostile until checked. */
#include "test.h"

#include "base/json.h"
#include "bundle/manifest.h"
#include "bundle/walk.h"
#include "manifest_list.h"

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define FILE_AT(path)                                                                              \
    "{\"mode\":\"0644\",\"path\":\"" path "\",\"sha256\":\"" DIGEST                                \
    "\",\"size\":3,\"type\":\"file\"}"
#define FOLDER_AT(path) "{\"mode\":\"0755\",\"path\":\"" path "\",\"type\":\"folder\"}"
#define LINK_AT(path, target) "{\"path\":\"" path "\",\"target\":\"" target "\",\"type\":\"link\"}"

/* A manifest with these files and data. */
static char *given(const char *files, const char *data)
{
    return xprintf("{\"code\":{\"git\":null},\"data\":{%s},\"description\":null,\"environment\":"
                   "null,\"files\":[%s],\"format\":\"mlops-bundle/1\",\"metrics\":{},\"model\":"
                   "\"m\",\"params\":{},\"project\":{\"model\":\"m\",\"tests\":[]}}",
                   data, files);
}

static int parse(const char *text, struct manifest *manifest, struct mlops_error *err)
{
    memset(err, 0, sizeof(*err));
    return manifest_parse(text, strlen(text), manifest, err);
}

static void accepted(const char *files)
{
    struct manifest manifest;
    struct mlops_error err;
    char *text = given(files, "");
    if (parse(text, &manifest, &err))
        fail_msg("%s: %s", files, err.message);
    manifest_clear(&manifest);
    free(text);
}

static void refused_text(char *text, const char *message)
{
    struct manifest manifest;
    struct mlops_error err;
    if (parse(text, &manifest, &err) == MLOPS_OK)
        fail_msg("was let through: %s", text);
    assert_int_equal(MLOPS_INTEGRITY, err.code);
    assert_string_equal(message, err.message);
    assert_null(manifest.json);
    free(text);
}

static void refused(const char *files, const char *message)
{
    refused_text(given(files, ""), message);
}

static void a_manifest_is_read(void **state)
{
    struct manifest m;
    struct mlops_error err;
    (void)state;
    char *text = given(FILE_AT("a.py") "," FOLDER_AT("b") "," LINK_AT("b/c", "../a.py"),
                       "\"train\":{\"columns\":[],\"path\":\"a.py\",\"profile\":\"" DIGEST
                       "\",\"role\":\"reference\",\"rows\":12,\"target\":\"y\",\"time\":null}");
    if (parse(text, &m, &err))
        fail_msg("%s", err.message);
    assert_string_equal("m", m.project.model);
    assert_int_equal(3, m.file_count);
    assert_int_equal(MANIFEST_FILE, m.files[0].kind);
    assert_int_equal(0644, m.files[0].mode);
    assert_int_equal(3, m.files[0].size);
    assert_int_equal(0xba, m.files[0].digest.bytes[0]);
    assert_int_equal(MANIFEST_FOLDER, m.files[1].kind);
    assert_string_equal("../a.py", m.files[2].target);
    assert_int_equal(1, m.data_count);
    assert_string_equal("train", m.data[0].name);
    assert_int_equal(12, m.data[0].rows);
    assert_null(m.data[0].time);
    manifest_clear(&m);
    free(text);
}

/* A manifest with this lineage, in canonical form. */
static char *given_lineage(const char *lineage)
{
    return xprintf("{\"code\":{\"git\":null},\"data\":{},\"description\":null,\"environment\":"
                   "null,\"files\":[],\"format\":\"mlops-bundle/1\",\"lineage\":%s,\"metrics\":{},"
                   "\"model\":\"m\",\"params\":{},\"project\":{\"model\":\"m\",\"tests\":[]}}",
                   lineage);
}

#define PARENT(digits) "{\"bundle\":\"sha256:" digits "\",\"model\":\"m\"}"

static void lineage_is_a_sorted_list_of_bundles_and_a_run(void **state)
{
    static const char *const wrong[] = {
        "null",
        "[]",
        "{}",
        "{\"parents\":{}}",
        "{\"parents\":[],\"run\":7}",
        "{\"parents\":[],\"run\":\"\"}",
        "{\"parents\":[],\"run\":\"a\\u0001\"}",
        "{\"parents\":[7]}",
        "{\"parents\":[null]}",
        "{\"parents\":[{\"bundle\":\"sha256:12\",\"model\":\"m\"}]}",
        "{\"parents\":[{\"bundle\":\"sha256:" DIGEST "\",\"model\":\"../m\"}]}",
        "{\"parents\":[{\"bundle\":\"sha256:" DIGEST "\"}]}",
        "{\"parents\":[" PARENT(DIGEST) "," PARENT(DIGEST) "]}",
    };
    struct manifest manifest;
    struct mlops_error err;
    (void)state;
    char *text = given_lineage("{\"parents\":[" PARENT(DIGEST) "],\"run\":\"run-7\"}");
    if (parse(text, &manifest, &err))
        fail_msg("%s", err.message);
    manifest_clear(&manifest);
    free(text);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        refused_text(given_lineage(wrong[i]), "the manifest is wrong: its lineage is none");
}

static void paths_that_lead_out_are_refused(void **state)
{
    (void)state;
    refused(FILE_AT("../x"), "the manifest is wrong: an unsafe path '../x'");
    refused(FILE_AT("/etc/passwd"), "the manifest is wrong: an unsafe path '/etc/passwd'");
    refused(FOLDER_AT("a") "," FILE_AT("a/../../x"),
            "the manifest is wrong: an unsafe path 'a/../../x'");
    refused(FILE_AT("./x"), "the manifest is wrong: an unsafe path './x'");
    refused(FILE_AT("x/"), "the manifest is wrong: an unsafe path 'x/'");
    refused(FOLDER_AT("."), "the manifest is wrong: an unsafe path '.'");
    refused(FILE_AT(""), "the manifest is wrong: an unsafe path ''");
    refused("{\"type\":\"file\"}", "the manifest is wrong: an unsafe path");
}

static void names_that_a_terminal_would_act_on_are_refused_and_escaped(void **state)
{
    (void)state;
    refused(FILE_AT("a\\u001b[2J"), "the manifest is wrong: an unsafe path 'a\\x1b[2J'");
    refused(FILE_AT("a\xc2\x9b"
                    "2J"),
            "the manifest is wrong: an unsafe path 'a\\xc2\\x9b2J'");
}

static void git_folders_and_registries_are_refused(void **state)
{
    (void)state;
    refused(FOLDER_AT(".git"), "the manifest is wrong: an unsafe path '.git'");
    refused(FOLDER_AT("a") "," FOLDER_AT("a/.git"),
            "the manifest is wrong: an unsafe path 'a/.git'");
    refused(LINK_AT(".mlops", "a"), "the manifest is wrong: an unsafe path '.mlops'");
    accepted(FILE_AT(".gitignore") "," FILE_AT(".mlops.yaml"));
}

static void files_stand_once_in_order_and_in_listed_folders(void **state)
{
    (void)state;
    refused(FILE_AT("b") "," FILE_AT("a"), "the manifest is wrong: files out of order at 'a'");
    refused(FILE_AT("a") "," FILE_AT("a"), "the manifest is wrong: files out of order at 'a'");
    refused(FILE_AT("a/b"), "the manifest is wrong: no folder above 'a/b'");
    refused(FILE_AT("a") "," FILE_AT("a/b"), "the manifest is wrong: no folder above 'a/b'");
    refused(LINK_AT("a", "b") "," FILE_AT("a/b"), "the manifest is wrong: no folder above 'a/b'");
}

static void links_are_judged_by_where_they_really_lead(void **state)
{
    (void)state;
    refused(LINK_AT("a", "/etc/passwd"),
            "the manifest is wrong: the link 'a' leads out of the project, to '/etc/passwd'");
    refused(LINK_AT("a", "../x"),
            "the manifest is wrong: the link 'a' leads out of the project, to '../x'");
    refused(LINK_AT("a", ""), "the manifest is wrong: no target of the link 'a'");
    refused("{\"path\":\"a\",\"type\":\"link\"}",
            "the manifest is wrong: no target of the link 'a'");
    /* each text stays inside, but d/e/up is the top, and above it is outside */
    refused(FOLDER_AT("d") "," FOLDER_AT("d/e") "," LINK_AT("d/e/up", "../..") "," LINK_AT(
                "x", "d/e/up/../etc"),
            "the manifest is wrong: the link 'x' leads out of the project, to 'd/e/up/../etc'");
    refused(LINK_AT("a", "b") "," LINK_AT("b", "a"),
            "the manifest is wrong: the link 'a' to 'b' leads round in a circle");
    refused(LINK_AT("a", "a"),
            "the manifest is wrong: the link 'a' to 'a' leads round in a circle");
    accepted(FOLDER_AT("d") "," FOLDER_AT("d/e") "," LINK_AT("d/e/up", "../..") "," FILE_AT("x"));
    accepted(LINK_AT("dangling", "nowhere/at/all"));
    refused(LINK_AT("dangling", "nowhere/../../etc"),
            "the manifest is wrong: the link 'dangling' leads out of the project, to "
            "'nowhere/../../etc'");
}

static void kinds_modes_sizes_and_digests_are_checked(void **state)
{
    (void)state;
    refused("{\"path\":\"a\",\"type\":\"socket\"}", "the manifest is wrong: unknown type of 'a'");
    refused("{\"mode\":\"4755\",\"path\":\"a\",\"type\":\"folder\"}",
            "the manifest is wrong: no permissions of 'a'");
    refused("{\"mode\":\"0799\",\"path\":\"a\",\"type\":\"folder\"}",
            "the manifest is wrong: no permissions of 'a'");
    refused("{\"mode\":420,\"path\":\"a\",\"type\":\"folder\"}",
            "the manifest is wrong: no permissions of 'a'");
    refused("{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"xyz\",\"size\":3,\"type\":\"file\"}",
            "the manifest is wrong: no digest or size of 'a'");
    refused("{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"" DIGEST
            "\",\"size\":-1,\"type\":\"file\"}",
            "the manifest is wrong: no digest or size of 'a'");
    refused("{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"" DIGEST
            "\",\"size\":1e+300,\"type\":\"file\"}",
            "the manifest is wrong: no digest or size of 'a'");
    refused("7", "the manifest is wrong: an unsafe path");
}

static void snapshots_are_checked(void **state)
{
    (void)state;
    refused_text(given("", "\"a b\":{\"path\":\"x\",\"profile\":\"" DIGEST "\",\"rows\":1}"),
                 "the manifest is wrong: no path, rows or profile of the snapshot 'a b'");
    refused_text(given("", "\"a\":{\"path\":\"../x\",\"profile\":\"" DIGEST "\",\"rows\":1}"),
                 "the manifest is wrong: no path, rows or profile of the snapshot 'a'");
    refused_text(given("", "\"a\":{\"path\":\"x\",\"profile\":\"12\",\"rows\":1}"),
                 "the manifest is wrong: no path, rows or profile of the snapshot 'a'");
    refused_text(given("", "\"a\":{\"path\":\"x\",\"profile\":\"" DIGEST "\",\"rows\":0.5}"),
                 "the manifest is wrong: no path, rows or profile of the snapshot 'a'");
    refused_text(given("", "\"a\":5"),
                 "the manifest is wrong: no path, rows or profile of the snapshot 'a'");
}

/* A snapshot whose member `csv` is this. */
static char *given_csv(const char *csv)
{
    char *data =
        xprintf("\"a\":{\"csv\":%s,\"path\":\"x\",\"profile\":\"" DIGEST "\",\"rows\":1}", csv);
    char *text = given("", data);
    free(data);
    return text;
}

static void how_a_snapshot_is_read_is_read_back(void **state)
{
    struct manifest manifest;
    struct mlops_error err;
    const struct csv_keys nothing = {0};
    const char *csv =
        "{\"columns\":[\"a\",\"b\"],\"comment\":\"#\",\"ragged\":\"fill\",\"separator\":\"\\t\"}";
    char *text = given_csv(csv);
    (void)state;
    if (parse(text, &manifest, &err))
        fail_msg("%s", err.message);
    free(text);
    const struct csv_keys *keys = &manifest.data[0].csv;
    assert_int_equal('\t', keys->separator);
    assert_int_equal('#', keys->comment);
    assert_int_equal(TABLE_RAGGED_FILL, keys->ragged);
    assert_string_equal("b", keys->columns[1]);
    assert_null(keys->columns[2]);
    _cleanup_(json_free) cJSON *json = csv_keys_to_json(keys);
    _cleanup_(buffer_clear) struct buffer again = {0};
    assert_int_equal(MLOPS_OK, json_write_canonical(json, &again, &err));
    assert_string_equal(csv, again.data);
    struct table_options options = {.only_expected = true};
    csv_keys_apply(keys, &options);
    assert_int_equal('\t', options.separator);
    assert_int_equal('#', options.comment);
    assert_int_equal(TABLE_RAGGED_FILL, options.ragged);
    assert_string_equal("a", options.names[0]);
    assert_true(options.only_expected);
    manifest_clear(&manifest);
    assert_null(csv_keys_to_json(&nothing)); /* a snapshot without them has the bytes of before */
}

static void no_way_to_read_a_snapshot_is_refused(void **state)
{
    static const char *const wrong[] = {
        "null",
        "[]",
        "\";\"",
        "{\"separator\":\"\"}",
        "{\"separator\":\";;\"}",
        "{\"separator\":59}",
        "{\"separator\":null}",
        "{\"separator\":\"\\\"\"}",
        "{\"separator\":\"\\n\"}",
        "{\"separator\":\"\xc2\xa7\"}",
        "{\"comment\":\"\\r\"}",
        "{\"comment\":\"#\",\"separator\":\"#\"}",
        "{\"comment\":true}",
        "{\"ragged\":\"drop\"}",
        "{\"ragged\":1}",
        "{\"columns\":[]}",
        "{\"columns\":\"a\"}",
        "{\"columns\":[\"a\",\"a\"]}",
        "{\"columns\":[\"a\",\"\"]}",
        "{\"columns\":[1]}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        refused_text(given_csv(wrong[i]), "the manifest is wrong: no way to read the snapshot 'a'");
}

static void another_format_model_or_no_files_are_refused(void **state)
{
    (void)state;
    refused_text(xstrdup("{}"), "the manifest is wrong: its format is not mlops-bundle/1");
    refused_text(xstrdup("[]"), "the manifest is wrong: its format is not mlops-bundle/1");
    refused_text(xstrdup("{\"format\":\"mlops-bundle/2\"}"),
                 "the manifest is wrong: its format is not mlops-bundle/1");
    refused_text(xstrdup("{\"format\":\"mlops-bundle/1\"}"),
                 "the manifest's project is wrong: it is not there");
    refused_text(xstrdup("{\"format\":\"mlops-bundle/1\",\"model\":\"a\",\"project\":{\"model\":"
                         "\"b\"}}"),
                 "the manifest is wrong: it and its project name different models");
    refused_text(
        xstrdup("{\"format\":\"mlops-bundle/1\",\"model\":\"a\",\"project\":{\"model\":\"a\"}}"),
        "the manifest is wrong: it has no files or no data");
}

static void the_same_in_other_words_is_refused(void **state)
{
    static const char message[] = "the manifest is wrong: it is not in canonical form (RFC 8785)";
    (void)state;
    char *text = given("", "");
    refused_text(xprintf("%s\n", text), message);
    refused_text(xprintf(" %s", text), message);
    refused_text(xstrdup("{\"model\":\"m\",\"format\":\"mlops-bundle/1\"}"), message);
    refused_text(xstrdup("{\"format\":\"mlops-bundle\\/1\"}"), message);
    refused_text(xstrdup("{\"format\":\"mlops-bundle/1\",\"x\":1.0}"), message);
    free(text);
}

static void usual_entries_are_read_without_a_tree(void **state)
{
    static const char *const lists[] = {
        "[]",
        "[" FILE_AT("a.py") "," FOLDER_AT("b") "," LINK_AT("b/c", "../a.py") "]",
        "[" FILE_AT("\u00fcber mut") "]",
        "[{\"mode\":\"0600\",\"path\":\"big\",\"sha256\":\"" DIGEST
        "\",\"size\":9007199254740992,\"type\":\"file\"}]",
        "[{\"mode\":\"0777\",\"path\":\"empty\",\"sha256\":\"" DIGEST
        "\",\"size\":0,\"type\":\"file\"}]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        _cleanup_(free_string) char *again = manifest_list_again(lists[i], strlen(lists[i]));
        assert_non_null(again);
        assert_string_equal(lists[i], again);
    }
}

static void what_is_unusual_is_left_to_the_tree(void **state)
{
    static const char *const lists[] = {
        "",
        "[",
        "]",
        "{}",
        "[] ",
        " []",
        "[,]",
        "[{}]",
        "[" FILE_AT("a") ",]",
        "[" FILE_AT("a") FILE_AT("b") "]",
        "[" FILE_AT("a") ", " FILE_AT("b") "]",
        "[" FILE_AT("../a") "]",
        "[" FILE_AT(".git") "]",
        "[" FILE_AT("a\\\"b") "]", /* fine, but escaped */
        "[" FILE_AT("a\x01") "]",
        "[" FILE_AT("a\xff") "]",
        "[" LINK_AT("a", "") "]",
        "[{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"" DIGEST
        "\",\"size\":03,\"type\":\"file\"}]",
        "[{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"" DIGEST
        "\",\"size\":9007199254740993,\"type\":\"file\"}]",
        "[{\"mode\":\"0644\",\"path\":\"a\",\"sha256\":\"" DIGEST
        "\",\"size\":,\"type\":\"file\"}]",
        "[{\"mode\":\"1644\",\"path\":\"a\",\"type\":\"folder\"}]",
        "[{\"mode\":\"0755\",\"path\":\"a\",\"type\":\"folder\",\"x\":1}]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        if (manifest_list_again(lists[i], strlen(lists[i])))
            fail_msg("was taken: %s", lists[i]);
    /* in names that are fine but escaped, and in members that are not known, the tree finds nothing
     * wrong */
    accepted(FILE_AT("a\\\"b") "," FILE_AT("c"));
    accepted("{\"mode\":\"0755\",\"path\":\"a\",\"type\":\"folder\",\"x\":1}");
}

static void every_truncation_and_every_changed_byte_is_survived(void **state)
{
    struct manifest manifest;
    struct mlops_error err = {0};
    (void)state;
    char *text = given(FILE_AT("a.py") "," FOLDER_AT("b") "," LINK_AT("b/c", "../a.py"),
                       "\"train\":{\"path\":\"a.py\",\"profile\":\"" DIGEST "\",\"rows\":12}");
    size_t length = strlen(text);
    assert_int_equal(MLOPS_OK, manifest_parse(text, length, &manifest, &err));
    manifest_clear(&manifest);
    for (size_t cut = 0; cut < length; cut++) {
        char *part = xstrndup(text, cut);
        assert_int_equal(MLOPS_INTEGRITY, manifest_parse(part, cut, &manifest, &err));
        free(part);
    }
    for (size_t at = 0; at < length; at++) {
        text[at] ^= 1;
        if (manifest_parse(text, length, &manifest, &err) == MLOPS_OK)
            manifest_clear(&manifest);
        else
            assert_int_equal(MLOPS_INTEGRITY, err.code);
        text[at] ^= 1;
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_is_read),
        cmocka_unit_test(lineage_is_a_sorted_list_of_bundles_and_a_run),
        cmocka_unit_test(paths_that_lead_out_are_refused),
        cmocka_unit_test(names_that_a_terminal_would_act_on_are_refused_and_escaped),
        cmocka_unit_test(git_folders_and_registries_are_refused),
        cmocka_unit_test(files_stand_once_in_order_and_in_listed_folders),
        cmocka_unit_test(links_are_judged_by_where_they_really_lead),
        cmocka_unit_test(kinds_modes_sizes_and_digests_are_checked),
        cmocka_unit_test(snapshots_are_checked),
        cmocka_unit_test(how_a_snapshot_is_read_is_read_back),
        cmocka_unit_test(no_way_to_read_a_snapshot_is_refused),
        cmocka_unit_test(another_format_model_or_no_files_are_refused),
        cmocka_unit_test(the_same_in_other_words_is_refused),
        cmocka_unit_test(usual_entries_are_read_without_a_tree),
        cmocka_unit_test(what_is_unusual_is_left_to_the_tree),
        cmocka_unit_test(every_truncation_and_every_changed_byte_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
