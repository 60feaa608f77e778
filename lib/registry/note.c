/*
 * lib/registry/note.c - signed notes (c2sp.org/signed-note) and checkpoints
 * (c2sp.org/tlog-checkpoint).
 */
#include "registry/note.h"
#include "base/base64.h"
#include "base/path.h"
#include <openssl/evp.h>
#include <stdio.h>

#define ED25519_TYPE 0x01
#define ED25519_SIGNATURE 64
#define DASH "\xe2\x80\x94 " /* U+2014 and a space: a signature line begins so */
#define DASH_LENGTH 4

/* ---- verifier keys -------------------------------------------------------------------------- */

/* Names have no '+' and no white space (signed-note, "Format"). */
static bool name_valid(const char *name, size_t length)
{
    if (length == 0 || length > NOTE_NAME_MAX || !utf8_valid(name, length))
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
            return false;
    return true;
}

static void key_id(const struct note_key *key, uint8_t id[4])
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;

    buffer_printf(&text, "%s\n%c", key->name, ED25519_TYPE);
    buffer_append(&text, key->raw, sizeof(key->raw));
    sha256_of(text.data, text.length, &digest);
    memcpy(id, digest.bytes, 4);
}

int note_key_of(const char *name, const struct signing_key *key, struct note_key *out,
                struct mlops_error *err)
{
    memset(out, 0, sizeof(*out));
    if (!name_valid(name, strlen(name)))
        return mlops_fail(err, MLOPS_INVALID, "'%s' cannot name a key: no '+' and no blanks", name);
    str_copy(out->name, sizeof(out->name), name);
    TRY(signing_key_raw_public(key, out->raw, err));
    key_id(out, out->id);
    return MLOPS_OK;
}

char *note_key_format(const struct note_key *key)
{
    struct buffer text = {0};
    uint8_t typed[33] = {ED25519_TYPE};

    memcpy(typed + 1, key->raw, sizeof(key->raw));
    buffer_printf(&text, "%s+%02x%02x%02x%02x+", key->name, key->id[0], key->id[1], key->id[2],
                  key->id[3]);
    base64_write(typed, sizeof(typed), &text);
    return buffer_steal(&text);
}

int note_key_parse(const char *text, size_t length, struct note_key *key, struct mlops_error *err)
{
    const char *first = memchr(text, '+', length);
    const char *second = first ? memchr(first + 1, '+', length - (size_t)(first + 1 - text)) : NULL;
    _cleanup_(buffer_clear) struct buffer raw = {0};
    char id[9];

    memset(key, 0, sizeof(*key));
    if (!second || second - first != 9 || !name_valid(text, (size_t)(first - text)) ||
        !base64_read(second + 1, length - (size_t)(second + 1 - text), &raw) || raw.length != 33 ||
        raw.data[0] != ED25519_TYPE)
        return mlops_fail(err, MLOPS_INVALID,
                          "not a verifier key of Ed25519 (NAME+ID+KEY, c2sp.org/signed-note)");
    memcpy(key->name, text, (size_t)(first - text));
    memcpy(key->raw, raw.data + 1, sizeof(key->raw));
    key_id(key, key->id);
    snprintf(id, sizeof(id), "%02x%02x%02x%02x", key->id[0], key->id[1], key->id[2], key->id[3]);
    if (memcmp(first + 1, id, 8) != 0)
        return mlops_fail(err, MLOPS_INVALID,
                          "the verifier key of '%s' has another id than its own", key->name);
    return MLOPS_OK;
}

/* ---- notes ---------------------------------------------------------------------------------- */

int note_sign(const char *text, const char *name, const struct signing_key *key,
              struct buffer *note, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer signature = {0};
    struct note_key own;

    TRY(note_key_of(name, key, &own, err));
    buffer_append(&signature, own.id, sizeof(own.id));
    TRY(signing_sign(key, text, strlen(text), &signature, err));
    buffer_printf(note, "%s\n" DASH "%s ", text, name);
    base64_write(signature.data, signature.length, note);
    buffer_putc(note, '\n');
    return MLOPS_OK;
}

static bool verify_raw(const struct note_key *key, const char *text, size_t length,
                       const char *signature)
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->raw, sizeof(key->raw));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid = pkey && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
                 EVP_DigestVerify(context, (const uint8_t *)signature, ED25519_SIGNATURE,
                                  (const uint8_t *)text, length) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return valid;
}

