/*
 * lib/registry/db_postgres_connect.c - connections to PostgreSQL: libpq loaded, what the URL leaves
 * open decided, above all that the server proves who it is, and connecting anew with patience.
 */
#include "base/clock.h"
#include "registry/db_postgres.h"
#include "registry/postgres_url.h"
#include <unistd.h>

#define PARAMETERS_MAX 64
#define PAUSE_MIN_NS 5000000LL
#define PAUSE_MAX_NS 500000000LL
#define SYSTEM_CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"

static int load(struct postgres_api *api, struct mlops_error *err)
{
#define SYMBOL(function) {#function, offsetof(struct postgres_api, function)},
    static const struct dynload_symbol symbols[] = {POSTGRES_FUNCTIONS(SYMBOL)};
    static const char *const sonames[] = {"libpq.so.5", NULL};
#undef SYMBOL
    int code = dynload_open(sonames, "libpq5", symbols, ARRAY_LENGTH(symbols), api, err);

    if (code)
        err->code = MLOPS_IO; /* not that the registry is not there */
    return code ? MLOPS_IO : MLOPS_OK;
}

/* ---- parameters ------------------------------------------------------------------------------ */

struct parameters {
    const char *keys[PARAMETERS_MAX], *values[PARAMETERS_MAX];
    size_t count;
};

/* What the URL says of `key`, else the environment variable; NULL: nothing. */
static const char *said(const PQconninfoOption *options, const char *key)
{
    for (; options->keyword; options++) {
        const char *named = options->envvar ? getenv(options->envvar) : NULL;

        if (!str_equal(options->keyword, key))
            continue;
        if (options->val && *options->val)
            return options->val;
        return named && *named ? named : NULL;
    }
    return NULL;
}

static void set(struct parameters *parameters, const char *key, const char *value)
{
    if (parameters->count == PARAMETERS_MAX - 1)
        return;
    parameters->keys[parameters->count] = key;
    parameters->values[parameters->count++] = value;
}

static void set_default(struct parameters *parameters, const PQconninfoOption *options,
                        const char *key, const char *value)
{
    if (!said(options, key))
        set(parameters, key, value);
}

/* Unix sockets, or addresses that do not leave the machine: all of a list with commas. */
static bool is_local(const char *hosts)
{
    while (hosts) {
        size_t length = strcspn(hosts, ",");
        _cleanup_(free_string) char *host = xstrndup(hosts, length);

        if (*host && *host != '/' && *host != '@' && !str_equal(host, "localhost") &&
            !str_starts(host, "127.") && !str_equal(host, "::1"))
            return false;
        hosts = hosts[length] == ',' ? hosts + length + 1 : NULL;
    }
    return true;
}

/* libpq asks for no certificate by itself: whoever is in the middle could be the server. */
static void demand_certificate(struct parameters *parameters, const PQconninfoOption *options)
{
    const char *home = getenv("HOME");
    _cleanup_(free_string) char *own = xprintf("%s/.postgresql/root.crt", home ? home : "");

    if (said(options, "sslmode") || said(options, "service") ||
        (is_local(said(options, "host")) && is_local(said(options, "hostaddr"))))
        return;
    set(parameters, "sslmode", "verify-full");
    if (access(own, R_OK) != 0)
        set_default(parameters, options, "sslrootcert", SYSTEM_CERTIFICATES);
}

static int connect_with(struct postgres_db *db, const PQconninfoOption *options,
                        PGconn **connection, struct mlops_error *err)
{
    struct parameters parameters = {.count = 0};
    const char *hosts = said(options, "host");

    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (option->val && *option->val)
            set(&parameters, option->keyword, option->val);
    demand_certificate(&parameters, options);
    set_default(&parameters, options, "connect_timeout", "10");
    /* a server that vanished without a word is missed within half a minute, not two hours */
    set_default(&parameters, options, "tcp_user_timeout", "30000");
    set_default(&parameters, options, "keepalives_idle", "10");
    set_default(&parameters, options, "keepalives_interval", "5");
    set_default(&parameters, options, "keepalives_count", "4");
    if (hosts && strchr(hosts, ',')) /* of several servers, the one that takes writes */
        set_default(&parameters, options, "target_session_attrs", "read-write");
    set_default(&parameters, options, "application_name", db->application);
    set(&parameters, "client_encoding", "UTF8");
    return postgres_connect_apart(db, parameters.keys, parameters.values, connection, err);
}

