/* lib/trust/cpio.h - cpio archives as the engine sees them: POSIX's odc and SVR4's newc. */
#ifndef TRUST_CPIO_H
#define TRUST_CPIO_H
#include "trust/scanner.h"

extern const struct scanner scanner_cpio;

#endif
