/* tests/unit/monitor/test_event.c - lines read into columns: what is an event, and what is wrong. */
#include "test.h"

#include "monitor/event.h"
#include "base/clock.h"
#include <math.h>

static struct event_chunk chunk;

static void read_text(const char *text, const struct event_layout *layout)
{
    event_chunk_clear(&chunk);
    chunk.text = text;
    chunk.length = strlen(text);
    chunk.first_line = 1;
    event_chunk_read(&chunk, layout);
}

static const struct event_column *column(const char *name)
{
    for (size_t i = 0; i < chunk.column_count; i++)
        if (str_equal(chunk.columns[i].name, name))
            return &chunk.columns[i];
    return NULL;
}

static void members_and_features_are_read(void **state)
{
    int64_t expected;
    (void)state;
    read_text("{\"time\":\"2026-05-03T10:00:01.25Z\",\"id\":\"a\",\"version\":3,\"features\":"
              "{\"x\":-1.5e2,\"y\":\"caf\\u00e9 \\ud83d\\ude00\",\"z\":null,\"n\":{\"a\":[1]}},"
              "\"score\":0.25,\"prediction\":true,\"latency_ms\":7,\"status\":503,\"more\":[{}]}\n"
              "\r\n{ \"time\" : 1777802402 , \"id\" : 17 }\r\n",
              NULL);
    assert_int_equal(2, chunk.count);
    assert_int_equal(0, chunk.reject_count);
    assert_true(clock_parse("2026-05-03T10:00:01.25Z", 23, &expected));
    const struct event *event = &chunk.events[0];
    assert_true(event->time_ns == expected);
    assert_int_equal(3, event->version);
    assert_true(event->error && !event->shadow && event->score == 0.25 && event->latency_ms == 7);
    assert_memory_equal("true", event->prediction.data, 4);
    assert_true(column("x")->numbers[0] == -150);
    assert_int_equal(10, column("y")->texts[0].length);
    assert_memory_equal("caf\xc3\xa9 \xf0\x9f\x98\x80", column("y")->texts[0].data, 10);
    assert_int_equal(CELL_NULL, column("z")->kinds[0]);
    assert_int_equal(CELL_TEXT, column("n")->kinds[0]);
    assert_int_equal(CELL_ABSENT, column("x")->kinds[1]);
    assert_int_equal(3, chunk.events[1].line);
    assert_true(chunk.events[1].time_ns == 1777802402000000000LL);
    assert_true(isnan(chunk.events[1].score));
    event_chunk_clear(&chunk);
}

/* Every text of RFC 3339 gives what clock_parse gives, on the fast path, too. */
static void times_are_those_of_the_clock(void **state)
{
    static const char *const times[] = {"2026-05-03T10:00:00Z",      "2026-05-03T10:00:59.999999999Z",
                                        "2026-05-03T10:00:07.5Z",    "2026-05-03T10:01:00+02:00",
                                        "1969-12-31T23:59:59.5Z",    "1969-12-31T23:59:01Z",
                                        "2026-05-03T10:00:60Z",      "2026-05-03T10:00:61Z",
                                        "2026-05-03T10:00:1xZ",      "2026-05-03T10:00:01.Z"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        int64_t expected = 0;
        bool valid = clock_parse(times[i], strlen(times[i]), &expected);
        char *text = xprintf("{\"id\":1,\"time\":\"%.16s:00Z\"}\n{\"id\":2,\"time\":\"%s\"}\n",
                             times[i], times[i]);
        read_text(text, NULL);
        assert_int_equal(valid ? 2 : 1, chunk.count);
        if (valid)
            assert_true(chunk.events[1].time_ns == expected);
        event_chunk_clear(&chunk);
        free(text);
    }
}

static void malformed_lines_leave_no_trace_in_the_columns(void **state)
{
    static const char *const lines[] = {
        "", "{", "[]", "{\"time\":1,\"id\":2}x", "{\"time\":1}", "{\"id\":1}",
        "{\"time\":1,\"id\":2,}", "{\"time\":1,\"id\":2,\"id\":3}", "{\"time\":1,\"id\":[2]}",
        "{\"time\":true,\"id\":2}", "{\"time\":1,\"id\":2,\"score\":\"x\"}",
        "{\"time\":1,\"id\":2,\"latency_ms\":-1}", "{\"time\":1,\"id\":2,\"version\":1.5}",
        "{\"time\":1,\"id\":2,\"features\":[]}", "{\"time\":1,\"id\":2,\"features\":{\"x\":1,\"x\":2}}",
        "{\"time\":1,\"id\":\"\\x\"}", "{\"time\":1,\"id\":\"\\ud800\"}", "{\"time\":1,\"id\":\"\xff\"}",
        "{\"time\":1,\"id\":\"a\tb\"}", "{\"time\":1,\"id\":nul}", "{\"features\":{\"x\":9},\"time\":1"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        char *text = xprintf("%s\n{\"time\":1,\"id\":2,\"features\":{\"y\":1}}\n", lines[i]);
        read_text(text, NULL);
        assert_int_equal(1, chunk.count);
        assert_int_equal(*lines[i] != '\0', chunk.reject_count);
        if (column("x"))
            assert_int_equal(CELL_ABSENT, column("x")->kinds[0]);
        assert_int_equal(CELL_NUMBER, column("y")->kinds[0]);
        event_chunk_clear(&chunk);
        free(text);
    }
}

static void every_cut_of_a_line_is_refused(void **state)
{
    static const char line[] = "{\"time\":\"2026-05-03T10:00:01Z\",\"id\":\"a\\n\",\"features\":"
                               "{\"x\":[1,{\"y\":\"\\u00e9\"}],\"z\":false},\"prediction\":\"b\"}";
    (void)state;
    for (size_t length = 1; length < strlen(line); length++) {
        char *text = xstrndup(line, length);
        read_text(text, NULL);
        assert_int_equal(0, chunk.count);
        assert_int_equal(1, chunk.reject_count);
        event_chunk_clear(&chunk);
        free(text);
    }
}

static void a_header_of_csv_says_what_fields_are(void **state)
{
    static const char header[] = "id,\"time\",features.a,b";
    struct mlops_error err = {0};
    struct event_layout layout;
    (void)state;
    assert_int_equal(MLOPS_OK, event_layout_read(header, strlen(header), &layout, &err));
    read_text("1,2026-05-03T10:00:00Z,\"x\"\"y\",\n2,2026-05-03T10:00:00Z,1\n"
              "3,2026-05-03T10:00:00Z,1,2,3\n4,2026-05-03T10:00:00Z,\"1,2\n",
              &layout);
    assert_int_equal(1, chunk.count);
    assert_int_equal(3, chunk.reject_count);
    assert_memory_equal("x\"y", column("a")->texts[0].data, 3);
    assert_int_equal(CELL_EMPTY, column("b")->kinds[0]);
    event_layout_clear(&layout);
    assert_int_equal(MLOPS_INVALID, event_layout_read("id,b", 4, &layout, &err));
    assert_int_equal(MLOPS_INVALID, event_layout_read("id,time,id", 10, &layout, &err));
    assert_int_equal(MLOPS_INVALID, event_layout_read("id,\"time", 8, &layout, &err));
    event_chunk_clear(&chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_features_are_read),
        cmocka_unit_test(times_are_those_of_the_clock),
        cmocka_unit_test(malformed_lines_leave_no_trace_in_the_columns),
        cmocka_unit_test(every_cut_of_a_line_is_refused),
        cmocka_unit_test(a_header_of_csv_says_what_fields_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
