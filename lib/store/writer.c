/* lib/store/writer.c - objects in: cut, hashed, compressed where it pays, packed once each. */
#include "base/digest_set.h"
#include "base/feed.h"
#include "base/file.h"
#include "base/neighbours.h"
#include "base/pool.h"
#include "store/encode.h"
#include "store/group.h"
#include "store/pack_writer.h"
#include "store/slab.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define SMALL_RUN 64 /* small files that a worker takes at once: neighbours share groups */

/* What a worker keeps from file to file. */
struct bench {
    struct encoder *encoder;
    struct pack_batch *batch;
    struct slab *slab;
    struct reader *reader;
    struct group *group;
    struct neighbours near;
};

struct store_writer {
    struct store *store;
    struct pack_writer *packs;
    struct chunker chunker;
    struct bench benches[WORKERS_MAX];
    pthread_mutex_t lock;     /* guards the two below */
    struct digest_set names;  /* that this writer has taken on, as blobs and recipes of blobs */
    struct digest_set slices; /* … as slices of groups, which cannot stand for a part of a file */
    atomic_ullong bytes;
};

static struct bench *bench_of(struct store_writer *writer, size_t worker)
{
    struct bench *bench = &writer->benches[worker];
    if (!bench->encoder) {
        bench->encoder = encoder_new(writer->store);
        bench->batch = pack_batch_new(writer->packs);
        bench->near = NEIGHBOURS_NONE;
    }
    return bench;
}

static struct reader *reader_of(struct store_writer *writer, struct bench *bench)
{
    if (!bench->reader)
        bench->reader = reader_new(writer->store);
    return bench->reader;
}

static void bench_clear(struct bench *bench)
{
    encoder_free(bench->encoder);
    pack_batch_free(bench->batch);
    slab_free(bench->slab);
    reader_free(bench->reader);
    group_free(bench->group);
    if (bench->encoder)
        neighbours_clear(&bench->near);
}

/* ---- one object ------------------------------------------------------------------------------ */

/* True for the first who asks. Of a whole object a slice is as good. */
static bool names_claim(struct store_writer *writer, const struct digest *name, bool whole)
{
    pthread_mutex_lock(&writer->lock);
    bool first =
        !(whole && digest_set_has(&writer->slices, name)) && digest_set_add(&writer->names, name);
    pthread_mutex_unlock(&writer->lock);
    return first;
}

static bool slices_claim(struct store_writer *writer, const struct digest *name)
{
    pthread_mutex_lock(&writer->lock);
    bool first = !digest_set_has(&writer->names, name) && digest_set_add(&writer->slices, name);
    pthread_mutex_unlock(&writer->lock);
    return first;
}

/* Is `name` in the store, with what it is a delta or a slice of? A part of an object must be a
 * blob. `*broken`: it is, and of no use. */
static int is_stored(struct store_writer *writer, struct bench *bench, const struct digest *name,
                     bool whole, bool *stored, bool *broken, struct mlops_error *err)
{
    struct location there;
    *stored = index_find(writer->store->index, name, &there) &&
              (whole || there.record.kind == RECORD_BLOB);
    *broken = false;
    if (!*stored || (there.record.kind == RECORD_BLOB && there.record.encoding != ENCODING_DELTA))
        return MLOPS_OK;
    TRY(reader_has_whole(reader_of(writer, bench), name, stored, err));
    *broken = !*stored;
    return MLOPS_OK;
}

/* Into the batch: by reference where the bytes stay until it is flushed, else as a copy. */
static int add_record(struct pack_batch *batch, const struct record *record, const void *stored,
                      bool stays, struct mlops_error *err)
{
    return stays ? pack_batch_add(batch, record, stored, err)
                 : pack_batch_copy(batch, record, stored, err);
}

/* Pack a blob that was claimed. `bases`: what it may resemble; NULL where there is nothing. */
static int put_blob(struct bench *bench, const struct digest *name, const uint8_t *data,
                    uint32_t length, const struct digest *bases, size_t base_count, bool stays,
                    struct mlops_error *err)
{
    struct record record = {.name = *name, .kind = RECORD_BLOB, .raw = length};
    const void *stored;
    uint8_t *room;
    _Static_assert(ENCODE_ROOM <= BATCH_ROOM, "an encoded chunk fits into a batch");
    TRY(pack_batch_room(bench->batch, &room, err));
    TRY(encoder_encode(bench->encoder, data, length, bases, base_count, room, &record, &stored,
                       err));
    if (stored != room)
        return add_record(bench->batch, &record, stored, stays, err);
    pack_batch_take(bench->batch, &record);
    return MLOPS_OK;
}

