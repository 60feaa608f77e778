/* lib/bundle/render.c - which target, what of the lock goes in, and the two targets that are lists:
 * pip's requirements and conda's environment. */
#include "bundle/render.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/project_environment.h"
#include <mlops/text.h>

static const struct target {
    const char *name;
    int (*render)(struct render *render, struct mlops_error *err);
} targets[] = {
    {"requirements", render_requirements},
    {"conda", render_conda},
    {"containerfile", render_containerfile},
    {"kubernetes", render_kubernetes},
    {"compose", render_compose},
};

/* ---- shared ------------------------------------------------------------------------------ */

void render_head(struct render *render)
{
    const struct mlops_version *version = &render->environment->version;
    buffer_printf(&render->out, "# Made by mlops of %s, %s", version->model, version->bundle);
    if (render->options->stage)
        buffer_printf(&render->out, ", for the stage %s", render->options->stage);
    buffer_puts(&render->out, ". Do not edit: render it again.\n");
}

static int refuse_unpinned(const struct distribution *item, const char *what,
                           struct mlops_error *err)
{
    mlops_fail(err, MLOPS_REFUSED, "'%s' %s", item->text ? item->text : item->name, what);
    return mlops_hint(err, "lock it, as with 'pip-compile --generate-hashes' or 'uv lock', and "
                           "package again; or write a marked file with --allow-unpinned");
}

int render_check_pinned(const struct render *render, const char *target, bool *hashed,
                        struct mlops_error *err)
{
    *hashed = render->count > 0;
    for (size_t i = 0; i < render->count; i++) {
        const struct distribution *item = render->wanted[i];
        if (item->kind != DISTRIBUTION_PYPI) {
            mlops_fail(err, MLOPS_INVALID, "a %s is made of packages of PyPI, and '%s' is none",
                       target, item->name);
            return mlops_hint(err, "conda's packages are for --target conda");
        }
        if (item->pin == PIN_NONE && !render->options->allow_unpinned)
            return refuse_unpinned(item, "is not pinned to one version", err);
        if (item->hash_count == 0 && !render->options->allow_unpinned)
            return refuse_unpinned(item, "has no digest in the lock file", err);
        *hashed = *hashed && item->pin != PIN_NONE && item->hash_count > 0;
    }
    return MLOPS_OK;
}

void render_requirement(const struct distribution *item, bool hashed, const char *between,
                        struct buffer *out)
{
    if (item->source && item->pin == PIN_SOURCE)
        buffer_printf(out, "%s @ %s", item->name, item->source);
    else if (item->version)
        buffer_printf(out, "%s%s%s%s==%s", item->name, item->extras ? "[" : "",
                      item->extras ? item->extras : "", item->extras ? "]" : "", item->version);
    else
        buffer_puts(out, item->text);
    if (item->marker)
        buffer_printf(out, " ; %s", item->marker);
    for (size_t i = 0; hashed && i < item->hash_count; i++)
        buffer_printf(out, "%s--hash=%s", between, item->hashes[i]);
}

int render_image(const struct render *render, const char *fallback, const char *key,
                 const char **image, struct mlops_error *err)
{
    *image = render->options->image ? render->options->image : fallback;
    if (!*image) {
        mlops_fail(err, MLOPS_INVALID, "which image? none is given");
        return mlops_hint(err,
                          "use --image NAME@sha256:DIGEST, or say it in the project file as "
                          "%s of 'environment'",
                          key);
    }
    if (!image_is_name(*image))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of an image", *image);
    if (image_is_pinned(*image) || render->options->allow_unpinned)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_REFUSED, "the image '%s' is not pinned by its digest", *image);
    return mlops_hint(err, "write it as NAME@sha256:DIGEST, or write a marked file with "
                           "--allow-unpinned");
}

/* ---- requirements ------------------------------------------------------------------------ */

/* What pip would not check is marked where it stands. */
static void mark(const struct distribution *item, const char *indent, struct buffer *out)
{
    if (item->pin == PIN_NONE)
        buffer_printf(out, "%s# NOT PINNED:\n", indent);
    else if (item->hash_count == 0)
        buffer_printf(out, "%s# NO DIGEST:\n", indent);
}

int render_requirements(struct render *render, struct mlops_error *err)
{
    bool hashed;
    TRY(render_check_pinned(render, "requirements file", &hashed, err));
    render_head(render);
    if (!hashed && render->count > 0)
        buffer_puts(&render->out, "# Without digests, for not every package has one: pip does not "
                                  "check what it installs.\n");
    for (size_t i = 0; i < render->count; i++) {
        mark(render->wanted[i], "", &render->out);
        render_requirement(render->wanted[i], hashed, " \\\n    ", &render->out);
        buffer_putc(&render->out, '\n');
    }
    return MLOPS_OK;
}

/* ---- conda ------------------------------------------------------------------------------- */

