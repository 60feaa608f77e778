/* lib/trust/pickle_machine.c - the loop over the opcodes, and what each does to stack and memo. */
#include "trust/pickle_machine.h"
#include "base/endian.h"
#include "trust/pickle_text.h"
#include "trust/pickle_torch.h"
#include <stdarg.h>
#include <stdio.h>

#define WEIGHT_HASHED_MAX 1e7 /* of a tuple that is hashed, as keys are: each time anew */
#define WEIGHT_MAX 1e10       /* of anything: whoever walks over it will not come to its end */

/* The argument of the current opcode. */
struct argument {
    uint64_t number;         /* ARGUMENT_FIXED, unsigned, little-endian */
    uint64_t offset, length; /* of the bytes or the line; of the module */
    uint64_t name_offset, name_length;
    bool whole; /* false: a line that the end of the source cut off */
};

static struct pickle_value plain(enum pickle_kind kind)
{
    return (struct pickle_value){.kind = (uint8_t)kind};
}

static struct pickle_value integer(int64_t number)
{
    return (struct pickle_value){.kind = VALUE_INT, .place = (uint64_t)number};
}

static struct pickle_value constant(enum pickle_kind kind, enum pickle_coding coding,
                                    uint64_t offset, uint64_t length)
{
    return (struct pickle_value){.kind = (uint8_t)kind,
                                 .coding = (uint8_t)coding,
                                 .length = length & 0xffffffffffff,
                                 .place = offset};
}

int pickle_break(struct pickle_machine *machine, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(machine->broken, sizeof(machine->broken), format, arguments);
    va_end(arguments);
    machine->state = PICKLE_BROKEN;
    return MLOPS_OK;
}

void pickle_say(struct pickle_machine *machine, const struct rule *rule, const char *format, ...)
{
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    findings_add(machine->findings, rule, machine->file, machine->opcode_offset, "%s", message);
}

/* "CPython's readers differ here", once. */
static void readers_differ(struct pickle_machine *machine, const char *how)
{
    if (!machine->said_differ)
        pickle_say(machine, &pickle_rule_readers, "CPython's readers differ: %s", how);
    machine->said_differ = true;
}

static int underflow(struct pickle_machine *machine)
{
    return pickle_break(machine, "%s finds too little on the stack",
                        pickle_opcode(machine->code)->name);
}

static int push(struct pickle_machine *machine, struct pickle_value value)
{
    if (pickle_push(&machine->memory, value))
        return MLOPS_OK;
    pickle_say(machine, &pickle_rule_limit, "has more than %u values on the stack",
               PICKLE_STACK_MAX);
    return pickle_break(machine, "too many values on the stack");
}

static int truncated(struct pickle_machine *machine)
{
    machine->cut_off = true;
    return pickle_break(machine, "ends within %s", pickle_opcode(machine->code)->name);
}

static int take_fixed(struct pickle_machine *machine, size_t width, uint64_t *number, bool *whole,
                      struct mlops_error *err)
{
    const uint8_t *data;
    TRY(pickle_reader_take(&machine->reader, width, &data, err));
    *whole = data != NULL;
    *number = 0;
    for (size_t i = width; data && i > 0; i--)
        *number = *number << 8 | data[i - 1];
    return MLOPS_OK;
}

