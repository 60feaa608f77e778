/* tests/unit/bundle/test_ignore.c - patterns of gitignore(5), held against git itself. */
#include "fixture.h"

#include "bundle/ignore.h"

static const char *const patterns[] = {
    "*.o",    "a",      "/a",      "a/b",          "a/",
    "**/b",   "a/**",   "a/**/c",  "**",           "**/a/**",
    "a*b",    "a?c",    "[ab]",    "[!a]",         "[^a]b",
    "[a-c]x", "[]]",    "[]a-]",   "[[:digit:]]1", "[[:alpha:][:digit:]]",
    "\\!a",   "\\#a",   "!a",      "#a",           "a\\ ",
    "a ",     "\\*",    "*a*b*c*", "/*",           "/**",
    "a**b",   "*/b",    "a/*/c",   "x/**/y/**/z",  "[",
    "[a",     "a[",     "a\\",     "[a\\]b]",      "[\\a-\\c]",
    "*.",     ".*",     "a//b",    "/a/",          "a/b/",
    "**/a/b", "[a/b]c", "a[^x]b",  "[[:foo:]]",    "[--0]",
    "[+--]",  "a/**b",  "**a/b",   "*[0-9]",       "?",
};
static const char *const paths[] = {
    "a",   "b",   "c",    "a.o",  "a/b",   "a/b/c", "a/x/y/c", "b/a",       "b/a/c", "ab",
    "axb", "abc", "a c",  "!a",   "#a",    "*",     "]",       "-",         "a1",    "11",
    "x1",  "cx",  "bb",   "xb",   "a ",    "axbxc", "x/y/z",   "x/a/y/b/z", ".a",    "a.",
    "[",   "[a",  "a/xb", "xa/b", "y/a/b", "a/x/b", "+",       ".",         "0",     "é",
};

/* A path is ignored by git, too, where a folder above it is. */
static bool we_say(const char *pattern, const char *path)
{
    char *part = xstrdup(path);
    bool found = false;
    for (char *slash = strchr(part, '/'); slash && !found; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        found = ignore_pattern_matches(pattern, part);
        *slash = '/';
    }
    found = found || ignore_pattern_matches(pattern, part);
    free(part);
    return found;
}

static void patterns_match_what_git_says(void **state)
{
    struct fixture *f = *state;
    size_t asked = 0;
    if (shell(f, "git --version && git init -q project") != 0) {
        print_message("git is not installed: nothing to hold patterns against\n");
        skip();
    }
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
        /* those that a line of the file makes something else of are the next test's matter */
        if (strchr("!#", *patterns[i]) || str_ends(patterns[i], "/") || str_ends(patterns[i], " "))
            continue;
        /* all paths in one process: -v -n says of each whether a pattern matches */
        given_file(f, ".gitignore", patterns[i]);
        struct buffer asking = {0}, said = {0};
        for (size_t j = 0; j < ARRAY_LENGTH(paths); j++)
            if (!str_equal(paths[j], "."))
                buffer_printf(&asking, "%s\n", paths[j]);
        given_file(f, "../asked.txt", asking.data);
        (void)shell(f, "cd project && export GIT_CONFIG_GLOBAL=/dev/null "
                       "GIT_CONFIG_NOSYSTEM=1 && git check-ignore --no-index -v -n --stdin "
                       "< ../asked.txt > ../said.txt");
        char *place = in_folder(f, "said.txt");
        assert_ok(f, file_read(place, 1 << 20, &said, &f->err));
        free(place);
        const char *line = said.data;
        for (size_t j = 0; j < ARRAY_LENGTH(paths); j++) {
            if (str_equal(paths[j], "."))
                continue;
            if (line && *line)
                asked++;
            bool expected = line && !str_starts(line, "::\t");
            if (we_say(patterns[i], paths[j]) != expected)
                fail_msg("'%s' and '%s': git says %s", patterns[i], paths[j],
                         expected ? "ignored" : "not ignored");
            line = line ? strchr(line, '\n') : NULL;
            line = line ? line + 1 : NULL;
        }
        buffer_clear(&asking);
        buffer_clear(&said);
    }
    assert_true(asked > 1500);
}

static bool judged(struct fixture *f, struct ignore *ignore, const char *path, bool is_folder,
                   bool is_code)
{
    bool left_out = false;
    assert_ok(f, ignore_judge(ignore, path, is_folder, is_code, &left_out, &f->err));
    return left_out;
}

