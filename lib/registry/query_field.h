/* lib/registry/query_field.h - the fields that versions are searched and sorted by. */
#ifndef REGISTRY_QUERY_FIELD_H
#define REGISTRY_QUERY_FIELD_H
#include "base/util.h"

enum field_type {
    FIELD_ANY, /* a parameter: whatever it is */
    FIELD_NUMBER,
    FIELD_TEXT,
    FIELD_TIME,
    FIELD_AGE, /* time since the version was registered */
    FIELD_SET,
};

/* Where its value stands. */
enum field_source {
    SOURCE_VERSION, /* the version's row itself */
    SOURCE_STAGES,
    SOURCE_BUNDLE, /* the bundle's row */
    SOURCE_FACT,   /* registry/fact.h */
    SOURCE_TAG,
    SOURCE_RETIRED,
};

/* Of a field that query_field_check lets pass. */
enum field_type query_field_type(const char *name);
enum field_source query_field_source(const char *name);

#endif
