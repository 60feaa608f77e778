/*
 * lib/store/s3.h - a bucket of S3 or of a server that speaks as S3: signed requests, retried, with
 * checksums on all that is written. From several threads at once.
 *
 * Keys are relative to the prefix of the bucket's address. Errors, where no others are named:
 * MLOPS_IO the server was not reached, refused, or failed for as long as was tried;
 * MLOPS_CANCELLED. Messages name the object as s3://BUCKET/KEY.
 */
#ifndef STORE_S3_H
#define STORE_S3_H
#include "base/http.h"
#include "store/s3_config.h"

struct s3;

/* Takes over what `config` owns, also on failure, and completes it. Asks nobody yet. `observer` may
 * be NULL. The caller closes. */
int s3_open(struct s3_config *config, const struct mlops_observer *observer, struct s3 **s3,
            struct mlops_error *err);
void s3_close(struct s3 *s3);
DEFINE_CLEANUP(struct s3, s3_close)
const struct s3_config *s3_settings(const struct s3 *s3);

/* End all requests, those to come too. From any thread. */
void s3_stop(struct s3 *s3);
/* Is it stopped? Asks the observer, in the thread that opened. */
bool s3_is_stopped(struct s3 *s3);

/* ---- one request (s3.c); s3_object.c makes them -------------------------------------------- */

#define S3_EXTRA_MAX 8

/* Bytes of a file, which go from there to the server: a copy in memory would cost more than it. */
struct s3_piece {
    int fd;
    uint64_t offset;
    size_t length;
};
/* Call `each` with all of it, in order. Errors: MLOPS_IO. */
int s3_piece_read(const struct s3_piece *piece,
                  void (*each)(void *context, const void *data, size_t length), void *context,
                  struct mlops_error *err);
int s3_piece_checksum(const struct s3_piece *piece, uint32_t *checksum, struct mlops_error *err);

struct s3_call {
    const char *method;
    const char *key;   /* NULL: the bucket */
    const char *query; /* percent-encoded; NULL: none */
    struct {
        const char *name; /* lower case */
        const char *value;
    } extra[S3_EXTRA_MAX]; /* headers, up to the first without a name */
    const void *data;      /* the body; NULL: none, or `piece` */
    size_t length;
    const struct s3_piece *piece;
    int (*sink)(void *context, uint64_t offset, const void *data, size_t length,
                struct mlops_error *err); /* of a 2xx answer; NULL: into the response */
    void *context;
    long fine[3];   /* statuses besides 2xx that are answers and no failure */
    bool ends_late; /* the answer may be a failure with status 200, and take minutes */
};

/* The caller clears `response`. Errors: MLOPS_NOT_FOUND 404. */
int s3_send(struct s3 *s3, const struct s3_call *call, struct http_response *response,
            struct mlops_error *err);

/* "s3://BUCKET/PREFIX/KEY", for messages. The caller frees. */
char *s3_name(const struct s3 *s3, const char *key);

/* ---- objects (s3_object.c) ------------------------------------------------------------------- */

/* Errors: MLOPS_NOT_FOUND. */
int s3_head(struct s3 *s3, const char *key, uint64_t *size, struct mlops_error *err);

/* At most `length` bytes from `offset`; `*got` is how many there are, `*size` (or NULL) what the
 * whole object has. Errors: MLOPS_NOT_FOUND. */
int s3_get(struct s3 *s3, const char *key, uint64_t offset, void *data, size_t length, size_t *got,
           uint64_t *size, struct mlops_error *err);
/* The last `length` bytes, or all where there are fewer. Errors: MLOPS_NOT_FOUND. */
int s3_get_tail(struct s3 *s3, const char *key, void *data, size_t length, size_t *got,
                uint64_t *size, struct mlops_error *err);

/* Where the server honours conditions and an object is there already, it stays and `*there` is
 * true. */
int s3_put(struct s3 *s3, const char *key, const void *data, size_t length, bool only_new,
           bool *there, struct mlops_error *err);
/* The same, of a file. */
int s3_put_piece(struct s3 *s3, const char *key, const struct s3_piece *piece, bool only_new,
                 bool *there, struct mlops_error *err);
int s3_copy(struct s3 *s3, const char *from, const char *to, struct mlops_error *err);
/* What is not there is no error. */
int s3_delete(struct s3 *s3, const char *key, struct mlops_error *err);

struct s3_item {
    const char *key; /* behind the bucket's prefix */
    uint64_t size;
    int64_t age_ns; /* by the server's clock; not negative */
};

/* Call `each` with every object whose key begins with `prefix`. */
int s3_list(struct s3 *s3, const char *prefix,
            int (*each)(void *context, const struct s3_item *item, struct mlops_error *err),
            void *context, struct mlops_error *err);

/* ---- uploads in parts (s3_multipart.c): nothing of them shows before their end ------------- */

struct s3_part {
    char *tag;         /* what the server called it; freed by s3_part_clear */
    uint32_t checksum; /* CRC-32C */
};
void s3_part_clear(struct s3_part *part);

/* The caller frees `*id`. */
int s3_upload_begin(struct s3 *s3, const char *key, char **id, struct mlops_error *err);
/* `number` counts from 1. */
int s3_upload_part(struct s3 *s3, const char *key, const char *id, unsigned number,
                   const struct s3_piece *piece, struct s3_part *part, struct mlops_error *err);
int s3_upload_end(struct s3 *s3, const char *key, const char *id, const struct s3_part *parts,
                  size_t count, uint64_t size, bool only_new, bool *there, struct mlops_error *err);
/* What is not there is no error. */
int s3_upload_abort(struct s3 *s3, const char *key, const char *id, struct mlops_error *err);
/* Abort those of keys that begin with `prefix` that were begun longer ago than `age_ns`: their
 * writers were killed. */
int s3_upload_sweep(struct s3 *s3, const char *prefix, int64_t age_ns, struct mlops_error *err);

/* The server's time that an answer was made, or ours where it does not say. */
int64_t s3_answered_ns(const struct http_response *response);
/* The value of a checksum header: base64 of the four bytes, most significant first. */
void s3_checksum_text(uint32_t checksum, char text[9]);

#endif