static int take_argument(struct pickle_machine *machine, const struct pickle_opcode *opcode,
                         struct argument *argument, struct mlops_error *err)
{
    struct pickle_reader *reader = &machine->reader;
    *argument = (struct argument){.whole = true};
    switch (opcode->argument) {
    case ARGUMENT_NONE:
        return MLOPS_OK;
    case ARGUMENT_FIXED:
        TRY(take_fixed(machine, opcode->width, &argument->number, &argument->whole, err));
        return argument->whole ? MLOPS_OK : truncated(machine);
    case ARGUMENT_COUNTED:
        TRY(take_fixed(machine, opcode->width, &argument->length, &argument->whole, err));
        if (!argument->whole)
            return truncated(machine);
        if (argument->length > INT64_MAX || (opcode->is_signed && argument->length > INT32_MAX))
            return pickle_break(machine, "%s has a negative length", opcode->name);
        pickle_reader_skip(reader, argument->length, opcode->direct, &argument->offset,
                           &argument->whole);
        return argument->whole ? MLOPS_OK : truncated(machine);
    case ARGUMENT_LINE:
        return pickle_reader_line(reader, &argument->offset, &argument->length, &argument->whole,
                                  err);
    case ARGUMENT_LINES:
        break;
    }
    TRY(pickle_reader_line(reader, &argument->offset, &argument->length, &argument->whole, err));
    if (argument->whole)
        return pickle_reader_line(reader, &argument->name_offset, &argument->name_length,
                                  &argument->whole, err);
    argument->length -= argument->length > 0; /* as readline()[:-1] does where no newline is */
    return MLOPS_OK;
}

/* A line of at most `room` bytes; longer ones are no number. */
static int read_line(struct pickle_machine *machine, const struct argument *argument, uint8_t *line,
                     size_t room, size_t *length, struct mlops_error *err)
{
    *length = argument->length < room ? (size_t)argument->length : room;
    return pickle_reader_at(&machine->reader, argument->offset, line, *length, err);
}

/* A number in C ends there; in Python it is none. */
static void cut_at_nul(struct pickle_machine *machine, const uint8_t *line, size_t *length)
{
    const uint8_t *nul = memchr(line, '\0', *length);
    if (!nul)
        return;
    *length = (size_t)(nul - line);
    readers_differ(machine, "a number has a NUL byte, where the one in C stops");
}

/* Whether the line has only bytes that a number of that opcode may have. */
static int number_line(struct pickle_machine *machine, const struct argument *argument,
                       struct mlops_error *err)
{
    uint8_t line[PICKLE_NAME_MAX];
    size_t length;
    int64_t number;
    TRY(read_line(machine, argument, line, sizeof(line), &length, err));
    cut_at_nul(machine, line, &length);
    if (machine->code == OP_INT && length == 2 && line[0] == '0' &&
        (line[1] == '0' || line[1] == '1'))
        return push(machine, plain(VALUE_BOOL));
    if (machine->code == OP_INT && length == 0) {
        readers_differ(machine, "INT has no digits, which the one in C takes for 0");
        return push(machine, integer(0));
    }
    if (machine->code == OP_LONG && length && line[length - 1] == 'L')
        length--;
    for (size_t i = 0; i < length; i++)
        if (!line[i] || !strchr("0123456789abcdefABCDEFxXoOpPiInNtTyYlL_+-. \t\r\v\f", line[i]))
            return pickle_break(machine, "%s is no number", pickle_opcode(machine->code)->name);
    if (length == 0)
        return pickle_break(machine, "%s is no number", pickle_opcode(machine->code)->name);
    if (machine->code != OP_FLOAT && pickle_text_integer(line, length, &number))
        return push(machine, integer(number));
    return push(machine, plain(machine->code == OP_FLOAT ? VALUE_FLOAT : VALUE_UNKNOWN));
}

/* A key of the memo written as text. */
static int memo_key(struct pickle_machine *machine, const struct argument *argument, uint64_t *key,
                    struct mlops_error *err)
{
    uint8_t line[PICKLE_NAME_MAX];
    size_t length;
    int64_t number;
    TRY(read_line(machine, argument, line, sizeof(line), &length, err));
    cut_at_nul(machine, line, &length);
    if (argument->length > sizeof(line))
        pickle_say(machine, &pickle_rule_limit, "has a memo key of more than %zu digits",
                   sizeof(line));
    if (!pickle_text_integer(line, length, &number) || number < 0)
        return pickle_break(machine, "%s has no number", pickle_opcode(machine->code)->name);
    *key = (uint64_t)number;
    return MLOPS_OK;
}

