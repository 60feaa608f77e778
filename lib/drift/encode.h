/*
 * lib/drift/encode.h - the sampled rows of two profiles as numbers, for what looks at whole rows.
 *
 * Numbers stay what they are; a text becomes the number of rows of the reference that have its
 * value, 0 of one that the reference never had. A missing number becomes the reference's mean, a
 * missing text its most frequent value (which thereby becomes more frequent), and an infinite number counts as missing. That is how
 * NannyML's DataReconstructionDriftCalculator has it (SimpleImputer and CountEncoder), but for
 * bools, which are numbers here: counted, true and false would be one where both came as often.
 */
#ifndef DRIFT_ENCODE_H
#define DRIFT_ENCODE_H
#include "stats/profile.h"

struct encoded {
    size_t width;
    const char **names; /* of the columns; borrowed */
    size_t rows[2];     /* reference, current */
    double *x[2];       /* row by row */
    double *weights[2]; /* how often each row came */
    double worth[2];    /* rows that the weights are worth: row_sample_worth */
    /* The reference's rows as they would look if each was not of the reference: a text is counted
     * once less. What is to be expected of other rows of one source shows on these. */
    double *apart;
};

/* The columns of both called `names` that are in both samples. Both profiles have a sample. The
 * caller clears it. */
void encode_rows(const struct profile *reference, const struct profile *current,
                 const char *const *names, size_t count, struct encoded *encoded);
void encoded_clear(struct encoded *encoded);

#endif
