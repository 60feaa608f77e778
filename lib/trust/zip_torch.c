/*
 * lib/trust/zip_torch.c - the archives of torch.save and torch.jit.save: a pickle, and beside it
 * the raw bytes of the tensors that it speaks of. Source: torch/serialization.py (_save, _load),
 * caffe2/serialize/inline_container.cc.
 *
 * Numbers may look like anything. What data.pkl claims as a storage of the right size is numbers;
 * what nobody claims is a file that has no business there.
 */
#include "trust/pickle_torch.h"
#include "trust/zip.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "torch/" id, __VA_ARGS__)

RULE(script, "torchscript", MEDIUM, UNKNOWN, "the archive has TorchScript code",
     "load only the weights, or read the code under code/ and accept it with a reason");
RULE(unclaimed, "unclaimed-storage", MEDIUM, UNKNOWN,
     "a file lies among the storages that no tensor is made of",
     "find out who put it there, and have the model saved again");
RULE(size, "storage-size", MEDIUM, UNREADABLE, "a storage is of another size than its tensors say",
     "have the model saved again by PyTorch");
RULE(missing, "missing-storage", MEDIUM, UNREADABLE,
     "a storage that tensors are made of is missing", "fetch the file again");

#define ALIGNMENT 16 /* bytes that a storage may have beyond a whole number of elements */

/* A pickle, and the folder where the storages lie that it speaks of. */
struct part {
    const char *pickle, *folder;
};
static const struct part parts[] = {{"data.pkl", "data/"}, {"constants.pkl", "constants/"}};

struct torch {
    const struct zip_archive *archive;
    const char *root; /* "archive/": what all names begin with */
    size_t root_length;
    struct torch_storages storages[ARRAY_LENGTH(parts)];
    bool *seen[ARRAY_LENGTH(parts)];
    bool script;
};

static void clear_torch(struct torch *torch)
{
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        torch_storages_clear(&torch->storages[i]);
        free(torch->seen[i]);
    }
}

/* The length of the root where this is the pickle of the whole archive, else 0. */
static size_t root_of(const struct zip_entry *entry)
{
    static const char end[] = "/data.pkl";
    size_t length = sizeof(end) - 1;
    if (entry->name_length <= length ||
        memcmp(entry->name + entry->name_length - length, end, length) != 0)
        return 0;
    return entry->name_length - length + 1;
}

bool zip_is_torch(const struct zip_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++)
        if (root_of(&archive->entries[i]))
            return true;
    return false;
}

/* What follows the root in the name; false where it is another root. */
static bool below_root(const struct torch *torch, const struct zip_entry *entry, const char **rest,
                       size_t *length)
{
    if (entry->name_length < torch->root_length ||
        memcmp(entry->name, torch->root, torch->root_length) != 0)
        return false;
    *rest = entry->name + torch->root_length;
    *length = entry->name_length - torch->root_length;
    return true;
}

static bool is_pickle_of(const struct torch *torch, const struct zip_entry *entry, size_t part)
{
    const char *rest;
    size_t length;
    return below_root(torch, entry, &rest, &length) && length == strlen(parts[part].pickle) &&
           memcmp(rest, parts[part].pickle, length) == 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct torch_storage *)a)->key, ((const struct torch_storage *)b)->key);
}

/* Sorted, each key once, with the largest size that an id gave. */
static void settle(struct torch_storages *storages)
{
    size_t kept = 0;
    if (storages->count == 0)
        return;
    qsort(storages->items, storages->count, sizeof(*storages->items), by_key);
    for (size_t i = 1; i < storages->count; i++) {
        struct torch_storage *last = &storages->items[kept], *item = &storages->items[i];
        if (!str_equal(last->key, item->key))
            storages->items[++kept] = *item;
        else if (item->elements * item->width > last->elements * last->width)
            *last = *item;
    }
    storages->count = kept + 1;
}

/* Which storage is this? NULL: none; `*part` is the folder where it lies. */
static const struct torch_storage *storage_of(const struct torch *torch,
                                              const struct zip_entry *entry, size_t *part)
{
    const char *rest;
    size_t length;
    struct torch_storage wanted;
    if (!below_root(torch, entry, &rest, &length))
        return NULL;
    for (*part = 0; *part < ARRAY_LENGTH(parts); ++*part) {
        const char *folder = parts[*part].folder;
        size_t skip = strlen(folder);
        if (length <= skip || memcmp(rest, folder, skip) != 0)
            continue;
        const struct torch_storages *storages = &torch->storages[*part];
        if (length - skip > TORCH_KEY_MAX || storages->overflow || storages->count == 0)
            return NULL;
        memcpy(wanted.key, rest + skip, length - skip);
        wanted.key[length - skip] = '\0';
        return bsearch(&wanted, storages->items, storages->count, sizeof(wanted), by_key);
    }
    return NULL;
}

