/*
 * lib/registry/db_postgres_apart.c - a connection to PostgreSQL that may be waited for no longer.
 *
 * libpq looks names up and goes from host to host in one call that nobody can stop: ten seconds a
 * host that does not answer. What it has for callers that cannot wait, PQconnectPoll, knows no time
 * limit, without which a host that is silent hides the next in the list. So that one call is made
 * by a thread.
 */
#include "base/clock.h"
#include "base/condition.h"
#include "registry/db_postgres.h"
#include <pthread.h>
#include <signal.h>

#define LOOK_NS 50000000LL

/* Of whoever waits for it; of the thread once it is abandoned. */
struct call {
    struct postgres_api api;
    char **keys, **values; /* NULL-terminated */
    PGconn *connection;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool ended, abandoned;
};

static void call_free(struct call *call)
{
    if (call->connection)
        call->api.PQfinish(call->connection);
    strings_free(call->keys);
    strings_free(call->values);
    pthread_mutex_destroy(&call->lock);
    pthread_cond_destroy(&call->changed);
    free(call);
}

static char **copy(const char *const *strings)
{
    size_t count = strings_count(strings);
    char **copies = xcalloc(count + 1, sizeof(*copies));
    for (size_t i = 0; i < count; i++)
        copies[i] = xstrdup(strings[i]);
    return copies;
}

static struct call *call_new(const struct postgres_db *db, const char *const *keys,
                             const char *const *values)
{
    struct call *call = xcalloc(1, sizeof(*call));

    call->api = db->api;
    call->keys = copy(keys);
    call->values = copy(values);
    pthread_mutex_init(&call->lock, NULL);
    condition_init(&call->changed);
    return call;
}

static void *make_call(void *argument)
{
    struct call *call = argument;

    call->connection = call->api.PQconnectdbParams((const char *const *)call->keys,
                                                   (const char *const *)call->values, 0);
    pthread_mutex_lock(&call->lock);
    call->ended = true;
    bool abandoned = call->abandoned;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->lock);
    if (abandoned)
        call_free(call);
    return NULL;
}

/* Signals are for the thread that asks. */
static int start(struct call *call)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&call->thread, NULL, make_call, call);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* False where the observer says stop; then the call is the thread's. */
static bool await(struct call *call, const struct mlops_observer *observer)
{
    pthread_mutex_lock(&call->lock);
    while (!call->ended && !call->abandoned) {
        condition_wait_until(&call->changed, &call->lock, clock_monotonic_ns() + LOOK_NS);
        call->abandoned = !call->ended && observer->cancelled(observer->context);
    }
    bool ended = call->ended;
    if (!ended)
        (void)pthread_detach(call->thread);
    pthread_mutex_unlock(&call->lock);
    if (ended)
        (void)pthread_join(call->thread, NULL);
    return ended;
}

int postgres_connect_apart(struct postgres_db *db, const char *const *keys,
                           const char *const *values, PGconn **connection, struct mlops_error *err)
{
    const struct mlops_observer *observer = db->observer;
    struct call *call = observer && observer->cancelled ? call_new(db, keys, values) : NULL;

    if (!call) {
        *connection = db->api.PQconnectdbParams(keys, values, 0);
    } else if (start(call) != 0) {
        call_free(call);
        return mlops_fail(err, MLOPS_IO, "no thread could be started to connect to %s", db->shown);
    } else if (!await(call, observer)) {
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while connecting to %s", db->shown);
    } else {
        *connection = TAKE_PTR(call->connection);
        call_free(call);
    }
    return *connection ? MLOPS_OK : mlops_fail(err, MLOPS_IO, "connect: out of memory");
}
