/* tests/unit/trust/test_advisory.c - advisories in the OSV format, and the files that name
 * packages. The order of versions is held against PyPA's own by tests/trust/version_order.py. */
#include "base/file.h"
#include "base/path.h"
#include "container.h"
#include "trust/packages.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKAGE(name) "\"package\": {\"ecosystem\": \"PyPI\", \"name\": \"" name "\"}"

static const char known[] =
    "[{\"id\": \"GHSA-aaaa\", \"summary\": \"code runs when a template is filled\","
    " \"aliases\": [\"CVE-2024-1\"], \"database_specific\": {\"severity\": \"HIGH\"},"
    " \"affected\": [{" PACKAGE(
        "Jinja2") ", \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\":"
                  " [{\"introduced\": \"0\"}, {\"fixed\": \"2.11.3\"}, {\"introduced\": \"3.0\"},"
                  " {\"fixed\": \"3.1.4\"}]}]}]},"
                  "{\"id\": \"PYSEC-1\", \"aliases\": [\"CVE-2024-1\"],"
                  " \"affected\": [{" PACKAGE(
                      "jinja2") ", \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\":"
                                " [{\"introduced\": \"0\"}, {\"fixed\": \"3.1.4\"}]}]}]},"
                                "{\"id\": \"GHSA-bbbb\", \"database_specific\": {\"severity\": "
                                "\"MODERATE\"},"
                                " \"affected\": [{" PACKAGE(
                                    "scikit-learn") ", \"ranges\": [{\"type\": \"ECOSYSTEM\","
                                                    " \"events\": [{\"introduced\": "
                                                    "\"0.23.dev0\"}, {\"last_affected\": "
                                                    "\"1.4.2\"}]}]}]},"
                                                    "{\"id\": \"GHSA-cccc\", "
                                                    "\"database_specific\": {\"severity\": "
                                                    "\"LOW\"},"
                                                    " \"affected\": [{" PACKAGE(
                                                        "numpy") ", \"versions\": [\"1.21.0\"]}]},"
                                                                 "{\"id\": \"GHSA-gone\", "
                                                                 "\"withdrawn\": "
                                                                 "\"2024-01-01T00:00:00Z\","
                                                                 " \"affected\": [{" PACKAGE(
                                                                     "numpy") ", \"versions\": "
                                                                              "[\"2.0\"]}]},"
                                                                              "{\"id\": \"GO-1\", "
                                                                              "\"affected\": "
                                                                              "[{\"package\": "
                                                                              "{\"ecosystem\": "
                                                                              "\"Go\", \"name\": "
                                                                              "\"numpy\"},"
                                                                              " \"versions\": "
                                                                              "[\"2.0\"]}]}]";

struct folder {
    char path[64];
    struct advisories *advisories;
};

static int setup(void **state)
{
    static struct folder folder;
    struct mlops_error err = {0};
    str_copy(folder.path, sizeof(folder.path), "/tmp/mlops-advisory-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    _cleanup_(free_string) char *path = path_join(folder.path, "known.json");
    assert_int_equal(0, file_write_durable(path, known, sizeof(known) - 1, 0644, &err));
    assert_int_equal(0, advisories_load(path, &folder.advisories, &err));
    *state = &folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;
    _cleanup_(free_string) char *path = path_join(folder->path, "known.json");
    advisories_free(folder->advisories);
    return unlink(path) || rmdir(folder->path);
}

static enum verdict judge(const struct folder *folder, const char *name, enum scan_role role,
                          const char *text, struct findings *findings)
{
    struct mlops_error err = {0};
    struct scan scan = {.advisories = folder->advisories};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(text, strlen(text));
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = name,
                             .name = name,
                             .role = role,
                             .findings = findings};
    *findings = (struct findings){0};
    assert_int_equal(0, scan_file(&file, &err));
    return findings->verdict;
}

/* `rule` NULL: nothing is found. */
static void named(const struct folder *folder, const char *name, const char *text, const char *rule,
                  const char *evidence)
{
    struct findings findings;
    (void)judge(folder, name, SCAN_ARTIFACT, text, &findings);
    if (findings.count != (rule ? 1u : 0u))
        print_message("%s in %s: %zu findings, the first %s\n", text, name, findings.count,
                      findings.count ? findings.items[0].message : "none");
    assert_int_equal(rule ? 1 : 0, findings.count);
    if (rule) {
        assert_string_equal(rule, findings.items[0].rule->id);
        assert_non_null(strstr(findings.items[0].message, evidence));
    }
    findings_clear(&findings);
}

static void ranges_are_read_as_the_specification_says(void **state)
{
    const struct folder *folder = *state;
    named(folder, "requirements.txt", "jinja2==2.10\n", "advisory/severe",
          "jinja2 2.10: GHSA-aaaa, code runs when a template is filled; fixed in 2.11.3");
    named(folder, "requirements.txt", "Jinja2==3.1.3\n", "advisory/severe", "fixed in 3.1.4");
    named(folder, "requirements.txt", "jinja2==3.1.4\n", NULL, NULL);
    named(folder, "requirements.txt", "jinja2==3.1.4rc1\n", "advisory/severe", "GHSA-aaaa");
    named(folder, "requirements.txt", "scikit_learn==1.4.2\n", "advisory/moderate",
          "no fixed version is known");
    named(folder, "requirements.txt", "scikit-learn==1.4.2.post1\n", NULL, NULL);
    named(folder, "requirements.txt", "scikit-learn==0.22\n", NULL, NULL);
    named(folder, "requirements.txt", "numpy==1.21\n", "advisory/low", "GHSA-cccc");
    named(folder, "requirements.txt", "numpy==2.0\n", NULL, NULL); /* withdrawn, and Go's */
    named(folder, "requirements.txt", "numpy==latest\n", "advisory/version", "'latest'");
}

