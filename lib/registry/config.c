/* lib/registry/config.c - settings out of files and the environment. */
#include "base/file.h"
#include "base/path.h"
#include "base/yaml.h"
#include <errno.h>
#include <mlops/config.h>
#include <mlops/text.h>
#include <pwd.h>
#include <unistd.h>

#define FILE_NAME "config.yaml"
#define FILE_MAX (1u << 20)
#define VALUE_MAX 4096

/* ---- the settings -------------------------------------------------------------------------- */

static bool is_duration(const char *text)
{
    struct mlops_error none = {0};
    int64_t duration;
    return mlops_duration_parse(text, &duration, &none) == MLOPS_OK;
}

static bool is_color(const char *text)
{
    return str_equal(text, "auto") || str_equal(text, "always") || str_equal(text, "never");
}

static bool is_count(const char *text)
{
    return strlen(text) <= 2 && strspn(text, "0123456789") == strlen(text) && atoi(text) > 0 &&
           atoi(text) <= 64;
}

static bool is_line(const char *text)
{
    if (!*text || strlen(text) > VALUE_MAX || !utf8_valid(text, strlen(text)))
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static const struct known {
    const char *key, *meaning, *variable, *fallback;
    bool (*is)(const char *text);
    const char *what;   /* a value is */
    bool of_registries; /* may stand in a registry's file, for all who use it */
} known[] = {
    {"registry", "the registry to use where none is in this folder or above it", "MLOPS_REGISTRY",
     NULL, is_line, "a path or an address", false},
    {"actor", "who is recorded in the log (default: user@host)", "MLOPS_ACTOR", NULL, is_line,
     "a name such as ada@example.com", false},
    {"lock-timeout", "how long to wait for others who write", NULL, "30s", is_duration,
     "a duration such as 30s", false},
    {"color", "colours: auto (on terminals), always or never", NULL, "auto", is_color,
     "auto, always or never", false},
    {"pager", "what shows output that is longer than the screen; cat: nothing", "PAGER", "less",
     is_line, "a command", false},
    {"keys", "the folder of your signing keys", "MLOPS_KEYS", NULL, is_line, "a folder", false},
    {"advisories", "known vulnerabilities, for scan and test", "MLOPS_ADVISORIES", NULL, is_line,
     "a file or folder", true},
    {"threads", "how many cores to use (default: all)", "MLOPS_THREADS", NULL, is_count,
     "a number from 1 to 64", false},
};

static const struct known *find_known(const char *key)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (str_equal(known[i].key, key))
            return &known[i];
    return NULL;
}

static int unknown(const char *key, struct mlops_error *err)
{
    const char *names[ARRAY_LENGTH(known) + 1] = {NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        names[i] = known[i].key;
    const char *near = mlops_suggest(key, names);
    mlops_fail(err, MLOPS_INVALID, "there is no setting '%s'", key);
    return near ? mlops_hint(err, "did you mean '%s'?", near)
                : mlops_hint(err, "'mlops config list' shows all of them");
}

static int check_value(const struct known *setting, const char *value, struct mlops_error *err)
{
    if (is_line(value) && setting->is(value))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' must be %s", setting->key, setting->what);
}

/* ---- files --------------------------------------------------------------------------------- */

/* The caller frees. */
static char *user_file(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && *config)
        return xprintf("%s/mlops/" FILE_NAME, config);
    const struct passwd *entry = home && *home ? NULL : getpwuid(geteuid());
    return xprintf("%s/.config/mlops/" FILE_NAME, entry ? entry->pw_dir : home ? home : "");
}

/* A file's map, or an empty one. */
static int read_file(const char *path, struct yaml_node **root, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    *root = NULL;
    if (!path_exists(path))
        return MLOPS_OK;
    TRY(file_read(path, FILE_MAX, &text, err));
    TRY(yaml_parse(text.data ? text.data : "", text.length, path, root, err));
    if ((*root)->kind == YAML_MAP || (*root)->kind == YAML_NULL)
        return MLOPS_OK;
    yaml_free(TAKE_PTR(*root));
    return mlops_fail(err, MLOPS_INVALID, "%s: settings are lines of 'key: value'", path);
}

static int check_item(const struct yaml_node *item, bool of_registry, const char *path,
                      struct mlops_error *err)
{
    const struct known *setting = find_known(item->key);
    int code = MLOPS_OK;
    if (!setting)
        code = unknown(item->key, err);
    else if (of_registry && !setting->of_registries)
        code = mlops_fail(err, MLOPS_INVALID, "'%s' is a setting of users, not of registries",
                          item->key);
    else if (item->kind == YAML_NULL)
        return MLOPS_OK;
    else
        code = check_value(setting, item->kind == YAML_SCALAR ? item->text : "", err);
    return code ? mlops_wrap(err, "%s:%d", path, item->line) : MLOPS_OK;
}

