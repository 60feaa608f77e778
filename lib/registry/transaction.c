/*
 * lib/registry/transaction.c - transactions: writers wait in line and are told for whom; readers
 * see a snapshot.
 *
 * Whoever writes leaves a note of who that is in the registry's file "writer". It is advice for
 * messages: nothing depends on it, the database alone decides who may write.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/audit.h"
#include "registry/handle.h"
#include "registry/log_head.h"
#include "registry/outbox.h"
#include "registry/schema.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define NOTE_MAX 1024
#define COMMAND_MAX 60
#define TELL_AFTER_NS 2000000000LL

/* ---- the note ------------------------------------------------------------------------------ */

struct note {
    int64_t pid;
    char host[256];
    char actor[MLOPS_ACTOR_MAX + 1];
};

static void this_host(char host[256])
{
    if (gethostname(host, 255) != 0)
        str_copy(host, 256, "localhost");
    host[255] = '\0';
}

/* Failures leave no note, and those who wait without a name. */
static void note_write(struct transaction *tx)
{
    _cleanup_(free_string) char *path = path_join(tx->registry->location, "writer");
    _cleanup_(free_string) char *text = NULL;
    char host[256];
    size_t length;

    if (tx->registry->metadata)
        return; /* the server knows who writes */
    tx->writer_fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (tx->writer_fd < 0)
        return;
    this_host(host);
    text = xprintf("%ld\n%s\n%s\n", (long)getpid(), host, registry_actor(tx->registry));
    length = strlen(text);
    if (pwrite(tx->writer_fd, text, length, 0) != (ssize_t)length ||
        ftruncate(tx->writer_fd, (off_t)length) != 0)
        fd_close(&tx->writer_fd);
}

/* Before the next writer writes its own. */
static void note_erase(struct transaction *tx)
{
    if (tx->writer_fd < 0)
        return;
    if (ftruncate(tx->writer_fd, 0) != 0) { /* a stale note is overwritten by the next writer */
    }
    fd_close(&tx->writer_fd);
}

/* The next line of `text` into `line`; false where there is none. */
static bool next_line(const char **text, char *line, size_t size)
{
    size_t length = strcspn(*text, "\n");

    if ((*text)[length] != '\n' || length >= size)
        return false;
    memcpy(line, *text, length);
    line[length] = '\0';
    *text += length + 1;
    return length > 0;
}

static bool note_read(const struct mlops_registry *registry, struct note *note)
{
    _cleanup_(free_string) char *path = path_join(registry->location, "writer");
    _cleanup_(buffer_clear) struct buffer content = {0};
    struct mlops_error ignored = {0};
    const char *text;
    char pid[24], *end;

    if (file_read(path, NOTE_MAX, &content, &ignored) != MLOPS_OK || content.length == 0)
        return false;
    text = content.data;
    if (!next_line(&text, pid, sizeof(pid)) || !next_line(&text, note->host, sizeof(note->host)) ||
        !next_line(&text, note->actor, sizeof(note->actor)))
        return false;
    note->pid = strtoll(pid, &end, 10);
    return *end == '\0' && note->pid > 0 && note->pid <= INT32_MAX;
}

/* What that process was called as, "mlops promote fraud@3", for a process on this machine: without
 * the folder that its program is in, which may be longer than all of the rest. */
static char *command_of(const struct note *note)
{
    char path[64], arguments[PATH_MAX + COMMAND_MAX + 1], host[256];
    _cleanup_(fd_close) int fd = -1;
    struct mlops_error ignored = {0};
    size_t length = 0, start;

    this_host(host);
    snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)note->pid);
    if (!str_equal(host, note->host) || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 ||
        fd_read_full(fd, arguments, sizeof(arguments) - 1, &length, &ignored) != MLOPS_OK)
        return xstrdup("");
    arguments[length] = '\0';
    start = (size_t)(path_base(arguments) - arguments); /* each argument ends with a NUL */
    while (length > start && arguments[length - 1] == '\0')
        length--;
    for (size_t i = start; i < length; i++) {
        if (iscntrl((unsigned char)arguments[i]))
            arguments[i] = ' ';
    }
    length -= start;
    if (length > COMMAND_MAX) {
        length = COMMAND_MAX;
        while (length > 0 && ((unsigned char)arguments[start + length] & 0xc0) == 0x80)
            length--; /* a letter of more than one byte is left out whole */
    }
    return length == 0 ? xstrdup("") : xprintf(", %.*s", (int)length, arguments + start);
}

/* "alice@host (pid 4711, mlops promote fraud@3)", or what the database knows; the caller frees. */
static char *who_writes(const struct mlops_registry *registry)
{
    _cleanup_(free_string) char *command = NULL;
    _cleanup_(free_string) char *holder = registry->db ? db_holder(registry->db) : NULL;
    struct note note;

    if (!registry->db && registry->metadata) /* it is being opened */
        return xstrdup("the database's server to take connections");
    if (holder)
        return TAKE_PTR(holder);
    if (!note_read(registry, &note))
        return xstrdup("another process");
    command = command_of(&note);
    return xprintf("%s (pid %ld%s)", note.actor, (long)note.pid, command);
}

