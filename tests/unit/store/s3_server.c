/* tests/unit/store/s3_server.c - starting and stopping the server. */
#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "s3_server.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define VERSION "v1.8.0"

struct s3_server {
    char *folder;
    pid_t pid;
    int port;
};

static char *find_program(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = cache && *cache
                     ? xprintf("%s/mlops-tests/versitygw-quick-" VERSION, cache)
                     : xprintf("%s/.cache/mlops-tests/versitygw-quick-" VERSION, home ? home : "");
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    _cleanup_(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

/* One that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    _cleanup_(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &length));
    return ntohs(address.sin_port);
}

static void run_server(const char *program, const struct s3_server *server)
{
    char *data = path_join(server->folder, "data"), *log = path_join(server->folder, "log");
    char *address = xprintf("127.0.0.1:%d", server->port);
    char *sidecar = path_join(server->folder, "attributes");
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    (void)setenv("ROOT_ACCESS_KEY", S3_ACCESS, 1);
    (void)setenv("ROOT_SECRET_KEY", S3_SECRET, 1);
    execl(program, program, "--port", address, "--keep-alive", "--quiet", "posix", "--sidecar",
          sidecar, data, NULL);
    _exit(127);
}

/* False: it has ended, as where another process took the port between looking and listening. */
static bool starts(const char *program, struct s3_server *server)
{
    server->port = free_port();
    server->pid = fork();
    if (server->pid == 0)
        run_server(program, server);
    for (int i = 0; i < 1200; i++) {
        if (waitpid(server->pid, NULL, WNOHANG) != 0)
            return false;
        if (connect_to(server->port) == 0)
            return true;
        clock_sleep_ns(50000000);
    }
    fail_msg("the S3 server does not listen");
    return false;
}

struct s3_server *s3_server_start(void)
{
    static const char *const others[] = {"AWS_PROFILE",      "AWS_SESSION_TOKEN",  "AWS_CA_BUNDLE",
                                         "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "http_proxy",
                                         "HTTP_PROXY",       "all_proxy",          "ALL_PROXY"};
    struct mlops_error err = {0};
    _cleanup_(free_string) char *program = find_program();
    if (!program)
        return NULL;
    struct s3_server *server = xcalloc(1, sizeof(*server));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-s3", &server->folder, &err));
    for (size_t i = 0; i < 2; i++) {
        _cleanup_(free_string) char *path = path_join(server->folder, i ? "attributes" : "data");
        assert_int_equal(0, directory_make(path, 0755, &err));
    }
    for (int i = 0; !starts(program, server); i++)
        assert_true(i < 5);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        (void)unsetenv(others[i]);
    _cleanup_(free_string) char *endpoint = xprintf("http://127.0.0.1:%d", server->port);
    (void)setenv("AWS_ENDPOINT_URL_S3", endpoint, 1);
    (void)setenv("AWS_ACCESS_KEY_ID", S3_ACCESS, 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", S3_SECRET, 1);
    (void)setenv("AWS_REGION", "us-east-1", 1);
    return server;
}

void s3_server_stop(struct s3_server *server)
{
    struct mlops_error err = {0};
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    assert_int_equal(0, tree_remove(server->folder, &err));
    free(server->folder);
    free(server);
}

char *s3_server_bucket(const struct s3_server *server, const char *name)
{
    struct mlops_error err = {0};
    char *path = xprintf("%s/data/%s", server->folder, name);
    assert_int_equal(0, directory_make(path, 0755, &err));
    return path;
}
