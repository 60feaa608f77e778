/*
 * lib/monitor/listen.c - events over a socket, acknowledged once they are durable.
 *
 * A client sends lines and may read answers, one a line: "ok N" says that the first N lines of this
 * connection (blank ones too) are counted or set aside, durably. It comes after each commit. A line
 * without an "ok" has to be sent again, on another connection, which does no harm. "error TEXT"
 * before the connection ends says why. Where there is a token, the first line is "token TOKEN".
 */
#include "base/clock.h"
#include "monitor/address.h"
#include "monitor/framing.h"
#include "monitor/ingest.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define READ_SIZE (1U << 20)
#define TICK_MS 100
#define SEND_MS 2000 /* a client that does not read its answers for so long is let go */

struct client {
    int fd;
    bool ended;
    struct framing framing;
    uint64_t acknowledged; /* lines */
};

struct server {
    struct ingest *ingest;
    int fd;
    char *path; /* of a Unix socket; removed at the end */
    struct client *clients;
    size_t count;
    struct buffer lines; /* of all clients, on their way into a chunk */
};

/* ---- opening -------------------------------------------------------------------------------- */

static int open_socket(struct server *server, const struct sockaddr *address, socklen_t length,
                       const char *where, struct mlops_error *err)
{
    int on = 1;
    server->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "listen on %s", where);
    (void)setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* it may still work */
    if (bind(server->fd, address, length) != 0 || listen(server->fd, 64) != 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "listen on %s", where);
    return MLOPS_OK;
}

/* Only this user may connect. What is left of a process that was killed is in the way. */
static int open_unix(struct server *server, const char *path, struct mlops_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    if (*path == '\0' || strlen(path) >= sizeof(address.sun_path))
        return mlops_fail(err, MLOPS_INVALID, "the path of the socket is empty or too long: %s",
                          path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        _cleanup_(fd_close) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0)
            return mlops_fail(err, MLOPS_CONFLICT, "somebody listens on %s already", path);
        (void)unlink(path);
    }
    mode_t before = umask(0177);
    int code = open_socket(server, (struct sockaddr *)&address, sizeof(address), path, err);
    (void)umask(before);
    if (code == MLOPS_OK)
        server->path = xstrdup(path);
    return code;
}

static int open_server(struct server *server, struct mlops_error *err)
{
    const char *where = server->ingest->options.listen, *token = server->ingest->options.token;
    struct sockaddr_storage address;
    socklen_t length = 0;
    bool loopback = false;
    if (str_starts(where, "unix:"))
        return open_unix(server, where + 5, err);
    TRY(address_parse(where, &address, &length, &loopback, err));
    if (!loopback && (!token || *token == '\0')) {
        mlops_fail(err, MLOPS_INVALID, "others could send events to %s", where);
        return mlops_hint(err, "set MLOPS_MONITOR_TOKEN to what they must say first");
    }
    return open_socket(server, (struct sockaddr *)&address, length, where, err);
}

/* ---- clients -------------------------------------------------------------------------------- */

/* False: it does not read. */
static bool answer(struct client *client, const char *text)
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

static void acknowledge(struct server *server)
{
    char text[32];
    for (size_t i = 0; i < server->count; i++) {
        struct client *client = &server->clients[i];
        if (client->acknowledged == client->framing.lines)
            continue;
        client->acknowledged = client->framing.lines;
        (void)snprintf(text, sizeof(text), "ok %llu\n", (unsigned long long)client->acknowledged);
        client->ended |= !answer(client, text);
    }
}

static void close_client(struct server *server, size_t i)
{
    struct client *client = &server->clients[i];
    fd_close(&client->fd);
    framing_clear(&client->framing);
    server->clients[i] = server->clients[--server->count];
}

static void accept_client(struct server *server)
{
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (server->count == CLIENTS_MAX) {
        (void)close(fd);
        return;
    }
    server->clients[server->count++] = (struct client){.fd = fd};
}

static void read_client(struct server *server, struct client *client)
{
    struct buffer *text = &client->framing.text;
    buffer_reserve(text, READ_SIZE);
    ssize_t got = recv(client->fd, text->data + text->length, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    client->ended = got <= 0;
    text->length += got > 0 ? (size_t)got : 0;
    const char *wrong =
        framing_move(&client->framing, server->ingest->options.token, &server->lines);
    if (wrong) {
        (void)answer(client, wrong); /* it is let go anyway */
        client->ended = true;
    }
}

/* ---- serving -------------------------------------------------------------------------------- */

/* One look at all of them. */
static int serve_once(struct server *server, struct mlops_error *err)
{
    struct pollfd waiting[CLIENTS_MAX + 1] = {{.fd = server->fd, .events = POLLIN}};
    size_t count = server->count;
    for (size_t i = 0; i < count; i++)
        waiting[i + 1] = (struct pollfd){.fd = server->clients[i].fd, .events = POLLIN};
    if (poll(waiting, count + 1, TICK_MS) < 0 && errno != EINTR)
        return mlops_fail_errno(err, MLOPS_IO, errno, "wait for clients");
    for (size_t i = 0; i < count; i++)
        if (waiting[i + 1].revents && !server->clients[i].ended)
            read_client(server, &server->clients[i]);
    if (waiting[0].revents)
        accept_client(server);
    if (server->lines.length > 0)
        TRY(ingest_take(server->ingest, server->lines.data, server->lines.length, err));
    buffer_reset(&server->lines);
    return MLOPS_OK;
}

/* Clients go only when all that they sent is durable and they were told. */
static int commit(struct server *server, struct mlops_error *err)
{
    TRY(ingest_commit(server->ingest, err));
    acknowledge(server);
    for (size_t i = server->count; i-- > 0;)
        if (server->clients[i].ended)
            close_client(server, i);
    return MLOPS_OK;
}

static bool has_ended(const struct server *server)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->clients[i].ended)
            return true;
    return false;
}

static int serve(struct server *server, struct mlops_error *err)
{
    while (!ingest_is_stopped(server->ingest)) {
        TRY(serve_once(server, err));
        if (ingest_is_due(server->ingest) || has_ended(server))
            TRY(commit(server, err));
    }
    return commit(server, err);
}

int ingest_listen(struct ingest *ingest, struct mlops_error *err)
{
    struct server server = {.ingest = ingest, .fd = -1};
    server.clients = xcalloc(CLIENTS_MAX, sizeof(*server.clients));
    ingest->knows_kind = true; /* many clients in one stream: JSON Lines only */
    int code = open_server(&server, err);
    if (code == MLOPS_OK)
        code = serve(&server, err);
    while (server.count > 0)
        close_client(&server, server.count - 1);
    fd_close(&server.fd);
    if (server.path)
        (void)unlink(server.path);
    free(server.path);
    free(server.clients);
    buffer_clear(&server.lines);
    return code;
}
