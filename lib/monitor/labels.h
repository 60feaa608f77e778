/*
 * lib/monitor/labels.h - what became known of events: lists of labels, and the rows that hold them.
 *
 * A label stands with the minute of its event, or, before that came, among those that are pending.
 */
#ifndef MONITOR_LABELS_H
#define MONITOR_LABELS_H
#include "base/buffer.h"

struct db;

struct label_record {
    uint64_t id;
    int64_t time_ns; /* when it became known */
    uint32_t label;  /* outcome_class */
};
#define LABEL_RECORD_SIZE 20

struct label_list {
    struct label_record *records;
    size_t count, capacity;
};
void label_list_add(struct label_list *list, const struct label_record *record);
/* By id; of several of one id the last that was added stays. */
void label_list_sort(struct label_list *list);
/* In a sorted list; NULL: none. */
struct label_record *label_list_find(const struct label_list *list, uint64_t id);
void label_list_clear(struct label_list *list);

/* Sorted; the caller clears it. Errors: MLOPS_INTEGRITY; MLOPS_IO. */
int labels_read(struct db *db, const char *model, int64_t minute, struct label_list *list,
                struct mlops_error *err);
/* Those of the minutes `from` to `to` - 1. */
int labels_read_between(struct db *db, const char *model, int64_t from, int64_t to,
                        struct label_list *list, struct mlops_error *err);
int labels_write(struct db *db, const char *model, int64_t minute, uint64_t batch,
                 const struct label_list *list, struct mlops_error *err);
int pending_read(struct db *db, const char *model, struct label_list *list,
                 struct mlops_error *err);
/* In the place of all that are there. */
int pending_write(struct db *db, const char *model, uint64_t batch, const struct label_list *list,
                  struct mlops_error *err);

#endif
