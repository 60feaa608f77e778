/*
 * lib/bundle/exchange.h - what the formats of other tools share: the project file that is made of a
 * foreign folder, and the folder that is made of a bundle.
 */
#ifndef BUNDLE_EXCHANGE_H
#define BUNDLE_EXCHANGE_H
#include "base/buffer.h"
#include "base/yaml.h"
#include "bundle/manifest.h"
#include <mlops/exchange.h>

#define FOREIGN_FILE_MAX (16U << 20) /* bytes of the file that describes a folder */

/* A project file that begins so was made by us, and is no part of the foreign folder. */
#define FOREIGN_MARK "# Made by 'mlops import "

/* A foreign folder while it is read; all lists are optional. */
struct foreign {
    const char *root;  /* borrowed */
    char *model;       /* NULL: nothing gave it a name */
    char *description; /* NULL: none */
    cJSON *code;       /* arrays of paths */
    cJSON *artifacts;
    cJSON *data; /* object from names to paths */
    char *environment;
    cJSON *params; /* objects */
    cJSON *metrics;
};

/* Read the file `name` of the folder. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID; MLOPS_IO. */
int foreign_read(const struct foreign *foreign, const char *name, struct buffer *text,
                 struct mlops_error *err);
/* Read it as YAML. The caller frees `*root`. */
int foreign_read_yaml(const struct foreign *foreign, const char *name, struct yaml_node **root,
                      struct mlops_error *err);
bool foreign_has(const struct foreign *foreign, const char *name);
/* The text of a map's member, whatever type it looks like; NULL where it is no single value. */
const char *foreign_text(const struct yaml_node *map, const char *key);
/* Copy the member `key` of `map` into `object`, where it is there: single values as texts. */
void foreign_keep(const struct yaml_node *map, const char *key, cJSON *object);
/* The lock file that a folder of a Python model has: the first of those that is there, or NULL. The
 * caller frees. */
char *foreign_environment(const struct foreign *foreign);
/* A name for a snapshot out of any text: [A-Za-z0-9._-], not in `taken`. The caller frees. */
char *foreign_name(const char *text, const char *fallback, const cJSON *taken);

/* The project file of what was read. `format` and `file` say where it is from. */
void foreign_write_project(const struct foreign *foreign, const char *format, const char *file,
                           struct buffer *out);
void foreign_clear(struct foreign *foreign);

int foreign_read_mlflow(struct foreign *foreign, struct mlops_error *err);
int foreign_read_kitfile(struct foreign *foreign, struct mlops_error *err);
int foreign_read_huggingface(struct foreign *foreign, struct mlops_error *err);

/* A bundle while it is written for another tool. */
struct folder_writer {
    struct mlops_registry *registry;
    const char *ref;
    struct mlops_version version;
    struct manifest manifest;
    const char *leave_out; /* PROJECT_FILE where it was made by an import, else NULL */
    char *tree;            /* the folder that is being made; not there yet */
};

/* Lay the files below `from` of the bundle out in the folder `to` of the tree ("." for itself). */
int folder_writer_lay(const struct folder_writer *writer, const char *from, const char *to,
                      struct mlops_error *err);
/* Write one more file into the tree. */
int folder_writer_put(const struct folder_writer *writer, const char *name,
                      const struct buffer *text, struct mlops_error *err);

int folder_write_mlflow(struct folder_writer *writer, struct mlops_error *err);
int folder_write_kitfile(struct folder_writer *writer, struct mlops_error *err);

#endif
