/*
 * include/mlops/deploy.h - a version on a host: DIR/releases/ID holds its files, DIR/current is a
 * link to the live one, DIR/.deploy what is known about them (docs/deploy.md).
 */
#ifndef MLOPS_DEPLOY_H
#define MLOPS_DEPLOY_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_deploy_options {
    const char *ref;       /* "fraud@production"; to follow, it must name a stage */
    const char *directory; /* made where it is missing */
    const char *reload;    /* the host's shell command after each switch; NULL: none */
    const char *health;    /* instead of the project file's; "": none; NULL: the project file's */
    uint64_t keep;         /* releases to keep; 0: as the project file says */
    bool dry_run;          /* look, change nothing */
    int64_t interval_ns;   /* to follow: between looks; 0: 0.2 s */
};

struct mlops_deployment {
    struct mlops_version version;
    char stage[MLOPS_STAGE_MAX + 1];       /* "": `ref` names none */
    char previous[MLOPS_BUNDLE_ID_SIZE];   /* bundle that was live before; "": none */
    char *release;                         /* its folder; may be NULL after an error */
    char *signature;       /* who signed; NULL: no signature is demanded */
    bool deployed;         /* it is live, and was not before */
    bool already;          /* it was live before, and is whole */
    bool there;            /* it lay on the host already, whole */
    bool had_health;       /* a health command was run */
    bool went_back;        /* it was live, and the host is back at `previous` */
    char *why;             /* it went back, and the end of what was printed; NULL: it did not */
    uint64_t kept_bytes;   /* taken from an earlier release */
    uint64_t stored_bytes; /* that came out of the store */
    uint64_t removed;      /* old releases that went */
    int64_t layout_ns, switch_ns, health_ns; /* what took the time */
};

/*
 * Lay a version out on this host, verify every byte of it and the signature that its stage's policy
 * demands, switch to it by one rename, run its health command, and go back where that fails. At
 * every instant `current` leads to a whole release, or to none. The caller clears `deployment`.
 *
 * Errors: MLOPS_REFUSED it was not well and the host went back (`why`); MLOPS_NOT_FOUND;
 * MLOPS_INVALID the folder is no host's; MLOPS_CONFLICT another deploy is at work there;
 * MLOPS_INTEGRITY damaged, or not signed as demanded; MLOPS_CANCELLED; MLOPS_IO.
 */
MLOPS_API int mlops_deploy(struct mlops_registry *registry,
                           const struct mlops_deploy_options *options,
                           struct mlops_deployment *deployment, struct mlops_error *err);
MLOPS_API void mlops_deployment_clear(struct mlops_deployment *deployment);

/* What happens to a host that follows a stage. */
enum mlops_deploy_news {
    MLOPS_DEPLOY_LIVE,   /* the version of the stage is live now, or was at the start */
    MLOPS_DEPLOY_FAILED, /* it could not be made live: what was live is; `error` says why */
    MLOPS_DEPLOY_EMPTY,  /* the stage holds nothing: what was live is */
    MLOPS_DEPLOY_AWAY,   /* the registry is not to be had: what was live is */
    MLOPS_DEPLOY_BACK,   /* it is to be had again */
};
struct mlops_deploy_event {
    enum mlops_deploy_news news;
    const struct mlops_deployment *deployment; /* LIVE and FAILED */
    const struct mlops_error *error;           /* FAILED and AWAY */
    bool again;                                /* FAILED: it will be tried again */
};

/*
 * Keep the host at what the stage holds until the observer of `where` says stop, which is no error.
 * The registry is opened anew where it was away, after waits that double up to 30 s and are random
 * by half. What its health command refused is not tried again before the stage changes; what failed
 * otherwise is, after such a wait.
 * Errors: MLOPS_INVALID `ref` names no stage, or the folder is no host's; what `tell` returns.
 */
typedef int (*mlops_deploy_tell)(void *context, const struct mlops_deploy_event *event,
                                 struct mlops_error *err);
MLOPS_API int mlops_deploy_follow(const struct mlops_registry_options *where,
                                  const struct mlops_deploy_options *options,
                                  mlops_deploy_tell tell, void *context, struct mlops_error *err);

struct mlops_release_row {
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    char model[MLOPS_NAME_MAX + 1];
    uint64_t version; /* 0: not registered then */
    char stage[MLOPS_STAGE_MAX + 1];
    int64_t deployed_ns;
    bool live;
};

struct mlops_host {
    struct mlops_release_row *releases; /* the newest first */
    size_t count;
    bool unproved; /* the live one was switched to, and the verdict on it is not there: a deploy is
                      at work, or was killed */
    char *refused; /* the last one that the host went back from, and why; NULL: none since */
    char *damage;  /* what is wrong with the live one's files; NULL: nothing, or not looked at */
};

/* What a host runs, without any registry. `verify`: read every byte of the live release. The caller
 * clears `host`. Errors: MLOPS_NOT_FOUND nothing was deployed there; MLOPS_INTEGRITY. */
MLOPS_API int mlops_host_read(const char *directory, bool verify,
                              const struct mlops_observer *observer, struct mlops_host *host,
                              struct mlops_error *err);
MLOPS_API void mlops_host_clear(struct mlops_host *host);

MLOPS_END
#endif
