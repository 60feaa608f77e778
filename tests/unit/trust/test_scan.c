/* tests/unit/trust/test_scan.c - the engine: content decides, limits hold, nothing is left out. */
#include "test.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include "trust/pickle.h"
#include "trust/run.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pickle of protocol 0 that calls os.system, and one of None. */
#define EVIL "cos\nsystem\n(S'true'\ntR."
#define HARMLESS "\x80\x04N."

static bool never(void *context)
{
    (void)context;
    return false;
}

static bool always(void *context)
{
    (void)context;
    return true;
}

struct look {
    struct scan scan;
    struct findings findings;
    struct mlops_error err;
};

static int look_as(struct look *look, const char *name, const void *data, size_t length,
                   enum scan_role role)
{
    struct source *source = source_of_memory(data, length);
    if (!look->scan.cancelled)
        look->scan.cancelled = never;
    const struct scan_file file = {.scan = &look->scan,
                                   .source = source,
                                   .path = name,
                                   .name = name,
                                   .role = role,
                                   .findings = &look->findings};
    int code = scan_file(&file, &look->err);
    source_close(source);
    return code;
}

static bool found(const struct look *look, const char *rule)
{
    for (size_t i = 0; i < look->findings.count; i++)
        if (str_equal(look->findings.items[i].rule->id, rule))
            return true;
    return false;
}

/* What a file comes to. */
static enum verdict verdict_of(const char *name, const void *data, size_t length, const char *rule,
                               enum scan_role role)
{
    struct look look = {0};
    assert_int_equal(MLOPS_OK, look_as(&look, name, data, length, role));
    if (rule && !found(&look, rule))
        fail_msg("%s: no finding of %s", name, rule);
    if (!rule)
        assert_int_equal(0, look.findings.count);
    enum verdict verdict = look.findings.verdict;
    findings_clear(&look.findings);
    return verdict;
}

#define VERDICT(name, data, rule)                                                                  \
    verdict_of((name), (data), sizeof(data) - 1, (rule), SCAN_ARTIFACT)

/* ---- what a file is -------------------------------------------------------------------------- */

static void the_content_decides_and_not_the_name(void **state)
{
    (void)state;
    assert_int_equal(VERDICT_UNSAFE, VERDICT("model.pkl", EVIL, "pickle/import-denied"));
    assert_int_equal(VERDICT_UNSAFE, VERDICT("model", EVIL, "pickle/import-denied"));
    assert_int_equal(VERDICT_UNSAFE, VERDICT("notes.txt", EVIL, "pickle/import-denied"));
    assert_int_equal(VERDICT_SAFE, VERDICT("model.pkl", HARMLESS, NULL));
}

static void what_can_run_code_under_a_harmless_name_is_disguised(void **state)
{
    (void)state;
    assert_int_equal(VERDICT_UNSAFE, VERDICT("table.csv", HARMLESS, "scan/disguised"));
    assert_int_equal(VERDICT_UNSAFE, VERDICT("m.safetensors", HARMLESS, "scan/disguised"));
    assert_int_equal(VERDICT_UNSAFE, VERDICT("M.NPY", HARMLESS, "scan/disguised"));
}

static void another_name_than_the_content_is_a_finding(void **state)
{
    (void)state;
    assert_int_equal(VERDICT_UNKNOWN, VERDICT("m.npy", "some words\n", "scan/name-mismatch"));
    assert_int_equal(VERDICT_SAFE, VERDICT("m.bin", "some words\n", NULL));
    assert_int_equal(VERDICT_SAFE, VERDICT("m.whatever", "some words\n", NULL));
    assert_int_equal(VERDICT_SAFE, VERDICT(".npy", "some words\n", NULL)); /* no ending */
}

/* Begins as a pickle and has tar's magic where tar has it (POSIX.1-2017, pax: offset 257). */
static void what_is_two_things_at_once_is_unsafe_and_scanned_as_both(void **state)
{
    struct look look = {0};
    char block[1024] = "\x80\x04N.";
    (void)state;
    memcpy(block + 257, "ustar\00000", 8);
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)block[i];
    (void)snprintf(block + 148, 8, "%06o", sum);
    assert_int_equal(MLOPS_OK, look_as(&look, "model", block, sizeof(block), SCAN_ARTIFACT));
    assert_true(found(&look, "scan/polyglot"));
    assert_int_equal(VERDICT_UNSAFE, look.findings.verdict);
    findings_clear(&look.findings);
}

