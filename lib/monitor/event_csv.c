/* lib/monitor/event_csv.c - an event as a line of CSV (RFC 4180, without line breaks in fields). */
#include "base/number.h"
#include "base/path.h"
#include "monitor/event.h"
#include <math.h>

struct fields {
    struct event_chunk *chunk; /* NULL: text of fields with quotes is not needed */
    const char *at, *end;
    bool over;
};

/* The next field, unquoted; NULL, or what is wrong. */
static const char *next_field(struct fields *f, struct text_view *field)
{
    if (f->at < f->end && *f->at == '"') {
        const char *start = ++f->at;
        bool doubled = false;
        for (;; f->at++) {
            f->at = memchr(f->at, '"', (size_t)(f->end - f->at));
            if (!f->at)
                return "a quote is never closed";
            if (f->at + 1 == f->end || f->at[1] != '"')
                break;
            doubled = true;
            f->at++;
        }
        *field = (struct text_view){start, (uint32_t)(f->at - start)};
        f->at++;
        if (f->at < f->end && *f->at != ',')
            return "something follows a quote";
        if (doubled && f->chunk) {
            char *out = event_arena(f->chunk, field->length);
            size_t length = 0;
            for (size_t i = 0; i < field->length; i++) {
                out[length++] = field->data[i];
                i += field->data[i] == '"';
            }
            *field = (struct text_view){out, (uint32_t)length};
        }
    } else {
        const char *stop = memchr(f->at, ',', (size_t)(f->end - f->at));
        stop = stop ? stop : f->end;
        *field = (struct text_view){f->at, (uint32_t)(stop - f->at)};
        f->at = stop;
    }
    f->over = f->at == f->end;
    f->at += !f->over;
    return NULL;
}

static struct event_value value_of(const struct text_view *field)
{
    struct event_value value = {.kind = CELL_TEXT, .text = *field};
    if (field->length == 0)
        value.kind = CELL_EMPTY;
    else if (number_parse(field->data, field->length, &value.number))
        value.kind = CELL_NUMBER;
    else if ((field->length == 4 && strncasecmp(field->data, "true", 4) == 0) ||
             (field->length == 5 && strncasecmp(field->data, "false", 5) == 0)) {
        value.kind = CELL_BOOL;
        value.number = field->length == 4;
    }
    return value;
}

const char *event_read_csv(struct event_chunk *chunk, const struct event_layout *layout,
                           const char *line, size_t length, struct event *event)
{
    struct fields f = {.chunk = chunk, .at = line, .end = line + length};
    size_t expected = 0;
    if (!utf8_valid(line, length))
        return "it is not UTF-8";
    for (size_t i = 0; i < layout->count; i++) {
        const struct event_field *as = &layout->fields[i];
        struct text_view text;
        if (f.over)
            return "it has fewer fields than the header";
        const char *wrong = next_field(&f, &text);
        if (wrong)
            return wrong;
        const struct event_value value = value_of(&text);
        wrong = as->role == ROLE_FEATURES
                    ? event_set_feature(chunk, as->feature, strlen(as->feature), &expected, &value)
                    : event_set(chunk, event, as->role, &value);
        if (wrong)
            return wrong;
    }
    return f.over ? NULL : "it has more fields than the header";
}

int event_layout_read(const char *line, size_t length, struct event_layout *layout,
                      struct mlops_error *err)
{
    struct fields f = {.at = line, .end = line + length};
    unsigned seen = 0;
    size_t capacity = 0;
    *layout = (struct event_layout){0};
    while (!f.over) {
        struct text_view name;
        const char *wrong = next_field(&f, &name);
        if (wrong) {
            event_layout_clear(layout);
            return mlops_fail(err, MLOPS_INVALID, "the header: %s", wrong);
        }
        int role = event_role(name.data, name.length);
        if (role == ROLE_OTHER || role == ROLE_FEATURES) {
            bool prefixed = name.length > 9 && memcmp(name.data, "features.", 9) == 0;
            name.data += prefixed ? 9 : 0;
            name.length -= prefixed ? 9 : 0;
            role = ROLE_FEATURES;
        } else if (seen & 1U << role) {
            event_layout_clear(layout);
            return mlops_fail(err, MLOPS_INVALID, "the header has '%.*s' twice", (int)name.length,
                              name.data);
        }
        seen |= 1U << role;
        GROW(layout->fields, layout->count, &capacity);
        layout->fields[layout->count++] = (struct event_field){
            role, role == ROLE_FEATURES ? xstrndup(name.data, name.length) : NULL};
    }
    if ((seen & 1U << ROLE_TIME) && (seen & 1U << ROLE_ID))
        return MLOPS_OK;
    event_layout_clear(layout);
    mlops_fail(err, MLOPS_INVALID, "the header of the events has no '%s'",
               seen & 1U << ROLE_TIME ? "id" : "time");
    return mlops_hint(err, "an event has a time and an id; docs/monitoring.md has the schema");
}

void event_layout_clear(struct event_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++)
        free(layout->fields[i].feature);
    free(layout->fields);
    *layout = (struct event_layout){0};
}
