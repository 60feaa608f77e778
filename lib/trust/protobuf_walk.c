/* lib/trust/protobuf_walk.c - messages in messages, by tables of their fields. */
#include "trust/protobuf_walk.h"

void protobuf_walk_damaged(struct protobuf_walk *walk, const char *what)
{
    if (!walk->damaged && !walk->cursor.code)
        findings_add(walk->file->findings, walk->damaged_rule, walk->file->path, walk->cursor.at,
                     "%s", what);
    walk->damaged = true;
}

static void unknown_field(struct protobuf_walk *walk, uint32_t number)
{
    if (++walk->fields <= PROTOBUF_FIELDS_REPORTED)
        findings_add(walk->file->findings, walk->field_rule, walk->file->path, walk->cursor.at,
                     "has a field %u that is not known", number);
}

static int walk_message(struct protobuf_walk *walk, struct protobuf message,
                        const struct protobuf_known *known, size_t count, void *context,
                        struct mlops_error *err)
{
    struct protobuf_field field;
    const char *wrong = NULL;
    if (++walk->depth > PROTOBUF_DEPTH_MAX)
        protobuf_walk_damaged(walk, "messages lie within messages too deep to follow");
    TRY(scan_check_cancelled(walk->file, err));
    while (!walk->damaged && protobuf_next(&message, &field, &wrong)) {
        const struct protobuf_known *entry = NULL;
        for (size_t i = 0; i < count && !entry; i++)
            if (known[i].number == field.number)
                entry = &known[i];
        if (!entry)
            unknown_field(walk, field.number);
        else if (entry->handle && field.wire == PROTOBUF_BYTES)
            TRY(entry->handle(walk, &message, &field, context, err));
        else if (entry->handle)
            protobuf_walk_damaged(walk, "a field is of another kind than it should be");
        if (field.wire == PROTOBUF_BYTES && !walk->damaged)
            protobuf_skip(&message, &field);
    }
    if (wrong)
        protobuf_walk_damaged(walk, wrong);
    walk->depth--;
    return walk->cursor.code;
}

void protobuf_walk_init(struct protobuf_walk *walk, const struct scan_file *file,
                        const struct rule *damaged, const struct rule *field,
                        struct mlops_error *err)
{
    walk->file = file;
    walk->damaged_rule = damaged;
    walk->field_rule = field;
    walk->cursor.source = file->source;
    walk->cursor.err = err;
}

int protobuf_walk_file(struct protobuf_walk *walk, const struct protobuf_known *known, size_t count,
                       void *context, struct mlops_error *err)
{
    struct protobuf whole = {&walk->cursor, walk->file->source->size};
    return walk_message(walk, whole, known, count, context, err);
}

int protobuf_walk_inner(struct protobuf_walk *walk, const struct protobuf *message,
                        const struct protobuf_field *field, const struct protobuf_known *known,
                        size_t count, void *context, struct mlops_error *err)
{
    return walk_message(walk, protobuf_message(message, field), known, count, context, err);
}
