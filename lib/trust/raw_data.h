/*
 * lib/trust/raw_data.h - files of nothing but numbers, whose place and length another file names:
 * ONNX's external data, the shards of TensorFlow's checkpoints.
 *
 * By itself such a file is of no format. Where the files that were scanned with it account for all
 * its bytes, zeros between tensors aside, it is understood.
 */
#ifndef TRUST_RAW_DATA_H
#define TRUST_RAW_DATA_H
#include "trust/scanner.h"

struct raw_data; /* what a run's files say of others; may be added to by several threads */

struct raw_data *raw_data_new(void);
void raw_data_free(struct raw_data *raw);

/* `file` says that `length` bytes from `offset` of the file `name` beside it are numbers;
 * UINT64_MAX: all up to the end. Names that lead out of the folder, and what members of containers
 * say, are not taken. */
void raw_data_claim(const struct scan_file *file, const char *name, uint64_t offset,
                    uint64_t length);

/* Are all bytes of `source`, which is the file `path`, accounted for? `*whose` is who says so, of
 * several the first, and stays with `raw`. Errors: those of the source. */
int raw_data_covers(struct raw_data *raw, const char *path, struct source *source, bool *covers,
                    const char **whose, struct mlops_error *err);

#endif
