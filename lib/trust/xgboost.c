/* lib/trust/xgboost.c - trees whose arrays fit each other, and whose nodes lead to nodes. */
#include "trust/xgboost.h"
#include "base/number.h"
#include <math.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "xgboost/" id, __VA_ARGS__)

RULE(tree, "tree", HIGH, UNSAFE, "a tree leads the library outside of its own memory",
     "do not load this file: XGBoost never writes such a tree");
RULE(structure, "structure", MEDIUM, UNREADABLE, "the model is not built as XGBoost builds one",
     "have the model saved again by XGBoost");
RULE(booster, "unknown-booster", MEDIUM, UNKNOWN, "the model is of a kind that is not known here",
     "see which version of XGBoost wrote it");

struct model {
    const struct scan_file *file;
    uint64_t features; /* columns */
    uint64_t tree;     /* which one is looked at */
};

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* A whole number, which XGBoost writes as text: "1234". */
static bool whole(const cJSON *item, uint64_t *value)
{
    double number = -1;
    if (cJSON_IsString(item)) {
        if (!number_parse(item->valuestring, strlen(item->valuestring), &number))
            return false;
    } else if (cJSON_IsNumber(item)) {
        number = item->valuedouble;
    }
    if (!(number >= 0) || number > 4294967295.0 || number != floor(number))
        return false;
    *value = (uint64_t)number;
    return true;
}

static void bad_tree(const struct model *model, const char *what, const char *array)
{
    findings_add(model->file->findings, &rule_tree, model->file->path, 0, "tree %llu: %s%s",
                 (unsigned long long)model->tree, array, what);
}

/* Every item a whole number from `least` to below `end`? */
static bool within(const cJSON *array, double least, double end)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        double value = cJSON_IsBool(item) ? cJSON_IsTrue(item) : item->valuedouble;
        if (!(cJSON_IsNumber(item) || cJSON_IsBool(item)) || !(value >= least && value < end) ||
            value != floor(value))
            return false;
    }
    return true;
}

static bool all_numbers(const cJSON *array)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsNumber(item) && !cJSON_IsBool(item))
            return false;
    }
    return true;
}

/* Categorical splits: node i takes sizes[i] categories from segments[i]. */
static void check_categories(const struct model *model, const cJSON *tree, uint64_t nodes)
{
    const cJSON *sizes = member(tree, "categories_sizes");
    const cJSON *segments = member(tree, "categories_segments");
    const cJSON *at = member(tree, "categories_nodes");
    int count = cJSON_GetArraySize(member(tree, "categories"));
    if (cJSON_GetArraySize(sizes) != cJSON_GetArraySize(segments) ||
        cJSON_GetArraySize(sizes) != cJSON_GetArraySize(at)) {
        bad_tree(model, " are of different lengths", "categories_*");
        return;
    }
    if (!within(at, 0, (double)nodes))
        bad_tree(model, " name nodes that are not there", "categories_nodes");
    const cJSON *size = sizes ? sizes->child : NULL, *segment = segments ? segments->child : NULL;
    for (; size && segment; size = size->next, segment = segment->next)
        if (!cJSON_IsNumber(size) || !cJSON_IsNumber(segment) || !(size->valuedouble >= 0) ||
            !(segment->valuedouble >= 0) || size->valuedouble + segment->valuedouble > count) {
            bad_tree(model, " lead outside of categories", "categories_segments");
            return;
        }
}

static void check_tree(const struct model *model, const cJSON *tree)
{
    static const char *const arrays[] = {
        "left_children", "right_children", "parents",      "split_indices", "split_conditions",
        "default_left",  "base_weights",   "loss_changes", "sum_hessian",   "split_type"};
    const cJSON *parameters = member(tree, "tree_param");
    uint64_t nodes, width = 1;
    if (!cJSON_IsObject(tree) || !whole(member(parameters, "num_nodes"), &nodes) || nodes == 0) {
        findings_add(model->file->findings, &rule_structure, model->file->path, 0,
                     "tree %llu has no number of nodes", (unsigned long long)model->tree);
        return;
    }
    /* trees with vectors in their leaves have that many weights a node */
    (void)whole(member(parameters, "size_leaf_vector"), &width);
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
        const cJSON *array = member(tree, arrays[i]);
        uint64_t length = (uint64_t)cJSON_GetArraySize(array);
        bool optional = str_equal(arrays[i], "split_type");
        bool vector = str_equal(arrays[i], "base_weights") && width > 1;
        if (!array && optional)
            continue;
        if (!cJSON_IsArray(array) || !all_numbers(array))
            bad_tree(model, " is no list of numbers", arrays[i]);
        else if (length != nodes && !(vector && length == nodes * width))
            bad_tree(model, " has not as many items as the tree has nodes", arrays[i]);
    }
    if (!within(member(tree, "left_children"), -1, (double)nodes) ||
        !within(member(tree, "right_children"), -1, (double)nodes))
        bad_tree(model, " lead to nodes that are not there", "children");
    if (!within(member(tree, "parents"), -1, 2147483648.0)) /* a root's is 2^31 - 1 */
        bad_tree(model, " are no nodes", "parents");
    if (!within(member(tree, "split_indices"), 0, (double)model->features))
        bad_tree(model, " name columns that the model does not have", "split_indices");
    check_categories(model, tree, nodes);
}

