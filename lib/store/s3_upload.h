/*
 * lib/store/s3_upload.h - local files on their way to a bucket: parts go while others are still
 * written, and show all at once at the end. From several threads at once.
 */
#ifndef STORE_S3_UPLOAD_H
#define STORE_S3_UPLOAD_H
#include "store/s3.h"
#include "store/transfer.h"

struct uploads;

/* Both outlive it. */
struct uploads *uploads_new(struct s3 *s3, struct transfers *transfers);
/* Gives up what was begun and not finished. */
void uploads_free(struct uploads *uploads);

/* Begin to move the file, which is complete, to `key`, where it goes in parts. What fails is told
 * by uploads_finish. */
void uploads_begin(struct uploads *uploads, const char *path, const char *key);
/* It is going to be finished, and others too: it may show from now on. What fails is told by
 * uploads_finish. */
void uploads_hasten(struct uploads *uploads, const char *path, const char *key);
/* The file is the object `key`; where uploads_begin was not called, all of it moves now. */
int uploads_finish(struct uploads *uploads, const char *path, const char *key,
                   struct mlops_error *err);
/* It is not going to be finished. */
void uploads_forget(struct uploads *uploads, const char *key);

#endif
