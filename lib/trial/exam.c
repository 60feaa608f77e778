/* lib/trial/exam.c - evaluation sets beside suites: rows before, labels afterwards. */
#include "trial/exam.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/evaluation.h"
#include "registry/registry.h"

char *exam_name(const struct mlops_version *version, const struct project_suite *suite)
{
    if (!suite->evaluation)
        return NULL;
    return strchr(suite->evaluation, '/') ? xstrdup(suite->evaluation)
                                          : xprintf("%s/%s", version->model, suite->evaluation);
}

int exam_prepare(const struct trial *trial, bool *ready, struct mlops_error *err)
{
    struct mlops_evaluation *set = &trial->outcome->evaluation;
    struct mlops_error stuck = {0};
    _cleanup_(free_string) char *name = exam_name(trial->version, trial->suite);
    *ready = true;
    if (!name)
        return MLOPS_OK;
    mlops_evaluation_clear(set);
    int code = mlops_evaluation_find(trial->registry, name, set, &stuck);
    if (code == MLOPS_NOT_FOUND || code == MLOPS_INVALID) {
        *ready = false;
        mlops_evaluation_clear(set);
        trial_set_status(trial, MLOPS_SUITE_ERROR, "%s", stuck.message);
        return MLOPS_OK;
    }
    if (code)
        *err = stuck;
    TRY(code);
    /* one that was packaged under that name is not the registry's */
    _cleanup_(free_string) char *path = path_join(trial->tree, EXAM_FILE);
    TRY(tree_remove(path, err));
    return evaluation_lay_out(trial->registry, set, EVALUATION_ROWS, path, err);
}

int exam_open(const struct trial *trial, const char *folder, struct exam *exam,
              struct mlops_error *err)
{
    const struct mlops_evaluation *set = &trial->outcome->evaluation;
    if (!*set->name)
        return MLOPS_OK;
    exam->rows = path_join(folder, EVALUATION_ROWS);
    exam->labels = path_join(folder, EVALUATION_LABELS);
    exam->tables.evaluation = set;
    exam->tables.rows = exam->rows;
    exam->tables.labels = exam->labels;
    TRY(evaluation_lay_out(trial->registry, set, EVALUATION_ROWS, exam->rows, err));
    return evaluation_lay_out(trial->registry, set, EVALUATION_LABELS, exam->labels, err);
}

void exam_clear(struct exam *exam)
{
    free(exam->rows);
    free(exam->labels);
    *exam = (struct exam){0};
}
