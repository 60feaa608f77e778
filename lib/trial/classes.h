/*
 * lib/trial/classes.h - the classes that labels and predictions name, numbered as they come.
 *
 * Numbers are told apart by value ("1" and "1.0" are one class), true and false in any case count
 * as 1 and 0, everything else by its bytes.
 */
#ifndef TRIAL_CLASSES_H
#define TRIAL_CLASSES_H
#include "base/util.h"
#include "table/table.h"

#define CLASSES_MAX 65536

struct classes;

struct classes *classes_new(void);
void classes_free(struct classes *classes);
DEFINE_CLEANUP(struct classes, classes_free)

/* The number of the class that `cell` names, 0 … classes_count()-1; a new one for a new name.
 * Errors: MLOPS_INVALID more than CLASSES_MAX. */
int classes_number(struct classes *classes, struct text_view cell, uint32_t *number,
                   struct mlops_error *err);
uint32_t classes_count(const struct classes *classes);
/* As it was written when it first came, shortened and clean enough for a message. */
const char *classes_name(const struct classes *classes, uint32_t number);

/* The numbers of 0 and 1, or of the two texts, of which the one that sorts last is taken for the
 * positive one. `*named` true: they are texts. */
struct binary_classes {
    uint32_t negative, positive; /* CLASSES_MAX where it did not come */
    bool named;
};
/* Errors: MLOPS_INVALID saying why they are not the two classes of a binary task. */
int classes_binary(const struct classes *classes, struct binary_classes *binary,
                   struct mlops_error *err);

#endif
