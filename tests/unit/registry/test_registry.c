#include "registry/fixture.h"

#include "registry/schema.h"
#include <sched.h>
#include <sys/mount.h>

static void in_folder(const struct fixture *f, const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", f->folder, name);
}

static int open_at(struct fixture *f, const char *location, const char *directory)
{
    int code;

    mlops_registry_close(f->registry);
    f->registry = NULL;
    code = mlops_registry_open(
        &(struct mlops_registry_options){.location = location, .directory = directory},
        &f->registry, &f->err);
    return code;
}

/* ---- making -------------------------------------------------------------------------------- */

static void init_makes_a_registry_once(void **state)
{
    struct fixture *f = *state;
    bool created = false;

    assert_ok(f, mlops_registry_init(f->folder, &created, &f->err));
    assert_true(created);
    assert_ok(f, mlops_registry_init(f->folder, &created, &f->err));
    assert_false(created);
    assert_ok(f, open_at(f, f->folder, NULL));
    assert_int_equal(1, ask(f, "SELECT count(*) FROM audit"));
}

static void init_makes_missing_folders_above(void **state)
{
    struct fixture *f = *state;
    char path[4096];
    bool created;

    in_folder(f, "a/b/.mlops/", path);
    assert_ok(f, mlops_registry_init(path, &created, &f->err));
    assert_true(created);
    in_folder(f, "a/b/.mlops/registry.db", path);
    assert_true(path_exists(path));
}

static void init_leaves_nothing_beside_the_registry(void **state)
{
    struct fixture *f = *state;
    _cleanup_(buffer_clear) struct buffer names = {0};
    char command[4200], line[256];
    bool created;

    assert_ok(f, mlops_registry_init(f->folder, &created, &f->err));
    snprintf(command, sizeof(command), "ls -A '%s'", f->folder);
    FILE *list = popen(command, "r");
    while (fgets(line, sizeof(line), list))
        buffer_puts(&names, line);
    pclose(list);
    assert_string_equal(".mlops\n", names.data);
}

static void init_does_not_touch_a_folder_that_holds_something_else(void **state)
{
    struct fixture *f = *state;
    char path[4096];
    bool created;

    in_folder(f, ".mlops/mine", path);
    char *parent = path_parent(path);
    assert_ok(f, directory_make(parent, 0755, &f->err));
    free(parent);
    assert_ok(f, file_write_durable(path, "x", 1, 0644, &f->err));
    assert_fails(f, MLOPS_INVALID, mlops_registry_init(f->folder, &created, &f->err));
    assert_says(f, ".mlops is there already and is not a registry");
    assert_true(path_exists(path));
}

static void init_does_not_touch_a_file_of_that_name(void **state)
{
    struct fixture *f = *state;
    char path[4096];
    bool created;

    in_folder(f, ".mlops", path);
    assert_ok(f, file_write_durable(path, "x", 1, 0644, &f->err));
    assert_fails(f, MLOPS_INVALID, mlops_registry_init(f->folder, &created, &f->err));
}

static void init_uses_an_empty_folder_also_through_a_link(void **state)
{
    struct fixture *f = *state;
    char target[4096], link[4096];
    bool created;

    in_folder(f, "big-disk", target);
    in_folder(f, ".mlops", link);
    assert_int_equal(0, mkdir(target, 0755));
    assert_int_equal(0, symlink("big-disk", link));
    assert_ok(f, mlops_registry_init(f->folder, &created, &f->err));
    assert_true(created);
    assert_ok(f, open_at(f, f->folder, NULL));
    assert_string_equal(target, mlops_registry_location(f->registry));
}

static void of_many_that_init_at_once_one_makes_the_registry(void **state)
{
    struct fixture *f = *state;
    pid_t children[20];
    int made = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(children); i++) {
        if ((children[i] = fork()) == 0) {
            bool created;
            int code = mlops_registry_init(f->folder, &created, &f->err);
            _exit(code ? 100 + code : created);
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(children); i++) {
        int status = wait_for(children[i]);
        assert_in_range(status, 0, 1);
        made += status;
    }
    assert_int_equal(1, made);
    assert_ok(f, open_at(f, f->folder, NULL));
}

