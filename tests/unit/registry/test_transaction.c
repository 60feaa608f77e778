#include "base/clock.h"
#include "child.h"
#include "registry/fixture.h"
#include "registry/log_head.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define SECOND 1000000000LL

static int record_one(struct mlops_registry *registry, unsigned n, struct mlops_error *err)
{
    struct transaction *tx = NULL;
    int code;

    TRY(transaction_begin(registry, &tx, err));
    code = bundle_record(tx, bundle_id(n), "fraud", 1, 1, err);
    if (code) {
        transaction_abort(tx);
        return code;
    }
    return transaction_commit(tx, err);
}

/* A child that holds a transaction open until it is killed. */
static pid_t given_holder(struct fixture *f, const char *actor)
{
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(0, pipe(ready));
    if ((child = fork_with_test()) == 0) {
        struct transaction *tx;

        f->registry = open_as(f, actor);
        if (transaction_begin(f->registry, &tx, &f->err) || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(1, read(ready[0], &byte, 1));
    close(ready[0]);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(128 + SIGKILL, wait_for(child));
}

static char *note(const struct fixture *f)
{
    _cleanup_(free_string) char *path = in_registry(f, "writer");
    struct buffer content = {0};
    struct mlops_error err = {0};

    assert_int_equal(MLOPS_OK, file_read(path, 1000, &content, &err));
    return buffer_steal(&content);
}

static void what_is_aborted_did_not_happen(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, bundle_record(tx, bundle_id(1), "fraud", 1, 1, &f->err));
    transaction_abort(tx);
    transaction_abort(NULL);
    assert_int_equal(0, ask(f, "SELECT count(*) FROM bundle"));
    assert_ok(f, record_one(f->registry, 1, &f->err));
    assert_int_equal(1, ask(f, "SELECT count(*) FROM bundle"));
}

static void closing_a_registry_aborts_what_is_open(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, bundle_record(tx, bundle_id(1), "fraud", 1, 1, &f->err));
    reopen(f);
    assert_int_equal(0, ask(f, "SELECT count(*) FROM bundle"));
}

static void transactions_of_one_handle_do_not_nest(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL, *second = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_fails(f, MLOPS_INVALID, transaction_begin(f->registry, &second, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
}

static void reading_inside_a_transaction_sees_what_it_did(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    struct mlops_version_list list;

    given_registered(f, "fraud", 1);
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f, mlops_version_list(f->registry, NULL, &list, &f->err));
    assert_int_equal(1, list.count);
    mlops_version_list_clear(&list);
    assert_ok(f, transaction_commit(tx, &f->err));
}

static void a_snapshot_does_not_see_what_others_write_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *other = open_as(f, "bob@host");
    struct snapshot outer = {0}, inner = {0};

    assert_ok(f, snapshot_begin(f->registry, &outer, &f->err));
    assert_int_equal(0, ask(f, "SELECT count(*) FROM bundle"));
    assert_ok(f, record_one(other, 1, &f->err));
    assert_ok(f, snapshot_begin(f->registry, &inner, &f->err));
    snapshot_end(&inner);
    assert_int_equal(0, ask(f, "SELECT count(*) FROM bundle"));
    snapshot_end(&outer);
    assert_int_equal(1, ask(f, "SELECT count(*) FROM bundle"));
    mlops_registry_close(other);
}

static void waiting_too_long_names_who_writes(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    pid_t child = given_holder(f, "bob@ci");
    _cleanup_(free_string) char *expected =
        xprintf("the registry is busy: waited 0.05 s for bob@ci (pid %ld", (long)child);

    f->registry->lock_timeout_ns = SECOND / 20;
    assert_fails(f, MLOPS_IO, transaction_begin(f->registry, &tx, &f->err));
    assert_says(f, expected);
    if (!f->url)
        assert_says(f, "test_transaction)"); /* what that process was called as */
    assert_hint(f, "try again, or wait longer with --lock-timeout");
    end(child);
    f->registry->lock_timeout_ns = 100 * SECOND; /* a server may not have seen yet that it ended */
    assert_ok(f, record_one(f->registry, 1, &f->err));
}

