/* lib/trust/pickle_torch.c - persistent ids, magic number and storages of PyTorch. */
#include "trust/pickle_torch.h"
#include "base/endian.h"
#include "trust/pickle_text.h"

/* 0x1950a86a20f9469cfc6c as LONG1 has it: least byte first. */
static const uint8_t magic_bytes[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

/* Bytes an element of torch.XStorage. */
static unsigned storage_width(const char *name)
{
    static const struct {
        const char *name;
        unsigned width;
    } widths[] = {{"DoubleStorage", 8},
                  {"FloatStorage", 4},
                  {"HalfStorage", 2},
                  {"LongStorage", 8},
                  {"IntStorage", 4},
                  {"ShortStorage", 2},
                  {"CharStorage", 1},
                  {"ByteStorage", 1},
                  {"BoolStorage", 1},
                  {"BFloat16Storage", 2},
                  {"ComplexDoubleStorage", 16},
                  {"ComplexFloatStorage", 8},
                  {"QUInt8Storage", 1},
                  {"QInt8Storage", 1},
                  {"QInt32Storage", 4},
                  {"QUInt4x2Storage", 1},
                  {"QUInt2x4Storage", 1},
                  {"UntypedStorage", 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(widths); i++)
        if (str_equal(name, widths[i].name))
            return widths[i].width;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct torch_storage *)a)->key, ((const struct torch_storage *)b)->key);
}

void torch_storages_clear(struct torch_storages *storages)
{
    free(storages->items);
    *storages = (struct torch_storages){0};
}

void torch_storages_add(struct torch_storages *storages, const char *key, unsigned width,
                        uint64_t elements)
{
    if (storages->count == TORCH_STORAGES_MAX) {
        storages->overflow = true;
        return;
    }
    GROW(storages->items, storages->count, &storages->capacity);
    struct torch_storage *storage = &storages->items[storages->count++];
    *storage = (struct torch_storage){.width = width, .elements = elements};
    str_copy(storage->key, sizeof(storage->key), key);
}

int torch_persistent_id(struct pickle_machine *machine, struct pickle_value id,
                        struct pickle_value *result, bool *known, struct mlops_error *err)
{
    char text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    const struct pickle_object *found = pickle_object_of(&machine->memory, id);
    *known = false;
    if (id.kind != VALUE_TUPLE || !found || found->count < 2)
        return MLOPS_OK;
    const struct pickle_object tuple = *found;
    const struct pickle_import *import = pickle_import_of(machine, tuple.items[1]);
    TRY(pickle_word_of(machine, tuple.items[0], text, err));
    if (tuple.items[1].kind != VALUE_GLOBAL || !import)
        return MLOPS_OK;
    if (str_equal(text, "module")) { /* the class, whose source is only compared */
        *result = tuple.items[1];
        *known = true;
        return MLOPS_OK;
    }
    if (!str_equal(text, "storage") || tuple.count < 5 || tuple.items[4].kind != VALUE_INT ||
        !import->row || !(import->row->uses & USE_STORAGE))
        return MLOPS_OK;
    TRY(pickle_word_of(machine, tuple.items[2], text, err));
    if (!text[0] || strlen(text) > TORCH_KEY_MAX || (int64_t)tuple.items[4].place < 0)
        return MLOPS_OK;
    if (machine->storages)
        torch_storages_add(machine->storages, text, storage_width(import->name),
                           tuple.items[4].place);
    *result =
        pickle_object_new(&machine->memory, VALUE_RESULT, (uint32_t)tuple.items[1].length, NULL, 0);
    *known = true;
    return MLOPS_OK;
}

int torch_is_magic(struct pickle_machine *machine, struct pickle_value value, bool *magic,
                   struct mlops_error *err)
{
    uint8_t bytes[sizeof(magic_bytes)];
    *magic = false;
    if (value.kind != VALUE_LONG || value.length != sizeof(bytes))
        return MLOPS_OK;
    TRY(pickle_reader_at(&machine->reader, value.place, bytes, sizeof(bytes), err));
    *magic = memcmp(bytes, magic_bytes, sizeof(bytes)) == 0;
    return MLOPS_OK;
}

int torch_skip_storages(struct pickle_machine *machine, const struct torch_storages *order,
                        struct mlops_error *err)
{
    struct torch_storages *known = machine->storages;
    struct pickle_reader *reader = &machine->reader;
    const uint8_t *data;
    if (known->overflow || order->overflow) {
        pickle_say(machine, &pickle_rule_limit, "has more than %d storages", TORCH_STORAGES_MAX);
        return MLOPS_OK;
    }
    if (known->count)
        qsort(known->items, known->count, sizeof(*known->items), compare);
    for (size_t i = 0; i < order->count; i++) {
        const struct torch_storage *storage =
            known->count ? bsearch(&order->items[i], known->items, known->count,
                                   sizeof(*known->items), compare)
                         : NULL;
        uint64_t length, offset;
        bool whole = false;
        machine->opcode_offset = reader->position;
        if (!storage || storage->width == 0) {
            pickle_say(machine, &pickle_rule_storage, "no pickle says what storage \"%s\" is",
                       order->items[i].key);
            return MLOPS_OK;
        }
        TRY(pickle_reader_take(reader, 8, &data, err));
        uint64_t elements = data ? get_u64(data) : 0;
        if (data && !__builtin_mul_overflow(elements, (uint64_t)storage->width, &length))
            pickle_reader_skip(reader, length, true, &offset, &whole);
        if (!whole || elements < storage->elements) {
            pickle_say(machine, &pickle_rule_storage,
                       whole ? "storage \"%s\" is smaller than its tensors"
                             : "storage \"%s\" is cut off",
                       storage->key);
            return MLOPS_OK;
        }
    }
    return MLOPS_OK;
}
