/*
 * lib/monitor/clients.c - a thread that reads from all clients of a socket into one text.
 *
 * A Unix socket holds about 200 KiB, which is counted sooner than the client wakes to send more;
 * read only between two countings, such pieces are too small for two cores. So the thread reads all
 * the time, and who counts takes a long text. The thread alone changes the list of clients; `lock`
 * is held for everything in it.
 */
#include "monitor/clients.h"
#include "base/clock.h"
#include "base/condition.h"
#include "base/file.h"
#include "monitor/framing.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define READ_SIZE (1U << 20)
#define ENOUGH (4U << 20)     /* bytes that are taken at once */
#define HELD_MAX (2 * ENOUGH) /* bytes from which on nothing is read until some are taken */
#define GATHER_NS 20000000LL  /* how long fewer than ENOUGH wait for more */
#define TICK_NS 100000000LL
#define SEND_MS 2000 /* a client that does not read its answers for so long is let go */

struct client {
    int fd;
    bool ended;    /* nothing more is read from it */
    bool finished; /* it was told all, and can go */
    struct framing framing;
    uint64_t taken, acknowledged; /* lines */
};

struct clients {
    int fd, wake; /* to accept from; an eventfd that ends the thread's waiting */
    const char *token;
    pthread_t thread;
    bool running; /* the thread */
    pthread_mutex_t lock;
    pthread_cond_t came; /* lines, or an end */
    struct client *list;
    size_t count;
    struct buffer lines; /* whole ones that nobody took yet */
    int64_t since_ns;    /* monotonic; when the first of them came; 0: there are none */
    bool stop;
    int failed; /* errno of what ended the thread */
};

/* ---- the thread ----------------------------------------------------------------------------- */

/* False: it does not read. */
static bool answer(const struct client *client, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        struct pollfd waiting = {.fd = client->fd, .events = POLLOUT};
        ssize_t sent = send(client->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno != EAGAIN || poll(&waiting, 1, SEND_MS) <= 0))
            return false;
        text += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

static void close_client(struct clients *clients, size_t i)
{
    fd_close(&clients->list[i].fd);
    framing_clear(&clients->list[i].framing);
    clients->list[i] = clients->list[--clients->count];
}

