/*
 * include/mlops/doctor.h - what is missing on this machine for mlops to do all it can, and what to
 * do about it.
 */
#ifndef MLOPS_DOCTOR_H
#define MLOPS_DOCTOR_H
#include <mlops/registry.h>
MLOPS_BEGIN

enum mlops_finding_level {
    MLOPS_FINDING_GOOD,
    MLOPS_FINDING_NOTE, /* something optional is not there */
    MLOPS_FINDING_BAD,  /* something needed is not there, or something is not safe */
};

struct mlops_doctor_check {
    const char *name; /* "sandbox"; static */
    enum mlops_finding_level level;
    char *found;  /* what is there or not, one line */
    char *advice; /* what to do; NULL where all is well */
};

struct mlops_doctor_report {
    bool healthy; /* nothing is BAD */
    struct mlops_doctor_check *items;
    size_t count, capacity;
};

/*
 * Look at this machine and, where one is found as `options` say, at the registry. Nothing is
 * changed. The caller clears `report`.
 * Errors: none of a machine that lacks something: that is in the report.
 */
MLOPS_API int mlops_doctor(const struct mlops_registry_options *options,
                           struct mlops_doctor_report *report, struct mlops_error *err);
MLOPS_API void mlops_doctor_report_clear(struct mlops_doctor_report *report);

MLOPS_END
#endif
