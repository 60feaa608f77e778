/*
 * lib/trust/pickle_names.h - what is known of `module:name` pairs: listed as harmless, known as
 * dangerous, or neither.
 *
 * Listed are exact pairs only. Whatever a listed callable does with any arguments, and whatever a
 * later call of it by the model does, is harmless; where that is not so for all arguments, the row
 * names a check of them (pickle_check.c), and the name may not be handed on to others.
 */
#ifndef TRUST_PICKLE_NAMES_H
#define TRUST_PICKLE_NAMES_H
#include "base/util.h"

/* What a pickle may do with a listed name, and with what it gives. */
enum pickle_use {
    USE_CALL = 1,      /* REDUCE, OBJ, INST */
    USE_NEW = 2,       /* NEWOBJ, copyreg._reconstructor */
    USE_BUILD = 4,     /* BUILD on the result */
    USE_LIST = 8,      /* APPEND(S) on the result */
    USE_SET = 16,      /* ADDITEMS on the result */
    USE_DICT = 32,     /* SETITEM(S) on the result */
    USE_ARRAY = 64,    /* a class that numpy's reconstruction may be given */
    USE_STORAGE = 128, /* a PyTorch storage class, for persistent ids */
    USE_TYPE = USE_CALL | USE_NEW | USE_BUILD,
    USE_MODEL = USE_NEW | USE_BUILD,
};

/* Which arguments the call must have (pickle_check.c). */
enum pickle_guard {
    GUARD_NONE,
    GUARD_CONTAINER,     /* none, or one container, text or bytes: no lengths */
    GUARD_ENCODE,        /* _codecs.encode(text, "latin1") */
    GUARD_GETATTR,       /* a listed class and a listed attribute of it */
    GUARD_RECONSTRUCTOR, /* copyreg._reconstructor and __newobj__: the class is in front */
    GUARD_NUMPY_RECONSTRUCT,
    GUARD_NUMPY_DTYPE,
    GUARD_NUMPY_WITH_DTYPE, /* a dtype, made as numpy makes it, among the arguments */
    GUARD_TORCH_LOAD,       /* bytes, which are scanned, too */
    GUARD_TORCH_REBUILD,    /* a function of torch._utils, and a tensor class */
};

struct pickle_row {
    const char *module;
    const char *names; /* separated by spaces */
    uint16_t uses;
    uint16_t guard;
};

struct pickle_profile {
    const char *name; /* "numpy", "scikit-learn", … */
    const struct pickle_row *rows;
    size_t count;
};

/* The row of a listed pair, or NULL. */
const struct pickle_row *pickle_listed(const char *module, const char *name);
/* What the danger is where the pair is surely dangerous ("runs programs"), else NULL. */
const char *pickle_denied(const char *module, const char *name);

/* Map a name of Python 2 as CPython 3 does below protocol 3; false where there is none. */
bool pickle_python2_name(const char **module, const char **name);

/* Is `word` one of the space-separated `words`? */
bool pickle_word_in(const char *word, size_t length, const char *words);

extern const struct pickle_profile pickle_profile_python, pickle_profile_numpy,
    pickle_profile_sklearn, pickle_profile_torch, pickle_profile_torch_modules,
    pickle_profile_boosting, pickle_profile_pandas, pickle_profile_scipy;

#endif
