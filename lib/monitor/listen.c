/*
 * lib/monitor/listen.c - events over a socket, acknowledged once they are durable.
 *
 * A client sends lines and may read answers, one a line: "ok N" says that the first N lines of this
 * connection (blank ones too) are counted or set aside, durably. It comes after each commit. A line
 * without an "ok" has to be sent again, on another connection, which does no harm. "error TEXT"
 * before the connection ends says why. Where there is a token, the first line is "token TOKEN".
 */
#include "monitor/address.h"
#include "monitor/clients.h"
#include "monitor/ingest.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct server {
    struct ingest *ingest;
    int fd;
    char *path; /* of a Unix socket; removed at the end */
    struct clients *clients;
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

/* ---- serving -------------------------------------------------------------------------------- */

/* Clients go only when all that they sent is durable and they were told. */
static int serve_once(struct server *server, struct mlops_error *err)
{
    bool ended;
    TRY(clients_take(server->clients, &server->lines, &ended, err));
    if (server->lines.length > 0)
        TRY(ingest_take(server->ingest, server->lines.data, server->lines.length, err));
    if (!ended && !ingest_is_due(server->ingest))
        return MLOPS_OK;
    TRY(ingest_commit(server->ingest, err));
    clients_acknowledge(server->clients);
    return MLOPS_OK;
}

static int serve(struct server *server, struct mlops_error *err)
{
    TRY(clients_start(server->fd, server->ingest->options.token, &server->clients, err));
    while (!ingest_is_stopped(server->ingest))
        TRY(serve_once(server, err));
    clients_stop(server->clients);
    TRY(serve_once(server, err)); /* what was read by then */
    TRY(ingest_commit(server->ingest, err));
    clients_acknowledge(server->clients);
    return MLOPS_OK;
}

int ingest_listen(struct ingest *ingest, struct mlops_error *err)
{
    struct server server = {.ingest = ingest, .fd = -1};
    ingest->knows_kind = true; /* many clients in one stream: JSON Lines only */
    int code = open_server(&server, err);
    if (code == MLOPS_OK)
        code = serve(&server, err);
    clients_free(server.clients);
    fd_close(&server.fd);
    if (server.path)
        (void)unlink(server.path);
    free(server.path);
    buffer_clear(&server.lines);
    return code;
}
