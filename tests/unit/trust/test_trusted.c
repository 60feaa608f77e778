/* Whom a registry trusts: by the log, by releasers' signatures, and by nothing else. */
#include "base/clock.h"
#include "registry/fixture.h"
#include "trust/keyring.h"
#include "trust/trusted.h"

/* A key of ours called `name`; its folder is the fixture's. */
static void given_key(struct fixture *f, const char *name)
{
    _cleanup_(free_string) char *keys = xprintf("%s/keys", f->folder);
    struct mlops_key key;

    setenv("MLOPS_KEYS", keys, 1);
    assert_ok(f, mlops_key_generate(&(struct mlops_key_options){.name = name}, &key, &f->err));
    mlops_key_clear(&key);
}

static int trust_as(struct fixture *f, const char *name, unsigned roles, const char *signer)
{
    return mlops_trust_add(
        f->registry,
        &(struct mlops_trust_options){
            .key = name, .owner = name, .roles = roles, .signer = {.key = signer}},
        NULL, &f->err);
}

static int remove_as(struct fixture *f, const char *name, const char *signer)
{
    return mlops_trust_remove(f->registry,
                              &(struct mlops_trust_options){.key = name, .signer = {.key = signer}},
                              NULL, &f->err);
}

static void without_a_releaser_anybody_adds_keys_and_with_one_nobody_else(void **state)
{
    struct fixture *f = *state;

    given_key(f, "ana");
    given_key(f, "bob");
    assert_ok(f, trust_as(f, "bob", MLOPS_ROLE_APPROVER, NULL));
    assert_ok(f, trust_as(f, "ana", MLOPS_ROLE_RELEASER, NULL));
    given_key(f, "eve");
    assert_fails(f, MLOPS_REFUSED, trust_as(f, "eve", MLOPS_ROLE_RELEASER, "eve"));
    assert_says(f, "only a releaser changes whom to trust: the key ");
    assert_says(f, "is not trusted by this registry");
    assert_fails(f, MLOPS_REFUSED, trust_as(f, "eve", MLOPS_ROLE_RELEASER, "bob"));
    assert_says(f, "of bob is trusted as approver, not as releaser");
    assert_ok(f, trust_as(f, "eve", MLOPS_ROLE_AUTHOR, "ana"));
    assert_fails(f, MLOPS_REFUSED, remove_as(f, "ana", "ana"));
    assert_message(f, "the key of ana is the last of a releaser");
    assert_ok(f, remove_as(f, "eve", "ana"));
    assert_fails(f, MLOPS_NOT_FOUND, remove_as(f, "eve", "ana"));
}

static void a_key_may_be_trusted_again_and_in_other_roles(void **state)
{
    struct fixture *f = *state;
    struct mlops_trust_list list;

    given_key(f, "ana");
    assert_ok(f, trust_as(f, "ana", MLOPS_ROLE_AUTHOR, NULL));
    assert_ok(f, trust_as(f, "ana", MLOPS_ROLE_APPROVER, NULL));
    assert_ok(f, mlops_trust_list(f->registry, &list, &f->err));
    assert_int_equal(2, list.count);
    assert_true(list.items[0].removed_ns > 0);
    assert_int_equal(MLOPS_ROLE_APPROVER, list.items[1].roles);
    assert_int_equal(0, list.items[1].removed_ns);
    mlops_trust_list_clear(&list);
}

