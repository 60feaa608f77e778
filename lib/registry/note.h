/*
 * lib/registry/note.h - signed notes and the checkpoints in them, in the formats of
 * c2sp.org/signed-note and c2sp.org/tlog-checkpoint: a few lines of text, a blank line, and
 * signature lines. Ed25519 only; signatures by keys that we do not know are passed over.
 */
#ifndef REGISTRY_NOTE_H
#define REGISTRY_NOTE_H
#include "base/buffer.h"
#include "base/signing.h"

#define NOTE_NAME_MAX 255
#define NOTE_MAX 65536 /* bytes of a note */
#define NOTE_SIGNATURES_MAX 100

/* A key that verifies notes: its name, and what a verifier key ("vkey") says of it. */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t id[4]; /* SHA-256(name || 0x0A || 0x01 || public key), its first 4 bytes */
    uint8_t raw[32];
};

int note_key_of(const char *name, const struct signing_key *key, struct note_key *out,
                struct mlops_error *err);
/* "NAME+hex8(id)+base64(0x01 || public key)"; the caller frees. */
char *note_key_format(const struct note_key *key);
/* Errors: MLOPS_INVALID not a verifier key of Ed25519, or its id is not its own. */
int note_key_parse(const char *text, size_t length, struct note_key *key, struct mlops_error *err);

/* `text`, which ends with a newline, with a signature of `key` under the name `name`. */
int note_sign(const char *text, const char *name, const struct signing_key *key,
              struct buffer *note, struct mlops_error *err);
/* The length of the text of a note that `key` signed; signatures of others are not judged.
 * Errors: MLOPS_INVALID not a note; MLOPS_INTEGRITY not signed by `key`, or not this text. */
int note_open(const char *note, size_t length, const struct note_key *key, size_t *text_length,
              struct mlops_error *err);

/* What the three lines of a checkpoint say. */
struct checkpoint {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    struct digest root;
};
void checkpoint_format(const struct checkpoint *checkpoint, struct buffer *text);
/* Read the text of a note; lines behind the third are extensions and passed over.
 * Errors: MLOPS_INVALID. */
int checkpoint_parse(const char *text, size_t length, struct checkpoint *checkpoint,
                     struct mlops_error *err);

#endif
