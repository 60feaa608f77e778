/*
 * lib/trust/words.h - words that no text of a model should have: keys and tokens, entities of XML,
 * and the tags by which YAML makes Python objects.
 *
 * What a secret looks like is public: the documentation of each issuer names its prefix. A secret
 * is never shown: a finding has its kind, its place and its first characters.
 */
#ifndef TRUST_WORDS_H
#define TRUST_WORDS_H
#include "trust/scanner.h"

/* Look through a file that is text. Errors: those of the source, MLOPS_CANCELLED. */
int words_scan(const struct scan_file *file, struct mlops_error *err);

#endif
