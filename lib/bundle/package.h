/*
 * lib/bundle/package.h - packaging for those who have no project file: importers of what other
 * tools wrote make one, and it goes into the bundle in its place.
 */
#ifndef BUNDLE_PACKAGE_H
#define BUNDLE_PACKAGE_H
#include "bundle/git.h"
#include <cjson/cJSON.h>
#include <mlops/bundle.h>

/* What is said of a folder from outside. It must follow from the folder and the options alone, so
 * that the same folder gives the same id. */
struct package_source {
    const char *project; /* the text of the project file; the folder must have none of its own,
                            and the text names no files of parameters and metrics */
    const cJSON *params; /* objects; NULL: none */
    const cJSON *metrics;
    const struct git_state *git; /* of a folder that was laid out of a commit, of which nothing is
                                    ignored; NULL: the folder itself is looked at */
    const char *place; /* the folder that it was laid out from; NULL: it stands there itself */
};

/* As mlops_package_directory, which is this with a `source` of NULL. */
int package_folder(struct mlops_registry *registry, const struct mlops_package_options *options,
                   const struct package_source *source, struct mlops_package *package,
                   struct mlops_error *err);

#endif