/* A scalar of YAML in single quotes. */
static void put_quoted(const char *text, struct buffer *out)
{
    buffer_putc(out, '\'');
    for (; *text; text++)
        buffer_printf(out, "%s%c", *text == '\'' ? "'" : "", *text);
    buffer_putc(out, '\'');
}

/* The channel of a package whose URL is known, CHANNEL/SUBDIR/FILE; else what the lock says. The
 * caller frees. */
static char *channel_of(const struct distribution *item)
{
    if (!item->source || !strstr(item->source, "://"))
        return item->source ? xstrdup(item->source) : NULL;
    _cleanup_(free_string) char *subdir = path_parent(item->source);
    return path_parent(subdir);
}

static void put_channels(struct render *render)
{
    const struct lock *lock = &render->environment->lock;
    cJSON *seen = cJSON_CreateObject();
    buffer_puts(&render->out, "channels:\n");
    for (size_t i = 0; i < lock->channel_count; i++)
        if (!cJSON_HasObjectItem(seen, lock->channels[i]))
            json_add_bool(seen, lock->channels[i], true);
    for (size_t i = 0; i < render->count; i++) {
        _cleanup_(free_string) char *channel =
            render->wanted[i]->kind == DISTRIBUTION_CONDA ? channel_of(render->wanted[i]) : NULL;
        if (channel && !cJSON_HasObjectItem(seen, channel))
            json_add_bool(seen, channel, true);
    }
    if (!seen->child)
        json_add_bool(seen, "conda-forge", true);
    const cJSON *item;
    cJSON_ArrayForEach(item, seen)
    {
        buffer_puts(&render->out, "  - ");
        put_quoted(item->string, &render->out);
        buffer_putc(&render->out, '\n');
    }
    cJSON_Delete(seen);
}

/* Where no package of conda is Python: the one that was captured, or that was asked for. */
static int put_python(struct render *render, struct mlops_error *err)
{
    const struct bundle_environment *environment = render->environment;
    const char *version = render->options->python;
    if (!version && environment->is_captured)
        version = environment->captured.python;
    if (lock_find(&environment->lock, DISTRIBUTION_CONDA, "python", NULL))
        return MLOPS_OK;
    if (version && strspn(version, "0123456789.") == strlen(version) && *version) {
        buffer_printf(&render->out, "  - 'python==%s'\n", version);
        return MLOPS_OK;
    }
    if (version)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no version of Python", version);
    if (!render->options->allow_unpinned) {
        mlops_fail(err, MLOPS_REFUSED, "the lock file does not say which version of Python");
        return mlops_hint(err, "give it with --python 3.11.7, or package a captured environment");
    }
    buffer_puts(&render->out, "  # NOT PINNED:\n  - python\n");
    return MLOPS_OK;
}

static int put_conda_package(struct render *render, const struct distribution *item,
                             struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer spec = {0};
    _cleanup_(free_string) char *channel = channel_of(item);
    if (item->pin == PIN_NONE && !render->options->allow_unpinned)
        return refuse_unpinned(item, "is not pinned to one version", err);
    if (item->pin == PIN_NONE)
        buffer_puts(&render->out, "  # NOT PINNED:\n");
    if (item->pin == PIN_NONE)
        buffer_puts(&spec, item->text);
    else
        buffer_printf(&spec, "%s%s%s%s%s%s%s", channel ? channel : "", channel ? "::" : "",
                      item->name, item->build ? "=" : "==", item->version, item->build ? "=" : "",
                      item->build ? item->build : "");
    buffer_puts(&render->out, "  - ");
    put_quoted(spec.data, &render->out);
    buffer_putc(&render->out, '\n');
    return MLOPS_OK;
}

/* conda gives these lines to pip as a requirements file. */
static int put_pip(struct render *render, struct mlops_error *err)
{
    bool any = false, hashed = true;
    for (size_t i = 0; i < render->count; i++) {
        const struct distribution *item = render->wanted[i];
        if (item->kind != DISTRIBUTION_PYPI)
            continue;
        any = true;
        hashed = hashed && item->hash_count > 0 && item->pin != PIN_NONE;
        if (item->pin == PIN_NONE && !render->options->allow_unpinned)
            return refuse_unpinned(item, "is not pinned to one version", err);
        if (item->hash_count == 0 && !render->options->allow_unpinned)
            return refuse_unpinned(item, "has no digest in the lock file", err);
    }
    if (!any)
        return MLOPS_OK;
    if (!lock_find(&render->environment->lock, DISTRIBUTION_CONDA, "pip", NULL))
        buffer_puts(&render->out, "  - pip # any: it only installs what stands here\n");
    buffer_puts(&render->out, "  - pip:\n");
    for (size_t i = 0; i < render->count; i++) {
        _cleanup_(buffer_clear) struct buffer line = {0};
        if (render->wanted[i]->kind != DISTRIBUTION_PYPI)
            continue;
        render_requirement(render->wanted[i], hashed, " ", &line);
        mark(render->wanted[i], "      ", &render->out);
        buffer_puts(&render->out, "      - ");
        put_quoted(line.data, &render->out);
        buffer_putc(&render->out, '\n');
    }
    return MLOPS_OK;
}

