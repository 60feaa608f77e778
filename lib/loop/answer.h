/* lib/loop/answer.h - what is done about open alerts without anybody being asked. */
#ifndef LOOP_ANSWER_H
#define LOOP_ANSWER_H
#include <mlops/alert.h>

/*
 * Roll the stage back where a critical alert that is not silenced is open about what it holds, and
 * what it holds came there by a promotion: a version that we went back to is left alone, whatever
 * alerts it has, until somebody promotes. `*line` (the caller frees) says what was done; NULL:
 * nothing. Errors: those of mlops_rollback_stage.
 */
int answer_by_rollback(struct mlops_registry *registry, const char *stage,
                       const struct mlops_check *check, char **line, struct mlops_error *err);

#endif
