/*
 * lib/environment/lock_uv.c - uv.lock: a graph, whose edges have markers, from which it follows
 * where each package is wanted.
 *
 * A package is wanted where one of the ways to it from the project holds: each way is the set of
 * the markers on it. Ways that another way includes say nothing new, so that going round in a
 * circle ends.
 */
#include "base/toml.h"
#include "environment/lock_readers.h"

#define WAY_MAX 8   /* markers on one way */
#define WAYS_MAX 64 /* to one package */

struct way {
    uint16_t marks[WAY_MAX]; /* sorted */
    uint8_t count;
};

/* A package, or one of its extras. */
struct place {
    const struct toml_node *package;
    const struct toml_node *dependencies; /* array, or NULL */
    const char *extra;                    /* NULL: the package itself */
    struct way *ways;
    size_t way_count;
    bool queued;
};

struct graph {
    const struct lock_options *options;
    struct mlops_error *err;
    struct place *places; /* by name, then as in the file; the package before its extras */
    size_t count, capacity;
    const char *marks[UINT16_MAX]; /* distinct markers */
    size_t mark_count;
    size_t *queue;
    size_t queue_count, queue_capacity;
};

static void graph_free(struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        free(graph->places[i].ways);
    free(graph->places);
    free(graph->queue);
    free(graph);
}
DEFINE_CLEANUP(struct graph, graph_free)

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    int order = strcmp(toml_text(left->package, "name"), toml_text(right->package, "name"));
    if (order == 0 && left->package->line != right->package->line)
        order = left->package->line < right->package->line ? -1 : 1;
    if (order == 0)
        order = strcmp(left->extra ? left->extra : "", right->extra ? right->extra : "");
    return order;
}

static void add_place(struct graph *graph, const struct toml_node *package,
                      const struct toml_node *dependencies, const char *extra)
{
    GROW(graph->places, graph->count, &graph->capacity);
    graph->places[graph->count++] =
        (struct place){.package = package, .dependencies = dependencies, .extra = extra};
}

static int collect(struct graph *graph, const struct toml_node *packages)
{
    for (size_t i = 0; i < packages->count; i++) {
        const struct toml_node *package = packages->items[i];
        const struct toml_node *extras = toml_get(package, "optional-dependencies");
        if (!toml_text(package, "name"))
            return mlops_fail(graph->err, MLOPS_INVALID, "%s:%d: a package has no name",
                              graph->options->path, package->line);
        add_place(graph, package, toml_array(package, "dependencies"), NULL);
        for (size_t j = 0; extras && extras->kind == TOML_TABLE && j < extras->count; j++)
            if (extras->items[j]->kind == TOML_ARRAY)
                add_place(graph, package, extras->items[j], extras->items[j]->key);
    }
    if (graph->count > LOCK_ITEMS_MAX)
        return mlops_fail(graph->err, MLOPS_INVALID, "%s: more than %u packages",
                          graph->options->path, LOCK_ITEMS_MAX);
    if (graph->count > 0)
        qsort(graph->places, graph->count, sizeof(*graph->places), compare_places);
    return MLOPS_OK;
}

/* The number of a marker, made where it is new. */
static int mark_of(struct graph *graph, const char *marker, uint16_t *mark)
{
    for (size_t i = 0; i < graph->mark_count; i++)
        if (str_equal(graph->marks[i], marker)) {
            *mark = (uint16_t)i;
            return MLOPS_OK;
        }
    if (graph->mark_count == 1024)
        return mlops_fail(graph->err, MLOPS_INVALID, "%s: more than 1024 different markers",
                          graph->options->path);
    *mark = (uint16_t)graph->mark_count;
    graph->marks[graph->mark_count++] = marker;
    return MLOPS_OK;
}

