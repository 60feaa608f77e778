/*
 * lib/base/dynload.h - libraries that only some commands need, loaded when they are needed, so
 * that `mlops list` does not pay for libgit2's start-up.
 *
 * A user lists the functions once with an X-macro and gets a struct of typed pointers:
 *
 *     #define GIT_FUNCTIONS(X) X(git_libgit2_init) X(git_repository_open_ext)
 *     struct git_api { GIT_FUNCTIONS(DYNLOAD_MEMBER) };
 *     #define SYMBOL(f) {#f, offsetof(struct git_api, f)},
 *     static const struct dynload_symbol symbols[] = { GIT_FUNCTIONS(SYMBOL) };
 */
#ifndef BASE_DYNLOAD_H
#define BASE_DYNLOAD_H
#include "base/util.h"

struct dynload_symbol {
    const char *name;
    size_t offset; /* of the pointer in the caller's struct */
};

#define DYNLOAD_MEMBER(function) __typeof__(&function) function;

/* Open the first of `sonames` (NULL-terminated) that is there and fill `api`. The library stays
 * loaded. Errors: MLOPS_NOT_FOUND none is there (hint: install `package`); MLOPS_IO a symbol is
 * missing. */
int dynload_open(const char *const *sonames, const char *package,
                 const struct dynload_symbol *symbols, size_t count, void *api,
                 struct mlops_error *err);

#endif
