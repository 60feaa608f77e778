/*
 * lib/trust/catboost.h - CatBoost's binary models: the FlatBuffers of their trees and tables, and
 * whether the trees stay within themselves, which the library does not check.
 *
 * Format: catboost/catboost, catboost/libs/model/flatbuffers (model.fbs, features.fbs,
 * ctr_data.fbs) and catboost/libs/model/model.cpp: "CBM1", the length of the core in 4 bytes, the
 * core, and behind it the parts that the core names. Of those the tables of static_provider_v1 are
 * followed, texts and embeddings are not. The model carries no code.
 */
#ifndef TRUST_CATBOOST_H
#define TRUST_CATBOOST_H
#include "trust/scanner.h"

#define CATBOOST_BYTES_MAX (1u << 30) /* of a file that is followed */

extern const struct scanner scanner_catboost;

#endif
