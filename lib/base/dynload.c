/* lib/base/dynload.c - libraries loaded when they are needed. */
#include "base/dynload.h"
#include <dlfcn.h>

int dynload_open(const char *const *sonames, const char *package,
                 const struct dynload_symbol *symbols, size_t count, void *api,
                 struct mlops_error *err)
{
    void *library = NULL;
    for (const char *const *name = sonames; *name && !library; name++)
        library = dlopen(*name, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        mlops_fail(err, MLOPS_NOT_FOUND, "load %s: %s", sonames[0], dlerror());
        return mlops_hint(err, "install it: apt install %s", package);
    }
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol)
            return mlops_fail(err, MLOPS_IO, "%s has no function %s", sonames[0], symbols[i].name);
        memcpy((char *)api + symbols[i].offset, &symbol, sizeof(symbol));
    }
    return MLOPS_OK; /* the library stays loaded: `api` points into it */
}
