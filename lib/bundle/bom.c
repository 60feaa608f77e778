/*
 * lib/bundle/bom.c - a version as a CycloneDX 1.6 ML-BOM. The format is that of bom-1.6.schema.json
 * (ECMA-424, cyclonedx.org/docs/1.6/json); package URLs are those of the purl specification.
 *
 * The same bundle gives the same text, but for what was registered and tested since.
 */
#include "base/json.h"
#include "bundle/environment.h"
#include "registry/registry.h"
#include <mlops/exchange.h>
#include <mlops/text.h>
#include <stdio.h>

#define SCHEMA "http://cyclonedx.org/schema/bom-1.6.schema.json"
#define MODEL_REF "model"

static cJSON *add_to(cJSON *list)
{
    cJSON *object = xcheck(cJSON_CreateObject());
    cJSON_AddItemToArray(list, object);
    return object;
}

static void add_property(cJSON *list, const char *name, const char *value)
{
    cJSON *property = add_to(list);
    json_add_string(property, "name", name);
    json_add_string(property, "value", value);
}

static void add_hash(cJSON *component, const char *hex)
{
    cJSON *hash = add_to(json_add_array(component, "hashes"));
    json_add_string(hash, "alg", "SHA-256");
    json_add_string(hash, "content", hex);
}

/* A component of type and name that the model depends on. */
static cJSON *add_component(cJSON *components, cJSON *needs, const char *type, const char *name,
                            const char *ref)
{
    cJSON *component = add_to(components);
    json_add_string(component, "type", type);
    json_add_string(component, "bom-ref", ref);
    json_add_string(component, "name", name);
    json_append_text(needs, ref);
    return component;
}

/* ---- values --------------------------------------------------------------------------------- */

typedef void (*each_value)(cJSON *list, const char *key, const char *value);

/* Every single value below `json`, by its dotted key. */
static void flatten(const cJSON *json, const char *key, each_value each, cJSON *list)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    const cJSON *item;
    size_t index = 0;
    if (cJSON_IsObject(json) || cJSON_IsArray(json)) {
        cJSON_ArrayForEach(item, json)
        {
            const char *dot = *key ? "." : "";
            _cleanup_(free_string) char *inner = cJSON_IsObject(json)
                                                     ? xprintf("%s%s%s", key, dot, item->string)
                                                     : xprintf("%s%s%zu", key, dot, index++);
            flatten(item, inner, each, list);
        }
        return;
    }
    if (cJSON_IsNumber(json))
        json_write_number(json->valuedouble, &text);
    else
        buffer_puts(&text, cJSON_IsString(json)  ? json->valuestring
                           : cJSON_IsTrue(json)  ? "true"
                           : cJSON_IsFalse(json) ? "false"
                                                 : "null");
    each(list, key, text.data ? text.data : "");
}

static void each_parameter(cJSON *list, const char *key, const char *value)
{
    _cleanup_(free_string) char *name = xprintf("mlops:param:%s", key);
    add_property(list, name, value);
}

static void each_metric(cJSON *list, const char *key, const char *value)
{
    cJSON *metric = add_to(list);
    json_add_string(metric, "type", key);
    json_add_string(metric, "value", value);
}

static void add_number_text(cJSON *object, const char *key, double value)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    json_write_number(value, &text);
    json_add_string(object, key, text.data);
}

/* ---- the model card ------------------------------------------------------------------------- */

