/*
 * lib/bundle/signed_folder.c - a folder of files signed, and held against the signature beside it.
 * Whatever is there and not covered is told: files that the signature ignores, empty folders, modes
 * that let a file do more.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/signature.h"
#include "bundle/signed_files.h"
#include "trust/certificate.h"
#include "trust/keyring.h"
#include <errno.h>
#include <unistd.h>

#define SIGNATURE_MAX (256U << 20)
#define ROOTS_MAX (16U << 20)
#define DEPTH_MAX 1000

static int take_file(struct signed_files *files, const char *path, const char *full,
                     const struct stat *status, struct mlops_error *err)
{
    _cleanup_(free_string) char *real = NULL;
    struct digest digest;
    struct stat target = *status;
    if (S_ISLNK(status->st_mode)) {
        _cleanup_(free_string) char *root = realpath(files->root, NULL);
        real = realpath(full, NULL);
        if (!files->symlinks)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is a symbolic link, which nothing covers",
                              path);
        size_t length = root ? strlen(root) : 0;
        if (!real || !root || strncmp(real, root, length) != 0 || real[length] != '/' ||
            stat(real, &target) < 0)
            return mlops_fail(err, MLOPS_INVALID, "the link '%s' leads out of the folder", path);
    }
    if (!S_ISREG(target.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no file", path);
    if (target.st_mode & (S_ISUID | S_ISGID))
        signed_files_warn(files, "runs with its owner's rights (setuid); no signature covers modes",
                          path);
    TRY(file_digest(real ? real : full, &digest, err));
    oms_add(&files->resources, path, &digest);
    return MLOPS_OK;
}

static int walk_folder(struct signed_files *files, const char *folder, int depth,
                       struct mlops_error *err);

static int take_entry(struct signed_files *files, const char *folder, const char *name, int depth,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *path = *folder ? path_join(folder, name) : xstrdup(name);
    _cleanup_(free_string) char *full = path_join(files->root, path);
    struct stat status;
    if (lstat(full, &status) < 0)
        return mlops_fail_errno(err, 0, errno, "%s", full);
    if (files->own && str_equal(files->own, path))
        return MLOPS_OK;
    if (signed_files_ignore(files, path)) {
        signed_files_warn(files, "not covered: the signature says to ignore it", path);
        return MLOPS_OK;
    }
    return S_ISDIR(status.st_mode) ? walk_folder(files, path, depth + 1, err)
                                   : take_file(files, path, full, &status, err);
}

static int walk_folder(struct signed_files *files, const char *folder, int depth,
                       struct mlops_error *err)
{
    _cleanup_(free_string) char *full = path_join(files->root, *folder ? folder : ".");
    _cleanup_(folder_close) DIR *directory = opendir(full);
    size_t count = 0;
    if (!directory)
        return mlops_fail_errno(err, 0, errno, "read the folder %s", full);
    if (depth > DEPTH_MAX)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is more than %d folders deep", folder,
                          DEPTH_MAX);
    for (;; count++) {
        const struct dirent *entry;
        TRY(folder_next(directory, full, &entry, err));
        if (!entry)
            break;
        TRY(take_entry(files, folder, entry->d_name, depth, err));
    }
    if (count == 0 && *folder)
        signed_files_warn(files, "an empty folder, which no signature covers", folder);
    return MLOPS_OK;
}

/* ---- signing ------------------------------------------------------------------------------- */

static int collect_unsigned(const char *path, struct signed_files *files, struct mlops_error *err)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return mlops_fail_errno(err, 0, errno, "%s", path);
    if (!S_ISREG(status.st_mode)) {
        files->root = path;
        TRY(walk_folder(files, "", 0, err));
        return oms_sort(&files->resources, err);
    }
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    return signed_files_of_archive(NULL, path, files, &manifest, bundle, err);
}

int mlops_sign_path(const char *path, const struct mlops_sign_options *options, char **signature,
                    char fingerprint[65], struct mlops_error *err)
{
    _cleanup_(signed_files_clear) struct signed_files files = {.own = OMS_FILE};
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(json_free) cJSON *json = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(free_string) char *real = realpath(path, NULL);
    if (!real)
        return mlops_fail_errno(err, 0, errno, "%s", path);
    TRY(collect_unsigned(path, &files, err));
    TRY(keyring_open(&options->signer, &key, err));
    signing_key_fingerprint(key, fingerprint);
    TRY(signature_make(options, key, &files.resources, path_base(real), files.symlinks, &json,
                       err));
    TRY(json_write_canonical(json, &text, err));
    *signature = buffer_steal(&text);
    return MLOPS_OK;
}

