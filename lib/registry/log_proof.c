/*
 * lib/registry/log_proof.c - what the log can prove to others: its signed head, that an entry is in
 * it, and that it only grew.
 */
#include "base/base64.h"
#include "registry/log_tree.h"
#include "registry/log_view.h"
#include <stdio.h>

int mlops_log_checkpoint(struct mlops_registry *registry, struct mlops_checkpoint *checkpoint,
                         struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(buffer_clear) struct buffer note = {0};
    struct checkpoint read;
    struct note_key key;

    memset(checkpoint, 0, sizeof(*checkpoint));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_checkpoint_read(registry->db, &read, &note, err));
    TRY(log_key_verifier(registry->db, &key, err));
    checkpoint->size = read.size;
    digest_to_hex(&read.root, checkpoint->root);
    checkpoint->note = buffer_steal(&note);
    checkpoint->key = note_key_format(&key);
    return MLOPS_OK;
}

void mlops_checkpoint_clear(struct mlops_checkpoint *checkpoint)
{
    free(checkpoint->note);
    free(checkpoint->key);
    memset(checkpoint, 0, sizeof(*checkpoint));
}

void log_proof_write(uint64_t index, const struct merkle_proof *path, const char *note,
                     struct buffer *out)
{
    buffer_printf(out, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)index);
    for (size_t i = 0; i < path->count; i++) {
        base64_write(path->hashes[i].bytes, sizeof(path->hashes[i].bytes), out);
        buffer_putc(out, '\n');
    }
    buffer_printf(out, "\n%s", note);
}

int mlops_log_prove(struct mlops_registry *registry, uint64_t index, char **proof, char **entry,
                    struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(buffer_clear) struct buffer note = {0}, out = {0}, text = {0};
    struct merkle_proof path;
    struct log_view view;

    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    if (index >= view.checkpoint.size) {
        mlops_fail(err, MLOPS_NOT_FOUND, "the audit log has no entry %llu",
                   (unsigned long long)index);
        return mlops_hint(err, "it has %llu entries, from 0 on: 'mlops log' lists them",
                          (unsigned long long)view.checkpoint.size);
    }
    TRY(log_view_text(&view, index, &text, &path, err));
    TRY(log_checkpoint_read(registry->db, &view.checkpoint, &note, err));
    log_proof_write(index, &path, note.data, &out);
    *proof = buffer_steal(&out);
    if (entry)
        *entry = buffer_steal(&text);
    return MLOPS_OK;
}

int mlops_log_since(struct mlops_registry *registry, const char *note,
                    struct mlops_log_consistency *consistency, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct merkle_proof proof = {0};
    struct checkpoint kept;
    struct digest empty;
    struct log_view view;

    memset(consistency, 0, sizeof(*consistency));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    TRY(log_checkpoint_kept(registry->db, note, strlen(note), &kept, err));
    sha256_of("", 0, &empty);
    if (kept.size > view.checkpoint.size || (kept.size == 0 && !digest_equal(&kept.root, &empty)))
        return log_fail_rewritten(&kept, view.checkpoint.size, err);
    if (kept.size > 0) {
        TRY(merkle_prove_consistency(kept.size, view.checkpoint.size, log_tree_node, registry->db,
                                     &proof, err));
        if (!merkle_check_consistency(kept.size, &kept.root, view.checkpoint.size,
                                      &view.checkpoint.root, &proof))
            return log_fail_rewritten(&kept, view.checkpoint.size, err);
    }
    *consistency =
        (struct mlops_log_consistency){.old_size = kept.size,
                                       .new_size = view.checkpoint.size,
                                       .hashes = xcalloc(proof.count + 1, sizeof(char *)),
                                       .hash_count = proof.count};
    for (size_t i = 0; i < proof.count; i++) {
        struct buffer text = {0};

        base64_write(proof.hashes[i].bytes, sizeof(proof.hashes[i].bytes), &text);
        consistency->hashes[i] = buffer_steal(&text);
    }
    return MLOPS_OK;
}

void mlops_log_consistency_clear(struct mlops_log_consistency *consistency)
{
    strings_free(consistency->hashes);
    memset(consistency, 0, sizeof(*consistency));
}
