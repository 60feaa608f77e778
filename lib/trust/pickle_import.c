/* lib/trust/pickle_import.c - names become imports: decoded, mapped, looked up, reported. */
#include "base/path.h"
#include "trust/pickle_machine.h"
#include "trust/pickle_text.h"
#include <stdio.h>

#define INDEX_FIRST 64

static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u; /* FNV-1a, the NUL included */
    while (*text++);
    return hash;
}

/* Names are compared by what the protocol makes of them, so its class is part of the key. */
static unsigned protocol_class(int protocol)
{
    return protocol < 3 ? 0 : protocol == 3 ? 1 : 2;
}

static uint32_t *find(const struct pickle_machine *machine, const char *module, const char *name,
                      unsigned class)
{
    size_t mask = machine->index_size - 1;
    size_t at = hash_text(hash_text(0xcbf29ce484222325u + class, module), name) & mask;
    while (machine->import_index[at]) {
        const struct pickle_import *import = &machine->imports[machine->import_index[at] - 1];
        if (import->protocol_class == class && str_equal(import->module, module) &&
            str_equal(import->name, name))
            break;
        at = (at + 1) & mask;
    }
    return &machine->import_index[at];
}

static void grow_index(struct pickle_machine *machine)
{
    if (machine->import_count * 2 < machine->index_size)
        return;
    free(machine->import_index);
    machine->index_size = machine->index_size ? machine->index_size * 2 : INDEX_FIRST;
    machine->import_index = xcalloc(machine->index_size, sizeof(*machine->import_index));
    for (size_t i = 0; i < machine->import_count; i++) {
        const struct pickle_import *import = &machine->imports[i];
        *find(machine, import->module, import->name, import->protocol_class) = (uint32_t)i + 1;
    }
}

/* Letters, digits, underscores, what is not ASCII; dots between, where `dots`. */
static bool ordinary(const char *text, bool dots)
{
    bool start = true;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (c == '.' && dots && !start) {
            start = true;
            continue;
        }
        if (!letter && c != '_' && c < 0x80 && (start || c < '0' || c > '9'))
            return false;
        start = false;
    }
    return !start;
}

/* A part of a dotted name that leads elsewhere: private, or itself dangerous as a module. */
static bool leads_away(const char *name)
{
    for (const char *part = name;; part += strcspn(part, ".") + 1) {
        char copy[PICKLE_NAME_MAX + 1];
        size_t length = strcspn(part, ".");
        str_copy(copy, length < sizeof(copy) ? length + 1 : sizeof(copy), part);
        if (copy[0] == '_' || pickle_denied(copy, "x"))
            return true;
        if (part[length] == '\0')
            return false;
    }
}

static void report(struct pickle_machine *machine, const struct pickle_import *import,
                   const char *module, const char *name)
{
    bool mapped = module != import->module || name != import->name;
    char as[2 * PICKLE_NAME_MAX] = "";
    if (mapped)
        (void)snprintf(as, sizeof(as), " (which Python 3 takes for %s.%s)", module, name);
    if (import->row)
        return;
    if (!ordinary(import->module, true) || !ordinary(import->name, true)) {
        pickle_say(machine, &pickle_rule_odd_name, "imports \"%s\" from \"%s\"", import->name,
                   import->module);
        if (!import->danger)
            return;
    }
    if (import->danger)
        pickle_say(machine, &pickle_rule_denied, "imports %s.%s%s, which %s", import->module,
                   import->name, as, import->danger);
    else if (strchr(import->name, '.') && leads_away(import->name))
        pickle_say(machine, &pickle_rule_dotted, "imports %s.%s%s through a dotted name",
                   import->module, import->name, as);
    else
        pickle_say(machine, &pickle_rule_unknown, "imports %s.%s%s, which is on no list",
                   import->module, import->name, as);
}

static void classify(struct pickle_machine *machine, struct pickle_import *import)
{
    const char *module = import->module, *name = import->name;
    const char *mapped_module = module, *mapped_name = name;
    bool maps = pickle_python2_name(&mapped_module, &mapped_name);
    import->danger = pickle_denied(module, name);
    if (maps &&
        machine->protocol < 3) { /* CPython 3 imports the mapped name, CPython 2 the other */
        module = mapped_module;
        name = mapped_name;
        const char *danger = pickle_denied(module, name);
        import->danger = danger ? danger : import->danger;
    } else if (maps) {
        const char *danger = pickle_denied(mapped_module, mapped_name);
        import->danger = import->danger ? import->danger : danger;
        pickle_say(machine, &pickle_rule_python2,
                   "imports %s.%s, a name of Python 2, at protocol "
                   "%d, which does not map it",
                   module, name, machine->protocol);
    }
    import->row = pickle_listed(module, name);
    if (import->row)
        import->danger = NULL;
    import->dtype = str_equal(name, "dtype") && str_equal(module, "numpy");
    import->array_wrapper =
        str_equal(name, "NumpyArrayWrapper") && str_equal(module, "joblib.numpy_pickle");
    report(machine, import, module, name);
}

