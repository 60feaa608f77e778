/* tests/unit/base/test_http.c - the HTTP client against a server of the test's own, which answers
 * what its script says. Certificates are tested in tests/cli/s3.bats. */
#include "test.h"

#include "base/clock.h"
#include "base/http.h"
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRIPT_MAX 16
#define RESET "(reset)"
#define STALL "(stall)"
#define OK(text, length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" text
#define STATUS(line) "HTTP/1.1 " line "\r\nContent-Length: 0\r\n\r\n"

struct server {
    int listening;
    int port;
    pthread_t thread;
    const char *script[SCRIPT_MAX];
    atomic_uint requests; /* that came */
    atomic_bool ending;
    struct buffer seen[SCRIPT_MAX]; /* head and body of each */
};

/* ---- the server ------------------------------------------------------------------------------ */

static size_t wanted_body(const struct buffer *seen, const char *blank)
{
    const char *field = strcasestr(seen->data, "\r\ncontent-length:");
    return field && field < blank ? strtoul(field + 17, NULL, 10) : 0;
}

/* A connection that rests is left where somebody comes by another. */
static bool is_left(const struct server *server, int fd)
{
    struct pollfd both[] = {{.fd = fd, .events = POLLIN},
                            {.fd = server->listening, .events = POLLIN}};
    return poll(both, 2, -1) > 0 && both[0].revents == 0;
}

static bool read_request(const struct server *server, int fd, struct buffer *seen)
{
    char data[65536];
    if (is_left(server, fd))
        return false;
    for (;;) {
        const char *blank = seen->data ? strstr(seen->data, "\r\n\r\n") : NULL;
        if (blank && seen->length - (size_t)(blank + 4 - seen->data) >= wanted_body(seen, blank))
            return true;
        ssize_t got = read(fd, data, sizeof(data));
        if (got <= 0)
            return false;
        buffer_append(seen, data, (size_t)got);
    }
}

/* True where the connection goes on. One that stalls does so until the client has given it up. */
static bool answer(struct server *server, int fd, const char *text)
{
    if (str_equal(text, RESET)) {
        const struct linger hard = {.l_onoff = 1};
        assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
        return false;
    }
    while (str_equal(text, STALL) && !server->ending)
        clock_sleep_ns(10000000);
    if (str_equal(text, STALL))
        return false;
    (void)!write(fd, text, strlen(text)); /* the client may have had enough */
    return strstr(text, "(cut)") == NULL;
}

static void *serve(void *context)
{
    struct server *server = context;
    for (;;) {
        int fd = accept(server->listening, NULL, NULL);
        if (fd < 0)
            return NULL;
        struct buffer seen = {0};
        while (read_request(server, fd, &seen)) {
            unsigned number = server->requests++;
            if (number >= SCRIPT_MAX || !server->script[number])
                break;
            buffer_append(&server->seen[number], seen.data, seen.length);
            buffer_reset(&seen);
            if (!answer(server, fd, server->script[number]))
                break;
        }
        buffer_clear(&seen);
        close(fd);
    }
}

/* ---- the fixture ----------------------------------------------------------------------------- */

struct fixture {
    struct server server;
    struct http_client *client;
    struct mlops_observer observer;
    struct http_response response;
    struct buffer taken;
    char url[100];
    unsigned prepared, waits;
    struct mlops_error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    f->server.listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(f->server.listening, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(f->server.listening, 16));
    assert_int_equal(0, getsockname(f->server.listening, (struct sockaddr *)&address, &length));
    f->server.port = ntohs(address.sin_port);
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/a/b?secret=query", f->server.port);
    assert_int_equal(0, pthread_create(&f->server.thread, NULL, serve, &f->server));
    /* a server that is only slow is not given up: each answer is to be heard */
    const struct http_client_options options = {.first_wait_ns = 1000000,
                                                .connect_ns = 600000000000,
                                                .stall_ns = 600000000000,
                                                .attempts = 4,
                                                .observer = &f->observer};
    assert_int_equal(0, http_client_new(&options, &f->client, &f->err));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_client_free(f->client);
    f->server.ending = true;
    shutdown(f->server.listening, SHUT_RDWR);
    pthread_join(f->server.thread, NULL);
    close(f->server.listening);
    for (size_t i = 0; i < SCRIPT_MAX; i++)
        buffer_clear(&f->server.seen[i]);
    http_response_clear(&f->response);
    buffer_clear(&f->taken);
    free(f);
    return 0;
}

