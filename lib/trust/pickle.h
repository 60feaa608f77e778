/*
 * lib/trust/pickle.h - whole files of pickles: one, several one after another, with what joblib and
 * PyTorch put between and behind them.
 *
 * Nothing is loaded: lib/trust/pickle_machine.h follows the opcodes. Time is linear in the size of
 * the file, memory is bounded whatever the file says. Memory safety of the libraries that load what
 * is found harmless here is not judged.
 */
#ifndef TRUST_PICKLE_H
#define TRUST_PICKLE_H
#include "trust/finding.h"
#include "trust/pickle_machine.h"
#include "trust/source.h"

#define PICKLE_HEAD_SIZE 512 /* bytes that `pickle_begins` likes to see */

/* Which of CPython's readings, where they differ. */
struct torch_storages;
struct pickle_reading {
    bool drops_frames;               /* C, from a file that cannot peek */
    bool keeps_memo;                 /* one Unpickler that loads several pickles */
    bool plain;                      /* pickle.load of what joblib wrote */
    struct torch_storages *storages; /* that persistent ids name are noted here; may be NULL */
};

/* What was seen on the way. */
struct pickle_summary {
    size_t pickles; /* that came to STOP */
    size_t imports; /* in all, repeated ones, too */
    bool whole;     /* every byte is accounted for */
    bool torch;     /* PyTorch's format before the zip one */
    bool crossed, unpadded, memo_differs, memo_stale;
};

/* What the first bytes of a file are, read as a pickle. */
enum pickle_beginning {
    PICKLE_NONE,    /* none, or one that breaks within these bytes before it does anything */
    PICKLE_IMPORTS, /* one that breaks within these bytes and does no more than import names that
                      are not denied: lines of words may do that ("cat", "dog", "bird") */
    PICKLE_BEGINS,
};

/* A text of protocol 0 must begin with two complete opcodes, and get on. */
enum pickle_beginning pickle_beginning(const uint8_t *head, size_t length);
/* Anything but PICKLE_NONE. */
bool pickle_begins(const uint8_t *head, size_t length);

/*
 * Scan the pickles from `start` to the end of the source, in every reading that CPython has.
 *
 * file: for findings. Errors: those of the source.
 */
int pickle_scan(struct source *source, uint64_t start, const char *file, struct findings *findings,
                struct pickle_summary *summary, struct mlops_error *err);

/* From the source's start, noting in `storages` (may be NULL) those that persistent ids name. */
int pickle_scan_noting(struct source *source, const char *file, struct torch_storages *storages,
                       struct findings *findings, struct pickle_summary *summary,
                       struct mlops_error *err);

/* One reading only, at a depth of nesting; `observer` may be NULL. For nested pickles and tests. */
int pickle_scan_reading(struct source *source, uint64_t start, const char *file,
                        struct pickle_reading reading, int depth, struct pickle_observer *observer,
                        struct findings *findings, struct pickle_summary *summary,
                        struct mlops_error *err);
/* As pickle_scan, at a depth of nesting. */
int pickle_scan_depth(struct source *source, uint64_t start, const char *file, int depth,
                      struct findings *findings, struct pickle_summary *summary,
                      struct mlops_error *err);

#endif
