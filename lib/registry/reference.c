/*
 * lib/registry/reference.c - references to versions: their syntax, what they name, and what to say
 * when they name nothing.
 */
#include "registry/reference.h"
#include "base/buffer.h"
#include "registry/lifecycle.h"
#include <mlops/text.h>
#include <stdio.h>

#define BUNDLE_PREFIX "sha256:"
#define BUNDLE_DIGITS_MIN 8
#define BUNDLE_DIGITS_MAX 64
#define CANDIDATES_SHOWN 4

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- names --------------------------------------------------------------------------------- */

static bool in_set(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Are all of the `length` bytes, at least one, in `set`? */
static bool all_in_set(const char *text, size_t length, const char *set)
{
    for (size_t i = 0; i < length; i++) {
        if (!in_set(text[i], set))
            return false;
    }
    return length > 0;
}

static bool is_name(const char *name, size_t length)
{
    return length <= MLOPS_NAME_MAX && all_in_set(name, length, LETTERS CAPITALS DIGITS "._-") &&
           in_set(name[0], LETTERS CAPITALS DIGITS) && !all_in_set(name, length, DIGITS);
}

static bool is_stage(const char *stage, size_t length)
{
    return length <= MLOPS_STAGE_MAX && all_in_set(stage, length, LETTERS DIGITS "_-") &&
           in_set(stage[0], LETTERS);
}

int name_check(const char *what, const char *name, struct mlops_error *err)
{
    if (is_name(name, strlen(name)))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a %s name", name, what);
    return mlops_hint(err,
                      "use 1 to %d of letters, digits, '.', '_' and '-', beginning with a letter "
                      "or digit, not digits alone",
                      MLOPS_NAME_MAX);
}

int stage_name_check(const char *stage, struct mlops_error *err)
{
    if (str_equal(stage, "latest")) {
        mlops_fail(err, MLOPS_INVALID, "'latest' is not a stage");
        return mlops_hint(err, "'latest' always names the newest version of a model");
    }
    if (is_stage(stage, strlen(stage)))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a stage name", stage);
    return mlops_hint(err,
                      "use 1 to %d of small letters, digits, '_' and '-', beginning with a letter",
                      MLOPS_STAGE_MAX);
}

/* ---- syntax -------------------------------------------------------------------------------- */

static int fail_syntax(const char *text, size_t length, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INVALID, "'%.*s' is not a reference to a version",
               length > 200 ? 200 : (int)length, text);
    return mlops_hint(err,
                      "write NAME, NAME@12, NAME@production, NAME@production~1, NAME@latest "
                      "or sha256: and at least %d digits",
                      BUNDLE_DIGITS_MIN);
}

/* Decimal digits up to what the database can hold. */
static bool parse_number(const char *text, size_t length, uint64_t *number)
{
    uint64_t value = 0;

    if (!all_in_set(text, length, DIGITS))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value) || value > INT64_MAX)
            return false;
    }
    *number = value;
    return true;
}

static int parse_bundle(const char *text, size_t length, struct reference *reference,
                        struct mlops_error *err)
{
    const char *digits = text + strlen(BUNDLE_PREFIX);
    size_t count = length - strlen(BUNDLE_PREFIX);

    if (!all_in_set(digits, count, DIGITS "abcdefABCDEF") || count > BUNDLE_DIGITS_MAX)
        return fail_syntax(text, length, err);
    if (count < BUNDLE_DIGITS_MIN) {
        mlops_fail(err, MLOPS_INVALID, "'%.*s' is too short to name a bundle", (int)length, text);
        return mlops_hint(err, "give at least %d digits", BUNDLE_DIGITS_MIN);
    }
    reference->kind = REFERENCE_BUNDLE;
    memcpy(reference->bundle, text, length);
    for (size_t i = 0; i < length; i++) {
        if (in_set(text[i], "ABCDEF"))
            reference->bundle[i] = (char)(text[i] - 'A' + 'a');
    }
    return MLOPS_OK;
}

/* What stands after the '@': "latest", "12", "production", "production~1", "production~". */
static int parse_place(const char *text, size_t length, const char *place, size_t place_length,
                       struct reference *reference, struct mlops_error *err)
{
    const char *tilde = memchr(place, '~', place_length);
    size_t name_length = tilde ? (size_t)(tilde - place) : place_length;
    size_t back_length = tilde ? place_length - name_length - 1 : 0;