/* Where the text ends and the signature lines begin: behind the last blank line. */
static size_t split(const char *note, size_t length)
{
    for (size_t at = length; at >= 2; at--)
        if (note[at - 1] == '\n' && note[at - 2] == '\n')
            return at;
    return 0;
}

/* One signature line without its newline: is it by `key`, and then by it over the text? */
static int judge_line(const char *line, size_t length, const char *note, size_t text_length,
                      const struct note_key *key, bool *valid, struct mlops_error *err)
{
    const char *name = line + DASH_LENGTH, *blank;
    _cleanup_(buffer_clear) struct buffer signature = {0};

    if (length < DASH_LENGTH || memcmp(line, DASH, DASH_LENGTH) != 0 ||
        !(blank = memchr(name, ' ', length - DASH_LENGTH)) ||
        !name_valid(name, (size_t)(blank - name)) ||
        !base64_read(blank + 1, length - (size_t)(blank + 1 - line), &signature) ||
        signature.length < 5)
        return mlops_fail(err, MLOPS_INVALID, "not a signed note: a signature line is malformed");
    if ((size_t)(blank - name) != strlen(key->name) ||
        memcmp(name, key->name, strlen(key->name)) != 0 ||
        memcmp(signature.data, key->id, sizeof(key->id)) != 0)
        return MLOPS_OK;
    if (signature.length != 4 + ED25519_SIGNATURE ||
        !verify_raw(key, note, text_length, signature.data + 4))
        return mlops_fail(err, MLOPS_INTEGRITY, "the signature of '%s' is not of this text",
                          key->name);
    *valid = true;
    return MLOPS_OK;
}

int note_open(const char *note, size_t length, const struct note_key *key, size_t *text_length,
              struct mlops_error *err)
{
    size_t at = length <= NOTE_MAX ? split(note, length) : 0, lines = 0;
    bool valid = false;

    if (at < 3 || at == length || note[length - 1] != '\n' || memchr(note, '\0', length) ||
        !utf8_valid(note, length))
        return mlops_fail(err, MLOPS_INVALID, "not a signed note (c2sp.org/signed-note)");
    *text_length = at - 1;
    while (at < length) {
        const char *line = note + at, *end = memchr(line, '\n', length - at);

        if (++lines > NOTE_SIGNATURES_MAX)
            return mlops_fail(err, MLOPS_INVALID, "the note has more than %d signatures",
                              NOTE_SIGNATURES_MAX);
        TRY(judge_line(line, (size_t)(end - line), note, *text_length, key, &valid, err));
        at += (size_t)(end - line) + 1;
    }
    if (valid)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INTEGRITY, "the note is not signed by '%s'", key->name);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

void checkpoint_format(const struct checkpoint *checkpoint, struct buffer *text)
{
    buffer_printf(text, "%s\n%llu\n", checkpoint->origin, (unsigned long long)checkpoint->size);
    base64_write(checkpoint->root.bytes, sizeof(checkpoint->root.bytes), text);
    buffer_putc(text, '\n');
}

/* Decimal without leading zeros. */
static bool parse_size(const char *text, size_t length, uint64_t *size)
{
    *size = 0;
    if (length == 0 || (length > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(*size, 10, size) ||
            __builtin_add_overflow(*size, (uint64_t)(text[i] - '0'), size))
            return false;
    }
    return true;
}

int checkpoint_parse(const char *text, size_t length, struct checkpoint *checkpoint,
                     struct mlops_error *err)
{
    const char *lines[3], *end = text + length;
    size_t lengths[3];
    _cleanup_(buffer_clear) struct buffer root = {0};

    memset(checkpoint, 0, sizeof(*checkpoint));
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        const char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;

        if (!newline)
            return mlops_fail(err, MLOPS_INVALID, "not a checkpoint (c2sp.org/tlog-checkpoint)");
        lines[i] = text;
        lengths[i] = (size_t)(newline - text);
        text = newline + 1;
    }
    if (lengths[0] == 0 || lengths[0] > NOTE_NAME_MAX ||
        !parse_size(lines[1], lengths[1], &checkpoint->size) ||
        !base64_read(lines[2], lengths[2], &root) || root.length != sizeof(checkpoint->root.bytes))
        return mlops_fail(err, MLOPS_INVALID, "not a checkpoint (c2sp.org/tlog-checkpoint)");
    memcpy(checkpoint->origin, lines[0], lengths[0]);
    memcpy(checkpoint->root.bytes, root.data, root.length);
    return MLOPS_OK;
}