/* `way` with one mark more. False: it would have too many. */
static bool lengthen(struct way *way, uint16_t mark)
{
    size_t at = 0;
    while (at < way->count && way->marks[at] < mark)
        at++;
    if (at < way->count && way->marks[at] == mark)
        return true;
    if (way->count == WAY_MAX)
        return false;
    memmove(way->marks + at + 1, way->marks + at, (way->count - at) * sizeof(*way->marks));
    way->marks[at] = mark;
    way->count++;
    return true;
}

static bool includes(const struct way *large, const struct way *small)
{
    size_t at = 0;
    for (size_t i = 0; i < small->count; i++) {
        while (at < large->count && large->marks[at] < small->marks[i])
            at++;
        if (at == large->count || large->marks[at] != small->marks[i])
            return false;
    }
    return true;
}

/* A way to `place`; what follows from it is looked at later. */
static int add_way(struct graph *graph, size_t index, const struct way *way)
{
    struct place *place = &graph->places[index];
    size_t kept = 0;
    for (size_t i = 0; i < place->way_count; i++)
        if (includes(way, &place->ways[i]))
            return MLOPS_OK;
    for (size_t i = 0; i < place->way_count; i++)
        if (!includes(&place->ways[i], way))
            place->ways[kept++] = place->ways[i];
    place->way_count = kept;
    if (kept == WAYS_MAX)
        return mlops_fail(graph->err, MLOPS_INVALID,
                          "%s:%d: more than %d conditions on which '%s' is wanted",
                          graph->options->path, place->package->line, WAYS_MAX,
                          toml_text(place->package, "name"));
    place->ways = xrealloc(place->ways, kept + 1, sizeof(*place->ways));
    place->ways[place->way_count++] = *way;
    if (!place->queued) {
        place->queued = true;
        GROW(graph->queue, graph->queue_count, &graph->queue_capacity);
        graph->queue[graph->queue_count++] = index;
    }
    return MLOPS_OK;
}

