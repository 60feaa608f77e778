/* lib/registry/fact.c - manifests flattened to rows that versions are searched by. */
#include "registry/fact.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_member.h"
#include "store/store.h"
#include <math.h>
#include <stdio.h>

#define MANIFEST_MAX (256U << 20)    /* bytes, as bundle/manifest.h has it */
#define EXACT_MAX 9007199254740992.0 /* 2^53: integers that a double has exactly */

/* A version whose facts are being recorded. */
struct recorder {
    struct db *db;
    const struct mlops_version *version;
    size_t count, left_out;
};

static int add(struct recorder *recorder, const char *name, const char *kind,
               struct db_value amount, const char *content, struct mlops_error *err)
{
    if (strlen(name) > FACT_NAME_MAX || (content && strlen(content) > FACT_TEXT_MAX) ||
        recorder->count == FACT_COUNT_MAX) {
        recorder->left_out++;
        return MLOPS_OK;
    }
    recorder->count++;
    return db_exec(recorder->db, err,
                   "INSERT INTO fact (model, number, name, kind, amount, content) "
                   "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (model, number, name) DO NOTHING",
                   DB_TEXT(recorder->version->model), DB_I64(recorder->version->number),
                   DB_TEXT(name), DB_TEXT(kind), amount, DB_TEXT(content));
}

static int add_text(struct recorder *recorder, const char *name, const char *text,
                    struct mlops_error *err)
{
    return text ? add(recorder, name, "text", DB_TEXT(NULL), text, err) : MLOPS_OK;
}

static int add_number(struct recorder *recorder, const char *name, double number,
                      struct mlops_error *err)
{
    bool whole = fabs(number) <= EXACT_MAX && number == floor(number);
    return add(recorder, name, whole ? "int" : "float", DB_F64(number), NULL, err);
}

static int add_bool(struct recorder *recorder, const char *name, bool value,
                    struct mlops_error *err)
{
    return add(recorder, name, "bool", DB_F64(value), NULL, err);
}

/* `json` under `name`: maps as "name.key", lists as "name.0". As deep as the parser let them be. */
static int flatten(struct recorder *recorder, const char *name, const cJSON *json,
                   struct mlops_error *err)
{
    size_t index = 0;

    if (cJSON_IsNumber(json))
        return add_number(recorder, name, json->valuedouble, err);
    if (cJSON_IsBool(json))
        return add_bool(recorder, name, cJSON_IsTrue(json), err);
    if (cJSON_IsString(json))
        return add_text(recorder, name, json->valuestring, err);
    for (const cJSON *item = json->child; item; item = item->next, index++) {
        _cleanup_(free_string) char *inner =
            item->string ? xprintf("%s.%s", name, item->string) : xprintf("%s.%zu", name, index);
        TRY(flatten(recorder, inner, item, err));
    }
    return MLOPS_OK;
}

static int add_code(struct recorder *recorder, const cJSON *code, struct mlops_error *err)
{
    static const char *const texts[][2] = {{"code.commit", "commit"},
                                           {"code.branch", "branch"},
                                           {"code.remote", "remote"},
                                           {"code.author", "author"}};
    const cJSON *git = cJSON_GetObjectItemCaseSensitive(code, "git");

    if (!cJSON_IsObject(git))
        return MLOPS_OK;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        TRY(add_text(recorder, texts[i][0], json_string(git, texts[i][1], NULL), err));
    return add_bool(recorder, "code.dirty", json_bool(git, "dirty", false), err);
}

/* The digest of what stands at `path`; older manifests say it in their list of files alone. */
static const char *digest_of(const cJSON *files, const char *path)
{
    const cJSON *file;

    cJSON_ArrayForEach(file, files)
    {
        if (str_equal(json_string(file, "path", ""), path))
            return json_string(file, "sha256", NULL);
    }
    return NULL;
}

/* data.NAME is the digest, so that versions which used the same data can be found. */
static int add_data(struct recorder *recorder, const cJSON *data, const struct json_span *list,
                    struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *files = NULL;
    const cJSON *snapshot;

    cJSON_ArrayForEach(snapshot, data)
    {
        const char *path = json_string(snapshot, "path", NULL);
        const char *hex = json_string(snapshot, "sha256", NULL);
        if (!hex && path && !files && list->text)
            TRY(json_parse(list->text, list->length, "files", &files, err));
        if (!hex && path)
            hex = digest_of(files, path);
        _cleanup_(free_string) char *name = xprintf("data.%s", snapshot->string);
        _cleanup_(free_string) char *rows = xprintf("data.%s.rows", snapshot->string);
        _cleanup_(free_string) char *place = xprintf("data.%s.path", snapshot->string);
        _cleanup_(free_string) char *digest = hex ? xprintf("sha256:%s", hex) : NULL;
        TRY(add_text(recorder, name, digest, err));
        TRY(add_text(recorder, place, path, err));
        TRY(add_number(recorder, rows, json_number(snapshot, "rows", 0), err));
    }
    return MLOPS_OK;
}