/* Pack piece `i` of the slab unless it is there. */
static int put_piece(struct store_writer *writer, struct bench *bench, const struct slab *slab,
                     size_t i, const uint8_t *data, bool stays, struct mlops_error *err)
{
    const struct digest *name = &slab->digests[i];
    bool whole = slab->last && slab->intake->pieces == 1, stored, broken;
    TRY(is_stored(writer, bench, name, whole, &stored, &broken, err));
    if (stored || !names_claim(writer, name, whole && !broken))
        return MLOPS_OK;
    /* in the place of a delta that lost its base comes what needs none */
    return put_blob(bench, name, data, slab->lengths[i], slab->bases[i],
                    broken ? 0 : slab->base_counts[i], stays, err);
}

static int put_recipe(struct store_writer *writer, struct bench *bench, const struct intake *intake,
                      bool stays, struct mlops_error *err)
{
    struct location there;
    if (index_find(writer->store->index, &intake->digest, &there) ||
        !names_claim(writer, &intake->digest, false))
        return MLOPS_OK;
    struct record record = {.name = intake->digest,
                            .kind = RECORD_RECIPE,
                            .encoding = ENCODING_RAW,
                            .stored = (uint32_t)intake->recipe.length,
                            .raw = (uint32_t)intake->recipe.length};
    return add_record(bench->batch, &record, intake->recipe.data, stays, err);
}

/* Pack what is new of a slab that was hashed. An object of one piece is a blob; a longer one is a
 * recipe of blobs. */
static int put_slab(struct store_writer *writer, struct bench *bench, const struct slab *slab,
                    bool stays, struct mlops_error *err)
{
    const uint8_t *data = slab->data;
    for (size_t i = 0; i < slab->count; data += slab->lengths[i++])
        TRY(put_piece(writer, bench, slab, i, data, stays, err));
    if (slab->last && slab->intake->recipe.length > 0)
        TRY(put_recipe(writer, bench, slab->intake, stays, err));
    return stays ? pack_batch_flush(bench->batch, err) : MLOPS_OK;
}

/* All of a short object, by one worker. */
static int put_object(struct store_writer *writer, struct bench *bench, struct intake *intake,
                      struct mlops_error *err)
{
    if (!bench->slab)
        bench->slab = slab_new();
    do {
        TRY(slab_fill(bench->slab, intake, &writer->chunker, err));
        slab_match(bench->slab, reader_of(writer, bench));
        slab_hash(bench->slab, true);
        slab_hash_pieces(bench->slab);
        TRY(slab_record(bench->slab, err));
        TRY(put_slab(writer, bench, bench->slab, false, err));
    } while (!bench->slab->last);
    writer->bytes += intake->size;
    return MLOPS_OK;
}

/* ---- small files, many in a chunk ------------------------------------------------------------ */

/* Is a member new? One that is there and of no use is packed at once, by itself: of several copies
 * a blob is taken before a slice. */
static int want_member(struct store_writer *writer, struct bench *bench, size_t i,
                       const uint8_t *data, bool *wanted, struct mlops_error *err)
{
    const struct group *group = bench->group;
    const struct digest *name = &group->digests[i];
    bool stored, broken;
    TRY(is_stored(writer, bench, name, true, &stored, &broken, err));
    if (broken && names_claim(writer, name, false))
        TRY(put_blob(bench, name, data, group->lengths[i], NULL, 0, false, err));
    *wanted = !stored && !broken && slices_claim(writer, name);
    return MLOPS_OK;
}

static int put_slices(struct bench *bench, const struct digest *chunk, struct mlops_error *err)
{
    const struct group *group = bench->group;
    _cleanup_(buffer_clear) struct buffer recipe = {0};
    uint32_t offset = 0;
    for (size_t i = 0; i < group->count; offset += group->lengths[i++]) {
        group_recipe(group, i, offset, chunk, &recipe);
        struct record record = {.name = group->digests[i],
                                .kind = RECORD_RECIPE,
                                .encoding = ENCODING_RAW,
                                .stored = (uint32_t)recipe.length,
                                .raw = (uint32_t)recipe.length};
        TRY(add_record(bench->batch, &record, recipe.data, false, err));
    }
    return MLOPS_OK;
}

