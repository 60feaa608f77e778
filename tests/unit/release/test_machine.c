/*
 * tests/unit/release/test_machine.c - promotion as a state machine, exhaustively.
 *
 * A model of a stage (docs/release.md has its invariants) is explored breadth first: three people
 * promote and roll back, approve and withdraw, freeze, unfreeze and retire, in every order, up to
 * DEPTH operations. Every transition of the model is made on a real registry that is in that state,
 * and both must answer alike. Then each operation is put between the judgement and the move of
 * every promotion: what comes of it must be what comes of the two one after the other.
 */
#include "trial/session.h"

#include <mlops/catalog.h>

#define VERSIONS 2
#define STACK_MAX 4
#define DEPTH 10
#define STATES_MAX 4096
#define STAGE "production"

/* ---- the model --------------------------------------------------------------------------------- */

struct model {
    uint8_t stack[STACK_MAX], depth;
    bool said[VERSIONS + 1];     /* bob's approval stands in the log, not withdrawn */
    bool approved[VERSIONS + 1]; /* and it is from after the rollback that left the version */
    bool left[VERSIONS + 1];
    bool retired[VERSIONS + 1];
    bool frozen;
};

enum kind { PROMOTE, ROLLBACK, APPROVE, WITHDRAW, RETIRE, FREEZE, UNFREEZE };
struct operation {
    enum kind kind;
    uint8_t version;
};
static const struct operation operations[] = {{PROMOTE, 1},  {PROMOTE, 2}, {ROLLBACK, 0},
                                              {APPROVE, 1},  {APPROVE, 2}, {WITHDRAW, 1},
                                              {RETIRE, 1},   {FREEZE, 0},  {UNFREEZE, 0}};
#define OPERATIONS ARRAY_LENGTH(operations)

/* What an operation answers: a code, and whether the log grew. */
struct answer {
    int code;
    bool changed;
};

static uint8_t top(const struct model *model)
{
    return model->depth ? model->stack[model->depth - 1] : 0;
}

static struct answer model_promote(struct model *model, uint8_t version)
{
    if (model->retired[version])
        return (struct answer){MLOPS_REFUSED, false};
    if (top(model) == version || model->frozen || !model->approved[version])
        return (struct answer){MLOPS_OK, false};
    model->stack[model->depth++] = version;
    return (struct answer){MLOPS_OK, true};
}

static struct answer model_rollback(struct model *model)
{
    uint8_t from = top(model);
    for (int at = model->depth - 2; at >= 0; at--) {
        uint8_t to = model->stack[at];
        if (to == from || model->retired[to] || (model->left[to] && !model->approved[to]))
            continue;
        model->depth = (uint8_t)(at + 1);
        model->left[from] = true;
        model->approved[from] = false;
        return (struct answer){MLOPS_OK, true};
    }
    return (struct answer){MLOPS_NOT_FOUND, false};
}

static struct answer model_apply(struct model *model, struct operation operation)
{
    uint8_t version = operation.version;
    switch (operation.kind) {
    case PROMOTE:
        return model_promote(model, version);
    case ROLLBACK:
        return model_rollback(model);
    case APPROVE:
        if (model->retired[version])
            return (struct answer){MLOPS_REFUSED, false};
        model->said[version] = model->approved[version] = true;
        return (struct answer){MLOPS_OK, true};
    case WITHDRAW:
        if (!model->said[version])
            return (struct answer){MLOPS_NOT_FOUND, false};
        model->said[version] = model->approved[version] = false;
        return (struct answer){MLOPS_OK, true};
    case RETIRE:
        if (model->retired[version] || top(model) == version)
            return (struct answer){MLOPS_CONFLICT, false};
        model->retired[version] = true;
        return (struct answer){MLOPS_OK, true};
    case FREEZE:
        model->frozen = true;
        return (struct answer){MLOPS_OK, true};
    default:
        if (!model->frozen)
            return (struct answer){MLOPS_NOT_FOUND, false};
        model->frozen = false;
        return (struct answer){MLOPS_OK, true};
    }
}