static void what_no_format_claims_is_unknown_but_for_data(void **state)
{
    static const char bytes[] = "\x01\x02\xff\xfe";
    (void)state;
    assert_int_equal(VERDICT_UNKNOWN, VERDICT("m.bin", bytes, "scan/unknown-format"));
    assert_int_equal(VERDICT_UNKNOWN,
                     verdict_of("m.py", bytes, 4, "scan/unknown-format", SCAN_CODE));
    assert_int_equal(VERDICT_SAFE, verdict_of("m.dat", bytes, 4, "scan/opaque-data", SCAN_DATA));
}

static void an_empty_file_is_safe_whatever_its_name(void **state)
{
    (void)state;
    assert_int_equal(VERDICT_SAFE, verdict_of("m.pkl", "", 0, NULL, SCAN_ARTIFACT));
    assert_int_equal(VERDICT_SAFE, verdict_of("m.npy", "", 0, NULL, SCAN_ARTIFACT));
}

/* ---- text ------------------------------------------------------------------------------------ */

/* `size` bytes of text with `what` at `offset`; the caller frees. */
static char *text_with(size_t size, size_t offset, const char *what, size_t length)
{
    char *text = xmalloc(size);
    memset(text, 'a', size);
    memcpy(text + offset, what, length);
    return text;
}

/* As of an empty attribute of HDF5, which has no address either. */
static void no_bytes_begin_no_pickle(void **state)
{
    (void)state;
    assert_false(pickle_begins(NULL, 0));
}

/* Each begins with letters that are opcodes, and no unpickler does anything with it. */
static void text_that_no_unpickler_gets_through_is_text(void **state)
{
    static const char *const texts[] = {
        "ld2Wqcy1CvSJQULQReGsLyH4\n",
        "dtLabel,score\n",
        "lda_topics 20\n",
        "NNet, two layers\n",
        "(None given)\n",
        "(dtype=float32)\n",
        "(lambda x: x)\n",
        "Kettle, kelt\nand kilt\n",
        "Very nice\nNot so\n",
        "I1\ntwo\n",
        "q0tation\n",
        "]append nothing\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        size_t length = strlen(texts[i]);
        assert_int_equal(PICKLE_NONE, pickle_beginning((const uint8_t *)texts[i], length));
        assert_int_equal(VERDICT_SAFE, verdict_of("m.txt", texts[i], length, NULL, SCAN_ARTIFACT));
        assert_int_equal(VERDICT_SAFE, verdict_of("m.bin", texts[i], length, NULL, SCAN_ARTIFACT));
    }
}

static void labels_are_text_where_they_are_called_so(void **state)
{
    static const char labels[] = "cat\ndog\nbird\nhorse\n";
    (void)state;
    assert_int_equal(VERDICT_SAFE, VERDICT("labels.txt", labels, NULL));
    assert_int_equal(VERDICT_UNSAFE, VERDICT("labels.npy", labels, "scan/disguised"));
    VERDICT("labels.bin", labels, "pickle/import-unknown");
    /* a denied name, a call, a persistent name, an extension, and what is cut off */
    VERDICT("labels.txt", "cos\nsystem\nbird\n", "pickle/import-denied");
    VERDICT("labels.txt", "cat\ndog\n(tRbird\n", "pickle/import-unknown");
    VERDICT("labels.txt", "(icat\ndog\nbird\n", "pickle/import-unknown");
    VERDICT("labels.txt", "(NPcat\nbird\n", "pickle/persistent-id");
    VERDICT("labels.txt", "(N\x82\1bird\n", "pickle/extension-registry");
    VERDICT("labels.txt", "(lp0\n", "pickle/broken");
    VERDICT("labels.txt", "N(S'Python 2 reads that' \ncos\nsystem\n", "pickle/broken");
}

