/*
 * lib/bundle/package_suites.c - what the commands of suites name that is in the project's folder
 * and will not be in the bundle. A suite sees the bundle alone, so that it would fail where its
 * author, who has the file, does not understand why.
 *
 * It is a guess by words, no shell: it warns, and decides nothing.
 */
#include "base/file.h"
#include "base/path.h"
#include "bundle/packaging.h"

#define SEPARATORS " \t\r\n\"'`=:;,|&()<>{}"

static bool is_outside_data(const struct project *project, const char *path)
{
    for (size_t i = 0; i < project->data_count; i++)
        if (project->data[i].external && str_equal(project->data[i].path, path))
            return true;
    return false;
}

/* Is it here, and neither packaged nor known to be elsewhere nor what the suite itself writes? */
static bool is_left_behind(const struct packaging *packaging, const struct project_suite *suite,
                           const char *word)
{
    struct mlops_error ignored = {0};
    _cleanup_(free_string) char *path = NULL;
    if (*word == '/' || *word == '-' || !strpbrk(word, "./") ||
        path_normalize(word, &path, &ignored) || str_equal(path, ".") ||
        (suite->predictions && str_equal(path, suite->predictions)))
        return false;
    _cleanup_(free_string) char *here = path_join(packaging->root, path);
    return path_exists(here) && !walk_find(&packaging->walk, path) &&
           !is_outside_data(&packaging->project, path);
}

static void look_at(const struct packaging *packaging, const struct project_suite *suite)
{
    bool written = false; /* what stands behind a '>' */
    for (const char *at = suite->run; *at;) {
        size_t gap = strspn(at, SEPARATORS);
        for (size_t i = 0; i < gap; i++)
            written = at[i] == '>' || (written && at[i] == ' ');
        at += gap;
        size_t length = strcspn(at, SEPARATORS);
        _cleanup_(free_string) char *word = xstrndup(at, length);
        if (length > 0 && !written && is_left_behind(packaging, suite, word))
            registry_warn(packaging->registry,
                          PROJECT_FILE ": tests: '%s' names '%s', which is here and not packaged: "
                                       "the suite will not see it unless 'code' or 'data' has it",
                          suite->name, word);
        written = false;
        at += length;
    }
}

void package_check_suites(const struct packaging *packaging)
{
    const struct project *project = &packaging->project;
    for (size_t i = 0; !packaging->source && i < project->suite_count; i++)
        if (project->suites[i].run)
            look_at(packaging, &project->suites[i]);
}