/* ---- the real thing ---------------------------------------------------------------------------- */

static int real_promote(struct mlops_registry *registry, uint8_t version, struct mlops_error *err)
{
    char ref[16];
    struct mlops_promotion promotion;
    (void)snprintf(ref, sizeof(ref), "fraud@%u", version);
    const struct mlops_promote_options options = {.ref = ref, .stage = STAGE};
    int code = mlops_promote(registry, &options, &promotion, err);
    mlops_promotion_clear(&promotion);
    return code;
}

static int real_approve(struct mlops_registry *registry, struct operation operation,
                        struct mlops_error *err)
{
    char ref[16];
    struct mlops_approval approval;
    (void)snprintf(ref, sizeof(ref), "fraud@%u", operation.version);
    const struct mlops_approve_options options = {.ref = ref,
                                                  .stage = STAGE,
                                                  .withdraw = operation.kind == WITHDRAW,
                                                  .signer = {.key = "bob"}};
    return mlops_approve(registry, &options, &approval, err);
}

static int real_apply(struct mlops_registry *registry, struct operation operation,
                      struct mlops_error *err)
{
    const struct mlops_rollback_options back = {.model = "fraud", .stage = STAGE};
    struct mlops_freeze_options freeze = {.model = "fraud",
                                          .reason = "why not",
                                          .unfreeze = operation.kind == UNFREEZE,
                                          .signer = {.key = "ana"}};
    struct mlops_rollback rollback;
    struct mlops_version version;
    uint64_t entry;
    char ref[16];
    (void)snprintf(ref, sizeof(ref), "fraud@%u", operation.version);
    switch (operation.kind) {
    case PROMOTE:
        return real_promote(registry, operation.version, err);
    case ROLLBACK:
        return mlops_rollback_stage(registry, &back, &rollback, err);
    case APPROVE:
    case WITHDRAW:
        return real_approve(registry, operation, err);
    case RETIRE:
        return mlops_version_retire(registry, ref, "old", &version, err);
    default:
        return mlops_freeze(registry, &freeze, &entry, err);
    }
}

/* ---- registries in a state, as the bytes of their database -------------------------------------- */

struct state {
    struct model model;
    unsigned distance;
    struct buffer database;
};
static struct state states[STATES_MAX];
static size_t state_count;

static char *database_path(struct session *s)
{
    return xprintf("%s/.mlops/registry.db", s->folder);
}

static void save(struct session *s, struct buffer *database)
{
    _cleanup_(free_string) char *path = database_path(s);
    mlops_registry_close(s->registry);
    s->registry = NULL;
    assert_ok(s, file_read(path, SIZE_MAX, database, &s->err));
}

static void load(struct session *s, const struct buffer *database)
{
    _cleanup_(free_string) char *path = database_path(s);
    mlops_registry_close(s->registry);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(database->length, fwrite(database->data, 1, database->length, file));
    assert_int_equal(0, fclose(file));
    s->registry = open_as(s, "ana");
}

static uint64_t log_size(struct session *s)
{
    struct mlops_log log;
    assert_ok(s, mlops_log_read(s->registry, &(struct mlops_log_filter){.limit = 1}, &log, &s->err));
    uint64_t size = log.items[0].index + 1;
    mlops_log_clear(&log);
    return size;
}

/* The stage is the model's stack, all the way down; and the log is whole. */
static void assert_like(struct session *s, const struct model *model)
{
    for (unsigned back = 0; back <= model->depth; back++) {
        struct mlops_version version;
        struct mlops_error ignored = {0};
        char ref[32];
        (void)snprintf(ref, sizeof(ref), "fraud@" STAGE "~%u", back);
        int code = mlops_version_resolve(s->registry, ref, &version, &ignored);
        assert_int_equal(back < model->depth ? MLOPS_OK : MLOPS_NOT_FOUND, code);
        if (code == MLOPS_OK)
            assert_int_equal(model->stack[model->depth - 1 - back], version.number);
    }
    assert_log_is_sound(s);
}

