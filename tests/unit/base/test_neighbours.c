/* tests/unit/base/test_neighbours.c - files of one folder reached through it. */
#include "test.h"

#include "base/file.h"
#include "base/neighbours.h"
#include <fcntl.h>
#include <unistd.h>

/* What stands in the file at `path`, or NULL. */
static char *content(struct neighbours *near, const char *path)
{
    const char *name;
    char text[16] = "";
    int folder = neighbours_folder(near, path, &name);
    int fd = openat(folder, name, O_RDONLY);
    if (fd < 0)
        return NULL;
    assert_true(read(fd, text, sizeof(text) - 1) >= 0);
    close(fd);
    return xstrdup(text);
}

static void assert_content(struct neighbours *near, const char *path, const char *expected)
{
    char *text = content(near, path);
    assert_non_null(text);
    assert_string_equal(expected, text);
    free(text);
}

static void files_are_found_wherever_the_last_was(void **state)
{
    char folder[] = "/tmp/mlops-neighbours-XXXXXX";
    struct neighbours near = NEIGHBOURS_NONE;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(0, chdir(folder));
    assert_int_equal(0, system("mkdir -p a/b ab && printf 1 > a/x && printf 2 > a/b/x && "
                               "printf 3 > ab/x && printf 4 > x && printf 5 > a/y"));
    assert_content(&near, "a/x", "1");
    assert_content(&near, "a/y", "5");
    assert_content(&near, "ab/x", "3"); /* a folder whose name begins as the last one's */
    assert_content(&near, "a/b/x", "2");
    assert_content(&near, "a/x", "1");
    assert_content(&near, "x", "4");
    assert_content(&near, "a//x", "1");
    assert_null(content(&near, "a/missing"));
    assert_null(content(&near, "missing/x"));
    assert_content(&near, "a/x", "1");
    _cleanup_(free_string) char *full = xprintf("%s/ab/x", folder);
    assert_content(&near, full, "3");
    neighbours_clear(&near);
    neighbours_clear(&near);
    assert_int_equal(0, chdir("/"));
    _cleanup_(free_string) char *remove = xprintf("rm -r %s", folder);
    assert_int_equal(0, system(remove));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_wherever_the_last_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
