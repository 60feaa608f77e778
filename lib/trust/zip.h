/*
 * lib/trust/zip.h - zip archives, walked strictly: the end records, every entry of the central
 * directory, every local header, and each byte between them. Source: PKWARE's APPNOTE.TXT 6.3.10;
 * where readers part, CPython's zipfile.py, libarchive's zip reader, and miniz as PyTorch has it.
 *
 * Where two readers would see different archives there is a finding, and the members of both
 * readings are looked at. Names are never used for anything but messages.
 */
#ifndef TRUST_ZIP_H
#define TRUST_ZIP_H
#include "base/buffer.h"
#include "trust/scanner.h"

#define ZIP_END_MAX (65536 + 22)    /* bytes from the end in which readers look for the record */
#define ZIP_CANDIDATES_MAX 8        /* end records of one file that are followed */
#define ZIP_CENTRAL_MAX (64u << 20) /* bytes of a central directory */
#define ZIP_HIDDEN_MAX 1000         /* members without entry, and gaps, that are looked at */
#define ZIP_OVERLAP_MAX 64          /* members that are looked at where they overlap */
#define ZIP_END_SIZE 22
#define ZIP_LOCAL_SIZE 30
#define ZIP_CENTRAL_SIZE 46

#define ZIP_ENCRYPTED 0x2041 /* flag bits 0, 6 and 13: encryption, strong, of the directory */
#define ZIP_DESCRIPTOR 0x0008
#define ZIP_UTF8 0x0800
#define ZIP_KNOWN_FLAGS (0x0006 | ZIP_DESCRIPTOR | ZIP_UTF8 | ZIP_ENCRYPTED)

enum zip_method {
    ZIP_STORED = 0,
    ZIP_DEFLATED = 8,
    ZIP_BZIP2 = 12,
    ZIP_LZMA = 14,
    ZIP_ZSTD = 93,
    ZIP_XZ = 95,
};

/* What both the local header and the central directory say of a member. */
struct zip_fields {
    uint16_t version, flags, method, time, date;
    uint32_t crc;
    uint64_t packed, size;
};

struct zip_entry {
    const char *name; /* the directory's, not terminated; `name_length` bytes */
    size_t name_length;
    struct zip_fields central, local;
    uint32_t attributes;
    uint64_t record;   /* where the entry of the directory stands */
    uint64_t local_at; /* where the local header stands */
    uint64_t data_at;  /* where its data begins, after the local header */
    uint64_t end;      /* after data and data descriptor */
    bool has_local;    /* there is a local header at all */
    bool hidden;       /* has a local header, and no entry in the directory */
};

/* Where an end record says that its archive lies; places are in the file, `base` is added. */
struct zip_end {
    uint64_t at, comment_length; /* of the end record */
    bool wide;                   /* zip64 records stand before it, from `wide_at` */
    uint64_t wide_at;
    uint64_t count, central_at, central_size;
    /* What is to be added to the offsets in the archive, modulo 2^64: the bytes that stand before
     * it, or, as Python allows, a number below zero. */
    uint64_t base;
};

struct zip_archive {
    const struct scan_file *file;
    struct zip_end end;
    uint8_t *central; /* the directory */
    struct zip_entry *entries;
    size_t count, capacity;
    char **hidden; /* names of members that only local headers know */
    size_t hidden_count, hidden_capacity;
    size_t gaps;  /* runs of bytes that were looked at by themselves */
    bool overlap; /* members share bytes */
};

#define ZIP_ARCHIVE_EMPTY(file_) ((struct zip_archive){.file = (file_)})
void zip_archive_clear(struct zip_archive *archive);

/* The member's name for messages. The caller frees. */
char *zip_entry_name(const struct zip_entry *entry);

/*
 * zip_end.c: places of what may be end records, the last one first, at most ZIP_CANDIDATES_MAX.
 */
int zip_find_ends(struct source *source, uint64_t *places, size_t *count, struct mlops_error *err);
/*
 * The end record at `at`. `readings` gets one or two places of the archive that readers would see
 * (by the distance from the end, as Python does, and by the offset that is written), none where
 * there is no directory at all. No findings where `quiet`.
 */
int zip_read_end(const struct scan_file *file, uint64_t at, bool quiet, struct zip_end readings[2],
                 size_t *count, struct mlops_error *err);

/* zip_walk.c: the entries of the directory, and the local header of each, compared. */
int zip_walk(struct zip_archive *archive, struct mlops_error *err);
/* A local header at `at`; false where there is none. `limit` is where its bytes must end. */
int zip_read_local(const struct scan_file *file, uint64_t at, uint64_t limit,
                   struct zip_entry *entry, char **name, bool *found, struct mlops_error *err);

/* zip_extra.c: walk the extra field of a header; sizes come from its zip64 part where the header
 * has none of its own. */
struct zip_extra {
    const uint8_t *data;
    size_t length;
    bool local;
    const char *name; /* of the member, for messages */
    uint64_t offset;  /* of the header, for messages */
};
void zip_read_extra(const struct scan_file *file, const struct zip_extra *extra,
                    const uint8_t *raw_name, size_t raw_length, struct zip_fields *fields,
                    uint64_t *local_at);

/* zip_names.c: duplicates, paths that lead out, links. */
void zip_check_names(const struct zip_archive *archive);

/* zip_cover.c: overlaps, and bytes that no part of the archive accounts for; members that only a
 * local header knows are added to the entries. */
int zip_check_cover(struct zip_archive *archive, struct mlops_error *err);
/* The members that local headers from the file's beginning give, where there is no directory. */
int zip_take_stream(struct zip_archive *archive, struct mlops_error *err);

/*
 * zip_member.c: a member's content by the reading of one of its headers, whatever its flags say.
 * `*content` is NULL where nothing came out. `checks`: compare checksum and size, with findings.
 */
int zip_open_member(const struct zip_archive *archive, const struct zip_entry *entry,
                    const struct zip_fields *fields, bool checks, struct source **content,
                    struct mlops_error *err);

/* zip_torch.c: is it an archive of PyTorch? Then `zip_scan_torch` looks at its members, as
 * zip.c does for others. */
bool zip_is_torch(const struct zip_archive *archive);
int zip_scan_torch(const struct zip_archive *archive, struct mlops_error *err);
/* One member, in all its readings. */
int zip_scan_entry(const struct zip_archive *archive, const struct zip_entry *entry,
                   const struct scan_file *as, struct mlops_error *err);

extern const struct rule zip_rule_ambiguous, zip_rule_end, zip_rule_wide, zip_rule_disks,
    zip_rule_directory, zip_rule_limit, zip_rule_disagreement, zip_rule_field, zip_rule_no_local,
    zip_rule_flags, zip_rule_encrypted, zip_rule_false_encryption, zip_rule_method,
    zip_rule_descriptor, zip_rule_extra, zip_rule_unknown_extra, zip_rule_duplicate,
    zip_rule_similar, zip_rule_path, zip_rule_name_encoding, zip_rule_link, zip_rule_overlap,
    zip_rule_prefix, zip_rule_unexplained, zip_rule_hidden, zip_rule_trailing, zip_rule_crc,
    zip_rule_size, zip_rule_damaged, zip_rule_truncated, zip_rule_comment, zip_rule_folder;

extern const struct scanner scanner_zip;

#endif
