/*
 * lib/trust/pickle_joblib.c - the arrays of joblib files: after the BUILD of a NumpyArrayWrapper
 * come, outside of the pickle, padding and the array's raw bytes, or a pickle of its objects.
 * Source: joblib/numpy_pickle.py (NumpyArrayWrapper.read_array, NumpyUnpickler.load_build).
 */
#include "trust/pickle_machine.h"
#include "trust/pickle_text.h"

#define ALIGNMENT_MAX 64

static int bad(struct pickle_machine *machine, const char *why)
{
    pickle_say(machine, &pickle_rule_array, "the array that follows here %s", why);
    return pickle_break(machine, "array data: %s", why);
}

/* The entry of the wrapper's state; VALUE_ABSENT where it has none. */
static int entry(struct pickle_machine *machine, const struct pickle_object *state, const char *key,
                 struct pickle_value *value, struct mlops_error *err)
{
    char text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    size_t length;
    bool fits;
    *value = (struct pickle_value){.kind = VALUE_ABSENT};
    for (size_t i = 0; i + 1 < state->count && i + 1 < PICKLE_OBJECT_ITEMS; i += 2) {
        TRY(pickle_text_of(machine, state->items[i], text, &length, &fits, err));
        if (fits && str_equal(text, key)) /* the last one counts, as in a dict */
            *value = state->items[i + 1];
    }
    return MLOPS_OK;
}

/* Items of the array; false where the shape is not one. */
static bool item_count(struct pickle_machine *machine, struct pickle_value shape, uint64_t *count)
{
    const struct pickle_object *tuple = pickle_object_of(&machine->memory, shape);
    *count = 1;
    if (shape.kind != VALUE_TUPLE || !tuple || tuple->count > PICKLE_OBJECT_ITEMS)
        return false;
    for (size_t i = 0; i < tuple->count; i++)
        if (tuple->items[i].kind != VALUE_INT || (int64_t)tuple->items[i].place < 0 ||
            __builtin_mul_overflow(*count, tuple->items[i].place, count))
            return false;
    return true;
}

/* A pickle of a list of objects, read by pickle.load from where the file stands. */
static int object_array(struct pickle_machine *machine, struct mlops_error *err)
{
    struct pickle_machine inner;
    pickle_machine_init(&inner, machine->reader.source, machine->file, machine->findings);
    inner.reader.position = machine->reader.position;
    inner.depth = machine->depth + 1;
    inner.nested = machine->nested;
    inner.observer = machine->observer;
    inner.plain = true;
    int code = pickle_machine_run(&inner, err);
    if (!code) {
        machine->reader.position = inner.reader.position;
        machine->imports_done += inner.imports_done;
        if (inner.state == PICKLE_BROKEN)
            pickle_break(machine, "array of objects: %s", inner.broken);
    }
    pickle_machine_clear(&inner);
    return code;
}

/* One byte that says how many more follow, all 0xff, so that the array is aligned in the file. */
static int skip_padding(struct pickle_machine *machine, struct mlops_error *err)
{
    const uint8_t *data;
    uint8_t padding[ALIGNMENT_MAX];
    TRY(pickle_reader_take(&machine->reader, 1, &data, err));
    if (!data)
        return bad(machine, "is cut off");
    uint8_t length = *data;
    uint64_t offset;
    bool whole;
    if (length > ALIGNMENT_MAX || pickle_opcode(length)->name)
        return bad(machine, "has padding that joblib does not write");
    pickle_reader_skip(&machine->reader, length, true, &offset, &whole);
    if (!whole)
        return bad(machine, "is cut off");
    TRY(pickle_reader_at(&machine->reader, offset, padding, length, err));
    for (size_t i = 0; i < length; i++)
        if (padding[i] != 0xff)
            return bad(machine, "has padding that joblib does not write");
    return MLOPS_OK;
}

int pickle_joblib_array(struct pickle_machine *machine, struct pickle_value state,
                        struct mlops_error *err)
{
    const struct pickle_object *found = pickle_object_of(&machine->memory, state);
    struct pickle_value shape, dtype_value, alignment;
    uint64_t count, length, offset;
    bool whole;
    if (machine->reader.frame_end > machine->reader.position)
        return bad(machine, "begins within a frame");
    if (state.kind != VALUE_DICT || !found)
        return bad(machine, "has no description that could be followed");
    const struct pickle_object dict = *found;
    TRY(entry(machine, &dict, "shape", &shape, err));
    TRY(entry(machine, &dict, "dtype", &dtype_value, err));
    TRY(entry(machine, &dict, "numpy_array_alignment_bytes", &alignment, err));
    const struct pickle_import *import = pickle_import_of(machine, dtype_value);
    const struct pickle_object *dtype = pickle_object_of(&machine->memory, dtype_value);
    if (!import || !import->dtype || !dtype || !(dtype->taint & TAINT_DTYPE))
        return bad(machine, "has no dtype that could be followed");
    if (!item_count(machine, shape, &count))
        return bad(machine, "has no shape that could be followed");
    if (dtype->taint & TAINT_OBJECT_DTYPE)
        return object_array(machine, err);
    if (__builtin_mul_overflow(count, dtype->width, &length))
        return bad(machine, "has more bytes than any file");
    bool aligned = alignment.kind != VALUE_ABSENT && alignment.kind != VALUE_NONE;
    if (aligned)
        TRY(skip_padding(machine, err));
    else if (length)
        machine->unpadded = true;
    if (machine->state != PICKLE_RUNNING)
        return MLOPS_OK;
    pickle_reader_skip(&machine->reader, length, true, &offset, &whole);
    return whole ? MLOPS_OK : bad(machine, "is cut off");
}
