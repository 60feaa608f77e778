/*
 * lib/monitor/labelled.h - labels of ids whose event was counted before, for other events of these
 * ids that come later: the answer of another version, or one in another minute.
 */
#ifndef MONITOR_LABELLED_H
#define MONITOR_LABELLED_H
#include "monitor/labels.h"
#include "monitor/roster.h"

/* Which ids have a label with an event: 12 to 24 bytes of memory a label. Zeroed is empty. */
struct labelled {
    struct id_set ids; /* labels that were swept since may be among them */
    uint64_t batch;    /* whose labels are known, and those of all before */
    size_t loaded;     /* ids that the database had, the last time that all were read */
};

/* Learn what came up to `batch`, which is that of the database. Errors: MLOPS_IO. */
int labelled_load(struct labelled *labelled, struct db *db, const char *model, uint64_t batch,
                  struct mlops_error *err);
/* The newest label of each of these ids, wherever it stands; the caller clears the list, which is
 * sorted. Reads all labels of the model. Errors: MLOPS_IO. */
int labelled_find(struct db *db, const char *model, const struct id_set *wanted,
                  struct label_list *found, struct mlops_error *err);
/* Labels were swept: where many of those that are known may be gone, all are read again. */
void labelled_sweep(struct labelled *labelled);
void labelled_clear(struct labelled *labelled);

#endif
