/* tests/unit/bundle/test_git.c - what git says, held against git itself. */
#include "fixture.h"

#include "bundle/git.h"

/* libgit2 1.5.1 does not free what it gives to PCRE when it looks for the extensions of a
 * repository of format 1. Read by the leak sanitizer, where one is linked. */
const char *__lsan_default_suppressions(void) __attribute__((visibility("default")));
const char *__lsan_default_suppressions(void)
{
    return "leak:libpcre2\n";
}

/* Run git in the project without anybody's configuration; skips the test where it is missing. */
static void git(struct fixture *f, const char *arguments)
{
    char *command = xprintf("cd project && HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 git -c "
                            "user.name=a -c user.email=a@b -c commit.gpgsign=false %s",
                            arguments);
    int status = shell(f, command);
    free(command);
    assert_int_equal(0, status);
}

static void given_repository(struct fixture *f)
{
    if (shell(f, "git --version") != 0) {
        print_message("git is not installed: nothing to hold libgit2 against\n");
        skip();
    }
    git(f, "init -q -b trunk");
    given_file(f, "train.py", "print(1)\n");
    given_file(f, "other/x.txt", "x\n");
    git(f, "add .");
    git(f, "commit -q -m first");
}

static struct git_state capture(struct fixture *f, const char *directory)
{
    struct git_state state;
    char *path = in_folder(f, directory);
    git_capture(f->registry, path, NULL, &state);
    free(path);
    return state;
}

static void assert_dirty(struct fixture *f, const char *directory, bool dirty)
{
    struct git_state state = capture(f, directory);
    assert_true(state.found);
    assert_int_equal(dirty, state.dirty);
    git_state_clear(&state);
}

static void commit_and_branch_are_those_that_git_says(void **state)
{
    struct fixture *f = *state;
    struct buffer expected = {0};
    given_repository(f);
    git(f, "rev-parse HEAD > ../head.txt");
    char *path = in_folder(f, "head.txt");
    assert_ok(f, file_read(path, 100, &expected, &f->err));
    expected.data[40] = '\0';
    struct git_state found = capture(f, "project");
    assert_true(found.found);
    assert_string_equal(expected.data, found.commit);
    assert_string_equal("trunk", found.branch);
    assert_null(found.remote);
    assert_false(found.dirty);
    git_state_clear(&found);
    assert_string_equal("", f->warnings);
    buffer_clear(&expected);
    free(path);
}

static void a_detached_head_has_a_commit_and_no_branch(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    git(f, "checkout -q --detach");
    struct git_state found = capture(f, "project");
    assert_non_null(found.commit);
    assert_null(found.branch);
    git_state_clear(&found);
}

static void before_the_first_commit_there_is_none(void **state)
{
    struct fixture *f = *state;
    if (shell(f, "git --version") != 0)
        skip();
    git(f, "init -q -b trunk");
    given_file(f, "train.py", "");
    struct git_state found = capture(f, "project");
    assert_true(found.found);
    assert_null(found.commit);
    assert_true(found.dirty);
    git_state_clear(&found);
}

static void credentials_in_the_remote_are_left_out(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    git(f, "remote add origin https://alice:hunter2@example.com/team/fraud.git");
    struct git_state found = capture(f, "project");
    assert_string_equal("https://example.com/team/fraud.git", found.remote);
    git_state_clear(&found);
}

static void changed_new_and_deleted_files_make_it_dirty(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    given_file(f, "train.py", "print(2)\n");
    assert_dirty(f, "project", true);
    git(f, "add train.py"); /* staged is not committed */
    assert_dirty(f, "project", true);
    git(f, "commit -q -m second");
    assert_dirty(f, "project", false);
    given_file(f, "new/file.py", "");
    assert_dirty(f, "project", true);
    shell(f, "rm -r project/new");
    assert_dirty(f, "project", false);
    shell(f, "rm project/train.py");
    assert_dirty(f, "project", true);
}

static void a_touched_file_is_not_dirty(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    shell(f, "touch -d '2001-02-03' project/train.py");
    assert_dirty(f, "project", false);
}

static void what_is_ignored_or_never_packaged_does_not_count(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    given_file(f, ".gitignore", "out/\n");
    git(f, "add .");
    git(f, "commit -q -m ignore");
    given_file(f, "out/predictions.csv", "");
    given_file(f, ".mlops/registry.db", "");
    given_file(f, "features/__pycache__/a.cpython-311.pyc", "");
    assert_dirty(f, "project", false);
    given_file(f, "features/a.py", "");
    assert_dirty(f, "project", true);
}

static void only_what_is_below_the_project_folder_counts(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    given_file(f, "other/x.txt", "y\n");
    given_file(f, "sub[1]/train.py", "");
    git(f, "add 'sub[1]'");
    git(f, "commit -q -m sub");
    assert_dirty(f, "project", true);
    assert_dirty(f, "project/other", true);
    assert_dirty(f, "project/sub[1]", false);
    given_file(f, "sub[1]/new.py", "");
    assert_dirty(f, "project/sub[1]", true);
}