static void text_is_read_to_its_end(void **state)
{
    const size_t size = 1u << 20;
    const char bytes[] = {'\0', '\1', '\x7f', '\xff'};
    const size_t offsets[] = {0, 4095, 4096, 262143, 262144, 700001, size - 1};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++) {
        for (size_t j = 0; j < sizeof(bytes); j++) {
            struct look look = {0};
            _cleanup_(free_string) char *text = text_with(size, offsets[i], &bytes[j], 1);
            assert_int_equal(MLOPS_OK, look_as(&look, "m.txt", text, size, SCAN_ARTIFACT));
            assert_int_equal(1, look.findings.count);
            if (offsets[i] > SCAN_HEAD_SIZE) {
                assert_string_equal("text/binary", look.findings.items[0].rule->id);
                assert_int_equal(offsets[i], look.findings.items[0].offset);
            }
            assert_int_equal(VERDICT_UNKNOWN, look.findings.verdict);
            findings_clear(&look.findings);
        }
    }
}

static void characters_may_lie_across_the_ends_of_blocks(void **state)
{
    const size_t size = 300000;
    const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(characters); i++) {
        size_t length = strlen(characters[i]);
        for (size_t edge = 4096; edge <= 262144; edge += 262144 - 4096)
            for (size_t offset = edge - length; offset <= edge; offset++) {
                _cleanup_(free_string) char *text = text_with(size, offset, characters[i], length);
                assert_int_equal(VERDICT_SAFE,
                                 verdict_of("m.txt", text, size, NULL, SCAN_ARTIFACT));
            }
        /* cut off at the end of the file it is none */
        _cleanup_(free_string) char *cut =
            text_with(size, size - length + 1, characters[i], length - 1);
        assert_int_equal(VERDICT_UNKNOWN,
                         verdict_of("m.txt", cut, size, "text/binary", SCAN_ARTIFACT));
        assert_int_equal(VERDICT_SAFE,
                         verdict_of("m.csv", cut, size, "text/binary-data", SCAN_DATA));
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static int look_at_member(struct look *look, const struct scan_file *outer, const char *name)
{
    struct source *member = source_of_memory(EVIL, sizeof(EVIL) - 1);
    int code = scan_member(outer, name, member, &look->err);
    source_close(member);
    return code;
}

static void containers_deeper_than_the_limit_are_not_opened(void **state)
{
    struct look look = {.scan = {.limits = {.depth = 2}, .cancelled = never}};
    struct scan_file outer = {
        .scan = &look.scan, .path = "m.zip", .name = "m.zip", .findings = &look.findings};
    (void)state;
    outer.depth = 1;
    assert_int_equal(MLOPS_OK, look_at_member(&look, &outer, "in/a.pkl"));
    assert_true(found(&look, "pickle/import-denied"));
    assert_string_equal("m.zip!in/a.pkl", look.findings.items[0].file);
    findings_clear(&look.findings);
    outer.depth = 2;
    assert_int_equal(MLOPS_OK, look_at_member(&look, &outer, "a.pkl"));
    assert_true(found(&look, "scan/too-deep"));
    assert_int_equal(1, look.findings.count);
    assert_int_equal(VERDICT_UNREADABLE, look.findings.verdict);
    findings_clear(&look.findings);
}

static void more_members_than_the_limit_are_counted_and_said_once(void **state)
{
    struct look look = {.scan = {.limits = {.members = 3}, .cancelled = never}};
    const struct scan_file outer = {
        .scan = &look.scan, .path = "m.zip", .name = "m.zip", .findings = &look.findings};
    size_t denied = 0, many = 0;
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(MLOPS_OK, look_at_member(&look, &outer, "a.pkl"));
    for (size_t i = 0; i < look.findings.count; i++) {
        denied += str_equal(look.findings.items[i].rule->id, "pickle/import-denied");
        many += str_equal(look.findings.items[i].rule->id, "scan/too-many-members");
    }
    assert_int_equal(3, denied);
    assert_int_equal(1, many);
    findings_clear(&look.findings);
}

static void unpacking_stops_at_the_limits_of_size_and_ratio(void **state)
{
    struct look look = {.scan = {.limits = {.unpacked_bytes = 100u << 20}, .cancelled = never}};
    const struct scan_file file = {
        .scan = &look.scan, .path = "m.gz", .name = "m.gz", .findings = &look.findings};
    (void)state;
    assert_true(scan_spend(&file, 1u << 20, 1u << 20, 1)); /* small: whatever the ratio */
    assert_true(scan_spend(&file, 1u << 20, 30u << 20, 1u << 20));
    assert_int_equal(0, look.findings.count);
    assert_false(scan_spend(&file, 1u << 20, 40u << 20, 1000));
    assert_true(found(&look, "scan/bomb"));
    assert_false(scan_spend(&file, 100u << 20, 0, 1));
    assert_true(found(&look, "scan/too-large"));
    findings_clear(&look.findings);
}

static void whoever_wants_to_stop_is_obeyed(void **state)
{
    struct look look = {.scan = {.cancelled = always}};
    (void)state;
    assert_int_equal(MLOPS_CANCELLED, look_as(&look, "m.pkl", EVIL, 5, SCAN_ARTIFACT));
    findings_clear(&look.findings);
}

/* ---- files and folders ----------------------------------------------------------------------- */

struct folder {
    char *path;
    struct mlops_scan_report report;
    struct mlops_error err;
};

static int folder_setup(void **state)
{
    struct folder *folder = xcalloc(1, sizeof(*folder));
    *state = folder;
    return directory_make_temporary("/tmp", "test-scan", &folder->path, &folder->err);
}

static int folder_teardown(void **state)
{
    struct folder *folder = *state;
    int code = tree_remove(folder->path, &folder->err);
    mlops_scan_report_clear(&folder->report);
    free(folder->path);
    free(folder);
    return code;
}

static void given(struct folder *folder, const char *name, const char *text)
{
    _cleanup_(free_string) char *path = path_join(folder->path, name);
    assert_int_equal(MLOPS_OK, file_write_durable(path, text, strlen(text), 0644, &folder->err));
}

static int scan_paths(struct folder *folder)
{
    const char *const paths[] = {folder->path, NULL};
    mlops_scan_report_clear(&folder->report);
    return mlops_scan_paths(paths, NULL, NULL, &folder->report, &folder->err);
}

static void what_is_worst_comes_first_and_what_belongs_together_stays_so(void **state)
{
    struct folder *folder = *state;
    given(folder, "a.npy", "words");
    given(folder, "b.csv", EVIL);
    given(folder, "c.txt", "words");
    given(folder, "d.pkl", EVIL);
    assert_int_equal(MLOPS_OK, scan_paths(folder));
    assert_int_equal(4, folder->report.files);
    assert_int_equal(MLOPS_SCAN_UNSAFE, folder->report.verdict);
    const char *const expected[] = {"b.csv", "b.csv", "d.pkl", "a.npy"};
    const char *const rules[] = {"pickle/import-denied", "scan/disguised", "pickle/import-denied",
                                 "scan/name-mismatch"};
    assert_int_equal(ARRAY_LENGTH(expected), folder->report.finding_count);
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        assert_string_equal(expected[i], path_base(folder->report.findings[i].file));
        assert_string_equal(rules[i], folder->report.findings[i].rule.id);
    }
}

