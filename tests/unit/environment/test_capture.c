/* tests/unit/environment/test_capture.c - a machine made of files: what is read of it, what is not,
 * and that its JSON comes back as it went. */
#include "test.h"

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "environment/compare.h"
#include <stdio.h>
#include <unistd.h>

struct machine {
    char root[64];
    char venv[80];
};

static void put(const struct machine *machine, const char *path, const char *text)
{
    struct mlops_error err = {0};
    _cleanup_(free_string) char *whole = path_join(machine->root, path);
    _cleanup_(free_string) char *folder = path_parent(whole);
    assert_int_equal(0, directory_make(folder, 0755, &err));
    assert_int_equal(0, file_write_durable(whole, text, strlen(text), 0644, &err));
}

#define SITE "venv/lib/python3.11/site-packages/"

static void put_package(const struct machine *machine, const char *name, const char *version,
                        const char *digest)
{
    _cleanup_(free_string) char *folder = xprintf(SITE "%s-%s.dist-info", name, version);
    _cleanup_(free_string) char *metadata = xprintf("%s/METADATA", folder);
    _cleanup_(free_string) char *record = xprintf("%s/RECORD", folder);
    _cleanup_(free_string) char *text =
        xprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n\nName: not this\n", name, version);
    _cleanup_(free_string) char *lines =
        xprintf("%s.py,sha256=%s,12\n%s-%s.dist-info/INSTALLER,sha256=xx,4\n"
                "%s-%s.dist-info/RECORD,,\n../../../bin/%s,sha256=yy,4\n__pycache__/a.pyc,,\n",
                name, digest, name, version, name, version, name);
    put(machine, metadata, text);
    put(machine, record, lines);
}

static int setup(void **state)
{
    static struct machine machine;
    str_copy(machine.root, sizeof(machine.root), "/tmp/mlops-capture-XXXXXX");
    assert_non_null(mkdtemp(machine.root));
    (void)snprintf(machine.venv, sizeof(machine.venv), "%s/venv", machine.root);
    put(&machine, "etc/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n");
    put(&machine, "var/lib/dpkg/status",
        "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2.13\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        "Package: bash\nStatus: install ok installed\nArchitecture: amd64\n"
        "Description: shell\n Version: 9\nVersion: 5.2.15-2+b7\n");
    put(&machine, "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: A processor\nflags\t\t: sse2 avx2 fpu\n\nprocessor\t: 1\n");
    put(&machine, "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n"
        "GCC version:  gcc version 12.2.0\n");
    put(&machine, "usr/local/cuda/version.json",
        "{\"cuda\": {\"name\": \"CUDA SDK\", \"version\": \"12.4.1\"}}");
    put(&machine, "venv/pyvenv.cfg",
        "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n");
    put_package(&machine, "numpy", "1.26.4", "aaa");
    put_package(&machine, "Flask", "3.0.0", "bbb");
    put(&machine, SITE "broken-1.dist-info/METADATA", "no header\n");
    put(&machine, SITE "git_thing-2.dist-info/METADATA", "Name: git_thing\nVersion: 2\n");
    put(&machine, SITE "git_thing-2.dist-info/direct_url.json",
        "{\"url\": \"https://h/x.git\", \"vcs_info\": {\"vcs\": \"git\", \"commit_id\": \"abc\"}}");
    *state = &machine;
    return 0;
}

static int teardown(void **state)
{
    struct mlops_error err = {0};
    return tree_remove(((struct machine *)*state)->root, &err);
}

static void read_machine(const struct machine *machine, const char *venv, struct captured *captured)
{
    struct mlops_error err = {0};
    const struct capture_options options = {.venv = venv, .root = machine->root};
    if (capture(&options, captured, &err))
        fail_msg("%s", err.message);
}

static void a_machine_is_read_from_its_files(void **state)
{
    const struct machine *machine = *state;
    _cleanup_(captured_clear) struct captured captured = {0};
    read_machine(machine, machine->venv, &captured);
    assert_string_equal("3.11.7", captured.python);
    assert_string_equal("debian", captured.os_id);
    assert_string_equal("12", captured.os_version);
    assert_string_equal("A processor", captured.cpu);
    assert_int_equal(3, captured.cpu_flag_count);
    assert_string_equal("avx2", captured.cpu_flags[0]);
    assert_string_equal("550.54.14", captured.gpu_driver);
    assert_string_equal("12.4.1", captured.cuda);
    assert_int_equal(2, captured.os_package_count);
    assert_string_equal("bash", captured.os_packages[0].name);
    assert_string_equal("5.2.15-2+b7", captured.os_packages[0].version);
    assert_int_equal(3, captured.packages.count);
    const struct distribution *flask = &captured.packages.items[0];
    assert_string_equal("Flask", flask->name);
    assert_string_equal("3.0.0", flask->version);
    assert_string_equal("git+https://h/x.git@abc", captured.packages.items[1].source);
}

/* printf 'Flask.py,sha256=bbb,12\n' | sha256sum */
static void the_digest_is_of_the_content_not_of_the_installation(void **state)
{
    const struct machine *machine = *state;
    _cleanup_(captured_clear) struct captured captured = {0};
    read_machine(machine, machine->venv, &captured);
    assert_string_equal("sha256:0b062d709f616cfc0aedb8a5ab6ba99748bee60c4765fe74b99aa17e1b0f572b",
                        captured.packages.items[0].content);
}

static char *canonical(const struct captured *captured)
{
    struct mlops_error err = {0};
    _cleanup_(json_free) cJSON *json = captured_to_json(captured);
    struct buffer text = {0};
    assert_int_equal(0, json_write_canonical(json, &text, &err));
    return buffer_steal(&text);
}

