/* lib/trust/pickle.c - pickles one after another, and every reading of them. */
#include "trust/pickle.h"
#include "trust/pickle_torch.h"

#define TORCH_PICKLES 5

static int only_zeros(struct pickle_reader *reader, bool *zeros, struct mlops_error *err)
{
    uint8_t block[4096];
    uint64_t offset = reader->position;
    size_t got = 1;
    *zeros = true;
    while (*zeros && got) {
        TRY(source_read(reader->source, offset, block, sizeof(block), &got, err));
        for (size_t i = 0; i < got && *zeros; i++)
            *zeros = block[i] == 0;
        offset += got;
    }
    return MLOPS_OK;
}

static void broken(struct pickle_machine *machine, const struct pickle_summary *summary)
{
    uint64_t offset = machine->opcode_offset;
    if (summary->pickles && machine->imports_done == 0) {
        machine->opcode_offset = machine->start;
        pickle_say(machine, &pickle_rule_trailing,
                   "%llu bytes follow the pickle that are no further pickle",
                   (unsigned long long)(machine->reader.source->size - machine->start));
    } else {
        pickle_say(machine, &pickle_rule_broken, "cannot be loaded beyond here: %s%s",
                   machine->broken,
                   machine->imports_done ? "; what comes before has been carried out by then" : "");
    }
    machine->opcode_offset = offset;
}

/* One pickle; `*more` where it came to its end and others may follow. */
static int run_one(struct pickle_machine *machine, struct pickle_summary *summary, bool *more,
                   struct mlops_error *err)
{
    TRY(pickle_machine_run(machine, err));
    summary->imports += machine->imports_done;
    summary->crossed |= machine->reader.crossed;
    summary->unpadded |= machine->unpadded;
    summary->memo_differs |= summary->pickles && machine->memoized;
    if (machine->stale_get && summary->pickles && !machine->keep_memo)
        summary->memo_stale = true;
    *more = machine->state == PICKLE_STOPPED;
    if (*more)
        summary->pickles++;
    else
        broken(machine, summary);
    return MLOPS_OK;
}

/* After the magic number: protocol version, system, the objects, the keys of their storages, and
 * the storages. */
static int torch_file(struct pickle_machine *machine, struct pickle_summary *summary, bool *more,
                      struct mlops_error *err)
{
    _cleanup_(torch_storages_clear) struct torch_storages storages = {0}, keys = {0};
    int code = MLOPS_OK;
    summary->torch = true;
    struct torch_storages *outer = machine->storages;
    machine->storages = &storages;
    while (!code && *more && summary->pickles < TORCH_PICKLES) {
        machine->keys = summary->pickles == TORCH_PICKLES - 1 ? &keys : NULL;
        code = run_one(machine, summary, more, err);
    }
    machine->keys = NULL;
    if (!code && *more)
        code = torch_skip_storages(machine, &keys, err);
    machine->storages = outer;
    return code;
}

static int run_all(struct pickle_machine *machine, struct pickle_summary *summary,
                   struct mlops_error *err)
{
    struct pickle_reader *reader = &machine->reader;
    bool more = true, zeros, magic;
    while (more && (summary->pickles == 0 || reader->position < reader->source->size)) {
        if (summary->pickles) {
            TRY(only_zeros(reader, &zeros, err));
            if (zeros) {
                machine->opcode_offset = reader->position;
                pickle_say(machine, &pickle_rule_padding, "%llu zero bytes follow the pickle",
                           (unsigned long long)(reader->source->size - reader->position));
                break;
            }
        }
        TRY(run_one(machine, summary, &more, err));
        if (!more || summary->pickles != 1)
            continue;
        TRY(torch_is_magic(machine, machine->result, &magic, err));
        if (magic)
            TRY(torch_file(machine, summary, &more, err));
    }
    summary->whole = more;
    return MLOPS_OK;
}

static bool has(const struct finding *items, size_t count, const struct finding *finding)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].rule == finding->rule && items[i].offset == finding->offset &&
            str_equal(items[i].message, finding->message))
            return true;
    return false;
}

