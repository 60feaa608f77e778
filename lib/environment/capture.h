/*
 * lib/environment/capture.h - an environment as it is: interpreter, installed distributions, the
 * operating system and the machine, read from files without running anything.
 *
 * Format: JSON, "mlops-environment/1", described in docs/environment.md. Nothing in it says where
 * on the machine the environment is, so that two that are alike have the same bytes.
 */
#ifndef ENVIRONMENT_CAPTURE_H
#define ENVIRONMENT_CAPTURE_H
#include "environment/lock.h"
#include <cjson/cJSON.h>

#define CAPTURED_FORMAT "mlops-environment/1"

struct os_package {
    char *name, *version, *architecture;
};

struct captured {
    char *implementation;               /* "CPython"; NULL: no interpreter */
    char *python;                       /* "3.11.7" */
    struct lock packages;               /* sorted by kind and key */
    char *os_id, *os_version, *os_name; /* of os-release; NULL: not said */
    struct os_package *os_packages;     /* sorted by name and architecture */
    size_t os_package_count, os_package_capacity;
    char *machine;    /* "x86_64" */
    char *cpu;        /* "Intel(R) …", NULL: not said */
    char **cpu_flags; /* sorted */
    size_t cpu_flag_count;
    char *gpu_driver; /* "550.54.14"; NULL: none */
    char *cuda;       /* "12.4.1"; NULL: none */
};

struct capture_options {
    const char *venv; /* folder of a virtual or conda environment; NULL: VIRTUAL_ENV, CONDA_PREFIX,
                         `directory`/.venv, else the system's */
    const char *directory; /* NULL: the working directory */
    const char *root;      /* in the place of "/", for tests; NULL: "/" */
};

/*
 * Read the environment. The caller clears `captured`.
 * Errors: MLOPS_NOT_FOUND `venv` is no environment; MLOPS_INVALID what is in it is not what it must
 * be; MLOPS_IO.
 */
int capture(const struct capture_options *options, struct captured *captured,
            struct mlops_error *err);
void captured_clear(struct captured *captured);

/* Its JSON, and back. Errors: MLOPS_INVALID with `what`. */
cJSON *captured_to_json(const struct captured *captured);
int captured_parse(const char *text, size_t length, const char *what, struct captured *captured,
                   struct mlops_error *err);

/* Does the text look like such JSON? */
bool captured_is(const char *text, size_t length);
/* The packages of a captured environment, as any other lock. */
int lock_read_captured(const struct lock_options *options, struct lock *lock,
                       struct mlops_error *err);

/* ---- the parts (installed.c, machine.c) ---------------------------------------------------- */

/* What is installed in the environment whose prefix is `prefix`, with its interpreter. */
int capture_installed(const char *prefix, const char *root, struct captured *captured,
                      struct mlops_error *err);
/* OS, its packages, processor and GPU, from the files below `root`. */
int capture_machine(const char *root, struct captured *captured, struct mlops_error *err);

#endif