static void readers_do_not_wait_for_writers(void **state)
{
    struct fixture *f = *state;
    pid_t child;

    given_registered(f, "fraud", 1);
    child = given_holder(f, "bob@ci");
    f->registry->lock_timeout_ns = 1;
    assert_int_equal(1, number_of(f, "fraud"));
    end(child);
}

static bool say_yes(void *context)
{
    ++*(int *)context;
    return true;
}

static void waiting_stops_when_it_is_cancelled(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    pid_t child = given_holder(f, "bob@ci");
    int asked = 0;

    f->registry->observer = (struct mlops_observer){.context = &asked, .cancelled = say_yes};
    assert_fails(f, MLOPS_CANCELLED, transaction_begin(f->registry, &tx, &f->err));
    assert_int_equal(1, asked);
    end(child);
}

static void keep_warning(void *context, const char *message)
{
    str_copy(context, 200, message);
}

static void long_waits_are_told_once(void **state)
{
    struct fixture *f = *state;
    pid_t child = given_holder(f, "bob@ci");
    char warning[200] = "";

    f->registry->observer = (struct mlops_observer){.context = warning, .warn = keep_warning};
    assert_ok(f, transaction_wait(f->registry, SECOND, &f->err));
    assert_string_equal("", warning);
    assert_ok(f, transaction_wait(f->registry, 3 * SECOND, &f->err));
    assert_true(str_starts(warning, "the registry is busy: waiting for bob@ci (pid "));
    warning[0] = '\0';
    assert_ok(f, transaction_wait(f->registry, 4 * SECOND, &f->err));
    assert_string_equal("", warning);
    assert_fails(f, MLOPS_IO, transaction_wait(f->registry, 30 * SECOND, &f->err));
    assert_says(f, "waited 30 s for bob@ci");
    end(child);
}

static void the_note_of_who_writes_lasts_as_long_as_the_transaction(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    struct transaction *tx = NULL;
    _cleanup_(free_string) char *during = NULL, *after = NULL;

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    during = note(f);
    assert_non_null(strstr(during, "\nalice@host\n"));
    assert_ok(f, transaction_commit(tx, &f->err));
    after = note(f);
    assert_string_equal("", after);
}

static void a_note_that_makes_no_sense_names_nobody(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    _cleanup_(free_string) char *path = in_registry(f, "writer");
    static const struct {
        const char *text;
        size_t length;
    } notes[] = {{"", 0},
                 {"\n\n\n", 3},
                 {"12", 2},
                 {"12\nhost\n", 8},
                 {"12\nhost\nbob", 11},
                 {"x\nhost\nbob\n", 11},
                 {"-1\nhost\nbob\n", 12},
                 {"99999999999999999999\nhost\nbob\n", 30},
                 {"4294967297\nhost\nbob\n", 20},
                 {"12\0\nhost\nbob\n", 13}};

    for (size_t i = 0; i < ARRAY_LENGTH(notes); i++) {
        assert_ok(f, file_write_durable(path, notes[i].text, notes[i].length, 0644, &f->err));
        assert_fails(f, MLOPS_IO, transaction_wait(f->registry, 31 * SECOND, &f->err));
        assert_message(f, "the registry is busy: waited 30 s for another process");
    }
    char *large = xcalloc(1, 100000);
    memset(large, 'x', 99999);
    assert_ok(f, file_write_durable(path, large, 100000, 0644, &f->err));
    assert_fails(f, MLOPS_IO, transaction_wait(f->registry, 31 * SECOND, &f->err));
    assert_message(f, "the registry is busy: waited 30 s for another process");
    free(large);
}

