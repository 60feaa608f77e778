/* lib/environment/lock_readers.h - a reader for each format, for lock.c to choose from. */
#ifndef ENVIRONMENT_LOCK_READERS_H
#define ENVIRONMENT_LOCK_READERS_H
#include "environment/lock.h"

int lock_read_requirements(const struct lock_options *options, struct lock *lock,
                           struct mlops_error *err);
int lock_read_pylock(const struct lock_options *options, struct lock *lock,
                     struct mlops_error *err);
int lock_read_uv(const struct lock_options *options, struct lock *lock, struct mlops_error *err);
/* poetry.lock and pdm.lock. */
int lock_read_poetry(const struct lock_options *options, struct lock *lock,
                     struct mlops_error *err);
int lock_read_pipfile(const struct lock_options *options, struct lock *lock,
                      struct mlops_error *err);
int lock_read_conda(const struct lock_options *options, struct lock *lock, struct mlops_error *err);
int lock_read_conda_explicit(const struct lock_options *options, struct lock *lock,
                             struct mlops_error *err);
int lock_read_containerfile(const struct lock_options *options, struct lock *lock,
                            struct mlops_error *err);

/* One requirement of PEP 508 or one line of a requirements file, without its comment; `depth`: of
 * includes that led here. */
int lock_take_requirement(const struct lock_options *options, struct lock *lock, const char *line,
                          size_t length, int number, int depth, struct mlops_error *err);

#endif
