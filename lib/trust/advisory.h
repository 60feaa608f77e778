/*
 * lib/trust/advisory.h - known vulnerabilities of Python packages, from files: nothing is fetched.
 *
 * Format: Open Source Vulnerability format, version 1.6 (ossf.github.io/osv-schema); the ecosystem
 * PyPI. osv.dev offers all of it as one download, GitHub and PyPA as repositories.
 */
#ifndef TRUST_ADVISORY_H
#define TRUST_ADVISORY_H
#include "base/hash.h"
#include "base/util.h"

/* As whoever published the advisory judged it. */
enum advisory_level { ADVISORY_LOW, ADVISORY_MODERATE, ADVISORY_SEVERE };

struct advisory {
    char *id;                  /* "GHSA-…", "PYSEC-…" */
    char *summary;             /* one line; may be empty */
    char **aliases;            /* NULL-terminated */
    enum advisory_level level; /* SEVERE where nobody says */
};

struct advisories; /* does not change once it is loaded: for all threads */

/*
 * Read all advisories at `path`: a file with one, with an array of them, with one a line, or a
 * folder in which files that end in .json or .jsonl are read, and folders in it. Withdrawn ones and
 * those of other ecosystems are passed over. `path` is the user's.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID a file is not of the format, or there is no advisory at
 * all; MLOPS_IO.
 */
int advisories_load(const char *path, struct advisories **advisories, struct mlops_error *err);
void advisories_free(struct advisories *advisories);
DEFINE_CLEANUP(struct advisories, advisories_free)

/* The digest of what was read: which knowledge a verdict had. */
const struct digest *advisories_digest(const struct advisories *advisories);

/*
 * Call `found` with each advisory that the version of the package is affected by; `fixed` is the
 * first version that is not, as the advisory has it, or NULL. One that is the alias of another that
 * was given is not given again. False: `version` is no version of PEP 440, and nothing was looked
 * for but advisories that name just it.
 */
typedef void (*advisory_found)(void *context, const struct advisory *advisory, const char *fixed);
bool advisories_match(const struct advisories *advisories, const char *package, const char *version,
                      advisory_found found, void *context);

#endif
