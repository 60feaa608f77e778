/* lib/drift/profile_json.h - a profile for people. */
#ifndef DRIFT_PROFILE_JSON_H
#define DRIFT_PROFILE_JSON_H

struct profile;

/* The document of docs/profile.md; the caller frees it. */
char *profile_to_json(const struct profile *profile);

#endif
