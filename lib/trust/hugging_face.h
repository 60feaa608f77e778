/*
 * lib/trust/hugging_face.h - the JSON files of Hugging Face models: what in them has the libraries
 * load code. Sources: transformers "Custom models" (auto_map, custom_pipelines), diffusers
 * model_index.json (pairs of library and class).
 */
#ifndef TRUST_HUGGING_FACE_H
#define TRUST_HUGGING_FACE_H
#include "trust/json_scan.h"

extern const struct json_flavour json_hugging_face;

#endif
