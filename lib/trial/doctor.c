/* lib/trial/doctor.c - this machine looked over: libraries that are loaded when they are needed,
 * the sandbox, disk space, clock, keys, and the registry. */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <mlops/config.h>
#include <mlops/doctor.h>
#include <mlops/sandbox.h>
#include <stdarg.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SPACE_MIN (1ull << 30)                   /* bytes: below it a large model does not fit */
#define CLOCK_MIN_NS (1767225600LL * 1000000000) /* 1 January 2026: this code is not older */

static void add(struct mlops_doctor_report *report, const char *name,
                enum mlops_finding_level level, const char *advice, const char *format, ...)
    MLOPS_PRINTF(5, 6);
static void add(struct mlops_doctor_report *report, const char *name,
                enum mlops_finding_level level, const char *advice, const char *format, ...)
{
    struct buffer found = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&found, format, arguments);
    va_end(arguments);
    GROW(report->items, report->count, &report->capacity);
    report->items[report->count++] =
        (struct mlops_doctor_check){.name = name,
                                    .level = level,
                                    .found = buffer_steal(&found),
                                    .advice = advice && *advice ? xstrdup(advice) : NULL};
}

/* ---- libraries --------------------------------------------------------------------------- */

static void look_for_libraries(struct mlops_doctor_report *report)
{
    static const struct {
        const char *name, *sonames[5], *advice;
    } libraries[] = {
        {"git",
         {"libgit2.so.1.5", "libgit2.so.1.7", "libgit2.so.1.9", "libgit2.so"},
         "apt install libgit2-1.5: package records the commit with it"},
        {"archives",
         {"libarchive.so.13", "libarchive.so"},
         "apt install libarchive13: export, import and scan of 7z need it"},
        {"servers",
         {"libcurl.so.4", "libcurl-gnutls.so.4"},
         "apt install libcurl4: registries in S3 need it"},
        {"postgresql", {"libpq.so.5"}, "apt install libpq5: registries in PostgreSQL need it"},
        {"bzip2", {"libbz2.so.1.0", "libbz2.so.1"}, "apt install libbz2-1.0: to scan .bz2"},
        {"xz", {"liblzma.so.5"}, "apt install liblzma5: to scan .xz"},
        {"lz4", {"liblz4.so.1"}, "apt install liblz4-1: to scan .lz4"},
        {"duckdb",
         {"libduckdb.so"},
         "say in MLOPS_DUCKDB where libduckdb.so of duckdb.org is: Parquet files need it"},
    };
    const char *duckdb = getenv("MLOPS_DUCKDB");
    for (size_t i = 0; i < ARRAY_LENGTH(libraries); i++) {
        void *library = NULL;
        const char *const named[] = {duckdb, NULL};
        bool is_named = str_equal(libraries[i].name, "duckdb") && duckdb && *duckdb;
        const char *const *soname = is_named ? named : libraries[i].sonames;
        for (size_t j = 0; soname[j] && !library; j++)
            library = dlopen(soname[j], RTLD_LAZY | RTLD_LOCAL);
        if (library)
            add(report, libraries[i].name, MLOPS_FINDING_GOOD, NULL, "its library is there");
        else
            add(report, libraries[i].name, MLOPS_FINDING_NOTE, libraries[i].advice,
                "%s is not there", soname[0]);
        if (library)
            (void)dlclose(library);
    }
}

static void look_at_sandbox(struct mlops_doctor_report *report)
{
    struct mlops_sandbox_check check;
    mlops_sandbox_check(&check);
    bool full = check.level == MLOPS_SANDBOX_FULL;
    add(report, "sandbox", full ? MLOPS_FINDING_GOOD : MLOPS_FINDING_NOTE, check.hint, "%s%s%s",
        mlops_sandbox_level_name(check.level), full ? "" : ": ",
        full                ? ""
        : *check.bubblewrap ? check.bubblewrap
                            : check.seccomp);
}

/* ---- clock, keys ------------------------------------------------------------------------- */

static void look_at_clock(struct mlops_doctor_report *report)
{
    char text[32];
    int64_t now_ns = clock_now_ns();
    mlops_time_format(now_ns, text);
    if (now_ns < CLOCK_MIN_NS)
        add(report, "clock", MLOPS_FINDING_BAD,
            "set the clock, as with chrony or systemd-timesyncd: signatures and the log bear times",
            "%s lies in the past", text);
    else
        add(report, "clock", MLOPS_FINDING_GOOD, NULL, "%s", text);
}

/* Private keys in a folder, and how many of them others may read. */
static int count_keys(const char *folder, size_t *keys, size_t *open, struct mlops_error *err)
{
    _cleanup_(folder_close) DIR *directory = opendir(folder);
    if (!directory)
        return errno == ENOENT ? MLOPS_OK
                               : mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", folder);
    for (;;) {
        const struct dirent *entry;
        struct stat status;
        TRY(folder_next(directory, folder, &entry, err));
        if (!entry)
            return MLOPS_OK;
        if (!str_ends(entry->d_name, ".key") ||
            fstatat(dirfd(directory), entry->d_name, &status, 0) != 0)
            continue;
        ++*keys;
        *open += (status.st_mode & 077) != 0;
    }
}

