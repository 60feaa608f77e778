/*
 * lib/trust/pickle_machine.h - the abstract unpickler: every opcode does to stack and memo what
 * CPython's do, but nothing is imported and nothing is called.
 *
 * One machine reads one pickle after another from one source, in one of the readings that CPython's
 * own unpicklers have (pickle_reader.h). Where one unpickler stops and another goes on, it goes on.
 */
#ifndef TRUST_PICKLE_MACHINE_H
#define TRUST_PICKLE_MACHINE_H
#include "trust/finding.h"
#include "trust/pickle_names.h"
#include "trust/pickle_opcode.h"
#include "trust/pickle_reader.h"
#include "trust/pickle_value.h"

#define PICKLE_NAME_MAX 512      /* bytes of a module or a name; longer ones are a finding */
#define PICKLE_IMPORTS_MAX 16384 /* different imports */
#define PICKLE_DEPTH_MAX 4       /* pickles within the constants of pickles */

struct pickle_import {
    char *module, *name;          /* as the stream has them, in UTF-8 */
    uint64_t offset;              /* of the opcode that first named them */
    const struct pickle_row *row; /* listed, or NULL */
    const char *danger;           /* denied, or NULL */
    unsigned protocol_class;      /* names mean the same at 0 to 2, at 3, at 4 and 5 */
    bool dtype;                   /* numpy:dtype */
    bool array_wrapper;           /* joblib's NumpyArrayWrapper */
    bool handed_on;               /* reported once */
    bool misused;                 /* reported once */
};

/* For tests: what the machine does, as it does it. */
struct pickle_observer {
    void (*opcode)(struct pickle_observer *observer, uint64_t offset, uint8_t code);
    void (*import)(struct pickle_observer *observer, uint64_t offset, const char *module,
                   const char *name);
};

enum pickle_state {
    PICKLE_RUNNING,
    PICKLE_STOPPED, /* STOP: `result` is what the pickle gives */
    PICKLE_BROKEN,  /* no unpickler gets further: `broken` says why */
};

/* Looks into a constant that may hold another pickle: `*understood` where it does, to its end. */
struct pickle_machine;
typedef int pickle_nested_fn(struct pickle_machine *machine, struct pickle_value constant,
                             bool *understood, struct mlops_error *err);

#define PICKLE_KNOWN_MAX 4096

struct pickle_known { /* a constant that held a pickle or a file of PyTorch, whole */
    uint64_t place, length;
};

struct pickle_machine {
    struct pickle_reader reader;
    struct pickle_memory memory;
    struct findings *findings;
    const char *file;
    int depth;      /* of nesting */
    bool keep_memo; /* the reading of one Unpickler that loads several pickles */
    bool plain;     /* the reading of pickle.load, which knows nothing of joblib's raw arrays */
    bool unpadded;  /* raw array bytes stood where opcodes could: the readings differ */

    enum pickle_state state;
    char broken[160];
    bool cut_off; /* it broke where the source ends */
    uint64_t start, opcode_offset, opcodes;
    uint8_t code;
    int protocol;
    struct pickle_value result;
    size_t imports_done; /* by this pickle, of names that programs have */
    size_t calls;        /* by this pickle, and changes of what was imported or called */
    bool memoized;       /* this pickle has MEMOIZE */
    bool stale_get;      /* this pickle gets an entry that an earlier one put */

    struct pickle_import *imports;
    size_t import_count, import_capacity;
    uint32_t *import_index; /* open addressing over module and name */
    size_t index_size;

    bool said_differ, said_extension, said_persistent, said_unresolved, said_expansion;
    struct pickle_observer *observer;
    pickle_nested_fn *nested;   /* called with each constant of four bytes and more */
    struct pickle_known *known; /* constants that were looked into, in the order of places */
    size_t known_count, known_capacity;
    struct torch_storages *storages; /* persistent ids of PyTorch are noted here; may be NULL */
    struct torch_storages *keys;     /* text constants are noted here; may be NULL */
};

void pickle_machine_init(struct pickle_machine *machine, struct source *source, const char *file,
                         struct findings *findings);
void pickle_machine_clear(struct pickle_machine *machine);

/* Run one pickle from the reader's position to STOP, or to where no unpickler gets further. The
 * reader then stands where the next pickle would begin. Errors are the source's. */