static bool is_below(const struct torch *torch, const struct zip_entry *entry, const char *folder)
{
    const char *rest;
    size_t length;
    return below_root(torch, entry, &rest, &length) && length > strlen(folder) &&
           memcmp(rest, folder, strlen(folder)) == 0;
}

/* The raw bytes of tensors: only checksum and size are to be looked at. */
static int check_storage(struct torch *torch, const struct zip_entry *entry,
                         const struct torch_storage *storage, struct mlops_error *err)
{
    const struct scan_file *file = torch->archive->file;
    _cleanup_(source_close_ptr) struct source *content = NULL;
    uint64_t size;
    TRY(zip_open_member(torch->archive, entry, &entry->central, true, &content, err));
    if (!content || storage->width == 0)
        return MLOPS_OK;
    if (__builtin_mul_overflow(storage->elements, (uint64_t)storage->width, &size) ||
        content->size < size || content->size - size >= ALIGNMENT) {
        _cleanup_(free_string) char *name = zip_entry_name(entry);
        findings_add(file->findings, &rule_size, file->path, entry->local_at,
                     "'%s' has %llu bytes, its tensors say %llu elements of %u bytes", name,
                     (unsigned long long)content->size, (unsigned long long)storage->elements,
                     storage->width);
        return scan_member(file, name, content, err);
    }
    return MLOPS_OK;
}

static int scan_other(struct torch *torch, const struct zip_entry *entry, struct mlops_error *err)
{
    const struct scan_file *file = torch->archive->file;
    size_t part;
    const struct torch_storage *storage = storage_of(torch, entry, &part);
    bool simple =
        entry->has_local && !entry->hidden && entry->local.method == entry->central.method;
    if (storage && simple) {
        bool *seen = &torch->seen[part][storage - torch->storages[part].items];
        if (!*seen) {
            *seen = true;
            return check_storage(torch, entry, storage, err);
        }
    }
    if (is_below(torch, entry, parts[0].folder) || is_below(torch, entry, parts[1].folder)) {
        _cleanup_(free_string) char *name = zip_entry_name(entry);
        findings_add(file->findings, &rule_unclaimed, file->path, entry->local_at,
                     "no tensor is made of '%s'", name);
    }
    if (!torch->script && is_below(torch, entry, "code/")) {
        torch->script = true;
        findings_add(file->findings, &rule_script, file->path, entry->local_at,
                     "the archive has TorchScript code");
    }
    return zip_scan_entry(torch->archive, entry, file, err);
}

static void check_missing(const struct torch *torch)
{
    const struct scan_file *file = torch->archive->file;
    for (size_t part = 0; part < ARRAY_LENGTH(parts); part++)
        for (size_t i = 0; i < torch->storages[part].count; i++)
            if (!torch->seen[part][i])
                findings_add(file->findings, &rule_missing, file->path, 0,
                             "there is no storage '%.*s%s%s'", (int)torch->root_length, torch->root,
                             parts[part].folder, torch->storages[part].items[i].key);
}

int zip_scan_torch(const struct zip_archive *archive, struct mlops_error *err)
{
    _cleanup_(clear_torch) struct torch torch = {.archive = archive};
    size_t most =
        archive->overlap && archive->count > ZIP_OVERLAP_MAX ? ZIP_OVERLAP_MAX : archive->count;
    for (size_t i = 0; i < archive->count && !torch.root; i++) {
        torch.root_length = root_of(&archive->entries[i]);
        torch.root = torch.root_length ? archive->entries[i].name : NULL;
    }
    for (size_t part = 0; part < ARRAY_LENGTH(parts); part++) {
        struct scan_file noting = *archive->file;
        noting.storages = &torch.storages[part];
        for (size_t i = 0; i < most; i++)
            if (is_pickle_of(&torch, &archive->entries[i], part))
                TRY(zip_scan_entry(archive, &archive->entries[i], &noting, err));
        settle(&torch.storages[part]);
        torch.seen[part] = xcalloc(torch.storages[part].count + 1, sizeof(bool));
    }
    for (size_t i = 0; i < most; i++)
        if (!is_pickle_of(&torch, &archive->entries[i], 0) &&
            !is_pickle_of(&torch, &archive->entries[i], 1))
            TRY(scan_other(&torch, &archive->entries[i], err));
    if (most == archive->count)
        check_missing(&torch);
    return MLOPS_OK;
}
