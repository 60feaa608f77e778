/*
 * lib/bundle/history.h - what writing and reading archives of whole histories share: the names of
 * the entries, and the limits. docs/archive.md describes the format.
 */
#ifndef BUNDLE_HISTORY_H
#define BUNDLE_HISTORY_H

#define HISTORY_FORMAT "mlops-history/format"
#define HISTORY_FORMAT_TEXT "mlops history 1\n"
#define HISTORY_LOG "mlops-history/log"
#define HISTORY_ROWS "mlops-history/rows/"
#define HISTORY_PACKS "packs/"
#define HISTORY_SUMS "mlops-history/sha256sums" /* of all entries before it; the last */

#define HISTORY_LINE_MAX (64U << 20) /* bytes of a row: a policy, a report of tests */
#define HISTORY_PACK_MAX (1ULL << 30)
#define HISTORY_SUMS_MAX (64U << 20)

#endif