int transaction_wait(void *context, int64_t waited_ns, struct mlops_error *err)
{
    struct mlops_registry *registry = context;
    const struct mlops_observer *observer = &registry->observer;
    _cleanup_(free_string) char *holder = NULL;

    if (observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while waiting for the registry");
    if (waited_ns >= registry->lock_timeout_ns) {
        holder = who_writes(registry);
        mlops_fail(err, MLOPS_IO, "the registry is busy: waited %g s for %s",
                   (double)registry->lock_timeout_ns / 1e9, holder);
        return mlops_hint(err, "try again, or wait longer with --lock-timeout");
    }
    if (waited_ns >= TELL_AFTER_NS && !registry->told_of_wait) {
        registry->told_of_wait = true;
        holder = who_writes(registry);
        registry_warn(registry, "the registry is busy: waiting for %s", holder);
    }
    return MLOPS_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct db *registry_db(struct mlops_registry *registry)
{
    return registry->db;
}

int snapshot_begin(struct mlops_registry *registry, struct snapshot *snapshot,
                   struct mlops_error *err)
{
    if (registry->tx || registry->snapshot)
        return MLOPS_OK;
    registry->told_of_wait = false;
    TRY(db_begin(registry->db, DB_READ, err));
    registry->snapshot = true;
    registry->head_is_present = false;
    snapshot->registry = registry;
    return MLOPS_OK;
}

void snapshot_end(struct snapshot *snapshot)
{
    if (!snapshot->registry)
        return;
    snapshot->registry->snapshot = false;
    db_rollback(snapshot->registry->db);
    snapshot->registry = NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void transaction_free(struct transaction *tx)
{
    tx->registry->tx = NULL;
    cJSON_Delete(tx->evidence);
    free(tx->evidence_bundle);
    free(tx);
}

static int check_may_begin(struct mlops_registry *registry, struct mlops_error *err)
{
    if (registry->tx || registry->snapshot)
        return mlops_fail(err, MLOPS_INVALID, "this handle has a transaction open already");
    if (db_read_only(registry->db))
        return registry_fail_read_only(registry, err);
    registry->told_of_wait = false;
    return MLOPS_OK;
}

/* What has begun in the database. */
static struct transaction *transaction_new(struct mlops_registry *registry)
{
    struct transaction *tx = xcalloc(1, sizeof(*tx));

    tx->registry = registry;
    tx->now_ns = clock_now_ns();
    tx->writer_fd = -1;
    registry->tx = tx;
    note_write(tx);
    return tx;
}

int transaction_begin_unchecked(struct mlops_registry *registry, struct transaction **tx,
                                struct mlops_error *err)
{
    TRY(check_may_begin(registry, err));
    TRY(db_begin(registry->db, DB_WRITE, err));
    *tx = transaction_new(registry);
    return MLOPS_OK;
}

/* What every transaction asks that changes something. */
static void foresee(struct mlops_registry *registry)
{
    schema_foresee(registry);
    outbox_foresee(registry);
    if (registry->guard)
        db_foresee(registry->db, registry->guard, DB_I64(registry->guard_number));
    log_head_foresee(registry);
}

static int ask_guard(const struct mlops_registry *registry, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool holds;

    if (!registry->guard)
        return MLOPS_OK;
    TRY(db_query(registry->db, &rows, err, registry->guard, DB_I64(registry->guard_number)));
    TRY(db_step(rows, &holds, err));
    return holds ? MLOPS_OK : mlops_fail(err, MLOPS_CONFLICT, "%s", registry->guard_why);
}

/* A newer mlops may have moved the registry on since this handle was opened. */
static int look_around(struct transaction *tx, struct mlops_error *err)
{
    TRY(schema_check(tx->registry, err));
    TRY(outbox_look(tx, err));
    return ask_guard(tx->registry, err);
}

int transaction_begin_if(struct mlops_registry *registry, const char *line, struct transaction **tx,
                         struct mlops_error *err, const char *sql, const struct db_value *values)
{
    _cleanup_(transaction_abort_ptr) struct transaction *begun = NULL;
    bool held;

    *tx = NULL;
    TRY(check_may_begin(registry, err));
    foresee(registry);
    TRY(db_begin_if(registry->db, line, &held, err, sql, values));
    if (!held)
        return MLOPS_OK;
    begun = transaction_new(registry);
    TRY(look_around(begun, err));
    *tx = TAKE_PTR(begun);
    return MLOPS_OK;
}

int transaction_begin(struct mlops_registry *registry, struct transaction **tx,
                      struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *begun = NULL;

    TRY(check_may_begin(registry, err));
    foresee(registry);
    TRY(transaction_begin_unchecked(registry, &begun, err));
    TRY(look_around(begun, err));
    *tx = TAKE_PTR(begun);
    return MLOPS_OK;
}

int transaction_commit(struct transaction *tx, struct mlops_error *err)
{
    int code = audit_append_evidence(tx, err);

    if (code == MLOPS_OK)
        code = audit_seal(tx, err);
    note_erase(tx);
    if (code == MLOPS_OK && tx->tree_grown)
        db_witness(tx->registry->db, "SELECT 1 FROM audit WHERE position = $1 AND leaf = $2",
                   DB_I64(tx->audit_index), DB_TEXT(tx->audit_leaf));
    if (code)
        db_rollback(tx->registry->db);
    else
        code = db_commit(tx->registry->db, err);
    transaction_free(tx);
    return code;
}

void transaction_abort(struct transaction *tx)
{
    if (!tx)
        return;
    note_erase(tx);
    db_rollback(tx->registry->db);
    transaction_free(tx);
}

struct db *transaction_db(struct transaction *tx)
{
    return tx->registry->db;
}

uint64_t transaction_entry(const struct transaction *tx)
{
    return tx->audit_index;
}