static int put(struct pickle_machine *machine, uint64_t key)
{
    const struct pickle_value *top = pickle_top(&machine->memory);
    if (!top)
        return underflow(machine);
    if (key >= PICKLE_MEMO_MAX && key / 2 > machine->memory.memo_count &&
        !machine->said_expansion) {
        machine->said_expansion = true;
        pickle_say(machine, &pickle_rule_expansion,
                   "puts entry %llu into the memo, for which CPython reserves %llu bytes",
                   (unsigned long long)key, (unsigned long long)key * 16);
    }
    if (pickle_memo_put(&machine->memory, key, *top))
        return MLOPS_OK;
    pickle_say(machine, &pickle_rule_limit,
               "puts entry %llu into the memo, which is beyond what is followed",
               (unsigned long long)key);
    return pickle_break(machine, "the memo is too large");
}

static int get(struct pickle_machine *machine, uint64_t key)
{
    struct pickle_value value = pickle_memo_get(&machine->memory, key);
    if (value.kind != VALUE_ABSENT)
        return push(machine, value);
    machine->stale_get = true;
    return pickle_break(machine, "gets entry %llu of the memo, which was never put",
                        (unsigned long long)key);
}

static void check_weight(struct pickle_machine *machine, struct pickle_value value, double limit)
{
    const struct pickle_object *object = pickle_object_of(&machine->memory, value);
    if (!object || object->weight <= limit || machine->said_expansion)
        return;
    machine->said_expansion = true;
    pickle_say(machine, &pickle_rule_expansion,
               "holds a value that unfolds to %.0g items through shared references",
               object->weight);
}

/* Remove what is above the last mark, and the mark; the items are good until the next push. */
static bool pop_mark(struct pickle_machine *machine, const struct pickle_value **items,
                     size_t *count)
{
    struct pickle_memory *memory = &machine->memory;
    if (memory->mark_count == 0) {
        pickle_break(machine, "%s finds no mark", pickle_opcode(machine->code)->name);
        return false;
    }
    *count = pickle_above_mark(memory);
    memory->depth -= *count;
    memory->mark_count--;
    *items = memory->stack ? memory->stack + memory->depth : NULL;
    return true;
}

static bool pop(struct pickle_machine *machine, size_t count, const struct pickle_value **items)
{
    if (pickle_above_mark(&machine->memory) < count) {
        underflow(machine);
        return false;
    }
    machine->memory.depth -= count;
    *items = machine->memory.stack ? machine->memory.stack + machine->memory.depth : NULL;
    return true;
}

static int make(struct pickle_machine *machine, enum pickle_kind kind,
                const struct pickle_value *items, size_t count)
{
    pickle_hand_on(machine, items, count);
    if (kind == VALUE_SET || kind == VALUE_DICT)
        for (size_t i = 0; i < count; i += kind == VALUE_DICT ? 2 : 1)
            check_weight(machine, items[i], WEIGHT_HASHED_MAX);
    struct pickle_value made =
        pickle_object_new(&machine->memory, kind, PICKLE_NO_ORIGIN, items, count);
    check_weight(machine, made, WEIGHT_MAX);
    return push(machine, made);
}

static int make_above_mark(struct pickle_machine *machine, enum pickle_kind kind)
{
    const struct pickle_value *items;
    size_t count;
    if (!pop_mark(machine, &items, &count))
        return MLOPS_OK;
    if (kind == VALUE_DICT && count % 2)
        return pickle_break(machine, "DICT has an odd number of items");
    return make(machine, kind, items, count);
}

static int make_tuple(struct pickle_machine *machine, size_t count)
{
    const struct pickle_value *items;
    return pop(machine, count, &items) ? make(machine, VALUE_TUPLE, items, count) : MLOPS_OK;
}

