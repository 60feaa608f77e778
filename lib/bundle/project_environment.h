/* lib/bundle/project_environment.h - what the project file says of an environment beside its lock
 * file: images, commands, ports, variables and resources, for all stages and for single ones. */
#ifndef BUNDLE_PROJECT_ENVIRONMENT_H
#define BUNDLE_PROJECT_ENVIRONMENT_H
#include "base/yaml.h"

/* The settings in the map `environment` but its files, every value as the text that was written;
 * NULL where there are none. The caller deletes. */
cJSON *environment_settings(const struct yaml_node *map);

/* Are they what environment_settings writes, with keys and values that are known? Errors:
 * MLOPS_INVALID with what is wrong. */
int environment_settings_check(const cJSON *settings, struct mlops_error *err);

/* The setting `key` for `stage` (NULL: no stage), else for all stages, or NULL. */
const cJSON *environment_setting(const cJSON *settings, const char *stage, const char *key);
/* The variables for `stage`, over those for all stages: an object of texts. The caller deletes. */
cJSON *environment_variables(const cJSON *settings, const char *stage);

/* Is `image` what an image may be called? */
bool image_is_name(const char *image);
/* Is `image` pinned by "@sha256:" and 64 digits? */
bool image_is_pinned(const char *image);

#endif
