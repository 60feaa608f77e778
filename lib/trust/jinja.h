/*
 * lib/trust/jinja.h - chat templates: Jinja expressions that reach from the messages of a chat into
 * Python. What fills them in may sandbox them (transformers does) or not (CVE-2024-34359,
 * llama-cpp-python before 0.2.72).
 *
 * Source: Jinja's "Template Designer Documentation"; ways out of it are those that template
 * injection uses: attributes with two underscores, the filter attr, names put together from pieces.
 */
#ifndef TRUST_JINJA_H
#define TRUST_JINJA_H
#include "trust/scanner.h"

/* Look at the template `text`, which begins at `offset` of the file. */
void jinja_check(const struct scan_file *file, uint64_t offset, const char *text, size_t length);

#endif
