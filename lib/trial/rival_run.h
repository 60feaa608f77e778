/* lib/trial/rival_run.h - another version's suite run on our rows. */
#ifndef TRIAL_RIVAL_RUN_H
#define TRIAL_RIVAL_RUN_H
#include "trial/rival.h"

/* Run the suite of `rival` in a checkout of its own bundle, with our evaluation data in the place
 * of its own, for its predictions; where it does not pass, that is its message. Returns when it has
 * ended. Errors: those of the registry and the system; MLOPS_CANCELLED. */
int rival_run(const struct rival_options *options, struct rival *rival, struct mlops_error *err);

#endif