/* One attempt. `*connection` may have failed. */
static int attempt(struct postgres_db *db, PGconn **connection, struct mlops_error *err)
{
    char *message = NULL;
    PQconninfoOption *options = db->api.PQconninfoParse(db->url, &message);

    if (!options) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is not a PostgreSQL URL: %.*s", db->shown,
                   message ? (int)strcspn(message, "\n") : 0, message ? message : "");
        db->api.PQfreemem(message);
        return mlops_hint(err, "write postgresql://USER@HOST:PORT/DATABASE");
    }
    int code = connect_with(db, options, connection, err);
    db->api.PQconninfoFree(options);
    return code;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* A service file has a word of its own on TLS, read while connecting: if it says nothing, libpq
 * took what it got. */
static int check_service(struct postgres_db *db, struct mlops_error *err)
{
    PQconninfoOption *options = db->api.PQconninfo(db->connection);
    bool trusting = false;

    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (str_equal(option->keyword, "sslmode"))
            trusting = option->val && str_equal(option->val, "prefer");
    db->api.PQconninfoFree(options);
    if (!trusting || is_local(db->api.PQhost(db->connection)) || getenv("PGSSLMODE"))
        return MLOPS_OK;
    if (strstr(db->url, "sslmode=prefer"))
        return MLOPS_OK; /* it was asked for */
    mlops_fail(err, MLOPS_IO, "%s: the service does not say how the server proves who it is",
               db->shown);
    return mlops_hint(err, "put sslmode=verify-full and sslrootcert=… into the service file");
}

static int check_server(struct postgres_db *db, struct mlops_error *err)
{
    const char *encoding = db->api.PQparameterStatus(db->connection, "server_encoding");

    if (encoding && !str_equal(encoding, "UTF8")) {
        mlops_fail(err, MLOPS_INVALID, "the database of %s is encoded in %s", db->shown, encoding);
        return mlops_hint(err, "make one with: createdb --encoding=UTF8 --template=template0 NAME");
    }
    if (db->api.PQserverVersion(db->connection) < 130000)
        return mlops_fail(err, MLOPS_INVALID, "%s is older than PostgreSQL 13", db->shown);
    return check_service(db, err);
}

static int fail_connect(struct postgres_db *db, struct mlops_error *err)
{
    const char *message = db->api.PQerrorMessage(db->connection);

    mlops_fail(err, MLOPS_IO, "cannot reach the database %s: %.*s", db->shown,
               (int)strcspn(message, "\n"), message);
    if (strstr(message, "password"))
        return mlops_hint(err, "the password comes from PGPASSWORD or ~/.pgpass");
    if (strstr(message, "certificate") || strstr(message, "SSL"))
        return mlops_hint(err, "servers elsewhere must prove who they are: name their "
                               "certificate authority with ?sslrootcert=FILE");
    if (strstr(message, "does not exist"))
        return mlops_hint(err, "whoever runs the server makes roles and databases: createuser, "
                               "createdb");
    return mlops_hint(err, "is the server up, and can it be reached from here?");
}

