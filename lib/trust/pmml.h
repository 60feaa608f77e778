/*
 * lib/trust/pmml.h - models in the Predictive Model Markup Language. PMML describes and runs
 * nothing, but evaluators let it name more than it has: JPMML takes the function of an Apply
 * element that is neither built in nor defined for the name of a Java class, and loads that.
 *
 * Format: Data Mining Group, PMML 4.4.1, "Built-in functions", "Functions"; jpmml-evaluator,
 * README, "User-defined functions".
 */
#ifndef TRUST_PMML_H
#define TRUST_PMML_H
#include "trust/scanner.h"

#define PMML_BYTES_MAX (512u << 20) /* of a document that is followed */

extern const struct scanner scanner_pmml;

#endif
