/* lib/environment/machine.c - the operating system, its packages, the processor and the GPU, from
 * the files that say so: os-release(5), dpkg's status, /proc/cpuinfo, /proc/driver/nvidia/version,
 * CUDA's version.json. What is not there is not said. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "environment/capture.h"
#include <sys/utsname.h>

#define FILE_MAX (64u << 20)

/* The content of a file below the root; false where it cannot be read. */
static bool read_below(const char *root, const char *path, struct buffer *text)
{
    struct mlops_error none = {0};
    _cleanup_(free_string) char *whole = path_join(root, path);
    buffer_reset(text);
    return file_read(whole, FILE_MAX, text, &none) == MLOPS_OK && text->length > 0;
}

/* The value behind `key` at the beginning of a line, to its end, without quotes; NULL: none. */
static char *line_value(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) != 0)
            continue;
        const char *value = line + length + strspn(line + length, " \t:=");
        size_t size = strcspn(value, "\n");
        while (size > 0 && strchr(" \t\r\"'", value[size - 1]))
            size--;
        while (size > 0 && (*value == '"' || *value == '\'')) {
            value++;
            size--;
        }
        return size && utf8_valid(value, size) ? xstrndup(value, size) : NULL;
    }
    return NULL;
}

static void read_release(const char *root, struct captured *captured)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (!read_below(root, "etc/os-release", &text) &&
        !read_below(root, "usr/lib/os-release", &text))
        return;
    captured->os_id = line_value(text.data, "ID=");
    captured->os_version = line_value(text.data, "VERSION_ID=");
    captured->os_name = line_value(text.data, "PRETTY_NAME=");
}

/* ---- dpkg ---------------------------------------------------------------------------------- */

static void add_package(struct captured *captured, char *name, char *version, char *architecture)
{
    GROW(captured->os_packages, captured->os_package_count, &captured->os_package_capacity);
    captured->os_packages[captured->os_package_count++] =
        (struct os_package){.name = name, .version = version, .architecture = architecture};
}

/* One paragraph of dpkg's status, whose end is a NUL in the place of its empty line. */
static void take_paragraph(struct captured *captured, const char *text)
{
    _cleanup_(free_string) char *status = line_value(text, "Status:");
    _cleanup_(free_string) char *name = line_value(text, "Package:");
    _cleanup_(free_string) char *version = line_value(text, "Version:");
    if (name && version && status && str_ends(status, " installed"))
        add_package(captured, TAKE_PTR(name), TAKE_PTR(version), line_value(text, "Architecture:"));
}

static void read_dpkg(const char *root, struct captured *captured)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (!read_below(root, "var/lib/dpkg/status", &text))
        return;
    for (char *paragraph = text.data, *end; paragraph; paragraph = end) {
        end = strstr(paragraph, "\n\n");
        if (end) {
            *end = '\0';
            end += 2;
        }
        take_paragraph(captured, paragraph);
    }
}

static int compare_packages(const void *a, const void *b)
{
    const struct os_package *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    if (order)
        return order;
    return strcmp(left->architecture ? left->architecture : "",
                  right->architecture ? right->architecture : "");
}

/* ---- processor and GPU --------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_cpu(const char *root, struct captured *captured)
{
    struct utsname names;
    _cleanup_(buffer_clear) struct buffer text = {0};
    captured->machine = uname(&names) == 0 ? xstrdup(names.machine) : NULL;
    if (!read_below(root, "proc/cpuinfo", &text))
        return;
    captured->cpu = line_value(text.data, "model name");
    _cleanup_(free_string) char *flags = line_value(text.data, "flags");
    if (!flags)
        flags = line_value(text.data, "Features"); /* as ARM's kernels call them */
    char *state = NULL;
    for (char *flag = flags ? strtok_r(flags, " ", &state) : NULL; flag;
         flag = strtok_r(NULL, " ", &state)) {
        captured->cpu_flags =
            xrealloc(captured->cpu_flags, captured->cpu_flag_count + 1, sizeof(char *));
        captured->cpu_flags[captured->cpu_flag_count++] = xstrdup(flag);
    }
    if (captured->cpu_flag_count > 0)
        qsort(captured->cpu_flags, captured->cpu_flag_count, sizeof(char *), compare_texts);
}

static bool is_version_word(const char *word)
{
    return strchr(word, '.') && strspn(word, "0123456789.") == strlen(word);
}

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 …" */
static void read_gpu(const char *root, struct captured *captured)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    static const char *const places[] = {"usr/local/cuda/version.json", "opt/cuda/version.json"};
    if (read_below(root, "proc/driver/nvidia/version", &text)) {
        _cleanup_(free_string) char *line = line_value(text.data, "NVRM version");
        char *state = NULL;
        for (char *word = line ? strtok_r(line, " \t", &state) : NULL;
             word && !captured->gpu_driver; word = strtok_r(NULL, " \t", &state))
            if (is_version_word(word))
                captured->gpu_driver = xstrdup(word);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(places) && !captured->cuda; i++) {
        _cleanup_(json_free) cJSON *json = NULL;
        struct mlops_error none = {0};
        if (!read_below(root, places[i], &text) ||
            json_parse(text.data, text.length, places[i], &json, &none))
            continue;
        const char *version =
            json_string(cJSON_GetObjectItemCaseSensitive(json, "cuda"), "version", NULL);
        captured->cuda = version ? xstrdup(version) : NULL;
    }
}

int capture_machine(const char *root, struct captured *captured, struct mlops_error *err)
{
    (void)err; /* what cannot be read is not said */
    read_release(root, captured);
    read_dpkg(root, captured);
    if (captured->os_package_count > 0)
        qsort(captured->os_packages, captured->os_package_count, sizeof(*captured->os_packages),
              compare_packages);
    read_cpu(root, captured);
    read_gpu(root, captured);
    return MLOPS_OK;
}
