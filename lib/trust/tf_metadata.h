/*
 * lib/trust/tf_metadata.h - the small files beside a SavedModel: `keras_metadata.pb`, whose nodes
 * are configurations of Keras, and `fingerprint.pb`, which is numbers and a name. They have nothing
 * to be known by but their names, and are held to their fields.
 *
 * Formats: tensorflow/python/keras/protobuf/saved_metadata.proto and
 * tensorflow/core/protobuf/fingerprint.proto.
 */
#ifndef TRUST_TF_METADATA_H
#define TRUST_TF_METADATA_H
#include "trust/scanner.h"

extern const struct scanner scanner_keras_metadata, scanner_fingerprint;

#endif
