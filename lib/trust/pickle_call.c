/* lib/trust/pickle_call.c - calls, instances and what is written into them. */
#include "trust/pickle_machine.h"

static struct pickle_value result_of(struct pickle_machine *machine, struct pickle_value callee,
                                     struct pickle_value arguments)
{
    uint32_t origin = callee.kind == VALUE_GLOBAL ? (uint32_t)callee.length : pickle_origin(callee);
    const struct pickle_import *import = pickle_import_of(machine, callee);
    if (import && import->dtype && callee.kind == VALUE_GLOBAL)
        return pickle_object_keep(&machine->memory, origin);
    return pickle_object_new(&machine->memory, VALUE_RESULT, origin, &arguments, 1);
}

static void misuse(struct pickle_machine *machine, struct pickle_import *import, const char *how)
{
    if (!import->misused)
        pickle_say(machine, &pickle_rule_use, "%s %s.%s, which is not listed for that", how,
                   import->module, import->name);
    import->misused = true;
}

static int call_unresolved(struct pickle_machine *machine, struct pickle_value callee)
{
    const struct pickle_import *import = pickle_import_of(machine, callee);
    if (callee.kind != VALUE_RESULT && callee.kind != VALUE_UNKNOWN)
        return pickle_break(machine, "calls what cannot be called");
    machine->calls++;
    if (machine->said_unresolved)
        return MLOPS_OK;
    machine->said_unresolved = true;
    if (import)
        pickle_say(machine, &pickle_rule_unresolved, "calls what %s.%s gave", import->module,
                   import->name);
    else
        pickle_say(machine, &pickle_rule_unresolved, "calls a value that cannot be known");
    return MLOPS_OK;
}

/* What was imported is changed for everybody in the process. */
static void write_to(struct pickle_machine *machine, const struct pickle_import *import)
{
    pickle_say(machine, &pickle_rule_write, "%s changes %s.%s itself",
               pickle_opcode(machine->code)->name, import->module, import->name);
}

static bool may_not_be_handed_on(const struct pickle_import *import)
{
    if (!import->row)
        return false;
    return import->row->guard == GUARD_GETATTR || import->row->guard == GUARD_RECONSTRUCTOR ||
           import->row->guard == GUARD_TORCH_LOAD;
}

void pickle_hand_on(struct pickle_machine *machine, const struct pickle_value *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind != VALUE_GLOBAL)
            continue;
        struct pickle_import *import = pickle_import_of(machine, items[i]);
        if (!import || import->handed_on || !may_not_be_handed_on(import))
            continue;
        import->handed_on = true;
        pickle_say(machine, &pickle_rule_handed_on, "hands %s.%s on, to be called by others",
                   import->module, import->name);
    }
}

int pickle_call(struct pickle_machine *machine, struct pickle_value callee,
                struct pickle_value arguments, struct pickle_value *result, struct mlops_error *err)
{
    const char *why = NULL;
    *result = result_of(machine, callee, arguments);
    if (callee.kind != VALUE_GLOBAL)
        return call_unresolved(machine, callee);
    machine->calls++;
    struct pickle_import *import = pickle_import_of(machine, callee);
    if (!import || !import->row)
        return MLOPS_OK;
    if (import->row->guard != GUARD_NONE)
        TRY(pickle_check_call(machine, import, arguments, result, &why, err));
    else if (!(import->row->uses & USE_CALL))
        misuse(machine, import, "calls");
    if (why)
        pickle_say(machine, &pickle_rule_arguments, "calls %s.%s with %s", import->module,
                   import->name, why);
    return MLOPS_OK;
}

int pickle_new(struct pickle_machine *machine, struct pickle_value class,
               struct pickle_value arguments, struct pickle_value *result, struct mlops_error *err)
{
    *result = result_of(machine, class, arguments);
    if (class.kind != VALUE_GLOBAL)
        return call_unresolved(machine, class);
    machine->calls++;
    struct pickle_import *import = pickle_import_of(machine, class);
    if (!import || !import->row)
        return MLOPS_OK;
    if (import->row->guard == GUARD_CONTAINER && import->row->uses & USE_NEW)
        return pickle_call(machine, class, arguments, result, err);
    if (!(import->row->uses & USE_NEW))
        misuse(machine, import, "makes an instance of");
    return MLOPS_OK;
}

int pickle_build(struct pickle_machine *machine, struct pickle_value target,
                 struct pickle_value state, struct mlops_error *err)
{
    struct pickle_import *import = pickle_import_of(machine, target);
    const char *why = NULL;
    machine->calls++;
    if (!import || !import->dtype) /* what a dtype holds is judged below */
        pickle_object_add(&machine->memory, target, &state, 1);
    if (!import)
        return MLOPS_OK;
    if (target.kind == VALUE_GLOBAL) {
        write_to(machine, import);
    } else if (import->dtype) {
        TRY(pickle_check_dtype_state(machine, target, state, &why, err));
        if (why)
            pickle_say(machine, &pickle_rule_arguments, "sets the state of a numpy dtype to %s",
                       why);
    } else if (import->row && !(import->row->uses & USE_BUILD)) {
        misuse(machine, import, "sets the state of");
    }
    return MLOPS_OK;
}

void pickle_fill(struct pickle_machine *machine, struct pickle_value target, enum pickle_use use,
                 const struct pickle_value *items, size_t count)
{
    struct pickle_import *import = pickle_import_of(machine, target);
    pickle_object_add(&machine->memory, target, items, count);
    if (target.kind == VALUE_BYTES)
        pickle_say(machine, &pickle_rule_use, "changes bytes that were read");
    if (!import)
        return;
    machine->calls++;
    if (target.kind == VALUE_GLOBAL)
        write_to(machine, import);
    else if (import->row && !(import->row->uses & use))
        misuse(machine, import, "puts items into");
}
