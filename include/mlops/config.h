/*
 * include/mlops/config.h - settings of a user and of a registry, and where each comes from.
 *
 * A flag stands above the environment, that above the registry's file, that above the user's file,
 * that above the default. Files hold no secrets: there is no setting for one.
 */
#ifndef MLOPS_CONFIG_H
#define MLOPS_CONFIG_H
#include <mlops/error.h>
MLOPS_BEGIN

enum mlops_config_origin {
    MLOPS_CONFIG_DEFAULT,
    MLOPS_CONFIG_USER,        /* $XDG_CONFIG_HOME/mlops/config.yaml, else ~/.config/… */
    MLOPS_CONFIG_REGISTRY,    /* config.yaml in the registry's folder */
    MLOPS_CONFIG_ENVIRONMENT, /* a variable */
    MLOPS_CONFIG_FLAG,        /* the command line; only the program knows */
};

struct mlops_setting {
    const char *key;      /* "lock-timeout" */
    const char *meaning;  /* one line */
    const char *variable; /* of the environment; NULL: none */
    char *value;          /* NULL: not set, and no default */
    enum mlops_config_origin origin;
    char *where; /* the file or variable; NULL for a default */
};

struct mlops_settings {
    struct mlops_setting *items; /* in the order of the list of settings */
    size_t count;
};

/*
 * Read all settings. `registry` is its folder, NULL: none. The caller clears `settings`.
 * Errors: MLOPS_INVALID a file is malformed, with its line, or a value is none of its setting;
 * MLOPS_IO.
 */
MLOPS_API int mlops_settings_read(const char *registry, struct mlops_settings *settings,
                                  struct mlops_error *err);
MLOPS_API void mlops_settings_clear(struct mlops_settings *settings);
/* The setting or NULL. */
MLOPS_API const struct mlops_setting *mlops_settings_find(const struct mlops_settings *settings,
                                                          const char *key);

/*
 * Write a setting into the user's file, or into that of the registry whose folder is `registry`;
 * `value` NULL takes it out. Comments of the file are lost. `*path` (may be NULL) is the file; the
 * caller frees it.
 * Errors: MLOPS_INVALID no such setting, or not a value of it, or not one of a registry; MLOPS_IO.
 */
MLOPS_API int mlops_setting_write(const char *key, const char *value, const char *registry,
                                  char **path, struct mlops_error *err);

/* "default", "user", "registry", "environment", "flag". */
MLOPS_API const char *mlops_config_origin_name(enum mlops_config_origin origin);

MLOPS_END
#endif