/* The first place of that name. */
static size_t find_name(const struct graph *graph, const char *name)
{
    size_t low = 0, high = graph->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(toml_text(graph->places[middle].package, "name"), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool names(const struct toml_node *array, const char *text)
{
    for (size_t i = 0; array && i < array->count; i++)
        if (array->items[i]->kind == TOML_STRING && str_equal(array->items[i]->text, text))
            return true;
    return false;
}

/* From a place along one of its dependencies. */
static int follow(struct graph *graph, const struct toml_node *dependency, const struct way *from)
{
    const char *name = toml_text(dependency, "name"), *marker = toml_text(dependency, "marker"),
               *version = toml_text(dependency, "version");
    const struct toml_node *extras = toml_array(dependency, "extra");
    struct way way = *from;
    uint16_t mark = 0;
    if (!name)
        return MLOPS_OK;
    if (marker) {
        TRY(mark_of(graph, marker, &mark));
        if (!lengthen(&way, mark))
            return mlops_fail(graph->err, MLOPS_INVALID, "%s:%d: more than %d markers in a row",
                              graph->options->path, dependency->line, WAY_MAX);
    }
    for (size_t i = find_name(graph, name); i < graph->count; i++) {
        const struct place *place = &graph->places[i];
        const char *has = toml_text(place->package, "version");
        if (!str_equal(toml_text(place->package, "name"), name))
            break;
        if ((version && has && !str_equal(version, has)) ||
            (place->extra && !names(extras, place->extra)))
            continue;
        TRY(add_way(graph, i, &way));
    }
    return MLOPS_OK;
}

/* The project itself: of no index, and not to be installed. */
static bool is_project(const struct toml_node *package)
{
    const struct toml_node *source = toml_get(package, "source");
    return toml_text(source, "virtual") || toml_text(source, "editable");
}

static int walk(struct graph *graph)
{
    const struct way nothing = {.count = 0};
    for (size_t i = 0; i < graph->count; i++)
        if (is_project(graph->places[i].package) && !graph->places[i].extra)
            TRY(add_way(graph, i, &nothing));
    while (graph->queue_count > 0) {
        size_t index = graph->queue[--graph->queue_count];
        const struct toml_node *dependencies = graph->places[index].dependencies;
        graph->places[index].queued = false;
        for (size_t i = 0; dependencies && i < dependencies->count; i++)
            for (size_t j = 0; j < graph->places[index].way_count; j++) {
                const struct way way = graph->places[index].ways[j];
                TRY(follow(graph, dependencies->items[i], &way));
            }
    }
    return MLOPS_OK;
}

/* "A and B", or "(A and B) or (C)". NULL: everywhere. The caller frees. */
static char *marker_of(const struct graph *graph, const struct place *place)
{
    struct buffer text = {0};
    bool several = place->way_count > 1;
    for (size_t i = 0; i < place->way_count; i++) {
        const struct way *way = &place->ways[i];
        if (way->count == 0)
            return NULL;
        buffer_puts(&text, i ? " or " : "");
        buffer_puts(&text, several ? "(" : "");
        for (size_t j = 0; j < way->count; j++) {
            const char *mark = graph->marks[way->marks[j]];
            bool wrap = way->count > 1 && strstr(mark, " or ");
            buffer_printf(&text, "%s%s%s%s", j ? " and " : "", wrap ? "(" : "", mark,
                          wrap ? ")" : "");
        }
        buffer_puts(&text, several ? ")" : "");
    }
    return text.length ? buffer_steal(&text) : NULL;
}

static void take_files(struct distribution *item, const struct toml_node *package)
{
    const struct toml_node *wheels = toml_array(package, "wheels");
    const char *hash = toml_text(toml_get(package, "sdist"), "hash");
    if (hash)
        distribution_add_hash(item, hash);
    for (size_t i = 0; wheels && i < wheels->count; i++)
        if ((hash = toml_text(wheels->items[i], "hash")) != NULL)
            distribution_add_hash(item, hash);
}

static void take_package(struct lock *lock, const struct graph *graph, const struct place *place)
{
    const struct toml_node *package = place->package, *source = toml_get(package, "source");
    const char *name = toml_text(package, "name"), *version = toml_text(package, "version");
    static const char *const kinds[] = {"git", "url", "path", "directory"};
    struct distribution *item =
        lock_add(lock, DISTRIBUTION_PYPI, name, strlen(name), package->line);
    item->version = version ? xstrdup(version) : NULL;
    item->pin = version ? PIN_VERSION : PIN_NONE;
    item->text = version ? xprintf("%s==%s", name, version) : xstrdup(name);
    item->optional = place->way_count == 0; /* of a group or an extra */
    item->marker = marker_of(graph, place);
    take_files(item, package);
    for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !item->source; i++) {
        const char *where = toml_text(source, kinds[i]);
        if (!where)
            continue;
        item->source = xprintf("%s%s", i == 0 ? "git+" : "", where);
        item->pin = PIN_SOURCE; /* uv writes the commit into the URL */
    }
}

static bool has_project(const struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        if (is_project(graph->places[i].package))
            return true;
    return false;
}

int lock_read_uv(const struct lock_options *options, struct lock *lock, struct mlops_error *err)
{
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    _cleanup_(graph_free_ptr) struct graph *graph = xcalloc(1, sizeof(*graph));
    graph->options = options;
    graph->err = err;
    TRY(toml_parse(options->text, options->length, options->path, &root, err));
    const struct toml_node *packages = toml_array(root, "package");
    const char *python = toml_text(root, "requires-python");
    lock->python = python ? xstrdup(python) : NULL;
    if (!packages)
        return MLOPS_OK;
    TRY(collect(graph, packages));
    TRY(walk(graph));
    bool rooted = has_project(graph);
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->places[i].extra || is_project(graph->places[i].package))
            continue;
        take_package(lock, graph, &graph->places[i]);
        if (!rooted)
            lock->items[lock->count - 1].optional = false; /* a script's lock: all of it is meant */
    }
    return MLOPS_OK;
}
