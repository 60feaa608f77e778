/*
 * lib/trust/pickle_check.c - the arguments of those listed calls that are not harmless with all.
 *
 * What numpy does with a dtype decides whether raw bytes become Python objects: a dtype of objects
 * whose flags deny it makes numpy take addresses out of the file. So a dtype's state must be the
 * one that numpy itself would write (numpy/core/src/multiarray/descriptor.c, arraydescr_reduce).
 */
#include "trust/pickle_machine.h"
#include "trust/pickle_text.h"

/* NPY_ITEM_REFCOUNT | NPY_LIST_PICKLE | NPY_NEEDS_INIT | NPY_NEEDS_PYAPI */
#define FLAGS_OF_FIELDS_WITH_OBJECTS 0x1b
#define FLAGS_OF_OBJECTS 0x3f
#define FLAGS_WITHOUT_OBJECTS 0x98 /* NPY_NEEDS_INIT, NPY_NEEDS_PYAPI, NPY_ALIGNED_STRUCT */
#define DTYPE_WIDTH_MAX (1 << 30)

static const char not_known[] = "arguments that are not known";

static bool from_encode(struct pickle_machine *machine, struct pickle_value value)
{
    const struct pickle_import *import = pickle_import_of(machine, value);
    return value.kind == VALUE_RESULT && import && import->row &&
           import->row->guard == GUARD_ENCODE;
}

/* The text that _codecs.encode made bytes of, where the value is such bytes; else the value. */
static struct pickle_value encoded(struct pickle_machine *machine, struct pickle_value value)
{
    const struct pickle_object *result = pickle_object_of(&machine->memory, value);
    if (!from_encode(machine, value) || !result || result->count != 1)
        return value;
    const struct pickle_object *arguments = pickle_object_of(&machine->memory, result->items[0]);
    return arguments && arguments->count == 2 ? arguments->items[0] : value;
}

static const char *check_container(struct pickle_machine *machine,
                                   const struct pickle_object *arguments)
{
    const struct pickle_value *item = arguments->items;
    if (arguments->count == 0)
        return NULL;
    if (arguments->count == 2 && item[0].kind == VALUE_TEXT && item[1].kind == VALUE_TEXT)
        return NULL; /* bytearray(text, "latin-1") of protocol 2 */
    if (arguments->count == 1 &&
        (item->kind == VALUE_LIST || item->kind == VALUE_TUPLE || item->kind == VALUE_DICT ||
         item->kind == VALUE_SET || item->kind == VALUE_TEXT || item->kind == VALUE_BYTES ||
         from_encode(machine, *item)))
        return NULL;
    return "something else than a container";
}

static int check_encode(struct pickle_machine *machine, const struct pickle_object *arguments,
                        const char **why, struct mlops_error *err)
{
    static const char *const codings[] = {"latin1", "latin-1", "iso-8859-1", NULL};
    char text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    *why = "another coding than latin1";
    if (arguments->count != 2 || arguments->items[0].kind != VALUE_TEXT)
        return MLOPS_OK;
    TRY(pickle_word_of(machine, arguments->items[1], text, err));
    if (str_is_one_of(text, codings))
        *why = NULL;
    return MLOPS_OK;
}

/* The result is what an import of module and `Class.attribute` would give. */
static int check_getattr(struct pickle_machine *machine, const struct pickle_object *arguments,
                         struct pickle_value *result, const char **why, struct mlops_error *err)
{
    char attribute[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)];
    _cleanup_(free_string) char *name = NULL;
    *why = "an attribute that is not listed";
    if (arguments->count < 2)
        return MLOPS_OK;
    const struct pickle_import *import = pickle_import_of(machine, arguments->items[0]);
    TRY(pickle_word_of(machine, arguments->items[1], attribute, err));
    if (!import || arguments->items[0].kind != VALUE_GLOBAL || !attribute[0])
        return MLOPS_OK;
    name = xprintf("%s.%s", import->name, attribute);
    if (pickle_listed(import->module, name))
        *why = NULL;
    _cleanup_(free_string) char *module = xstrdup(import->module);
    return pickle_import_name(machine, module, name, result);
}

static const char *check_class(struct pickle_machine *machine, struct pickle_value class,
                               unsigned uses)
{
    const struct pickle_import *import = pickle_import_of(machine, class);
    if (class.kind != VALUE_GLOBAL || !import)
        return "a class that is no import";
    if (import->row && !(import->row->uses & uses)) /* what is not listed was reported as such */
        return "a class that is not listed for it";
    return NULL;
}

