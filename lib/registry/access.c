/*
 * lib/registry/access.c - roles of a shared registry: set up by the first grant, given, taken and
 * listed. access_rules.c says what each may do.
 *
 * PostgreSQL's roles are the whole server's: those of a registry have its database and schema,
 * hashed, in their names. Names cannot be bound as parameters, so the statements are put together
 * by a temporary function on the server, which quotes them.
 */
#include "registry/access_rules.h"
#include "registry/handle.h"
#include <mlops/access.h>
#include <stdio.h>

static const char *const names[MLOPS_ACCESS_COUNT] = {"reader", "author", "releaser", "admin"};

/* $1 is a role's name above. */
#define ROLE_NAME                                                                                  \
    "'mlops_' || $1 || '_' || left(md5(current_database() || '.' || current_schema()), 12)"

const char *mlops_access_name(enum mlops_access role)
{
    return names[role];
}

int mlops_access_parse(const char *name, enum mlops_access *role, struct mlops_error *err)
{
    for (size_t i = 0; i < MLOPS_ACCESS_COUNT; i++) {
        if (str_equal(name, names[i])) {
            *role = (enum mlops_access)i;
            return MLOPS_OK;
        }
    }
    mlops_fail(err, MLOPS_INVALID, "there is no role '%s'", name);
    return mlops_hint(err, "roles are reader, author, releaser and admin");
}

void mlops_access_list_clear(struct mlops_access_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].user);
    free(list->items);
    *list = (struct mlops_access_list){0};
}

static int check_shared(const struct mlops_registry *registry, struct mlops_error *err)
{
    if (registry->metadata)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "the registry %s is not shared, and has no roles",
               registry->location);
    return mlops_hint(err, "who may write its folder may do everything; 'mlops init --metadata "
                           "postgresql://...' makes one with roles");
}

/* ---- setting up ------------------------------------------------------------------------------ */

/* pg_temp.mlops_rule(rule, who): run a rule with the names in it. */
static int make_function(struct db *db, struct mlops_error *err)
{
    return db_exec_values(
        db, err,
        "CREATE OR REPLACE FUNCTION pg_temp.mlops_rule(rule text, who text) RETURNS void "
        "LANGUAGE plpgsql AS $body$ DECLARE role text; BEGIN\n"
        "FOREACH role IN ARRAY ARRAY['reader', 'author', 'releaser', 'admin'] LOOP\n"
        "    rule := replace(rule, '@' || role, quote_ident('mlops_' || role || '_' ||\n"
        "        left(md5(current_database() || '.' || current_schema()), 12)));\n"
        "END LOOP;\n"
        "rule := replace(rule, '@schema', quote_ident(current_schema()));\n"
        "EXECUTE replace(rule, '@user', quote_ident(who));\n"
        "END $body$",
        &DB_END);
}

static int run_rule(struct db *db, const char *rule, const char *user, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(db, &rows, err, "SELECT pg_temp.mlops_rule($1, $2)", DB_TEXT(rule),
                 DB_TEXT(user)));
    return db_step(rows, &more, err);
}

static int is_any(struct db *db, const char *sql, const char *text, bool *is,
                  struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(db, &rows, err, sql, DB_TEXT(text)));
    return db_step(rows, is, err);
}

static int make_role(struct db *db, enum mlops_access role, struct mlops_error *err)
{
    _cleanup_(free_string) char *rule = xprintf("CREATE ROLE @%s NOLOGIN", names[role]);
    bool is;

    TRY(is_any(db, "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = " ROLE_NAME, names[role], &is,
               err));
    return is ? MLOPS_OK : run_rule(db, rule, "", err);
}

/* The roles and their rules, where they are not there yet or older than this mlops. */
static int set_up(struct db *db, struct mlops_error *err)
{
    char number[16];
    bool is;

    snprintf(number, sizeof(number), "%d", ACCESS_RULES_NUMBER);
    TRY(is_any(db, "SELECT 1 FROM meta WHERE key = 'access' AND value = $1", number, &is, err));
    if (is)
        return MLOPS_OK;
    for (size_t role = 0; role < MLOPS_ACCESS_COUNT; role++)
        TRY(make_role(db, (enum mlops_access)role, err));
    for (const char *const *rule = access_rules; *rule; rule++)
        TRY(run_rule(db, *rule, "", err));
    return db_exec(db, err,
                   "INSERT INTO meta (key, value) VALUES ('access', $1) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   DB_TEXT(number));
}

/* ---- giving and taking ----------------------------------------------------------------------- */

static int check_login(struct db *db, const char *user, struct mlops_error *err)
{
    bool is;

    TRY(is_any(db, "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1 AND rolcanlogin", user,
               &is, err));
    if (is)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "the database server has no user '%s'", user);
    return mlops_hint(err, "whoever runs the server makes it: createuser --pwprompt %s", user);
}

