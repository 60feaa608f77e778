/*
 * lib/bundle/gto.h - what the git tags of GTO say: which versions an artifact has, and which stage
 * holds which. The format is that of iterative/gto, gto/constants.py:
 *
 *     NAME@vSEMVER  registered        NAME@vSEMVER!  taken back      NAME@deprecated
 *     NAME#STAGE    assigned          NAME#STAGE!    taken away      each with #N behind it, or not
 *
 * NAME may have a folder before it, "models=fraud", which people write as "models:fraud". Only
 * annotated tags count. git is not asked here: these functions see names, times and commits.
 */
#ifndef BUNDLE_GTO_H
#define BUNDLE_GTO_H
#include "base/util.h"

#define GTO_TAG_MAX 500 /* bytes of a tag's name */

enum gto_action {
    GTO_REGISTER,
    GTO_DEREGISTER,
    GTO_ASSIGN,
    GTO_UNASSIGN,
    GTO_DEPRECATE,
    GTO_CREATE,
};

/* A tag's name in its parts. */
struct gto_name {
    enum gto_action action;
    char artifact[GTO_TAG_MAX + 1]; /* "models:fraud" */
    char version[GTO_TAG_MAX + 1];  /* "v1.2.3"; "" where the action has none */
    char stage[GTO_TAG_MAX + 1];
    uint64_t counter; /* 0: none */
};

/* Take `tag` apart; false: it is none of GTO's. */
bool gto_parse(const char *tag, struct gto_name *name);

/* By the precedence of semver.org 2.0.0, of two versions that gto_parse gave. */
int gto_compare_versions(const char *a, const char *b);

/* An annotated tag as git has it. */
struct gto_tag {
    char *name;
    char *commit;  /* 40 hexadecimal digits */
    char *tagger;  /* "Name <address>", plain text; NULL: none */
    char *message; /* plain text on one line; NULL: none */
    int64_t time_s;
};

struct gto_version {
    const char *artifact; /* all borrowed from the state */
    const char *version;
    const struct gto_tag *tag; /* that registered it, the newest */
    bool registered;           /* and not taken back since */
    char *stages;              /* that it holds as 'gto show' has it, "dev,prod"; NULL: none */
};

struct gto_state {
    struct gto_name *names; /* of the tags, in the order in which they hold */
    const struct gto_tag **tags;
    size_t count;
    struct gto_version *versions; /* in the order of their first registration */
    size_t version_count, version_capacity;
};

/*
 * What `tags` say together, in the order of their times, which is GTO's; where these are equal of
 * their counters. Of several versions that a stage was assigned to it holds the greatest, as
 * 'gto show' says. `tags` must outlive the state, which the caller clears.
 */
void gto_state_make(const struct gto_tag *tags, size_t count, struct gto_state *state);
void gto_state_clear(struct gto_state *state);

/* Was the artifact deprecated, and nothing done with it since? */
bool gto_is_deprecated(const struct gto_state *state, const char *artifact);

#endif