static const char *check_reconstructor(struct pickle_machine *machine,
                                       const struct pickle_import *import,
                                       const struct pickle_object *arguments,
                                       struct pickle_value *result)
{
    bool with_base = str_equal(import->name, "_reconstructor");
    if (arguments->count < 1 || (with_base && arguments->count != 3))
        return not_known;
    struct pickle_value class = arguments->items[0];
    const char *why = check_class(machine, class, USE_NEW);
    if (!why && with_base)
        why = check_class(machine, arguments->items[1], USE_NEW);
    if (class.kind == VALUE_GLOBAL)
        *result = pickle_object_new(&machine->memory, VALUE_RESULT, (uint32_t) class.length,
                                    arguments->items + 1, 1);
    return why;
}

static const char *check_numpy_reconstruct(struct pickle_machine *machine,
                                           const struct pickle_import *import,
                                           const struct pickle_object *arguments)
{
    size_t classes = str_equal(import->name, "_mareconstruct") ? 2 : 1;
    if (arguments->count < 3)
        return not_known;
    for (size_t i = 0; i < classes; i++) {
        const char *why = check_class(machine, arguments->items[i], USE_ARRAY);
        if (why)
            return why;
    }
    return NULL;
}

/* It calls the first and sets the state of what that gives. */
static const char *check_rebuild(struct pickle_machine *machine,
                                 const struct pickle_object *arguments)
{
    if (arguments->count < 4)
        return not_known;
    const struct pickle_import *function = pickle_import_of(machine, arguments->items[0]);
    const struct pickle_import *class = pickle_import_of(machine, arguments->items[1]);
    if (arguments->items[0].kind != VALUE_GLOBAL || arguments->items[1].kind != VALUE_GLOBAL ||
        !function || !class)
        return "a function or class that is no import";
    if (!str_equal(function->module, "torch._utils"))
        return "a function that rebuilds no tensor";
    if (class->row && !str_equal(class->module, "torch") &&
        !str_equal(class->module, "torch.nn.parameter"))
        return "a class that is no tensor";
    return NULL;
}

/* "f8", "<i4", "U10": the kind, and how many bytes an item has; 0 where only the state says it. */
static bool parse_dtype(const char *text, char *kind, uint64_t *width)
{
    if (*text && strchr("<>=|", *text))
        text++;
    *kind = *text;
    if (!*text || !strchr("?bBhHiIuUlLqQpPefdgFDGSaVOMmc", *text++))
        return false;
    uint64_t number = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || number > DTYPE_WIDTH_MAX)
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    *width = *kind == 'U' ? number * 4 : number;
    return true;
}

static int check_dtype(struct pickle_machine *machine, const struct pickle_object *arguments,
                       struct pickle_value result, const char **why, struct mlops_error *err)
{
    char text[PICKLE_TEXT_ROOM(PICKLE_NAME_MAX)], kind;
    uint64_t width = 0;
    *why = "a description that numpy does not write";
    if (arguments->count < 1 || arguments->count > 3)
        return MLOPS_OK;
    struct pickle_object *dtype = pickle_object_of(&machine->memory, result);
    if (arguments->items[0].kind == VALUE_GLOBAL) { /* a class of records */
        *why = check_class(machine, arguments->items[0], USE_CALL | USE_NEW);
        kind = 'V';
    } else {
        TRY(pickle_word_of(machine, arguments->items[0], text, err));
        if (!parse_dtype(text, &kind, &width))
            return MLOPS_OK;
        *why = NULL;
    }
    if (dtype) {
        dtype->width = width;
        dtype->taint = TAINT_DTYPE | (kind == 'O' ? TAINT_OBJECT_DTYPE : 0u);
    }
    return MLOPS_OK;
}

static const char *check_with_dtype(struct pickle_machine *machine,
                                    const struct pickle_import *import,
                                    const struct pickle_object *arguments)
{
    bool buffer = str_equal(import->name, "_frombuffer");
    size_t at = buffer ? 1 : 0;
    if (arguments->count <= at)
        return not_known;
    const struct pickle_object *dtype = pickle_object_of(&machine->memory, arguments->items[at]);
    const struct pickle_import *origin = pickle_import_of(machine, arguments->items[at]);
    if (!dtype || !origin || !origin->dtype || !(dtype->taint & TAINT_DTYPE))
        return "a dtype that is not known";
    if (buffer && dtype->taint & TAINT_OBJECT_DTYPE)
        return "a dtype of objects, over raw bytes";
    return NULL;
}