/* ---- verifying ----------------------------------------------------------------------------- */

/* By a key that was named. */
static int judge_key(const struct oms_signature *signature, const char *name,
                     struct mlops_signature_result *result, struct mlops_error *why,
                     struct mlops_error *err)
{
    _cleanup_(mlops_key_clear) struct mlops_key key = {0};
    _cleanup_(signing_key_free_ptr) struct signing_key *public = NULL;
    TRY(mlops_key_find(name, &key, err));
    TRY(signing_key_read_public(key.public_pem, strlen(key.public_pem), name, &public, err));
    str_copy(result->fingerprint, sizeof(result->fingerprint), key.fingerprint);
    if (*signature->hint && !str_equal(signature->hint, key.fingerprint))
        (void)mlops_fail(why, MLOPS_REFUSED, "signed by the key %.12s, not by %.12s",
                         signature->hint, key.fingerprint);
    else if (!dsse_verify(&signature->dsse, public))
        (void)mlops_fail(why, MLOPS_REFUSED, "the signature is not that of the key %.12s",
                         key.fingerprint);
    return MLOPS_OK;
}

/* By a certificate that roots vouch for. */
static int judge_certificate(const struct oms_signature *signature, const char *path,
                             struct mlops_signature_result *result, struct mlops_error *why,
                             struct mlops_error *err)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(buffer_clear) struct buffer roots = {0};
    _cleanup_(free_string) char *subject = NULL;
    TRY(file_read(path, ROOTS_MAX, &roots, err));
    if (signature->certificate_count == 0) {
        (void)mlops_fail(why, MLOPS_REFUSED, "the signature has no certificate");
        return MLOPS_OK;
    }
    if (certificate_verify(signature->certificates, signature->certificate_count, roots.data, &key,
                           &subject, why))
        return MLOPS_OK;
    signing_key_fingerprint(key, result->fingerprint);
    str_copy(result->owner, sizeof(result->owner), subject);
    if (!dsse_verify(&signature->dsse, key))
        (void)mlops_fail(why, MLOPS_REFUSED, "the signature is not that of its certificate");
    return MLOPS_OK;
}

/* By whom the registry trusts: the key that the signature names, whose roles are told. */
static int judge_trusted(struct oms_signature *signature, struct mlops_registry *registry,
                         struct mlops_signature_result *result, struct mlops_error *why,
                         struct mlops_error *err)
{
    struct mlops_trust_list trusted;
    TRY(mlops_trust_list(registry, &trusted, err));
    signature->dsse.keyid = signature->hint;
    str_copy(result->fingerprint, sizeof(result->fingerprint), signature->hint);
    const struct mlops_trusted_key *key =
        trusted_signer(&trusted, &signature->dsse, 0, clock_now_ns(), why);
    if (key) {
        str_copy(result->owner, sizeof(result->owner), key->owner);
        result->roles = key->roles;
    }
    mlops_trust_list_clear(&trusted);
    return MLOPS_OK;
}

static int judge_signer(struct oms_signature *signature, const struct mlops_verify_options *options,
                        struct mlops_signature_result *result, struct mlops_error *why,
                        struct mlops_error *err)
{
    if (options->key)
        return judge_key(signature, options->key, result, why, err);
    if (options->roots)
        return judge_certificate(signature, options->roots, result, why, err);
    if (options->registry)
        return judge_trusted(signature, options->registry, result, why, err);
    mlops_fail(err, MLOPS_INVALID, "by whose key is it to be signed?");
    return mlops_hint(err, "name it with --key, or certificates with --roots; in a registry its "
                           "trusted keys count");
}

/* The path of the signature below the folder, where it lies there: it is not signed itself. The
 * caller frees; NULL: it lies elsewhere. */
static char *own_name(const char *directory, const char *signature)
{
    _cleanup_(free_string) char *root = realpath(directory, NULL),
                                *real = realpath(signature, NULL);
    size_t length = root ? strlen(root) : 0;
    if (!root || !real || strncmp(real, root, length) != 0 || real[length] != '/')
        return NULL;
    return xstrdup(real + length + 1);
}

