/* lib/trust/json_flavours.c - the table of the kinds of JSON that have rules of their own. */
#include "trust/hugging_face.h"
#include "trust/json_scan.h"
#include "trust/keras_config.h"
#include "trust/notebook.h"
#include "trust/skops.h"
#include "trust/xgboost.h"

/* clang-format off */
const struct json_flavour *const json_flavours[] = {
    &json_notebook,
    &json_hugging_face,
    &json_keras,
    &json_skops,
    &json_xgboost,
    NULL,
};
/* clang-format on */
