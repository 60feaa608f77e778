/*
 * lib/trust/packages.h - which versions of which packages a bundle's environment has, as its files
 * say, held against advisories.
 *
 * Files: those that environment/lock.h reads, by their usual names, METADATA of an installed
 * package, and whatever the project file calls its environment.
 */
#ifndef TRUST_PACKAGES_H
#define TRUST_PACKAGES_H
#include "trust/advisory.h"
#include "trust/scanner.h"

/* Nothing where the file is none of these, or the scan has no advisories.
 * Errors: those of the source. */
int packages_scan(const struct scan_file *file, struct mlops_error *err);

#endif
