/*
 * lib/trial/checkout.h - the bundle's files laid out once for all suites of a run, out of reach of
 * each of them: what they saw is what the store was verified to hold.
 */
#ifndef TRIAL_CHECKOUT_H
#define TRIAL_CHECKOUT_H
#include "trial/workspace.h"
#include <sys/stat.h>

/* How a suite gets to write in it. */
enum checkout_kind {
    CHECKOUT_OWN,     /* it has one of its own, from the store: nothing would keep it off ours */
    CHECKOUT_COPY,    /* a copy */
    CHECKOUT_CLONE,   /* a copy that shares blocks until they are written */
    CHECKOUT_OVERLAY, /* a layer over it */
};
/* "overlay" and the like, as the evidence has it. */
const char *checkout_kind_name(enum checkout_kind kind);

struct sandbox;

struct checkout {
    struct mlops_registry *registry;
    const struct manifest *manifest;
    enum checkout_kind kind;
    char *folder, *tree; /* NULL: not made */
    struct stat *seals;  /* of each of the manifest's files when it was laid out */
};

/* Lay out `manifest`, which outlives `checkout`, for suites in `sandbox`, and find the best kind
 * that this machine gives. The caller removes it. */
int checkout_make(struct mlops_registry *registry, const struct manifest *manifest,
                  const struct sandbox *sandbox, struct checkout *checkout,
                  struct mlops_error *err);

/* Is it as it was laid out? Nobody changes a file without its time of change telling.
 * Errors: MLOPS_INTEGRITY it is not. */
int checkout_check(const struct checkout *checkout, struct mlops_error *err);

/* Zeroed memory is fine. */
void checkout_remove(struct checkout *checkout);

#endif
