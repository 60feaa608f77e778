/*
 * lib/bundle/artifact_foreign.c - artifacts that mlops did not push: files with titles (oras),
 * layers by ModelPack (modctl) or of KitOps. Their files are laid out in a private folder, which is
 * packaged as if it had been a project.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/archive_source.h"
#include "bundle/artifact.h"
#include "bundle/exchange.h"
#include "bundle/package.h"
#include "registry/registry.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define OLD_FILEPATH "org.cnai.model.filepath" /* ModelPack's before it was CNCF's */
#define UNPACK "io.deis.oras.content.unpack"   /* oras: a folder, as a tar */
#define IMAGE_LAYER "application/vnd.oci.image.layer."

struct layout {
    struct artifact_pull *pull;
    char *tree;             /* the folder */
    struct foreign foreign; /* its project */
    const char *type;       /* of the present layer */
};

static void layout_clear(struct layout *layout)
{
    foreign_clear(&layout->foreign);
    free(layout->tree);
}

/* ---- files --------------------------------------------------------------------------------- */

/* Code and documents are code, all else the model. */
static void note_file(struct layout *layout, const char *path)
{
    bool code = strstr(layout->type, ".code.") || strstr(layout->type, ".doc.");
    cJSON **list = code ? &layout->foreign.code : &layout->foreign.artifacts;
    if (!*list)
        *list = xcheck(cJSON_CreateArray());
    json_append_text(*list, path);
}

/* Where the file `name` goes, its folder made. There are no links in the tree, so that nothing
 * leads out of it. */
static int place(struct layout *layout, const char *name, char **path, struct mlops_error *err)
{
    _cleanup_(free_string) char *clean = NULL;
    TRY(path_normalize(name, &clean, err));
    if (str_equal(clean, "."))
        return mlops_fail(err, MLOPS_INVALID, "a file without a name");
    _cleanup_(free_string) char *full = path_join(layout->tree, clean);
    _cleanup_(free_string) char *folder = path_parent(full);
    TRY(directory_make(folder, 0755, err));
    if (path_exists(full))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is there twice", clean);
    note_file(layout, clean);
    *path = TAKE_PTR(full);
    return MLOPS_OK;
}

static int to_file(void *context, const void *data, size_t length, struct mlops_error *err)
{
    return fd_write_full(*(const int *)context, data, length, err);
}

/* artifact_member */
static int take_member(void *context, struct archive_source *source,
                       const struct archive_item *item, struct mlops_error *err)
{
    struct layout *layout = context;
    _cleanup_(free_string) char *path = NULL;
    TRY(place(layout, item->name, &path, err));
    _cleanup_(fd_close) int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    TRY(archive_source_data(source, item, to_file, &fd, err));
    if (fchmod(fd, item->mode & 0100 ? 0755 : 0644) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the permissions of '%s'", path);
    return MLOPS_OK;
}

/* ---- layers -------------------------------------------------------------------------------- */

/* oras calls every file a tar that it was given no type for; what it made a tar of, it marks. */
static bool is_tar(const struct oci_descriptor *layer)
{
    const char *type = layer->type;
    if (json_string(layer->annotations, UNPACK, NULL))
        return str_equal(json_string(layer->annotations, UNPACK, ""), "true");
    if (str_starts(type, IMAGE_LAYER) && json_string(layer->annotations, ARTIFACT_TITLE, NULL))
        return false;
    return str_ends(type, ".tar") || str_ends(type, ".tar+gzip") || str_ends(type, ".tar+zstd");
}

/* The name that the layer has, by whoever pushed it; NULL: none. */
static const char *name_of(const struct oci_descriptor *layer)
{
    static const char *const keys[] = {ARTIFACT_FILEPATH, OLD_FILEPATH, ARTIFACT_TITLE};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        const char *name = json_string(layer->annotations, keys[i], NULL);
        if (name && *name)
            return name;
    }
    return NULL;
}

/* A tar's names are below the folder that it is of, or begin with it: of a layer "model" the entry
 * is "model/a" with oras and modctl, and KitOps names no folder. So they are taken as they are. */
static int take_tar(struct layout *layout, const struct oci_descriptor *layer,
                    struct mlops_error *err)
{
    _cleanup_(free_string) char *path = NULL;
    TRY(artifact_scratch(layout->pull, "layer.tar", &path, err));
    TRY(artifact_fetch(layout->pull, layer, path, err));
    TRY(artifact_tar_read(layout->pull->registry, path, false, take_member, layout, err));
    if (unlink(path) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", path);
    return MLOPS_OK;
}

static int take_layer(struct layout *layout, const struct oci_descriptor *layer, bool *taken,
                      struct mlops_error *err)
{
    const char *name = name_of(layer);
    _cleanup_(free_string) char *path = NULL;
    layout->type = layer->type;
    *taken = name || is_tar(layer);
    if (is_tar(layer))
        return take_tar(layout, layer, err);
    if (!name) /* nothing says what it is called: it is no file */
        return MLOPS_OK;
    TRY(place(layout, name, &path, err));
    TRY(artifact_fetch(layout->pull, layer, path, err));
    if (chmod(path, 0644) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the permissions of '%s'", path);
    return MLOPS_OK;
}

static int take_layers(struct layout *layout, struct mlops_error *err)
{
    const cJSON *item;
    bool any = false;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(layout->pull->manifest, "layers"))
    {
        struct oci_descriptor layer;
        bool taken;
        TRY(oci_descriptor_read(item, &layer, err));
        TRY(take_layer(layout, &layer, &taken, err));
        any = any || taken;
    }
    if (any)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "none of its layers is a file with a name");
    return mlops_hint(err, "files have the annotation " ARTIFACT_TITLE " or " ARTIFACT_FILEPATH);
}

/* ---- the bundle ---------------------------------------------------------------------------- */

/* The name that was asked for, else the last part of the repository. */
static int choose_model(struct layout *layout, struct mlops_error *err)
{
    const char *asked = layout->pull->options->model;
    const char *model = asked ? asked : path_base(layout->pull->from->repository);
    layout->foreign.model = xstrdup(model);
    if (name_check("model", model, err) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_hint(err, "give it a name: mlops pull ADDRESS NAME");
}

static int package_tree(struct layout *layout, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer project = {0};
    struct mlops_package *package = &layout->pull->result->package;
    struct mlops_registry *registry = layout->pull->registry;
    const struct mlops_package_options how = {
        .directory = layout->tree, .registers = true, .afresh = true, .no_git = true};
    if (foreign_has(&layout->foreign, PROJECT_FILE))
        return package_folder(registry, &how, NULL, package, err);
    TRY(choose_model(layout, err));
    foreign_write_project(&layout->foreign, "oci", "an artifact", &project);
    const struct package_source source = {.project = project.data};
    return package_folder(registry, &how, &source, package, err);
}

int artifact_pull_foreign(struct artifact_pull *pull, struct mlops_error *err)
{
    _cleanup_(layout_clear) struct layout layout = {.pull = pull};
    TRY(artifact_scratch(pull, "tree", &layout.tree, err));
    TRY(directory_make(layout.tree, 0755, err));
    layout.foreign.root = layout.tree;
    TRY(take_layers(&layout, err));
    return package_tree(&layout, err);
}