    if (!tilde && parse_number(place, place_length, &reference->number)) {
        reference->kind = REFERENCE_NUMBER;
        if (reference->number > 0)
            return MLOPS_OK;
        mlops_fail(err, MLOPS_INVALID, "'%.*s': there is no version 0", (int)length, text);
        return mlops_hint(err, "versions are numbered from 1");
    }
    if (name_length == strlen("latest") && memcmp(place, "latest", name_length) == 0) {
        reference->kind = REFERENCE_LATEST;
        return tilde ? fail_syntax(text, length, err) : MLOPS_OK;
    }
    if (!is_stage(place, name_length))
        return fail_syntax(text, length, err);
    reference->kind = REFERENCE_STAGE;
    memcpy(reference->stage, place, name_length);
    reference->back = tilde ? 1 : 0; /* "~" alone is "~1", as in git */
    if (back_length > 0 && !parse_number(tilde + 1, back_length, &reference->back))
        return fail_syntax(text, length, err);
    return MLOPS_OK;
}

int reference_parse(const char *text, size_t length, struct reference *reference,
                    struct mlops_error *err)
{
    const char *at = memchr(text, '@', length);
    size_t name_length = at ? (size_t)(at - text) : length;

    memset(reference, 0, sizeof(*reference));
    if (length > strlen(BUNDLE_PREFIX) && memcmp(text, BUNDLE_PREFIX, strlen(BUNDLE_PREFIX)) == 0)
        return parse_bundle(text, length, reference, err);
    if (!is_name(text, name_length))
        return fail_syntax(text, length, err);
    memcpy(reference->model, text, name_length);
    reference->kind = REFERENCE_LATEST;
    if (!at)
        return MLOPS_OK;
    return parse_place(text, length, at + 1, length - name_length - 1, reference, err);
}

/* ---- what there is instead ----------------------------------------------------------------- */

static int unknown_model(struct db *db, const char *model, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL, *packaged = NULL;
    _cleanup_(free_strings) char **names = NULL;
    size_t count = 0, capacity = 0;
    const char *near;
    bool more;

    TRY(db_query(db, &packaged, err, "SELECT id FROM bundle WHERE model = $1 LIMIT 1",
                 DB_TEXT(model)));
    TRY(db_step(packaged, &more, err));
    if (more) {
        mlops_fail(err, MLOPS_NOT_FOUND, "no version of '%s' is registered", model);
        return mlops_hint(err, "a bundle of it is packaged: 'mlops register %s'",
                          db_string(packaged, 0));
    }
    TRY(db_query(db, &rows, err, "SELECT name FROM model ORDER BY name"));
    for (more = true; more;) {
        TRY(db_step(rows, &more, err));
        GROW(names, count, &capacity);
        names[count++] = more ? xstrdup(db_string(rows, 0)) : NULL;
    }
    mlops_fail(err, MLOPS_NOT_FOUND, "no model called '%s'", model);
    near = mlops_suggest(model, (const char *const *)names);
    if (near)
        return mlops_hint(err, "did you mean '%s'?", near);
    return count > 1 ? mlops_hint(err, "'mlops list' shows those that there are")
                     : mlops_hint(err, "the registry has no models yet: 'mlops package' a project "
                                       "folder and 'mlops register' it");
}

int model_check_known(struct db *db, const char *model, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool known;

    TRY(db_query(db, &rows, err, "SELECT 1 FROM model WHERE name = $1", DB_TEXT(model)));
    TRY(db_step(rows, &known, err));
    return known ? MLOPS_OK : unknown_model(db, model, err);
}