/* Is the server there, and only not ready, or full? (libpq gives no SQLSTATE of these.) */
static bool passes(const char *message)
{
    static const char *const signs[] = {
        "starting up",
        "shutting down",
        "recovery mode",
        "too many clients",
        "connection slots",
        "not yet accept",
        "too many connec",
        /* of several servers none takes writes now: one is about to be promoted */
        "session is read-only",
        "server is in hot standby mode",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++)
        if (strstr(message, signs[i]))
            return true;
    return false;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

void postgres_disconnect(struct postgres_db *db)
{
    if (db->connection)
        db->api.PQfinish(db->connection);
    db->connection = NULL;
    for (size_t i = 0; i < db->statement_count; i++)
        free(db->statements[i].sql);
    db->statement_count = 0;
    db->sent = 0;
    db->owes_rollback = db->lined_up = false;
}

/* A writer came back to a standby: one address for all servers led there, as the one that took
 * writes is no more, and this one will be promoted. */
static bool is_unpromoted(const struct postgres_db *db)
{
    const char *standby = db->api.PQparameterStatus(db->connection, "in_hot_standby");

    return db->dropped && db->state == POSTGRES_WRITING && standby && str_equal(standby, "on");
}

static int connect_once(struct postgres_db *db, struct mlops_error *err)
{
    postgres_disconnect(db);
    TRY(attempt(db, &db->connection, err));
    if (db->api.PQstatus(db->connection) != CONNECTION_OK)
        return fail_connect(db, err);
    TRY(check_server(db, err));
    if (is_unpromoted(db))
        return mlops_fail(err, MLOPS_IO, "%s is a standby that takes no writes", db->shown);
    db->api.PQsetNoticeReceiver(db->connection, ignore_notice, NULL);
    if (!db->api.PQenterPipelineMode(db->connection))
        return postgres_fail_lost(db, err);
    db->dropped = false;
    return MLOPS_OK;
}

static bool may_pass(const struct postgres_db *db)
{
    if (!db->connection)
        return false;
    if (db->api.PQstatus(db->connection) == CONNECTION_OK)
        return is_unpromoted(db);
    return db->dropped || passes(db->api.PQerrorMessage(db->connection));
}

/* Pause; where that is over, `err` stays as it is, as why a server cannot be reached says more than
 * how long we waited. Only a stop is told instead. */
static int pause_or_fail(struct postgres_db *db, struct mlops_error *err)
{
    struct mlops_error patience = {0};

    if (postgres_pause(db, &patience) == MLOPS_OK)
        return MLOPS_OK;
    if (patience.code == MLOPS_CANCELLED)
        *err = patience;
    return (int)err->code;
}

static int connect_patiently(struct postgres_db *db, struct mlops_error *err)
{
    for (;;) {
        int code = connect_once(db, err);

        if (code == MLOPS_OK || !may_pass(db))
            return code;
        TRY(pause_or_fail(db, err));
    }
}

int postgres_connect(struct postgres_db *db, struct mlops_error *err)
{
    TRY(load(&db->api, err));
    postgres_wait_begin(db);
    return connect_patiently(db, err);
}

int postgres_reconnect(struct postgres_db *db, struct mlops_error *err)
{
    postgres_fail_lost(db, err);
    db->dropped = true;
    TRY(pause_or_fail(db, err)); /* or one that breaks at each attempt would be asked for ever */
    return connect_patiently(db, err);
}

PGconn *postgres_connect_aside(struct postgres_db *db)
{
    struct mlops_error ignored = {0};
    PGconn *connection = NULL;

    if (attempt(db, &connection, &ignored) != MLOPS_OK)
        return NULL;
    if (db->api.PQstatus(connection) == CONNECTION_OK)
        return connection;
    db->api.PQfinish(connection);
    return NULL;
}

/* ---- patience -------------------------------------------------------------------------------- */

/* xorshift64*: only has to differ between processes that started together. */
static uint64_t next_random(struct postgres_db *db)
{
    uint64_t x = db->wait_random;

    if (x == 0)
        x = ((uint64_t)clock_monotonic_ns() ^ (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)db) |
            1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    db->wait_random = x;
    return x * 0x2545f4914f6cdd1dULL;
}

void postgres_wait_begin(struct postgres_db *db)
{
    db->wait_began_ns = 0;
    db->wait_round = 0;
}

int postgres_pause(struct postgres_db *db, struct mlops_error *err)
{
    int64_t now_ns = clock_monotonic_ns();
    int64_t ceiling_ns = PAUSE_MAX_NS;

    if (db->wait_began_ns == 0)
        db->wait_began_ns = now_ns;
    if (!db->wait)
        return mlops_fail(err, MLOPS_IO, "%s is busy", db->shown);
    TRY(db->wait(db->wait_context, now_ns - db->wait_began_ns, err));
    if (db->wait_round < 7 && PAUSE_MIN_NS << db->wait_round < PAUSE_MAX_NS)
        ceiling_ns = PAUSE_MIN_NS << db->wait_round;
    db->wait_round++;
    clock_sleep_ns(ceiling_ns / 2 + (int64_t)(next_random(db) % (uint64_t)ceiling_ns));
    return MLOPS_OK;
}
