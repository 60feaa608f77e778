/* tests/unit/bundle/test_walk.c - which files a project has. */
#include "fixture.h"

#include "bundle/walk.h"

struct listing {
    struct walk walk;
    char *text; /* "path kind mode target" a line */
};

/* Add `paths` (NULL-terminated) and list what came of it. */
static int list(struct fixture *f, const char *const *paths, struct listing *listing)
{
    static const char *const kinds[] = {"file", "link", "folder"};
    struct buffer text = {0};
    *listing = (struct listing){.walk = {.root = f->project}};
    for (; *paths; paths++)
        TRY(walk_add(&listing->walk, *paths, NULL, NULL, &f->err));
    TRY(walk_finish(&listing->walk, &f->err));
    for (size_t i = 0; i < listing->walk.count; i++) {
        const struct manifest_file *file = &listing->walk.items[i].file;
        buffer_printf(&text, "%s %s %03o%s%s\n", file->path, kinds[file->kind], file->mode,
                      file->target ? " " : "", file->target ? file->target : "");
    }
    listing->text = buffer_steal(&text);
    return MLOPS_OK;
}

static void listing_clear(struct listing *listing)
{
    walk_clear(&listing->walk);
    free(listing->text);
}

#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define assert_listed(f, expected, ...)                                                            \
    do {                                                                                           \
        struct listing listing_;                                                                   \
        assert_ok(f, list(f, PATHS(__VA_ARGS__), &listing_));                                      \
        assert_string_equal(expected, listing_.text);                                              \
        listing_clear(&listing_);                                                                  \
    } while (0)
#define assert_refused(f, code, expected, ...)                                                     \
    do {                                                                                           \
        struct listing listing_;                                                                   \
        assert_fails(f, code, list(f, PATHS(__VA_ARGS__), &listing_));                             \
        assert_message(f, expected);                                                               \
        listing_clear(&listing_);                                                                  \
    } while (0)

static void a_folder_is_taken_with_all_that_is_in_it(void **state)
{
    struct fixture *f = *state;
    given_file(f, "model/b/weights", "w");
    given_file(f, "model/a", "a");
    given_file(f, "model-card.md", "x");
    shell(f, "mkdir -p project/model/empty; chmod 700 project/model/empty;"
             "chmod 755 project/model/a; chmod 4755 project/model/b/weights");
    assert_listed(f,
                  "model folder 755\n"
                  "model/a file 755\n"
                  "model/b folder 755\n"
                  "model/b/weights file 755\n"
                  "model/empty folder 700\n",
                  "model");
}

static void paths_are_sorted_by_bytes_and_stand_once(void **state)
{
    struct fixture *f = *state;
    given_file(f, "a/x.py", "");
    given_file(f, "a-b.py", "");
    given_file(f, "a.py", "");
    given_file(f, "B.py", "");
    given_file(f, "\xc3\xa9.py", "");
    assert_listed(f,
                  "B.py file 644\na folder 755\na-b.py file 644\na.py file 644\n"
                  "a/x.py file 644\n\xc3\xa9.py file 644\n",
                  ".", "a", "a/x.py", "a.py", ".");
}

static void the_folders_above_a_path_come_along(void **state)
{
    struct fixture *f = *state;
    given_file(f, "data/raw/train.csv", "");
    given_file(f, "data/raw/other.csv", "");
    assert_listed(f, "data folder 755\ndata/raw folder 755\ndata/raw/train.csv file 644\n",
                  "data/raw/train.csv");
}

static void caches_git_and_the_registry_are_left_out(void **state)
{
    struct fixture *f = *state;
    given_file(f, "src/a.py", "");
    given_file(f, "src/__pycache__/a.cpython-311.pyc", "");
    given_file(f, "src/b.pyc", "");
    given_file(f, ".git/config", "");
    given_file(f, "src/.git", "gitdir: elsewhere");
    given_file(f, ".mlops/registry.db", "");
    given_file(f, ".gitignore", "");
    assert_listed(f, ".gitignore file 644\nsrc folder 755\nsrc/a.py file 644\n", ".");
    assert_listed(f, "src folder 755\nsrc/b.pyc file 644\n", "src/b.pyc"); /* named, so meant */
    assert_refused(f, MLOPS_INVALID, "'.git' is never packaged", ".git");
    assert_refused(f, MLOPS_INVALID, "'.mlops' is never packaged", ".mlops/registry.db");
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    given_file(f, "a.py", "");
    assert_refused(f, MLOPS_NOT_FOUND, "'model' does not exist", "model");
    assert_refused(f, MLOPS_NOT_FOUND, "'x/y' does not exist", "x/y");
    assert_refused(f, MLOPS_NOT_FOUND, "'a.py/b' does not exist", "a.py/b");
}

