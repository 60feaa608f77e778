/*
 * lib/trust/keras_config.h - the configuration of a Keras model: which classes and functions Keras
 * would build, as config.json of a .keras file, an attribute of an .h5 file or TensorFlow.js have
 * it.
 *
 * Format: keras/src/saving/serialization_lib.py (version 3), keras/engine (version 2). Ways to
 * harm: Lambda layers (CVE-2024-3660), any module's class (CVE-2025-1550), functions of Keras that
 * fetch files (CVE-2025-8747) or switch the safe mode off (CVE-2025-9906), TorchModuleWrapper,
 * which unpickles (CVE-2025-49655), vocabularies that are read from paths.
 */
#ifndef TRUST_KERAS_CONFIG_H
#define TRUST_KERAS_CONFIG_H
#include "trust/json_scan.h"

extern const struct json_flavour json_keras;

#endif
