/* lib/trust/member_name.h - names in archives: what no tool should unpack, and when two are one. */
#ifndef TRUST_MEMBER_NAME_H
#define TRUST_MEMBER_NAME_H
#include "base/util.h"

/* What is wrong with a name, "leads out of the folder"; NULL: nothing. Slashes part it. */
const char *member_name_wrong(const char *name, size_t length);

/* Does a path that a file names stay in that file's folder, for every system that may read it? An
 * address (`https://`) does not. */
bool member_path_stays(const char *path);

/* The name as file systems that do not tell case apart know it; two names that are the same then
 * overwrite each other there. Letters beyond ASCII are folded by Unicode's simple mapping as the C
 * library has it; composed and decomposed forms are not brought together. The caller frees. */
char *member_name_fold(const char *name);

#endif