static void accept_client(struct clients *clients)
{
    int fd = accept4(clients->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (clients->count == CLIENTS_MAX) {
        (void)close(fd);
        return;
    }
    clients->list[clients->count++] = (struct client){.fd = fd};
}

static void read_client(struct clients *clients, struct client *client)
{
    struct buffer *text = &client->framing.text;
    buffer_reserve(text, READ_SIZE);
    ssize_t got = recv(client->fd, text->data + text->length, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    client->ended = got <= 0;
    text->length += got > 0 ? (size_t)got : 0;
    const char *wrong = framing_move(&client->framing, clients->token, &clients->lines);
    if (wrong) {
        (void)answer(client, wrong); /* it is let go anyway */
        client->ended = true;
    }
    if (clients->since_ns == 0 && clients->lines.length > 0)
        clients->since_ns = clock_monotonic_ns();
    (void)pthread_cond_signal(&clients->came);
}

/* Whom to wait for; clients that ended, and all where enough is held, have a descriptor of -1. */
static size_t list_waiting(struct clients *clients, struct pollfd *waiting)
{
    for (size_t i = clients->count; i-- > 0;)
        if (clients->list[i].finished)
            close_client(clients, i);
    bool full = clients->lines.length >= HELD_MAX;
    waiting[0] = (struct pollfd){.fd = clients->wake, .events = POLLIN};
    waiting[1] = (struct pollfd){.fd = clients->fd, .events = POLLIN};
    for (size_t i = 0; i < clients->count; i++)
        waiting[i + 2] = (struct pollfd){
            .fd = full || clients->list[i].ended ? -1 : clients->list[i].fd, .events = POLLIN};
    return clients->count;
}

static void read_ready(struct clients *clients, const struct pollfd *waiting, size_t count)
{
    uint64_t ignored;
    if (waiting[0].revents) /* only to make it wait again */
        (void)!read(clients->wake, &ignored, sizeof(ignored));
    for (size_t i = 0; i < count; i++)
        if (waiting[i + 2].revents)
            read_client(clients, &clients->list[i]);
    if (waiting[1].revents)
        accept_client(clients);
}

static void *run_thread(void *context)
{
    struct clients *clients = context;
    struct pollfd waiting[CLIENTS_MAX + 2];
    (void)pthread_mutex_lock(&clients->lock);
    while (!clients->stop && !clients->failed) {
        size_t count = list_waiting(clients, waiting);
        (void)pthread_mutex_unlock(&clients->lock);
        int ready = poll(waiting, count + 2, -1);
        int failed = ready < 0 && errno != EINTR ? errno : 0;
        (void)pthread_mutex_lock(&clients->lock);
        clients->failed = failed;
        if (ready > 0)
            read_ready(clients, waiting, count);
    }
    (void)pthread_cond_signal(&clients->came);
    (void)pthread_mutex_unlock(&clients->lock);
    return NULL;
}

/* ---- the side that counts ------------------------------------------------------------------- */

static void wake(const struct clients *clients)
{
    const uint64_t one = 1;
    (void)!write(clients->wake, &one, sizeof(one)); /* full means that it wakes anyway */
}

static bool has_ended(const struct clients *clients)
{
    for (size_t i = 0; i < clients->count; i++)
        if (clients->list[i].ended && !clients->list[i].finished)
            return true;
    return false;
}

/* Until there is enough, or something that has waited long enough, or a client's end. */
static void wait_for_lines(struct clients *clients)
{
    int64_t until_ns = clock_monotonic_ns() + TICK_NS;
    while (!clients->stop && !clients->failed && clients->lines.length < ENOUGH &&
           !has_ended(clients)) {
        int64_t gathered_ns = clients->since_ns + GATHER_NS;
        int64_t end_ns = clients->since_ns && gathered_ns < until_ns ? gathered_ns : until_ns;
        if (clock_monotonic_ns() >= end_ns)
            return;
        condition_wait_until(&clients->came, &clients->lock, end_ns);
    }
}

int clients_take(struct clients *clients, struct buffer *lines, bool *ended,
                 struct mlops_error *err)
{
    buffer_reset(lines);
    (void)pthread_mutex_lock(&clients->lock);
    wait_for_lines(clients);
    const struct buffer empty = *lines;
    *lines = clients->lines;
    clients->lines = empty;
    clients->since_ns = 0;
    for (size_t i = 0; i < clients->count; i++)
        clients->list[i].taken = clients->list[i].framing.lines;
    *ended = has_ended(clients);
    int failed = clients->failed;
    (void)pthread_mutex_unlock(&clients->lock);
    if (failed)
        return mlops_fail_errno(err, MLOPS_IO, failed, "wait for clients");
    if (lines->length >= HELD_MAX)
        wake(clients);
    return MLOPS_OK;
}

void clients_acknowledge(struct clients *clients)
{
    char text[32];
    (void)pthread_mutex_lock(&clients->lock);
    for (size_t i = 0; i < clients->count; i++) {
        struct client *client = &clients->list[i];
        if (client->acknowledged < client->taken) {
            client->acknowledged = client->taken;
            (void)snprintf(text, sizeof(text), "ok %llu\n", (unsigned long long)client->taken);
            client->ended |= !answer(client, text);
        }
        client->finished = client->ended && client->taken == client->framing.lines;
        if (client->finished)
            wake(clients);
    }
    (void)pthread_mutex_unlock(&clients->lock);
}

/* ---- begin and end -------------------------------------------------------------------------- */

int clients_start(int fd, const char *token, struct clients **clients, struct mlops_error *err)
{
    _cleanup_(clients_free_ptr) struct clients *fresh = xcalloc(1, sizeof(*fresh));
    *fresh = (struct clients){.fd = fd, .token = token, .wake = eventfd(0, EFD_CLOEXEC)};
    fresh->list = xcalloc(CLIENTS_MAX, sizeof(*fresh->list));
    (void)pthread_mutex_init(&fresh->lock, NULL); /* fails only with attributes */
    condition_init(&fresh->came);
    *clients = NULL;
    int failed = fresh->wake < 0 ? errno : pthread_create(&fresh->thread, NULL, run_thread, fresh);
    if (failed)
        return mlops_fail_errno(err, MLOPS_IO, failed, "start to read from clients");
    fresh->running = true;
    *clients = TAKE_PTR(fresh);
    return MLOPS_OK;
}

void clients_stop(struct clients *clients)
{
    if (!clients->running)
        return;
    (void)pthread_mutex_lock(&clients->lock);
    clients->stop = true;
    (void)pthread_mutex_unlock(&clients->lock);
    wake(clients);
    (void)pthread_join(clients->thread, NULL);
    clients->running = false;
}

void clients_free(struct clients *clients)
{
    if (!clients)
        return;
    clients_stop(clients);
    while (clients->count > 0)
        close_client(clients, clients->count - 1);
    (void)pthread_cond_destroy(&clients->came);
    (void)pthread_mutex_destroy(&clients->lock);
    fd_close(&clients->wake);
    buffer_clear(&clients->lines);
    free(clients->list);
    free(clients);
}
