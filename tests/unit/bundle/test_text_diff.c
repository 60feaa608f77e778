/* tests/unit/bundle/test_text_diff.c - hunks that patch(1) takes, and that are short. */
#include "test.h"

#include "bundle/text_diff.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct buffer from_text(const char *text)
{
    struct buffer buffer = {0};

    buffer_puts(&buffer, text);
    return buffer;
}

static void becomes(const char *from, const char *to, const char *hunks)
{
    _cleanup_(buffer_clear) struct buffer old = from_text(from), fresh = from_text(to), out = {0};
    struct text_diff counts;

    text_diff(&old, &fresh, &out, &counts);
    assert_string_equal(hunks, out.data ? out.data : "");
}

static void hunks_are_as_diff_writes_them(void **state)
{
    (void)state;
    becomes("a\nb\n", "a\nb\n", "");
    becomes("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
    becomes("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
    becomes("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    becomes("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
    becomes("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n",
            "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -7,3 +8,4 @@\n 7\n 8\n 9\n+10\n");
}

static void write_file(const char *path, const struct buffer *text, const char *header)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(header, file);
    if (text->length)
        assert_int_equal(text->length, fwrite(text->data, 1, text->length, file));
    assert_int_equal(0, fclose(file));
}

/* Random texts of few different lines: patch makes one of the other, and the script is no longer
 * than twice as many lines as were touched. */
static void patch_makes_one_of_the_other(void **state)
{
    char folder[] = "/tmp/text-diff-XXXXXX", command[256];

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(0, chdir(folder));
    srand(7);
    for (int round = 0; round < 60; round++) {
        _cleanup_(buffer_clear) struct buffer old = {0}, fresh = {0}, out = {0};
        struct text_diff counts;
        size_t touched = 0;
        for (int i = 0, count = rand() % 60; i < count; i++) {
            int line = rand() % 5, fate = rand() % 8;
            buffer_printf(&old, "line %d\n", line);
            touched += fate < 2;
            if (fate > 0)
                buffer_printf(&fresh, "line %d\n", line);
            if (fate == 1)
                buffer_printf(&fresh, "fresh %d\n", i);
        }
        text_diff(&old, &fresh, &out, &counts);
        assert_true(counts.added + counts.removed <= touched);
        write_file("old", &old, "");
        write_file("fresh", &fresh, "");
        if (out.length == 0)
            continue;
        write_file("patch", &out, "--- old\n+++ old\n");
        snprintf(command, sizeof(command), "patch -s -p0 old < patch && cmp -s old fresh");
        assert_int_equal(0, system(command));
    }
    assert_int_equal(0, system("rm -f old fresh patch old.orig"));
    assert_int_equal(0, chdir("/"));
    assert_int_equal(0, rmdir(folder));
}

static void a_text_that_is_quite_another_is_replaced(void **state)
{
    _cleanup_(buffer_clear) struct buffer old = {0}, fresh = {0}, out = {0};
    struct text_diff counts;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        buffer_printf(&old, "%d\n", i);
        buffer_printf(&fresh, "%d\n", -i - 1);
    }
    text_diff(&old, &fresh, &out, &counts);
    assert_int_equal(3000, counts.added);
    assert_int_equal(3000, counts.removed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hunks_are_as_diff_writes_them),
        cmocka_unit_test(patch_makes_one_of_the_other),
        cmocka_unit_test(a_text_that_is_quite_another_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
