/* lib/bundle/ignore.c - the files of rules above a path, and which rule has the last word. */
#include "bundle/ignore.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/git_library.h"
#include <limits.h>

#define RULES_MAX (1U << 20) /* bytes of a file of rules */

struct rule {
    const char *pattern; /* in the text of its file */
    bool negated, folders_only;
};

struct rules {
    struct buffer text;
    struct rule *items;
    size_t count, capacity;
};

/* A folder on the way from the top to the path that is judged. */
struct level {
    char *folder; /* from the top; "" for the top */
    struct rules git, own;
    bool is_top; /* of a working tree: the whole one, or a submodule */
};

struct ignore {
    char *top;     /* of the working tree; the project folder outside of git */
    char *project; /* the project folder from there; "" where it is the top */
    bool in_git;
    char *opened; /* the folder, from the top, whose repository was opened, or tried; or NULL */
    struct git_library git;
    struct level *levels;
    size_t count, capacity;
};

static void rules_clear(struct rules *rules)
{
    buffer_clear(&rules->text);
    free(rules->items);
}

static void pop(struct ignore *ignore)
{
    struct level *level = &ignore->levels[--ignore->count];
    free(level->folder);
    rules_clear(&level->git);
    rules_clear(&level->own);
}

/* The nearest folder from `project` upwards that has a `.git`; NULL without one. */
static char *find_top(const char *project)
{
    _cleanup_(free_string) char *folder = xstrdup(project);
    for (;;) {
        _cleanup_(free_string) char *git = path_join(folder, ".git");
        if (path_exists(git))
            return TAKE_PTR(folder);
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder)
            return NULL;
        *slash = '\0';
    }
}

struct ignore *ignore_new(const char *root)
{
    struct ignore *ignore = xcalloc(1, sizeof(*ignore));
    char real[PATH_MAX];
    const char *project = realpath(root, real) ? real : root;
    ignore->top = find_top(project);
    ignore->in_git = ignore->top != NULL;
    if (!ignore->top)
        ignore->top = xstrdup(project);
    size_t length = strlen(ignore->top);
    ignore->project = xstrdup(project[length] == '/' ? project + length + 1 : "");
    return ignore;
}

void ignore_free(struct ignore *ignore)
{
    if (!ignore)
        return;
    while (ignore->count > 0)
        pop(ignore);
    free(ignore->levels);
    git_close(&ignore->git);
    free(ignore->opened);
    free(ignore->top);
    free(ignore->project);
    free(ignore);
}

/* ---- files of rules -------------------------------------------------------------------------- */

/* Blanks at the end do not count, unless there is a backslash before them. */
static void trim(char *line)
{
    size_t end = 0;
    for (size_t i = 0; line[i]; i++) {
        if (line[i] == '\\' && line[i + 1])
            end = ++i + 1;
        else if (line[i] != ' ')
            end = i + 1;
    }
    line[end] = '\0';
}

static void add_line(struct rules *rules, char *line)
{
    struct rule rule = {0};
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\r')
        line[length - 1] = '\0';
    if (*line == '#')
        return;
    trim(line);
    rule.negated = *line == '!';
    line += rule.negated;
    length = strlen(line);
    rule.folders_only = length > 0 && line[length - 1] == '/';
    if (rule.folders_only)
        line[length - 1] = '\0';
    if (!*line)
        return;
    rule.pattern = line;
    GROW(rules->items, rules->count, &rules->capacity);
    rules->items[rules->count++] = rule;
}

