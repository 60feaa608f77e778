/*
 * lib/environment/pep440.h - versions of Python packages, and which of two comes first.
 *
 * Source: PEP 440, "Version scheme" and "Summary of permitted suffixes and relative ordering", with
 * the normalisations of its "Normalization" section.
 */
#ifndef ENVIRONMENT_PEP440_H
#define ENVIRONMENT_PEP440_H
#include "base/util.h"

#define PEP440_RELEASE_MAX 16
#define PEP440_LOCAL_MAX 64

/* Phases in their order; a final release has PEP440_FINAL. */
enum pep440_phase { PEP440_ALPHA, PEP440_BETA, PEP440_CANDIDATE, PEP440_FINAL };

struct pep440 {
    uint64_t epoch, release[PEP440_RELEASE_MAX];
    size_t release_count; /* without trailing zeros */
    enum pep440_phase phase;
    uint64_t pre; /* of ALPHA, BETA, CANDIDATE */
    bool has_post, has_dev;
    uint64_t post, dev;
    char local[PEP440_LOCAL_MAX]; /* lower case, parts separated by '.'; empty: none */
};

/* False: `text` is no such version. */
bool pep440_parse(const char *text, size_t length, struct pep440 *version);

/* Less than, equal to or greater than 0, as `a` comes before `b`. */
int pep440_compare(const struct pep440 *a, const struct pep440 *b);

#endif
