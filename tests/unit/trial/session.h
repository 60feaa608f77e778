/*
 * tests/unit/trial/session.h - a registry and a project folder of its own for each test, and
 * versions made of it. Afterwards nothing may be left running or lying about.
 */
#ifndef TEST_TRIAL_SESSION_H
#define TEST_TRIAL_SESSION_H
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <dirent.h>
#include <errno.h>
#include <mlops/mlops.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct session {
    char *folder;  /* that holds .mlops */
    char *project; /* the project's folder */
    struct mlops_registry *registry;
    struct mlops_error err;
    struct mlops_test_report report;
    struct buffer warnings, progress; /* what the observer was told, a line each */
    bool cancel;                      /* what the observer says */
};

#define assert_ok(s, expression)                                                                   \
    do {                                                                                           \
        memset(&(s)->err, 0, sizeof((s)->err));                                                    \
        int got_ = (expression);                                                                   \
        if (got_ != MLOPS_OK)                                                                      \
            print_error("%s\n", (s)->err.message);                                                 \
        assert_int_equal(MLOPS_OK, got_);                                                          \
    } while (0)

#define assert_fails(s, wanted, expression)                                                        \
    do {                                                                                           \
        memset(&(s)->err, 0, sizeof((s)->err));                                                    \
        int got_ = (expression);                                                                   \
        if (got_ != (wanted))                                                                      \
            print_error("%s\n", (s)->err.message);                                                 \
        assert_int_equal((wanted), got_);                                                          \
        assert_int_equal((wanted), (s)->err.code);                                                 \
    } while (0)

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not contain '%s'", text, part);
}

#define assert_says(s, part) assert_contains((s)->err.message, (part))

static inline void session_warn(void *context, const char *message)
{
    buffer_printf(&((struct session *)context)->warnings, "%s\n", message);
}

static inline void session_progress(void *context, const char *activity, uint64_t done,
                                    uint64_t total)
{
    buffer_printf(&((struct session *)context)->progress, "%s %llu/%llu\n", activity,
                  (unsigned long long)done, (unsigned long long)total);
}

static inline bool session_cancelled(void *context)
{
    return ((struct session *)context)->cancel;
}

static inline struct mlops_registry *open_as(struct session *s, const char *actor)
{
    struct mlops_registry *registry = NULL;
    const struct mlops_registry_options options = {.location = s->folder,
                                                   .actor = actor,
                                                   .observer = {.context = s,
                                                                .progress = session_progress,
                                                                .warn = session_warn,
                                                                .cancelled = session_cancelled}};
    assert_ok(s, mlops_registry_open(&options, &registry, &s->err));
    return registry;
}

static inline int session_setup(void **state)
{
    struct session *s = xcalloc(1, sizeof(*s));
    bool created;
    unsetenv("MLOPS_REGISTRY");
    assert_ok(s, directory_make_temporary("/tmp", "test-trial", &s->folder, &s->err));
    s->project = path_join(s->folder, "project");
    assert_int_equal(0, mkdir(s->project, 0755));
    assert_ok(s, mlops_registry_init(s->folder, &created, &s->err));
    s->registry = open_as(s, "alice@host");
    *state = s;
    return 0;
}

/* How many names the registry's scratch folder holds. */
static inline size_t count_scratch(const struct session *s)
{
    _cleanup_(free_string) char *path = path_join(s->folder, ".mlops/tmp");
    DIR *folder = opendir(path);
    size_t count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count > 2 ? count - 2 : 0; /* "." and ".." */
}

static inline int session_teardown(void **state)
{
    struct session *s = *state;
    assert_int_equal(0, count_scratch(s));
    assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
    assert_int_equal(ECHILD, errno); /* no child, neither running nor dead */
    mlops_test_report_clear(&s->report);
    mlops_registry_close(s->registry);
    assert_ok(s, tree_remove(s->folder, &s->err));
    buffer_clear(&s->warnings);
    buffer_clear(&s->progress);
    free(s->project);
    free(s->folder);
    free(s);
    return 0;
}

