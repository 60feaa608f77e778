/*
 * lib/trust/onnx.h - ONNX models: a graph of operators, and tensors in it or beside it.
 *
 * Format: onnx/onnx.proto (IR versions 3 to 12), onnx/external_data_helper.py. Ways to harm:
 * external data outside of the folder (CVE-2022-25882, CVE-2024-27318, CVE-2025-51480), operators
 * that run what somebody registered, tensors that are not of the size that they say.
 */
#ifndef TRUST_ONNX_H
#define TRUST_ONNX_H
#include "trust/scanner.h"

extern const struct scanner scanner_onnx;

#endif
