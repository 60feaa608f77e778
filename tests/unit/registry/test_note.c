/*
 * Signed notes and checkpoints: the worked example of c2sp.org/signed-note and the one of Go's
 * golang.org/x/mod/sumdb/note, and what must not open.
 */
#include "registry/fixture.h"
#include "registry/note.h"

static const char spec_key[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char spec_note[] = "This is an example message.\n"
                                "\n"
                                "\xe2\x80\x94 example.com/foo "
                                "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOB"
                                "H3mFXmRKuwHjG1Yu72IneyaQM=\n";
static const char go_key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char go_note[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    "\xe2\x80\x94 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/"
    "5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

static int open_note(const char *note, size_t length, const char *vkey, size_t *text)
{
    struct mlops_error err = {0};
    struct note_key key;

    assert_int_equal(0, note_key_parse(vkey, strlen(vkey), &key, &err));
    return note_open(note, length, &key, text, &err);
}

static void the_notes_of_the_specification_and_of_go_open(void **state)
{
    size_t length;

    (void)state;
    assert_int_equal(0, open_note(spec_note, strlen(spec_note), spec_key, &length));
    assert_int_equal(strlen("This is an example message.\n"), length);
    assert_int_equal(0, open_note(go_note, strlen(go_note), go_key, &length));
    assert_int_equal(MLOPS_INTEGRITY, open_note(go_note, strlen(go_note), spec_key, &length));
}

static void verifier_keys_come_back_from_their_text(void **state)
{
    struct mlops_error err = {0};
    struct note_key key;
    _cleanup_(free_string) char *text = NULL, *wrong = xstrdup(spec_key);

    (void)state;
    assert_int_equal(0, note_key_parse(spec_key, strlen(spec_key), &key, &err));
    text = note_key_format(&key);
    assert_string_equal(spec_key, text);
    wrong[16] = '6';
    assert_int_equal(MLOPS_INVALID, note_key_parse(wrong, strlen(wrong), &key, &err));
    assert_string_equal("the verifier key of 'example.com/foo' has another id than its own",
                        err.message);
    for (size_t length = 0; length < strlen(spec_key); length++)
        assert_int_equal(MLOPS_INVALID, note_key_parse(spec_key, length, &key, &err));
}

static void a_note_with_any_bit_turned_or_cut_does_not_open(void **state)
{
    _cleanup_(free_string) char *note = xstrdup(spec_note);
    size_t length = strlen(spec_note), text;

    (void)state;
    for (size_t bit = 0; bit < length * 8; bit++) {
        note[bit / 8] ^= (char)(1 << bit % 8);
        if (open_note(note, length, spec_key, &text) == 0)
            fail_msg("bit %zu", bit);
        note[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < length; cut++)
        assert_int_not_equal(0, open_note(spec_note, cut, spec_key, &text));
}

static void what_was_signed_opens(void **state)
{
    struct mlops_error err = {0};
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0}, note = {0};
    struct checkpoint checkpoint = {.origin = "example.org/log", .size = UINT64_MAX}, read;
    struct note_key verifier;
    size_t length;

    (void)state;
    memset(checkpoint.root.bytes, 7, sizeof(checkpoint.root.bytes));
    assert_int_equal(0, signing_key_generate(SIGNING_ED25519, &key, &err));
    checkpoint_format(&checkpoint, &text);
    assert_int_equal(0, note_sign(text.data, "example.org/log", key, &note, &err));
    assert_int_equal(0, note_key_of("example.org/log", key, &verifier, &err));
    assert_int_equal(0, note_open(note.data, note.length, &verifier, &length, &err));
    assert_int_equal(text.length, length);
    assert_int_equal(0, checkpoint_parse(note.data, length, &read, &err));
    assert_memory_equal(&checkpoint, &read, sizeof(read));
    assert_int_equal(MLOPS_INVALID, note_sign("x\n", "two words", key, &note, &err));
}

static void what_is_no_checkpoint_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "a\n",
        "a\n1\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n18446744073709551616\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2=\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n"};
    struct mlops_error err = {0};
    struct checkpoint read;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (checkpoint_parse(cases[i], strlen(cases[i]), &read, &err) != MLOPS_INVALID)
            fail_msg("'%s' was taken", cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_notes_of_the_specification_and_of_go_open),
        cmocka_unit_test(verifier_keys_come_back_from_their_text),
        cmocka_unit_test(a_note_with_any_bit_turned_or_cut_does_not_open),
        cmocka_unit_test(what_was_signed_opens),
        cmocka_unit_test(what_is_no_checkpoint_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