#define session_test(name) cmocka_unit_test_setup_teardown(name, session_setup, session_teardown)

static inline void given_file(struct session *s, const char *name, const char *content)
{
    _cleanup_(free_string) char *path = path_join(s->project, name);
    assert_ok(s, file_write_durable(path, content, strlen(content), 0644, &s->err));
}

/* Package the project with this mlops.yaml; its id is in `package`. */
static inline void given_packaged(struct session *s, const char *yaml,
                                  struct mlops_package *package)
{
    given_file(s, "mlops.yaml", yaml);
    const struct mlops_package_options options = {.directory = s->project};
    assert_ok(s, mlops_package_directory(s->registry, &options, package, &s->err));
}

/* A command that sleeps for longer than any test. No other process on the machine, another run of
 * the same test neither, sleeps as long: session_sleeps says whether it runs. The caller frees. */
static inline char *session_sleeper(void)
{
    return xprintf("sleep 7301.%ld", (long)getpid());
}

static inline bool session_sleeps(void)
{
    _cleanup_(free_string) char *sleeper = session_sleeper();
    _cleanup_(free_string) char *command = xprintf("pgrep -f '^%s$' >/dev/null", sleeper);
    return system(command) == 0;
}

/* `text` with that command for each "SLEEPER". The caller frees. */
static inline char *session_name_sleeper(const char *text)
{
    _cleanup_(free_string) char *sleeper = session_sleeper();
    struct buffer named = {0};
    for (const char *at; (at = strstr(text, "SLEEPER")); text = at + strlen("SLEEPER"))
        buffer_printf(&named, "%.*s%s", (int)(at - text), text, sleeper);
    buffer_puts(&named, text);
    return buffer_steal(&named);
}

/* "SLEEPER" in the YAML is that command. */
static inline struct mlops_version given_version(struct session *s, const char *yaml)
{
    struct mlops_package package;
    struct mlops_version version;
    bool created;
    _cleanup_(free_string) char *named = session_name_sleeper(yaml);
    given_packaged(s, named, &package);
    assert_ok(s, mlops_register(s->registry, package.bundle, &version, &created, &s->err));
    return version;
}

/* Evidence as a run of the suite would leave it; `metrics` is a JSON object. */
static inline void given_evidence(struct session *s, const struct mlops_version *version,
                                  const char *suite, const char *status, const char *metrics)
{
    struct transaction *tx = NULL;
    _cleanup_(free_string) char *body = xprintf("{\"metrics\":%s}", metrics);
    assert_ok(s, transaction_begin(s->registry, &tx, &s->err));
    assert_ok(s, evidence_record(tx, version->bundle, "test", suite, status, body, &s->err));
    assert_ok(s, transaction_commit(tx, &s->err));
}

/* Scan the version, which is safe, and leave the evidence. */
static inline void given_scanned(struct session *s, const struct mlops_version *version)
{
    struct mlops_scan_report report;
    const struct mlops_scan_options options = {.ref = version->bundle};
    assert_ok(s, mlops_scan(s->registry, &options, &report, &s->err));
    assert_int_equal(MLOPS_SCAN_SAFE, report.verdict);
    mlops_scan_report_clear(&report);
}

/* Put a version into a stage past all gates. */
static inline void given_in_stage(struct session *s, const struct mlops_version *version,
                                  const char *stage, uint64_t expected)
{
    struct transaction *tx = NULL;
    assert_ok(s, transaction_begin(s->registry, &tx, &s->err));
    assert_ok(s, stage_push(tx, version, stage, expected, NULL, NULL, &s->err));
    assert_ok(s, transaction_commit(tx, &s->err));
}

static inline void assert_log_is_sound(struct session *s)
{
    uint64_t size;
    char root[65];
    assert_ok(s, mlops_log_verify(s->registry, NULL, &size, root, &s->err));
}

#endif
