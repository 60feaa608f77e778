/* tests/unit/environment/test_lock.c - each reader on what the real tool wrote (tests/data/locks),
 * on the odd forms of its format, and on pieces of files. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "environment/lock.h"

static void read_text(const char *path, const char *text, struct lock *lock)
{
    struct mlops_error err = {0};
    const struct lock_options options = {.path = path, .text = text, .length = strlen(text)};
    if (lock_read(&options, lock, &err))
        fail_msg("%s: %s", path, err.message);
}

static void read_data(const char *name, struct buffer *text)
{
    struct mlops_error err = {0};
    _cleanup_(free_string) char *path = xprintf("%s/locks/%s", TEST_DATA, name);
    if (file_read(path, LOCK_MAX, text, &err))
        fail_msg("%s", err.message);
}

static bool is_pinned(const struct lock *lock)
{
    for (size_t i = 0; i < lock->count; i++)
        if (!lock->items[i].optional && lock->items[i].pin == PIN_NONE)
            return false;
    return true;
}

/* The same requirements locked by each tool: what is wanted on Linux is there with its digests,
 * what is not has a marker or is optional. */
static void locks_of_the_real_tools_say_the_same(void **state)
{
    static const struct {
        const char *file;
        enum lock_format format;
        bool everywhere; /* for all platforms: packages that others want are there too */
        bool develop;    /* with the development group */
        size_t count;
    } cases[] = {
        {"requirements.txt", LOCK_REQUIREMENTS, false, false, 9},
        {"requirements-uv.txt", LOCK_REQUIREMENTS, true, true, 13},
        {"uv.lock", LOCK_UV, true, true, 13},
        {"pylock.toml", LOCK_PYLOCK, true, true, 13},
        {"poetry.lock", LOCK_POETRY, true, true, 13},
        {"Pipfile.lock", LOCK_PIPFILE, false, true, 11},
    };
    static const char *const wanted[] = {"anyio", "certifi", "h11",     "httpcore",         "httpx",
                                         "idna",  "sniffio", "socksio", "typing-extensions"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(buffer_clear) struct buffer text = {0};
        _cleanup_(lock_clear) struct lock lock = {0};
        read_data(cases[i].file, &text);
        read_text(cases[i].file, text.data, &lock);
        if (lock.count != cases[i].count)
            fail_msg("%s: %zu packages", cases[i].file, lock.count);
        assert_int_equal(cases[i].format, lock.format);
        assert_true(is_pinned(&lock));
        assert_true(lock_is_hashed(&lock));
        for (size_t j = 0; j < ARRAY_LENGTH(wanted); j++) {
            const struct distribution *item = lock_find(&lock, DISTRIBUTION_PYPI, wanted[j], NULL);
            if (!item)
                fail_msg("%s: no %s", cases[i].file, wanted[j]);
            assert_false(item->optional);
        }
        const struct distribution *httpx = lock_find(&lock, DISTRIBUTION_PYPI, "httpx", "0.27.2");
        assert_non_null(httpx);
        assert_int_equal(2, httpx->hash_count);
        assert_string_equal(
            "sha256:7bb2708e112d8fdd7829cd4243970f0c223274051cb35ee80c03301ee29a3df0",
            httpx->hashes[0]);
        const struct distribution *tomli = lock_find(&lock, DISTRIBUTION_PYPI, "tomli", NULL);
        assert_int_equal(cases[i].everywhere, tomli != NULL);
        if (tomli)
            assert_non_null(tomli->marker);
        const struct distribution *develop = lock_find(&lock, DISTRIBUTION_PYPI, "iniconfig", NULL);
        assert_int_equal(cases[i].develop, develop != NULL);
        /* uv exports the group as if it were wanted by all */
        if (develop && cases[i].format != LOCK_REQUIREMENTS && cases[i].format != LOCK_PYLOCK)
            assert_true(develop->optional);
    }
}

