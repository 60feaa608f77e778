/*
 * lib/bundle/dvc_file.h - what the files of DVC say: dvc.yaml, dvc.lock, *.dvc, the list of a
 * folder in the cache, and where the cache is. The formats are those of treeverse/dvc,
 * dvc/schema.py, and dvc-data, hashfile/tree.py. Parsers of bytes; nothing is opened here.
 */
#ifndef BUNDLE_DVC_FILE_H
#define BUNDLE_DVC_FILE_H
#include "base/md5.h"
#include <cjson/cJSON.h>

#define DVC_OUTS_MAX 100000

/* A file or folder that DVC keeps. */
struct dvc_out {
    char *path;    /* from the folder of the repository, normalized; as it is written if external */
    char *said_by; /* "dvc.lock:12", for messages */
    char md5[MD5_HEX_SIZE]; /* "" where the file has none */
    bool is_folder;         /* the digest is that of a folder's list */
    bool legacy; /* of DVC 2: line ends folded before hashing, another place in the cache */
    bool executable;
    bool external; /* outside of the repository, or a URL */
    bool tracked;  /* by a file of its own, *.dvc, and not made by a stage */
};

/* All that the files of one commit say. Zeroed is empty; lists are arrays of texts. */
struct dvc_repository {
    struct dvc_out *outs;
    size_t count, capacity;
    cJSON *folders;   /* of stages: from "FOLDER\nSTAGE" to where it runs */
    cJSON *stages;    /* from the stage's name (with its folder) to {cmd, deps, outs} */
    cJSON *deps;      /* paths that stages read */
    cJSON *params;    /* from files of parameters to what was used of them, dotted keys undone */
    cJSON *metrics;   /* paths */
    cJSON *plots;     /* paths */
    cJSON *artifacts; /* from "name" or "folder:name" to what is said of it: path (resolved), type,
                         … */
};

void dvc_repository_clear(struct dvc_repository *dvc);

/*
 * Take in the file `path` (from the folder of the repository, its name says what it is): dvc.yaml
 * must come before the dvc.lock beside it. artifacts.yaml of GTO is one of them, at the top.
 * Errors: MLOPS_INVALID with `path` and the line.
 */
int dvc_file_read(struct dvc_repository *dvc, const char *path, const char *text, size_t length,
                  struct mlops_error *err);
/* Is a file of that name one that dvc_file_read knows? */
bool dvc_file_known(const char *path);

/* A file of a folder's list. */
struct dvc_member {
    char *path; /* in the folder, normalized */
    char md5[MD5_HEX_SIZE];
};
struct dvc_list {
    struct dvc_member *items;
    size_t count, capacity;
};
/* Read what the cache has of a folder, `[{"md5": …, "relpath": …}]`. The caller clears `list`.
 * Errors: MLOPS_INVALID. */
int dvc_list_parse(const char *text, size_t length, const char *what, struct dvc_list *list,
                   struct mlops_error *err);
void dvc_list_clear(struct dvc_list *list);

/* Where .dvc/config or .dvc/config.local has the cache, as written there; NULL: it does not say.
 * The caller frees. */
char *dvc_config_cache(const char *text, size_t length);

#endif
