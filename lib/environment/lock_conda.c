/* lib/environment/lock_conda.c - conda's environment.yml and explicit lists; what pip installs into
 * it stands in the first as requirements. */
#include "base/path.h"
#include "base/yaml.h"
#include "environment/lock_readers.h"

static void add_channel(struct lock *lock, const char *channel)
{
    for (size_t i = 0; i < lock->channel_count; i++)
        if (str_equal(lock->channels[i], channel))
            return;
    lock->channels = xrealloc(lock->channels, lock->channel_count + 1, sizeof(*lock->channels));
    lock->channels[lock->channel_count++] = xstrdup(channel);
}

/*
 * A match specification: [CHANNEL::]NAME[ VERSION[ BUILD]], NAME=VERSION=BUILD, NAME==VERSION. One
 * sign alone means a prefix, NAME=1.2 any 1.2.x. (docs.conda.io, "Package match specifications")
 */
static void take_spec(struct lock *lock, const char *spec, int line)
{
    const char *channel_end = strstr(spec, "::");
    const char *name = channel_end ? channel_end + 2 : spec;
    size_t length = strcspn(name, " =<>!~[");
    if (length == 0)
        return;
    struct distribution *item = lock_add(lock, DISTRIBUTION_CONDA, name, length, line);
    item->text = xstrdup(spec);
    if (channel_end)
        item->source = xstrndup(spec, (size_t)(channel_end - spec));
    const char *c = name + length + strspn(name + length, " ");
    size_t signs = strspn(c, "=");
    bool spaced = signs == 0 && c > name + length;
    const char *version = c + signs + strspn(c + signs, " ");
    size_t size = strcspn(version, spaced ? " =" : " =,|<>!~[");
    if ((!spaced && (signs == 0 || signs > 2)) || size == 0 || strpbrk(version, "*,|<>!~"))
        return;
    const char *build = version + size + strspn(version + size, " =");
    size_t build_size = strcspn(build, " =[");
    item->version = xstrndup(version, size);
    if (build_size > 0)
        item->build = xstrndup(build, build_size);
    /* NAME=VERSION alone is a prefix; with a build, or with two signs, or spaced, it is that one */
    item->pin = signs == 2 || spaced || item->build ? PIN_VERSION : PIN_NONE;
    if (item->pin == PIN_NONE) {
        free(item->version);
        item->version = NULL;
    }
}

static int take_pip(const struct lock_options *options, struct lock *lock,
                    const struct yaml_node *list, struct mlops_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *item = list->items[i];
        if (item->kind == YAML_SCALAR)
            TRY(lock_take_requirement(options, lock, item->text, strlen(item->text), item->line, 0,
                                      err));
    }
    return MLOPS_OK;
}

static int take_dependency(const struct lock_options *options, struct lock *lock,
                           const struct yaml_node *item, struct mlops_error *err)
{
    TRY(lock_check_room(lock, options->path, err));
    if (item->kind == YAML_SCALAR) {
        take_spec(lock, item->text, item->line);
        return MLOPS_OK;
    }
    const struct yaml_node *pip = item->kind == YAML_MAP ? yaml_get(item, "pip") : NULL;
    return pip ? take_pip(options, lock, pip, err) : MLOPS_OK;
}

int lock_read_conda(const struct lock_options *options, struct lock *lock, struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(yaml_parse(options->text, options->length, options->path, &root, err));
    const struct yaml_node *list = yaml_get(root, "dependencies"),
                           *channels = yaml_get(root, "channels");
    if (!list || list->kind != YAML_LIST) {
        lock->format = LOCK_UNKNOWN; /* some other YAML */
        return MLOPS_OK;
    }
    for (size_t i = 0; channels && i < channels->count; i++)
        if (channels->items[i]->kind == YAML_SCALAR)
            add_channel(lock, channels->items[i]->text);
    for (size_t i = 0; i < list->count; i++)
        TRY(take_dependency(options, lock, list->items[i], err));
    return MLOPS_OK;
}

/* …/CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda#DIGEST, MD5 or with "sha256:" before it. */
static void take_url(struct lock *lock, const char *url, int line)
{
    _cleanup_(free_string) char *place = xstrndup(url, strcspn(url, "#"));
    const char *digest = url[strlen(place)] ? url + strlen(place) + 1 : "";
    _cleanup_(free_string) char *file = xstrdup(path_base(place));
    char *end = str_ends(file, ".conda")     ? file + strlen(file) - strlen(".conda")
                : str_ends(file, ".tar.bz2") ? file + strlen(file) - strlen(".tar.bz2")
                                             : NULL;
    if (!end)
        return;
    *end = '\0';
    char *build = strrchr(file, '-');
    if (!build || build == file)
        return;
    *build = '\0';
    char *version = strrchr(file, '-');
    if (!version || version == file)
        return;
    *version = '\0';
    struct distribution *item = lock_add(lock, DISTRIBUTION_CONDA, file, strlen(file), line);
    item->version = xstrdup(version + 1);
    item->build = xstrdup(build + 1);
    item->text = xprintf("%s=%s=%s", file, item->version, item->build);
    item->pin = PIN_VERSION;
    _cleanup_(free_string) char *hash =
        strchr(digest, ':') ? xstrdup(digest) : xprintf("md5:%s", digest);
    distribution_add_hash(item, hash);
    item->source = TAKE_PTR(place);
}

int lock_read_conda_explicit(const struct lock_options *options, struct lock *lock,
                             struct mlops_error *err)
{
    const char *line = options->text, *end = line + options->length;
    for (int number = 1; line && line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((stop ? stop : end) - line);
        while (length > 0 && strchr(" \t\r", line[length - 1]))
            length--;
        TRY(lock_check_room(lock, options->path, err));
        if (length > 8 && memcmp(line, "http", 4) == 0 && !memchr(line, '\0', length)) {
            _cleanup_(free_string) char *url = xstrndup(line, length);
            take_url(lock, url, number);
        }
        line = stop ? stop + 1 : NULL;
    }
    return MLOPS_OK;
}
