/*
 * lib/trust/tf_checkpoint.h - the index of a TensorFlow checkpoint (`variables.index`): a sorted
 * table of which tensor lies where in the shards beside it, which hold nothing but numbers and
 * texts.
 *
 * Formats: google/leveldb, doc/table_format.md; tensorflow/core/protobuf/tensor_bundle.proto.
 */
#ifndef TRUST_TF_CHECKPOINT_H
#define TRUST_TF_CHECKPOINT_H
#include "trust/scanner.h"

#define TF_CHECKPOINT_BYTES_MAX (256u << 20) /* of an index */

extern const struct scanner scanner_tf_checkpoint;

#endif