static void script(struct fixture *f, const char *const *answers)
{
    for (size_t i = 0; answers[i]; i++)
        f->server.script[i] = answers[i];
}
#define SCRIPT(f, ...) script(f, (const char *const[]){__VA_ARGS__, NULL})

static int get(struct fixture *f, struct http_request request)
{
    request.method = request.method ? request.method : "GET";
    request.url = request.url ? request.url : f->url;
    request.context = f;
    return http_send(f->client, &request, &f->response, &f->err);
}

static int take(void *context, uint64_t offset, const void *data, size_t length,
                struct mlops_error *err)
{
    struct fixture *f = context;
    (void)err;
    if (offset == 0)
        buffer_reset(&f->taken);
    assert_int_equal(offset, f->taken.length);
    buffer_append(&f->taken, data, length);
    return MLOPS_OK;
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void an_answer_comes_with_its_headers_and_body(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, "HTTP/1.1 201 Created\r\nETag:  \"abc\" \r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(0, get(f, (struct http_request){0}));
    assert_int_equal(201, f->response.status);
    assert_string_equal("hello", f->response.body.data);
    _cleanup_(free_string) char *tag = http_response_header(&f->response, "etag");
    assert_string_equal("\"abc\"", tag);
    assert_null(http_response_header(&f->response, "ETa"));
    assert_non_null(strstr(f->server.seen[0].data, "GET /a/b?secret=query HTTP/1.1\r\n"));
    assert_null(strcasestr(f->server.seen[0].data, "expect:"));
}

static int read_letters(void *context, uint64_t offset, void *data, size_t length,
                        struct mlops_error *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < length; i++)
        ((char *)data)[i] = (char)('a' + (offset + i) % 26);
    return MLOPS_OK;
}

static void a_body_is_sent_again_from_its_begin(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, RESET, STATUS("500 Oops"), OK("", "0"));
    assert_int_equal(
        0, get(f, (struct http_request){.method = "PUT", .read = read_letters, .length = 3000000}));
    assert_int_equal(200, f->response.status);
    for (size_t i = 0; i < 3; i++) {
        const char *body = strstr(f->server.seen[i].data, "\r\n\r\n") + 4;
        assert_int_equal(3000000,
                         f->server.seen[i].length - (size_t)(body - f->server.seen[i].data));
        assert_memory_equal("abcdefghijklmnopqrstuvwxyzab", body, 28);
        assert_int_equal('a' + 2999999 % 26, body[2999999]);
    }
}

static void an_empty_body_says_its_length(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, OK("", "0"));
    assert_int_equal(0, get(f, (struct http_request){.method = "POST", .data = ""}));
    assert_non_null(strstr(f->server.seen[0].data, "POST "));
    assert_non_null(strcasestr(f->server.seen[0].data, "content-length: 0\r\n"));
}

static void what_may_pass_is_tried_again(void **state)
{
    static const char *const passing[] = {STATUS("503 Slow Down"), STATUS("500 Internal"),
                                          STATUS("429 Too Many"), RESET,
                                          "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n(cut)"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(passing); i++) {
        f->server.script[2 * i] = passing[i];
        f->server.script[2 * i + 1] = OK("whole", "5");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(passing); i++) {
        assert_int_equal(0, get(f, (struct http_request){.sink = take}));
        assert_int_equal(200, f->response.status);
        assert_int_equal(2 * (i + 1), f->server.requests);
        assert_int_equal(5, f->response.received);
        assert_string_equal("whole", f->taken.data);
    }
}

