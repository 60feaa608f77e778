/*
 * lib/registry/scratch.h - private folders of running commands, and the end of those whose command
 * was killed. Their names are "KIND-PID@HOST-XXXXXX", so that others can tell whose they are.
 */
#ifndef REGISTRY_SCRATCH_H
#define REGISTRY_SCRATCH_H
#include "registry/registry.h"

/* A new folder in the registry's scratch folder for work of kind "import" or the like; the caller
 * removes it and frees the path. */
int scratch_make(struct mlops_registry *registry, const char *kind, char **path,
                 struct mlops_error *err);

/* Remove folders of processes of this machine that are no more, where they are older than
 * `grace_ns`, and of other machines where they are older than any command runs. Best effort: what
 * cannot be removed now is left to the next time. */
void scratch_sweep_folders(const struct mlops_registry *registry, int64_t grace_ns);

#endif