/* Those findings of another reading that the first has not; only critical ones where `critical`. */
static void merge(struct findings *into, size_t before, const struct findings *from, bool critical)
{
    size_t count = into->count - before;
    for (size_t i = 0; i < from->count; i++) {
        const struct finding *finding = &from->items[i];
        bool known = count && has(into->items + before, count, finding);
        if (!known && (!critical || finding->rule->severity == SEVERITY_CRITICAL))
            findings_add(into, finding->rule, finding->file, finding->offset, "%s",
                         finding->message);
    }
}

static int other_reading(struct source *source, uint64_t start, const char *file,
                         struct pickle_reading reading, int depth, size_t before, bool critical,
                         struct findings *findings, struct mlops_error *err)
{
    struct findings other = {0};
    struct pickle_summary summary;
    int code =
        pickle_scan_reading(source, start, file, reading, depth, NULL, &other, &summary, err);
    if (!code)
        merge(findings, before, &other, critical);
    findings_clear(&other);
    return code;
}

/* What the names of imports are of. */
static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* The length of the complete opcode at `data`, 0 where there is none; only those that a text pickle
 * may begin with. */
static size_t text_opcode(const uint8_t *data, size_t length)
{
    if (length == 0)
        return 0; /* also where there are no data to point behind */
    const uint8_t *end = data + length, *line;
    switch (*data) {
    case OP_MARK:
    case OP_EMPTY_LIST:
    case OP_EMPTY_DICT:
    case OP_EMPTY_TUPLE:
    case OP_NONE:
    case OP_LIST:
    case OP_DICT:
    case OP_TUPLE:
        return 1;
    case OP_BINPUT:
    case OP_BININT1:
        return length >= 2 ? 2 : 0;
    case OP_PUT:
    case OP_INT:
    case OP_LONG:
        line = memchr(data, '\n', length < 24 ? length : 24);
        if (!line || line == data + 1)
            return 0;
        for (const uint8_t *at = data + 1; at < line; at++)
            if ((*at < '0' || *at > '9') && *at != '-' && *at != 'L')
                return 0;
        return (size_t)(line - data) + 1;
    case OP_STRING:
        line = memchr(data, '\n', length);
        if (!line || line - data < 3 || (data[1] != '\'' && data[1] != '"') || line[-1] != data[1])
            return 0;
        return (size_t)(line - data) + 1;
    case OP_UNICODE:
        line = memchr(data, '\n', length);
        return line ? (size_t)(line - data) + 1 : 0;
    case OP_GLOBAL:
    case OP_INST:
        for (int i = 0; i < 2; i++) {
            const uint8_t *from = i ? line + 1 : data + 1;
            line = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;
            if (!line || line == from)
                return 0;
            for (const uint8_t *at = from; at < line; at++)
                if (!is_name_byte(*at))
                    return 0;
        }
        return (size_t)(line - data) + 1;
    default:
        return 0;
    }
}

/* Do these bytes begin with opcodes of a text pickle, whatever they do? */
static bool text_opcodes_begin(const uint8_t *head, size_t length)
{
    size_t first = text_opcode(head, length);
    if (first == 0 || first >= length)
        return false;
    /* A short one may be at its end. Two must be there otherwise: "(" alone begins many texts. */
    if (head[first] == OP_STOP && first + 1 == length && (first > 1 || head[0] == OP_NONE))
        return true;
    size_t second = text_opcode(head + first, length - first);
    if (second == 0 || first + second >= length)
        return head[0] == OP_GLOBAL && pickle_opcode(head[first])->name != NULL;
    size_t at = first + second;
    return text_opcode(head + at, length - at) || pickle_opcode(head[at])->name;
}

static bool imports_danger(const struct pickle_machine *machine)
{
    for (size_t i = 0; i < machine->import_count; i++)
        if (machine->imports[i].danger)
            return true;
    return false;
}

/* Of which other unpicklers than CPython 3's may read what that does not, as Python 2 reads blanks
 * behind a quote. */
static bool is_spelt(uint8_t code)
{
    return code == OP_INT || code == OP_LONG || code == OP_FLOAT || code == OP_STRING ||
           code == OP_UNICODE;
}