/* Invariants that are about single states; those about steps are in `explore`. */
static void assert_invariants(const struct model *model)
{
    assert_false(model->depth && model->retired[top(model)]);
    for (int i = 1; i < model->depth; i++)
        assert_int_not_equal(model->stack[i - 1], model->stack[i]);
}

static void assert_step(const struct model *before, const struct model *after,
                        struct operation operation)
{
    if (top(before) == top(after))
        return;
    assert_true(operation.kind == PROMOTE || operation.kind == ROLLBACK);
    uint8_t now = top(after);
    assert_false(after->retired[now]);
    assert_true(after->approved[now] || operation.kind == ROLLBACK);
    assert_false(operation.kind == PROMOTE && before->frozen);
    assert_false(operation.kind == ROLLBACK && before->left[now] && !before->approved[now]);
}

static void note_state(struct session *s, const struct model *model, unsigned distance)
{
    for (size_t i = 0; i < state_count; i++)
        if (memcmp(&states[i].model, model, sizeof(*model)) == 0)
            return;
    assert_true(state_count < STATES_MAX);
    assert_invariants(model);
    states[state_count] = (struct state){.model = *model, .distance = distance};
    save(s, &states[state_count++].database);
}

/* A stack that is popped leaves what was above as it was: the same state must be the same bytes. */
static struct model normal(struct model model)
{
    for (int i = model.depth; i < STACK_MAX; i++)
        model.stack[i] = 0;
    return model;
}

/* ---- setting up -------------------------------------------------------------------------------- */

static void given_person(struct session *s, const char *name, unsigned roles)
{
    const struct mlops_key_options options = {.name = name};
    const struct mlops_trust_options trust = {
        .key = name, .owner = name, .roles = roles, .signer = {.key = "ana"}};
    struct mlops_key key;
    assert_ok(s, mlops_key_generate(&options, &key, &s->err));
    mlops_key_clear(&key);
    assert_ok(s, mlops_trust_add(s->registry, &trust, NULL, &s->err));
}

static void given_start(struct session *s)
{
    static const char text[] = "stages: {" STAGE ": {approvals: 1}}";
    const struct mlops_policy_options set = {
        .text = text, .length = strlen(text), .what = "policy", .signer = {.key = "ana"}};
    struct mlops_policy policy;
    _cleanup_(free_string) char *keys = path_join(s->folder, "keys");
    setenv("MLOPS_KEYS", keys, 1);
    given_person(s, "ana", MLOPS_ROLE_RELEASER);
    given_person(s, "bob", MLOPS_ROLE_APPROVER);
    assert_ok(s, mlops_policy_set(s->registry, &set, &policy, &s->err));
    mlops_policy_clear(&policy);
    for (int i = 1; i <= VERSIONS; i++) {
        _cleanup_(free_string) char *yaml = xprintf("model: fraud\ndescription: '%d'\n", i);
        (void)given_version(s, yaml);
    }
}

static void clear_states(void)
{
    for (size_t i = 0; i < state_count; i++)
        buffer_clear(&states[i].database);
    state_count = 0;
}

/* ---- one after the other ------------------------------------------------------------------------ */

static bool too_deep(const struct model *model, struct operation operation)
{
    return operation.kind == PROMOTE && model->depth == STACK_MAX;
}

