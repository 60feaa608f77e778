/*
 * lib/base/neighbours.h - many files reached one after another, those of a folder mostly together:
 * the folder is opened once, which spares the kernel the way to it for each.
 */
#ifndef BASE_NEIGHBOURS_H
#define BASE_NEIGHBOURS_H
#include "base/util.h"

/* Zeroed but for `fd`; one for each thread. */
struct neighbours {
    int fd;       /* of the folder of the last path; -1: none */
    char *folder; /* that it is, as the path had it */
};
#define NEIGHBOURS_NONE ((struct neighbours){.fd = -1})

/* Close the folder, and be as new. */
void neighbours_clear(struct neighbours *near);

/*
 * The folder of `path`, for openat and its like, and what to ask it for: `*name`, which points into
 * `path`. Where the folder cannot be opened, or there is none in `path`, these are AT_FDCWD and the
 * path itself, so that what the caller calls says what is wrong. The folder stays `near`'s until
 * the next call.
 */
int neighbours_folder(struct neighbours *near, const char *path, const char **name);

#endif
