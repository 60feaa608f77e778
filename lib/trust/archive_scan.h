/* lib/trust/archive_scan.h - archives that only libarchive reads, as the engine sees them: 7z. */
#ifndef TRUST_ARCHIVE_SCAN_H
#define TRUST_ARCHIVE_SCAN_H
#include "trust/scanner.h"

extern const struct scanner scanner_7z;

#endif
