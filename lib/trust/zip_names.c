/* lib/trust/zip_names.c - the names of an archive's members: each once, and none that leads out. */
#include "base/path.h"
#include "trust/member_name.h"
#include "trust/zip.h"

struct named {
    char *name, *folded;
    uint64_t record;
};

static int by_folded(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = strcmp(left->folded, right->folded);
    return order ? order : strcmp(left->name, right->name);
}

static void check_one(const struct zip_archive *archive, const struct zip_entry *entry)
{
    const struct scan_file *file = archive->file;
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    const char *wrong = member_name_wrong(entry->name, entry->name_length);
    unsigned type = entry->attributes >> 28;
    if (wrong)
        findings_add(file->findings, &zip_rule_path, file->path, entry->record, "'%s' %s", name,
                     wrong);
    if (!utf8_valid(entry->name, entry->name_length))
        findings_add(file->findings, &zip_rule_name_encoding, file->path, entry->record,
                     "'%s' is not UTF-8", name);
    if (type != 0 && type != 010 && type != 004) /* S_IFREG and S_IFDIR, shifted */
        findings_add(file->findings, &zip_rule_link, file->path, entry->record,
                     type == 012 ? "'%s' is a symbolic link" : "'%s' is a special file", name);
    if (entry->name_length && entry->name[entry->name_length - 1] == '/' && entry->central.size)
        findings_add(file->findings, &zip_rule_folder, file->path, entry->record,
                     "the folder '%s' has %llu bytes of content", name,
                     (unsigned long long)entry->central.size);
}

/* The directory has records of names; two of one name let readers choose. */
static void check_pairs(const struct zip_archive *archive, const struct named *names, size_t count)
{
    const struct scan_file *file = archive->file;
    for (size_t i = 1; i < count; i++) {
        const struct named *one = &names[i - 1], *other = &names[i];
        if (!str_equal(one->folded, other->folded))
            continue;
        bool same = str_equal(one->name, other->name);
        findings_add(file->findings, same ? &zip_rule_duplicate : &zip_rule_similar, file->path,
                     one->record > other->record ? one->record : other->record,
                     same ? "'%s' is there twice" : "'%s' and '%s' are one name on some systems",
                     one->name, other->name);
    }
}

void zip_check_names(const struct zip_archive *archive)
{
    struct named *names = xcalloc(archive->count + 1, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < archive->count; i++) {
        const struct zip_entry *entry = &archive->entries[i];
        check_one(archive, entry);
        char *name = zip_entry_name(entry);
        size_t length = strlen(name);
        if (length && name[length - 1] == '/') /* a folder is in the way of a file */
            name[length - 1] = '\0';
        names[count++] = (struct named){name, member_name_fold(name), entry->record};
    }
    if (count)
        qsort(names, count, sizeof(*names), by_folded);
    check_pairs(archive, names, count);
    for (size_t i = 0; i < count; i++) {
        free(names[i].name);
        free(names[i].folded);
    }
    free(names);
}