/* Pack what is new in the worker's group, and empty it. */
static int put_group(struct store_writer *writer, struct bench *bench, struct mlops_error *err)
{
    struct group *group = bench->group;
    struct digest chunk;
    bool wanted[GROUP_MEMBERS], stored, broken;
    if (!group || group->count == 0)
        return MLOPS_OK;
    group_hash(group, &chunk);
    const uint8_t *data = group->data;
    for (size_t i = 0; i < group->count; data += group->lengths[i++]) {
        group->files[i]->digest = group->digests[i];
        group->files[i]->size = group->lengths[i];
        TRY(want_member(writer, bench, i, data, &wanted[i], err));
    }
    group_keep(group, wanted, &chunk);
    if (group->count > 0) {
        TRY(is_stored(writer, bench, &chunk, false, &stored, &broken, err));
        if (!stored && names_claim(writer, &chunk, false))
            TRY(put_blob(bench, &chunk, group->data, group->length, NULL, 0, false, err));
    }
    if (group->count > 1)
        TRY(put_slices(bench, &chunk, err));
    group_empty(group);
    return MLOPS_OK;
}

/* ---- many files ------------------------------------------------------------------------------ */

/* Files of more than a slab go through a pipeline, several side by side and all cores at work on
 * them; of the short ones each worker takes some where it has nothing to do in the pipeline. */
struct job {
    struct store_writer *writer;
    struct store_file **small, **large; /* sorted out; what they point to is the caller's */
    size_t small_count, large_count;
    uint64_t total;         /* bytes of all files, as they were at the start */
    atomic_ullong done;     /* of them */
    atomic_bool stop;       /* the observer said so */
    struct intake *intakes; /* of the large files */
    struct feed feed;
    atomic_size_t waits, waits_seen; /* for work: how often, and up to when a stage last looked */
};

/* By the calling thread only: draw, and ask whether to go on. */
static int check_in(void *context, struct mlops_error *err)
{
    struct job *job = context;
    const struct mlops_observer *observer = job->writer->store->observer;
    if (!observer)
        return MLOPS_OK;
    if (observer->progress)
        observer->progress(observer->context, "storing files", job->done, job->total);
    if (observer->cancelled && observer->cancelled(observer->context))
        job->stop = true;
    return job->stop ? mlops_fail(err, MLOPS_CANCELLED, "stopped while storing files") : MLOPS_OK;
}

static int wrap(struct mlops_error *err, const struct store_file *file)
{
    return err->code == MLOPS_CANCELLED ? (int)err->code
                                        : mlops_wrap(err, "store '%s'", file->path);
}

