/* lib/trust/hugging_face.c - members of a model's configuration that name code. */
#include "trust/hugging_face.h"
#include "trust/jinja.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "hugging-face/" id, __VA_ARGS__)

#define READ_CODE                                                                                  \
    "load it without trust_remote_code, or read the code that is named and accept it with a "      \
    "reason"
RULE(remote, "remote-code", HIGH, UNKNOWN, "the configuration names Python code to be loaded",
     READ_CODE);
RULE(elsewhere, "remote-repository", HIGH, UNKNOWN,
     "the configuration names Python code in another repository, which can change at any time",
     READ_CODE);
RULE(trust, "trust-remote-code", HIGH, UNKNOWN,
     "the configuration itself says that code from elsewhere may run",
     "have the member removed: it is for the one who loads the model to say");
RULE(component, "component-library", MEDIUM, UNKNOWN,
     "a part of a pipeline is of a library that is on no list",
     "see that the library is one that you trust");

/* Libraries that model_index.json may name. */
static const char *const libraries[] = {
    "diffusers",        "transformers", "onnxruntime.training", "flax",       "onnx_utils",
    "stable_diffusion", "optimum",      "k_diffusion",          "deprecated", "paint_by_example"};

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void add_code(const struct scan_file *file, const char *what, const cJSON *value)
{
    const cJSON *item;
    if (cJSON_IsString(value)) {
        bool elsewhere = strstr(value->valuestring, "--") != NULL;
        findings_add(file->findings, elsewhere ? &rule_elsewhere : &rule_remote, file->path, 0,
                     "%s names '%s'", what, value->valuestring);
        return;
    }
    cJSON_ArrayForEach(item, value)
    {
        add_code(file, what, item);
    }
}

/* Code named, and leave given, anywhere in the document: some models nest configurations. */
static void look(const struct scan_file *file, const cJSON *node)
{
    static const char *const named[] = {"auto_map", "custom_pipelines", "custom_pipeline",
                                        "auto_mapping"};
    const cJSON *item;
    cJSON_ArrayForEach(item, node)
    {
        for (size_t i = 0; item->string && i < ARRAY_LENGTH(named); i++)
            if (str_equal(item->string, named[i]))
                add_code(file, named[i], item);
        if (item->string && str_equal(item->string, "trust_remote_code") && cJSON_IsTrue(item))
            findings_add(file->findings, &rule_trust, file->path, 0, "trust_remote_code is true");
        look(file, item);
    }
}

static bool is_library(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(libraries); i++)
        if (str_equal(libraries[i], name))
            return true;
    return false;
}

/* model_index.json: "unet": ["diffusers", "UNet2DConditionModel"]. */
static void look_at_components(const struct scan_file *file, const cJSON *root)
{
    const cJSON *part;
    cJSON_ArrayForEach(part, root)
    {
        const cJSON *library = cJSON_GetArrayItem(part, 0);
        if (cJSON_GetArraySize(part) == 2 && cJSON_IsString(library) &&
            !is_library(library->valuestring))
            findings_add(file->findings, &rule_component, file->path, 0,
                         "'%s' is of the library '%s'", part->string, library->valuestring);
    }
    const cJSON *name = member(root, "_class_name");
    if (cJSON_IsArray(name)) /* [module, class]: a pipeline of the repository's own */
        add_code(file, "_class_name", name);
}

/* chat_template: a template, or a list of such with names. */
static void look_at_template(const struct scan_file *file, const cJSON *template)
{
    const cJSON *item;
    if (cJSON_IsString(template)) {
        jinja_check(file, 0, template->valuestring, strlen(template->valuestring));
        return;
    }
    cJSON_ArrayForEach(item, template)
    {
        look_at_template(file, item);
    }
}

static bool names_code(const cJSON *node)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, node)
    {
        if (item->string &&
            (str_equal(item->string, "auto_map") || str_equal(item->string, "custom_pipelines") ||
             str_equal(item->string, "custom_pipeline") ||
             str_equal(item->string, "auto_mapping") ||
             str_equal(item->string, "trust_remote_code")))
            return true;
        if (names_code(item))
            return true;
    }
    return false;
}

static bool claims(const cJSON *root)
{
    return cJSON_IsObject(root) && (member(root, "_diffusers_version") ||
                                    member(root, "chat_template") || names_code(root));
}

static int scan(const struct scan_file *file, const cJSON *root, struct mlops_error *err)
{
    (void)err;
    look(file, root);
    look_at_template(file, member(root, "chat_template"));
    if (member(root, "_diffusers_version"))
        look_at_components(file, root);
    return MLOPS_OK;
}

const struct json_flavour json_hugging_face = {"Hugging Face configuration", claims, scan};
