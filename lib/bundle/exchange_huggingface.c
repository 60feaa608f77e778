/*
 * lib/bundle/exchange_huggingface.c - model folders of the Hugging Face hub: the model card says
 * what it is. The format is that of huggingface.co/docs/hub/model-cards: YAML between two lines of
 * "---" at the beginning of README.md.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/path.h"
#include "bundle/exchange.h"
#include "bundle/walk.h"
#include <errno.h>

#define CARD "README.md"
#define TITLE_MAX 500 /* bytes of a description */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that is in the folder, but for what git and the hub's downloader keep for themselves. */
static int list_folder(struct foreign *foreign, struct mlops_error *err)
{
    _cleanup_(folder_close) DIR *folder = opendir(foreign->root);
    const struct dirent *entry;
    char **names = NULL;
    size_t count = 0, capacity = 0;
    int code;
    if (!folder)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", foreign->root);
    while (!(code = folder_next(folder, foreign->root, &entry, err)) && entry) {
        if (str_equal(entry->d_name, ".cache") || walk_leaves_out(entry->d_name))
            continue;
        GROW(names, count, &capacity);
        names[count++] = xstrdup(entry->d_name);
    }
    if (count > 0)
        qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++) {
        if (code == MLOPS_OK && !utf8_valid(names[i], strlen(names[i])))
            code = mlops_fail(err, MLOPS_INVALID, "a name in '%s' is not UTF-8", foreign->root);
        json_append_text(foreign->artifacts, names[i]);
        free(names[i]);
    }
    free(names);
    return code;
}

/* Length of the line at `text`, with its end. */
static size_t line_length(const char *text)
{
    size_t length = strcspn(text, "\n");
    return length + (text[length] == '\n');
}

static bool is_fence(const char *line)
{
    return str_starts(line, "---") && strspn(line + 3, " \t\r") == strcspn(line + 3, "\n");
}

/* Where the front matter begins and ends; false: there is none. */
static bool find_front(const char *text, const char **from, const char **to)
{
    if (str_starts(text, "\xef\xbb\xbf")) /* the byte order mark */
        text += 3;
    if (!is_fence(text))
        return false;
    *from = text + line_length(text);
    for (const char *line = *from; *line; line += line_length(line))
        if (is_fence(line)) {
            *to = line;
            return true;
        }
    return false;
}

/* The first heading, as the description. */
static char *find_title(const char *text)
{
    for (const char *line = text; *line; line += line_length(line)) {
        if (!str_starts(line, "# "))
            continue;
        const char *title = line + 2;
        size_t length = strcspn(title, "\r\n");
        return length > 0 && length <= TITLE_MAX ? xstrndup(title, length) : NULL;
    }
    return NULL;
}

/* ---- results -------------------------------------------------------------------------------- */

/* A key out of any text: what is no letter, digit, '-' or '_' becomes '_'. The caller frees. */
static char *make_key(const char *text)
{
    char *key = xstrdup(text && *text ? text : "unnamed");
    for (char *c = key; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *c))
            *c = '_';
    return key;
}

/* metrics.DATASET.METRIC; where the card has several, the later ones are numbered. */
static void add_metric(cJSON *metrics, const char *dataset, const struct yaml_node *metric)
{
    double value;
    const struct yaml_node *node = yaml_get(metric, "value");
    if (!node || node->kind != YAML_SCALAR || !number_parse(node->text, strlen(node->text), &value))
        return;
    _cleanup_(free_string) char *group = make_key(dataset);
    _cleanup_(free_string) char *name = make_key(foreign_text(metric, "type"));
    cJSON *object = cJSON_GetObjectItemCaseSensitive(metrics, group);
    if (!object)
        object = json_add_object(metrics, group);
    _cleanup_(free_string) char *free_name = xstrdup(name);
    for (int i = 2; cJSON_GetObjectItemCaseSensitive(object, free_name); i++) {
        free(free_name);
        free_name = xprintf("%s_%d", name, i);
    }
    json_add_number(object, free_name, value);
}

static const struct yaml_node *list_in(const struct yaml_node *map, const char *key)
{
    static const struct yaml_node nothing = {.kind = YAML_LIST};
    const struct yaml_node *node = map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
    return node && node->kind == YAML_LIST ? node : &nothing;
}

/* model-index: [{results: [{dataset: {type, name}, metrics: [{type, value}]}]}] */
static void read_results(const struct yaml_node *card, cJSON *metrics)
{
    const struct yaml_node *index = list_in(card, "model-index");
    for (size_t i = 0; i < index->count; i++) {
        const struct yaml_node *results = list_in(index->items[i], "results");
        for (size_t j = 0; j < results->count; j++) {
            const struct yaml_node *list = list_in(results->items[j], "metrics");
            const struct yaml_node *dataset =
                list->count > 0 ? yaml_get(results->items[j], "dataset") : NULL;
            const char *name =
                dataset && dataset->kind == YAML_MAP ? foreign_text(dataset, "type") : NULL;
            for (size_t k = 0; k < list->count; k++)
                if (list->items[k]->kind == YAML_MAP)
                    add_metric(metrics, name, list->items[k]);
        }
    }
}

int foreign_read_huggingface(struct foreign *foreign, struct mlops_error *err)
{
    static const char *const kept[] = {"license",      "license_name", "license_link",
                                       "library_name", "pipeline_tag", "language",
                                       "tags",         "datasets",     "base_model"};
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(yaml_free_ptr) struct yaml_node *card = NULL;
    const char *from = NULL, *to = NULL;
    foreign->artifacts = xcheck(cJSON_CreateArray());
    foreign->params = xcheck(cJSON_CreateObject());
    foreign->metrics = xcheck(cJSON_CreateObject());
    TRY(list_folder(foreign, err));
    foreign->environment = foreign_environment(foreign);
    TRY(foreign_read(foreign, CARD, &text, err));
    if (text.length == 0 || memchr(text.data, '\0', text.length) ||
        !utf8_valid(text.data, text.length))
        return mlops_fail(err, MLOPS_INVALID, "%s: it is no text", CARD);
    bool front = find_front(text.data, &from, &to);
    foreign->description = find_title(front ? to : text.data);
    if (!front)
        return MLOPS_OK;
    TRY(yaml_parse(from, (size_t)(to - from), CARD, &card, err));
    if (card->kind != YAML_MAP)
        return card->kind == YAML_NULL
                   ? MLOPS_OK
                   : mlops_fail(err, MLOPS_INVALID, "%s: its head is no map", CARD);
    cJSON *about = json_add_object(foreign->params, "huggingface");
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        foreign_keep(card, kept[i], about);
    read_results(card, foreign->metrics);
    return MLOPS_OK;
}
