/*
 * lib/trust/scanner.h - what a format is to the engine: how its content is known, and how it is
 * scanned; and what a scanner may ask of the engine.
 *
 * Content decides the format, never the name. A file that several formats claim is scanned as each
 * of them and reported; one that none claims is reported as not understood.
 */
#ifndef TRUST_SCANNER_H
#define TRUST_SCANNER_H
#include "trust/finding.h"
#include "trust/source.h"
#include <stdatomic.h>

#define SCAN_HEAD_SIZE 4096 /* first bytes of a file that every scanner sees at once */

/* What a whole run may cost; zero of each: the default, which scan.c has. */
struct scan_limits {
    int depth;               /* containers within containers */
    uint64_t members;        /* files out of containers */
    uint64_t unpacked_bytes; /* out of decompressors */
    uint64_t ratio;          /* unpacked to packed bytes, of one member above 16 MiB */
};

struct advisories;
struct raw_data;

/* One run over many files. Shared by its threads: nothing in it but the atomics changes. */
struct scan {
    struct scan_limits limits;
    const struct advisories *advisories; /* trust/advisory.h; NULL: none are asked */
    struct raw_data *raw;                /* trust/raw_data.h; NULL: nobody asks */
    atomic_uint_least64_t members, unpacked_bytes;
    bool (*cancelled)(void *context); /* asked between members and now and then; NULL: never */
    void *context;
};

struct torch_storages; /* trust/pickle_torch.h */

/* What a file is in the project: the same script is code in one place, and hidden in another. */
enum scan_role { SCAN_ARTIFACT, SCAN_CODE, SCAN_DATA, SCAN_ENVIRONMENT };

/* A file that is being looked at. */
struct scan_file {
    struct scan *scan;
    struct source *source;
    const char *path; /* as the user knows it, with the way into containers: "model.pt!data.pkl" */
    const char *name; /* the innermost file's name, the part after the last '!' */
    enum scan_role role;
    int depth;           /* containers around it */
    const uint8_t *head; /* the first bytes */
    size_t head_length;  /* SCAN_HEAD_SIZE, or the whole of a shorter file */
    struct findings *findings;
    /* Where the pickle of a PyTorch archive notes which storages lie beside it; NULL otherwise. */
    struct torch_storages *storages;
};

struct scanner {
    const char *format; /* "pickle", "zip": for people and --json */
    /* What files of the format are usually called, without the dot, NULL-terminated. Only for the
     * finding that a name and a content disagree. */
    const char *const *extensions;
    /* Its files can run code in whoever loads them: under another format's name that is hiding. */
    bool executes;
    /* The format that this one is a special case of: where both claim a file, this one alone scans
     * it. NULL: none. */
    const struct scanner *special_of;
    /* Is the content of this format? Decided on few bytes; a yes does not say that it is well
     * formed. Errors: those of the source. */
    int (*claims)(const struct scan_file *file, bool *claimed, struct mlops_error *err);
    /* Account for every byte; say what there is to say in `file->findings`. A file that is damaged
     * is a finding, not an error. Errors: those of the source, MLOPS_CANCELLED. */
    int (*scan)(const struct scan_file *file, struct mlops_error *err);
};

/* Look at one file as whatever it is. The findings are added; the caller fills all of `file` but
 * the head. Errors: those of the source, MLOPS_CANCELLED. */
int scan_file(const struct scan_file *file, struct mlops_error *err);

/*
 * Look at a member of the container `outer`, which is called `name` there. Beyond the limits of
 * depth and count it is not looked at, and a finding says so.
 */
int scan_member(const struct scan_file *outer, const char *name, struct source *member,
                struct mlops_error *err);

/*
 * Count `unpacked` more bytes out of a decompressor, which has made `total` out of `packed` of this
 * member so far. False where a limit has been reached: a finding has been made, and the caller
 * leaves off. */
bool scan_spend(const struct scan_file *file, uint64_t unpacked, uint64_t total, uint64_t packed);

/* MLOPS_CANCELLED where the user wants to stop; for loops over much data. */
int scan_check_cancelled(const struct scan_file *file, struct mlops_error *err);

/* Does the head have `length` bytes of `magic` at `offset`? */
bool scan_head_has(const struct scan_file *file, size_t offset, const void *magic, size_t length);

/* Are files of the format called so? Case is all one. */
bool scanner_has_extension(const struct scanner *scanner, const char *extension);

/* The formats, NULL-terminated; a newcomer adds a line in scanners.c. */
extern const struct scanner *const scanners[];

/* The rule that a file is of no format; the run sees whether others account for it. */
extern const struct rule scan_rule_unknown_format;

/* What understands nothing but text is asked last, where no other format claims a file. */
extern const struct scanner scanner_text;

#endif