/* Items go into what is on the top of the stack then. */
static int fill(struct pickle_machine *machine, enum pickle_use use,
                const struct pickle_value *items, size_t count)
{
    const struct pickle_value *target = pickle_top(&machine->memory);
    if (!target)
        return underflow(machine);
    if (use == USE_DICT && count % 2)
        return pickle_break(machine, "SETITEMS has an odd number of items");
    if (use != USE_LIST)
        for (size_t i = 0; i < count; i += use == USE_DICT ? 2 : 1)
            check_weight(machine, items[i], WEIGHT_HASHED_MAX);
    pickle_hand_on(machine, items, count);
    pickle_fill(machine, *target, use, items, count);
    check_weight(machine, *target, WEIGHT_MAX);
    return MLOPS_OK;
}

static int fill_above_mark(struct pickle_machine *machine, enum pickle_use use)
{
    const struct pickle_value *items;
    size_t count;
    if (!pop_mark(machine, &items, &count))
        return MLOPS_OK;
    return fill(machine, use, items, count);
}

static int fill_popped(struct pickle_machine *machine, enum pickle_use use, size_t count)
{
    const struct pickle_value *items;
    return pop(machine, count, &items) ? fill(machine, use, items, count) : MLOPS_OK;
}

static int import_lines(struct pickle_machine *machine, const struct argument *argument,
                        struct pickle_value *global, struct mlops_error *err)
{
    uint64_t name_length = argument->name_length;
    if (!argument->whole) {
        readers_differ(machine, "the source ends within the name of an import, which the "
                                "one in Python takes without its last byte");
        name_length -= name_length > 0;
    }
    return pickle_import_text(
        machine, constant(VALUE_TEXT, CODING_UTF8, argument->offset, argument->length),
        constant(VALUE_TEXT, CODING_UTF8, argument->name_offset, name_length), global, err);
}

static int stack_global(struct pickle_machine *machine, struct mlops_error *err)
{
    const struct pickle_value *items;
    struct pickle_value global;
    if (!pop(machine, 2, &items))
        return MLOPS_OK;
    TRY(pickle_import_text(machine, items[0], items[1], &global, err));
    return machine->state == PICKLE_RUNNING ? push(machine, global) : MLOPS_OK;
}

/* INST and OBJ: a class and arguments as they lie on the stack. */
static int instantiate(struct pickle_machine *machine, struct pickle_value class,
                       const struct pickle_value *items, size_t count, struct mlops_error *err)
{
    struct pickle_value result;
    pickle_hand_on(machine, items, count);
    struct pickle_value arguments =
        pickle_object_new(&machine->memory, VALUE_TUPLE, PICKLE_NO_ORIGIN, items, count);
    const struct pickle_import *import_ = pickle_import_of(machine, class);
    if (count == 0 && class.kind == VALUE_GLOBAL && import_ && import_->row &&
        !(import_->row->uses & USE_CALL))
        TRY(pickle_new(machine, class, arguments, &result, err));
    else
        TRY(pickle_call(machine, class, arguments, &result, err));
    return machine->state == PICKLE_RUNNING ? push(machine, result) : MLOPS_OK;
}

static int inst(struct pickle_machine *machine, const struct argument *argument,
                struct mlops_error *err)
{
    const struct pickle_value *items;
    struct pickle_value global;
    size_t count;
    TRY(import_lines(machine, argument, &global, err));
    if (machine->state != PICKLE_RUNNING || !pop_mark(machine, &items, &count))
        return MLOPS_OK;
    TRY(instantiate(machine, global, items, count, err));
    return argument->whole || machine->state != PICKLE_RUNNING ? MLOPS_OK : truncated(machine);
}

static int obj(struct pickle_machine *machine, struct mlops_error *err)
{
    const struct pickle_value *items;
    size_t count;
    if (!pop_mark(machine, &items, &count))
        return MLOPS_OK;
    if (count == 0)
        return underflow(machine);
    return instantiate(machine, items[0], items + 1, count - 1, err);
}

static int reduce(struct pickle_machine *machine, struct mlops_error *err)
{
    const struct pickle_value *items;
    struct pickle_value result;
    if (!pop(machine, 2, &items))
        return MLOPS_OK;
    struct pickle_value callee = items[0], arguments = items[1];
    if (arguments.kind != VALUE_TUPLE) {
        readers_differ(machine, "the arguments of a call are no tuple, which only the one in C "
                                "refuses");
        pickle_hand_on(machine, &arguments, 1);
    }
    TRY(pickle_call(machine, callee, arguments, &result, err));
    return machine->state == PICKLE_RUNNING ? push(machine, result) : MLOPS_OK;
}