static int open_regular(struct bench *bench, const char *path, int *fd, uint64_t *size,
                        struct mlops_error *err)
{
    struct stat status;
    const char *name;
    int folder = neighbours_folder(&bench->near, path, &name);
    _cleanup_(fd_close) int opened =
        openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (opened < 0)
        return mlops_fail_errno(err, errno == ELOOP ? MLOPS_INVALID : MLOPS_OK, errno, "read '%s'",
                                path);
    if (fstat(opened, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", path);
    if (!S_ISREG(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not a regular file", path);
    *size = (uint64_t)status.st_size;
    *fd = opened;
    opened = -1;
    return MLOPS_OK;
}

static int intake_open(struct store_writer *writer, struct bench *bench,
                       const struct store_file *file, struct intake *intake,
                       struct mlops_error *err)
{
    int fd = -1;
    uint64_t size = 0;
    TRY(open_regular(bench, file->path, &fd, &size, err));
    intake_init(intake, fd, NULL, 0);
    intake->file_size = size;
    if (!file->base)
        return MLOPS_OK;
    return match_new(reader_of(writer, bench), file->base, &intake->match, err);
}

/* A file by itself. */
static int add_single(struct job *job, struct bench *bench, struct store_file *file,
                      struct mlops_error *err)
{
    _cleanup_(intake_clear) struct intake intake = {.fd = -1};
    int code = intake_open(job->writer, bench, file, &intake, err);
    if (code == MLOPS_OK)
        code = put_object(job->writer, bench, &intake, err);
    fd_close(&intake.fd);
    TRY(code);
    file->digest = intake.digest;
    file->size = intake.size;
    job->done += intake.size;
    return MLOPS_OK;
}

/* A file into the worker's group; `*taken` false where it has changed and is none for a group. */
static int add_to_group(struct job *job, struct bench *bench, struct store_file *file, bool *taken,
                        struct mlops_error *err)
{
    uint64_t size;
    size_t got = 0;
    int fd = -1;
    if (!bench->group)
        bench->group = group_new();
    TRY(open_regular(bench, file->path, &fd, &size, err));
    *taken = size > 0 && size <= GROUP_FILE_MAX;
    int code =
        *taken ? fd_read_full(fd, group_room(bench->group), (size_t)size, &got, err) : MLOPS_OK;
    fd_close(&fd);
    *taken = *taken && got > 0;
    if (code || !*taken)
        return code;
    group_take(bench->group, file, (uint32_t)got);
    job->done += got;
    job->writer->bytes += got;
    return group_is_full(bench->group) ? put_group(job->writer, bench, err) : MLOPS_OK;
}

static int add_small(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct job *job = context;
    struct store_file *file = job->small[index];
    struct bench *bench = bench_of(job->writer, worker);
    bool taken = false;
    int code = MLOPS_OK;
    /* one that was another version before is better stored as a difference */
    if (!file->base && file->size > 0 && file->size <= GROUP_FILE_MAX)
        code = add_to_group(job, bench, file, &taken, err);
    if (code == MLOPS_OK && !taken)
        code = add_single(job, bench, file, err);
    return code ? wrap(err, file) : MLOPS_OK;
}

/* The groups that are not full, when all files have been read. */
static int put_groups(struct store_writer *writer, struct mlops_error *err)
{
    for (size_t i = 0; i < WORKERS_MAX; i++)
        TRY(put_group(writer, &writer->benches[i], err));
    return MLOPS_OK;
}

/* First stage: read, cut and hold against the version before, in each lane file after file. */
static int fill_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct job *job = context;
    struct slab *slab = item;
    size_t index;
    if (!feed_job(&job->feed, slab->lane, &index))
        return MLOPS_OK;
    struct store_file *file = job->large[index];
    struct intake *intake = &job->intakes[index];
    int code = MLOPS_OK;
    if (intake->fd < 0) {
        code = intake_open(job->writer, bench_of(job->writer, worker), file, intake, err);
        if (code == MLOPS_OK)
            (void)posix_fadvise(intake->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    }
    uint64_t before = intake->size;
    if (code == MLOPS_OK)
        code = slab_fill(slab, intake, &job->writer->chunker, err);
    if (code)
        return wrap(err, file);
    slab_match(slab, reader_of(job->writer, bench_of(job->writer, worker)));
    job->done += intake->size - before;
    if (slab->last) {
        fd_close(&intake->fd);
        feed_job_done(&job->feed, slab->lane);
    }
    return MLOPS_OK;
}

/* The whole of a file is one chain, which one core makes: if another had nothing to do since the
 * last time, the pieces are left to it. When all are at work, one pass for both is the least work. */
static int hash_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct job *job = context;
    (void)worker, (void)err;
    size_t waits = job->waits;
    slab_hash(item, atomic_exchange(&job->waits_seen, waits) == waits);
    return MLOPS_OK;
}

static int pieces_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    (void)context, (void)worker, (void)err;
    slab_hash_pieces(item);
    return MLOPS_OK;
}

static int record_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct job *job = context;
    struct slab *slab = item;
    (void)worker;
    if (slab_record(slab, err))
        return wrap(err, job->large[slab->intake - job->intakes]);
    return MLOPS_OK;
}

static int put_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct job *job = context;
    struct slab *slab = item;
    struct store_file *file = job->large[slab->intake - job->intakes];
    if (put_slab(job->writer, bench_of(job->writer, worker), slab, true, err))
        return wrap(err, file);
    if (slab->last) {
        file->digest = slab->intake->digest;
        file->size = slab->intake->size;
        job->writer->bytes += file->size;
    }
    return MLOPS_OK;
}

/* Large files in the lanes, small ones beside them. */
static int add_all(struct job *job, struct mlops_error *err)
{
    static const struct pipeline_stage stages[] = {{.serial = true, .run = fill_stage},
                                                   {.serial = true, .run = hash_stage},
                                                   {.run = pieces_stage},
                                                   {.serial = true, .run = record_stage},
                                                   {.run = put_stage}};
    void *slabs[FEED_ITEMS_MAX];
    feed_init(&job->feed, job->large_count);
    size_t count = feed_item_count(&job->feed);
    for (size_t i = 0; i < count; i++) {
        struct slab *slab = slab_new();
        slab->lane = i / (count / job->feed.lane_count);
        slabs[i] = slab;
    }
    job->intakes = xcalloc(job->large_count, sizeof(*job->intakes));
    for (size_t i = 0; i < job->large_count; i++)
        job->intakes[i].fd = -1;
    const struct pipeline pipeline = {.stages = stages,
                                      .stage_count = ARRAY_LENGTH(stages),
                                      .first_lane_first = true,
                                      .lane_count = job->feed.lane_count,
                                      .items = slabs,
                                      .item_count = count,
                                      .ended = job->feed.ended,
                                      .side = add_small,
                                      .side_count = job->small_count,
                                      .side_run = SMALL_RUN,
                                      .waits = &job->waits,
                                      .tick = check_in,
                                      .context = job};
    int code = pipeline_run(&pipeline, err);
    feed_clear(&job->feed);
    for (size_t i = 0; i < job->large_count; i++) {
        fd_close(&job->intakes[i].fd);
        intake_clear(&job->intakes[i]);
    }
    free(job->intakes);
    for (size_t i = 0; i < count; i++)
        slab_free(slabs[i]);
    return code;
}

