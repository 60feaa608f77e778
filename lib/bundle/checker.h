/*
 * lib/bundle/checker.h - values taken out of the YAML of a project file. Whatever does not fit is
 * MLOPS_INVALID with the file, the line and, where there is one, the nearest word that would.
 *
 * Every function sets the checker's error. What is given to the caller is the caller's to free, and
 * stays as it was where the key is not there.
 */
#ifndef BUNDLE_CHECKER_H
#define BUNDLE_CHECKER_H
#include "base/yaml_check.h"
#include "bundle/project.h"

struct checker {
    struct yaml_checker yaml;
    struct project *project; /* that is being read */
};

/* Keys that mean nothing here, lest somebody rely on a demand that nobody judges. */
int checker_refuse(const struct checker *checker, const struct yaml_node *node,
                   const char *const *keys, const char *why);
/* A map whose keys are the author's names, or nothing. */
int checker_map(const struct checker *checker, const struct yaml_node *node);
/* `found`, the value of `key`, must be there, and more than nothing. */
int checker_demand(const struct checker *checker, const struct yaml_node *map, const char *where,
                   const char *key, const char *found);

int checker_text(const struct checker *checker, const struct yaml_node *map, const char *key,
                 char **text);
/* One of the words of `choices`. */
int checker_choice(const struct checker *checker, const struct yaml_node *map, const char *key,
                   const char *const *choices, char **text);
/* Is `name` one that a `what` may have? */
int checker_name(const struct checker *checker, const struct yaml_node *node, const char *what,
                 const char *name);
/* Does the project have a snapshot of that name? */
int checker_snapshot(const struct checker *checker, const struct yaml_node *node, const char *name);

/* ---- paths, normalized ---------------------------------------------------------------------- */

int checker_path(const struct checker *checker, const struct yaml_node *map, const char *key,
                 char **path);
/* A path that is to be packaged; and a list of them, NULL-terminated, or one alone. */
int checker_source(const struct checker *checker, const struct yaml_node *map, const char *key,
                   char **path);
int checker_sources(const struct checker *checker, const struct yaml_node *map, const char *key,
                    char ***paths);
/* A node that is itself a path to be packaged because of `key`. */
int checker_item(const struct checker *checker, const char *key, const struct yaml_node *item,
                 char **path);
/* Remember that `path` is to be packaged because of `node`. */
void checker_remember(const struct checker *checker, const char *key, const struct yaml_node *node,
                      const char *path);

#endif
