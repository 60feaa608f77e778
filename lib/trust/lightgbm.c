/* lib/trust/lightgbm.c - the header, then tree after tree, then what follows them; see the
 * header. */
#include "trust/lightgbm.h"
#include "base/buffer.h"
#include "base/number.h"
#include "trust/cursor.h"
#include "trust/pickle_names.h"
#include <inttypes.h>
#include <math.h>
#include <strings.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "lightgbm/" id, __VA_ARGS__)

#define SAVE_AGAIN "have the model saved again by LightGBM"
RULE(tree, "tree", HIGH, UNSAFE, "a tree leads the library outside of its own memory",
     "do not load this file: LightGBM never writes such a tree");
RULE(sizes, "tree-sizes", HIGH, UNSAFE, "the trees are not where the header says that they are",
     "do not load this file: two readers would see two models");
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the model is not built as LightGBM builds one",
     SAVE_AGAIN);
RULE(key, "unknown-key", LOW, UNKNOWN, "a line is of a kind that is not known here",
     "see which version of LightGBM wrote it");

#define LEAVES_MAX (1u << 20)

struct numbers {
    int64_t *items;
    size_t count, capacity;
};

enum part { IN_HEADER, IN_TREE, BEHIND_TREES };

struct model {
    const struct scan_file *file;
    struct cursor cursor;
    struct buffer line;
    uint64_t line_at; /* where it begins */
    enum part part;
    int64_t features;        /* the highest index; -1 until it is known */
    struct numbers sizes;    /* of trees in bytes, as the header says */
    uint64_t trees, tree_at; /* how many so far; where the last one begins */
    /* of the tree that is read */
    int64_t leaves, categories;
    struct numbers left, right, feature, decision, threshold, bounds, bits, linear, linear_counts;
    bool stopped, has_linear;
};

static const char header_keys[] =
    "version num_class num_tree_per_iteration label_index max_feature_idx objective average_output "
    "feature_names monotone_constraints feature_infos tree_sizes";
static const char tree_keys[] =
    "num_leaves num_cat split_feature split_gain threshold decision_type left_child right_child "
    "leaf_value leaf_weight leaf_count internal_value internal_weight internal_count "
    "cat_boundaries "
    "cat_threshold is_linear leaf_const num_features leaf_features leaf_coeff shrinkage";

static void stop(struct model *model, const struct rule *rule, const char *what)
{
    if (!model->stopped)
        findings_add(model->file->findings, rule, model->file->path, model->line_at, "%s", what);
    model->stopped = true;
}

static void bad_tree(struct model *model, const char *what)
{
    if (!model->stopped)
        findings_add(model->file->findings, &rule_tree, model->file->path, model->tree_at,
                     "tree %" PRIu64 ": %s", model->trees - 1, what);
    model->stopped = true;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* The next line without its end; false at the end of the file. */
static bool take_line(struct model *model)
{
    int byte;
    buffer_reset(&model->line);
    model->line_at = model->cursor.at;
    if (cursor_peek(&model->cursor) < 0)
        return false;
    while ((byte = cursor_byte(&model->cursor)) >= 0 && byte != '\n') {
        if (model->line.length >= LIGHTGBM_LINE_MAX) {
            stop(model, &rule_damaged, "a line is longer than any is");
            return false;
        }
        buffer_putc(&model->line, (char)byte);
    }
    if (model->line.length > 0 && model->line.data[model->line.length - 1] == '\r')
        model->line.data[--model->line.length] = '\0';
    return true;
}

/* What stands behind "key=", or NULL. */
static const char *value_of(const struct model *model, const char *key)
{
    size_t length = strlen(key);
    const char *line = model->line.length ? model->line.data : "";
    return str_starts(line, key) && line[length] == '=' ? line + length + 1 : NULL;
}

/* Whole numbers parted by blanks; false where one is none. Fractions are cut off: of thresholds
 * only those of categories, which are whole, are looked at. */
static bool take_numbers(const char *text, struct numbers *numbers)
{
    numbers->count = 0;
    for (;;) {
        while (*text == ' ')
            text++;
        if (*text == '\0')
            return true;
        size_t length = strcspn(text, " ");
        double value = NAN;
        if (!number_parse(text, length, &value) && strncasecmp(text, "nan", length) != 0)
            return false;
        GROW(numbers->items, numbers->count, &numbers->capacity);
        numbers->items[numbers->count++] =
            value >= -9e15 && value <= 9e15 ? (int64_t)value : INT64_MAX;
        text += length;
    }
}

static bool take_number(const char *text, int64_t *number)
{
    struct numbers numbers = {0};
    bool one = take_numbers(text, &numbers) && numbers.count == 1;
    *number = one ? numbers.items[0] : -1;
    free(numbers.items);
    return one && *number >= 0;
}

/* ---- trees ---------------------------------------------------------------------------------- */

static bool within(const struct numbers *numbers, int64_t least, int64_t end)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (numbers->items[i] < least || numbers->items[i] >= end)
            return false;
    return true;
}