static void links_are_said_and_not_followed(void **state)
{
    struct folder *folder = *state;
    _cleanup_(free_string) char *inside = path_join(folder->path, "inside");
    _cleanup_(free_string) char *outside = path_join(folder->path, "outside");
    given(folder, "a.txt", "words");
    assert_int_equal(0, symlink("a.txt", inside));
    assert_int_equal(MLOPS_OK, scan_paths(folder));
    assert_int_equal(1, folder->report.files);
    assert_int_equal(MLOPS_SCAN_SAFE, folder->report.verdict);
    assert_string_equal("scan/link-inside", folder->report.findings[0].rule.id);
    assert_int_equal(0, symlink("/etc/hostname", outside));
    assert_int_equal(MLOPS_OK, scan_paths(folder));
    assert_int_equal(1, folder->report.files);
    assert_int_equal(MLOPS_SCAN_UNKNOWN, folder->report.verdict);
    assert_string_equal("scan/link-outside", folder->report.findings[0].rule.id);
}

static void nothing_scanned_is_never_safe(void **state)
{
    struct folder *folder = *state;
    _cleanup_(free_string) char *inner = path_join(folder->path, "inner");
    _cleanup_(free_string) char *link = path_join(inner, "link");
    assert_int_equal(MLOPS_NOT_FOUND, scan_paths(folder));
    assert_int_equal(0, mkdir(inner, 0755));
    assert_int_equal(0, symlink(".", link));
    assert_int_equal(MLOPS_NOT_FOUND, scan_paths(folder));
}

