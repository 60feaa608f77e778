/* lib/release/emergency.c - a releaser lets pass what gates refused. */
#include "release/emergency.h"
#include "release/vouched.h"
#include <mlops/text.h>

#define EMERGENCY_STATEMENT "urn:mlops:emergency:v1"

static bool names(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (str_equal(*list, name))
            return true;
    return false;
}

static int check(const struct mlops_promote_options *options, struct mlops_error *err)
{
    if (!options->pass[0]) {
        mlops_fail(err, MLOPS_INVALID, "an emergency names the gates that it passes");
        return mlops_hint(err, "say which with --pass GATE; 'mlops promote --dry-run' shows those "
                               "that refuse");
    }
    for (const char *const *gate = options->pass; *gate; gate++) {
        if (names(mlops_gate_names(), *gate))
            continue;
        const char *near = mlops_suggest(*gate, mlops_gate_names());
        mlops_fail(err, MLOPS_INVALID, "there is no gate '%s'%s%s%s", *gate,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
        return mlops_hint(err, "name each by a --pass of its own; 'mlops promote --dry-run' shows "
                               "those that refuse");
    }
    if (!options->reason || !*options->reason) {
        mlops_fail(err, MLOPS_INVALID, "an emergency needs a reason");
        return mlops_hint(err, "say why with --reason: it stands in the log for good");
    }
    return MLOPS_OK;
}

static cJSON *predicate_of(const struct mlops_promote_options *options,
                           const struct mlops_version *version, const struct log_view *view)
{
    cJSON *json = cJSON_CreateObject(), *pass;
    json_add_string(json, "model", version->model);
    json_add_u64(json, "version", version->number);
    json_add_string(json, "stage", options->stage);
    json_add_string(json, "reason", options->reason);
    json_add_u64(json, "after", view->checkpoint.size);
    pass = json_add_array(json, "pass");
    for (const char *const *gate = options->pass; *gate; gate++)
        json_append_text(pass, *gate);
    return json;
}

static int look(struct mlops_registry *registry, struct log_view *view, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    TRY(snapshot_begin(registry, &snapshot, err));
    return log_view_open(registry, view, err);
}

int emergency_open(struct mlops_registry *registry, const struct mlops_promote_options *options,
                   const struct mlops_version *version, struct emergency *emergency,
                   struct mlops_error *err)
{
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(json_free) cJSON *predicate = NULL, *signed_by = cJSON_CreateObject();
    struct log_view view;
    if (!options->pass)
        return MLOPS_OK;
    TRY(check(options, err));
    TRY(vouched_open(registry, &options->signer, "passes gates", &key, err));
    if (!key) {
        mlops_fail(err, MLOPS_REFUSED,
                   "an emergency needs a releaser's signature, and this "
                   "registry trusts no releaser");
        return mlops_hint(err, "trust one first: 'mlops trust add KEY --role releaser'");
    }
    TRY(look(registry, &view, err));
    predicate = predicate_of(options, version, &view);
    struct vouched vouched = {.type = EMERGENCY_STATEMENT,
                              .name = version->model,
                              .sha256 = version->bundle + strlen("sha256:"),
                              .what = predicate};
    TRY(vouched_sign(key, &vouched, signed_by, err));
    emergency->signature = cJSON_DetachItemFromObject(signed_by, "signature");
    emergency->pass = options->pass;
    return MLOPS_OK;
}

void emergency_clear(struct emergency *emergency)
{
    cJSON_Delete(emergency->signature);
    *emergency = (struct emergency){.pass = NULL};
}

void emergency_pass(const struct emergency *emergency, struct gates_result *judged)
{
    judged->passed = true;
    for (size_t i = 0; i < judged->count; i++) {
        struct mlops_gate_result *gate = &judged->gates[i];
        gate->emergency = !gate->passed && names(emergency->pass, gate->gate);
        judged->passed = judged->passed && (gate->passed || gate->emergency);
    }
}

/* "tests, scan": those that refused; the caller frees. */
static char *passed_gates(const struct gates_result *judged)
{
    struct buffer text = {0};
    for (size_t i = 0; i < judged->count; i++)
        if (judged->gates[i].emergency)
            buffer_printf(&text, "%s%s", text.length ? ", " : "", judged->gates[i].gate);
    return buffer_steal(&text);
}

char *emergency_reason(const struct emergency *emergency, const struct gates_result *judged,
                       const char *reason)
{
    _cleanup_(free_string) char *gates = passed_gates(judged);
    if (emergency->pass && *gates)
        return xprintf("EMERGENCY, PASSED WITHOUT %s: %s", gates, reason);
    return reason ? xstrdup(reason) : NULL;
}

void emergency_write(const struct emergency *emergency, const struct gates_result *judged,
                     cJSON *detail)
{
    _cleanup_(free_string) char *gates = passed_gates(judged);
    if (!emergency->pass || !*gates)
        return;
    cJSON *json = json_add_object(detail, "emergency");
    json_add_string(json, "passed", gates);
    cJSON_AddItemToObject(json, "signature", cJSON_Duplicate(emergency->signature, true));
}