/* What came of the first pickle, which ran on nothing but the head. */
static enum pickle_beginning judge_beginning(const struct pickle_machine *machine)
{
    if (machine->state != PICKLE_BROKEN || machine->cut_off || is_spelt(machine->code) ||
        machine->calls || machine->said_persistent || machine->said_extension ||
        imports_danger(machine))
        return PICKLE_BEGINS;
    return machine->import_count ? PICKLE_IMPORTS : PICKLE_NONE;
}

enum pickle_beginning pickle_beginning(const uint8_t *head, size_t length)
{
    if (length >= 2 && head[0] == OP_PROTO && head[1] <= PICKLE_PROTOCOL_MAX)
        return PICKLE_BEGINS;
    if (!text_opcodes_begin(head, length))
        return PICKLE_NONE;
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(head, length);
    struct findings findings = {0};
    struct mlops_error ignored = {0}; /* memory is always read; were it not, it stays a pickle */
    struct pickle_machine machine;
    pickle_machine_init(&machine, source, "", &findings);
    (void)pickle_machine_run(&machine, &ignored);
    enum pickle_beginning beginning = judge_beginning(&machine);
    pickle_machine_clear(&machine);
    findings_clear(&findings);
    return beginning;
}

bool pickle_begins(const uint8_t *head, size_t length)
{
    return pickle_beginning(head, length) != PICKLE_NONE;
}

int pickle_scan_reading(struct source *source, uint64_t start, const char *file,
                        struct pickle_reading reading, int depth, struct pickle_observer *observer,
                        struct findings *findings, struct pickle_summary *summary,
                        struct mlops_error *err)
{
    struct pickle_machine machine;
    *summary = (struct pickle_summary){0};
    pickle_machine_init(&machine, source, file, findings);
    machine.reader.position = start;
    machine.reader.drops = reading.drops_frames;
    machine.keep_memo = reading.keeps_memo;
    machine.plain = reading.plain;
    machine.depth = depth;
    machine.observer = observer;
    machine.nested = pickle_nested;
    machine.storages = reading.storages;
    int code = run_all(&machine, summary, err);
    pickle_machine_clear(&machine);
    return code;
}

static int scan_readings(struct source *source, uint64_t start, const char *file, int depth,
                         struct torch_storages *storages, struct findings *findings,
                         struct pickle_summary *summary, struct mlops_error *err)
{
    size_t before = findings->count;
    struct pickle_reading reading = {.storages = storages};
    TRY(pickle_scan_reading(source, start, file, reading, depth, NULL, findings, summary, err));
    if (summary->crossed) {
        reading = (struct pickle_reading){.drops_frames = true};
        TRY(other_reading(source, start, file, reading, depth, before, false, findings, err));
    }
    if (summary->memo_stale)
        findings_add(findings, &pickle_rule_memo, file, start,
                     "a later pickle gets from the memo what only an earlier one put there");
    if (summary->memo_stale || summary->memo_differs) {
        reading = (struct pickle_reading){.keeps_memo = true};
        TRY(other_reading(source, start, file, reading, depth, before, !summary->memo_stale,
                          findings, err));
    }
    if (summary->unpadded) {
        reading = (struct pickle_reading){.plain = true};
        TRY(other_reading(source, start, file, reading, depth, before, true, findings, err));
    }
    return MLOPS_OK;
}

int pickle_scan_depth(struct source *source, uint64_t start, const char *file, int depth,
                      struct findings *findings, struct pickle_summary *summary,
                      struct mlops_error *err)
{
    return scan_readings(source, start, file, depth, NULL, findings, summary, err);
}

int pickle_scan_noting(struct source *source, const char *file, struct torch_storages *storages,
                       struct findings *findings, struct pickle_summary *summary,
                       struct mlops_error *err)
{
    return scan_readings(source, 0, file, 0, storages, findings, summary, err);
}

int pickle_scan(struct source *source, uint64_t start, const char *file, struct findings *findings,
                struct pickle_summary *summary, struct mlops_error *err)
{
    return pickle_scan_depth(source, start, file, 0, findings, summary, err);
}