/* What the newest run of a suite measured, with its intervals: "holdout.auc". */
static void add_measured(const struct mlops_evidence *evidence, cJSON *list)
{
    struct mlops_error ignored = {0}; /* what is no JSON measured nothing */
    _cleanup_(json_free) cJSON *body = NULL;
    const cJSON *value;
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, &ignored))
        return;
    const cJSON *intervals = cJSON_GetObjectItemCaseSensitive(body, "intervals");
    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(body, "metrics"))
    {
        const cJSON *interval = cJSON_GetObjectItemCaseSensitive(intervals, value->string);
        if (!cJSON_IsNumber(value))
            continue;
        _cleanup_(free_string) char *type = xprintf("%s.%s", evidence->name, value->string);
        cJSON *metric = add_to(list);
        json_add_string(metric, "type", type);
        add_number_text(metric, "value", value->valuedouble);
        if (!cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(interval, "low")) ||
            !cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(interval, "high")))
            continue;
        cJSON *bounds = json_add_object(metric, "confidenceInterval");
        add_number_text(bounds, "lowerBound", json_number(interval, "low", 0));
        add_number_text(bounds, "upperBound", json_number(interval, "high", 0));
    }
}

static int add_evidence(struct mlops_registry *registry, const char *bundle, cJSON *list,
                        struct mlops_error *err)
{
    struct mlops_evidence_list tests = {0};
    TRY(mlops_evidence_list(registry, bundle, "test", &tests, err));
    for (size_t i = 0; i < tests.count; i++) {
        bool newest = true;
        for (size_t j = i + 1; j < tests.count && newest; j++)
            newest = !str_equal(tests.items[i].name, tests.items[j].name);
        if (newest)
            add_measured(&tests.items[i], list);
    }
    mlops_evidence_list_clear(&tests);
    return MLOPS_OK;
}

static int add_card(struct mlops_registry *registry, const struct mlops_version *version,
                    const struct manifest *manifest, cJSON *model, struct mlops_error *err)
{
    cJSON *card = json_add_object(model, "modelCard");
    cJSON *parameters = json_add_object(card, "modelParameters");
    for (size_t i = 0; i < manifest->project.suite_count; i++)
        if (manifest->project.suites[i].task) {
            json_add_string(parameters, "task", manifest->project.suites[i].task);
            break;
        }
    cJSON *datasets = json_add_array(parameters, "datasets");
    for (size_t i = 0; i < manifest->data_count; i++) {
        _cleanup_(free_string) char *ref = xprintf("data:%s", manifest->data[i].name);
        json_add_string(add_to(datasets), "ref", ref);
    }
    cJSON *metrics =
        json_add_array(json_add_object(card, "quantitativeAnalysis"), "performanceMetrics");
    flatten(cJSON_GetObjectItemCaseSensitive(manifest->json, "metrics"), "", each_metric, metrics);
    TRY(add_evidence(registry, version->bundle, metrics, err));
    flatten(cJSON_GetObjectItemCaseSensitive(manifest->json, "params"), "", each_parameter,
            json_add_array(card, "properties"));
    return MLOPS_OK;
}

/* ---- the model ------------------------------------------------------------------------------ */

/* A licence that the folder came with from elsewhere (docs/exchange.md), as its name. */
static void add_license(const struct manifest *manifest, cJSON *model)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(manifest->json, "params");
    const cJSON *kit = cJSON_GetObjectItemCaseSensitive(params, "kitfile");
    const cJSON *hub = cJSON_GetObjectItemCaseSensitive(params, "huggingface");
    const char *name = json_string(cJSON_GetObjectItemCaseSensitive(kit, "model"), "license", NULL);
    if (!name)
        name = json_string(kit, "license", json_string(hub, "license", NULL));
    if (name)
        json_add_string(json_add_object(add_to(json_add_array(model, "licenses")), "license"),
                        "name", name);
}

static void add_code(const struct manifest *manifest, cJSON *model)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(manifest->json, "code");
    const cJSON *git = cJSON_GetObjectItemCaseSensitive(code, "git");
    const char *remote = json_string(git, "remote", NULL);
    const char *commit = json_string(git, "commit", NULL);
    cJSON *properties = json_add_array(model, "properties");
    if (commit)
        add_property(properties, "mlops:git:commit", commit);
    if (commit)
        add_property(properties, "mlops:git:dirty",
                     json_bool(git, "dirty", false) ? "true" : "false");
    /* "git@host:path" is no URL, and the schema wants one */
    if (!remote || !strstr(remote, "://") || strpbrk(remote, " <>\"{}|\\^`"))
        return;
    cJSON *reference = add_to(json_add_array(model, "externalReferences"));
    json_add_string(reference, "type", "vcs");
    json_add_string(reference, "url", remote);
}

