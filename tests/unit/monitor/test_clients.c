/* tests/unit/monitor/test_clients.c - lines of clients, read while others are counted. */
#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "monitor/clients.h"
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HELD (8U << 20) /* as much as is held before a client has to wait */

/* A server on an address that the kernel makes up, and a client. */
struct fixture {
    int listener;
    struct sockaddr_un address;
    socklen_t length;
    struct clients *clients;
    struct buffer lines, all;
    bool ended;
    struct mlops_error err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    f->address.sun_family = AF_UNIX;
    f->length = sizeof(f->address);
    assert_int_equal(0, bind(f->listener, (struct sockaddr *)&f->address, sizeof(sa_family_t)));
    assert_int_equal(0, listen(f->listener, 8));
    assert_int_equal(0, getsockname(f->listener, (struct sockaddr *)&f->address, &f->length));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    clients_free(f->clients);
    fd_close(&f->listener);
    buffer_clear(&f->lines);
    buffer_clear(&f->all);
    free(f);
    return 0;
}

static void start(struct fixture *f, const char *token)
{
    assert_int_equal(0, clients_start(f->listener, token, &f->clients, &f->err));
}

static int client(const struct fixture *f)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, connect(fd, (const struct sockaddr *)&f->address, f->length));
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

/* Wait until the other side has read all that was said. */
static void assert_read(int fd)
{
    int unread = 1;
    for (int i = 0; i < 60000; i++) {
        assert_int_equal(0, ioctl(fd, SIOCOUTQ, &unread));
        if (unread == 0)
            return;
        clock_sleep_ns(1000000);
    }
    fail_msg("%d bytes were not read", unread);
}

/* Gather what is taken, until it has that length or, at 0, a client ended. */
static void take(struct fixture *f, size_t length)
{
    for (int i = 0; i < 600 && (length ? f->all.length < length : !f->ended); i++) {
        assert_int_equal(0, clients_take(f->clients, &f->lines, &f->ended, &f->err));
        if (f->lines.length > 0)
            buffer_append(&f->all, f->lines.data, f->lines.length);
    }
}

static void assert_hears(int fd, const char *text)
{
    char heard[128] = "";
    for (size_t length = 0; length < strlen(text);) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        assert_int_equal(1, poll(&waiting, 1, 30000));
        ssize_t got = recv(fd, heard + length, sizeof(heard) - 1 - length, 0);
        assert_true(got > 0);
        length += (size_t)got;
    }
    assert_string_equal(text, heard);
}

static void assert_silent(int fd)
{
    char byte;
    assert_int_equal(-1, recv(fd, &byte, 1, MSG_DONTWAIT));
    assert_int_equal(EAGAIN, errno);
}

static void assert_closed(int fd)
{
    char byte;
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    assert_int_equal(1, poll(&waiting, 1, 30000));
    assert_int_equal(0, recv(fd, &byte, 1, 0));
    (void)close(fd);
}

static void only_what_was_taken_is_acknowledged(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    int fd = client(f);
    say(fd, "a\nb\nc");
    take(f, 4);
    assert_string_equal("a\nb\n", f->all.data);
    assert_silent(fd); /* it is not durable yet */
    say(fd, "c\nd\n");
    assert_read(fd); /* and not taken */
    clients_acknowledge(f->clients);
    assert_hears(fd, "ok 2\n");
    take(f, 9);
    clients_acknowledge(f->clients);
    assert_hears(fd, "ok 4\n");
    assert_string_equal("a\nb\ncc\nd\n", f->all.data);
    (void)close(fd);
}

static void one_that_ended_is_told_all_and_let_go(void **state)
{
    struct fixture *f = *state;
    start(f, "");
    int fd = client(f), other = client(f);
    say(fd, "a\nhalf a line");
    assert_int_equal(0, shutdown(fd, SHUT_WR));
    take(f, 0);
    assert_true(f->ended);
    assert_string_equal("a\n", f->all.data);
    clients_acknowledge(f->clients);
    assert_hears(fd, "ok 1\n");
    assert_closed(fd);
    say(other, "b\n");
    take(f, 4);
    assert_false(f->ended);
    clients_acknowledge(f->clients);
    assert_hears(other, "ok 1\n");
    (void)close(other);
}

static void who_has_not_the_token_is_told_so(void **state)
{
    struct fixture *f = *state;
    start(f, "secret");
    int wrong = client(f), right = client(f);
    say(wrong, "token secrets\na\n");
    assert_hears(wrong, "error the first line is not the token\n");
    take(f, 0);
    assert_int_equal(0, f->all.length);
    clients_acknowledge(f->clients);
    assert_closed(wrong);
    say(right, "token secret\nb\n");
    take(f, 2);
    assert_string_equal("b\n", f->all.data);
    clients_acknowledge(f->clients);
    assert_hears(right, "ok 1\n");
    (void)close(right);
}

static void a_client_waits_while_much_is_held(void **state)
{
    struct fixture *f = *state;
    char line[1024];
    size_t sent = 0;
    start(f, NULL);
    int fd = client(f);
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (struct pollfd waiting = {.fd = fd, .events = POLLOUT};
         poll(&waiting, 1, sent < HELD ? 60000 : 500) == 1;) {
        ssize_t got = send(fd, line, sizeof(line), MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(got == sizeof(line)); /* a Unix socket takes such a piece whole */
        sent += sizeof(line);
        assert_true(sent < 32U << 20);
    }
    assert_true(sent >= HELD);
    take(f, sent);
    assert_int_equal(sent, f->all.length);
    clients_acknowledge(f->clients);
    char expected[32];
    (void)snprintf(expected, sizeof(expected), "ok %zu\n", sent / sizeof(line));
    assert_hears(fd, expected);
    (void)close(fd);
}

static void what_was_read_before_the_end_can_be_taken_and_acknowledged(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    int fd = client(f);
    say(fd, "a\n");
    take(f, 2);
    say(fd, "b\n");
    assert_read(fd);
    clients_stop(f->clients);
    assert_int_equal(0, clients_take(f->clients, &f->lines, &f->ended, &f->err)); /* waits not */
    assert_string_equal("b\n", f->lines.data);
    clients_acknowledge(f->clients);
    assert_hears(fd, "ok 2\n");
    clients_free(f->clients);
    f->clients = NULL;
    assert_closed(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_was_taken_is_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_ended_is_told_all_and_let_go, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_not_the_token_is_told_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_waits_while_much_is_held, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_read_before_the_end_can_be_taken_and_acknowledged,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
