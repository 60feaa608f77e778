/*
 * lib/trust/rds.h - R's serialisation: what saveRDS and save write, once it is unpacked.
 *
 * Format: "R Internals", section 1.8 (serialization formats), versions 2 and 3, in XDR, native
 * binary and ASCII. Every item is walked to the last byte without recursion. Promises run when they
 * are looked at (CVE-2024-27322), closures and bytecode when they are called.
 */
#ifndef TRUST_RDS_H
#define TRUST_RDS_H
#include "trust/scanner.h"

/* Say in `findings` what there is to say about `file`. Errors: those of the source. */
int rds_scan(struct source *source, const char *file, struct findings *findings,
             struct mlops_error *err);

extern const struct scanner scanner_rds;

#endif
