/* lib/report/drift_picture.h - what the drift reports share: a column's picture, escaped text. */
#ifndef REPORT_DRIFT_PICTURE_H
#define REPORT_DRIFT_PICTURE_H
#include "base/buffer.h"
#include <mlops/drift.h>

/* Text that is safe between tags and inside quoted attributes of HTML and XML. */
void drift_picture_escape(struct buffer *out, const char *text);

/* The `svg` element of a column, `width` by `height` pixels: the snapshot as an area, the current
 * table as a line above it; classes r and c, of which `style` (NULL: the page has it) says how they
 * look. */
void drift_picture_svg(struct buffer *out, const struct mlops_drift_column *column, int width,
                       int height, const char *style);

/* The share that fills the height of a column's picture; 1 where all are 0. */
double drift_picture_tallest(const struct mlops_drift_column *column);

/* Of numbers: what the picture reaches from and to. Of whole numbers that have a bar each these are
 * the numbers, not the edges of their bars. */
double drift_picture_least(const struct mlops_drift_column *column);
double drift_picture_most(const struct mlops_drift_column *column);

/* The largest distance of a column's spans, 0 where it has none. */
double drift_picture_farthest(const struct mlops_drift_column *column);

/* The distance of each of a column's spans as steps from the first to the last, `full` at the top,
 * with a line of class m where the column changed; nothing where there are fewer than two. */
void drift_picture_course(struct buffer *out, const struct mlops_drift_column *column, double full,
                          int width, int height);

#endif