static void uv_says_where_a_package_is_wanted_by_its_ways(void **state)
{
    (void)state;
    _cleanup_(lock_clear) struct lock lock = {0};
    read_text("uv.lock",
              "version = 1\n"
              "[[package]]\nname = \"p\"\nversion = \"1\"\nsource = {virtual = \".\"}\n"
              "dependencies = [{name = \"a\", marker = \"m == '1'\"}, {name = \"b\"},"
              " {name = \"d\", extra = [\"x\"]}]\n"
              "[[package]]\nname = \"a\"\nversion = \"1\"\n"
              "dependencies = [{name = \"b\", marker = \"m == '2'\"},"
              " {name = \"c\", marker = \"m == '2' or m == '3'\"}]\n"
              "[[package]]\nname = \"b\"\nversion = \"1\"\n"
              "dependencies = [{name = \"c\", marker = \"m == '4'\"}]\n"
              "[[package]]\nname = \"c\"\nversion = \"1\"\n"
              "dependencies = [{name = \"a\"}]\n"
              "[[package]]\nname = \"d\"\nversion = \"1\"\n"
              "[package.optional-dependencies]\nx = [{name = \"e\"}]\ny = [{name = \"f\"}]\n"
              "[[package]]\nname = \"e\"\nversion = \"1\"\n"
              "[[package]]\nname = \"f\"\nversion = \"1\"\n",
              &lock);
    assert_int_equal(6, lock.count);
    assert_string_equal("(m == '1') or (m == '4')",
                        lock_find(&lock, DISTRIBUTION_PYPI, "a", NULL)->marker);
    assert_null(lock_find(&lock, DISTRIBUTION_PYPI, "b", NULL)->marker);
    assert_string_equal("(m == '4') or (m == '1' and (m == '2' or m == '3'))",
                        lock_find(&lock, DISTRIBUTION_PYPI, "c", NULL)->marker);
    assert_false(lock_find(&lock, DISTRIBUTION_PYPI, "e", NULL)->optional);
    assert_true(lock_find(&lock, DISTRIBUTION_PYPI, "f", NULL)->optional);
}

static void requirements_are_pinned_by_version_or_content(void **state)
{
    static const struct {
        const char *line;
        const char *key;
        enum pin pin;
    } cases[] = {
        {"Foo_Bar==1.0", "foo-bar", PIN_VERSION},
        {"foo[a, b] == 1.0 ; python_version < '3' # why", "foo", PIN_VERSION},
        {"foo (==1.0)", "foo", PIN_VERSION},
        {"foo===1.0+local.1", "foo", PIN_VERSION},
        {"foo==1.*", "foo", PIN_NONE},
        {"foo==1.0,<2", "foo", PIN_NONE},
        {"foo>=1.0", "foo", PIN_NONE},
        {"foo", "foo", PIN_NONE},
        {"foo @ https://h/foo-1.0.whl", "foo", PIN_NONE},
        {"foo @ https://h/foo-1.0.whl#sha256=00", "foo", PIN_SOURCE},
        {"foo @ https://h/foo-1.0.whl --hash=sha256:"
         "7bb2708e112d8fdd7829cd4243970f0c223274051cb35ee80c03301ee29a3df0",
         "foo", PIN_SOURCE},
        {"foo @ git+https://h/foo@main", "foo", PIN_NONE},
        {"foo @ git+https://h/foo@0123456789012345678901234567890123456789", "foo", PIN_SOURCE},
        {"./wheels/foo-1.0-py3-none-any.whl", "foo-1-0-py3-none-any-whl", PIN_SOURCE},
        {"-e git+https://h/foo@main#egg=foo", "foo", PIN_NONE},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        _cleanup_(lock_clear) struct lock lock = {0};
        read_text("requirements.txt", cases[i].line, &lock);
        if (lock.count != 1 || lock.items[0].pin != cases[i].pin)
            fail_msg("%s: %zu packages, pin %d", cases[i].line, lock.count,
                     lock.count ? (int)lock.items[0].pin : -1);
        assert_string_equal(cases[i].key, lock.items[0].key);
    }
}

