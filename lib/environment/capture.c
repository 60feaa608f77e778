/* lib/environment/capture.c - captured environments as JSON, and which one is meant. */
#include "environment/capture.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include <unistd.h>

void captured_clear(struct captured *captured)
{
    free(captured->implementation);
    free(captured->python);
    lock_clear(&captured->packages);
    free(captured->os_id);
    free(captured->os_version);
    free(captured->os_name);
    for (size_t i = 0; i < captured->os_package_count; i++) {
        free(captured->os_packages[i].name);
        free(captured->os_packages[i].version);
        free(captured->os_packages[i].architecture);
    }
    free(captured->os_packages);
    free(captured->machine);
    free(captured->cpu);
    for (size_t i = 0; i < captured->cpu_flag_count; i++)
        free(captured->cpu_flags[i]);
    free(captured->cpu_flags);
    free(captured->gpu_driver);
    free(captured->cuda);
    *captured = (struct captured){0};
}

/* ---- to JSON ------------------------------------------------------------------------------- */

static cJSON *distribution_to_json(const struct distribution *item)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "kind", item->kind == DISTRIBUTION_CONDA ? "conda" : "pypi");
    json_add_string(json, "name", item->name);
    json_add_text(json, "version", item->version);
    json_add_text(json, "build", item->build);
    json_add_text(json, "source", item->source);
    json_add_text(json, "content", item->content);
    if (item->hash_count == 0)
        return json;
    cJSON *hashes = json_add_array(json, "hashes");
    for (size_t i = 0; i < item->hash_count; i++)
        json_append_text(hashes, item->hashes[i]);
    return json;
}

static void add_os(cJSON *json, const struct captured *captured)
{
    cJSON *os = json_add_object(json, "os");
    json_add_text(os, "id", captured->os_id);
    json_add_text(os, "version", captured->os_version);
    json_add_text(os, "name", captured->os_name);
    cJSON *packages = json_add_array(os, "packages");
    for (size_t i = 0; i < captured->os_package_count; i++) {
        const struct os_package *package = &captured->os_packages[i];
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "name", package->name);
        json_add_string(item, "version", package->version);
        json_add_text(item, "architecture", package->architecture);
        cJSON_AddItemToArray(packages, item);
    }
}

cJSON *captured_to_json(const struct captured *captured)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "format", CAPTURED_FORMAT);
    if (captured->python) {
        cJSON *interpreter = json_add_object(json, "interpreter");
        json_add_text(interpreter, "implementation", captured->implementation);
        json_add_string(interpreter, "version", captured->python);
    }
    cJSON *packages = json_add_array(json, "distributions");
    for (size_t i = 0; i < captured->packages.count; i++)
        cJSON_AddItemToArray(packages, distribution_to_json(&captured->packages.items[i]));
    add_os(json, captured);
    cJSON *cpu = json_add_object(json, "cpu");
    json_add_text(cpu, "machine", captured->machine);
    json_add_text(cpu, "model", captured->cpu);
    cJSON *flags = json_add_array(cpu, "flags");
    for (size_t i = 0; i < captured->cpu_flag_count; i++)
        json_append_text(flags, captured->cpu_flags[i]);
    if (captured->gpu_driver || captured->cuda) {
        cJSON *gpu = json_add_object(json, "gpu");
        json_add_text(gpu, "driver", captured->gpu_driver);
        json_add_text(gpu, "cuda", captured->cuda);
    }
    return json;
}

/* ---- from JSON ----------------------------------------------------------------------------- */

static int read_distribution(const cJSON *json, const char *what, struct lock *lock,
                             struct mlops_error *err)
{
    const char *name = json_string(json, "name", "");
    const cJSON *hash;
    if (!*name)
        return mlops_fail(err, MLOPS_INVALID, "%s: a distribution has no name", what);
    TRY(lock_check_room(lock, what, err));
    struct distribution *item =
        lock_add(lock,
                 str_equal(json_string(json, "kind", "pypi"), "conda") ? DISTRIBUTION_CONDA
                                                                       : DISTRIBUTION_PYPI,
                 name, strlen(name), 0);
    item->version = json_copy_text(json, "version");
    item->build = json_copy_text(json, "build");
    item->source = json_copy_text(json, "source");
    item->content = json_copy_text(json, "content");
    item->pin = item->version ? PIN_VERSION : PIN_NONE;
    item->text = item->version ? xprintf("%s==%s", name, item->version) : xstrdup(name);
    cJSON_ArrayForEach(hash, cJSON_GetObjectItemCaseSensitive(json, "hashes"))
    {
        if (cJSON_IsString(hash))
            distribution_add_hash(item, hash->valuestring);
    }
    return MLOPS_OK;
}

static void read_os(const cJSON *os, struct captured *captured)
{
    const cJSON *item;
    captured->os_id = json_copy_text(os, "id");
    captured->os_version = json_copy_text(os, "version");
    captured->os_name = json_copy_text(os, "name");
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(os, "packages"))
    {
        if (!json_string(item, "name", NULL) || !json_string(item, "version", NULL))
            continue;
        GROW(captured->os_packages, captured->os_package_count, &captured->os_package_capacity);
        captured->os_packages[captured->os_package_count++] =
            (struct os_package){.name = json_copy_text(item, "name"),
                                .version = json_copy_text(item, "version"),
                                .architecture = json_copy_text(item, "architecture")};
    }
}

