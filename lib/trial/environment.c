/*
 * lib/trial/environment.c - the environment of a suite: what says where programs and devices are
 * and how people write, and nothing else, for the rest would make the result depend on who runs it.
 */
#include "trial/environment.h"
#include "trial/exam.h"
#include <ctype.h>
#include <unistd.h>

#define OURS_MAX 11 /* what is added, and the end */
#define PATH_DEFAULT "PATH=/usr/local/bin:/usr/bin:/bin"

/* Names, or with a '*' at the end the beginnings of names. docs/testing.md lists them. */
static const char *const kept[] = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TZ",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "CUDA_*",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
};

static bool is_kept(const char *entry)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        size_t length = strlen(kept[i]);
        bool beginning = kept[i][length - 1] == '*';
        if (beginning ? strncmp(entry, kept[i], length - 1) == 0
                      : strncmp(entry, kept[i], length) == 0 && entry[length] == '=')
            return true;
    }
    return false;
}

/* What pip installed for this user alone is in a home that a sandbox hides. */
static char *user_packages(void)
{
    const char *home = getenv("HOME");
    _cleanup_(free_string) char *library = home ? xprintf("%s/.local/lib", home) : NULL;
    if (!library || access(library, F_OK) < 0)
        return NULL;
    return xprintf("PYTHONUSERBASE=%s/.local", home);
}

static char **add_ours(char **end, const struct mlops_version *version,
                       const struct project_suite *suite, const struct environment_places *places)
{
    *end++ = xprintf("TMPDIR=%s", places->scratch);
    *end++ = xprintf("MLOPS_MODEL=%s", version->model);
    *end++ = xprintf("MLOPS_VERSION=%llu", (unsigned long long)version->number);
    *end++ = xprintf("MLOPS_SUITE=%s", suite->name);
    *end++ = xstrdup("PYTHONDONTWRITEBYTECODE=1");
    *end++ = xstrdup("PYTHONHASHSEED=0");
    for (size_t i = 0; i < suite->execution.parameter_count; i++) {
        const struct execution_parameter *parameter = &suite->execution.parameters[i];
        char *entry = xprintf("MLOPS_MATRIX_%s=%s", parameter->name, parameter->value);
        for (char *c = entry; *c != '='; c++)
            *c = (char)toupper((unsigned char)*c);
        *end++ = entry;
    }
    if (suite->evaluation)
        *end++ = xprintf("MLOPS_EVALUATION=%s/" EXAM_FILE, places->tree ? places->tree : "");
    if (!places->home)
        return end;
    *end++ = xprintf("HOME=%s", places->home);
    *end = user_packages();
    return *end ? end + 1 : end;
}

char **environment_make(const struct mlops_version *version, const struct project_suite *suite,
                        const struct environment_places *places)
{
    size_t count = 0;
    bool path = false;
    while (environ && environ[count])
        count++;
    char **environment =
        xcalloc(count + OURS_MAX + suite->execution.parameter_count, sizeof(*environment));
    char **end = environment;
    for (size_t i = 0; i < count; i++) {
        if (!is_kept(environ[i]) || (places->home && str_starts(environ[i], "HOME=")))
            continue;
        path = path || str_starts(environ[i], "PATH=");
        *end++ = xstrdup(environ[i]);
    }
    if (!path)
        *end++ = xstrdup(PATH_DEFAULT);
    (void)add_ours(end, version, suite, places);
    return environment;
}