static void check_trees(struct model *model, const cJSON *booster)
{
    const cJSON *tree, *trees = member(member(booster, "model"), "trees");
    const cJSON *groups = member(member(booster, "model"), "tree_info");
    uint64_t count = 0;
    if (!cJSON_IsArray(trees) || !cJSON_IsArray(groups) ||
        !whole(member(member(member(booster, "model"), "gbtree_model_param"), "num_trees"),
               &count)) {
        findings_add(model->file->findings, &rule_structure, model->file->path, 0,
                     "the model has no trees, or not how many there are");
        return;
    }
    if (count != (uint64_t)cJSON_GetArraySize(trees) ||
        count != (uint64_t)cJSON_GetArraySize(groups))
        findings_add(model->file->findings, &rule_tree, model->file->path, 0,
                     "there are %d trees and %d groups, and the model says %llu",
                     cJSON_GetArraySize(trees), cJSON_GetArraySize(groups),
                     (unsigned long long)count);
    if (!within(groups, 0, 2147483648.0))
        findings_add(model->file->findings, &rule_tree, model->file->path, 0,
                     "tree_info names groups that cannot be");
    model->tree = 0;
    cJSON_ArrayForEach(tree, trees)
    {
        check_tree(model, tree);
        model->tree++;
    }
}

/* What save_config writes: parameters of training, no model. */
static bool is_configuration(const cJSON *booster)
{
    const cJSON *inner = member(booster, "gbtree");
    return !member(booster, "model") && !member(inner, "model") &&
           (member(booster, "tree_train_param") || member(booster, "gbtree_train_param") ||
            member(inner, "tree_train_param") || member(inner, "gbtree_train_param") ||
            member(booster, "gblinear_train_param"));
}

static int check_model(const struct scan_file *file, const cJSON *root, struct mlops_error *err)
{
    struct model model = {.file = file};
    const cJSON *learner = member(root, "learner");
    const cJSON *booster = member(learner, "gradient_booster");
    const cJSON *name = member(booster, "name");
    TRY(scan_check_cancelled(file, err));
    if (!whole(member(member(learner, "learner_model_param"), "num_feature"), &model.features) ||
        !cJSON_IsString(name)) {
        findings_add(file->findings, &rule_structure, file->path, 0,
                     "the model has no booster, or not how many columns it takes");
    } else if (is_configuration(booster)) {
        return MLOPS_OK;
    } else if (str_equal(name->valuestring, "gbtree")) {
        check_trees(&model, booster);
    } else if (str_equal(name->valuestring, "dart")) {
        check_trees(&model, member(booster, "gbtree"));
    } else if (str_equal(name->valuestring, "gblinear")) {
        if (!all_numbers(member(member(booster, "model"), "weights")))
            findings_add(file->findings, &rule_structure, file->path, 0,
                         "the weights are no numbers");
    } else {
        findings_add(file->findings, &rule_booster, file->path, 0, "the booster is '%s'",
                     name->valuestring);
    }
    return MLOPS_OK;
}

bool xgboost_claims(const cJSON *root)
{
    return cJSON_IsObject(member(root, "learner")) ||
           (cJSON_IsObject(member(root, "Model")) && cJSON_IsObject(member(root, "Config")));
}

int xgboost_scan(const struct scan_file *file, const cJSON *root, struct mlops_error *err)
{
    const cJSON *inner = member(root, "Model");
    return check_model(file, inner ? inner : root, err);
}

const struct json_flavour json_xgboost = {"XGBoost model", xgboost_claims, xgboost_scan};
