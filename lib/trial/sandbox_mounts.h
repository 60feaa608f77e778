/* lib/trial/sandbox_mounts.h - which files of the machine a suite sees. */
#ifndef TRIAL_SANDBOX_MOUNTS_H
#define TRIAL_SANDBOX_MOUNTS_H
#include "base/util.h"

/* Arguments of a command, growing. Zeroed is empty. */
struct arguments {
    char **items; /* NULL-terminated once arguments_add was called */
    size_t count, capacity;
};
void arguments_add(struct arguments *arguments, const char *text);
/* As many as there are, up to a NULL. */
void arguments_add_all(struct arguments *arguments, const char *const *texts);

/* Add what makes the machine's programs and libraries visible, read-only: system folders, the parts
 * of /etc that say how to find libraries and names, and devices. The configuration of the resolver
 * is among them only with `network`. */
void sandbox_mounts(struct arguments *arguments, bool network);

/* Add what PATH, VIRTUAL_ENV and the like in `environment` name. */
void sandbox_mounts_named(struct arguments *arguments, char *const *environment);

#endif