static void a_link_is_kept_and_what_it_points_at_comes_along(void **state)
{
    struct fixture *f = *state;
    given_file(f, "weights/v3/w.bin", "w");
    given_file(f, "weights/v2/w.bin", "w");
    given_link(f, "model/latest", "../weights/v3");
    given_link(f, "model/self", "latest");
    assert_listed(f,
                  "model folder 755\n"
                  "model/latest link 000 ../weights/v3\n"
                  "model/self link 000 latest\n"
                  "weights folder 755\n"
                  "weights/v3 folder 755\n"
                  "weights/v3/w.bin file 644\n",
                  "model");
}

static void a_path_through_a_link_brings_link_and_file(void **state)
{
    struct fixture *f = *state;
    given_file(f, "data/v1/train.csv", "");
    given_file(f, "data/v1/other.csv", "");
    given_link(f, "current", "data/v1");
    given_link(f, "data/v1/alias.csv", "train.csv");
    struct listing listing;
    char *real = NULL;
    enum manifest_kind kind;
    listing.walk = (struct walk){.root = f->project};
    assert_ok(f, walk_add(&listing.walk, "current/alias.csv", &real, &kind, &f->err));
    assert_string_equal("data/v1/train.csv", real);
    assert_int_equal(MANIFEST_FILE, kind);
    free(real);
    walk_clear(&listing.walk);
    assert_listed(f,
                  "current link 000 data/v1\n"
                  "data folder 755\n"
                  "data/v1 folder 755\n"
                  "data/v1/alias.csv link 000 train.csv\n"
                  "data/v1/other.csv file 644\n"
                  "data/v1/train.csv file 644\n",
                  "current/alias.csv"); /* `current` points at the folder, so all of it comes */
}

static void a_link_to_a_folder_that_was_taken_in_part_brings_the_rest(void **state)
{
    struct fixture *f = *state;
    given_file(f, "lib/a.py", "");
    given_file(f, "lib/b.py", "");
    given_link(f, "tool/lib", "../lib");
    assert_listed(f,
                  "lib folder 755\nlib/a.py file 644\nlib/b.py file 644\n"
                  "tool folder 755\ntool/lib link 000 ../lib\n",
                  "lib/a.py", "tool");
}

static void a_link_to_the_project_itself_does_not_bring_everything(void **state)
{
    struct fixture *f = *state;
    given_file(f, "src/a.py", "");
    given_file(f, "secret.txt", "");
    given_link(f, "src/top", "..");
    given_link(f, "src/me", ".");
    assert_listed(f, "src folder 755\nsrc/a.py file 644\nsrc/me link 000 .\nsrc/top link 000 ..\n",
                  "src");
}

static void a_link_to_nowhere_is_kept_and_marked(void **state)
{
    struct fixture *f = *state;
    struct listing listing;
    given_file(f, "build/log", "");
    given_link(f, "src/later", "../build/out/model.bin");
    given_link(f, "src/git", "../.git");
    given_file(f, ".git/config", "");
    assert_ok(f, list(f, PATHS("src"), &listing));
    assert_string_equal("src folder 755\nsrc/git link 000 ../.git\n"
                        "src/later link 000 ../build/out/model.bin\n",
                        listing.text);
    assert_true(walk_find(&listing.walk, "src/later")->dangling);
    assert_true(walk_find(&listing.walk, "src/git")->dangling);
    listing_clear(&listing);
}

static void links_that_lead_out_are_refused_by_name_and_target(void **state)
{
    struct fixture *f = *state;
    shell(f, "echo secret > secret");
    given_link(f, "a/absolute", "/etc/hostname");
    given_link(f, "b/up", "../../secret");
    given_link(f, "c/first", "second");
    given_link(f, "c/second", "../../secret");
    given_link(f, "d/e/top", "../..");
    given_link(f, "f", "d/e/top/../secret");
    given_link(f, "out", "..");
    given_link(f, "g/dangling", "../../not-there");
    assert_refused(f, MLOPS_INVALID,
                   "the link 'a/absolute' leads out of the project, to '/etc/hostname'", "a");
    assert_refused(f, MLOPS_INVALID, "the link 'b/up' leads out of the project, to '../../secret'",
                   "b");
    assert_refused(f, MLOPS_INVALID,
                   "the link 'c/second' leads out of the project, to '../../secret'", "c/first");
    assert_refused(f, MLOPS_INVALID,
                   "the link 'f' leads out of the project, to 'd/e/top/../secret'", "f");
    assert_refused(f, MLOPS_INVALID, "the link 'out' leads out of the project, to '..'",
                   "out/secret");
    assert_refused(f, MLOPS_INVALID,
                   "the link 'g/dangling' leads out of the project, to '../../not-there'", "g");
}

