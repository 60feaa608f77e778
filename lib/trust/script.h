/* lib/trust/script.h - texts that are programs: whoever loads a model may run what lies beside
 * it. */
#ifndef TRUST_SCRIPT_H
#define TRUST_SCRIPT_H
#include "trust/scanner.h"

/* Say so where a text among artifacts or data is a program. Judged by a first line with #!, by the
 * ending that loaders and people go by, and by lines that only Python has. */
void script_check(const struct scan_file *file);

#endif