static int add_model(struct mlops_registry *registry, const struct mlops_version *version,
                     const struct manifest *manifest, cJSON *metadata, struct mlops_error *err)
{
    char number[32];
    cJSON *model = json_add_object(metadata, "component");
    const char *digest = version->bundle + strlen("sha256:");
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)version->number);
    json_add_string(model, "type", "machine-learning-model");
    json_add_string(model, "bom-ref", MODEL_REF);
    json_add_string(model, "name", version->model);
    json_add_string(model, "version", version->number ? number : version->bundle);
    json_add_text(model, "description", manifest->project.description);
    add_hash(model, digest);
    add_license(manifest, model);
    add_code(manifest, model);
    return add_card(registry, version, manifest, model, err);
}

/* ---- what it is made of --------------------------------------------------------------------- */

static void add_data(const struct manifest *manifest, cJSON *components, cJSON *needs)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(manifest->json, "data");
    for (size_t i = 0; i < manifest->data_count; i++) {
        const struct manifest_data *data = &manifest->data[i];
        const cJSON *json = cJSON_GetObjectItemCaseSensitive(all, data->name);
        _cleanup_(free_string) char *ref = xprintf("data:%s", data->name);
        cJSON *component = add_component(components, needs, "data", data->name, ref);
        const char *hex = json_string(json, "sha256", NULL);
        if (hex && strlen(hex) == SHA256_HEX_SIZE - 1)
            add_hash(component, hex);
        cJSON *about = add_to(json_add_array(component, "data"));
        json_add_string(about, "type", "dataset");
        json_add_string(about, "name", data->name);
        cJSON *properties = json_add_array(json_add_object(about, "contents"), "properties");
        add_property(properties, "mlops:path", data->path);
        _cleanup_(free_string) char *rows = xprintf("%llu", (unsigned long long)data->rows);
        add_property(properties, "mlops:rows", rows);
        if (data->role)
            add_property(properties, "mlops:role", data->role);
        if (data->target)
            add_property(properties, "mlops:target", data->target);
    }
}

static void add_files(const struct manifest *manifest, cJSON *components, cJSON *needs)
{
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        char hex[SHA256_HEX_SIZE];
        if (file->kind != MANIFEST_FILE)
            continue;
        _cleanup_(free_string) char *ref = xprintf("file:%s", file->path);
        digest_to_hex(&file->digest, hex);
        add_hash(add_component(components, needs, "file", file->path, ref), hex);
    }
}