/* A process that waits, called as `arguments`. */
static pid_t given_process(const char *const *arguments)
{
    int input[2], begun[2];
    char byte;
    pid_t child;

    assert_int_equal(0, pipe2(input, O_CLOEXEC));
    assert_int_equal(0, pipe2(begun, O_CLOEXEC));
    if ((child = fork_with_test()) == 0) {
        if (dup2(input[0], STDIN_FILENO) >= 0)
            execv("/bin/cat", (char **)arguments);
        (void)!write(begun[1], "x", 1);
        _exit(1);
    }
    close(begun[1]);
    assert_int_equal(0, read(begun[0], &byte, 1)); /* closed by becoming another program */
    close(begun[0]);
    close(input[0]); /* the end to write to stays open */
    return child;
}

static void who_writes_is_called_by_its_program_not_by_the_folder_of_it(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    _cleanup_(free_string) char *path = in_registry(f, "writer"), *text = NULL, *expected = NULL;
    char program[2000], name[] = "/data/xüüüüüüüüüüüüüüüüüüüüüüüü", host[256] = "";

    memset(program, 'f', sizeof(program));
    program[0] = '/';
    memcpy(program + sizeof(program) - sizeof("/mlops"), "/mlops", sizeof("/mlops"));
    pid_t child = given_process((const char *[]){program, "-", name, NULL});
    assert_int_equal(0, gethostname(host, sizeof(host)));
    text = xprintf("%ld\n%s\nbob@ci\n", (long)child, host);
    assert_ok(f, file_write_durable(path, text, strlen(text), 0644, &f->err));
    assert_fails(f, MLOPS_IO, transaction_wait(f->registry, 31 * SECOND, &f->err));
    /* 60 bytes would end in the middle of a letter */
    expected = xprintf("the registry is busy: waited 30 s for bob@ci (pid %ld, mlops - %.*s)",
                       (long)child, 51, name);
    assert_message(f, expected);
    end(child);
}

static void a_note_that_cannot_be_written_stops_nobody(void **state)
{
    struct fixture *f = *state;
    needs_sqlite(f); /* first: skipping frees nothing */
    _cleanup_(free_string) char *path = in_registry(f, "writer");

    unlink(path);
    assert_int_equal(0, mkdir(path, 0755));
    assert_ok(f, record_one(f->registry, 1, &f->err));
    assert_int_equal(0, rmdir(path));
    assert_int_equal(0, symlink("registry.db", path)); /* must not be written through */
    assert_ok(f, record_one(f->registry, 2, &f->err));
    assert_int_equal(2, ask(f, "SELECT count(*) FROM bundle"));
}

static void a_killed_writer_leaves_no_lock_and_nothing_half_done(void **state)
{
    struct fixture *f = *state;
    pid_t child;

    mlops_registry_close(f->registry);
    f->registry = NULL;
    child = given_holder(f, "bob@ci");
    end(child);
    reopen(f);
    assert_ok(f, record_one(f->registry, 1, &f->err));
}

/* Registers one bundle after the other, from a number of its own on, until it is killed; after each
 * there is a byte more in `done`, while there is room. */
static void register_for_ever(struct fixture *f, unsigned n, int done)
{
    for (;; n++) {
        struct mlops_version version;
        bool created;

        f->registry = open_as(f, "bob@ci");
        if (record_one(f->registry, n, &f->err) ||
            mlops_register(f->registry, bundle_id(n), &version, &created, &f->err)) {
            fprintf(stderr, "%s\n", f->err.message);
            _exit(1);
        }
        mlops_registry_close(f->registry);
        (void)!write(done, "x", 1);
    }
}