/* An alias between them is one finding: 2.11.4 is affected by what PyPA says alone. */
static void aliases_are_given_once(void **state)
{
    const struct folder *folder = *state;
    named(folder, "requirements.txt", "jinja2==2.11.4\n", "advisory/severe", "PYSEC-1");
}

static void lock_files_of_all_kinds_are_read(void **state)
{
    const struct folder *folder = *state;
    named(folder, "requirements-dev.txt",
          "# a comment\n-r base.txt\n--index-url https://pypi.org/simple\nflask>=2\n"
          "jinja2[i18n]==2.10 ; python_version < '3.12' \\\n    --hash=sha256:00\n",
          "advisory/severe", "jinja2 2.10");
    named(folder, "poetry.lock", "[[package]]\nname = \"jinja2\"\nversion = \"2.10\"\n",
          "advisory/severe", "jinja2 2.10");
    named(folder, "uv.lock", "version = 1\n[[package]]\nname = \"jinja2\"\nversion = \"2.10\"\n",
          "advisory/severe", "jinja2 2.10");
    named(folder, "pylock.toml",
          "lock-version = \"1.0\"\n[[packages]]\nname = \"jinja2\"\n"
          "version = \"2.10\"\n",
          "advisory/severe", "jinja2 2.10");
    named(folder, "Pipfile.lock",
          "{\"_meta\": {}, \"default\": {\"jinja2\": {\"version\": \"==2.10\"}}, \"develop\": {}}",
          "advisory/severe", "jinja2 2.10");
    named(folder, "environment.yml",
          "name: x\ndependencies:\n  - python=3.11\n  - jinja2=2.10=py39h_0\n  - pip:\n"
          "    - flask==9.0\n",
          "advisory/severe", "jinja2 2.10");
    named(folder, "conda-linux.lock",
          "@EXPLICIT\nhttps://conda.anaconda.org/conda-forge/noarch/jinja2-2.10-py_1.tar.bz2#00\n",
          "advisory/severe", "jinja2 2.10");
    named(folder, "METADATA", "Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.10\n\nName: numpy\n",
          "advisory/severe", "Jinja2 2.10");
    named(folder, "notes.txt", "jinja2==2.10\n", NULL, NULL);
}

static void the_projects_environment_may_have_any_name(void **state)
{
    const struct folder *folder = *state;
    struct findings findings;
    assert_int_equal(VERDICT_UNKNOWN,
                     judge(folder, "pins", SCAN_ENVIRONMENT, "jinja2==2.10\n", &findings));
    findings_clear(&findings);
}

static void what_is_no_advisory_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum mlops_code code;
    } cases[] = {{"", MLOPS_INVALID},    {"{", MLOPS_INVALID},
                 {"[]", MLOPS_INVALID},  {"{\"affected\": []}", MLOPS_INVALID},
                 {"[1]", MLOPS_INVALID}, {"{\"id\": \"A\", \"affected\": 3}", MLOPS_INVALID}};
    const struct folder *folder = *state;
    _cleanup_(free_string) char *path = path_join(folder->path, "other.json");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct mlops_error err = {0};
        struct advisories *advisories = NULL;
        assert_int_equal(
            0, file_write_durable(path, cases[i].text, strlen(cases[i].text), 0644, &err));
        assert_int_equal(cases[i].code, advisories_load(path, &advisories, &err));
        assert_null(advisories);
    }
    struct mlops_error err = {0};
    struct advisories *advisories = NULL;
    assert_int_equal(0, unlink(path));
    assert_int_equal(MLOPS_NOT_FOUND, advisories_load(path, &advisories, &err));
}

/* Any piece of a file of advisories is refused or read, never more. */
static void damaged_advisories_break_nothing(void **state)
{
    const struct folder *folder = *state;
    _cleanup_(free_string) char *path = path_join(folder->path, "cut.json");
    char copy[sizeof(known)];
    for (size_t i = 0; i < sizeof(known) - 1; i += 3) {
        struct mlops_error err = {0};
        struct advisories *advisories = NULL;
        FILE *file = fopen(path, "w");
        memcpy(copy, known, sizeof(copy));
        copy[i] = '7';
        assert_int_equal(sizeof(copy) - 1, fwrite(copy, 1, sizeof(copy) - 1, file));
        assert_int_equal(0, fclose(file));
        if (advisories_load(path, &advisories, &err) == 0) {
            struct folder other = {.advisories = advisories};
            struct findings findings;
            (void)judge(&other, "requirements.txt", SCAN_CODE, "jinja2==2.10\nnumpy==1\n",
                        &findings);
            findings_clear(&findings);
            advisories_free(advisories);
        }
    }
    assert_int_equal(0, unlink(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_the_specification_says),
        cmocka_unit_test(aliases_are_given_once),
        cmocka_unit_test(lock_files_of_all_kinds_are_read),
        cmocka_unit_test(the_projects_environment_may_have_any_name),
        cmocka_unit_test(what_is_no_advisory_is_refused),
        cmocka_unit_test(damaged_advisories_break_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
