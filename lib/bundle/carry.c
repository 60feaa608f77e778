/*
 * lib/bundle/carry.c - a version from one registry of mlops into another: the records that are
 * missing there, as they are stored, then the rows.
 */
#include "base/digest_set.h"
#include "bundle/artifact.h"
#include "bundle/reach.h"
#include "bundle/signature.h"
#include "registry/condemned.h"
#include "registry/registry.h"
#include "store/copy.h"
#include <stdio.h>

struct carry {
    struct mlops_registry *from, *to;
    const struct mlops_carry_options *options;
    struct manifest manifest;
    struct digest_set wanted; /* every record that the bundle needs */
    struct mlops_carry *result;
};

static void carry_clear(struct carry *carry)
{
    manifest_clear(&carry->manifest);
    digest_set_clear(&carry->wanted);
}

/* visitor_each */
static bool want(void *context, const struct location *location)
{
    return digest_set_add(context, &location->record.name);
}

static int find_wanted(struct carry *carry, struct mlops_error *err)
{
    _cleanup_(visitor_free_ptr) struct visitor *visitor = NULL;
    struct store *store;
    TRY(registry_store(carry->from, &store, err));
    visitor = visitor_new(store);
    return reach_visit(store, visitor, carry->result->version.bundle, REACH_BASES, want,
                       &carry->wanted, err);
}

/* The same name for two bundles would mislead everybody who uses both registries. */
static int check_clash(struct carry *carry, struct mlops_error *err)
{
    const struct mlops_version *version = &carry->result->version;
    struct mlops_version there;
    char name[MLOPS_NAME_MAX + 32];
    (void)snprintf(name, sizeof(name), "%s@%llu", version->model,
                   (unsigned long long)version->number);
    if (version->number == 0 || carry->options->renumber ||
        mlops_version_resolve(carry->to, version->bundle, &there, err) == MLOPS_OK)
        return MLOPS_OK;
    *err = (struct mlops_error){0};
    int code = mlops_version_resolve(carry->to, name, &there, err);
    if (code == MLOPS_NOT_FOUND) {
        *err = (struct mlops_error){0};
        return MLOPS_OK;
    }
    TRY(code);
    mlops_fail(err, MLOPS_CONFLICT, "%s is another bundle there, %.23s…", name, there.bundle);
    return mlops_hint(err, "with --renumber it gets the next number there; its bundle's id stays");
}

static int copy_objects(struct carry *carry, struct mlops_error *err)
{
    struct store_copied copied = {0};
    struct store *from, *to;
    TRY(registry_store(carry->from, &from, err));
    TRY(registry_store(carry->to, &to, err));
    TRY(store_copy_wanted(from, to, &carry->wanted, &copied, err));
    carry->result->sent_bytes += copied.bytes;
    return MLOPS_OK;
}

static int publish(struct carry *carry, uint64_t round, bool *gone, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct mlops_carry *result = carry->result;
    const struct mlops_version *version = &result->version;
    TRY(version_announce(carry->to, version->bundle, version->model, err));
    TRY(transaction_begin(carry->to, &tx, err));
    TRY(bundle_record(tx, version->bundle, version->model, result->files, result->bytes, err));
    TRY(reach_save(tx, carry->to, version->bundle, round, gone, err));
    if (*gone)
        return MLOPS_OK;
    TRY(version_register(tx, version->bundle, NULL, &result->there, &result->created, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int carry_bundle(struct carry *carry, struct mlops_error *err)
{
    bool gone = true;
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++) {
        uint64_t round;
        TRY(condemned_round(carry->to, &round, err));
        TRY(copy_objects(carry, err));
        TRY(publish(carry, round, &gone, err));
    }
    if (gone)
        return reach_fail(err);
    if (carry->result->created)
        version_announced(carry->to, &carry->result->there);
    return MLOPS_OK;
}

static int carry_signatures(struct carry *carry, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    struct mlops_carry *result = carry->result;
    TRY(mlops_evidence_list(carry->from, result->version.bundle, SIGNATURE_EVIDENCE, &list, err));
    for (size_t i = 0; i < list.count; i++)
        TRY(artifact_signature_record(carry->to, result->version.bundle, list.items[i].body,
                                      strlen(list.items[i].body), &result->signatures, err));
    return MLOPS_OK;
}

int mlops_carry(struct mlops_registry *from, const char *ref, struct mlops_registry *to,
                const struct mlops_carry_options *options, struct mlops_carry *result,
                struct mlops_error *err)
{
    _cleanup_(carry_clear) struct carry carry = {
        .from = from, .to = to, .options = options, .result = result};
    *result = (struct mlops_carry){0};
    TRY(manifest_load(from, ref, &result->version, &carry.manifest, NULL, err));
    TRY(manifest_check_files(&carry.manifest, err));
    for (size_t i = 0; i < carry.manifest.file_count; i++) {
        if (carry.manifest.files[i].kind != MANIFEST_FILE)
            continue;
        result->files++;
        result->bytes += carry.manifest.files[i].size;
    }
    TRY(check_clash(&carry, err));
    TRY(find_wanted(&carry, err));
    TRY(carry_bundle(&carry, err));
    return carry_signatures(&carry, err);
}