static void a_pipe_is_not_waited_for(void **state)
{
    struct folder *folder = *state;
    _cleanup_(free_string) char *pipe = path_join(folder->path, "pipe");
    assert_int_equal(0, mkfifo(pipe, 0644));
    assert_int_equal(MLOPS_OK, scan_paths(folder));
    assert_int_equal(MLOPS_SCAN_UNREADABLE, folder->report.verdict);
    assert_string_equal("scan/special-file", folder->report.findings[0].rule.id);
}

static void only_a_real_repository_is_left_out(void **state)
{
    struct folder *folder = *state;
    const char *const inside[] = {".git", ".git/objects", ".git/refs"};
    for (size_t i = 0; i < ARRAY_LENGTH(inside); i++) {
        _cleanup_(free_string) char *path = path_join(folder->path, inside[i]);
        assert_int_equal(0, mkdir(path, 0755));
    }
    given(folder, ".git/model.pkl", EVIL);
    given(folder, "a.txt", "words");
    assert_int_equal(MLOPS_OK, scan_paths(folder));
    assert_int_equal(MLOPS_SCAN_UNSAFE, folder->report.verdict);
    given(folder, ".git/HEAD", "ref: refs/heads/main\n");
    assert_int_equal(MLOPS_OK, scan_paths(folder));
    assert_int_equal(MLOPS_SCAN_SAFE, folder->report.verdict);
    assert_string_equal("scan/left-out", folder->report.findings[0].rule.id);
}

static bool stop(void *context)
{
    (void)context;
    return true;
}

static void cancelling_ends_a_run(void **state)
{
    struct folder *folder = *state;
    const char *const paths[] = {folder->path, NULL};
    const struct mlops_observer observer = {.cancelled = stop};
    given(folder, "a.txt", "words");
    assert_int_equal(MLOPS_CANCELLED,
                     mlops_scan_paths(paths, NULL, &observer, &folder->report, &folder->err));
}

/* ---- reports --------------------------------------------------------------------------------- */

static const struct rule unknown_rule = {.id = "t/unknown",
                                         .summary = "s",
                                         .advice = "a",
                                         .severity = SEVERITY_MEDIUM,
                                         .verdict = VERDICT_UNKNOWN};
static const struct rule unsafe_rule = {.id = "t/unsafe",
                                        .summary = "s",
                                        .advice = "a",
                                        .severity = SEVERITY_HIGH,
                                        .verdict = VERDICT_UNSAFE};

static void what_is_accepted_no_longer_counts_but_what_is_unsafe_does(void **state)
{
    struct mlops_scan_report report = {0};
    struct findings findings = {0};
    (void)state;
    findings_add(&findings, &unknown_rule, "model/a", 0, "one");
    findings_add(&findings, &unknown_rule, "other/b", 0, "two");
    report_take(&report, NULL, &findings);
    report_finish(&report);
    assert_int_equal(MLOPS_SCAN_UNKNOWN, report.verdict);
    assert_int_equal(1, report_accept(&report, "t/unknown", "model/*", "read it"));
    assert_int_equal(MLOPS_SCAN_UNKNOWN, report.verdict);
    assert_int_equal(2, report_accept(&report, "t/unknown", NULL, "read both"));
    assert_int_equal(MLOPS_SCAN_SAFE, report.verdict);
    assert_string_equal("read both", report.findings[0].reason);
    assert_int_equal(0, report_accept(&report, "t/other", NULL, "nothing"));

    findings_add(&findings, &unsafe_rule, "model/a", 0, "three");
    report_take(&report, NULL, &findings);
    assert_int_equal(0, report_accept(&report, "t/unsafe", NULL, "no reason is good enough"));
    assert_int_equal(MLOPS_SCAN_UNSAFE, report.verdict);
    mlops_scan_report_clear(&report);
}