static int compare_sizes(const void *a, const void *b)
{
    const struct store_file *x = *(struct store_file *const *)a,
                            *y = *(struct store_file *const *)b;
    return x->size > y->size ? -1 : x->size < y->size;
}

static void sort_out(struct job *job, struct store_file *files, size_t count)
{
    struct stat status;
    job->small = xcalloc(count, sizeof(*job->small));
    job->large = xcalloc(count, sizeof(*job->large));
    for (size_t i = 0; i < count; i++) {
        if (files[i].size == 0) /* what is not there is told when it is opened */
            files[i].size = lstat(files[i].path, &status) == 0 ? (uint64_t)status.st_size : 0;
        job->total += files[i].size;
        if (files[i].size > SLAB_SIZE)
            job->large[job->large_count++] = &files[i];
        else
            job->small[job->small_count++] = &files[i];
    }
    /* the digest of the longest is what all others are done beside */
    qsort(job->large, job->large_count, sizeof(struct store_file *), compare_sizes);
}

int store_writer_add_files(struct store_writer *writer, struct store_file *files, size_t count,
                           struct mlops_error *err)
{
    struct job job = {.writer = writer};
    sort_out(&job, files, count);
    int code = add_all(&job, err);
    if (code == MLOPS_OK)
        code = put_groups(writer, err);
    free(job.small);
    free(job.large);
    const struct mlops_observer *observer = writer->store->observer;
    if (code == MLOPS_OK && observer && observer->progress)
        observer->progress(observer->context, "storing files", job.total, job.total);
    return code;
}

int store_writer_add(struct store_writer *writer, const void *data, size_t length,
                     struct digest *digest, struct mlops_error *err)
{
    _cleanup_(intake_clear) struct intake intake;
    intake_init(&intake, -1, data, length);
    TRY(put_object(writer, bench_of(writer, 0), &intake, err));
    *digest = intake.digest;
    return MLOPS_OK;
}

int store_writer_has(struct store_writer *writer, const struct digest *digest, bool *whole,
                     struct mlops_error *err)
{
    return reader_has_whole(reader_of(writer, bench_of(writer, 0)), digest, whole, err);
}

/* ---- begin and end --------------------------------------------------------------------------- */

int store_writer_begin(struct store *store, struct store_writer **writer, struct mlops_error *err)
{
    struct pack_writer *packs;
    TRY(store_refresh(store, err));
    TRY(pack_writer_new(store, &packs, err));
    *writer = xcalloc(1, sizeof(**writer));
    (*writer)->store = store;
    (*writer)->packs = packs;
    chunker_init(&(*writer)->chunker);
    pthread_mutex_init(&(*writer)->lock, NULL);
    return MLOPS_OK;
}

void store_writer_abort(struct store_writer *writer)
{
    if (!writer)
        return;
    for (size_t i = 0; i < WORKERS_MAX; i++)
        bench_clear(&writer->benches[i]);
    pack_writer_free(writer->packs);
    digest_set_clear(&writer->names);
    digest_set_clear(&writer->slices);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

int store_writer_publish(struct store_writer *writer, struct store_added *added,
                         struct mlops_error *err)
{
    int code = MLOPS_OK;
    added->bytes = writer->bytes;
    for (size_t i = 0; i < WORKERS_MAX && code == MLOPS_OK; i++)
        if (writer->benches[i].batch)
            code = pack_batch_flush(writer->benches[i].batch, err);
    if (code == MLOPS_OK)
        code = pack_writer_publish(writer->packs, &added->new_bytes, err);
    store_writer_abort(writer); /* nothing is left to be undone; on failure, everything is */
    return code;
}