int render_conda(struct render *render, struct mlops_error *err)
{
    render_head(render);
    buffer_printf(&render->out, "name: '%s'\n", render->environment->version.model);
    put_channels(render);
    buffer_puts(&render->out, "dependencies:\n");
    TRY(put_python(render, err));
    for (size_t i = 0; i < render->count; i++)
        if (render->wanted[i]->kind == DISTRIBUTION_CONDA)
            TRY(put_conda_package(render, render->wanted[i], err));
    return put_pip(render, err);
}

/* ---- the whole --------------------------------------------------------------------------- */

static int order(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_wanted(const void *a, const void *b)
{
    const struct distribution *left = *(const struct distribution *const *)a;
    const struct distribution *right = *(const struct distribution *const *)b;
    int by = strcmp(left->key, right->key);
    if (by == 0)
        by = order(left->version, right->version);
    return by ? by : order(left->marker, right->marker);
}

static bool is_of(const char *text, const char *letters)
{
    return !text || strspn(text, letters) == strlen(text);
}

/* One line, in which nothing is an option for pip. */
static bool is_plain(const char *text)
{
    for (const char *c = text ? text : ""; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || str_starts(c, " --"))
            return false;
    return true;
}

/* A lock file says what it likes; what it says must not become lines and options of another
 * file. */
static int check_harmless(const struct distribution *item, struct mlops_error *err)
{
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    bool url = item->source && is_of(item->source, WORD "~:/?#[]@!$&()*+,;=%");
    if (*item->name && is_of(item->name, WORD "/:") && is_of(item->version, WORD "+!:") &&
        is_of(item->build, WORD "+") && is_of(item->extras, WORD ", ") && is_plain(item->marker) &&
        is_plain(item->text) && (url || !item->source) && item->name[0] != '-')
        return MLOPS_OK;
#undef WORD
    return mlops_fail(err, MLOPS_INVALID,
                      "the lock file has a package whose name, version, marker or source cannot be "
                      "written into another file (line %d)",
                      item->line);
}

static void choose(struct render *render)
{
    const struct lock *lock = &render->environment->lock;
    render->wanted = xcalloc(lock->count, sizeof(*render->wanted));
    for (size_t i = 0; i < lock->count; i++)
        if (!lock->items[i].optional)
            render->wanted[render->count++] = &lock->items[i];
    if (render->count > 0)
        qsort(render->wanted, render->count, sizeof(*render->wanted), compare_wanted);
}

static int find_target(const char *name, const struct target **target, struct mlops_error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++)
        if (str_equal(targets[i].name, name)) {
            *target = &targets[i];
            return MLOPS_OK;
        }
    mlops_fail(err, MLOPS_INVALID, "there is no target '%s'", name);
    return mlops_hint(err, "the targets are requirements, conda, containerfile, kubernetes and "
                           "compose");
}

/* Where the project file has settings of stages, one of another name is a slip. */
static int check_stage(const struct render *render, struct mlops_error *err)
{
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(
        render->environment->manifest.project.environment_settings, "stages");
    const char *stage = render->options->stage;
    if (stage && strspn(stage, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(stage))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of a stage", stage);
    if (!stage || !stages || cJSON_GetObjectItemCaseSensitive(stages, stage))
        return MLOPS_OK;
    const char **names = xcalloc((size_t)cJSON_GetArraySize(stages) + 1, sizeof(*names));
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, stages)
    {
        names[count++] = item->string;
    }
    const char *near = mlops_suggest(stage, names);
    free(names);
    mlops_fail(err, MLOPS_NOT_FOUND, "the project file says nothing of a stage '%s'", stage);
    return near ? mlops_hint(err, "did you mean '%s'?", near) : MLOPS_NOT_FOUND;
}

int mlops_env_render(struct mlops_registry *registry, const char *ref,
                     const struct mlops_env_render_options *options, char **text,
                     struct mlops_error *err)
{
    _cleanup_(environment_clear) struct bundle_environment environment = {0};
    const struct target *target = NULL;
    struct render render = {.environment = &environment, .options = options};
    *text = NULL;
    TRY(find_target(options->target, &target, err));
    TRY(environment_load(registry, ref, &environment, err));
    TRY(check_stage(&render, err));
    choose(&render);
    int code = MLOPS_OK;
    for (size_t i = 0; i < render.count && code == MLOPS_OK; i++)
        code = check_harmless(render.wanted[i], err);
    if (code == MLOPS_OK)
        code = target->render(&render, err);
    free(render.wanted);
    if (code == MLOPS_OK)
        *text = buffer_steal(&render.out);
    buffer_clear(&render.out);
    return code;
}