static void explore(struct session *s, size_t at)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct model model = states[at].model;
        struct mlops_error err = {0};
        if (too_deep(&model, operations[i]))
            continue;
        struct answer expected = model_apply(&model, operations[i]);
        model = normal(model);
        load(s, &states[at].database);
        uint64_t size = log_size(s);
        int code = real_apply(s->registry, operations[i], &err);
        if (code != expected.code)
            print_error("operation %zu: %d, not %d: %s\n", i, code, expected.code, err.message);
        assert_int_equal(expected.code, code);
        assert_int_equal(size + expected.changed, log_size(s)); /* refused: nothing was written */
        assert_like(s, &model);
        assert_step(&states[at].model, &model, operations[i]);
        note_state(s, &model, states[at].distance + 1);
    }
}

static void every_order_of_operations_is_what_the_model_says(void **state)
{
    struct session *s = *state;
    given_start(s);
    note_state(s, &(struct model){.depth = 0}, 0);
    for (size_t at = 0; at < state_count; at++)
        if (states[at].distance < DEPTH)
            explore(s, at);
    print_message("%zu states\n", state_count);
    assert_true(state_count > 80);
}

/* ---- one inside of the other --------------------------------------------------------------------- */

/* What happens while a promotion, which has been judged, waits for its turn. */
struct between {
    struct session *s;
    struct mlops_registry *other;
    struct transaction *blocking;
    struct operation operation;
    struct answer answer;
    bool done;
};

/* The promotion asks whether it is to stop waiting: let the other one go first, wholly. */
static bool meanwhile(void *context)
{
    struct between *between = context;
    struct mlops_error err = {0};
    if (between->done)
        return false;
    between->done = true;
    transaction_abort(TAKE_PTR(between->blocking));
    between->answer.code = real_apply(between->other, between->operation, &err);
    return false;
}

static bool interleave(struct session *s, size_t at, uint8_t version, struct operation operation)
{
    struct between between = {.s = s, .operation = operation};
    const struct mlops_registry_options options = {
        .location = s->folder,
        .actor = "ana",
        .observer = {.context = &between, .cancelled = meanwhile}};
    struct mlops_registry *registry;
    struct model first = states[at].model;
    struct mlops_error err = {0};
    load(s, &states[at].database);
    between.other = s->registry;
    assert_ok(s, mlops_registry_open(&options, &registry, &s->err));
    assert_ok(s, transaction_begin(between.other, &between.blocking, &s->err));
    int code = real_promote(registry, version, &err);
    mlops_registry_close(registry);
    if (!between.done) { /* it did not get as far as moving anything */
        transaction_abort(between.blocking);
        assert_like(s, &first);
        return false;
    }
    struct answer expected = model_apply(&first, operation);
    assert_int_equal(expected.code, between.answer.code);
    struct model both = first;
    bool moved_first = top(&first) != top(&states[at].model);
    struct answer after = model_apply(&both, (struct operation){PROMOTE, version});
    if (moved_first) { /* the stage is not what was judged by: compare-and-swap */
        assert_int_equal(MLOPS_CONFLICT, code);
        assert_like(s, &first);
        return true;
    }
    assert_int_equal(after.code, code);
    assert_like(s, &both);
    return true;
}

static void nothing_slips_in_between_judgement_and_move(void **state)
{
    struct session *s = *state;
    size_t tried = 0;
    given_start(s);
    note_state(s, &(struct model){.depth = 0}, 0);
    for (size_t at = 0; at < state_count && states[at].distance < 5; at++)
        explore(s, at);
    for (size_t at = 0; at < state_count; at++)
        for (uint8_t version = 1; version <= VERSIONS; version++) {
            struct model model = states[at].model;
            if (model.depth >= STACK_MAX - 1 || !model_promote(&model, version).changed)
                continue;
            for (size_t i = 0; i < OPERATIONS; i++)
                tried += interleave(s, at, version, operations[i]);
        }
    print_message("%zu interleavings\n", tried);
    assert_true(tried > 60);
}

static int teardown(void **state)
{
    clear_states();
    unsetenv("MLOPS_KEYS");
    return session_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_order_of_operations_is_what_the_model_says,
                                        session_setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_slips_in_between_judgement_and_move, session_setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
