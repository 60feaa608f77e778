/* lib/trust/scanners.c - the table of formats, and the formats whose scanners need no more than a
 * line here. */
#include "trust/archive_scan.h"
#include "trust/catboost.h"
#include "trust/compressed.h"
#include "trust/cpio.h"
#include "trust/executable.h"
#include "trust/gguf.h"
#include "trust/hdf5.h"
#include "trust/json_scan.h"
#include "trust/lightgbm.h"
#include "trust/npy.h"
#include "trust/onnx.h"
#include "trust/pickle.h"
#include "trust/pmml.h"
#include "trust/rds.h"
#include "trust/safetensors.h"
#include "trust/saved_model.h"
#include "trust/scanner.h"
#include "trust/tar.h"
#include "trust/tf_checkpoint.h"
#include "trust/tf_metadata.h"
#include "trust/ubjson.h"
#include "trust/zip.h"

#define EXTENSIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Lines of words in what is called a text, as a list of labels, are no pickle. */
static int claims_pickle(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    enum pickle_beginning beginning = pickle_beginning(file->head, file->head_length);
    const char *dot = strrchr(file->name, '.');
    bool text = dot && scanner_has_extension(&scanner_text, dot + 1);
    (void)err;
    *claimed = beginning == PICKLE_BEGINS || (beginning == PICKLE_IMPORTS && !text);
    return MLOPS_OK;
}

static int scan_pickle(const struct scan_file *file, struct mlops_error *err)
{
    struct pickle_summary summary;
    return pickle_scan_noting(file->source, file->path, file->storages, file->findings, &summary,
                              err);
}

static int claims_npy(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = npy_begins(file->head, file->head_length);
    return MLOPS_OK;
}

static int scan_npy(const struct scan_file *file, struct mlops_error *err)
{
    return npy_scan(file->source, file->path, file->findings, err);
}

static int claims_safetensors(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = safetensors_begins(file->head, file->head_length);
    return MLOPS_OK;
}

static int scan_safetensors(const struct scan_file *file, struct mlops_error *err)
{
    return safetensors_scan(file->source, file->path, file->findings, err);
}

static const struct scanner scanner_pickle = {
    .format = "pickle",
    .extensions = EXTENSIONS("pkl", "pickle", "p", "pck", "pcl", "dat", "data", "joblib", "dill",
                             "pt", "pth", "bin", "ckpt", "model", "sav"),
    .executes = true,
    .claims = claims_pickle,
    .scan = scan_pickle,
};

static const struct scanner scanner_npy = {
    .format = "npy",
    .extensions = EXTENSIONS("npy"),
    .claims = claims_npy,
    .scan = scan_npy,
};

static const struct scanner scanner_safetensors = {
    .format = "safetensors",
    .extensions = EXTENSIONS("safetensors"),
    .claims = claims_safetensors,
    .scan = scan_safetensors,
};

/* clang-format off */
const struct scanner *const scanners[] = {
    &scanner_pickle,
    &scanner_npy,
    &scanner_safetensors,
    &scanner_pmml,
    &scanner_compressed,
    &scanner_zip,
    &scanner_tar,
    &scanner_7z,
    &scanner_cpio,
    &scanner_rds,
    &scanner_json,
    &scanner_ubjson,
    &scanner_gguf,
    &scanner_hdf5,
    &scanner_lightgbm,
    &scanner_catboost,
    &scanner_onnx,
    &scanner_saved_model,
    &scanner_tf_checkpoint,
    &scanner_keras_metadata,
    &scanner_fingerprint,
    &scanner_executable,
    NULL,
};
/* clang-format on */
