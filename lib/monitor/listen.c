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
#define GREETING "token "

struct client {
    int fd;
    bool trusted; /* its token was right, or there is none */
    bool ended;
    uint64_t taken, acknowledged; /* lines */
    struct buffer text;           /* a line that has not ended */
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
        if (client->acknowledged == client->taken)
            continue;
        (void)snprintf(text, sizeof(text), "ok %llu\n", (unsigned long long)client->taken);
        client->acknowledged = client->taken;
        client->ended |= !answer(client, text);
    }
}

static void close_client(struct server *server, size_t i)
{
    struct client *client = &server->clients[i];
    fd_close(&client->fd);
    buffer_clear(&client->text);
    server->clients[i] = server->clients[--server->count];
}

static void accept_client(struct server *server)
{
    const char *token = server->ingest->options.token;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (server->count == CLIENTS_MAX) {
        (void)close(fd);
        return;
    }
    server->clients[server->count++] =
        (struct client){.fd = fd, .trusted = !token || *token == '\0'};
}

/* Takes as long for a wrong token as for the right one. */
static bool is_token(const char *token, const char *text, size_t length)
{
    size_t size = strlen(token);
    unsigned char differs = size != length;
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)(token[i % size] ^ text[i]);
    return !differs;
}

/* Its first line; takes it out of the text. */
static void check_token(struct server *server, struct client *client)
{
    struct buffer *text = &client->text;
    const char *stop = text->length ? memchr(text->data, '\n', text->length) : NULL;
    size_t length = stop ? (size_t)(stop - text->data) : text->length, skip = strlen(GREETING);
    if (!stop && length < 4096)
        return;
    size_t end = length > 0 && text->data[length - 1] == '\r' ? length - 1 : length;
    client->trusted = stop && end > skip && memcmp(text->data, GREETING, skip) == 0 &&
                      is_token(server->ingest->options.token, text->data + skip, end - skip);
    if (!client->trusted) {
        (void)answer(client, "error the first line is not the token\n");
        client->ended = true;
        buffer_reset(text);
        return;
    }
    memmove(text->data, text->data + length + 1, text->length - length - 1);
    text->length -= length + 1;
}

/* Whole lines go to the server's. One that never ends was cut off, and is not counted. */
static void move_lines(struct server *server, struct client *client)
{
    struct buffer *text = &client->text;
    const char *last = text->length ? memrchr(text->data, '\n', text->length) : NULL;
    size_t length = last ? (size_t)(last - text->data) + 1 : 0;
    for (const char *at = text->data, *end = at + length; at < end; at++) {
        at = memchr(at, '\n', (size_t)(end - at));
        client->taken++;
    }
    buffer_append(&server->lines, text->data, length);
    memmove(text->data, text->data + length, text->length - length);
    text->length -= length;
    if (text->length > EVENT_LINE_MAX * 2) {
        (void)answer(client, "error a line is longer than 1 MiB\n");
        client->ended = true;
    }
}

static void read_client(struct server *server, struct client *client)
{
    buffer_reserve(&client->text, READ_SIZE);
    ssize_t got = recv(client->fd, client->text.data + client->text.length, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    client->ended = got <= 0;
    client->text.length += got > 0 ? (size_t)got : 0;
    if (!client->trusted)
        check_token(server, client);
    if (client->trusted && client->text.length > 0)
        move_lines(server, client);
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