static void of_too_many_findings_the_worst_are_kept(void **state)
{
    struct mlops_scan_report report = {0};
    (void)state;
    for (int file = 0; file < 5; file++) {
        struct findings findings = {0};
        for (int i = 0; i < 9000; i++)
            findings_add(&findings, file == 3 ? &unsafe_rule : &unknown_rule, "model", (uint64_t)i,
                         "%d", file);
        report_take(&report, NULL, &findings);
    }
    report_finish(&report);
    assert_true(report.overflow);
    assert_int_equal(MLOPS_SCAN_FINDINGS_MAX, report.finding_count);
    for (size_t i = 0; i < 9000; i++)
        assert_int_equal(MLOPS_SCAN_UNSAFE, report.findings[i].rule.verdict);
    /* those that are not listed are accepted by nobody */
    (void)report_accept(&report, "t/unknown", NULL, "all of them");
    assert_int_equal(MLOPS_SCAN_UNSAFE, report.verdict);
    mlops_scan_report_clear(&report);
}

static void a_name_with_the_sign_of_members_is_still_one_name(void **state)
{
    struct mlops_scan_report report = {0};
    struct findings findings = {0};
    (void)state;
    findings_add(&findings, &unknown_rule, "a!b\n.zip", 0, "one");
    findings_add(&findings, &unknown_rule, "a!b\n.zip!c!d", 0, "two");
    report_take(&report, "a!b\n.zip", &findings);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(strlen("a!b\\x0a.zip"), report.findings[i].outer);
    mlops_scan_report_clear(&report);
}

static void every_rule_is_listed_once_with_all_that_is_said_of_it(void **state)
{
    struct mlops_scan_rule_list rules;
    (void)state;
    mlops_scan_rule_list(&rules);
    assert_true(rules.count > 40);
    for (size_t i = 0; i < rules.count; i++) {
        assert_non_null(strchr(rules.items[i].id, '/'));
        assert_true(strlen(rules.items[i].summary) > 10);
        assert_true(strlen(rules.items[i].advice) > 0);
        if (i > 0 && strcmp(rules.items[i - 1].id, rules.items[i].id) >= 0)
            fail_msg("%s and %s", rules.items[i - 1].id, rules.items[i].id);
    }
    mlops_scan_rule_list_clear(&rules);
}

#define folder_test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_content_decides_and_not_the_name),
        cmocka_unit_test(what_can_run_code_under_a_harmless_name_is_disguised),
        cmocka_unit_test(another_name_than_the_content_is_a_finding),
        cmocka_unit_test(what_is_two_things_at_once_is_unsafe_and_scanned_as_both),
        cmocka_unit_test(what_no_format_claims_is_unknown_but_for_data),
        cmocka_unit_test(an_empty_file_is_safe_whatever_its_name),
        cmocka_unit_test(no_bytes_begin_no_pickle),
        cmocka_unit_test(text_that_no_unpickler_gets_through_is_text),
        cmocka_unit_test(labels_are_text_where_they_are_called_so),
        cmocka_unit_test(text_is_read_to_its_end),
        cmocka_unit_test(characters_may_lie_across_the_ends_of_blocks),
        cmocka_unit_test(containers_deeper_than_the_limit_are_not_opened),
        cmocka_unit_test(more_members_than_the_limit_are_counted_and_said_once),
        cmocka_unit_test(unpacking_stops_at_the_limits_of_size_and_ratio),
        cmocka_unit_test(whoever_wants_to_stop_is_obeyed),
        folder_test(what_is_worst_comes_first_and_what_belongs_together_stays_so),
        folder_test(links_are_said_and_not_followed),
        folder_test(nothing_scanned_is_never_safe),
        folder_test(a_pipe_is_not_waited_for),
        folder_test(only_a_real_repository_is_left_out),
        folder_test(cancelling_ends_a_run),
        cmocka_unit_test(what_is_accepted_no_longer_counts_but_what_is_unsafe_does),
        cmocka_unit_test(of_too_many_findings_the_worst_are_kept),
        cmocka_unit_test(a_name_with_the_sign_of_members_is_still_one_name),
        cmocka_unit_test(every_rule_is_listed_once_with_all_that_is_said_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