static void the_first_entry_of_the_log_says_who_made_it(void **state)
{
    struct fixture *f = *state;
    struct mlops_log log;

    assert_ok(f, mlops_log_read(f->registry, &(struct mlops_log_filter){0}, &log, &f->err));
    assert_int_equal(1, log.count);
    assert_int_equal(0, log.items[0].index);
    assert_string_equal("init", log.items[0].action);
    assert_string_equal("carol@ci", log.items[0].actor);
    mlops_log_clear(&log);
}

/* ---- finding ------------------------------------------------------------------------------- */

static void a_registry_is_found_from_a_folder_below(void **state)
{
    struct fixture *f = *state;
    char below[4096], expected[4096];

    in_folder(f, "a/b/c", below);
    in_folder(f, ".mlops", expected);
    assert_ok(f, directory_make(below, 0755, &f->err));
    assert_ok(f, open_at(f, NULL, below));
    assert_string_equal(expected, mlops_registry_location(f->registry));
}

static void a_folder_called_mlops_without_a_registry_is_passed_over(void **state)
{
    struct fixture *f = *state;
    char below[4096], expected[4096];

    in_folder(f, "a/.mlops", below);
    in_folder(f, ".mlops", expected);
    assert_ok(f, directory_make(below, 0755, &f->err));
    *strrchr(below, '/') = '\0';
    assert_ok(f, open_at(f, NULL, below));
    assert_string_equal(expected, mlops_registry_location(f->registry));
}

static void no_registry_above_is_not_found_with_what_to_do(void **state)
{
    struct fixture *f = *state;
    char message[4200];

    assert_fails(f, MLOPS_NOT_FOUND, open_at(f, NULL, f->folder));
    snprintf(message, sizeof(message), "no registry here or in any folder above %s", f->folder);
    assert_message(f, message);
    assert_hint(f, "make one with 'mlops init', or name one with --registry or MLOPS_REGISTRY");
}

static void a_location_is_the_folder_or_the_one_that_holds_it(void **state)
{
    struct fixture *f = *state;
    char path[4096];

    in_folder(f, ".mlops/", path);
    assert_ok(f, open_at(f, path, NULL));
    in_folder(f, "", path);
    assert_ok(f, open_at(f, path, NULL));
    in_folder(f, "nowhere", path);
    assert_fails(f, MLOPS_NOT_FOUND, open_at(f, path, NULL));
    assert_says(f, "no registry at ");
}

static void the_environment_names_a_registry_unless_one_is_given(void **state)
{
    struct fixture *f = *state;

    setenv("MLOPS_REGISTRY", f->folder, 1);
    assert_ok(f, open_at(f, NULL, "/"));
    setenv("MLOPS_REGISTRY", "/nowhere", 1);
    assert_ok(f, open_at(f, f->folder, "/"));
    assert_fails(f, MLOPS_NOT_FOUND, open_at(f, NULL, f->folder));
    assert_message(f, "no registry at /nowhere");
    unsetenv("MLOPS_REGISTRY");
}

/* ---- what cannot be opened ------------------------------------------------------------------ */

static void given_content(struct fixture *f, const char *name, const char *content)
{
    _cleanup_(free_string) char *path = in_registry(f, name);

    assert_ok(f, file_write_durable(path, content, strlen(content), 0644, &f->err));
}

static void a_newer_format_is_refused(void **state)
{
    struct fixture *f = *state;

    given_content(f, "format", "mlops registry 2\n");
    assert_fails(f, MLOPS_INVALID, open_at(f, f->folder, NULL));
    assert_says(f, "was made by a newer mlops: its format is 2, this one knows 1");
}

static void a_format_that_is_not_one_is_damage(void **state)
{
    struct fixture *f = *state;
    static const char *const contents[] = {"",
                                           "mlops",
                                           "mlops registry ",
                                           "\n",
                                           "mlops registry 1",
                                           "mlops registry -\n",
                                           "mlops registry 0\n",
                                           "mlops registry 1x\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
        given_content(f, "format", contents[i]);
        assert_fails(f, MLOPS_INTEGRITY, open_at(f, f->folder, NULL));
    }
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;

    tamper(f, "UPDATE meta SET value = '99' WHERE key = 'schema'");
    assert_fails(f, MLOPS_INVALID, open_at(f, f->folder, NULL));
    char known[80];
    (void)snprintf(known, sizeof(known), "by a newer mlops: its schema is 99, this one knows %d",
                   SCHEMA_NUMBER);
    assert_says(f, known);
}