static int newobj(struct pickle_machine *machine, size_t count, struct mlops_error *err)
{
    const struct pickle_value *items;
    struct pickle_value result;
    if (!pop(machine, count, &items))
        return MLOPS_OK;
    struct pickle_value class = items[0], arguments = items[1];
    pickle_hand_on(machine, items + 1, count - 1);
    TRY(pickle_new(machine, class, arguments, &result, err));
    return machine->state == PICKLE_RUNNING ? push(machine, result) : MLOPS_OK;
}

static int build(struct pickle_machine *machine, struct mlops_error *err)
{
    const struct pickle_value *items;
    if (!pop(machine, 1, &items))
        return MLOPS_OK;
    struct pickle_value state = items[0];
    const struct pickle_value *target = pickle_top(&machine->memory);
    if (!target)
        return underflow(machine);
    const struct pickle_import *import_ = pickle_import_of(machine, *target);
    bool wrapper = target->kind == VALUE_RESULT && import_ && import_->array_wrapper;
    pickle_hand_on(machine, &state, 1);
    TRY(pickle_build(machine, *target, state, err));
    return wrapper && !machine->plain ? pickle_joblib_array(machine, state, err) : MLOPS_OK;
}

static int extension(struct pickle_machine *machine, const struct argument *argument)
{
    if (!machine->said_extension)
        pickle_say(machine, &pickle_rule_extension,
                   "takes an import out of the extension registry (code %llu), so its name is "
                   "not in the file",
                   (unsigned long long)argument->number);
    machine->said_extension = true;
    if (argument->number == 0)
        return pickle_break(machine, "extension code 0");
    return push(machine, plain(VALUE_UNKNOWN));
}

static int persistent(struct pickle_machine *machine, struct pickle_value id,
                      struct mlops_error *err)
{
    struct pickle_value result;
    bool known;
    TRY(torch_persistent_id(machine, id, &result, &known, err));
    if (!known) {
        if (!machine->said_persistent)
            pickle_say(machine, &pickle_rule_persistent,
                       "asks its loader for an object by a persistent id, and not as PyTorch does");
        machine->said_persistent = true;
        pickle_hand_on(machine, &id, 1);
        result = plain(VALUE_UNKNOWN);
    }
    return push(machine, result);
}

/* Text or bytes: on the stack, and looked into where they begin like a pickle. */
static int push_constant(struct pickle_machine *machine, struct pickle_value value,
                         struct mlops_error *err)
{
    bool understood = false, fits;
    char text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    size_t length;
    if (machine->nested && value.length >= 4)
        TRY(machine->nested(machine, value, &understood, err));
    if (understood && machine->known_count < PICKLE_KNOWN_MAX) {
        GROW(machine->known, machine->known_count, &machine->known_capacity);
        machine->known[machine->known_count++] =
            (struct pickle_known){.place = value.place, .length = value.length};
    }
    if (machine->keys && value.kind == VALUE_TEXT && value.length <= TORCH_KEY_MAX) {
        TRY(pickle_text_of(machine, value, text, &length, &fits, err));
        torch_storages_add(machine->keys, text, 0, 0);
    }
    return push(machine, value);
}