static void set(struct mlops_setting *setting, const char *value, enum mlops_config_origin origin,
                const char *where)
{
    free(setting->value);
    free(setting->where);
    setting->value = xstrdup(value);
    setting->where = xstrdup(where);
    setting->origin = origin;
}

static int apply_file(const char *path, enum mlops_config_origin origin,
                      struct mlops_settings *settings, struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(read_file(path, &root, err));
    for (size_t i = 0; root && i < root->count; i++) {
        const struct yaml_node *item = root->items[i];
        TRY(check_item(item, origin == MLOPS_CONFIG_REGISTRY, path, err));
        if (item->kind == YAML_SCALAR)
            set(&settings->items[find_known(item->key) - known], item->text, origin, path);
    }
    return MLOPS_OK;
}

static int read_all(const char *registry, struct mlops_settings *settings, struct mlops_error *err)
{
    _cleanup_(free_string) char *user = user_file();
    settings->items = xcalloc(ARRAY_LENGTH(known), sizeof(*settings->items));
    settings->count = ARRAY_LENGTH(known);
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        settings->items[i] =
            (struct mlops_setting){.key = known[i].key,
                                   .meaning = known[i].meaning,
                                   .variable = known[i].variable,
                                   .value = known[i].fallback ? xstrdup(known[i].fallback) : NULL};
    TRY(apply_file(user, MLOPS_CONFIG_USER, settings, err));
    if (registry) {
        _cleanup_(free_string) char *file = path_join(registry, FILE_NAME);
        TRY(apply_file(file, MLOPS_CONFIG_REGISTRY, settings, err));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        const char *value = known[i].variable ? getenv(known[i].variable) : NULL;
        if (value && *value)
            set(&settings->items[i], value, MLOPS_CONFIG_ENVIRONMENT, known[i].variable);
    }
    return MLOPS_OK;
}

int mlops_settings_read(const char *registry, struct mlops_settings *settings,
                        struct mlops_error *err)
{
    *settings = (struct mlops_settings){0};
    int code = read_all(registry, settings, err);
    if (code)
        mlops_settings_clear(settings);
    return code;
}

void mlops_settings_clear(struct mlops_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        free(settings->items[i].value);
        free(settings->items[i].where);
    }
    free(settings->items);
    *settings = (struct mlops_settings){0};
}

const struct mlops_setting *mlops_settings_find(const struct mlops_settings *settings,
                                                const char *key)
{
    for (size_t i = 0; i < settings->count; i++)
        if (str_equal(settings->items[i].key, key))
            return &settings->items[i];
    return NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* In single quotes, where YAML reads all as it stands. */
static void put_line(struct buffer *out, const char *key, const char *value)
{
    buffer_printf(out, "%s: '", key);
    for (; *value; value++)
        buffer_printf(out, "%s%c", *value == '\'' ? "'" : "", *value);
    buffer_puts(out, "'\n");
}

int mlops_setting_write(const char *key, const char *value, const char *registry, char **path,
                        struct mlops_error *err)
{
    const struct known *setting = find_known(key);
    _cleanup_(free_string) char *file = registry ? path_join(registry, FILE_NAME) : user_file();
    _cleanup_(free_string) char *folder = path_parent(file);
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (!setting)
        return unknown(key, err);
    if (value)
        TRY(check_value(setting, value, err));
    if (registry && !setting->of_registries)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is a setting of users, not of registries", key);
    TRY(read_file(file, &root, err));
    for (size_t i = 0; root && i < root->count; i++)
        if (!str_equal(root->items[i]->key, key)) /* what is wrong is not lost silently */
            TRY(check_item(root->items[i], registry != NULL, file, err));
    buffer_puts(&text, "# Settings of mlops; 'mlops config' reads and writes them.\n");
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        const struct yaml_node *item = root ? yaml_get(root, known[i].key) : NULL;
        const char *old = item && item->kind == YAML_SCALAR ? item->text : NULL;
        const char *now = &known[i] == setting ? value : old;
        if (now)
            put_line(&text, known[i].key, now);
    }
    TRY(directory_make(folder, 0700, err));
    TRY(file_write_durable(file, text.data, text.length, 0644, err));
    if (path)
        *path = TAKE_PTR(file);
    return MLOPS_OK;
}

const char *mlops_config_origin_name(enum mlops_config_origin origin)
{
    static const char *const names[] = {[MLOPS_CONFIG_DEFAULT] = "default",
                                        [MLOPS_CONFIG_USER] = "user",
                                        [MLOPS_CONFIG_REGISTRY] = "registry",
                                        [MLOPS_CONFIG_ENVIRONMENT] = "environment",
                                        [MLOPS_CONFIG_FLAG] = "flag"};
    return names[origin];
}
