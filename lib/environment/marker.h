/*
 * lib/environment/marker.h - PEP 508's markers: is a requirement wanted in an environment?
 *
 * Source: the dependency specifiers specification of packaging.python.org, "Environment Markers",
 * with PEP 751's `extras` and `dependency_groups`, which are empty here.
 */
#ifndef ENVIRONMENT_MARKER_H
#define ENVIRONMENT_MARKER_H
#include "base/util.h"

struct marker_environment {
    const char *python;         /* "3.11.7": python_full_version, and cut python_version */
    const char *implementation; /* "CPython" */
    const char *machine;        /* "x86_64" */
    const char *system;         /* "Linux"; NULL: that */
};

enum marker_verdict {
    MARKER_NO,
    MARKER_YES,
    MARKER_UNKNOWN, /* it is not well-formed, or asks for what the environment does not say */
};

enum marker_verdict marker_judge(const char *marker, const struct marker_environment *environment);

#endif
