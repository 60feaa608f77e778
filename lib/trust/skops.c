/* lib/trust/skops.c - every node's class held against the lists that pickles are held against. */
#include "trust/skops.h"
#include "trust/pickle_names.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "skops/" id, __VA_ARGS__)

RULE(unknown, "unknown-type", MEDIUM, UNKNOWN, "the file rebuilds a type that is on no list",
     "see that the type is one that you trust before you name it to skops as trusted");
RULE(denied, "denied-type", CRITICAL, UNSAFE,
     "the file names what no model needs and what can do harm", "do not load this file");
RULE(method, "method", HIGH, UNSAFE,
     "a method is taken from an object that is another than the file says",
     "do not load this file (CVE-2025-54413)");
RULE(operator, "operator", HIGH, UNSAFE, "an operator of Python that is none",
     "do not load this file (CVE-2025-54412)");
RULE(loader, "unknown-loader", MEDIUM, UNKNOWN, "a node is loaded in a way that is not known here",
     "see which version of skops wrote it");

static const char loaders[] =
    "ObjectNode DictNode DefaultDictNode OrderedDictNode ListNode TupleNode SetNode FrozenSetNode "
    "JsonNode SliceNode BytesNode BytearrayNode NdArrayNode MaskedArrayNode DTypeNode NumpyNode "
    "RandomStateNode RandomGeneratorNode SparseMatrixNode TreeNode ReduceNode SGDNode LossNode "
    "CachedNode TypeNode FunctionNode PartialNode MethodNode OperatorFuncNode DatetimeNode";

/* What nodes of skops rebuild by themselves, from plain numbers (skops/io/_numpy.py). */
static const struct {
    const char *loader, *module, *name;
} rebuilt[] = {
    {"RandomStateNode", "numpy.random.mtrand", "RandomState"},
    {"RandomGeneratorNode", "numpy.random._generator", "Generator"},
};

static const char builtins[] = "int float str bool complex bytes bytearray list dict tuple set "
                               "frozenset slice type NoneType range object";

static const char *text(const cJSON *node, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static bool word_in(const char *word, const char *words)
{
    return *word && pickle_word_in(word, strlen(word), words);
}

static void check_name(const struct scan_file *file, const char *module, const char *name)
{
    const char *danger = pickle_denied(module, name);
    if (danger)
        findings_add(file->findings, &rule_denied, file->path, 0, "names %s.%s, which %s", module,
                     name, danger);
    else if (!pickle_listed(module, name) &&
             !(str_equal(module, "builtins") && word_in(name, builtins)))
        findings_add(file->findings, &rule_unknown, file->path, 0, "names %s.%s", module, name);
}

/* The function of a method, and the class of the object that it is taken from. */
static void check_method(const struct scan_file *file, const cJSON *node)
{
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(node, "content");
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(content, "obj");
    const char *function = text(content, "func");
    const char *module = text(node, "__module__"), *class = text(node, "__class__");
    const char *holder_module = text(object, "__module__"), *holder = text(object, "__class__");
    if (!function || !holder || !holder_module || strchr(function, '.') ||
        str_starts(function, "__") || !str_equal(module, holder_module) ||
        !str_equal(class, holder))
        findings_add(file->findings, &rule_method, file->path, 0,
                     "takes '%s' from a %s.%s and says that it is of %s.%s",
                     function ? function : "nothing", holder_module ? holder_module : "nothing",
                     holder ? holder : "nothing", module, class);
    else
        findings_add(file->findings, &rule_unknown, file->path, 0, "takes the method %s.%s.%s",
                     module, class, function);
}

static void check_function(const struct scan_file *file, const cJSON *node)
{
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(node, "content");
    const char *module = text(content, "module_path"), *name = text(content, "function");
    if (module && name)
        check_name(file, module, name);
}

static void check_node(const struct scan_file *file, const cJSON *node)
{
    const char *module = text(node, "__module__"), *class = text(node, "__class__");
    const char *loader = text(node, "__loader__");
    if (!loader)
        return;
    module = module ? module : "";
    class = class ? class : "";
    if (!word_in(loader, loaders))
        findings_add(file->findings, &rule_loader, file->path, 0, "a %s.%s is loaded by '%s'",
                     module, class, loader);
    if (str_equal(loader, "MethodNode")) {
        if (text(node, "__module__") && text(node, "__class__"))
            check_method(file, node);
        else
            findings_add(file->findings, &rule_method, file->path, 0, "a method of no class");
        return;
    }
    if (str_equal(loader, "OperatorFuncNode")) {
        if (str_equal(module, "operator"))
            findings_add(file->findings, &rule_unknown, file->path, 0, "names operator.%s", class);
        else
            findings_add(file->findings, &rule_operator, file->path, 0, "%s.%s is no operator",
                         module, class);
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(rebuilt); i++)
        if (str_equal(loader, rebuilt[i].loader) && str_equal(module, rebuilt[i].module) &&
            str_equal(class, rebuilt[i].name))
            return;
    if (str_equal(loader, "FunctionNode"))
        check_function(file, node);
    check_name(file, module, class);
}

static void walk(const struct scan_file *file, const cJSON *node)
{
    const cJSON *item;
    check_node(file, node);
    cJSON_ArrayForEach(item, node)
    {
        walk(file, item);
    }
}

static bool claims(const cJSON *root)
{
    return text(root, "__loader__") != NULL;
}

static int scan(const struct scan_file *file, const cJSON *root, struct mlops_error *err)
{
    (void)err;
    walk(file, root);
    return MLOPS_OK;
}

const struct json_flavour json_skops = {"skops schema", claims, scan};