static void lines_go_on_after_a_backslash(void **state)
{
    (void)state;
    _cleanup_(lock_clear) struct lock lock = {0};
    read_text(
        "requirements.txt",
        "--index-url https://pypi.org/simple\r\n"
        "a==1 \\\r\n"
        "    --hash=sha256:00000000000000000000000000000000000000000000000000000000000000bb "
        "\\\r\n"
        "    --hash=sha256:00000000000000000000000000000000000000000000000000000000000000aa\r\n"
        "# comment \\\r\nb==2\r\n",
        &lock);
    assert_int_equal(2, lock.count);
    assert_int_equal(2, lock.items[0].hash_count);
    assert_string_equal("sha256:00000000000000000000000000000000000000000000000000000000000000aa",
                        lock.items[0].hashes[0]);
    assert_int_equal(2, lock.items[0].line);
    assert_int_equal(6, lock.items[1].line);
}

/* lock_include */
static int give(void *context, const char *path, struct buffer *content, struct mlops_error *err)
{
    const char *const *files = context;
    for (; *files; files += 2)
        if (str_equal(*files, path)) {
            buffer_puts(content, files[1]);
            return MLOPS_OK;
        }
    return mlops_fail(err, MLOPS_NOT_FOUND, "no '%s'", path);
}

static int read_with(const char *path, const char *const *files, struct lock *lock,
                     struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    assert_int_equal(0, give((void *)(uintptr_t)files, path, &text, err));
    const struct lock_options options = {.path = path,
                                         .text = text.data,
                                         .length = text.length,
                                         .include = give,
                                         .context = (void *)(uintptr_t)files};
    return lock_read(&options, lock, err);
}

static void includes_are_followed_within_the_folder(void **state)
{
    static const char *const files[] = {"env/all.txt",
                                        "-r base.txt\n-c ../pins.txt\nb\nc>=1\n",
                                        "env/base.txt",
                                        "--requirement=../x/../env/all.txt\na==1\n",
                                        "pins.txt",
                                        "B==2\nd==4\n",
                                        "out.txt",
                                        "-r ../secret.txt\n",
                                        "abs.txt",
                                        "-r /etc/passwd\n",
                                        "url.txt",
                                        "-r https://h/x.txt\n",
                                        "none.txt",
                                        "\n-r gone.txt\n",
                                        NULL};
    struct mlops_error err = {0};
    _cleanup_(lock_clear) struct lock lock = {0};
    (void)state;
    assert_int_equal(0, read_with("env/all.txt", files, &lock, &err));
    assert_int_equal(3, lock.count);
    assert_string_equal("a", lock.items[0].key);
    assert_string_equal("2", lock.items[1].version); /* the constraint's */
    assert_int_equal(PIN_NONE, lock.items[2].pin);
    assert_int_equal(2, lock.included_count);
    assert_string_equal("pins.txt", lock.included[1]);
    lock_clear(&lock);
    assert_int_equal(MLOPS_INVALID, read_with("out.txt", files, &lock, &err));
    assert_string_equal("out.txt:1: '../secret.txt' is not in the folder", err.message);
    assert_int_equal(MLOPS_INVALID, read_with("abs.txt", files, &lock, &err));
    assert_int_equal(MLOPS_INVALID, read_with("url.txt", files, &lock, &err));
    assert_int_equal(MLOPS_NOT_FOUND, read_with("none.txt", files, &lock, &err));
    assert_string_equal("none.txt:2: no 'gone.txt'", err.message);
}

static void conda_says_what_it_pins(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(lock_clear) struct lock lock = {0}, explicit = {0};
    read_data("environment.yml", &text);
    read_text("environment.yml", text.data, &lock);
    assert_int_equal(LOCK_CONDA, lock.format);
    assert_int_equal(7, lock.count);
    const struct distribution *python = lock_find(&lock, DISTRIBUTION_CONDA, "python", "3.11.9");
    assert_string_equal("hb806964_0_cpython", python->build);
    assert_int_equal(PIN_VERSION, python->pin);
    assert_string_equal("conda-forge",
                        lock_find(&lock, DISTRIBUTION_CONDA, "numpy", "1.26.4")->source);
    assert_string_equal("py311h517d4fb_0",
                        lock_find(&lock, DISTRIBUTION_CONDA, "scipy", "1.13.1")->build);
    assert_int_equal(PIN_NONE, lock_find(&lock, DISTRIBUTION_CONDA, "pandas", NULL)->pin);
    assert_int_equal(PIN_VERSION, lock_find(&lock, DISTRIBUTION_PYPI, "httpx", "0.27.2")->pin);
    assert_int_equal(PIN_NONE, lock_find(&lock, DISTRIBUTION_PYPI, "flask", NULL)->pin);
    assert_false(is_pinned(&lock));
    buffer_reset(&text);
    read_data("explicit.txt", &text);
    read_text("explicit.txt", text.data, &explicit);
    assert_int_equal(LOCK_CONDA_EXPLICIT, explicit.format);
    assert_int_equal(2, explicit.count);
    assert_string_equal("typing-extensions", explicit.items[1].name);
    assert_string_equal("4.12.2", explicit.items[1].version);
    assert_true(is_pinned(&explicit) && lock_is_hashed(&explicit));
}