static void a_handle_notices_that_the_schema_moved_on(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;

    tamper(f, "UPDATE meta SET value = '99' WHERE key = 'schema'");
    assert_fails(f, MLOPS_INVALID, transaction_begin(f->registry, &tx, &f->err));
}

static void a_missing_database_is_damage(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    _cleanup_(free_string) char *path = in_registry(f, "registry.db");

    assert_int_equal(0, unlink(path));
    assert_fails(f, MLOPS_INTEGRITY, open_at(f, f->folder, NULL));
    assert_says(f, "registry.db is missing");
}

static void a_database_of_garbage_is_damage_and_its_path_is_named(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    given_content(f, "registry.db",
                  "this is not a database, however long one looks at it: it is just some text, "
                  "and a bit more of it so that it is longer than the header of one would be");
    assert_fails(f, MLOPS_INTEGRITY, open_at(f, f->folder, NULL));
    assert_says(f, f->folder);
    assert_says(f, "registry.db is damaged");
}

static void an_emptied_database_is_damage(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    given_content(f, "registry.db", "");
    assert_fails(f, MLOPS_INTEGRITY, open_at(f, f->folder, NULL));
}

static void damaged_pages_are_damage_not_an_answer(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    _cleanup_(free_string) char *path = in_registry(f, "registry.db");
    struct mlops_version_list list;
    char junk[4096];
    FILE *file;
    long size;
    int code;

    for (unsigned n = 1; n <= 50; n++)
        given_registered(f, "fraud", n);
    mlops_registry_close(f->registry);
    f->registry = NULL;
    memset(junk, 0x5a, sizeof(junk));
    assert_non_null(file = fopen(path, "r+b"));
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    for (long at = sizeof(junk); at < size; at += (long)sizeof(junk)) { /* all but the first page */
        fseek(file, at, SEEK_SET);
        fwrite(junk, 1, sizeof(junk), file);
    }
    fclose(file);
    code = open_at(f, f->folder, NULL);
    if (code == MLOPS_OK)
        code = mlops_version_list(f->registry, NULL, &list, &f->err);
    assert_int_equal(MLOPS_INTEGRITY, code);
}

/* ---- who ----------------------------------------------------------------------------------- */

static void the_actor_is_given_or_of_the_environment_or_of_the_process(void **state)
{
    struct fixture *f = *state;

    assert_string_equal("alice@host", registry_actor(f->registry));
    assert_ok(f, open_at(f, f->folder, NULL));
    assert_string_equal("carol@ci", registry_actor(f->registry));
    unsetenv("MLOPS_ACTOR");
    assert_ok(f, open_at(f, f->folder, NULL));
    assert_non_null(strchr(registry_actor(f->registry), '@'));
}

static void an_actor_with_control_characters_or_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    char actor[400];

    memset(actor, 'a', sizeof(actor));
    actor[256] = '\0';
    setenv("MLOPS_ACTOR", actor, 1);
    assert_fails(f, MLOPS_INVALID, open_at(f, f->folder, NULL));
    setenv("MLOPS_ACTOR", "alice\x1b[2J", 1);
    assert_fails(f, MLOPS_INVALID, open_at(f, f->folder, NULL));
    setenv("MLOPS_ACTOR", "\xff\xfe", 1);
    assert_fails(f, MLOPS_INVALID, open_at(f, f->folder, NULL));
    actor[255] = '\0';
    setenv("MLOPS_ACTOR", actor, 1);
    assert_ok(f, open_at(f, f->folder, NULL));
}

/* ---- scratch, observer ---------------------------------------------------------------------- */

static void scratch_is_a_folder_in_the_registry_made_anew_when_it_is_gone(void **state)
{
    struct fixture *f = *state;
    char *path = NULL;
    _cleanup_(free_string) char *expected = in_registry(f, "tmp");

    assert_int_equal(0, rmdir(expected));
    assert_ok(f, registry_scratch(f->registry, &path, &f->err));
    assert_string_equal(expected, path);
    assert_true(path_exists(path));
    free(path);
}

static void keep_warning(void *context, const char *message)
{
    str_copy(context, 100, message);
}