static void writers_killed_at_random_leave_a_registry_whose_log_and_list_agree(void **state)
{
    struct fixture *f = *state;
    uint64_t size, versions = 0;
    char root[65];

    mlops_registry_close(f->registry);
    f->registry = NULL;
    for (unsigned round = 0; round < 60; round++) {
        pid_t children[2];
        struct mlops_version_list list;
        struct transaction *tx;
        int done[2];
        char byte;

        assert_int_equal(0, pipe2(done, O_NONBLOCK));
        for (unsigned i = 0; i < 2; i++) {
            if ((children[i] = fork_with_test()) == 0)
                register_for_ever(f, (round * 2 + i + 1) << 16, done[1]);
        }
        /* in every other round not before one of them has registered something */
        struct pollfd waiting = {.fd = done[0], .events = POLLIN};
        assert_int_equal(1, round % 2 ? 1 : poll(&waiting, 1, 120000));
        clock_sleep_ns((int64_t)(round * 7919 % 97) * 200000 + 1000000);
        end(children[0]);
        end(children[1]);
        bool registered = read(done[0], &byte, 1) == 1;
        close(done[0]);
        close(done[1]);
        f->registry = open_as(f, "alice@host");
        /* a server may still be at the commit of who is dead: get in line behind it */
        assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
        transaction_abort(tx);
        assert_ok(f, mlops_log_verify(f->registry, NULL, &size, root, &f->err));
        assert_ok(f, mlops_version_list(f->registry, NULL, &list, &f->err));
        assert_int_equal(size - 1, list.count);
        assert_true(list.count >= versions + registered);
        versions = list.count;
        for (size_t i = 0; i < list.count; i++)
            assert_int_equal(list.count - i, list.items[i].version.number);
        mlops_version_list_clear(&list);
        mlops_registry_close(f->registry);
        f->registry = NULL;
    }
    assert_true(versions > 0);
}

#define KNOWN "SELECT count(*) FROM bundle WHERE id = $1"

static int64_t count_known(struct fixture *f, unsigned n)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    assert_ok(f, db_query(registry_db(f->registry), &rows, &f->err, KNOWN, DB_TEXT(bundle_id(n))));
    assert_ok(f, db_step(rows, &any, &f->err));
    return db_i64(rows, 0);
}

static void what_was_foreseen_is_answered_as_if_it_had_been_asked(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx;

    assert_ok(f, record_one(f->registry, 1, &f->err));
    db_foresee(registry_db(f->registry), KNOWN, DB_TEXT(bundle_id(1)));
    db_foresee(registry_db(f->registry), KNOWN, DB_TEXT(bundle_id(2)));
    assert_int_equal(1, count_known(f, 1)); /* before the transaction begins */
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    db_foresee(registry_db(f->registry), KNOWN, DB_TEXT(bundle_id(3)));
    assert_int_equal(1, count_known(f, 1));
    assert_int_equal(0, count_known(f, 3));
    assert_int_equal(0, count_known(f, 4));
    assert_ok(f, bundle_record(tx, bundle_id(2), "fraud", 1, 1, &f->err));
    assert_int_equal(1, count_known(f, 2)); /* what was written since is seen */
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_int_equal(1, count_known(f, 2));
}

static void a_longer_log_goes_on_from_the_head_that_was_read(void **state)
{
    struct fixture *f = *state;
    struct mlops_registry *other = open_as(f, "bob");
    struct merkle_frontier ours, fresh;
    struct digest our_root, fresh_root;
    struct mlops_version version;
    bool created;
    uint64_t lineage;

    for (unsigned n = 1; n <= 40; n++) {
        assert_ok(f, record_one(other, n, &f->err));
        assert_ok(f, mlops_register(other, bundle_id(n), &version, &created, &f->err));
        if (n == 1)
            assert_ok(f, log_head_read(f->registry, &ours, &f->err));
    }
    lineage = log_head_lineage(f->registry);
    assert_ok(f, log_head_read(f->registry, &ours, &f->err));
    assert_int_equal(lineage, log_head_lineage(f->registry));
    log_head_forget(other);
    assert_ok(f, log_head_read(other, &fresh, &f->err));
    assert_int_equal(fresh.size, ours.size);
    merkle_root(&ours, &our_root);
    merkle_root(&fresh, &fresh_root);
    assert_memory_equal(&fresh_root, &our_root, sizeof(our_root));
    mlops_registry_close(other);
}