/* Each node but the root is the child of one, and each leaf, too: nobody walks in a circle. */
static bool is_tree(const struct model *model)
{
    size_t nodes = (size_t)model->leaves - 1, leaves = (size_t)model->leaves;
    uint8_t *seen = xcalloc(nodes + leaves + 1, 1);
    bool good = true;
    for (size_t i = 0; i < nodes && good; i++)
        for (int side = 0; side < 2 && good; side++) {
            int64_t child = side ? model->right.items[i] : model->left.items[i];
            size_t place = child >= 0 ? (size_t)child : nodes + (size_t)~child;
            good = child != 0 && child < (int64_t)nodes && ~child < (int64_t)leaves &&
                   seen[place] == 0 && (child < 0 || child > (int64_t)i);
            if (good)
                seen[place] = 1;
        }
    free(seen);
    return good;
}

/* Splits by category name a list of bits: the threshold says which. */
static bool categories_fit(const struct model *model)
{
    if (model->categories == 0)
        return true;
    if (model->bounds.count != (size_t)model->categories + 1 || model->bounds.items[0] != 0 ||
        model->bounds.items[model->bounds.count - 1] != (int64_t)model->bits.count)
        return false;
    for (size_t i = 1; i < model->bounds.count; i++)
        if (model->bounds.items[i] < model->bounds.items[i - 1])
            return false;
    return true;
}

static bool splits_fit(const struct model *model)
{
    for (size_t i = 0; i < model->decision.count; i++)
        if (model->decision.items[i] & 1 &&
            (model->threshold.items[i] < 0 || model->threshold.items[i] >= model->categories))
            return false;
    return true;
}

static bool linear_fits(const struct model *model)
{
    uint64_t sum = 0;
    if (!model->has_linear)
        return true;
    if (model->linear_counts.count != (size_t)model->leaves ||
        !within(&model->linear_counts, 0, LEAVES_MAX))
        return false;
    for (size_t i = 0; i < model->linear_counts.count; i++)
        sum += (uint64_t)model->linear_counts.items[i];
    return sum == model->linear.count && within(&model->linear, 0, model->features + 1);
}

static void end_tree(struct model *model)
{
    if (model->part != IN_TREE || model->stopped)
        return;
    size_t nodes = model->leaves > 0 ? (size_t)model->leaves - 1 : 0;
    if (model->leaves < 1)
        stop(model, &rule_damaged, "a tree does not say how many leaves it has");
    else if (model->left.count != nodes || model->right.count != nodes ||
             model->feature.count != nodes || model->decision.count != nodes ||
             model->threshold.count != nodes)
        bad_tree(model, "has not as many splits as leaves");
    else if (!within(&model->feature, 0, model->features + 1))
        bad_tree(model, "a split is by a feature that there is not");
    else if (!is_tree(model))
        bad_tree(model, "the children of a split are not in the tree, or twice");
    else if (!categories_fit(model) || !splits_fit(model))
        bad_tree(model, "the categories of a split lie outside of their list");
    else if (!linear_fits(model))
        bad_tree(model, "the features of a leaf lie outside of their list");
}

static void check_size(struct model *model, uint64_t end)
{
    if (model->part != IN_TREE || model->sizes.count == 0 || model->stopped)
        return; /* models before tree_sizes are read line by line */
    uint64_t length = end - model->tree_at;
    if (model->trees > model->sizes.count ||
        model->sizes.items[model->trees - 1] != (int64_t)length)
        stop(model, &rule_sizes, "a tree is not as long as the header says");
}

static void begin_tree(struct model *model, const char *number)
{
    int64_t index;
    check_size(model, model->line_at);
    end_tree(model);
    if (!take_number(number, &index) || (uint64_t)index != model->trees)
        stop(model, &rule_damaged, "trees are not numbered one after the other");
    if (model->features < 0)
        stop(model, &rule_damaged, "the header does not say how many features there are");
    model->part = IN_TREE;
    model->trees++;
    model->tree_at = model->line_at;
    model->leaves = -1;
    model->categories = 0;
    model->has_linear = false;
    struct numbers *all[] = {&model->left,     &model->right,     &model->feature,
                             &model->decision, &model->threshold, &model->bounds,
                             &model->bits,     &model->linear,    &model->linear_counts};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        all[i]->count = 0;
}

