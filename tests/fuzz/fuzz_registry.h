/* tests/fuzz/fuzz_registry.h - a registry in a folder of its own, for fuzzers that need one; the
 * folder is removed at the end. */
#ifndef TESTS_FUZZ_REGISTRY_H
#define TESTS_FUZZ_REGISTRY_H
#include "base/file.h"
#include "registry/registry.h"
#include <stdio.h>
#include <stdlib.h>

static struct mlops_registry *registry;
static char *folder;

/* What does not depend on the fuzzed bytes does not fail. */
static inline void must(int code, const struct mlops_error *err)
{
    if (code) {
        (void)fprintf(stderr, "%s\n", err->message);
        abort();
    }
}

static inline void fuzz_registry_end(void)
{
    struct mlops_error err = {0};
    mlops_registry_close(registry);
    (void)tree_remove(folder, &err); /* in /tmp */
}

/* Makes `folder`, has `make` lay a registry out in it, and opens that as `registry`. */
static inline void fuzz_registry_begin(int (*make)(const char *path, struct mlops_error *err))
{
    struct mlops_error err = {0};
    must(directory_make_temporary("/tmp", "fuzz-registry", &folder, &err), &err);
    must(make(folder, &err), &err);
    must(mlops_registry_open(
             &(struct mlops_registry_options){.location = folder, .actor = "fuzz@host"}, &registry,
             &err),
         &err);
    (void)atexit(fuzz_registry_end);
}

#endif
