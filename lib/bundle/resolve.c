/* lib/bundle/resolve.c - paths followed through links, one component after the other. */
#include "bundle/resolve.h"
#include "base/path.h"
#include "base/escape.h"

#define LINKS_MAX 40 /* as Linux: more on one path are a circle */
#define REST_MAX 16384

struct follower {
    resolve_look look;
    void *context;
    struct resolution *resolution;
    struct buffer at; /* where we are; empty at the top */
    char *rest;       /* of the path, not followed yet */
    int links;
    char *first, *first_target; /* the link that was followed first */
};

static void follower_clear(struct follower *follower)
{
    buffer_clear(&follower->at);
    free(follower->rest);
    free(follower->first);
    free(follower->first_target);
}

static void cut(struct buffer *at, size_t length)
{
    at->length = length;
    if (at->data)
        at->data[length] = '\0';
}

/* Length of the folder that `at` is in. */
static size_t parent_length(const struct buffer *at)
{
    const char *slash = at->length ? strrchr(at->data, '/') : NULL;
    return slash ? (size_t)(slash - at->data) : 0;
}

static void blame(struct resolution *resolution, enum resolve_outcome outcome, const char *link,
                  const char *target)
{
    resolution->outcome = outcome;
    resolution->link = link ? xstrdup(link) : NULL;
    resolution->target = target ? xstrdup(target) : NULL;
}

/* We stand on the link `at`: go on with its target, from the folder that it is in. */
static void enter_link(struct follower *follower, const char *target)
{
    char *rest = xprintf("%s/%s", target, follower->rest);
    free(follower->rest);
    follower->rest = rest;
    if (follower->links++ == 0) {
        follower->first = xstrdup(follower->at.data);
        follower->first_target = xstrdup(target);
    }
    if (!path_link_stays_inside(follower->at.data, target))
        blame(follower->resolution, RESOLVE_OUTSIDE, follower->at.data, target);
    else if (follower->links > LINKS_MAX || strlen(rest) > REST_MAX)
        blame(follower->resolution, RESOLVE_CIRCLE, follower->first, follower->first_target);
    cut(&follower->at, parent_length(&follower->at));
}

static int step(struct follower *follower, const char *name, struct mlops_error *err)
{
    struct resolution *resolution = follower->resolution;
    struct buffer *at = &follower->at;
    const char *target = NULL;
    bool there = false;
    if (str_equal(name, "."))
        return MLOPS_OK;
    if (str_equal(name, "..")) {
        if (at->length == 0) /* each link's text stays inside, but one climbs out through another */
            blame(resolution, RESOLVE_OUTSIDE, follower->first, follower->first_target);
        cut(at, parent_length(at));
        return MLOPS_OK;
    }
    buffer_printf(at, "%s%s", at->length ? "/" : "", name);
    TRY(follower->look(follower->context, at->data, &there, &resolution->kind, &target, err));
    if (!there || (resolution->kind == MANIFEST_FILE && follower->rest[0]))
        resolution->outcome = RESOLVE_MISSING;
    else if (resolution->kind == MANIFEST_LINK)
        enter_link(follower, target);
    return MLOPS_OK;
}

/* Cut the first component off the rest; the caller frees. NULL at the end. */
static char *next_name(struct follower *follower)
{
    char *rest = follower->rest + strspn(follower->rest, "/");
    size_t length = strcspn(rest, "/");
    char *name = length ? xstrndup(rest, length) : NULL;
    rest += length;
    rest += strspn(rest, "/");
    memmove(follower->rest, rest, strlen(rest) + 1);
    return name;
}

int resolve_path(const char *path, resolve_look look, void *context, struct resolution *resolution,
                 struct mlops_error *err)
{
    *resolution = (struct resolution){.outcome = RESOLVE_FOUND, .kind = MANIFEST_FOLDER};
    _cleanup_(follower_clear) struct follower follower = {
        .look = look, .context = context, .resolution = resolution, .rest = xstrdup(path)};
    while (resolution->outcome == RESOLVE_FOUND) {
        _cleanup_(free_string) char *name = next_name(&follower);
        if (!name)
            break;
        TRY(step(&follower, name, err));
    }
    if (follower.at.length == 0)
        resolution->kind = MANIFEST_FOLDER;
    resolution->path = follower.at.length ? buffer_steal(&follower.at) : xstrdup(".");
    return MLOPS_OK;
}

void resolution_clear(struct resolution *resolution)
{
    free(resolution->path);
    free(resolution->link);
    free(resolution->target);
    *resolution = (struct resolution){0};
}

int resolution_check(const struct resolution *resolution, const char *path, enum mlops_code code,
                     struct mlops_error *err)
{
    if (resolution->outcome == RESOLVE_FOUND || resolution->outcome == RESOLVE_MISSING)
        return MLOPS_OK;
    _cleanup_(free_string) char *link = escape_name(resolution->link ? resolution->link : path);
    _cleanup_(free_string) char *target = escape_name(resolution->target ? resolution->target : "");
    if (resolution->outcome == RESOLVE_CIRCLE)
        return mlops_fail(err, code, "the link '%s' to '%s' leads round in a circle", link, target);
    return mlops_fail(err, code, "the link '%s' leads out of the project, to '%s'", link, target);
}