static void links_in_a_circle_are_refused(void **state)
{
    struct fixture *f = *state;
    given_link(f, "a", "b");
    given_link(f, "b", "a");
    assert_refused(f, MLOPS_INVALID, "the link 'a' to 'b' leads round in a circle", "a");
}

static void names_that_other_machines_cannot_have_are_refused_escaped(void **state)
{
    struct fixture *f = *state;
    given_file(f, "a/caf\xe9", "");
    assert_refused(f, MLOPS_INVALID, "the name 'a/caf\\xe9' has control characters or is not UTF-8",
                   "a");
    given_file(f, "b/x\x1b[2J", "");
    assert_refused(f, MLOPS_INVALID,
                   "the name 'b/x\\x1b[2J' has control characters or is not UTF-8", "b");
    given_link(f, "c/link", "x\ny");
    assert_refused(f, MLOPS_INVALID,
                   "the target of a link, 'x\\x0ay' has control characters or is not UTF-8", "c");
}

static void what_is_neither_file_folder_nor_link_is_refused(void **state)
{
    struct fixture *f = *state;
    shell(f, "mkdir project/a; mkfifo project/a/pipe");
    assert_refused(f, MLOPS_INVALID, "'a/pipe' is neither a file, a folder nor a link", "a");
    assert_refused(f, MLOPS_INVALID, "'a/pipe' is neither a file, a folder nor a link", "a/pipe");
}

static void folders_nested_without_end_are_refused(void **state)
{
    struct fixture *f = *state;
    struct listing listing;
    shell(f, "cd project; i=0; while [ $i -lt 250 ]; do mkdir d; cd d; i=$((i+1)); done");
    assert_fails(f, MLOPS_INVALID, list(f, PATHS("."), &listing));
    assert_says(f, "folders are nested too deep");
    listing_clear(&listing);
}

static void a_file_that_changes_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct listing listing;
    given_file(f, "a", "before");
    given_file(f, "b", "before");
    assert_ok(f, list(f, PATHS("."), &listing));
    assert_ok(f, walk_check_unchanged(&listing.walk, &f->err));
    given_file(f, "b", "after it");
    assert_fails(f, MLOPS_CONFLICT, walk_check_unchanged(&listing.walk, &f->err));
    assert_message(f, "'b' changed while it was packaged");
    shell(f, "rm project/b");
    assert_fails(f, MLOPS_CONFLICT, walk_check_unchanged(&listing.walk, &f->err));
    listing_clear(&listing);
}

static void a_folder_without_anything_is_no_error(void **state)
{
    struct fixture *f = *state;
    assert_listed(f, "", ".");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bundle_test(a_folder_is_taken_with_all_that_is_in_it),
        bundle_test(paths_are_sorted_by_bytes_and_stand_once),
        bundle_test(the_folders_above_a_path_come_along),
        bundle_test(caches_git_and_the_registry_are_left_out),
        bundle_test(what_is_not_there_is_not_found),
        bundle_test(a_link_is_kept_and_what_it_points_at_comes_along),
        bundle_test(a_path_through_a_link_brings_link_and_file),
        bundle_test(a_link_to_a_folder_that_was_taken_in_part_brings_the_rest),
        bundle_test(a_link_to_the_project_itself_does_not_bring_everything),
        bundle_test(a_link_to_nowhere_is_kept_and_marked),
        bundle_test(links_that_lead_out_are_refused_by_name_and_target),
        bundle_test(links_in_a_circle_are_refused),
        bundle_test(names_that_other_machines_cannot_have_are_refused_escaped),
        bundle_test(what_is_neither_file_folder_nor_link_is_refused),
        bundle_test(folders_nested_without_end_are_refused),
        bundle_test(a_file_that_changes_is_noticed),
        bundle_test(a_folder_without_anything_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
