/*
 * lib/registry/audit.h - the log as the files of this room see it.
 */
#ifndef REGISTRY_AUDIT_H
#define REGISTRY_AUDIT_H
#include "registry/handle.h"

/* C2SP's tiles hold entries of at most 16 bits of length: ours fit. */
#define AUDIT_ENTRY_MAX 65535
#define AUDIT_TIME_SIZE 48

/* RFC 3339 in UTC to the nanosecond. */
void audit_time_format(int64_t time_ns, char text[AUDIT_TIME_SIZE]);

/* Append an entry for evidence that no entry speaks of yet, where there is some. */
int audit_append_evidence(struct transaction *tx, struct mlops_error *err);

/* Where the transaction appended something: sign the new head of the tree. */
int audit_seal(struct transaction *tx, struct mlops_error *err);

#endif
