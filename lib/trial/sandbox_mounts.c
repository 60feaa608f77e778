/*
 * lib/trial/sandbox_mounts.c - the files of the machine that a suite sees. What is named here is
 * there, read-only; all else is not: no home, no keys, no other projects, no registry.
 */
#include "trial/sandbox_mounts.h"
#include "base/path.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void arguments_add(struct arguments *arguments, const char *text)
{
    GROW(arguments->items, arguments->count, &arguments->capacity);
    arguments->items[arguments->count++] = xstrdup(text);
    GROW(arguments->items, arguments->count, &arguments->capacity);
    arguments->items[arguments->count] = NULL;
}

void arguments_add_all(struct arguments *arguments, const char *const *texts)
{
    for (; *texts; texts++)
        arguments_add(arguments, *texts);
}

/* Where programs and libraries are; on a merged /usr some are links. */
static const char *const system_folders[] = {"/usr",   "/bin",   "/sbin",      "/lib", "/lib32",
                                             "/lib64", "/libx32", "/opt",      "/nix/store",
                                             "/gnu/store", "/snap"};

/* What of /etc programs need to start: no keys, no passwords, no settings of services. */
static const char *const settings[] = {
    "alternatives", "bash.bashrc", "ca-certificates", "conda",       "fonts",       "gai.conf",
    "group",        "hosts",        "inputrc",     "java",            "ld.so.cache", "ld.so.conf",  "ld.so.conf.d",
    "locale.alias", "locale.conf", "localtime",       "magic",       "mime.types",  "nsswitch.conf",
    "OpenCL",       "passwd",      "pki/tls/certs",   "profile",     "profile.d",   "protocols",
    "python3",      "python3.9",   "python3.10",      "python3.11",  "python3.12",  "python3.13",
    "R",            "services",    "shells",          "ssl/certs",   "ssl/openssl.cnf", "terminfo",
    "timezone",     "vulkan"};

static const char *const network_settings[] = {"resolv.conf", "host.conf"};

static const char *const devices[] = {"/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2",
                                      "/dev/nvidia3", "/dev/nvidia4", "/dev/nvidia5",
                                      "/dev/nvidia6", "/dev/nvidia7", "/dev/nvidiactl",
                                      "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/kfd",
                                      "/dev/dri"};

/* `path` at its own place, as the link that it is where it is one. */
static void show(struct arguments *arguments, const char *path)
{
    struct stat status;
    char target[4096];
    ssize_t length;
    if (lstat(path, &status) < 0)
        return;
    if (S_ISLNK(status.st_mode) && (length = readlink(path, target, sizeof(target) - 1)) > 0) {
        target[length] = '\0';
        arguments_add_all(arguments, (const char *const[]){"--symlink", target, path, NULL});
        return;
    }
    arguments_add_all(arguments, (const char *const[]){"--ro-bind-try", path, path, NULL});
}

/* Folders that everybody may see anyway, or nobody: "/" would show all. */
static bool needs_showing(const char *folder)
{
    static const char *const hidden[] = {"/", "/home", "/root", "/etc", "/tmp", "/var", "/proc",
                                         "/sys", "/dev", "/run", "/boot", "/mnt", "/srv"};
    for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++)
        if (str_equal(folder, hidden[i]))
            return false;
    for (size_t i = 0; i < ARRAY_LENGTH(system_folders); i++) {
        size_t length = strlen(system_folders[i]);
        if (strncmp(folder, system_folders[i], length) == 0 &&
            (folder[length] == '/' || folder[length] == '\0'))
            return false;
    }
    return true;
}

static void show_folder(struct arguments *arguments, const char *folder)
{
    _cleanup_(free_string) char *real = realpath(folder, NULL);
    const char *home = getenv("HOME");
    if (folder[0] != '/' || !real || !needs_showing(real) || (home && str_equal(real, home)))
        return;
    arguments_add_all(arguments, (const char *const[]){"--ro-bind-try", real, folder, NULL});
    if (!str_equal(real, folder) && needs_showing(folder))
        arguments_add_all(arguments, (const char *const[]){"--ro-bind-try", real, real, NULL});
}

/* The interpreter that `folder` holds may be a link to one elsewhere, with its library beside it:
 * PREFIX/bin/python3 and PREFIX/lib. */
static void show_interpreter(struct arguments *arguments, const char *folder)
{
    _cleanup_(free_string) char *link = path_join(folder, "python3");
    _cleanup_(free_string) char *program = realpath(link, NULL);
    if (!program)
        return;
    _cleanup_(free_string) char *bin = path_parent(program);
    _cleanup_(free_string) char *prefix = path_parent(bin);
    if (str_equal(path_base(bin), "bin"))
        show_folder(arguments, prefix);
}

/* A folder of PATH; of a virtual environment the whole, and of managers of versions (pyenv, asdf,
 * mise), whose programs in "shims" lead to others beside it. */
static void show_program_folder(struct arguments *arguments, const char *folder)
{
    static const char *const marks[] = {"pyvenv.cfg", "conda-meta"};
    if (folder[0] != '/')
        return;
    _cleanup_(free_string) char *prefix = path_parent(folder);
    bool whole = str_equal(path_base(folder), "shims");
    for (size_t i = 0; i < ARRAY_LENGTH(marks) && !whole; i++) {
        _cleanup_(free_string) char *mark = path_join(prefix, marks[i]);
        whole = access(mark, F_OK) == 0;
    }
    if (whole)
        show_folder(arguments, prefix);
    show_folder(arguments, folder);
    show_interpreter(arguments, folder);
}

static void show_list(struct arguments *arguments, const char *list,
                      void (*show_one)(struct arguments *, const char *))
{
    _cleanup_(free_string) char *copy = xstrdup(list);
    char *rest = copy;
    for (char *folder; (folder = strsep(&rest, ":"));)
        show_one(arguments, folder);
}

static void show_settings(struct arguments *arguments, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        _cleanup_(free_string) char *path = path_join("/etc", names[i]);
        _cleanup_(free_string) char *real = realpath(path, NULL);
        if (real) /* through links that lead where the suite cannot follow: /run, /etc/static */
            arguments_add_all(arguments, (const char *const[]){"--ro-bind-try", real, path, NULL});
    }
}

void sandbox_mounts(struct arguments *arguments, bool network)
{
    for (size_t i = 0; i < ARRAY_LENGTH(system_folders); i++)
        show(arguments, system_folders[i]);
    show_settings(arguments, settings, ARRAY_LENGTH(settings));
    if (network)
        show_settings(arguments, network_settings, ARRAY_LENGTH(network_settings));
    arguments_add_all(arguments,
                      (const char *const[]){"--proc", "/proc", "--dev", "/dev", NULL});
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++)
        if (access(devices[i], F_OK) == 0)
            arguments_add_all(
                arguments, (const char *const[]){"--dev-bind-try", devices[i], devices[i], NULL});
}

void sandbox_mounts_named(struct arguments *arguments, char *const *environment)
{
    for (; *environment; environment++) {
        const char *value = strchr(*environment, '=') + 1;
        if (str_starts(*environment, "PATH="))
            show_list(arguments, value, show_program_folder);
        else if (str_starts(*environment, "VIRTUAL_ENV=") ||
                 str_starts(*environment, "CONDA_PREFIX="))
            show_folder(arguments, value);
        else if (str_starts(*environment, "PYTHONUSERBASE=")) {
            _cleanup_(free_string) char *library = path_join(value, "lib");
            show_folder(arguments, library);
        } else if (str_starts(*environment, "LD_LIBRARY_PATH="))
            show_list(arguments, value, show_folder);
    }
}