static void base_images_are_pinned_by_digest(void **state)
{
    (void)state;
    _cleanup_(lock_clear) struct lock lock = {0};
    read_text("Containerfile",
              "FROM --platform=linux/amd64 python:3.11@sha256:"
              "7bb2708e112d8fdd7829cd4243970f0c223274051cb35ee80c03301ee29a3df0 AS build\n"
              "RUN true\nfrom debian:12\nFROM build\nFROM scratch\n",
              &lock);
    assert_int_equal(2, lock.count);
    assert_string_equal("python:3.11", lock.items[0].name);
    assert_int_equal(PIN_SOURCE, lock.items[0].pin);
    assert_int_equal(PIN_NONE, lock.items[1].pin);
}

static void what_is_malformed_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *path, *text, *message;
    } cases[] = {
        {"uv.lock", "[[package]]\nversion = \"1\"\n", "uv.lock:1: a package has no name"},
        {"poetry.lock", "[[package]]\nname = 1\n", "poetry.lock:1: a package has no name"},
        {"pylock.toml", "packages = 3\n", "pylock.toml:1: the packages must be an array of tables"},
        {"pylock.toml", "a = \n", "pylock.toml:1: a value is missing"},
        {"Pipfile.lock", "{\"default\": ", NULL},
        {"environment.yml", "dependencies: [&a b]\n",
         "environment.yml:1: anchors (&name) are not supported"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct mlops_error err = {0};
        struct lock lock;
        const struct lock_options options = {
            .path = cases[i].path, .text = cases[i].text, .length = strlen(cases[i].text)};
        assert_int_equal(MLOPS_INVALID, lock_read(&options, &lock, &err));
        if (cases[i].message)
            assert_string_equal(cases[i].message, err.message);
    }
}

static void every_piece_of_a_lock_is_read_or_refused(void **state)
{
    static const char *const files[] = {"requirements.txt", "uv.lock",      "pylock.toml",
                                        "poetry.lock",      "Pipfile.lock", "environment.yml",
                                        "explicit.txt"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        _cleanup_(buffer_clear) struct buffer text = {0};
        read_data(files[i], &text);
        for (size_t length = 0; length < text.length; length += 1 + text.length / 97) {
            struct mlops_error err = {0};
            struct lock lock;
            char *copy = xmalloc(length + 1); /* exactly so long, for the sanitizer */
            memcpy(copy, text.data, length);
            copy = xrealloc(copy, length ? length : 1, 1);
            const struct lock_options options = {.path = files[i], .text = copy, .length = length};
            if (lock_read(&options, &lock, &err) == 0)
                lock_clear(&lock);
            else
                assert_int_equal(MLOPS_INVALID, err.code);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locks_of_the_real_tools_say_the_same),
        cmocka_unit_test(uv_says_where_a_package_is_wanted_by_its_ways),
        cmocka_unit_test(requirements_are_pinned_by_version_or_content),
        cmocka_unit_test(lines_go_on_after_a_backslash),
        cmocka_unit_test(includes_are_followed_within_the_folder),
        cmocka_unit_test(conda_says_what_it_pins),
        cmocka_unit_test(base_images_are_pinned_by_digest),
        cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
        cmocka_unit_test(every_piece_of_a_lock_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
