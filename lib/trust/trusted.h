/*
 * lib/trust/trusted.h - whom the registry trusts, read from the log and held against itself.
 */
#ifndef TRUST_TRUSTED_H
#define TRUST_TRUSTED_H
#include "base/json.h"
#include "registry/log_view.h"
#include "trust/dsse.h"
#include <mlops/trust.h>

/* All of it as of `view`; `last` is the index of the newest entry that changed it, plus 1 (0: none
 * did). Cleared with mlops_trust_list_clear. Errors: MLOPS_INTEGRITY. */
int trusted_read(const struct log_view *view, struct mlops_trust_list *list, uint64_t *last,
                 struct mlops_error *err);

/* Is anybody trusted in that role at `now_ns`? */
bool trusted_any(const struct mlops_trust_list *list, unsigned role, int64_t now_ns);

/*
 * The key of `list` that made the signature of `dsse`. NULL, and why in `err`: nobody whom we know,
 * not the signature of this, removed, expired, or not in one of `roles` (0: any).
 */
const struct mlops_trusted_key *trusted_signer(const struct mlops_trust_list *list,
                                               const struct dsse *dsse, unsigned roles,
                                               int64_t now_ns, struct mlops_error *err);

/* Is `key` one of the list, trusted in one of `roles` at `now_ns`? MLOPS_REFUSED, saying why
 * not. */
int trusted_check(const struct mlops_trust_list *list, const struct signing_key *key,
                  unsigned roles, int64_t now_ns, const struct mlops_trusted_key **found,
                  struct mlops_error *err);

#endif
