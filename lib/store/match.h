/*
 * lib/store/match.h - which part of an earlier version a chunk corresponds to.
 *
 * A cut depends on the 64 bytes before it. Rows that were changed here and there leave most cuts
 * where they were, though hardly a chunk keeps its digest. So the gear hashes at the cuts, which
 * recipes keep, line the two versions up: a cut that still stands need not be looked for, and a
 * chunk that changed can be stored as a delta of its counterpart.
 */
#ifndef STORE_MATCH_H
#define STORE_MATCH_H
#include "store/reader.h"

struct match;

/* Line up with object `base`. `*match` becomes NULL where it is not in the store or is damaged: a
 * new version does not suffer from that. Errors: MLOPS_IO. */
int match_new(struct reader *reader, const struct digest *base, struct match **match,
              struct mlops_error *err);
void match_free(struct match *match);

/*
 * Cuts: entry `expected` of the base (0 at the beginning) is what comes next where all before was
 * as it was. Gives the length and the fingerprint that the next chunk has if its end still stands;
 * false where nothing can be expected. The end of the base is no cut.
 */
bool match_expect(const struct match *match, size_t expected, uint32_t *length,
                  uint64_t *fingerprint);
/* chunker_known; `context` is the match: is there a cut with this fingerprint? */
bool match_has_cut(const void *context, uint64_t fingerprint);
/* The entry that comes after a cut with this fingerprint, SIZE_MAX where the base has none; of
 * several the nearest after `expected`. */
size_t match_after(const struct match *match, uint64_t fingerprint, size_t expected);

/*
 * Counterparts. The next chunk of the new version: its length and the fingerprint at its end. Gives
 * the names of up to DELTA_BASES_MAX blobs of the base, one after another, that it corresponds to;
 * 0 where nothing does.
 */
size_t match_next(struct match *match, uint32_t length, uint64_t fingerprint,
                  struct digest bases[DELTA_BASES_MAX]);

#endif
