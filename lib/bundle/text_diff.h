/* lib/bundle/text_diff.h - two texts compared line by line, as `diff -u` writes it. */
#ifndef BUNDLE_TEXT_DIFF_H
#define BUNDLE_TEXT_DIFF_H
#include "base/buffer.h"

#define TEXT_DIFF_CONTEXT 3  /* lines around a change */
#define TEXT_DIFF_EDITS 2000 /* changes beyond which a text counts as replaced as a whole */

struct text_diff {
    size_t added, removed; /* lines */
};

/*
 * Append the hunks that lead from `old` to `fresh` to `out` (nothing where they are equal; no
 * header). The shortest script of at most TEXT_DIFF_EDITS changes: E. Myers, "An O(ND) difference
 * algorithm and its variations", Algorithmica 1 (1986).
 */
void text_diff(const struct buffer *old, const struct buffer *fresh, struct buffer *out,
               struct text_diff *counts);

/* Is it a text: UTF-8 without NUL bytes? */
bool text_diff_is_text(const struct buffer *content);

#endif