static void its_json_comes_back_as_it_went(void **state)
{
    const struct machine *machine = *state;
    struct mlops_error err = {0};
    _cleanup_(captured_clear) struct captured captured = {0}, again = {0};
    read_machine(machine, machine->venv, &captured);
    _cleanup_(free_string) char *text = canonical(&captured);
    assert_null(strstr(text, machine->root)); /* nothing of where it is */
    assert_int_equal(0, captured_parse(text, strlen(text), "f", &again, &err));
    _cleanup_(free_string) char *twice = canonical(&again);
    assert_string_equal(text, twice);
    for (size_t length = 0; length < strlen(text); length += 7) {
        struct captured cut;
        if (captured_parse(text, length, "f", &cut, &err) == 0)
            captured_clear(&cut);
    }
}

static void what_is_no_environment_is_refused(void **state)
{
    const struct machine *machine = *state;
    struct mlops_error err = {0};
    struct captured captured;
    const struct capture_options options = {.venv = machine->root, .root = machine->root};
    assert_int_equal(MLOPS_NOT_FOUND, capture(&options, &captured, &err));
    assert_non_null(strstr(err.message, "no virtual environment"));
}

static void the_system_is_read_where_no_environment_is_in_use(void **state)
{
    struct machine machine = *(struct machine *)*state;
    _cleanup_(captured_clear) struct captured captured = {0};
    const struct capture_options options = {.directory = machine.root, .root = machine.root};
    struct mlops_error err = {0};
    unsetenv("VIRTUAL_ENV");
    unsetenv("CONDA_PREFIX");
    put(&machine, "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
        "Name: six\nVersion: 1.16.0\n");
    assert_int_equal(0, capture(&options, &captured, &err));
    assert_int_equal(1, captured.packages.count);
    assert_string_equal("six", captured.packages.items[0].name);
}

static void conda_packages_are_read_with_their_builds(void **state)
{
    struct machine machine = *(struct machine *)*state;
    _cleanup_(captured_clear) struct captured captured = {0};
    _cleanup_(free_string) char *prefix = path_join(machine.root, "conda");
    put(&machine, "conda/conda-meta/python-3.11.9-h1.json",
        "{\"name\": \"python\", \"version\": \"3.11.9\", \"build\": \"h1\"}");
    put(&machine, "conda/conda-meta/history", "");
    put(&machine, "conda/lib/python3.11/site-packages/x-1.dist-info/METADATA",
        "Name: x\nVersion: 1\n");
    put(&machine, "conda/lib/python3.11/site-packages/x-1.dist-info/INSTALLER", "conda\n");
    read_machine(&machine, prefix, &captured);
    assert_string_equal("3.11.9", captured.python);
    assert_int_equal(2, captured.packages.count);
    assert_int_equal(DISTRIBUTION_CONDA, captured.packages.items[1].kind);
    assert_string_equal("h1", captured.packages.items[1].build);
    assert_string_equal("conda", captured.packages.items[0].source);
}

/* ---- compared ---------------------------------------------------------------------------- */

static void differs(const struct machine *machine, const char *requirements, const char *expected)
{
    struct mlops_error err = {0};
    _cleanup_(lock_clear) struct lock lock = {0};
    _cleanup_(captured_clear) struct captured found = {0};
    _cleanup_(differences_clear) struct differences differences = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    const struct lock_options options = {
        .path = "requirements.txt", .text = requirements, .length = strlen(requirements)};
    assert_int_equal(0, lock_read(&options, &lock, &err));
    read_machine(machine, machine->venv, &found);
    compare_lock(&lock, &found, &(struct compare_options){.extras = false}, &differences);
    for (size_t i = 0; i < differences.count; i++)
        buffer_printf(&text, "%s %s; ", difference_severity_name(differences.items[i].severity),
                      differences.items[i].name);
    assert_string_equal(expected, text.data ? text.data : "");
}

static void what_differs_is_named_and_nothing_else(void **state)
{
    const struct machine *machine = *state;
    differs(machine, "flask==3.0\nnumpy==1.26.4\ngit-thing==2\n", "");
    differs(machine, "flask==3.0.1\nnumpy==1.26.4\nscipy==1\n",
            "other version flask; extra git_thing; missing scipy; ");
    differs(machine,
            "flask==3.0\nnumpy==1.26.4\ngit-thing==2\nwin==1 ; sys_platform == 'win32'\n"
            "numpy==2 ; python_version < '3.9'\n",
            "");
    differs(machine, "flask\nnumpy>1\ngit-thing @ git+https://h/x.git@abc\n", "");
}

static void a_build_of_other_content_is_another_build(void **state)
{
    const struct machine *machine = *state;
    _cleanup_(captured_clear) struct captured expected = {0}, found = {0};
    _cleanup_(differences_clear) struct differences differences = {0};
    read_machine(machine, machine->venv, &expected);
    put_package(machine, "numpy", "1.26.4", "another");
    read_machine(machine, machine->venv, &found);
    put_package(machine, "numpy", "1.26.4", "aaa");
    compare_captured(&expected, &found, &(struct compare_options){.machine = true}, &differences);
    assert_int_equal(1, differences.count);
    assert_string_equal("numpy", differences.items[0].name);
    assert_int_equal(DIFFERS_BUILD, differences.items[0].severity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_is_read_from_its_files),
        cmocka_unit_test(the_digest_is_of_the_content_not_of_the_installation),
        cmocka_unit_test(its_json_comes_back_as_it_went),
        cmocka_unit_test(what_is_no_environment_is_refused),
        cmocka_unit_test(the_system_is_read_where_no_environment_is_in_use),
        cmocka_unit_test(conda_packages_are_read_with_their_builds),
        cmocka_unit_test(what_differs_is_named_and_nothing_else),
        cmocka_unit_test(a_build_of_other_content_is_another_build),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
