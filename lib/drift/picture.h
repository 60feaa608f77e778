/* lib/drift/picture.h - what a column looks like in both tables, for people. Decides nothing. */
#ifndef DRIFT_PICTURE_H
#define DRIFT_PICTURE_H
#include "drift/pair.h"
#include <mlops/drift.h>

/* Fill bars, ranges and outliers of `column`, whose bars the caller frees. */
void picture_column(const struct pair *pair, struct mlops_drift_column *column);

#endif