static void read_cpu(const cJSON *cpu, struct captured *captured)
{
    const cJSON *flags = cJSON_GetObjectItemCaseSensitive(cpu, "flags"), *flag;
    captured->machine = json_copy_text(cpu, "machine");
    captured->cpu = json_copy_text(cpu, "model");
    if (!cJSON_IsArray(flags))
        return;
    captured->cpu_flags = xcalloc((size_t)cJSON_GetArraySize(flags), sizeof(char *));
    cJSON_ArrayForEach(flag, flags)
    {
        if (cJSON_IsString(flag))
            captured->cpu_flags[captured->cpu_flag_count++] = xstrdup(flag->valuestring);
    }
}

static int read_all(const cJSON *root, const char *what, struct captured *captured,
                    struct mlops_error *err)
{
    const cJSON *interpreter = cJSON_GetObjectItemCaseSensitive(root, "interpreter"), *item;
    const cJSON *gpu = cJSON_GetObjectItemCaseSensitive(root, "gpu");
    if (!str_equal(json_string(root, "format", ""), CAPTURED_FORMAT))
        return mlops_fail(err, MLOPS_INVALID, "%s: its format is not " CAPTURED_FORMAT, what);
    captured->packages.format = LOCK_CAPTURED;
    captured->implementation = json_copy_text(interpreter, "implementation");
    captured->python = json_copy_text(interpreter, "version");
    if (captured->python)
        captured->packages.python = xprintf("==%s", captured->python);
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "distributions")))
        return mlops_fail(err, MLOPS_INVALID, "%s: it has no list of distributions", what);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "distributions"))
    {
        TRY(read_distribution(item, what, &captured->packages, err));
    }
    read_os(cJSON_GetObjectItemCaseSensitive(root, "os"), captured);
    read_cpu(cJSON_GetObjectItemCaseSensitive(root, "cpu"), captured);
    captured->gpu_driver = json_copy_text(gpu, "driver");
    captured->cuda = json_copy_text(gpu, "cuda");
    return MLOPS_OK;
}

int captured_parse(const char *text, size_t length, const char *what, struct captured *captured,
                   struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *root = NULL;
    *captured = (struct captured){0};
    TRY(json_parse(text, length, what, &root, err));
    int code = read_all(root, what, captured, err);
    if (code)
        captured_clear(captured);
    return code;
}

bool captured_is(const char *text, size_t length)
{
    return memmem(text, length, "\"" CAPTURED_FORMAT "\"", strlen(CAPTURED_FORMAT) + 2) != NULL;
}

int lock_read_captured(const struct lock_options *options, struct lock *lock,
                       struct mlops_error *err)
{
    _cleanup_(captured_clear) struct captured captured = {0};
    TRY(captured_parse(options->text, options->length, options->path, &captured, err));
    struct lock read = captured.packages;
    captured.packages = *lock;
    read.included = TAKE_PTR(captured.packages.included); /* the lock's own name */
    read.included_count = captured.packages.included_count;
    captured.packages.included_count = 0;
    *lock = read;
    return MLOPS_OK;
}

/* ---- which environment --------------------------------------------------------------------- */

static int compare_distributions(const void *a, const void *b)
{
    const struct distribution *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return strcmp(left->key, right->key);
}

/* The folder of the environment in use; NULL: the system's. The caller frees. */
static char *find_prefix(const struct capture_options *options)
{
    static const char *const variables[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    if (options->venv)
        return xstrdup(options->venv);
    for (size_t i = 0; i < ARRAY_LENGTH(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            return xstrdup(value);
    }
    char *beside = path_join(options->directory ? options->directory : ".", ".venv");
    _cleanup_(free_string) char *sign = path_join(beside, "pyvenv.cfg");
    if (path_exists(sign))
        return beside;
    free(beside);
    return NULL;
}

/* The system's Python is a link to "python3.11", whose package says the rest of its version. */
static void find_system_python(const char *root, struct captured *captured)
{
    _cleanup_(free_string) char *path = path_join(root, "usr/bin/python3");
    char name[64] = "";
    ssize_t length = readlink(path, name, sizeof(name) - 1);
    if (length <= 0)
        return;
    name[length] = '\0';
    for (size_t i = 0; i < captured->os_package_count; i++) {
        const struct os_package *package = &captured->os_packages[i];
        if (!str_equal(package->name, path_base(name)))
            continue;
        captured->python = xstrndup(package->version, strspn(package->version, "0123456789."));
        captured->implementation = xstrdup("CPython");
        return;
    }
}

int capture(const struct capture_options *options, struct captured *captured,
            struct mlops_error *err)
{
    const char *root = options->root ? options->root : "/";
    _cleanup_(free_string) char *prefix = find_prefix(options);
    *captured = (struct captured){0};
    captured->packages.format = LOCK_CAPTURED;
    int code = capture_installed(prefix, root, captured, err);
    if (code == MLOPS_OK)
        code = capture_machine(root, captured, err);
    if (code) {
        captured_clear(captured);
        return code;
    }
    if (!prefix)
        find_system_python(root, captured);
    if (captured->python)
        captured->packages.python = xprintf("==%s", captured->python);
    struct lock *packages = &captured->packages;
    if (packages->count > 0)
        qsort(packages->items, packages->count, sizeof(*packages->items), compare_distributions);
    return MLOPS_OK;
}