int pickle_check_call(struct pickle_machine *machine, struct pickle_import *import,
                      struct pickle_value arguments, struct pickle_value *result, const char **why,
                      struct mlops_error *err)
{
    const struct pickle_object *found = pickle_object_of(&machine->memory, arguments);
    *why = not_known;
    if (!found || arguments.kind != VALUE_TUPLE)
        return MLOPS_OK;
    const struct pickle_object object = *found; /* the ring may turn over it */
    switch ((enum pickle_guard)import->row->guard) {
    case GUARD_NONE:
        *why = NULL;
        return MLOPS_OK;
    case GUARD_CONTAINER:
        *why = check_container(machine, &object);
        return MLOPS_OK;
    case GUARD_ENCODE:
        return check_encode(machine, &object, why, err);
    case GUARD_GETATTR:
        return check_getattr(machine, &object, result, why, err);
    case GUARD_RECONSTRUCTOR:
        *why = check_reconstructor(machine, import, &object, result);
        return MLOPS_OK;
    case GUARD_NUMPY_RECONSTRUCT:
        *why = check_numpy_reconstruct(machine, import, &object);
        return MLOPS_OK;
    case GUARD_NUMPY_DTYPE:
        return check_dtype(machine, &object, *result, why, err);
    case GUARD_NUMPY_WITH_DTYPE:
        *why = check_with_dtype(machine, import, &object);
        return MLOPS_OK;
    case GUARD_TORCH_REBUILD:
        *why = check_rebuild(machine, &object);
        return MLOPS_OK;
    case GUARD_TORCH_LOAD:
        *why = object.count == 1 && pickle_nested_known(machine, encoded(machine, object.items[0]))
                   ? NULL
                   : "bytes that are no PyTorch file that could be followed";
        return MLOPS_OK;
    }
    return MLOPS_OK;
}

/* Fields lie within the item. `*objects` where one of them is of objects. */
static const char *check_fields(struct pickle_machine *machine, struct pickle_value fields,
                                int64_t item_size, bool *objects)
{
    const struct pickle_object *dict = pickle_object_of(&machine->memory, fields);
    if (fields.kind != VALUE_DICT || !dict)
        return "fields that are not known";
    *objects = dict->taint & TAINT_OBJECT_DTYPE;
    if (dict->count > PICKLE_OBJECT_ITEMS)
        pickle_say(machine, &pickle_rule_limit, "has a numpy dtype of more than %d fields",
                   PICKLE_OBJECT_ITEMS / 2);
    for (size_t i = 1; i < dict->count && i < PICKLE_OBJECT_ITEMS; i += 2) {
        const struct pickle_object *field = pickle_object_of(&machine->memory, dict->items[i]);
        if (!field || dict->items[i].kind != VALUE_TUPLE || field->count < 2 ||
            field->items[1].kind != VALUE_INT)
            return "fields that are not known";
        const struct pickle_object *dtype = pickle_object_of(&machine->memory, field->items[0]);
        int64_t offset = (int64_t)field->items[1].place;
        if (!dtype || !(dtype->taint & TAINT_DTYPE))
            return "a field whose dtype is not known";
        if (offset < 0 || offset > item_size || dtype->width > (uint64_t)(item_size - offset))
            return "a field that lies outside of the item";
    }
    return NULL;
}

int pickle_check_dtype_state(struct pickle_machine *machine, struct pickle_value dtype,
                             struct pickle_value state, const char **why, struct mlops_error *err)
{
    struct pickle_object *made = pickle_object_of(&machine->memory, dtype);
    const struct pickle_object *tuple = pickle_object_of(&machine->memory, state);
    (void)err; /* nothing is read: for the symmetry of checks */
    *why = "what numpy does not write";
    if (!made || !tuple || state.kind != VALUE_TUPLE || tuple->count < 8 || tuple->count > 9)
        return MLOPS_OK;
    struct pickle_value subtype = tuple->items[2], fields = tuple->items[4];
    struct pickle_value size = tuple->items[5], flags = tuple->items[7];
    if (size.kind != VALUE_INT || flags.kind != VALUE_INT)
        return MLOPS_OK;
    int64_t width = (int64_t)size.place;
    if (width > DTYPE_WIDTH_MAX)
        return MLOPS_OK;
    bool base_objects = made->taint & TAINT_OBJECT_DTYPE, objects = base_objects;
    if (width >= 0)
        made->width = (uint64_t)width;
    *why = NULL;
    if (fields.kind != VALUE_NONE)
        *why = check_fields(machine, fields, width, &objects);
    if (subtype.kind != VALUE_NONE) {
        const struct pickle_object *pair = pickle_object_of(&machine->memory, subtype);
        if (!pair || subtype.kind != VALUE_TUPLE || pair->count != 2)
            *why = "a subtype that is not known";
        else
            objects |= pair->taint & TAINT_OBJECT_DTYPE;
    }
    uint64_t bits = flags.place & 0xff; /* a signed byte as numpy writes it */
    if (!*why && base_objects && bits != FLAGS_OF_OBJECTS)
        *why = "flags that deny that its items are objects";
    else if (!*why && !base_objects && objects &&
             (bits & FLAGS_OF_FIELDS_WITH_OBJECTS) != FLAGS_OF_FIELDS_WITH_OBJECTS)
        *why = "flags that deny that its fields are objects";
    else if (!*why && !objects && bits & ~(uint64_t)FLAGS_WITHOUT_OBJECTS)
        *why = "flags of objects, which it has not";
    if (objects)
        made->taint |= TAINT_OBJECT_DTYPE;
    return MLOPS_OK;
}