/* A name that is no regular file holds no rules; git does not follow links there either. */
static int read_rules(const struct ignore *ignore, const char *folder, const char *name,
                      struct rules *rules, struct mlops_error *err)
{
    _cleanup_(free_string) char *place = path_join(ignore->top, folder);
    _cleanup_(free_string) char *path = path_join(*folder ? place : ignore->top, name);
    struct stat status;
    if (lstat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return MLOPS_OK;
    TRY(file_read(path, RULES_MAX, &rules->text, err));
    char *line = rules->text.data, *end = line ? line + rules->text.length : NULL;
    if (rules->text.length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    while (line && line < end) {
        char *next = memchr(line, '\n', (size_t)(end - line));
        if (next)
            *next = '\0';
        add_line(rules, line);
        line = next ? next + 1 : end;
    }
    return MLOPS_OK;
}

static bool is_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return length == 0 ||
           (strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

static int push(struct ignore *ignore, const char *folder, size_t length, struct mlops_error *err)
{
    GROW(ignore->levels, ignore->count, &ignore->capacity);
    struct level *level = &ignore->levels[ignore->count++];
    *level = (struct level){.folder = xstrndup(folder, length)};
    if (ignore->in_git) {
        _cleanup_(free_string) char *git =
            xprintf("%s/%s%s.git", ignore->top, level->folder, length ? "/" : "");
        level->is_top = path_exists(git);
        TRY(read_rules(ignore, level->folder, ".gitignore", &level->git, err));
    }
    if (is_in(level->folder, ignore->project))
        TRY(read_rules(ignore, level->folder, ".mlopsignore", &level->own, err));
    return MLOPS_OK;
}

/* Have the rules of all folders above `path`, and no others, at hand. A walk goes down and up again
 * and so reads each file once. */
static int enter(struct ignore *ignore, const char *path, struct mlops_error *err)
{
    const char *slash = strrchr(path, '/');
    _cleanup_(free_string) char *parent = xstrndup(path, slash ? (size_t)(slash - path) : 0);
    while (ignore->count > 0 && !is_in(parent, ignore->levels[ignore->count - 1].folder))
        pop(ignore);
    if (ignore->count == 0)
        TRY(push(ignore, "", 0, err));
    for (;;) {
        size_t known = strlen(ignore->levels[ignore->count - 1].folder);
        const char *rest = parent + known + (known > 0 && parent[known] == '/');
        if (!*rest)
            return MLOPS_OK;
        TRY(push(ignore, parent, (size_t)(rest - parent) + strcspn(rest, "/"), err));
    }
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* 1: left out, -1: expressly not, 0: nothing is said. The last rule of the nearest file decides. */
static int verdict(const struct ignore *ignore, bool own, const char *path, bool is_folder)
{
    for (size_t i = ignore->count; i-- > 0;) {
        const struct level *level = &ignore->levels[i];
        const struct rules *rules = own ? &level->own : &level->git;
        const char *inside = path + strlen(level->folder) + (*level->folder != '\0');
        for (size_t j = rules->count; j-- > 0;)
            if ((is_folder || !rules->items[j].folders_only) &&
                ignore_pattern_matches(rules->items[j].pattern, inside))
                return rules->items[j].negated ? -1 : 1;
    }
    return 0;
}

/* By the innermost repository. Without libgit2 nothing is known to be tracked; that it is missing,
 * git_capture says. */
static bool is_tracked(struct ignore *ignore, const char *path, bool is_folder)
{
    struct mlops_error ignored = {0};
    size_t at = ignore->count - 1;
    while (at > 0 && !ignore->levels[at].is_top)
        at--;
    const char *folder = ignore->levels[at].folder;
    if (!ignore->opened || !str_equal(ignore->opened, folder)) {
        _cleanup_(free_string) char *place = xprintf("%s/%s", ignore->top, folder);
        git_close(&ignore->git);
        free(ignore->opened);
        ignore->opened = xstrdup(folder);
        if (git_open(place, &ignore->git, &ignored))
            git_close(&ignore->git);
    }
    return git_tracks(&ignore->git, path + strlen(folder) + (*folder != '\0'), is_folder);
}

int ignore_judge(struct ignore *ignore, const char *path, bool is_folder, bool is_code,
                 bool *left_out, struct mlops_error *err)
{
    _cleanup_(free_string) char *full =
        *ignore->project ? path_join(ignore->project, path) : xstrdup(path);
    *left_out = false;
    TRY(enter(ignore, full, err));
    int own = verdict(ignore, true, full, is_folder);
    *left_out = own > 0 || (own == 0 && is_code && ignore->in_git &&
                            verdict(ignore, false, full, is_folder) > 0 &&
                            !is_tracked(ignore, full, is_folder));
    return MLOPS_OK;
}
