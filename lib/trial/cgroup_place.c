/* lib/trial/cgroup_place.c - where control groups may be made, found by looking and by trying. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include "trial/cgroup.h"
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX (1U << 20) /* bytes of a file in /proc */

/* What this process reads of itself. */
struct own {
    struct buffer mounts, groups;
};

static void own_clear(struct own *own)
{
    buffer_clear(&own->mounts);
    buffer_clear(&own->groups);
}

/* Is `word` among those in `text`, which one of `separators` or a blank parts? */
static bool has_word(const char *text, const char *separators, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at += length) {
        bool begins = at == text || at[-1] == ' ' || strchr(separators, at[-1]);
        if (begins && (strchr(" \n", at[length]) || strchr(separators, at[length])))
            return true;
    }
    return false;
}

/* Root and mount point, fields 4 and 5 of a line (proc(5)), escapes left as they are: a mount point
 * with blanks in its name is not found, and does without. */
static bool parse_mount(const char *line, size_t length, const char *controller, char root[4096],
                        char point[4096])
{
    _cleanup_(free_string) char *text = xstrndup(line, length);
    const char *type = strstr(text, controller ? " - cgroup " : " - cgroup2 ");
    return type && (!controller || has_word(strrchr(text, ' '), ",", controller)) &&
           sscanf(text, "%*d %*d %*s %4095s %4095s", root, point) == 2;
}

/* Of version 2 it is the line "0::PATH", of version 1 "N:CONTROLLER,CONTROLLER:PATH". */
static char *own_group(const char *cgroup, const char *controller)
{
    for (const char *line = cgroup; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        _cleanup_(free_string) char *text = xstrndup(line, strcspn(line, "\n"));
        char *names = strchr(text, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path || path[1] != '/')
            continue;
        *path = '\0';
        if (controller ? has_word(names + 1, ",", controller) : str_equal(text, "0:"))
            return xstrdup(path + 1);
    }
    return NULL;
}

char *cgroup_folder(const char *mountinfo, const char *cgroup, const char *controller, char **top)
{
    char root[4096], point[4096];
    _cleanup_(free_string) char *group = own_group(cgroup, controller);
    *top = NULL;
    if (!group || strstr(group, "/.."))
        return NULL;
    for (const char *line = mountinfo; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (!parse_mount(line, strcspn(line, "\n"), controller, root, point))
            continue;
        size_t length = str_equal(root, "/") ? 0 : strlen(root);
        bool below =
            strncmp(group, root, length) == 0 && (group[length] == '/' || group[length] == '\0');
        if (!below)
            continue;
        *top = xstrdup(point);
        return str_equal(group + length, "/") || group[length] == '\0'
                   ? xstrdup(point)
                   : xprintf("%s%s", point, group + length);
    }
    return NULL;
}

/* ---- trying ---------------------------------------------------------------------------------- */

/* To move into a group takes rights on what it has in common with ours. */
static bool works(const struct cgroup_place *place)
{
    struct mlops_error ignored = {0}; /* then it does not */
    struct cgroup group;
    int status = 1;
    if (cgroup_make(place, &(struct cgroup_limits){UINT64_MAX, UINT64_MAX}, &group, &ignored))
        return false;
    pid_t child = fork();
    if (child == 0)
        _exit(cgroup_join(&group) ? 0 : 1);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    cgroup_remove(&group);
    return status == 0;
}

static bool is_ours(const char *folder)
{
    _cleanup_(free_string) char *processes = path_join(folder, "cgroup.procs");
    return access(folder, W_OK | X_OK) == 0 && access(processes, W_OK) == 0;
}

/* What holds in groups that are made in `folder`. */
static void look_at(const char *folder, struct cgroup_place *place)
{
    struct mlops_error ignored = {0}; /* then nothing does */
    _cleanup_(buffer_clear) struct buffer controllers = {0};
    _cleanup_(free_string) char *list = path_join(folder, "cgroup.subtree_control");
    (void)file_read(list, TEXT_MAX, &controllers, &ignored);
    const char *text = controllers.data ? controllers.data : "";
    *place = (struct cgroup_place){.path = xstrdup(folder),
                                   .memory = has_word(text, " ", "memory"),
                                   .processes = has_word(text, " ", "pids")};
}

/* Version 2: a group with processes in it gives no limits to others within, so that ours will do
 * only as a sister of the one that we are in. */
static void find_new(const struct own *own, struct cgroup_place *place)
{
    _cleanup_(free_string) char *top = NULL;
    _cleanup_(free_string) char *folder =
        cgroup_folder(own->mounts.data, own->groups.data, NULL, &top);
    _cleanup_(free_string) char *parent =
        folder && !str_equal(folder, top) ? path_parent(folder) : NULL;
    const char *const folders[] = {folder, parent};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        struct cgroup_place found = {0};
        if (folders[i] && is_ours(folders[i]))
            look_at(folders[i], &found);
        if (found.path && works(&found) && (!place->path || found.memory > place->memory)) {
            cgroup_place_clear(place);
            *place = found;
        } else
            cgroup_place_clear(&found);
    }
}

static void find_old(const struct own *own, struct cgroup_place *place)
{
    _cleanup_(free_string) char *top = NULL;
    _cleanup_(free_string) char *folder =
        cgroup_folder(own->mounts.data, own->groups.data, "pids", &top);
    struct cgroup_place found = {.old_path = folder};
    if (!folder || !is_ours(folder) || !works(&found))
        return;
    place->old_path = TAKE_PTR(folder);
    place->processes = true;
}

void cgroup_find(struct cgroup_place *place, char *why, size_t why_size)
{
    struct mlops_error ignored = {0}; /* no /proc, no groups */
    _cleanup_(own_clear) struct own own = {0};
    *place = (struct cgroup_place){0};
    *why = '\0';
    if (file_read("/proc/self/mountinfo", TEXT_MAX, &own.mounts, &ignored) == MLOPS_OK &&
        file_read("/proc/self/cgroup", TEXT_MAX, &own.groups, &ignored) == MLOPS_OK &&
        own.mounts.data && own.groups.data) {
        find_new(&own, place);
        if (!place->processes)
            find_old(&own, place);
    }
    if (!place->memory || !place->processes)
        str_copy(why, why_size,
                 place->path ? "the control group that it is in has no such limits to give"
                             : "the control group that it is in is not ours to divide; where "
                               "systemd runs, 'systemd-run --user --scope mlops …' starts in one "
                               "that is");
}

void cgroup_place_clear(struct cgroup_place *place)
{
    free(place->path);
    free(place->old_path);
    *place = (struct cgroup_place){0};
}