int pickle_text_of(struct pickle_machine *machine, struct pickle_value value, char *text,
                   size_t *length, bool *fits, struct mlops_error *err)
{
    uint8_t raw[PICKLE_NAME_MAX];
    text[0] = '\0';
    *length = 0;
    *fits = (value.kind == VALUE_TEXT || value.kind == VALUE_BYTES) && value.length <= sizeof(raw);
    if (!*fits)
        return MLOPS_OK;
    TRY(pickle_reader_at(&machine->reader, value.place, raw, value.length, err));
    *fits = pickle_text_decode((enum pickle_coding)value.coding, raw, value.length, text, length);
    return MLOPS_OK;
}

int pickle_word_of(struct pickle_machine *machine, struct pickle_value value, char *text,
                   struct mlops_error *err)
{
    size_t length;
    bool fits;
    TRY(pickle_text_of(machine, value, text, &length, &fits, err));
    if (!fits || value.kind != VALUE_TEXT || strlen(text) != length)
        text[0] = '\0';
    return MLOPS_OK;
}

int pickle_import_name(struct pickle_machine *machine, const char *module, const char *name,
                       struct pickle_value *global)
{
    if (machine->observer && machine->observer->import)
        machine->observer->import(machine->observer, machine->opcode_offset, module, name);
    machine->imports_done += ordinary(module, true) && (!*name || ordinary(name, true));
    grow_index(machine);
    unsigned class = protocol_class(machine->protocol);
    uint32_t *slot = find(machine, module, name, class);
    if (!*slot) {
        if (machine->import_count == PICKLE_IMPORTS_MAX) {
            pickle_say(machine, &pickle_rule_limit, "imports more than %d different names",
                       PICKLE_IMPORTS_MAX);
            return pickle_break(machine, "too many imports");
        }
        GROW(machine->imports, machine->import_count, &machine->import_capacity);
        struct pickle_import *import = &machine->imports[machine->import_count++];
        *import = (struct pickle_import){.module = xstrdup(module),
                                         .name = xstrdup(name),
                                         .protocol_class = class,
                                         .offset = machine->opcode_offset};
        *slot = (uint32_t)machine->import_count;
        classify(machine, import);
    }
    *global = (struct pickle_value){.kind = VALUE_GLOBAL, .length = *slot - 1};
    return MLOPS_OK;
}

int pickle_import_text(struct pickle_machine *machine, struct pickle_value module,
                       struct pickle_value name, struct pickle_value *global,
                       struct mlops_error *err)
{
    char module_text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)],
        name_text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    size_t module_length, name_length;
    bool fits, name_fits;
    *global = (struct pickle_value){.kind = VALUE_UNKNOWN};
    if (module.kind != VALUE_TEXT || name.kind != VALUE_TEXT) {
        if ((module.kind == VALUE_RESULT || module.kind == VALUE_UNKNOWN ||
             module.kind == VALUE_TEXT) &&
            (name.kind == VALUE_RESULT || name.kind == VALUE_UNKNOWN || name.kind == VALUE_TEXT)) {
            pickle_say(machine, &pickle_rule_computed,
                       "imports something whose name only a call gives");
            return MLOPS_OK;
        }
        return pickle_break(machine, "the name of an import is no text");
    }
    TRY(pickle_text_of(machine, module, module_text, &module_length, &fits, err));
    TRY(pickle_text_of(machine, name, name_text, &name_length, &name_fits, err));
    if (!fits || !name_fits || strlen(module_text) != module_length ||
        strlen(name_text) != name_length || !utf8_valid(module_text, module_length) ||
        !utf8_valid(name_text, name_length)) {
        pickle_say(machine, &pickle_rule_odd_name,
                   "imports \"%.40s\" from \"%.40s\", which is too long or no text", name_text,
                   module_text);
        return MLOPS_OK;
    }
    return pickle_import_name(machine, module_text, name_text, global);
}

struct pickle_import *pickle_import_of(struct pickle_machine *machine, struct pickle_value value)
{
    uint64_t number = value.kind == VALUE_GLOBAL ? value.length : pickle_origin(value);
    return number < machine->import_count ? &machine->imports[number] : NULL;
}
