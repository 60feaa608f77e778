/*
 * lib/trust/gguf.h - GGUF, the format of llama.cpp: metadata and tensors, one after another.
 *
 * Format: ggml/docs/gguf.md and ggml/src/gguf.cpp, versions 2 and 3, little endian. Tensors must
 * follow each other as the reader there demands, each at a multiple of the alignment.
 */
#ifndef TRUST_GGUF_H
#define TRUST_GGUF_H
#include "trust/scanner.h"

extern const struct scanner scanner_gguf;

#endif