static void warnings_go_to_the_observer(void **state)
{
    struct fixture *f = *state;
    char kept[100] = "";

    registry_warn(f->registry, "nobody listens");
    f->registry->observer = (struct mlops_observer){.context = kept, .warn = keep_warning};
    registry_warn(f->registry, "%d columns", 3);
    assert_string_equal("3 columns", kept);
}

/* ---- read-only ------------------------------------------------------------------------------ */

enum { COULD_NOT_MOUNT = 77 };

/* In a child whose own view of the file system has the registry's folder read-only; the child's
 * exit status. */
static int on_read_only_mount(struct fixture *f, int (*work)(struct fixture *f))
{
    pid_t child = fork();

    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount(f->folder, f->folder, NULL, MS_BIND, NULL) != 0 ||
            mount(NULL, f->folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
            _exit(COULD_NOT_MOUNT);
        _exit(work(f));
    }
    return wait_for(child);
}

/* As somebody else, who may read everything and write nothing. */
static int as_nobody(struct fixture *f, int (*work)(struct fixture *f))
{
    pid_t child;

    if (chmod(f->folder, 0755) != 0)
        return COULD_NOT_MOUNT;
    if ((child = fork()) == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(COULD_NOT_MOUNT);
        _exit(work(f));
    }
    return wait_for(child);
}

