/*
 * lib/monitor/segment.h - raw lines packed for keeping, every byte of them: cells of one place in
 * their lines stand together, numbers as integers, texts that recur as numbers.
 *
 * A segment is a run of pieces. Format 2 of a piece, which segment_pack writes: the bytes "MSG" 2;
 * 4 bytes, little-endian, how many follow; varints of the text's length and of the number of
 * columns; the columns (segment_column.h). A line is cut behind each ',' and ':' and its end into
 * cells, up to SEGMENT_COLUMNS_MAX, the last of which is the rest of the line; column k holds the
 * k-th cells of all lines that have so many. Format 1, which segment_unpack reads, too, is a zstd
 * frame that knows its size.
 */
#ifndef MONITOR_SEGMENT_H
#define MONITOR_SEGMENT_H
#include "base/buffer.h"
#include <mlops/error.h>

#define SEGMENT_COLUMNS_MAX 512
#define SEGMENT_TEXT_MAX (1U << 30)

/* Append a piece; `length` up to SEGMENT_TEXT_MAX. */
void segment_pack(const char *text, size_t length, struct buffer *out);
/* The text of the first piece of `bytes`, in place of what `text` held; `*used` of the bytes are
 * its. Errors: MLOPS_INTEGRITY it is damaged, or of a newer format. */
int segment_unpack(const char *bytes, size_t length, size_t *used, struct buffer *text,
                   struct mlops_error *err);

#endif