static void what_cannot_pass_is_not_tried_again(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", OK("", "0"));
    assert_int_equal(0, get(f, (struct http_request){.sink = take}));
    assert_int_equal(403, f->response.status);
    assert_string_equal("no", f->response.body.data); /* and not into the sink */
    assert_int_equal(0, f->taken.length);
    assert_int_equal(1, f->server.requests);
}

static void what_must_not_happen_twice_is_sent_once(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, RESET, OK("", "0"), RESET, OK("", "0"));
    const struct http_request once = {.method = "POST", .data = "x", .length = 1, .once = true};
    assert_int_equal(MLOPS_IO, get(f, once));
    assert_int_equal(1, f->server.requests);
    /* nor by libcurl, which sends again what fails over a connection that was kept */
    assert_int_equal(MLOPS_OK, get(f, (struct http_request){0}));
    assert_int_equal(MLOPS_IO, get(f, once));
    assert_int_equal(3, f->server.requests);
}

static void after_the_last_attempt_the_answer_stands(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, STATUS("503 A"), STATUS("503 B"), STATUS("503 C"), STATUS("503 D"), OK("", "0"));
    const struct http_request request = {.method = "GET", .url = f->url};
    assert_int_equal(0, http_send(f->client, &request, &f->response, &f->err));
    assert_int_equal(503, f->response.status);
    assert_int_equal(4, f->response.attempts);
    assert_int_equal(MLOPS_IO,
                     http_fail_status(&request, &f->response, MLOPS_IO, "SlowDown", &f->err));
    assert_non_null(strstr(f->err.message, "/a/b: the server answers 503: SlowDown"));
    assert_null(strstr(f->err.message, "secret"));
}

static int add_date(void *context, struct http_headers *headers, struct mlops_error *err)
{
    struct fixture *f = context;
    char number[20];
    (void)err;
    snprintf(number, sizeof(number), "%u", ++f->prepared);
    http_headers_add(headers, "X-Attempt", number);
    http_headers_add(headers, "X-Empty", "");
    return MLOPS_OK;
}

static void each_attempt_is_prepared_anew(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, STATUS("500 A"), OK("", "0"));
    assert_int_equal(0, get(f, (struct http_request){.prepare = add_date}));
    assert_non_null(strstr(f->server.seen[0].data, "X-Attempt: 1\r\n"));
    assert_non_null(strstr(f->server.seen[1].data, "X-Attempt: 2\r\n"));
    assert_non_null(strstr(f->server.seen[1].data, "X-Empty:\r\n"));
}

static int judge_body(void *context, const struct http_response *response, bool *again,
                      struct mlops_error *err)
{
    (void)context;
    (void)err;
    *again = strstr(response->body.data, "error") != NULL;
    return MLOPS_OK;
}

static void the_caller_judges_an_answer(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, OK("error", "5"), OK("right", "5"));
    assert_int_equal(0, get(f, (struct http_request){.judge = judge_body}));
    assert_string_equal("right", f->response.body.data);
}

static void a_server_that_says_when_is_waited_for(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, "HTTP/1.1 503 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", OK("", "0"));
    int64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(0, get(f, (struct http_request){0}));
    assert_true(clock_monotonic_ns() - begin_ns >= 1000000000LL);
}

static void a_server_that_stalls_is_given_up(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, STALL);
    assert_int_equal(MLOPS_IO, get(f, (struct http_request){.once = true, .stall_ns = 1000000000}));
    assert_non_null(strstr(f->err.message, "/a/b: "));
    assert_null(strstr(f->err.message, "secret"));
}

/* Says stop in the midst of the wait that follows the first answer. */
static bool has_waited(void *context)
{
    struct fixture *f = context;
    f->waits += f->response.attempts == 1;
    return f->waits > 2;
}

static void a_request_can_be_stopped_while_it_waits(void **state)
{
    struct fixture *f = *state;
    f->observer = (struct mlops_observer){.context = f, .cancelled = has_waited};
    SCRIPT(f, "HTTP/1.1 503 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n", OK("", "0"));
    assert_int_equal(MLOPS_CANCELLED, get(f, (struct http_request){0}));
    assert_int_equal(503, f->response.status); /* the next attempt would have begun at 0 */
    assert_int_equal(MLOPS_CANCELLED, get(f, (struct http_request){0}));
    assert_int_equal(1, f->server.requests);
}

