/* lib/trust/pmml.c - the functions, tables and extensions that a PMML document names. */
#include "trust/pmml.h"
#include "base/buffer.h"
#include "base/xml.h"
#include "trust/pickle_names.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "pmml/" id, __VA_ARGS__)

RULE(malformed, "malformed", MEDIUM, UNREADABLE, "the document cannot be followed to its end",
     "have the model exported again");
RULE(class, "java-class", HIGH, UNKNOWN, "a function is the name of a class that evaluators load",
     "read the class; where it is harmless, accept the finding with a reason");
RULE(function, "unknown-function", MEDIUM, UNKNOWN,
     "a function is neither built in nor defined in the document",
     "see what the evaluator makes of it; where it is harmless, accept it with a reason");
RULE(table, "external-table", MEDIUM, UNKNOWN, "a table is read from outside of the document",
     "have the table written into the document");
RULE(foreign, "foreign-element", LOW, UNKNOWN, "an element is of another language",
     "see what the evaluator makes of it");

#define NAMES_MAX 10000
#define HEAD_MAX 1024 /* bytes in which the root must begin */

static const char built_in[] =
    "+ - * / min max sum avg median product log10 ln sqrt abs exp pow threshold floor ceil round "
    "modulo isMissing isNotMissing isValid isNotValid equal notEqual lessThan lessOrEqual "
    "greaterThan greaterOrEqual isIn isNotIn and or not if uppercase lowercase stringLength "
    "substring trimBlanks concat replace matches formatNumber formatDatetime dateDaysSinceYear "
    "dateSecondsSinceYear dateSecondsSinceMidnight normalCDF normalPDF normalIDF stdNormalCDF "
    "stdNormalPDF stdNormalIDF erf expm1 hypot ln1p rint sin asin sinh cos acos cosh tan atan tanh";

struct names {
    char **items;
    size_t count, capacity;
};

struct model {
    const struct scan_file *file;
    struct names used, defined;
    bool overflow, has_root;
};

static void add_name(struct model *model, struct names *names, const char *name, size_t length)
{
    for (size_t i = 0; i < names->count; i++)
        if (strlen(names->items[i]) == length && memcmp(names->items[i], name, length) == 0)
            return;
    model->overflow |= names->count == NAMES_MAX;
    if (names->count == NAMES_MAX)
        return;
    GROW(names->items, names->count, &names->capacity);
    names->items[names->count++] = xstrndup(name, length);
}

static int take_attribute(void *context, const char *element, const char *name, const char *value,
                          size_t length, struct mlops_error *err)
{
    struct model *model = context;
    (void)err;
    if (str_equal(name, "function") &&
        (str_equal(element, "Apply") || str_equal(element, "Aggregate")))
        add_name(model, &model->used, value, length);
    else if (str_equal(element, "DefineFunction") && str_equal(name, "name"))
        add_name(model, &model->defined, value, length);
    return MLOPS_OK;
}

static int take_start(void *context, const char *name, struct mlops_error *err)
{
    struct model *model = context;
    const struct scan_file *file = model->file;
    (void)err;
    if (!model->has_root && !str_equal(name, "PMML"))
        findings_add(file->findings, &rule_malformed, file->path, 0, "the root is '%s'", name);
    model->has_root = true;
    if (str_equal(name, "TableLocator"))
        findings_add(file->findings, &rule_table, file->path, 0, "has a TableLocator");
    else if (strchr(name, ':'))
        findings_add(file->findings, &rule_foreign, file->path, 0, "has the element '%s'", name);
    return MLOPS_OK;
}

static int take_end(void *context, const char *name, struct mlops_error *err)
{
    (void)context, (void)name, (void)err;
    return MLOPS_OK;
}

static void check_functions(const struct model *model)
{
    const struct scan_file *file = model->file;
    for (size_t i = 0; i < model->used.count; i++) {
        const char *name = model->used.items[i];
        bool own = *name && !strchr(name, ' ') && pickle_word_in(name, strlen(name), built_in);
        for (size_t j = 0; j < model->defined.count && !own; j++)
            own = str_equal(model->defined.items[j], name);
        if (!own)
            findings_add(file->findings, strchr(name, '.') ? &rule_class : &rule_function,
                         file->path, 0, "calls the function '%s'", name);
    }
    if (model->overflow)
        findings_add(file->findings, &rule_malformed, file->path, 0,
                     "has more functions than are followed");
}

static void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    size_t length = file->head_length < HEAD_MAX ? file->head_length : HEAD_MAX;
    const uint8_t *root = memmem(file->head, length, "<PMML", 5);
    (void)err;
    *claimed =
        root && (scan_head_has(file, 0, "<", 1) || scan_head_has(file, 0, "\xef\xbb\xbf<", 4));
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct model model = {.file = file};
    const struct xml_handler handler = {
        .context = &model, .start = take_start, .end = take_end, .attribute = take_attribute};
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_error problem = {0};
    uint64_t size = file->source->size;
    if (size > PMML_BYTES_MAX) {
        findings_add(file->findings, &rule_malformed, file->path, 0, "is larger than is followed");
        return MLOPS_OK;
    }
    buffer_reserve(&text, (size_t)size + 1);
    TRY(file->source->read(file->source, 0, text.data, (size_t)size, err));
    if (xml_read(text.data, (size_t)size, "line", &handler, &problem))
        findings_add(file->findings, &rule_malformed, file->path, 0, "%s", problem.message);
    check_functions(&model);
    names_clear(&model.used);
    names_clear(&model.defined);
    return scanner_text.scan(file, err); /* secrets, document types and entities, as in any text */
}

const struct scanner scanner_pmml = {
    .format = "PMML",
    .extensions = (const char *const[]){"pmml", "xml", NULL},
    .claims = claims,
    .scan = scan,
};