/* Who has the registry's files and its log key, but no releaser's key. */
static void a_forged_entry_of_trust_makes_trust_fail(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    struct mlops_trust_list list;
    struct mlops_key eve;

    given_key(f, "ana");
    assert_ok(f, trust_as(f, "ana", MLOPS_ROLE_RELEASER, NULL));
    given_key(f, "eve");
    assert_ok(f, mlops_key_find("eve", &eve, &f->err));
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    cJSON *key = json_add_object(detail, "key");
    json_add_string(key, "fingerprint", eve.fingerprint);
    json_add_string(key, "owner", "eve");
    json_add_string(key, "public_key", eve.public_pem);
    cJSON_AddItemToArray(json_add_array(key, "roles"), cJSON_CreateString("releaser"));
    _cleanup_(free_string) char *text = cJSON_PrintUnformatted(detail);
    mlops_key_clear(&eve);

    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(f,
              audit_append(tx, &(struct audit_entry){.action = "trust", .detail = text}, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_fails(f, MLOPS_INTEGRITY, mlops_trust_list(f->registry, &list, &f->err));
    assert_message(f, "entry 2 of the audit log changes whom to trust without a releaser's "
                      "signature");
}

/* The releaser's own signature of an earlier change, used again after it was taken back. */
static void a_signed_change_cannot_be_replayed(void **state)
{
    struct fixture *f = *state;
    struct transaction *tx = NULL;
    struct mlops_trust_list list;
    struct log_view view;
    _cleanup_(json_free) cJSON *entry = NULL;
    bool found;

    given_key(f, "ana");
    given_key(f, "bob");
    assert_ok(f, trust_as(f, "ana", MLOPS_ROLE_RELEASER, NULL));
    assert_ok(f, trust_as(f, "bob", MLOPS_ROLE_APPROVER, "ana"));
    assert_ok(f, remove_as(f, "bob", "ana"));
    assert_ok(f, log_view_open(f->registry, &view, &f->err));
    assert_ok(f, log_view_newest(&view, &(struct log_query){.action = "trust", .model = ""}, &entry,
                                 &found, &f->err));
    _cleanup_(free_string) char *detail =
        cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(entry, "detail"));
    assert_ok(f, transaction_begin(f->registry, &tx, &f->err));
    assert_ok(
        f, audit_append(tx, &(struct audit_entry){.action = "trust", .detail = detail}, &f->err));
    assert_ok(f, transaction_commit(tx, &f->err));
    assert_fails(f, MLOPS_INTEGRITY, mlops_trust_list(f->registry, &list, &f->err));
    assert_says(f, "by a signature of another change");
}

static void a_key_ends_at_its_time(void **state)
{
    struct fixture *f = *state;
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    const struct mlops_trusted_key *found;
    struct mlops_trust_list list;
    int64_t now_ns = clock_now_ns();

    given_key(f, "ana");
    assert_ok(f, mlops_trust_add(
                     f->registry,
                     &(struct mlops_trust_options){.key = "ana",
                                                   .owner = "ana",
                                                   .roles = MLOPS_ROLE_AUTHOR,
                                                   .expires_ns = now_ns + 3600LL * 1000000000},
                     NULL, &f->err));
    assert_ok(f, keyring_open(&(struct mlops_signer){.key = "ana"}, &key, &f->err));
    assert_ok(f, mlops_trust_list(f->registry, &list, &f->err));
    assert_ok(f, trusted_check(&list, key, MLOPS_ROLE_AUTHOR, now_ns, &found, &f->err));
    assert_fails(f, MLOPS_REFUSED,
                 trusted_check(&list, key, MLOPS_ROLE_AUTHOR, now_ns + 3601LL * 1000000000, &found,
                               &f->err));
    assert_says(f, "of ana expired at ");
    mlops_trust_list_clear(&list);
}

static void a_changed_row_of_trust_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct mlops_trust_list list;

    given_key(f, "ana");
    assert_ok(f, trust_as(f, "ana", MLOPS_ROLE_AUTHOR, NULL));
    tamper(f, "UPDATE audit SET entry = replace(entry, 'author', 'releaser')");
    assert_fails(f, MLOPS_INTEGRITY, mlops_trust_list(f->registry, &list, &f->err));
    assert_message(f, "entry 1 of the audit log was changed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        registry_test(without_a_releaser_anybody_adds_keys_and_with_one_nobody_else),
        registry_test(a_key_may_be_trusted_again_and_in_other_roles),
        registry_test(a_forged_entry_of_trust_makes_trust_fail),
        registry_test(a_signed_change_cannot_be_replayed),
        registry_test(a_key_ends_at_its_time),
        registry_test(a_changed_row_of_trust_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
