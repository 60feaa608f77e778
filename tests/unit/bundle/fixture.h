/*
 * tests/unit/bundle/fixture.h - a project folder and a registry of its own for each test.
 */
#ifndef TEST_BUNDLE_FIXTURE_H
#define TEST_BUNDLE_FIXTURE_H
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <fcntl.h>
#include <mlops/bundle.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char *folder;  /* holds everything */
    char *project; /* the project folder */
    struct mlops_registry *registry;
    struct mlops_error err;
    char warnings[2048]; /* all that the observer was told, one a line */
};

#define assert_ok(f, expression)                                                                   \
    do {                                                                                           \
        memset(&(f)->err, 0, sizeof((f)->err));                                                    \
        int got_ = (expression);                                                                   \
        if (got_ != MLOPS_OK)                                                                      \
            print_error("%s (%s)\n", (f)->err.message, (f)->err.hint);                             \
        assert_int_equal(MLOPS_OK, got_);                                                          \
    } while (0)

#define assert_fails(f, wanted, expression)                                                        \
    do {                                                                                           \
        memset(&(f)->err, 0, sizeof((f)->err));                                                    \
        int got_ = (expression);                                                                   \
        if (got_ != (wanted))                                                                      \
            print_error("%s\n", (f)->err.message);                                                 \
        assert_int_equal((wanted), got_);                                                          \
        assert_int_equal((wanted), (f)->err.code);                                                 \
    } while (0)

#define assert_message(f, text) assert_string_equal((text), (f)->err.message)
#define assert_hint(f, text) assert_string_equal((text), (f)->err.hint)
#define assert_says(f, part)                                                                       \
    do {                                                                                           \
        if (!strstr((f)->err.message, (part)))                                                     \
            fail_msg("'%s' does not say '%s'", (f)->err.message, (part));                          \
    } while (0)
#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("'%s' is not in '%s'", (part), (text));                                       \
    } while (0)

static inline void take_warning(void *context, const char *message)
{
    struct fixture *f = context;
    size_t length = strlen(f->warnings);
    snprintf(f->warnings + length, sizeof(f->warnings) - length, "%s\n", message);
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    bool created;
    unsetenv("MLOPS_REGISTRY");
    umask(022);
    assert_ok(f, directory_make_temporary("/tmp", "test-bundle", &f->folder, &f->err));
    f->project = path_join(f->folder, "project");
    assert_int_equal(0, mkdir(f->project, 0755));
    assert_ok(f, mlops_registry_init(f->folder, &created, &f->err));
    assert_ok(
        f, mlops_registry_open(
               &(struct mlops_registry_options){.location = f->folder,
                                                .actor = "alice@host",
                                                .observer = {.context = f, .warn = take_warning}},
               &f->registry, &f->err));
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    mlops_registry_close(f->registry);
    assert_ok(f, tree_remove(f->folder, &f->err));
    free(f->project);
    free(f->folder);
    free(f);
    return 0;
}

#define bundle_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Write a file of the project, with the folders above it. */
static inline void given_file(struct fixture *f, const char *path, const char *content)
{
    char *full = path_join(f->project, path), *parent = path_parent(full);
    assert_ok(f, directory_make(parent, 0755, &f->err));
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_ok(f, fd_write_full(fd, content, strlen(content), &f->err));
    close(fd);
    free(parent);
    free(full);
}

static inline void given_link(struct fixture *f, const char *path, const char *target)
{
    char *full = path_join(f->project, path), *parent = path_parent(full);
    assert_ok(f, directory_make(parent, 0755, &f->err));
    assert_int_equal(0, symlink(target, full));
    free(parent);
    free(full);
}

/* Run a shell command in the fixture's folder; its exit status. */
static inline int shell(struct fixture *f, const char *command)
{
    char *line = xprintf("cd '%s' && exec >>shell.log 2>&1; %s", f->folder, command);
    int status = system(line);
    free(line);
    return status;
}

static inline char *in_folder(const struct fixture *f, const char *name)
{
    return path_join(f->folder, name);
}

static inline int package(struct fixture *f, struct mlops_package *result)
{
    return mlops_package_directory(
        f->registry, &(struct mlops_package_options){.directory = f->project}, result, &f->err);
}

/* Check `ref` out into `name` of the fixture's folder. */
static inline int checkout(struct fixture *f, const char *ref, const char *name)
{
    struct mlops_checkout done;
    char *path = in_folder(f, name);
    int code = mlops_checkout(f->registry, ref, path, NULL, &done, &f->err);
    free(path);
    return code;
}

/* A small project with one of everything. */
static inline void given_project(struct fixture *f)
{
    given_file(f, "mlops.yaml",
               "model: fraud\n"
               "description: Card-fraud scorer\n"
               "code: [train.py, features/]\n"
               "params: params.yaml\n"
               "artifacts: [model/]\n"
               "metrics: metrics.json\n"
               "environment: requirements.lock\n"
               "data:\n"
               "  train: {path: data/train.csv, target: is_fraud, time: ts, role: reference}\n"
               "tests:\n"
               "  smoke: {kind: unit, run: 'true', timeout: 5m}\n"
               "  holdout:\n"
               "    kind: performance\n"
               "    run: python3 predict.py\n"
               "    predictions: out/predictions.csv\n"
               "    score: p\n"
               "    label: is_fraud\n"
               "    require: {recall: '>= 0.85', auc: '>= production - 0.01'}\n"
               "train: {run: python3 train.py, data: train}\n"
               "monitor: {score: p, latency_p99: 250ms, error_rate: 0.5%}\n");
    given_file(f, "train.py", "print('train')\n");
    given_file(f, "features/__init__.py", "");
    given_file(f, "features/amount.py", "LIMIT = 10\n");
    given_file(f, "features/__pycache__/amount.cpython-311.pyc", "compiled");
    given_file(f, "params.yaml", "depth: 3\nrate: 0.25\nnested: {list: [1, 'a', true, null]}\n");
    given_file(f, "model/weights.bin", "abc");
    given_file(f, "metrics.json", "{\"auc\": 0.75, \"folds\": [0.5, 1], \"undefined\": null}");
    given_file(f, "requirements.lock", "numpy==1.24.2\n");
    given_file(f, "data/train.csv",
               "ts,amount,country,is_fraud\n"
               "2026-01-01,1.5,DE,0\n"
               "2026-01-02,2.5,FR,1\n"
               "2026-01-03,,DE,0\n");
}

#endif
