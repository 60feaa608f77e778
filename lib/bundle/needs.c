/* lib/bundle/needs.c - suites that wait for others. */
#include "bundle/needs.h"
#include <mlops/text.h>

static bool is_called(const struct project_suite *suite, const char *name)
{
    const char *group = suite->execution.group;
    return str_equal(suite->name, name) || (group && str_equal(group, name));
}

bool needs(const struct project_suite *suite, const struct project_suite *other)
{
    for (char **need = suite->execution.needs; need && *need; need++)
        if (is_called(other, *need))
            return true;
    return false;
}

static int check_name(const struct project *project, const struct project_suite *suite,
                      const char *name, struct mlops_error *err)
{
    const char **names = xcalloc(project->suite_count + 1, sizeof(*names));
    bool known = false;
    for (size_t i = 0; i < project->suite_count; i++) {
        names[i] = project->suites[i].name;
        known = known || is_called(&project->suites[i], name);
    }
    const char *near = known ? NULL : mlops_suggest(name, names);
    free(names);
    if (known)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "suite '%s' needs '%s', which is no suite%s%s%s",
                      suite->name, name, near ? " (did you mean '" : "", near ? near : "",
                      near ? "'?)" : "");
}

/* Take away what needs nothing that is left, until nothing can be taken: what remains waits for
 * itself. */
static int check_circles(const struct project *project, struct mlops_error *err)
{
    bool *done = xcalloc(project->suite_count, sizeof(*done)), more = true;
    size_t left = project->suite_count, stuck = 0;
    while (more) {
        more = false;
        for (size_t i = 0; i < project->suite_count; i++) {
            bool waits = false;
            for (size_t j = 0; j < project->suite_count && !waits && !done[i]; j++)
                waits = !done[j] && needs(&project->suites[i], &project->suites[j]);
            if (waits)
                stuck = i;
            if (waits || done[i])
                continue;
            done[i] = more = true;
            left--;
        }
    }
    free(done);
    if (left == 0)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "suite '%s' needs what needs itself",
                      project->suites[stuck].name);
}

int needs_check(const struct project *project, struct mlops_error *err)
{
    bool any = false;
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct project_suite *suite = &project->suites[i];
        for (char **need = suite->execution.needs; need && *need; need++) {
            TRY(check_name(project, suite, *need, err));
            any = true;
        }
        for (size_t j = 0; j < i; j++) {
            const struct project_suite *other = &project->suites[j];
            const char *group = suite->execution.group ? suite->execution.group
                                                       : other->execution.group;
            if (group && str_equal(suite->name, other->name))
                return mlops_fail(err, MLOPS_INVALID, "the matrix of '%s' makes a second suite '%s'",
                                  group, suite->name);
        }
    }
    return any ? check_circles(project, err) : MLOPS_OK;
}
