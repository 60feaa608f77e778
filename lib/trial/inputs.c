/*
 * lib/trial/inputs.c - what goes into a suite, beside the bundle: the machine. Programs are not
 * read; a folder's time of modification changes when something is installed in it or removed.
 */
#include "trial/inputs.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "trial/data_run.h"
#include "trial/environment.h"
#include "trial/exam.h"
#include "trial/rival.h"
#include "trial/sandbox.h"
#include <glob.h>
#include <mlops/text.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define RELEASE_MAX 65536

static void add_folder(cJSON *folders, const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return;
    _cleanup_(free_string) char *text =
        xprintf("%s %lld.%09ld", path, (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    json_append_text(folders, text);
}

static void add_matching(cJSON *folders, const char *pattern)
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        add_folder(folders, found.gl_pathv[i]);
    globfree(&found);
}

/* A folder of programs, and the packages of the Pythons that may be among them. */
static void add_programs(cJSON *folders, const char *folder)
{
    static const char *const patterns[] = {"lib/python3*/site-packages",
                                           "lib/python3*/dist-packages",
                                           "versions/*/lib/python3*/site-packages", "version"};
    _cleanup_(free_string) char *prefix = path_parent(folder);
    add_folder(folders, folder);
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
        _cleanup_(free_string) char *pattern = path_join(prefix, patterns[i]);
        add_matching(folders, pattern);
    }
}

static void add_machine(cJSON *inputs)
{
    struct utsname name;
    struct mlops_error ignored = {0}; /* a machine without that file is told by the rest */
    _cleanup_(buffer_clear) struct buffer release = {0};
    cJSON *folders = json_add_array(inputs, "folders");
    const char *path = getenv("PATH"), *home = getenv("HOME");
    _cleanup_(free_string) char *copy = xstrdup(path ? path : "");
    char *rest = copy;
    for (char *folder; (folder = strsep(&rest, ":"));)
        if (folder[0] == '/')
            add_programs(folders, folder);
    _cleanup_(free_string) char *own = path_join(home ? home : "/", ".local/bin");
    add_programs(folders, own);
    add_folder(folders, "/usr/lib/python3/dist-packages");
    add_folder(folders, "/var/lib/dpkg/status");
    if (uname(&name) == 0)
        json_add_string(inputs, "machine", name.machine);
    if (file_read("/etc/os-release", RELEASE_MAX, &release, &ignored) == MLOPS_OK &&
        utf8_valid(release.data, release.length))
        json_add_string(inputs, "release", release.data);
}

static void add_environment(cJSON *inputs, const struct mlops_version *version,
                            const struct project_suite *suite)
{
    const struct environment_places places = {.scratch = "/tmp"};
    _cleanup_(free_strings) char **environment = environment_make(version, suite, &places);
    cJSON *array = json_add_array(inputs, "environment");
    for (char **entry = environment; *entry; entry++)
        if (utf8_valid(*entry, strlen(*entry)))
            json_append_text(array, *entry);
}

/* A demand with a letter in it may name a stage. */
static bool looks_at_stages(const struct project_suite *suite)
{
    for (size_t i = 0; i < suite->require_count; i++)
        if (strpbrk(suite->require[i].demand, "abcdefghijklmnopqrstuvwxyz"))
            return true;
    return false;
}

static int add_stages(struct mlops_registry *registry, const struct mlops_version *version,
                      cJSON *inputs, struct mlops_error *err)
{
    struct mlops_stage_list list = {0};
    cJSON *stages = json_add_object(inputs, "stages");
    TRY(mlops_stage_list(registry, version->model, &list, err));
    for (size_t i = 0; i < list.count; i++)
        json_add_string(stages, list.items[i].stage, list.items[i].version.bundle);
    mlops_stage_list_clear(&list);
    return MLOPS_OK;
}

