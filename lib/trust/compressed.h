/* lib/trust/compressed.h - files that are one compressed stream, as the engine sees them. */
#ifndef TRUST_COMPRESSED_H
#define TRUST_COMPRESSED_H
#include "trust/scanner.h"

extern const struct scanner scanner_compressed;

#endif
