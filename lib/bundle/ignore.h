/*
 * lib/bundle/ignore.h - what is left out of folders because the author says so: `.gitignore` for
 * code in a git repository, `.mlopsignore` for everything and everywhere.
 *
 * Both have the syntax of gitignore(5), and the rules are read here, not by git: the same folder
 * gives the same bundle where no git is installed. For the same reason what only one machine knows,
 * `.git/info/exclude` and `core.excludesFile`, is not asked.
 */
#ifndef BUNDLE_IGNORE_H
#define BUNDLE_IGNORE_H
#include "base/util.h"

struct ignore;

/* The rules for the project folder `root`; they are read as they are needed. */
struct ignore *ignore_new(const char *root);
void ignore_free(struct ignore *ignore);
DEFINE_CLEANUP(struct ignore, ignore_free)

/*
 * Is `path` (relative to the project folder) left out where its folder is taken with all that is in
 * it? The folder itself is not judged: who walks down judged it before. `.gitignore` is asked where
 * `is_code`, and has no say over what git tracks nor over what a `.mlopsignore` says something of.
 * Errors: MLOPS_INVALID a file of rules is too large; MLOPS_IO it cannot be read.
 */
int ignore_judge(struct ignore *ignore, const char *path, bool is_folder, bool is_code,
                 bool *left_out, struct mlops_error *err);

/* Does one pattern of gitignore(5), without '!' and a trailing slash, match `path`, which is
 * relative to the folder of the file that has it? */
bool ignore_pattern_matches(const char *pattern, const char *path);

#endif