/* The set that the name stands for now: another one of that name is another exam. */
static int add_evaluation(struct mlops_registry *registry, const struct mlops_version *version,
                          const struct project_suite *suite, cJSON *inputs, struct mlops_error *err)
{
    _cleanup_(mlops_evaluation_clear) struct mlops_evaluation set = {0};
    _cleanup_(free_string) char *name = exam_name(version, suite);
    if (!name)
        return MLOPS_OK;
    struct mlops_error unknown = {0}; /* the suite will say so */
    int code = mlops_evaluation_find(registry, name, &set, &unknown);
    if (code && code != MLOPS_NOT_FOUND && code != MLOPS_INVALID) {
        *err = unknown;
        return code;
    }
    json_add_string(inputs, "evaluation", code ? "" : set.bundle);
    return MLOPS_OK;
}

static void add_rival(void *context, const char *with, const struct mlops_version *version)
{
    cJSON *inputs = context, *rivals = cJSON_GetObjectItemCaseSensitive(inputs, "against");
    if (!rivals)
        rivals = json_add_object(inputs, "against");
    json_add_string(rivals, with, version ? version->bundle : "");
}

/* PRETTY_NAME of os-release(5), unquoted; "" where there is none. The caller frees. */
static char *system_name(void)
{
    struct mlops_error ignored = {0}; /* a machine without that file has no name */
    _cleanup_(buffer_clear) struct buffer text = {0};
    static const char key[] = "PRETTY_NAME=";
    if (file_read("/etc/os-release", RELEASE_MAX, &text, &ignored) ||
        !utf8_valid(text.data, text.length))
        return xstrdup("");
    const char *at = str_starts(text.data, key) ? text.data : strstr(text.data, "\nPRETTY_NAME=");
    if (!at)
        return xstrdup("");
    at += strlen(key) + (*at == '\n');
    at += *at == '"';
    return xstrndup(at, strcspn(at, "\"\n"));
}

void inputs_describe(const struct mlops_version *version, const struct project_suite *suite,
                     bool isolated, cJSON *body)
{
    struct utsname name;
    const struct environment_places places = {.home = isolated ? SANDBOX_HOME : NULL,
                                              .scratch = "/tmp",
                                              .tree = isolated ? SANDBOX_TREE : NULL};
    _cleanup_(free_strings) char **variables = environment_make(version, suite, &places);
    _cleanup_(free_string) char *system = system_name();
    cJSON *json = json_add_object(body, "environment"), *map;
    json_add_string(json, "system", system);
    if (uname(&name) == 0) {
        json_add_string(json, "kernel", name.release);
        json_add_string(json, "machine", name.machine);
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    json_add_u64(json, "processors", processors > 0 ? (uint64_t)processors : 0);
    json_add_string(json, "mlops", mlops_library_version());
    map = json_add_object(json, "variables");
    for (char **variable = variables; *variable; variable++) {
        char *value = strchr(*variable, '=');
        if (!value || !utf8_valid(*variable, strlen(*variable)))
            continue;
        *value = '\0';
        if (!cJSON_HasObjectItem(map, *variable)) /* what is there twice: the first counts */
            json_add_string(map, *variable, value + 1);
    }
}

int inputs_digest(struct mlops_registry *registry, const struct mlops_version *version,
                  const struct project_suite *suite, const char *const *against,
                  char hex[SHA256_HEX_SIZE], struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *inputs = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    json_add_string(inputs, "bundle", version->bundle); /* has the suite in it */
    json_add_string(inputs, "suite", suite->name);
    json_add_string(inputs, "mlops", mlops_library_version());
    if (!suite_reads_data(suite)) { /* which depends on neither */
        add_environment(inputs, version, suite);
        add_machine(inputs);
    }
    TRY(add_evaluation(registry, version, suite, inputs, err));
    if (looks_at_stages(suite))
        TRY(add_stages(registry, version, inputs, err));
    TRY(rivals_name(registry, version, suite, against, add_rival, inputs, err));
    TRY(json_write_canonical(inputs, &text, err));
    sha256_of(text.data, text.length, &digest);
    digest_to_hex(&digest, hex);
    return MLOPS_OK;
}