static void a_folder_outside_of_git_has_no_state(void **state)
{
    struct fixture *f = *state;
    struct git_state found = capture(f, "project");
    assert_false(found.found);
    assert_null(found.commit);
    assert_string_equal("", f->warnings);
    git_state_clear(&found);
}

static void a_repository_of_somebody_else_is_read(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0) {
        print_message("only root can give a repository to somebody else\n");
        skip();
    }
    given_repository(f);
    shell(f, "chown -R 65534:65534 project");
    struct git_state found = capture(f, "project");
    assert_non_null(found.commit);
    git_state_clear(&found);
    shell(f, "chown -R 0:0 project");
}

static void a_repository_that_libgit2_does_not_know_is_a_warning(void **state)
{
    struct fixture *f = *state;
    given_repository(f);
    git(f, "config core.repositoryformatversion 1");
    git(f, "config extensions.fromTheFuture true");
    struct git_state found = capture(f, "project");
    assert_false(found.found);
    assert_contains(f->warnings, "the git commit is not recorded: git: open the repository: ");
    git_state_clear(&found);
}

static void urls_lose_what_is_secret_and_nothing_else(void **state)
{
    static const char *const urls[][2] = {
        {"https://github.com/a/b.git", "https://github.com/a/b.git"},
        {"https://u@github.com/a/b.git", "https://github.com/a/b.git"},
        {"https://u:p@github.com/a/b.git", "https://github.com/a/b.git"},
        {"https://u:p@ss@github.com/a", "https://github.com/a"},
        {"https://github.com/@scope/b", "https://github.com/@scope/b"},
        {"https://host/b?token=secret", "https://host/b"},
        {"https://host?token=a@b", "https://host"},
        {"ssh://git@host:2222/a/b", "ssh://host:2222/a/b"},
        {"git@github.com:a/b.git", "git@github.com:a/b.git"},
        {"https://u:p@host", "https://host"},
        {"https://", "https://"},
        {"/srv/git/a@b", "/srv/git/a@b"},
        {"file:///srv/git/a@b", "file:///srv/git/a@b"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        char *stripped = git_strip_credentials(urls[i][0]);
        assert_string_equal(urls[i][1], stripped);
        free(stripped);
    }
}

/* The link that leads nowhere is told each time, before git is asked: the second time, there is
 * none any more. */
static void lose_git(void *context, const char *message)
{
    struct fixture *f = context;
    if (strstr(f->warnings, message))
        (void)shell(f, "mv project/.git away");
    take_warning(context, message);
}

static void a_folder_that_gives_two_bundles_is_told(void **state)
{
    struct fixture *f = *state;
    struct mlops_package result, checked;
    given_repository(f);
    given_file(f, "mlops.yaml", "model: fraud\ncode: [train.py, links]\n");
    given_link(f, "links/link", "nowhere");
    const struct mlops_package_options options = {.directory = f->project, .registers = true};
    assert_ok(f, package(f, &result));
    f->warnings[0] = '\0';
    assert_ok(f, mlops_package_check(f->registry,
                                     &(struct mlops_package_options){.directory = f->project},
                                     &checked, &f->err));
    assert_string_equal(result.bundle, checked.bundle);
    mlops_registry_close(f->registry);
    f->warnings[0] = '\0';
    assert_ok(f, mlops_registry_open(
                     &(struct mlops_registry_options){.location = f->folder,
                                                      .actor = "alice@host",
                                                      .observer = {.context = f, .warn = lose_git}},
                     &f->registry, &f->err));
    assert_fails(f, MLOPS_REFUSED, mlops_package_check(f->registry, &options, &checked, &f->err));
    assert_says(f, "was packaged twice and gave two bundles");
    struct mlops_version version;
    assert_fails(f, MLOPS_NOT_FOUND,
                 mlops_version_resolve(f->registry, "fraud", &version, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(commit_and_branch_are_those_that_git_says),
        bundle_test(a_detached_head_has_a_commit_and_no_branch),
        bundle_test(before_the_first_commit_there_is_none),
        bundle_test(credentials_in_the_remote_are_left_out),
        bundle_test(changed_new_and_deleted_files_make_it_dirty),
        bundle_test(a_touched_file_is_not_dirty),
        bundle_test(what_is_ignored_or_never_packaged_does_not_count),
        bundle_test(only_what_is_below_the_project_folder_counts),
        bundle_test(a_folder_outside_of_git_has_no_state),
        bundle_test(a_repository_of_somebody_else_is_read),
        bundle_test(a_folder_that_gives_two_bundles_is_told),
        bundle_test(a_repository_that_libgit2_does_not_know_is_a_warning),
        cmocka_unit_test(urls_lose_what_is_secret_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