static int unknown_number(struct db *db, const struct reference *reference, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    long long first, last, count;

    TRY(model_check_known(db, reference->model, err));
    TRY(trash_explain(db, reference->model, reference->number, &more, err));
    TRY(db_query(db, &rows, err,
                 "SELECT min(number), max(number), count(*) FROM version WHERE model = $1",
                 DB_TEXT(reference->model)));
    TRY(db_step(rows, &more, err));
    first = db_i64(rows, 0);
    last = db_i64(rows, 1);
    count = db_i64(rows, 2);
    mlops_fail(err, MLOPS_NOT_FOUND, "'%s' has no version %llu", reference->model,
               (unsigned long long)reference->number);
    if (count == 1)
        return mlops_hint(err, "%s has version %lld alone", reference->model, first);
    return mlops_hint(err, "%s has versions %lld to %lld%s", reference->model, first, last,
                      count == last - first + 1 ? "" : ", not all of them");
}

/* The stages of a model that hold something, as candidates and as text. */
static int occupied_stages(struct db *db, const char *model, char ***names, struct buffer *text,
                           struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t count = 0, capacity = 0;
    bool more = true;

    TRY(db_query(db, &rows, err,
                 "SELECT DISTINCT stage FROM stage_entry WHERE model = $1 ORDER BY stage",
                 DB_TEXT(model)));
    while (more) {
        TRY(db_step(rows, &more, err));
        GROW(*names, count, &capacity);
        (*names)[count++] = more ? xstrdup(db_string(rows, 0)) : NULL;
        if (more)
            buffer_printf(text, "%s%s", text->length ? ", " : "", db_string(rows, 0));
    }
    return MLOPS_OK;
}

static int empty_stage(struct db *db, const struct reference *reference, struct mlops_error *err)
{
    _cleanup_(free_strings) char **names = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const char *model = reference->model, *stage = reference->stage, *near;
    bool more;

    TRY(model_check_known(db, model, err));
    TRY(db_query(db, &rows, err, "SELECT count(*) FROM stage_entry WHERE model = $1 AND stage = $2",
                 DB_TEXT(model), DB_TEXT(stage)));
    TRY(db_step(rows, &more, err));
    if (db_i64(rows, 0) > 0) {
        mlops_fail(err, MLOPS_NOT_FOUND, "nothing was in %s of %s %llu steps before now", stage,
                   model, (unsigned long long)reference->back);
        return mlops_hint(err, "'%s@%s~%lld' is the first that was there", model, stage,
                          (long long)db_i64(rows, 0) - 1);
    }
    TRY(occupied_stages(db, model, &names, &text, err));
    mlops_fail(err, MLOPS_NOT_FOUND, "no version of '%s' is in %s", model, stage);
    near = mlops_suggest(stage, (const char *const *)names);
    if (near)
        return mlops_hint(err, "did you mean '%s@%s'?", model, near);
    if (text.length)
        return mlops_hint(err, "stages of %s that hold a version: %s", model, text.data);
    return mlops_hint(err, "put one there with 'mlops promote %s --to %s'", model, stage);
}

/* ---- resolving ----------------------------------------------------------------------------- */

void version_from_row(const struct db_rows *rows, struct mlops_version *version)
{
    memset(version, 0, sizeof(*version));
    str_copy(version->model, sizeof(version->model), db_string(rows, 0));
    version->number = (uint64_t)db_i64(rows, 1);
    str_copy(version->bundle, sizeof(version->bundle), db_string(rows, 2));
    version->created_ns = db_i64(rows, 3);
    str_copy(version->created_by, sizeof(version->created_by), db_string(rows, 4));
}

#define BUNDLES_SQL                                                                                \
    "SELECT bundle.model, version.number, bundle.id, "                                             \
    "coalesce(version.created_ns, bundle.created_ns), "                                            \
    "coalesce(version.created_by, bundle.created_by) "                                             \
    "FROM bundle LEFT JOIN version ON version.bundle = bundle.id "                                 \
    "WHERE bundle.id >= $1 AND bundle.id < $2 AND NOT EXISTS (SELECT 1 FROM trash "                \
    "WHERE trash.bundle = bundle.id AND trash.purged_ns > 0) "                                     \
    "ORDER BY bundle.id LIMIT $3"

void bundle_foresee(struct db *db, const char *bundle)
{
    _cleanup_(free_string) char *end = xprintf("%sg", bundle);

    db_foresee(db, BUNDLES_SQL, DB_TEXT(bundle), DB_TEXT(end), DB_I64(CANDIDATES_SHOWN + 1));
}

