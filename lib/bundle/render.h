/*
 * lib/bundle/render.h - files that make an environment from a bundle. The same bundle and options
 * give the same bytes: nothing of the machine, the time or the registry goes in.
 */
#ifndef BUNDLE_RENDER_H
#define BUNDLE_RENDER_H
#include "bundle/environment.h"
#include <mlops/environment.h>

struct render {
    const struct bundle_environment *environment;
    const struct mlops_env_render_options *options;
    const struct distribution **wanted; /* what is not optional, sorted */
    size_t count;
    struct buffer out;
};

/* For each target: fill render->out. Errors: MLOPS_REFUSED something is not pinned, and that was
 * not allowed; MLOPS_INVALID the target cannot be made of this lock. */
int render_requirements(struct render *render, struct mlops_error *err);
int render_conda(struct render *render, struct mlops_error *err);
int render_containerfile(struct render *render, struct mlops_error *err);
int render_kubernetes(struct render *render, struct mlops_error *err);
int render_compose(struct render *render, struct mlops_error *err);

/* ---- shared ------------------------------------------------------------------------------ */

/* The lines that say what made the file, of what. */
void render_head(struct render *render);

/* Are packages of PyPI all that is named, and pinned by version and digest (or may be otherwise)?
 * `*hashed`: with digests, all of them. */
int render_check_pinned(const struct render *render, const char *target, bool *hashed,
                        struct mlops_error *err);

/* One requirement in one line, with its marker and, where `hashed`, its digests, each behind
 * `between`. */
void render_requirement(const struct distribution *item, bool hashed, const char *between,
                        struct buffer *out);

/* The image that was asked for, else `fallback`; MLOPS_INVALID none, MLOPS_REFUSED not pinned. */
int render_image(const struct render *render, const char *fallback, const char *key,
                 const char **image, struct mlops_error *err);

#endif
