/*
 * lib/trust/lightgbm.h - LightGBM's text models: trees whose arrays fit each other, and whose nodes
 * lead to nodes, which the library does not check before it walks them.
 *
 * Format: microsoft/LightGBM, src/boosting/gbdt_model_text.cpp (versions v2 to v4) and
 * src/io/tree.cpp. The model is text and carries no code.
 */
#ifndef TRUST_LIGHTGBM_H
#define TRUST_LIGHTGBM_H
#include "trust/scanner.h"

#define LIGHTGBM_LINE_MAX (64u << 20) /* bytes */

extern const struct scanner scanner_lightgbm;

#endif