static int string_line(struct pickle_machine *machine, const struct argument *argument,
                       struct mlops_error *err)
{
    uint64_t offset = argument->offset, length = argument->length;
    uint8_t raw[PICKLE_NAME_MAX];
    char text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    enum pickle_coding coding = CODING_RAW_UNICODE;
    size_t decoded;
    if (machine->code == OP_STRING) {
        uint8_t first = 0, last = 1;
        if (length >= 2) {
            TRY(pickle_reader_at(&machine->reader, offset, &first, 1, err));
            TRY(pickle_reader_at(&machine->reader, offset + length - 1, &last, 1, err));
        }
        if (first != last || (first != '\'' && first != '"'))
            return pickle_break(machine, "STRING is not in quotes");
        offset++, length -= 2;
        coding = CODING_ESCAPED;
    }
    if (length <= sizeof(raw)) {
        TRY(pickle_reader_at(&machine->reader, offset, raw, (size_t)length, err));
        if (!pickle_text_decode(coding, raw, (size_t)length, text, &decoded))
            return pickle_break(machine, "%s has an escape that is none",
                                pickle_opcode(machine->code)->name);
    }
    return push_constant(machine, constant(VALUE_TEXT, coding, offset, length), err);
}

static int long_integer(struct pickle_machine *machine, const struct argument *argument,
                        struct mlops_error *err)
{
    uint8_t bytes[8];
    if (argument->length > sizeof(bytes))
        return push(machine, constant(VALUE_LONG, 0, argument->offset, argument->length));
    size_t length = (size_t)argument->length;
    TRY(pickle_reader_at(&machine->reader, argument->offset, bytes, length, err));
    uint64_t number = length && bytes[length - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = length; i > 0; i--)
        number = number << 8 | bytes[i - 1];
    return push(machine, integer((int64_t)number));
}

static int set_protocol(struct pickle_machine *machine, const struct argument *argument)
{
    if (argument->number > PICKLE_PROTOCOL_MAX)
        return pickle_break(machine, "protocol %llu is not one that Python knows",
                            (unsigned long long)argument->number);
    machine->protocol = (int)argument->number;
    return MLOPS_OK;
}

static int set_frame(struct pickle_machine *machine, const struct argument *argument)
{
    bool whole;
    if (argument->number > INT64_MAX)
        return pickle_break(machine, "a frame of more than 2^63 bytes");
    pickle_reader_frame(&machine->reader, argument->number, &whole);
    if (!whole)
        readers_differ(machine, "a frame reaches past the end of the file, which only the "
                                "one in C refuses");
    return MLOPS_OK;
}

static int stop(struct pickle_machine *machine)
{
    const struct pickle_value *items;
    if (!pop(machine, 1, &items))
        return MLOPS_OK;
    machine->result = items[0];
    pickle_hand_on(machine, items, 1);
    if (machine->memory.depth || machine->memory.mark_count)
        pickle_say(machine, &pickle_rule_unused, "leaves %zu values unused on the stack",
                   machine->memory.depth + machine->memory.mark_count);
    machine->state = PICKLE_STOPPED;
    return MLOPS_OK;
}

static int pop_one(struct pickle_machine *machine)
{
    if (pickle_above_mark(&machine->memory))
        machine->memory.depth--;
    else if (machine->memory.mark_count) /* as CPython: POP takes a mark, too */
        machine->memory.mark_count--;
    else
        return underflow(machine);
    return MLOPS_OK;
}

