/* lib/bundle/kept.c - objects that evidence speaks of, against evidence and store. */
#include "bundle/kept.h"
#include "base/json.h"
#include "store/store.h"
#include <stdlib.h>

/* The objects of a body that were kept are those with a size and a digest. */
static bool is_kept(const cJSON *object)
{
    return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object, "bytes")) &&
           cJSON_IsString(cJSON_GetObjectItemCaseSensitive(object, "sha256"));
}

static size_t count_named(const cJSON *body)
{
    const cJSON *item;
    size_t count = is_kept(body) ? 1 : 0;
    cJSON_ArrayForEach(item, body) count += count_named(item);
    return count;
}

/* What the body says of `what`: the member of that name at any depth, or for "against-2" the
 * predictions of the second comparison; NULL: nothing. */
static const cJSON *find_named(const cJSON *body, const char *what)
{
    const cJSON *item;
    if (strncmp(what, "against-", 8) == 0) {
        const cJSON *comparisons = cJSON_GetObjectItemCaseSensitive(body, "comparisons");
        int number = atoi(what + 8);
        return number < 1 ? NULL
                          : cJSON_GetObjectItemCaseSensitive(
                                cJSON_GetArrayItem(comparisons, number - 1), "predictions");
    }
    item = cJSON_GetObjectItemCaseSensitive(body, what);
    if (item && is_kept(item))
        return item;
    cJSON_ArrayForEach(item, body)
    {
        const cJSON *found = cJSON_IsObject(item) ? find_named(item, what) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

static bool is_named(const cJSON *body, const struct kept_object *kept)
{
    const cJSON *named = find_named(body, kept->what);
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(&kept->digest, hex);
    return named && str_equal(json_string(named, "sha256", ""), hex) &&
           json_u64(named, "bytes", UINT64_MAX) == kept->bytes;
}

static int check_stored(struct store *store, const struct kept_object *kept,
                        const struct store_problems *problems, struct mlops_error *err)
{
    uint64_t size = 0;
    int code = store_object_size(store, &kept->digest, &size, err);
    if (code == MLOPS_OK && size != kept->bytes)
        code = mlops_fail(err, MLOPS_INTEGRITY, "it has %llu bytes, its row says %llu",
                          (unsigned long long)size, (unsigned long long)kept->bytes);
    if (code == MLOPS_OK || code == MLOPS_IO)
        return code;
    mlops_wrap(err, "%s of evidence %llu", kept->what, (unsigned long long)kept->evidence);
    problems->report(problems->context, "evidence", kept->bundle, err->message);
    return MLOPS_OK;
}

/* One piece of evidence: what it names, and the rows that say they are of it. `*seen` is how many of
 * those there are. */
static int check_evidence(const struct mlops_evidence *evidence, const struct bundle_row *row,
                          const struct store_problems *problems, size_t *seen,
                          struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    size_t good = 0, all = 0;
    if (json_parse(evidence->body, strlen(evidence->body), "the body of evidence", &body, err))
        return MLOPS_OK; /* a changed body is what log --verify tells */
    for (size_t i = 0; i < row->kept_count; i++) {
        if (row->kept[i].evidence != evidence->id)
            continue;
        all++;
        good += is_named(body, &row->kept[i]);
    }
    *seen += all;
    if (all == good && good == count_named(body))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INTEGRITY,
               "evidence %llu speaks of %zu objects, and the table kept has %zu of these and %zu "
               "others",
               (unsigned long long)evidence->id, count_named(body), good, all - good);
    problems->report(problems->context, "row", row->id, err->message);
    return MLOPS_OK;
}

int kept_check(struct mlops_registry *registry, struct store *store, const struct bundle_row *row,
               const struct store_problems *problems, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    size_t seen = 0;
    for (size_t i = 0; i < row->kept_count; i++)
        TRY(check_stored(store, &row->kept[i], problems, err));
    if (!registry || (!row->evidence && row->kept_count == 0))
        return MLOPS_OK;
    int64_t purged_ns;
    TRY(bundle_purged_ns(registry, row, &purged_ns, err));
    TRY(mlops_evidence_list(registry, row->id, NULL, &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].recorded_ns > purged_ns)
            TRY(check_evidence(&list.items[i], row, problems, &seen, err));
    if (seen < row->kept_count)
        problems->report(problems->context, "row", row->id,
                         "the table kept has objects of evidence that is not of this bundle");
    return MLOPS_OK;
}
