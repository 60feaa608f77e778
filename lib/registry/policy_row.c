/* lib/registry/policy_row.c - the texts of policies, held against the log. */
#include "registry/policy_row.h"
#include "registry/handle.h"

int policy_row_add(struct transaction *tx, const struct policy_change *change,
                   struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    char hex[SHA256_HEX_SIZE];

    json_add_u64(change->detail, "number", change->number);
    if (change->body) {
        sha256_of(change->body, strlen(change->body), &digest);
        digest_to_hex(&digest, hex);
        json_add_string(change->detail, "sha256", hex);
        TRY(db_exec(transaction_db(tx), err,
                    "INSERT INTO policy (model, number, body) VALUES ($1, $2, $3)",
                    DB_TEXT(change->model), DB_I64(change->number), DB_TEXT(change->body)));
    }
    TRY(json_write_canonical(change->detail, &text, err));
    return audit_append(tx,
                        &(struct audit_entry){.action = "policy",
                                              .model = change->model,
                                              .reason = change->reason,
                                              .detail = text.data},
                        err);
}

int policy_row_read(const struct log_view *view, const cJSON *entry, struct buffer *body,
                    struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    const char *model = json_string(entry, "model", "");
    unsigned long long number = json_u64(detail, "number", 0);
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    bool any;

    TRY(db_query(view->db, &rows, err, "SELECT body FROM policy WHERE model = $1 AND number = $2",
                 DB_TEXT(model), DB_I64(number)));
    TRY(db_step(rows, &any, err));
    buffer_puts(body, any ? db_string(rows, 0) : "");
    sha256_of(body->data ? body->data : "", body->length, &digest);
    digest_to_hex(&digest, hex);
    if (any && str_equal(hex, json_string(detail, "sha256", "")))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INTEGRITY,
               "policy %llu of %s %s behind the audit log's back: it is not what entry %llu names",
               number, *model ? model : "the registry", any ? "was changed" : "was removed",
               (unsigned long long)json_u64(entry, "index", 0));
    return mlops_hint(err, "compare the registry with a backup; 'mlops policy set' puts a policy "
                           "in force again");
}