static int run_opcode(struct pickle_machine *machine, const struct argument *argument,
                      struct mlops_error *err)
{
    const struct pickle_value *top = pickle_top(&machine->memory);
    const struct pickle_value *items;
    struct pickle_value global;
    uint64_t key;
    size_t count;
    switch (machine->code) {
    case OP_MARK:
        if (pickle_mark(&machine->memory))
            return MLOPS_OK;
        pickle_say(machine, &pickle_rule_limit, "has more than %u marks", PICKLE_STACK_MAX);
        return pickle_break(machine, "too many marks");
    case OP_STOP:
        return stop(machine);
    case OP_POP:
        return pop_one(machine);
    case OP_POP_MARK:
        (void)pop_mark(machine, &items, &count); /* says itself where it breaks */
        return MLOPS_OK;
    case OP_DUP:
        return top ? push(machine, *top) : underflow(machine);
    case OP_NONE:
        return push(machine, plain(VALUE_NONE));
    case OP_NEWTRUE:
    case OP_NEWFALSE:
        return push(machine, plain(VALUE_BOOL));
    case OP_FLOAT:
    case OP_INT:
    case OP_LONG:
        return number_line(machine, argument, err);
    case OP_BINFLOAT:
        return push(machine, plain(VALUE_FLOAT));
    case OP_BININT:
        return push(machine, integer((int32_t)(uint32_t)argument->number));
    case OP_BININT1:
    case OP_BININT2:
        return push(machine, integer((int64_t)argument->number));
    case OP_LONG1:
    case OP_LONG4:
        return long_integer(machine, argument, err);
    case OP_STRING:
    case OP_UNICODE:
        return string_line(machine, argument, err);
    case OP_BINSTRING:
    case OP_SHORT_BINSTRING:
        return push_constant(
            machine, constant(VALUE_TEXT, CODING_LATIN1, argument->offset, argument->length), err);
    case OP_BINUNICODE:
    case OP_SHORT_BINUNICODE:
    case OP_BINUNICODE8:
        return push_constant(
            machine, constant(VALUE_TEXT, CODING_UTF8, argument->offset, argument->length), err);
    case OP_BINBYTES:
    case OP_SHORT_BINBYTES:
    case OP_BINBYTES8:
    case OP_BYTEARRAY8:
        return push_constant(machine, constant(VALUE_BYTES, 0, argument->offset, argument->length),
                             err);
    case OP_EMPTY_LIST:
        return make(machine, VALUE_LIST, NULL, 0);
    case OP_EMPTY_TUPLE:
        return make(machine, VALUE_TUPLE, NULL, 0);
    case OP_EMPTY_DICT:
        return make(machine, VALUE_DICT, NULL, 0);
    case OP_EMPTY_SET:
        return make(machine, VALUE_SET, NULL, 0);
    case OP_LIST:
        return make_above_mark(machine, VALUE_LIST);
    case OP_TUPLE:
        return make_above_mark(machine, VALUE_TUPLE);
    case OP_DICT:
        return make_above_mark(machine, VALUE_DICT);
    case OP_FROZENSET:
        return make_above_mark(machine, VALUE_SET);
    case OP_TUPLE1:
        return make_tuple(machine, 1);
    case OP_TUPLE2:
        return make_tuple(machine, 2);
    case OP_TUPLE3:
        return make_tuple(machine, 3);
    case OP_APPEND:
        return fill_popped(machine, USE_LIST, 1);
    case OP_SETITEM:
        return fill_popped(machine, USE_DICT, 2);
    case OP_APPENDS:
        return fill_above_mark(machine, USE_LIST);
    case OP_SETITEMS:
        return fill_above_mark(machine, USE_DICT);
    case OP_ADDITEMS:
        return fill_above_mark(machine, USE_SET);
    case OP_GET:
        TRY(memo_key(machine, argument, &key, err));
        return machine->state == PICKLE_RUNNING ? get(machine, key) : MLOPS_OK;
    case OP_BINGET:
    case OP_LONG_BINGET:
        return get(machine, argument->number);
    case OP_PUT:
        TRY(memo_key(machine, argument, &key, err));
        return machine->state == PICKLE_RUNNING ? put(machine, key) : MLOPS_OK;
    case OP_BINPUT:
    case OP_LONG_BINPUT:
        return put(machine, argument->number);
    case OP_MEMOIZE:
        machine->memoized = true;
        return put(machine, machine->memory.memo_count);
    case OP_GLOBAL:
        TRY(import_lines(machine, argument, &global, err));
        return machine->state == PICKLE_RUNNING ? push(machine, global) : MLOPS_OK;
    case OP_STACK_GLOBAL:
        return stack_global(machine, err);
    case OP_EXT1:
    case OP_EXT2:
    case OP_EXT4:
        return extension(machine, argument);
    case OP_INST:
        return inst(machine, argument, err);
    case OP_OBJ:
        return obj(machine, err);
    case OP_REDUCE:
        return reduce(machine, err);
    case OP_NEWOBJ:
        return newobj(machine, 2, err);
    case OP_NEWOBJ_EX:
        return newobj(machine, 3, err);
    case OP_BUILD:
        return build(machine, err);
    case OP_PERSID:
        return persistent(
            machine, constant(VALUE_TEXT, CODING_LATIN1, argument->offset, argument->length), err);
    case OP_BINPERSID:
        if (!pop(machine, 1, &items))
            return MLOPS_OK;
        return persistent(machine, items[0], err);
    case OP_PROTO:
        return set_protocol(machine, argument);
    case OP_FRAME:
        return set_frame(machine, argument);
    case OP_NEXT_BUFFER:
        pickle_say(machine, &pickle_rule_buffers, "takes data from outside of the file");
        return push(machine, plain(VALUE_UNKNOWN));
    case OP_READONLY_BUFFER:
        return top ? MLOPS_OK : underflow(machine);
    default:
        return pickle_break(machine, "byte 0x%02x is no opcode", machine->code);
    }
}