/* Private keys that others may read are no secret. */
static void look_at_keys(struct mlops_doctor_report *report)
{
    const char *named = getenv("MLOPS_KEYS"), *config = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");
    _cleanup_(free_string) char *folder = named && *named ? xstrdup(named)
                                          : config && *config
                                              ? xprintf("%s/mlops/keys", config)
                                              : xprintf("%s/.config/mlops/keys", home ? home : "");
    size_t keys = 0, open = 0;
    struct mlops_error why = {0};
    _cleanup_(free_string) char *advice = xprintf("chmod 600 %s/*.key", folder);
    if (count_keys(folder, &keys, &open, &why))
        add(report, "keys", MLOPS_FINDING_BAD, NULL, "cannot look at them: %s", why.message);
    else if (open > 0)
        add(report, "keys", MLOPS_FINDING_BAD, advice,
            "%zu of %zu private keys in %s can be read "
            "by others",
            open, keys, folder);
    else
        add(report, "keys", MLOPS_FINDING_GOOD, NULL, "%zu in %s", keys, folder);
}

/* ---- registry ---------------------------------------------------------------------------- */

static void look_at_disk(struct mlops_doctor_report *report, const char *location)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } shared[] = {{0x6969, "NFS"},        {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},
                  {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"}, {0x00c36400, "CephFS"}};
    struct statvfs space;
    struct statfs kind;
    if (statvfs(location, &space) == 0) {
        unsigned long long left = (unsigned long long)space.f_bavail * space.f_frsize;
        bool little = left < SPACE_MIN;
        add(report, "disk", little ? MLOPS_FINDING_BAD : MLOPS_FINDING_GOOD,
            little ? "make room: 'mlops gc' removes what no version needs" : NULL,
            "%.1f GB are free", (double)left / 1e9);
    }
    if (statfs(location, &kind) != 0)
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(shared); i++)
        if ((unsigned long)kind.f_type == shared[i].magic) {
            add(report, "file system", MLOPS_FINDING_NOTE,
                "SQLite's locks may not hold there when several machines write: use PostgreSQL for "
                "a registry that they share",
                "the registry lies on %s", shared[i].name);
            return;
        }
    add(report, "file system", MLOPS_FINDING_GOOD, NULL, "is of this machine");
}

static void look_at_log_key(struct mlops_doctor_report *report, const char *location)
{
    _cleanup_(free_string) char *path = path_join(location, "log.key");
    _cleanup_(free_string) char *advice = xprintf("chmod 600 %s", path);
    struct stat status;
    if (stat(path, &status) != 0)
        return; /* it is kept elsewhere, as MLOPS_LOG_KEY says */
    bool open = (status.st_mode & 007) != 0;
    add(report, "log key", open ? MLOPS_FINDING_BAD : MLOPS_FINDING_GOOD, open ? advice : NULL,
        open ? "%s can be read by others" : "%s is not for others", path);
}

static void look_at_registry(struct mlops_doctor_report *report,
                             const struct mlops_registry_options *options)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *registry = NULL;
    struct mlops_error why = {0};
    int code = mlops_registry_open(options, &registry, &why);
    if (code) {
        add(report, "registry", code == MLOPS_NOT_FOUND ? MLOPS_FINDING_NOTE : MLOPS_FINDING_BAD,
            why.hint, "%s", why.message);
        return;
    }
    const char *location = mlops_registry_location(registry);
    struct stat status;
    if (stat(location, &status) != 0) { /* not a folder of this machine */
        add(report, "registry", MLOPS_FINDING_GOOD, NULL, "%s answers", location);
        return;
    }
    if (access(location, W_OK) != 0)
        add(report, "registry", MLOPS_FINDING_NOTE,
            "ask its keeper for the right to write, if you are to change it",
            "%s can be read, not written", location);
    else
        add(report, "registry", MLOPS_FINDING_GOOD, NULL, "%s can be read and written", location);
    look_at_disk(report, location);
    look_at_log_key(report, location);
}

static void look_at_settings(struct mlops_doctor_report *report)
{
    struct mlops_settings settings = {0};
    struct mlops_error why = {0};
    if (mlops_settings_read(NULL, &settings, &why))
        add(report, "settings", MLOPS_FINDING_BAD, "correct the file: it is not used", "%s",
            why.message);
    else
        add(report, "settings", MLOPS_FINDING_GOOD, NULL, "can be read");
    mlops_settings_clear(&settings);
}

int mlops_doctor(const struct mlops_registry_options *options, struct mlops_doctor_report *report,
                 struct mlops_error *err)
{
    (void)err; /* what fails here is a finding */
    *report = (struct mlops_doctor_report){.healthy = true};
    look_at_registry(report, options);
    look_at_settings(report);
    look_at_keys(report);
    look_at_clock(report);
    look_at_sandbox(report);
    look_for_libraries(report);
    for (size_t i = 0; i < report->count; i++)
        report->healthy = report->healthy && report->items[i].level != MLOPS_FINDING_BAD;
    return MLOPS_OK;
}

void mlops_doctor_report_clear(struct mlops_doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->items[i].found);
        free(report->items[i].advice);
    }
    free(report->items);
    *report = (struct mlops_doctor_report){0};
}