int pickle_machine_run(struct pickle_machine *machine, struct mlops_error *err);

/* The pickle cannot go on: the reason, for the finding. Returns MLOPS_OK, as nothing failed
 * here. */
int pickle_break(struct pickle_machine *machine, const char *format, ...) MLOPS_PRINTF(2, 3);
/* A finding at the current opcode. */
void pickle_say(struct pickle_machine *machine, const struct rule *rule, const char *format, ...)
    MLOPS_PRINTF(3, 4);

/* pickle_import.c: module and name become a VALUE_GLOBAL; findings on the way. */
int pickle_import_text(struct pickle_machine *machine, struct pickle_value module,
                       struct pickle_value name, struct pickle_value *global,
                       struct mlops_error *err);
int pickle_import_name(struct pickle_machine *machine, const char *module, const char *name,
                       struct pickle_value *global);
/* The text of a constant, decoded; `*text` is empty and `*fits` false where it has more than
 * PICKLE_NAME_MAX bytes or is no text. `text` has PICKLE_TEXT_ROOM(PICKLE_NAME_MAX) bytes. */
int pickle_text_of(struct pickle_machine *machine, struct pickle_value value, char *text,
                   size_t *length, bool *fits, struct mlops_error *err);
/* The same of a text alone, not bytes, without a NUL in it; empty where the value is none. */
int pickle_word_of(struct pickle_machine *machine, struct pickle_value value, char *text,
                   struct mlops_error *err);
/* NULL where the value is no import, nor made by one. */
struct pickle_import *pickle_import_of(struct pickle_machine *machine, struct pickle_value value);

/* pickle_call.c: what calls give. */
int pickle_call(struct pickle_machine *machine, struct pickle_value callee,
                struct pickle_value arguments, struct pickle_value *result,
                struct mlops_error *err);
int pickle_new(struct pickle_machine *machine, struct pickle_value class,
               struct pickle_value arguments, struct pickle_value *result, struct mlops_error *err);
int pickle_build(struct pickle_machine *machine, struct pickle_value target,
                 struct pickle_value state, struct mlops_error *err);
/* Items go into `target` by one of USE_LIST, USE_SET, USE_DICT. */
void pickle_fill(struct pickle_machine *machine, struct pickle_value target, enum pickle_use use,
                 const struct pickle_value *items, size_t count);
/* A value goes into a container or an argument: no guarded callable may. */
void pickle_hand_on(struct pickle_machine *machine, const struct pickle_value *items, size_t count);

/* pickle_joblib.c: the raw bytes of the array that joblib puts after its wrapper's BUILD. */
int pickle_joblib_array(struct pickle_machine *machine, struct pickle_value state,
                        struct mlops_error *err);

/* pickle_check.c: may `import` be called with these arguments? `*why` says why not. The result may
 * get more than its origin: what a dtype is, which class was made. */
int pickle_check_call(struct pickle_machine *machine, struct pickle_import *import,
                      struct pickle_value arguments, struct pickle_value *result, const char **why,
                      struct mlops_error *err);
/* May this state be set on a numpy dtype? */
int pickle_check_dtype_state(struct pickle_machine *machine, struct pickle_value dtype,
                             struct pickle_value state, const char **why, struct mlops_error *err);

/* pickle_nested.c */
pickle_nested_fn pickle_nested;
/* Was this constant found to be a pickle to its end? */
bool pickle_nested_known(const struct pickle_machine *machine, struct pickle_value constant);

extern const struct rule pickle_rule_denied, pickle_rule_unknown, pickle_rule_computed,
    pickle_rule_dotted, pickle_rule_odd_name, pickle_rule_python2, pickle_rule_unresolved,
    pickle_rule_arguments, pickle_rule_handed_on, pickle_rule_write, pickle_rule_use,
    pickle_rule_extension, pickle_rule_persistent, pickle_rule_buffers, pickle_rule_memo,
    pickle_rule_frames, pickle_rule_readers, pickle_rule_broken, pickle_rule_trailing,
    pickle_rule_limit, pickle_rule_expansion, pickle_rule_nested, pickle_rule_depth,
    pickle_rule_unused, pickle_rule_padding, pickle_rule_array, pickle_rule_storage;

#endif