static void lines_are_read_as_git_reads_them(void **state)
{
    struct fixture *f = *state;
    given_file(f, ".mlopsignore",
               "\xef\xbb\xbf*.tmp\r\n# a comment\n\n   \n\\#hash\n\\!bang\nblank \nkept\\ \n"
               "folder/\n*.log\n!keep.log\nlast");
    struct ignore *ignore = ignore_new(f->project);
    assert_true(judged(f, ignore, "a.tmp", false, false));
    assert_false(judged(f, ignore, "# a comment", false, false));
    assert_true(judged(f, ignore, "#hash", false, false));
    assert_true(judged(f, ignore, "!bang", false, false));
    assert_true(judged(f, ignore, "blank", false, false));
    assert_true(judged(f, ignore, "kept ", false, false));
    assert_false(judged(f, ignore, "kept", false, false));
    assert_true(judged(f, ignore, "folder", true, false));
    assert_false(judged(f, ignore, "folder", false, false));
    assert_true(judged(f, ignore, "deep/er/x.log", false, false));
    assert_false(judged(f, ignore, "deep/er/keep.log", false, false));
    assert_true(judged(f, ignore, "last", false, false));
    ignore_free(ignore);
}

static void the_nearest_file_has_the_last_word(void **state)
{
    struct fixture *f = *state;
    given_file(f, ".mlopsignore", "*.bin\n/top\n");
    given_file(f, "a/.mlopsignore", "!good.bin\n/inner\n");
    struct ignore *ignore = ignore_new(f->project);
    assert_true(judged(f, ignore, "a/bad.bin", false, false));
    assert_false(judged(f, ignore, "a/good.bin", false, false));
    assert_false(judged(f, ignore, "a/b/good.bin", false, false));
    assert_true(judged(f, ignore, "b/good.bin", false, false));
    assert_true(judged(f, ignore, "top", false, false));
    assert_false(judged(f, ignore, "a/top", false, false));
    assert_true(judged(f, ignore, "a/inner", false, false));
    assert_false(judged(f, ignore, "a/b/inner", false, false));
    assert_false(judged(f, ignore, "inner", false, false));
    ignore_free(ignore);
}

static void rules_that_are_a_link_a_folder_or_too_large_are_none_or_an_error(void **state)
{
    struct fixture *f = *state;
    bool left_out;
    given_file(f, "elsewhere", "x\n");
    given_link(f, "a/.mlopsignore", "../elsewhere");
    given_file(f, "b/.mlopsignore/inside", "x\n");
    struct ignore *ignore = ignore_new(f->project);
    assert_false(judged(f, ignore, "a/x", false, false));
    assert_false(judged(f, ignore, "b/x", false, false));
    char *large = xcalloc(1, (1 << 20) + 2);
    memset(large, 'x', (1 << 20) + 1);
    given_file(f, "c/.mlopsignore", large);
    assert_fails(f, MLOPS_INVALID, ignore_judge(ignore, "c/x", false, false, &left_out, &f->err));
    free(large);
    ignore_free(ignore);
}

static void a_pattern_of_many_stars_takes_no_time(void **state)
{
    struct buffer pattern = {0}, path = {0};
    (void)state;
    for (size_t i = 0; i < 2000; i++) {
        buffer_puts(&pattern, "a*");
        buffer_puts(&path, "a");
    }
    buffer_puts(&pattern, "b");
    assert_false(ignore_pattern_matches(pattern.data, path.data));
    buffer_reset(&pattern);
    buffer_reset(&path);
    for (size_t i = 0; i < 1000; i++) {
        buffer_puts(&pattern, "**/a/");
        buffer_puts(&path, "a/");
    }
    buffer_puts(&pattern, "b");
    assert_false(ignore_pattern_matches(pattern.data, path.data));
    buffer_clear(&pattern);
    buffer_clear(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(patterns_match_what_git_says),
        bundle_test(lines_are_read_as_git_reads_them),
        bundle_test(the_nearest_file_has_the_last_word),
        bundle_test(rules_that_are_a_link_a_folder_or_too_large_are_none_or_an_error),
        cmocka_unit_test(a_pattern_of_many_stars_takes_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