static int holds(struct db *db, enum mlops_access role, const char *user, bool *does,
                 struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(db, &rows, err,
                 "SELECT 1 FROM pg_catalog.pg_auth_members AS held "
                 "JOIN pg_catalog.pg_roles AS role ON role.oid = held.roleid "
                 "JOIN pg_catalog.pg_roles AS login ON login.oid = held.member "
                 "WHERE login.rolname = $2 AND role.rolname = " ROLE_NAME,
                 DB_TEXT(names[role]), DB_TEXT(user)));
    return db_step(rows, does, err);
}

static int take_all(struct db *db, const char *user, bool *any, struct mlops_error *err)
{
    *any = false;
    for (size_t role = 0; role < MLOPS_ACCESS_COUNT; role++) {
        _cleanup_(free_string) char *rule = xprintf("REVOKE @%s FROM @user", names[role]);
        bool does;

        TRY(holds(db, (enum mlops_access)role, user, &does, err));
        *any |= does;
        if (does)
            TRY(run_rule(db, rule, user, err));
    }
    return MLOPS_OK;
}

static int record(struct transaction *tx, const char *action, const char *role, const char *user,
                  struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};

    json_add_string(detail, "user", user);
    json_add_text(detail, "role", role);
    TRY(json_write_canonical(detail, &text, err));
    return audit_append(tx, &(struct audit_entry){.action = action, .detail = text.data}, err);
}

int mlops_access_grant(struct mlops_registry *registry, enum mlops_access role, const char *user,
                       struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(free_string) char *rule =
        xprintf("GRANT @%s TO @user%s", names[role],
                role == MLOPS_ACCESS_ADMIN ? " WITH ADMIN OPTION" : "");
    bool any;

    TRY(check_shared(registry, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(check_login(registry->db, user, err));
    TRY(make_function(registry->db, err));
    TRY(set_up(registry->db, err));
    TRY(take_all(registry->db, user, &any, err));
    TRY(run_rule(registry->db, rule, user, err));
    TRY(record(tx, "grant", names[role], user, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_access_revoke(struct mlops_registry *registry, const char *user, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    bool any;

    TRY(check_shared(registry, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(make_function(registry->db, err));
    TRY(take_all(registry->db, user, &any, err));
    if (!any) {
        mlops_fail(err, MLOPS_NOT_FOUND, "%s has no role in this registry", user);
        return mlops_hint(err, "'mlops registry show' lists who has");
    }
    TRY(record(tx, "revoke", NULL, user, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- looking --------------------------------------------------------------------------------- */

static int read_role(struct db *db, enum mlops_access role, struct mlops_access_list *list,
                     size_t *capacity, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(db, &rows, err,
                 "SELECT DISTINCT login.rolname::text FROM pg_catalog.pg_auth_members AS held "
                 "JOIN pg_catalog.pg_roles AS role ON role.oid = held.roleid "
                 "JOIN pg_catalog.pg_roles AS login ON login.oid = held.member "
                 "WHERE login.rolcanlogin AND role.rolname = " ROLE_NAME " ORDER BY 1",
                 DB_TEXT(names[role])));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, capacity);
        list->items[list->count++] =
            (struct mlops_access_row){.user = xstrdup(db_string(rows, 0)), .role = role};
    }
}

int mlops_access_read(struct mlops_registry *registry, struct mlops_access_list *list,
                      struct mlops_error *err)
{
    size_t capacity = 0;

    *list = (struct mlops_access_list){0};
    TRY(check_shared(registry, err));
    for (size_t role = 0; role < MLOPS_ACCESS_COUNT; role++) {
        int code = read_role(registry->db, (enum mlops_access)role, list, &capacity, err);

        if (code) {
            mlops_access_list_clear(list);
            return code;
        }
    }
    return MLOPS_OK;
}
