/* tests/unit/monitor/test_rotation.c - which older files of a followed one were not read. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "monitor/rotation.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fixture {
    char *folder, *path; /* of the followed file */
    struct stat newest;
    struct mlops_error err;
};

static void put(const struct fixture *f, const char *name, const char *text)
{
    struct mlops_error err;
    char *path = path_join(f->folder, name);
    assert_int_equal(0, file_write_durable(path, text, strlen(text), 0600, &err));
    free(path);
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "test-rotation", &f->folder, &f->err));
    f->path = path_join(f->folder, "log");
    put(f, "log", "newest\n");
    assert_int_equal(0, stat(f->path, &f->newest));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static struct position read_of(const char *text)
{
    struct mark mark = {0};
    mark_add(&mark, text, strlen(text));
    return mark_position(&mark);
}

/* Names without the folder, in a row. */
static void assert_listed(struct fixture *f, const struct position *last, const char *expected,
                          bool lost)
{
    struct rotated_list list;
    char names[512] = "";
    assert_int_equal(0, rotation_list(f->path, last, &f->newest, &list, &f->err));
    for (size_t i = 0; i < list.count; i++) {
        strcat(names, i ? " " : "");
        strcat(names, path_base(list.items[i].path));
    }
    assert_string_equal(expected, names);
    assert_int_equal(lost, list.lost);
    rotated_list_clear(&list);
}

static void what_is_behind_the_file_read_last_is_listed_oldest_first(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"log.12", "log.2", "log.1"}; /* 12 is older than 2 */
    put(f, "log.13", "a\nb\n");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        put(f, names[i], names[i]);
    struct position last = read_of("a\nb\n");
    assert_listed(f, &last, "log.12 log.2 log.1", false);
    last = read_of("log.2");
    assert_listed(f, &last, "log.1", false);
    last = read_of("log.");
    last.tail++; /* all begin like that: it is not the same */
    assert_listed(f, &last, "log.13 log.12 log.2 log.1", true);
}

static void one_that_was_not_read_to_its_end_is_the_first(void **state)
{
    struct fixture *f = *state;
    put(f, "log.2", "a\nb\n");
    put(f, "log.1", "c\n");
    const struct position last = read_of("a\n");
    assert_listed(f, &last, "log.2 log.1", false);
}

static void a_file_read_last_that_has_its_name_yet_has_nothing_behind_it(void **state)
{
    struct fixture *f = *state;
    put(f, "log.2", "a\n");
    put(f, "log.1", "b\n");
    const struct position last = read_of("newest\n"), unknown = {0};
    assert_listed(f, &last, "log.1", false); /* its writer may have held it longer */
    assert_listed(f, &unknown, "log.1", false);
}

static void dates_ascend_and_other_names_are_others(void **state)
{
    struct fixture *f = *state;
    put(f, "log-20261127", "a\n");
    put(f, "log-20261129", "c\n");
    put(f, "log-20261128", "b\n");
    put(f, "log-20261130.xz", "d\n");
    put(f, "log.old", "d\n");
    put(f, "log.", "d\n");
    put(f, "logs.1", "d\n");
    put(f, "log.1.2", "d\n");
    put(f, "log.1234567890123456789", "d\n");
    put(f, "log-20261126", "");
    const struct position last = read_of("a\n");
    assert_listed(f, &last, "log-20261128 log-20261129", false);
}

static void where_the_file_read_last_is_gone_what_changed_since_is_listed(void **state)
{
    struct fixture *f = *state;
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct position last = read_of("gone\n");
    put(f, "log.2", "a\n");
    put(f, "log.1", "b\n");
    char *path = path_join(f->folder, "log.2");
    assert_int_equal(0, utimensat(AT_FDCWD, path, times, 0));
    free(path);
    last.modified_ns = 2000 * 1000000000LL;
    assert_listed(f, &last, "log.1", true);
    last.modified_ns = 1000 * 1000000000LL;
    assert_listed(f, &last, "log.2 log.1", true);
}

static void what_was_opened_and_rotated_since_is_not_older_than_itself(void **state)
{
    struct fixture *f = *state;
    char *one = path_join(f->folder, "log.1");
    put(f, "log.2", "a\n");
    assert_int_equal(0, rename(f->path, one));
    put(f, "log", "newer\n");
    const struct position last = read_of("z\n");
    assert_listed(f, &last, "log.2", true);
    free(one);
}

static void a_mark_is_the_same_whatever_the_pieces(void **state)
{
    enum { LENGTH = 3 * MARK_SIZE };
    char *text = xmalloc(LENGTH);
    struct mark whole = {0};
    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = (char)('a' + i * i % 23);
    mark_add(&whole, text, LENGTH);
    const struct position expected = mark_position(&whole);
    for (size_t piece = 1; piece < LENGTH; piece = piece * 3 + 1) {
        struct mark mark = {0};
        for (size_t at = 0; at < LENGTH; at += piece)
            mark_add(&mark, text + at, LENGTH - at < piece ? LENGTH - at : piece);
        const struct position position = mark_position(&mark);
        assert_int_equal(expected.bytes, position.bytes);
        assert_true(expected.head == position.head && expected.tail == position.tail);
    }
    free(text);
}

static void a_position_is_read_back_and_a_damaged_one_is_none(void **state)
{
    struct fixture *f = *state;
    char *path = path_join(f->folder, "deep/position.json");
    struct position last = read_of("a\nb\n"), again;
    last.modified_ns = 1764320400123456789;
    assert_int_equal(0, position_read(path, &again, &f->err));
    assert_int_equal(0, again.bytes);
    assert_int_equal(0, position_write(path, &last, &f->err));
    assert_int_equal(0, position_read(path, &again, &f->err));
    assert_int_equal(4, again.bytes);
    assert_true(again.head == last.head && again.tail == last.tail &&
                again.modified_ns == last.modified_ns);
    put(f, "deep/position.json", "{\"bytes\":\"4\"");
    assert_int_equal(0, position_read(path, &again, &f->err));
    assert_int_equal(0, again.bytes);
    put(f, "deep/position.json", "");
    assert_int_equal(0, position_read(path, &again, &f->err));
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_behind_the_file_read_last_is_listed_oldest_first,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_was_not_read_to_its_end_is_the_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_file_read_last_that_has_its_name_yet_has_nothing_behind_it, setup, teardown),
        cmocka_unit_test_setup_teardown(dates_ascend_and_other_names_are_others, setup, teardown),
        cmocka_unit_test_setup_teardown(
            where_the_file_read_last_is_gone_what_changed_since_is_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_opened_and_rotated_since_is_not_older_than_itself,
                                        setup, teardown),
        cmocka_unit_test(a_mark_is_the_same_whatever_the_pieces),
        cmocka_unit_test_setup_teardown(a_position_is_read_back_and_a_damaged_one_is_none, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