static void take_tree_line(struct model *model)
{
    static const struct {
        const char *key;
        size_t offset;
    } arrays[] = {
        {"left_child", offsetof(struct model, left)},
        {"right_child", offsetof(struct model, right)},
        {"split_feature", offsetof(struct model, feature)},
        {"decision_type", offsetof(struct model, decision)},
        {"threshold", offsetof(struct model, threshold)},
        {"cat_boundaries", offsetof(struct model, bounds)},
        {"cat_threshold", offsetof(struct model, bits)},
        {"leaf_features", offsetof(struct model, linear)},
        {"num_features", offsetof(struct model, linear_counts)},
    };
    const char *value;
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++)
        if ((value = value_of(model, arrays[i].key))) {
            if (!take_numbers(value, (struct numbers *)((char *)model + arrays[i].offset)))
                stop(model, &rule_damaged, "a list of numbers has what is none");
            return;
        }
    if ((value = value_of(model, "num_leaves")) &&
        (!take_number(value, &model->leaves) || model->leaves < 1 || model->leaves > LEAVES_MAX))
        stop(model, &rule_damaged, "a tree has a number of leaves that cannot be");
    else if ((value = value_of(model, "num_cat")) &&
             (!take_number(value, &model->categories) || model->categories >= LEAVES_MAX))
        stop(model, &rule_damaged, "a tree has a number of categories that cannot be");
    else if ((value = value_of(model, "is_linear")))
        model->has_linear = str_equal(value, "1");
}

/* ---- the file ------------------------------------------------------------------------------- */

static void take_header_line(struct model *model)
{
    const char *value;
    if ((value = value_of(model, "max_feature_idx")) &&
        (!take_number(value, &model->features) || model->features > INT32_MAX))
        stop(model, &rule_damaged, "the number of features is none");
    if ((value = value_of(model, "tree_sizes")) && !take_numbers(value, &model->sizes))
        stop(model, &rule_damaged, "the sizes of trees are no numbers");
    if ((value = value_of(model, "version")) && !str_equal(value, "v2") &&
        !str_equal(value, "v3") && !str_equal(value, "v4"))
        findings_add(model->file->findings, &rule_key, model->file->path, model->line_at,
                     "the model is of version '%s'", value);
}

static void take_known_line(struct model *model)
{
    const char *line = model->line.length ? model->line.data : "", *keys;
    size_t length = strcspn(line, "=");
    keys = model->part == IN_HEADER ? header_keys : tree_keys;
    if (model->part == BEHIND_TREES || *line == '\0' ||
        (model->part == IN_HEADER && str_equal(line, "average_output")))
        return; /* importances and parameters, which the library keeps as text */
    if (line[length] != '=' || !pickle_word_in(line, length, keys))
        findings_add(model->file->findings, &rule_key, model->file->path, model->line_at,
                     "has a line '%.40s'", line);
    else if (model->part == IN_HEADER)
        take_header_line(model);
    else
        take_tree_line(model);
}

static void take_all(struct model *model)
{
    bool first = true;
    while (!model->stopped && take_line(model)) {
        const char *value = value_of(model, "Tree");
        if (first) {
            first = false; /* "tree", or what claims saw */
        } else if (value && model->part != BEHIND_TREES) {
            begin_tree(model, value);
        } else if (model->line.length && str_equal(model->line.data, "end of trees")) {
            check_size(model, model->line_at);
            end_tree(model);
            if (model->sizes.count > 0 && model->sizes.count != model->trees)
                stop(model, &rule_sizes, "there are not as many trees as the header says");
            model->part = BEHIND_TREES;
        } else {
            take_known_line(model);
        }
    }
    if (!model->stopped && model->part != BEHIND_TREES)
        stop(model, &rule_damaged, "the file ends before its trees do");
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = scan_head_has(file, 0, "tree\nversion=", 13) ||
               scan_head_has(file, 0, "tree\r\nversion=", 14);
    return MLOPS_OK;
}

static void model_free(struct model *model)
{
    struct numbers *all[] = {
        &model->sizes,     &model->left,   &model->right, &model->feature, &model->decision,
        &model->threshold, &model->bounds, &model->bits,  &model->linear,  &model->linear_counts};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        free(all[i]->items);
    buffer_clear(&model->line);
    free(model);
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct model *model = xcalloc(1, sizeof(*model)); /* the cursor's block is large */
    model->file = file;
    model->features = -1;
    model->cursor.source = file->source;
    model->cursor.err = err;
    take_all(model);
    int code = model->cursor.code;
    model_free(model);
    return code ? code : scanner_text.scan(file, err); /* secrets, and bytes that no text has */
}

const struct scanner scanner_lightgbm = {
    .format = "LightGBM",
    .extensions = (const char *const[]){"txt", "lgb", "model", NULL},
    .claims = claims,
    .scan = scan,
};
