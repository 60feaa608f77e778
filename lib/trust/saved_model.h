/*
 * lib/trust/saved_model.h - TensorFlow's saved_model.pb: a graph of operators that TensorFlow runs
 * when the model is called, some of which read and write files or call Python.
 *
 * Format: tensorflow/core/protobuf/saved_model.proto, meta_graph.proto, framework/graph.proto,
 * function.proto, node_def.proto, attr_value.proto.
 */
#ifndef TRUST_SAVED_MODEL_H
#define TRUST_SAVED_MODEL_H
#include "trust/scanner.h"

extern const struct scanner scanner_saved_model;

#endif
