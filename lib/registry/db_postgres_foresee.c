/*
 * lib/registry/db_postgres_foresee.c - queries that will be asked: sent with what is asked before,
 * so that they cost no round trip of their own, and their answers kept until they are asked for.
 */
#include "registry/db_postgres.h"

void postgres_foresee(struct db *base, const char *sql, const struct db_value *values)
{
    struct postgres_db *db = (struct postgres_db *)base;

    GROW(db->foreseen, db->foreseen_count, &db->foreseen_capacity);
    db->foreseen[db->foreseen_count++] = (struct postgres_entry){
        .sql = xstrdup(sql), .values = postgres_copy_values(values), .foreseen = true};
    if (db->state != POSTGRES_IDLE)
        postgres_journal_foreseen(db);
}

void postgres_journal_foreseen(struct postgres_db *db)
{
    for (size_t i = 0; i < db->foreseen_count; i++) {
        GROW(db->journal, db->journal_count, &db->journal_capacity);
        db->journal[db->journal_count++] = db->foreseen[i];
    }
    db->kept += db->foreseen_count;
    db->foreseen_count = 0;
}

static void forget_foreseen(struct postgres_db *db, struct postgres_entry *entry)
{
    if (entry->kept)
        db->api.PQclear(entry->kept);
    entry->kept = NULL;
    entry->foreseen = false;
    db->kept--;
}

void postgres_journal_outdate(struct postgres_db *db)
{
    for (size_t i = 0; i < db->journal_count && db->kept > 0; i++)
        if (db->journal[i].foreseen)
            forget_foreseen(db, &db->journal[i]);
}

static bool same_values(const struct db_value *a, const struct db_value *b)
{
    for (; a->type == b->type && a->type != DB_NONE; a++, b++) {
        bool data = a->type == DB_STRING || a->type == DB_BYTES;

        if ((a->type == DB_INTEGER && a->integer != b->integer) ||
            (a->type == DB_REAL && memcmp(&a->real, &b->real, sizeof(a->real)) != 0) ||
            (data && (a->length != b->length || memcmp(a->data, b->data, a->length) != 0)))
            return false;
    }
    return a->type == b->type;
}

static struct postgres_entry *find_foreseen(struct postgres_db *db, const char *sql,
                                            const struct db_value *values)
{
    for (size_t i = 0; i < db->journal_count && db->kept > 0; i++) {
        struct postgres_entry *entry = &db->journal[i];

        if (entry->foreseen && str_equal(entry->sql, sql) && same_values(entry->values, values))
            return entry;
    }
    return NULL;
}

int postgres_journal_take(struct postgres_db *db, const char *sql, const struct db_value *values,
                          PGresult **result, struct mlops_error *err)
{
    struct postgres_entry *entry = find_foreseen(db, sql, values);

    if (entry && !entry->kept && !db->failure.code) {
        TRY(postgres_flush(db, NULL, err));
        entry = find_foreseen(db, sql, values);
    }
    if (!entry || db->failure.code)
        return MLOPS_OK;
    *result = TAKE_PTR(entry->kept);
    forget_foreseen(db, entry);
    return MLOPS_OK;
}
