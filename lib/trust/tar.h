/*
 * lib/trust/tar.h - tar archives, walked header by header: ustar and pax (POSIX.1-2017), and what
 * GNU tar adds for long names. Members are parts of the source: nothing is copied.
 *
 * What Python's tarfile, libarchive and GNU tar read differently is a finding: links with content,
 * sizes that are given twice, a lone block of zeros, bytes behind the end.
 */
#ifndef TRUST_TAR_H
#define TRUST_TAR_H
#include "trust/scanner.h"

#define TAR_BLOCK 512
#define TAR_EXTENDED_MAX (1u << 20) /* bytes of a pax header or a long name */
#define TAR_NAMES_MAX (256u << 20)  /* bytes of names that are compared with each other */

/* Is this a header with its right checksum? */
bool tar_begins(const uint8_t *head, size_t length);

/* tar_header.c: a number of a header, octal or in base 256, as far as any reader makes one of it.
 * `*plain` is false where not all would: other characters follow, or stand in between. False where
 * it is none. */
bool tar_number(const uint8_t *field, size_t length, uint64_t *value, bool *plain);
/* One "LENGTH KEY=VALUE\n" of a pax header at `*at`, which moves on; false where it is
 * malformed. */
bool tar_pax_record(const char *data, size_t length, size_t *at, const char **key,
                    size_t *key_length, const char **value, size_t *value_length);
/* Fields that end before they are full must be zero behind; false where they are not. */
bool tar_slack_is_zero(const uint8_t *block);
/* Name with prefix. The caller frees. */
char *tar_plain_name(const uint8_t *block);

extern const struct scanner scanner_tar;

#endif