/* lineage.parents.0 and so on are bundles' ids. */
static int add_lineage(struct recorder *recorder, const cJSON *lineage, struct mlops_error *err)
{
    const cJSON *parent;
    size_t index = 0;

    cJSON_ArrayForEach(parent, cJSON_GetObjectItemCaseSensitive(lineage, "parents"))
    {
        _cleanup_(free_string) char *name = xprintf("lineage.parents.%zu", index++);
        TRY(add_text(recorder, name, json_string(parent, "bundle", NULL), err));
    }
    return add_text(recorder, "lineage.run", json_string(lineage, "run", NULL), err);
}

static int add_all(struct recorder *recorder, const struct buffer *manifest,
                   struct mlops_error *err)
{
    /* lineage first: 'delete' relies on it, so that no number of parameters may crowd it out */
    static const char *const members[] = {"lineage", "code",   "data", "environment",
                                          "metrics", "params", "files"};
    enum { FILES = 6 };
    struct json_span spans[ARRAY_LENGTH(members)];

    if (!json_find_members(manifest->data, manifest->length, members, ARRAY_LENGTH(members), spans))
        return mlops_fail(err, MLOPS_INVALID, "not a JSON object");
    for (size_t i = 0; i < FILES; i++) {
        _cleanup_(json_free) cJSON *json = NULL;
        if (!spans[i].text)
            continue;
        TRY(json_parse(spans[i].text, spans[i].length, members[i], &json, err));
        if (str_equal(members[i], "lineage"))
            TRY(add_lineage(recorder, json, err));
        else if (str_equal(members[i], "code"))
            TRY(add_code(recorder, json, err));
        else if (str_equal(members[i], "data"))
            TRY(add_data(recorder, json, &spans[FILES], err));
        else if (str_equal(members[i], "environment"))
            TRY(add_text(recorder, "environment", json_string(json, "path", NULL), err));
        else
            TRY(flatten(recorder, members[i], json, err));
    }
    return MLOPS_OK;
}

/* `*there` false where the manifest cannot be read. */
static int read_manifest(struct mlops_registry *registry, const struct mlops_version *version,
                         struct buffer *manifest, bool *there, struct mlops_error *err)
{
    struct store *store;
    struct digest digest;

    *there = false;
    if (!bundle_id_parse(version->bundle, &digest))
        return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is not a bundle's id", version->bundle);
    TRY(registry_store(registry, &store, err));
    int code = store_read(store, &digest, MANIFEST_MAX, manifest, err);
    *there = code == MLOPS_OK;
    if (code == MLOPS_OK || code == MLOPS_IO)
        return code;
    registry_warn(registry,
                  "%s@%llu cannot be searched by its parameters and metrics: its manifest is not "
                  "to be read (%s)",
                  version->model, (unsigned long long)version->number, err->message);
    *err = (struct mlops_error){0};
    return MLOPS_OK;
}

int facts_record(struct transaction *tx, const struct mlops_version *version,
                 const struct buffer *manifest, struct mlops_error *err)
{
    struct recorder recorder = {.db = transaction_db(tx), .version = version};
    _cleanup_(buffer_clear) struct buffer stored = {0};
    bool there = true;

    if (!manifest)
        TRY(read_manifest(tx->registry, version, &stored, &there, err));
    if (!there)
        return MLOPS_OK;
    int code = add_all(&recorder, manifest ? manifest : &stored, err);
    if (code)
        return mlops_wrap(err, "the manifest of %.23s…", version->bundle);
    if (recorder.left_out)
        registry_warn(tx->registry,
                      "%zu parameters and metrics of %s@%llu cannot be searched by: of at most %d "
                      "values a version, names have %d bytes, and texts %d",
                      recorder.left_out, version->model, (unsigned long long)version->number,
                      FACT_COUNT_MAX, FACT_NAME_MAX, FACT_TEXT_MAX);
    return MLOPS_OK;
}

int facts_forget(struct transaction *tx, const char *model, uint64_t number,
                 struct mlops_error *err)
{
    return db_exec(transaction_db(tx), err, "DELETE FROM fact WHERE model = $1 AND number = $2",
                   DB_TEXT(model), DB_I64(number));
}

int facts_fill(struct transaction *tx, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};

    TRY(mlops_version_list(tx->registry, NULL, &list, err));
    for (size_t i = 0; i < list.count; i++)
        TRY(facts_record(tx, &list.items[i].version, NULL, err));
    return MLOPS_OK;
}