static int step(struct pickle_machine *machine, struct mlops_error *err)
{
    const uint8_t *byte;
    struct argument argument;
    TRY(pickle_reader_take(&machine->reader, 1, &byte, err));
    machine->opcode_offset = machine->reader.position - (byte != NULL);
    if (!byte) {
        machine->cut_off = true;
        return pickle_break(machine, "ends before STOP");
    }
    machine->code = *byte;
    const struct pickle_opcode *opcode = pickle_opcode(machine->code);
    if (!opcode->name)
        return pickle_break(machine, "byte 0x%02x is no opcode", machine->code);
    machine->opcodes++;
    bool crossed = machine->reader.crossed;
    TRY(take_argument(machine, opcode, &argument, err));
    if (machine->state != PICKLE_RUNNING)
        return MLOPS_OK;
    if (!argument.whole && opcode->argument == ARGUMENT_LINE)
        return truncated(machine);
    if (machine->observer && machine->observer->opcode)
        machine->observer->opcode(machine->observer, machine->opcode_offset, machine->code);
    TRY(run_opcode(machine, &argument, err));
    if (machine->reader.crossed && !crossed)
        pickle_say(machine, &pickle_rule_frames,
                   "%s crosses the end of its frame, where CPython's readers differ", opcode->name);
    if (!argument.whole && machine->state == PICKLE_RUNNING)
        return truncated(machine);
    return MLOPS_OK;
}

void pickle_machine_init(struct pickle_machine *machine, struct source *source, const char *file,
                         struct findings *findings)
{
    *machine = (struct pickle_machine){.file = file, .findings = findings};
    pickle_reader_init(&machine->reader, source);
}

void pickle_machine_clear(struct pickle_machine *machine)
{
    pickle_reader_clear(&machine->reader);
    pickle_memory_clear(&machine->memory);
    for (size_t i = 0; i < machine->import_count; i++) {
        free(machine->imports[i].module);
        free(machine->imports[i].name);
    }
    free(machine->imports);
    free(machine->import_index);
    free(machine->known);
    *machine = (struct pickle_machine){0};
}

int pickle_machine_run(struct pickle_machine *machine, struct mlops_error *err)
{
    struct pickle_reader *reader = &machine->reader;
    machine->state = PICKLE_RUNNING;
    machine->start = machine->opcode_offset = reader->position;
    machine->opcodes = machine->imports_done = machine->calls = 0;
    machine->protocol = 0;
    machine->memoized = machine->stale_get = machine->cut_off = false;
    machine->broken[0] = '\0';
    pickle_memory_reset(&machine->memory, machine->keep_memo);
    reader->frame_end = reader->position;
    while (machine->state == PICKLE_RUNNING)
        TRY(step(machine, err));
    if (machine->state == PICKLE_STOPPED && reader->frame_end > reader->position) {
        pickle_say(machine, &pickle_rule_frames,
                   "stops within a frame, of which CPython's readers go on at different places");
        reader->crossed = true;
        if (reader->drops)
            reader->position = reader->frame_end;
    }
    return MLOPS_OK;
}
