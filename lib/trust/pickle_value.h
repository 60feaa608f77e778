/*
 * lib/trust/pickle_value.h - what the machine knows of the values that an unpickler would make: 16
 * bytes each, whatever they stand for. Text and bytes stay in the source; of containers and of what
 * calls give, the first few items are kept, for a while, in a ring of fixed size.
 *
 * So memory is bounded by stack and memo. What has fallen out of the ring is "not known", which no
 * check takes for harmless.
 */
#ifndef TRUST_PICKLE_VALUE_H
#define TRUST_PICKLE_VALUE_H
#include "base/util.h"

#define PICKLE_STACK_MAX (1u << 22)
#define PICKLE_MEMO_MAX (1u << 24)
#define PICKLE_SPARSE_MAX 4096 /* memo entries far above the count of entries */
#define PICKLE_OBJECT_ITEMS 40
#define PICKLE_KEPT_MAX 16384 /* objects that never fall out of the ring */

enum pickle_kind {
    VALUE_ABSENT, /* no memo entry */
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_FLOAT,
    VALUE_LONG, /* an integer of more than 64 bits: its bytes in the source */
    VALUE_TEXT,
    VALUE_BYTES,
    VALUE_GLOBAL, /* what an import gives; `length` is its number in the table of imports */
    VALUE_LIST,
    VALUE_TUPLE,
    VALUE_DICT,
    VALUE_SET,
    VALUE_RESULT, /* what a call of an import gives, or an instance of it */
    VALUE_UNKNOWN
};

/* How the bytes of a text in the source become characters. */
enum pickle_coding {
    CODING_UTF8,
    CODING_LATIN1,      /* BINSTRING: ASCII as a rule, latin-1 where the loader says so */
    CODING_ESCAPED,     /* STRING: \x6f and the like */
    CODING_RAW_UNICODE, /* UNICODE: \u006f */
};

struct pickle_value {
    uint64_t kind : 8;
    uint64_t coding : 8;
    uint64_t length : 48; /* of text and bytes; the import; slot and origin of an object */
    uint64_t place;       /* offset of text and bytes; the integer; the object's generation */
};

enum pickle_taint {
    TAINT_OBJECT_DTYPE = 1, /* is or holds a numpy dtype whose items are Python objects */
    TAINT_DTYPE = 2,        /* is a numpy dtype, made as numpy makes it */
};

struct pickle_object {
    uint64_t generation;
    double weight;  /* items, counted as often as they are reached: grows with shared references */
    uint64_t count; /* items put in, of which the first PICKLE_OBJECT_ITEMS are kept */
    uint64_t width; /* of a dtype: bytes an item */
    unsigned taint;
    struct pickle_value items[PICKLE_OBJECT_ITEMS]; /* of a dict: key, value, key, value, … */
};

#define PICKLE_NO_ORIGIN 0xffffffu

struct pickle_memory {
    struct pickle_value *stack;
    size_t depth, stack_capacity;
    uint32_t *marks; /* depths at which MARK stood */
    size_t mark_count, mark_capacity;

    struct pickle_value *memo; /* dense from 0 */
    size_t memo_capacity;
    struct pickle_sparse *sparse; /* the rest, sorted by key */
    size_t sparse_count, sparse_capacity;
    uint64_t memo_count;

    struct pickle_object *ring;
    uint32_t ring_size;
    uint64_t next_generation;
    struct pickle_object *kept;
    size_t kept_count, kept_capacity;
};

void pickle_memory_clear(struct pickle_memory *memory);
/* As between two pickles: no stack, no memo. The ring stays. */
void pickle_memory_reset(struct pickle_memory *memory, bool keep_memo);

/* False where the limit is reached. */
bool pickle_push(struct pickle_memory *memory, struct pickle_value value);
bool pickle_mark(struct pickle_memory *memory);
/* Items above the last mark. */
size_t pickle_above_mark(const struct pickle_memory *memory);
/* The topmost value; NULL where there is none above the last mark. */
struct pickle_value *pickle_top(struct pickle_memory *memory);

/* False where the limit is reached. */
bool pickle_memo_put(struct pickle_memory *memory, uint64_t key, struct pickle_value value);
/* VALUE_ABSENT where nothing was put. */
struct pickle_value pickle_memo_get(const struct pickle_memory *memory, uint64_t key);

/* A new object of `kind` with these items in it. `origin` is the import that made it. */
struct pickle_value pickle_object_new(struct pickle_memory *memory, enum pickle_kind kind,
                                      uint32_t origin, const struct pickle_value *items,
                                      size_t count);
/* As pickle_object_new, for a VALUE_RESULT that is kept however many follow, where there is
 * room. */
struct pickle_value pickle_object_keep(struct pickle_memory *memory, uint32_t origin);
/* NULL where it has fallen out of the ring, or is no object. */
struct pickle_object *pickle_object_of(struct pickle_memory *memory, struct pickle_value value);
void pickle_object_add(struct pickle_memory *memory, struct pickle_value container,
                       const struct pickle_value *items, size_t count);
/* Which import made this VALUE_RESULT; PICKLE_NO_ORIGIN where none did. */
uint32_t pickle_origin(struct pickle_value value);

#endif
