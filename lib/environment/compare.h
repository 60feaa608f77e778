/* lib/environment/compare.h - two environments held against each other: what differs, and how. */
#ifndef ENVIRONMENT_COMPARE_H
#define ENVIRONMENT_COMPARE_H
#include "environment/capture.h"

enum difference_severity { DIFFERS_MISSING, DIFFERS_VERSION, DIFFERS_BUILD, DIFFERS_EXTRA };

struct difference {
    const char *kind; /* "python", "pypi", "conda", "image", "os", "os-package", "cpu", "gpu";
                         static */
    char *name;
    char *expected, *found; /* versions, with the build where that differs; NULL: not there */
    enum difference_severity severity;
};

struct differences {
    struct difference *items;
    size_t count, capacity;
};

struct compare_options {
    bool machine; /* packages of the operating system, processor features and GPU driver, too */
    bool extras;  /* what is there beyond what is expected is fine */
};

/* What an environment that was captured lacks or has otherwise than a lock file says; markers are
 * judged for it. Sorted by kind and name; the caller clears. */
void compare_lock(const struct lock *expected, const struct captured *found,
                  const struct compare_options *options, struct differences *differences);
/* The same of two captured ones. */
void compare_captured(const struct captured *expected, const struct captured *found,
                      const struct compare_options *options, struct differences *differences);
/* Of two locks: what one says and the other does not, whatever its markers, but for what is
 * optional. */
void compare_locks(const struct lock *expected, const struct lock *found,
                   struct differences *differences);

void differences_clear(struct differences *differences);
/* "missing", "other version", "other build", "extra". */
const char *difference_severity_name(enum difference_severity severity);

#endif