/* purl: what is no letter, digit or one of ".-_~" is percent-encoded. */
static void put_encoded(const char *text, struct buffer *out)
{
    for (; *text; text++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~", *text))
            buffer_putc(out, *text);
        else
            buffer_printf(out, "%%%02X", (unsigned char)*text);
}

static void add_purl(const struct distribution *item, cJSON *component)
{
    _cleanup_(buffer_clear) struct buffer purl = {0};
    if (item->kind == DISTRIBUTION_IMAGE)
        return;
    buffer_puts(&purl, item->kind == DISTRIBUTION_CONDA ? "pkg:conda/" : "pkg:pypi/");
    put_encoded(item->key, &purl);
    if (item->version) {
        buffer_putc(&purl, '@');
        put_encoded(item->version, &purl);
    }
    if (item->build && item->kind == DISTRIBUTION_CONDA) {
        buffer_puts(&purl, "?build=");
        put_encoded(item->build, &purl);
    }
    json_add_string(component, "purl", purl.data);
}

/* A digest is the component's where there is one; of several each is that of another file that may
 * be installed. */
static void add_package_hashes(const struct distribution *item, cJSON *component, cJSON *properties)
{
    struct digest digest;
    for (size_t i = 0; i < item->hash_count; i++) {
        const char *hex = item->hashes[i] + strlen("sha256:");
        if (item->hash_count == 1 && digest_from_hex(hex, strlen(hex), &digest))
            add_hash(component, hex);
        else
            add_property(properties, "mlops:distribution:hash", item->hashes[i]);
    }
}

static void add_packages(const struct lock *lock, cJSON *components, cJSON *needs)
{
    for (size_t i = 0; i < lock->count; i++) {
        const struct distribution *item = &lock->items[i];
        _cleanup_(free_string) char *ref = xprintf("package:%zu:%s", i + 1, item->key);
        const char *type = item->kind == DISTRIBUTION_IMAGE ? "container" : "library";
        cJSON *component = add_component(components, needs, type, item->name, ref);
        json_add_text(component, "version", item->version);
        json_add_string(component, "scope", item->optional ? "optional" : "required");
        add_purl(item, component);
        cJSON *properties = json_add_array(component, "properties");
        if (item->marker)
            add_property(properties, "mlops:distribution:marker", item->marker);
        if (item->pin == PIN_NONE)
            add_property(properties, "mlops:distribution:unpinned", item->text);
        add_package_hashes(item, component, properties);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* The bundle's id as a UUID of version 8 (RFC 9562 §5.8): 122 bits of its digest. */
static void add_serial(const char *bundle, cJSON *bom)
{
    const char *hex = bundle + strlen("sha256:");
    _cleanup_(free_string) char *serial =
        xprintf("urn:uuid:%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
    json_add_string(bom, "serialNumber", serial);
}

static int add_metadata(struct mlops_registry *registry, const struct mlops_version *version,
                        const struct manifest *manifest, cJSON *bom, struct mlops_error *err)
{
    cJSON *metadata = json_add_object(bom, "metadata");
    char time[32];
    if (version->number) {
        mlops_time_format(version->created_ns, time);
        json_add_string(metadata, "timestamp", time);
    }
    cJSON *tool = add_to(json_add_array(json_add_object(metadata, "tools"), "components"));
    json_add_string(tool, "type", "application");
    json_add_string(tool, "name", "mlops");
    json_add_string(tool, "version", mlops_library_version());
    return add_model(registry, version, manifest, metadata, err);
}

static int add_components(struct mlops_registry *registry, const char *ref,
                          const struct manifest *manifest, cJSON *bom, struct mlops_error *err)
{
    cJSON *components = json_add_array(bom, "components");
    cJSON *dependency = add_to(json_add_array(bom, "dependencies"));
    json_add_string(dependency, "ref", MODEL_REF);
    cJSON *needs = json_add_array(dependency, "dependsOn");
    add_data(manifest, components, needs);
    add_files(manifest, components, needs);
    if (!manifest->project.environment || manifest->released_ns)
        return MLOPS_OK;
    _cleanup_(environment_clear) struct bundle_environment environment = {0};
    TRY(environment_load(registry, ref, &environment, err));
    add_packages(&environment.lock, components, needs);
    return MLOPS_OK;
}

int mlops_bom(struct mlops_registry *registry, const char *ref, char **json,
              struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(json_free) cJSON *bom = xcheck(cJSON_CreateObject());
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_version version;
    *json = NULL;
    TRY(manifest_load(registry, ref, &version, &manifest, NULL, err));
    json_add_string(bom, "$schema", SCHEMA);
    json_add_string(bom, "bomFormat", "CycloneDX");
    json_add_string(bom, "specVersion", "1.6");
    json_add_number(bom, "version", 1);
    add_serial(version.bundle, bom);
    TRY(add_metadata(registry, &version, &manifest, bom, err));
    TRY(add_components(registry, version.bundle, &manifest, bom, err));
    TRY(json_write_canonical(bom, &text, err));
    *json = buffer_steal(&text);
    return MLOPS_OK;
}
