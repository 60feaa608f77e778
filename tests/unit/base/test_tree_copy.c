/* tests/unit/base/test_tree_copy.c - folders copied. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "base/tree_copy.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int shell(const char *folder, const char *command)
{
    _cleanup_(free_string) char *line = xprintf("cd '%s' && %s", folder, command);
    return system(line);
}

static void a_copy_has_content_modes_and_links_and_is_another(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(free_string) char *folder = NULL;
    bool shared;
    assert_int_equal(MLOPS_OK, directory_make_temporary("/tmp", "tree-copy", &folder, &err));
    assert_int_equal(0, shell(folder, "mkdir -p from/in/deep to && echo a > from/in/a && "
                                      "head -c 300000 /dev/urandom > from/in/deep/b && "
                                      "ln -s /nowhere from/l && ln -s in/a from/m && "
                                      "chmod 444 from/in/a && chmod 555 from/in/deep"));
    _cleanup_(free_string) char *from = path_join(folder, "from"), *to = path_join(folder, "to");
    assert_int_equal(MLOPS_OK, tree_copy(from, to, &shared, &err));
    assert_int_equal(0, shell(folder, "diff -r --no-dereference from to && "
                                      "test \"$(stat -c %a to/in/a to/in/deep | tr '\\n' ' ')\" = "
                                      "'444 555 ' && chmod 644 to/in/a && echo b > to/in/a && "
                                      "test \"$(cat from/in/a)\" = a"));
    assert_int_equal(MLOPS_OK, tree_remove(folder, &err));
}

static void what_cannot_be_copied_is_told(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    bool shared;
    assert_int_equal(MLOPS_IO, tree_copy("/nowhere/from", "/tmp", &shared, &err));
    assert_non_null(strstr(err.message, "/nowhere/from"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_has_content_modes_and_links_and_is_another),
        cmocka_unit_test(what_cannot_be_copied_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
