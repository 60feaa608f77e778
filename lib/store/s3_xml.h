/*
 * lib/store/s3_xml.h - the little XML that S3 answers with: elements by name, text with its
 * entities. No attributes, comments or CDATA: the protocol has none that matter.
 */
#ifndef STORE_S3_XML_H
#define STORE_S3_XML_H
#include "base/buffer.h"

/* The next <name>…</name> at or behind `*at` of `text`: what is between its tags. `*at` moves
 * behind it. Elements do not contain others of their own name. False where there is none. */
bool xml_next(const char *text, size_t length, const char *name, size_t *at, const char **inner,
              size_t *inner_length);

/* The text of the first element `name`, entities decoded, or NULL. The caller frees. */
char *xml_text(const char *text, size_t length, const char *name);

/* Append `text` with & < > escaped. */
void xml_escape(const char *text, struct buffer *out);

#endif