static int refuse(void *context, uint64_t offset, const void *data, size_t length,
                  struct mlops_error *err)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)length;
    return mlops_fail(err, MLOPS_INTEGRITY, "not these bytes");
}

static void a_sink_that_fails_ends_the_request(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, OK("bytes", "5"), OK("bytes", "5"));
    assert_int_equal(MLOPS_INTEGRITY, get(f, (struct http_request){.sink = refuse}));
    assert_non_null(strstr(f->err.message, "/a/b: not these bytes"));
    assert_int_equal(1, f->server.requests);
}

static void a_body_larger_than_wanted_is_refused(void **state)
{
    struct fixture *f = *state;
    SCRIPT(f, OK("0123456789", "10"));
    assert_int_equal(MLOPS_IO, get(f, (struct http_request){.body_max = 9, .once = true}));
    assert_non_null(strstr(f->err.message, "larger than 9 bytes"));
}

static void a_password_in_an_address_is_refused_and_not_repeated(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(MLOPS_INVALID,
                     get(f, (struct http_request){.url = "https://ada:hunter2@host/x?y#z"}));
    assert_null(strstr(f->err.message, "hunter2"));
    assert_non_null(strstr(f->err.message, "https://host/x'"));
    assert_int_equal(MLOPS_INVALID, get(f, (struct http_request){.url = "file:///etc/passwd"}));
}

static void a_server_that_is_not_there_is_io(void **state)
{
    struct fixture *f = *state;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, and nobody listens */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    char url[100];
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &length));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
    assert_int_equal(MLOPS_IO, get(f, (struct http_request){.url = url}));
    assert_non_null(strstr(f->err.message, url));
    assert_non_null(strstr(f->err.hint, "tried 4 times"));
    close(fd);
}

static void characters_are_encoded_as_rfc_3986_says(void **state)
{
    _cleanup_(buffer_clear) struct buffer out = {0};
    (void)state;
    http_encode("a/b c+=~_.-\xC3\xA9", "/", &out);
    assert_string_equal("a/b%20c%2B%3D~_.-%C3%A9", out.data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void this_machine_has_few_names(void **state)
{
    (void)state;
    assert_true(http_host_is_loopback("localhost"));
    assert_true(http_host_is_loopback("localhost:5000"));
    assert_true(http_host_is_loopback("127.0.0.1:5000"));
    assert_true(http_host_is_loopback("127.9.9.9"));
    assert_true(http_host_is_loopback("[::1]:5000"));
    assert_false(http_host_is_loopback("localhost.example.com"));
    assert_false(http_host_is_loopback("127.0.0.1.example.com"));
    assert_false(http_host_is_loopback("example.com:127"));
    assert_false(http_host_is_loopback("[::2]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_comes_with_its_headers_and_body),
        TEST(a_body_is_sent_again_from_its_begin),
        TEST(an_empty_body_says_its_length),
        TEST(what_may_pass_is_tried_again),
        TEST(what_cannot_pass_is_not_tried_again),
        TEST(what_must_not_happen_twice_is_sent_once),
        TEST(after_the_last_attempt_the_answer_stands),
        TEST(each_attempt_is_prepared_anew),
        TEST(the_caller_judges_an_answer),
        TEST(a_server_that_says_when_is_waited_for),
        TEST(a_server_that_stalls_is_given_up),
        TEST(a_request_can_be_stopped_while_it_waits),
        TEST(a_sink_that_fails_ends_the_request),
        TEST(a_body_larger_than_wanted_is_refused),
        TEST(a_password_in_an_address_is_refused_and_not_repeated),
        TEST(a_server_that_is_not_there_is_io),
        cmocka_unit_test(characters_are_encoded_as_rfc_3986_says),
        cmocka_unit_test(this_machine_has_few_names),
    };
    /* what the machine of the test has of them is not what is tested */
    unsetenv("http_proxy");
    unsetenv("HTTP_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