#define skip_unless_possible(status)                                                               \
    do {                                                                                           \
        if ((status) == COULD_NOT_MOUNT) {                                                         \
            print_message("skipped: cannot make anything read-only here\n");                       \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

/* Reads all that there is; then tries to write. 0: as it should be. */
static int read_then_write(struct fixture *f)
{
    struct mlops_registry *registry = NULL;
    struct mlops_version_list list;
    struct mlops_version version;
    struct transaction *tx;
    struct mlops_log log;
    char *path;
    uint64_t size;
    char root[65];

    f->registry = NULL; /* the parent's */
    if (mlops_registry_open(&(struct mlops_registry_options){.location = f->folder}, &registry,
                            &f->err)) {
        fprintf(stderr, "%s\n", f->err.message);
        return 10 + (int)f->err.code;
    }
    if (mlops_version_resolve(registry, "fraud@production", &version, &f->err) ||
        version.number != 2)
        return 20;
    if (mlops_version_list(registry, NULL, &list, &f->err) || list.count != 2)
        return 21;
    mlops_version_list_clear(&list);
    if (mlops_log_read(registry, &(struct mlops_log_filter){.limit = 1}, &log, &f->err) ||
        log.count != 1 || strcmp(log.items[0].action, "promote") != 0)
        return 22;
    mlops_log_clear(&log);
    if (mlops_log_verify(registry, NULL, &size, root, &f->err))
        return 23;
    if (transaction_begin(registry, &tx, &f->err) != MLOPS_IO ||
        !strstr(f->err.message, "is read-only"))
        return 24;
    if (registry_scratch(registry, &path, &f->err) != MLOPS_IO ||
        !strstr(f->err.message, "is read-only"))
        return 25;
    mlops_registry_close(registry);
    return 0;
}

static int fails_to_open(struct fixture *f)
{
    struct mlops_registry *registry = NULL;

    f->registry = NULL;
    if (mlops_registry_open(&(struct mlops_registry_options){.location = f->folder}, &registry,
                            &f->err) == MLOPS_IO &&
        strstr(f->err.message, "a writer was stopped before it was done with it"))
        return 0;
    fprintf(stderr, "%s\n", f->err.message);
    return 1;
}

static void given_two_versions(struct fixture *f)
{
    given_registered(f, "fraud", 1);
    given_registered(f, "fraud", 2);
    assert_int_equal(MLOPS_OK, promote(f, "fraud@2", "production", 0));
}

static void remove_log_files(const struct fixture *f, bool log)
{
    _cleanup_(free_string) char *wal = in_registry(f, "registry.db-wal");
    _cleanup_(free_string) char *shm = in_registry(f, "registry.db-shm");

    unlink(shm);
    if (log)
        unlink(wal);
}

/* Do that in a process that is stopped without closing anything. */
static void stopped_writer(struct fixture *f)
{
    pid_t child;

    mlops_registry_close(f->registry);
    f->registry = NULL;
    if ((child = fork()) == 0) {
        f->registry = open_as(f, "bob@host");
        given_two_versions(f);
        _exit(0);
    }
    assert_int_equal(0, wait_for(child));
}

static void close_registry(struct fixture *f)
{
    mlops_registry_close(f->registry);
    f->registry = NULL;
}

static void a_read_only_file_system_can_be_read_and_not_written(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    given_two_versions(f);
    close_registry(f);
    int status = on_read_only_mount(f, read_then_write);
    skip_unless_possible(status);
    assert_int_equal(0, status);
    remove_log_files(f, true);
    assert_int_equal(0, on_read_only_mount(f, read_then_write));
}

static void a_read_only_file_system_can_be_read_while_others_write(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    given_two_versions(f);
    int status = on_read_only_mount(f, read_then_write);
    skip_unless_possible(status);
    assert_int_equal(0, status);
}

static void what_a_stopped_writer_left_is_read_right_on_a_read_only_file_system(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    stopped_writer(f);
    int status = on_read_only_mount(f, read_then_write);
    skip_unless_possible(status);
    assert_int_equal(0, status);
}

static void what_cannot_be_read_right_on_a_read_only_file_system_fails(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    stopped_writer(f);
    remove_log_files(f, false);
    int status = on_read_only_mount(f, fails_to_open);
    skip_unless_possible(status);
    assert_int_equal(0, status);
    reopen(f); /* where it can be written, all is there */
    assert_int_equal(2, number_of(f, "fraud@production"));
}

static void somebody_who_may_not_write_can_read(void **state)
{
    struct fixture *f = *state;

    needs_sqlite(f);
    given_two_versions(f);
    int status = as_nobody(f, read_then_write); /* a writer has it open */
    skip_unless_possible(status);
    assert_int_equal(0, status);
    close_registry(f);
    assert_int_equal(0, as_nobody(f, read_then_write));
    remove_log_files(f, true);
    assert_int_equal(0, as_nobody(f, read_then_write));
}

static void reading_without_locks_notices_a_writer(void **state)
{
    struct fixture *f = *state;
    int report[2], go_on[2];
    pid_t child;
    char byte;

    needs_sqlite(f);
    given_two_versions(f);
    close_registry(f);
    remove_log_files(f, true);
    assert_int_equal(0, chmod(f->folder, 0755));
    assert_int_equal(0, pipe(report));
    assert_int_equal(0, pipe(go_on));
    if ((child = fork()) == 0) {
        struct mlops_registry *registry;
        struct mlops_version version;

        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(COULD_NOT_MOUNT);
        if (mlops_registry_open(&(struct mlops_registry_options){.location = f->folder}, &registry,
                                &f->err))
            _exit(10);
        if (write(report[1], "x", 1) != 1 || read(go_on[0], &byte, 1) != 1)
            _exit(11);
        if (mlops_version_resolve(registry, "fraud", &version, &f->err) != MLOPS_IO ||
            !strstr(f->err.message, "was changed while it was read"))
            _exit(12);
        _exit(0);
    }
    close(report[1]);
    if (read(report[0], &byte, 1) == 1) {
        f->registry = open_as(f, "bob@host");
        given_registered(f, "fraud", 3);
        close_registry(f); /* moves the log into the database */
        assert_int_equal(1, write(go_on[1], "x", 1));
    }
    int status = wait_for(child);
    close(report[0]);
    close(go_on[0]);
    close(go_on[1]);
    skip_unless_possible(status);
    assert_int_equal(0, status);
}

/* Write `size` bytes, or what there is space for. */
static void write_file(const char *path, size_t size)
{
    static const char block[4096] = {0};
    FILE *file = fopen(path, "wb");

    for (size_t done = 0; done < size; done += sizeof(block)) {
        if (fwrite(block, 1, sizeof(block), file) != sizeof(block))
            break;
    }
    fclose(file);
}

static int append_reason(struct fixture *f, const char *reason)
{
    struct transaction *tx;
    int code;

    TRY(transaction_begin(f->registry, &tx, &f->err));
    code = audit_append(tx, &(struct audit_entry){.action = "fill", .reason = reason}, &f->err);
    if (code) {
        transaction_abort(tx);
        return code;
    }
    return transaction_commit(tx, &f->err);
}

static int log_has(struct fixture *f, uint64_t expected)
{
    uint64_t size;
    char root[65];

    return mlops_log_verify(f->registry, NULL, &size, root, &f->err) == MLOPS_OK && size == expected;
}

static int fill_a_small_disk(struct fixture *f)
{
    struct fixture inside = {.folder = xprintf("%s/small", f->folder)};
    _cleanup_(free_string) char *ballast = xprintf("%s/ballast", inside.folder);
    _cleanup_(free_string) char *rest = xprintf("%s/rest", inside.folder);
    char filler[4096];
    bool created;
    uint64_t n = 1;
    int code;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", inside.folder, "tmpfs", 0, "size=2m") != 0)
        return COULD_NOT_MOUNT;
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    write_file(ballast, 800000);
    if (mlops_registry_init(inside.folder, &created, &inside.err))
        return 10;
    inside.registry = open_as(&inside, "alice@host");
    while ((code = append_reason(&inside, filler)) == MLOPS_OK && n < 1000)
        n++;
    if (code != MLOPS_IO || !strstr(inside.err.message, "No space left on device") ||
        !log_has(&inside, n))
        return 11;

    /* Full to the last byte, also without what the write-ahead log needs for its index. */
    unlink(ballast);
    reopen(&inside);
    if (append_reason(&inside, filler) != MLOPS_OK)
        return 12;
    mlops_registry_close(inside.registry);
    remove_log_files(&inside, false);
    write_file(rest, SIZE_MAX - 4096);
    inside.registry = open_as(&inside, "alice@host");
    if (!log_has(&inside, n + 1))
        return 13;
    if (append_reason(&inside, filler) != MLOPS_IO ||
        !strstr(inside.err.message, "No space left on device"))
        return 14;
    return 0;
}

static void a_full_disk_is_said_and_nothing_is_changed(void **state)
{
    struct fixture *f = *state;
    char path[4096];
    pid_t child;

    in_folder(f, "small", path);
    assert_int_equal(0, mkdir(path, 0755));
    if ((child = fork()) == 0)
        _exit(fill_a_small_disk(f));
    int status = wait_for(child);
    skip_unless_possible(status);
    assert_int_equal(0, status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(init_makes_a_registry_once),
        folder_test(init_makes_missing_folders_above),
        folder_test(init_leaves_nothing_beside_the_registry),
        folder_test(init_does_not_touch_a_folder_that_holds_something_else),
        folder_test(init_does_not_touch_a_file_of_that_name),
        folder_test(init_uses_an_empty_folder_also_through_a_link),
        folder_test(of_many_that_init_at_once_one_makes_the_registry),
        registry_test(the_first_entry_of_the_log_says_who_made_it),
        registry_test(a_registry_is_found_from_a_folder_below),
        registry_test(a_folder_called_mlops_without_a_registry_is_passed_over),
        folder_test(no_registry_above_is_not_found_with_what_to_do),
        registry_test(a_location_is_the_folder_or_the_one_that_holds_it),
        registry_test(the_environment_names_a_registry_unless_one_is_given),
        registry_test(a_newer_format_is_refused),
        registry_test(a_format_that_is_not_one_is_damage),
        registry_test(a_newer_schema_is_refused),
        registry_test(a_handle_notices_that_the_schema_moved_on),
        registry_test(a_missing_database_is_damage),
        registry_test(a_database_of_garbage_is_damage_and_its_path_is_named),
        registry_test(an_emptied_database_is_damage),
        registry_test(damaged_pages_are_damage_not_an_answer),
        registry_test(the_actor_is_given_or_of_the_environment_or_of_the_process),
        registry_test(an_actor_with_control_characters_or_too_long_is_refused),
        registry_test(scratch_is_a_folder_in_the_registry_made_anew_when_it_is_gone),
        registry_test(warnings_go_to_the_observer),
        registry_test(a_read_only_file_system_can_be_read_and_not_written),
        registry_test(a_read_only_file_system_can_be_read_while_others_write),
        registry_test(what_a_stopped_writer_left_is_read_right_on_a_read_only_file_system),
        registry_test(what_cannot_be_read_right_on_a_read_only_file_system_fails),
        registry_test(somebody_who_may_not_write_can_read),
        registry_test(reading_without_locks_notices_a_writer),
        folder_test(a_full_disk_is_said_and_nothing_is_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
