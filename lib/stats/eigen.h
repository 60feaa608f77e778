/* lib/stats/eigen.h - eigenvalues and eigenvectors of symmetric matrices. */
#ifndef STATS_EIGEN_H
#define STATS_EIGEN_H
#include "base/util.h"

/*
 * Decompose the symmetric matrix `a` of `width` rows, of which the lower half is read and which is
 * overwritten. `values` gets the eigenvalues, largest first, and `vectors`, width x width, a row
 * for each: its eigenvector, of length 1, whose sign is arbitrary.
 *
 * Householder's reduction to tridiagonal form (Martin, Reinsch and Wilkinson, "Householder's
 * tridiagonalization of a symmetric matrix", Numerische Mathematik 11, 1968), then QL with implicit
 * shifts (Dubrulle, Martin and Wilkinson, Numerische Mathematik 12, 1968).
 */
void eigen_symmetric(double *a, size_t width, double *values, double *vectors);

#endif
