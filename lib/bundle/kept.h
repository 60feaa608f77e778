/*
 * lib/bundle/kept.h - objects that evidence speaks of (what a suite printed and predicted), held
 * against the evidence, which the audit log vouches for, and against the store.
 */
#ifndef BUNDLE_KEPT_H
#define BUNDLE_KEPT_H
#include "registry/bundle.h"
#include "store/check.h"

/*
 * Every row of `row`'s kept objects is of evidence about that bundle, which names that object, and
 * every object that the evidence names has its row, unless gc let go of it when it purged the bundle
 * from the trash (lib/registry/trash.c); all are in the store, with their sizes. With
 * `registry` NULL the evidence is not read, and only the store is asked. Problems are reported.
 * Errors: MLOPS_IO.
 */
int kept_check(struct mlops_registry *registry, struct store *store, const struct bundle_row *row,
               const struct store_problems *problems, struct mlops_error *err);

#endif