/* Bundles between `reference->bundle` and the same with 'g', which comes after all digits. */
static int resolve_bundle(struct db *db, const struct reference *reference,
                          struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(free_string) char *end = xprintf("%sg", reference->bundle);
    _cleanup_(buffer_clear) struct buffer found = {0};
    size_t count = 0;
    bool more;

    TRY(db_query(db, &rows, err, BUNDLES_SQL, DB_TEXT(reference->bundle), DB_TEXT(end),
                 DB_I64(CANDIDATES_SHOWN + 1)));
    for (;; count++) {
        TRY(db_step(rows, &more, err));
        if (!more || count == CANDIDATES_SHOWN)
            break;
        version_from_row(rows, version);
        buffer_printf(&found, "%s%s (%s", count ? ", " : "", version->bundle, version->model);
        if (version->number)
            buffer_printf(&found, "@%llu", (unsigned long long)version->number);
        buffer_puts(&found, ")");
    }
    if (count == 1)
        return MLOPS_OK;
    if (count == 0) {
        mlops_fail(err, MLOPS_NOT_FOUND, "no bundle %s%s", reference->bundle,
                   strlen(reference->bundle) + 1 == MLOPS_BUNDLE_ID_SIZE ? "" : "...");
        return mlops_hint(err, "'mlops list' shows those that are registered");
    }
    mlops_fail(err, MLOPS_INVALID, "'%s' is ambiguous: %s%s", reference->bundle, found.data,
               more ? " and more" : "");
    return mlops_hint(err, "give more digits");
}

/* The first row of a query for VERSION_COLUMNS; `*found` false where there is none. */
static int take_first(struct db_rows *rows, struct mlops_version *version, bool *found,
                      struct mlops_error *err)
{
    TRY(db_step(rows, found, err));
    if (*found)
        version_from_row(rows, version);
    return MLOPS_OK;
}

int reference_resolve(struct db *db, const struct reference *reference,
                      struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool found;

    switch (reference->kind) {
    case REFERENCE_BUNDLE:
        return resolve_bundle(db, reference, version, err);
    case REFERENCE_LATEST:
        TRY(db_query(db, &rows, err,
                     "SELECT " VERSION_COLUMNS " FROM version WHERE model = $1 "
                     "ORDER BY number DESC LIMIT 1",
                     DB_TEXT(reference->model)));
        TRY(take_first(rows, version, &found, err));
        return found ? MLOPS_OK : unknown_model(db, reference->model, err);
    case REFERENCE_NUMBER:
        TRY(db_query(db, &rows, err,
                     "SELECT " VERSION_COLUMNS " FROM version WHERE model = $1 AND number = $2",
                     DB_TEXT(reference->model), DB_I64(reference->number)));
        TRY(take_first(rows, version, &found, err));
        return found ? MLOPS_OK : unknown_number(db, reference, err);
    default:
        TRY(db_query(db, &rows, err,
                     "SELECT " VERSION_COLUMNS " FROM stage_entry "
                     "JOIN version ON version.model = stage_entry.model "
                     "AND version.number = stage_entry.number "
                     "WHERE stage_entry.model = $1 AND stage_entry.stage = $2 "
                     "ORDER BY stage_entry.position DESC LIMIT 1 OFFSET $3",
                     DB_TEXT(reference->model), DB_TEXT(reference->stage),
                     DB_I64(reference->back)));
        TRY(take_first(rows, version, &found, err));
        return found ? MLOPS_OK : empty_stage(db, reference, err);
    }
}

int version_resolve(struct transaction *tx, const char *ref, struct mlops_version *version,
                    struct mlops_error *err)
{
    struct reference reference;

    TRY(reference_parse(ref, strlen(ref), &reference, err));
    return reference_resolve(transaction_db(tx), &reference, version, err);
}

int version_check_registered(const struct mlops_version *version, struct mlops_error *err)
{
    if (version->number != 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "%.23s… is not registered", version->bundle);
    return mlops_hint(err, "run 'mlops register %.23s' first", version->bundle);
}

int mlops_version_resolve(struct mlops_registry *registry, const char *ref,
                          struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct reference reference;

    TRY(reference_parse(ref, strlen(ref), &reference, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    return reference_resolve(registry->db, &reference, version, err);
}
