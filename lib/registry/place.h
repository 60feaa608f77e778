/*
 * lib/registry/place.h - where a registry's folder is: its name, its layout's number, the search
 * for it.
 *
 *     .mlops/format        which layout this is
 *     .mlops/log.key       what signs the heads of the log (log_checkpoint.c)
 *     .mlops/registry.db   models, versions, stages, evidence, log (schema.c)
 *     .mlops/objects/      the store
 *     .mlops/shared.json   where database and store are instead, of a shared registry (shared.h)
 *     .mlops/tmp/          private work of running commands
 *     .mlops/writer        who writes now, for messages
 */
#ifndef REGISTRY_PLACE_H
#define REGISTRY_PLACE_H
#include "registry/handle.h"

#define PLACE_FOLDER ".mlops"

/* The folder that holds the registry's files: `location` itself or PLACE_FOLDER in it; `*is` where
 * there is one. The caller frees. */
int place_folder_of(const char *location, char **folder, bool *is, struct mlops_error *err);
int place_is_registry(const char *folder, bool *is, struct mlops_error *err);
/* The folder that a command uses, absolute; the caller frees. Errors: MLOPS_NOT_FOUND. */
int place_find(const struct mlops_registry_options *options, char **location,
               struct mlops_error *err);
/* Errors: MLOPS_INTEGRITY not a format file; MLOPS_INVALID made by a newer mlops. */
int place_format_check(const char *location, struct mlops_error *err);
int place_format_write(const char *location, struct mlops_error *err);

#endif