static void a_longer_log_that_was_changed_on_the_way_is_refused(void **state)
{
    struct fixture *f = *state;
    struct merkle_frontier frontier;
    struct mlops_version version;
    struct transaction *tx;
    bool created;

    for (unsigned n = 1; n <= 2; n++) {
        assert_ok(f, record_one(f->registry, n, &f->err));
        assert_ok(f, mlops_register(f->registry, bundle_id(n), &version, &created, &f->err));
        if (n == 1)
            assert_ok(f, log_head_read(f->registry, &frontier, &f->err));
    }
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(
        f, db_exec(transaction_db(tx), &f->err,
                   "UPDATE audit SET leaf = CASE substr(leaf, 1, 1) WHEN 'a' THEN 'b' ELSE 'a' END "
                   "|| substr(leaf, 2) WHERE position = "
                   "(SELECT max(position) FROM audit)"));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_int_equal(MLOPS_INTEGRITY, log_head_read(f->registry, &frontier, &f->err));
}

static void a_guarded_handle_writes_only_while_what_it_guards_is_there(void **state)
{
    static const char guard[] = "SELECT 1 FROM model WHERE name = 'fraud' AND last_number = $1";
    struct fixture *f = *state;
    struct mlops_registry *other;
    struct transaction *tx = NULL;

    given_registered(f, "fraud", 1);
    registry_guard(f->registry, guard, 1, "somebody was faster");
    given_packaged(f, "fraud", 2);
    assert_ok(f, registry_open_again(f->registry, NULL, 0, &other, &f->err));
    assert_string_equal("alice@host", registry_actor(other));
    struct mlops_version version;
    bool created;
    assert_ok(f, mlops_register(other, bundle_id(2), &version, &created, &f->err));
    mlops_registry_close(other);
    assert_fails(f, MLOPS_CONFLICT, transaction_begin(f->registry, &tx, &f->err));
    assert_message(f, "somebody was faster");
    assert_null(tx);
    assert_int_equal(2, number_of(f, "fraud")); /* it reads */
    assert_fails(
        f, MLOPS_CONFLICT,
        transaction_begin_if(f->registry, "fraud", &tx, &f->err, "SELECT 1 FROM model", &DB_END));
    assert_null(tx);
    registry_guard(f->registry, NULL, 0, NULL);
    given_packaged(f, "fraud", 3);
}

static void the_clock_of_the_database_goes_on(void **state)
{
    struct fixture *f = *state;
    int64_t first_ns, then_ns;

    assert_ok(f, db_now_ns(registry_db(f->registry), &first_ns, &f->err));
    do
        assert_ok(f, db_now_ns(registry_db(f->registry), &then_ns, &f->err));
    while (then_ns == first_ns);
    assert_true(first_ns > 1700000000000000000LL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        registry_test(what_is_aborted_did_not_happen),
        registry_test(closing_a_registry_aborts_what_is_open),
        registry_test(transactions_of_one_handle_do_not_nest),
        registry_test(reading_inside_a_transaction_sees_what_it_did),
        registry_test(a_snapshot_does_not_see_what_others_write_meanwhile),
        registry_test(what_was_foreseen_is_answered_as_if_it_had_been_asked),
        registry_test(a_longer_log_goes_on_from_the_head_that_was_read),
        registry_test(a_longer_log_that_was_changed_on_the_way_is_refused),
        registry_test(a_guarded_handle_writes_only_while_what_it_guards_is_there),
        registry_test(the_clock_of_the_database_goes_on),
        registry_test(waiting_too_long_names_who_writes),
        registry_test(readers_do_not_wait_for_writers),
        registry_test(waiting_stops_when_it_is_cancelled),
        registry_test(long_waits_are_told_once),
        registry_test(the_note_of_who_writes_lasts_as_long_as_the_transaction),
        registry_test(a_note_that_makes_no_sense_names_nobody),
        registry_test(who_writes_is_called_by_its_program_not_by_the_folder_of_it),
        registry_test(a_note_that_cannot_be_written_stops_nobody),
        registry_test(a_killed_writer_leaves_no_lock_and_nothing_half_done),
        registry_test(writers_killed_at_random_leave_a_registry_whose_log_and_list_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