/* One file alone is called "." by the reference implementation and by its name in the spec. */
static void name_single(struct oms_signature *signature, const char *name)
{
    if (signature->resources.count != 1 || !str_equal(signature->resources.items[0].name, "."))
        return;
    free(signature->resources.items[0].name);
    signature->resources.items[0].name = xstrdup(name);
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Is it the file itself that was signed, and not what is in it? */
static bool names_itself(const struct oms_signature *signature, const char *name)
{
    return signature->resources.count == 1 && str_equal(signature->resources.items[0].name, name);
}

/* The manifest of an archive is covered by no signature of files. */
static int collect_archive(const char *path, struct mlops_registry *registry,
                           struct signed_files *files, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    TRY(signed_files_of_archive(registry, path, files, &manifest, bundle, err));
    _cleanup_(free_string) char *what =
        xprintf("not covered: compare its id, %s, with one that you have from elsewhere", bundle);
    signed_files_warn(files, what, ARCHIVE_MANIFEST);
    return MLOPS_OK;
}

static int collect(const char *path, const char *signed_by, struct oms_signature *signature,
                   struct mlops_registry *registry, struct signed_files *files,
                   struct mlops_error *err)
{
    _cleanup_(free_string) char *own = own_name(path, signed_by);
    struct stat status;
    if (stat(path, &status) < 0)
        return mlops_fail_errno(err, 0, errno, "%s", path);
    files->ignored = (const char *const *)signature->ignored;
    files->symlinks = signature->symlinks;
    if (S_ISREG(status.st_mode)) {
        name_single(signature, path_base(path));
        return names_itself(signature, path_base(path))
                   ? take_file(files, path_base(path), path, &status, err)
                   : collect_archive(path, registry, files, err);
    }
    files->root = path;
    files->own = own;
    int code = walk_folder(files, "", 0, err);
    files->own = NULL;
    return code ? code : oms_sort(&files->resources, err);
}

/* What the registry has recorded of the bundle in an archive, whose every byte is read. */
static int judge_recorded(const char *path, struct mlops_registry *registry,
                          struct mlops_verification *verification, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_trust_list trusted;
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    verification->warnings = xcalloc(1, sizeof(char *));
    TRY(archive_check(registry, path, &manifest, bundle, err));
    TRY(mlops_trust_list(registry, &trusted, err));
    int code =
        signature_judge(registry, bundle, &manifest, &trusted, clock_now_ns(), verification, err);
    mlops_trust_list_clear(&trusted);
    return code;
}

int mlops_verify_path(const char *path, const struct mlops_verify_options *options,
                      struct mlops_verification *verification, struct mlops_error *err)
{
    bool file = is_file(path);
    _cleanup_(free_string) char *signed_by = options->signature ? xstrdup(options->signature)
                                             : file ? xprintf("%s%s", path, ARCHIVE_SIGNATURE)
                                                    : path_join(path, OMS_FILE);
    _cleanup_(signed_files_clear) struct signed_files files = {0};
    _cleanup_(oms_signature_clear) struct oms_signature signature = {0};
    _cleanup_(buffer_clear) struct buffer text = {0}, differences = {0};
    struct mlops_error why = {0};
    *verification = (struct mlops_verification){0};
    if (!path_exists(path))
        return mlops_fail(err, MLOPS_NOT_FOUND, "there is no file or folder '%s'", path);
    if (file && !options->signature && options->registry && !path_exists(signed_by))
        return judge_recorded(path, options->registry, verification, err);
    if (file_read(signed_by, SIGNATURE_MAX, &text, err)) {
        if (err->code == MLOPS_NOT_FOUND)
            mlops_hint(err, "name the signature with --signature");
        return mlops_wrap(err, "the signature");
    }
    if (oms_read(text.data, text.length, &signature, err))
        return mlops_wrap(err, "%s", signed_by);
    struct mlops_signature_result *result = verification_add(verification);
    result->detail = xstrdup("");
    TRY(judge_signer(&signature, options, result, &why, err));
    TRY(collect(path, signed_by, &signature, options->registry, &files, err));
    if (why.code == MLOPS_OK && !oms_matches(&signature, &files.resources, &differences))
        (void)mlops_fail(&why, MLOPS_REFUSED, "%s", differences.data);
    free(result->detail);
    result->detail = xstrdup(why.message);
    result->valid = verification->valid = why.code == MLOPS_OK;
    verification->warnings = files.warnings ? TAKE_PTR(files.warnings) : xcalloc(1, sizeof(char *));
    return MLOPS_OK;
}
