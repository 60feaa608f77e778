/*
 * lib/drift/profile_server.h - the profile of a table that lives in PostgreSQL, computed there.
 *
 * The server groups each column by value, and answers with counts, sums of powers, ranks, frequent
 * values and the registers of a HyperLogLog; rows do not leave it but for the sample. It hashes by
 * functions of its own (profile->hashing), so that such profiles merge with one another only.
 */
#ifndef DRIFT_PROFILE_SERVER_H
#define DRIFT_PROFILE_SERVER_H
#include "base/util.h"
#include <mlops/observer.h>

struct profile;

/*
 * Of table (or view) `name`, as SQL writes it, in the database at `url`, in one read-only snapshot.
 * The caller frees the profile.
 * Errors: MLOPS_NOT_FOUND no such table; MLOPS_INVALID it has no rows or columns; MLOPS_CANCELLED;
 * MLOPS_IO the server.
 */
int profile_on_server(const char *url, const char *name, const struct mlops_observer *observer,
                      struct profile **profile, struct mlops_error *err);

#endif
