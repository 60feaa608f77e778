/* lib/store/restore.c - objects written out as files, on all cores. */
#include "base/feed.h"
#include "base/file.h"
#include "base/pool.h"
#include "store/large_output.h"
#include "store/reader.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define SMALL_RUN 64        /* small files that a worker takes at once: neighbours share chunks */
#define RUN_SIZE (2U << 20) /* bytes of a stretch; files of more are done by all cores together */
#define RUN_PIECES 256
#define RUN_MEMORY (RUN_SIZE + 2 * OUTPUT_BLOCK)
#define NOWHERE UINT64_MAX

/* Where a chunk lies in the file that was there before. */
struct place {
    struct digest chunk;
    uint64_t offset;
};

/* A large file that is being written. */
struct target {
    const struct store_restore *file;
    struct output output;
    int old_fd;
    struct location recipe;
    uint8_t *entries;
    size_t count, next;   /* entries; the one that is planned next */
    uint64_t planned;     /* bytes */
    struct place *places; /* by digest */
    size_t place_count;
    struct sha256 *hash;
};

/* A stretch of one of them. */
struct run {
    uint8_t *memory; /* RUN_MEMORY */
    uint8_t *data;   /* in it, as output_write wants it to lie */
    size_t lane;
    struct target *target;
    uint64_t offset;
    size_t length, count;
    bool last;
    uint32_t lengths[RUN_PIECES];
    struct digest chunks[RUN_PIECES], found[RUN_PIECES];
    bool hashed;                      /* `found` is known */
    uint64_t old_offsets[RUN_PIECES]; /* NOWHERE: from the store */
};

struct restore {
    struct store *store;
    const struct store_restore **small, **large;
    size_t small_count, large_count;
    struct output_pace pace, *paced;     /* NULL: everything into the cache */
    struct reader *readers[WORKERS_MAX]; /* a worker's own */
    atomic_ullong done, from_store, from_old;
    uint64_t total;
    atomic_bool stop;
    struct target *targets; /* of the large files */
    struct feed feed;
    atomic_size_t waits, waits_seen; /* for work: how often, and up to when a stage last looked */
};

static struct reader *reader_of(struct restore *restore, size_t worker)
{
    if (!restore->readers[worker])
        restore->readers[worker] = reader_new(restore->store);
    return restore->readers[worker];
}

/* By the calling thread only: draw, and ask whether to go on. */
static int check_in(void *context, struct mlops_error *err)
{
    struct restore *restore = context;
    const struct mlops_observer *observer = restore->store->observer;
    if (!observer)
        return MLOPS_OK;
    if (observer->progress)
        observer->progress(observer->context, "writing files", restore->done, restore->total);
    if (observer->cancelled && observer->cancelled(observer->context))
        restore->stop = true;
    return restore->stop ? mlops_fail(err, MLOPS_CANCELLED, "stopped while writing files")
                         : MLOPS_OK;
}

/* ---- one file -------------------------------------------------------------------------------- */

static int create(const struct store_restore *file, int *fd, struct mlops_error *err)
{
    *fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", file->path);
    return MLOPS_OK;
}

/* Size (what was not written at the end is a hole) and mode. */
static int finish(const struct store_restore *file, int fd, struct mlops_error *err)
{
    if (file->size > RUN_SIZE && ftruncate(fd, (off_t)file->size) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the size of '%s'", file->path);
    if (fchmod(fd, file->mode) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", file->path);
    return MLOPS_OK;
}

/* ---- small files: each by one worker --------------------------------------------------------- */

struct small_file {
    int fd;
    uint64_t size;
};

static int to_file(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    struct small_file *small = context;
    small->size += length;
    return fd_write_full(small->fd, data, length, err);
}

static int restore_small(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    const struct store_restore *file = restore->small[index];
    _cleanup_(fd_close) int fd = -1;
    TRY(create(file, &fd, err));
    struct small_file small = {.fd = fd};
    int code = reader_stream(reader_of(restore, worker), &file->digest, to_file, &small, err);
    if (code == MLOPS_OK && small.size != file->size)
        code = mlops_fail(err, MLOPS_INTEGRITY, "it has %llu bytes instead of %llu",
                          (unsigned long long)small.size, (unsigned long long)file->size);
    if (code)
        return mlops_wrap(err, "write '%s'", file->path);
    TRY(finish(file, fd, err));
    restore->done += file->size;
    restore->from_store += file->size;
    return MLOPS_OK;
}

/* ---- large files: all cores on one ----------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
    return memcmp(((const struct place *)a)->chunk.bytes, ((const struct place *)b)->chunk.bytes,
                  sizeof(struct digest));
}

/* Learn where the chunks of the old file are. That it is not there or not to be read is no matter:
 * the store has everything. */
static void open_old(struct target *target, struct reader *reader)
{
    const struct store_restore *file = target->file;
    struct location location;
    struct mlops_error ignored = {0};
    const uint8_t *data;
    uint64_t offset = 0;
    if (!file->old_path || reader_find(reader, &file->old, &location, &ignored) ||
        location.record.kind != RECORD_RECIPE || reader_load(reader, &location, &data, &ignored))
        return;
    target->old_fd = open(file->old_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    target->place_count = recipe_count(location.record.raw);
    if (target->place_count == 1) /* a slice: no chunk of its own */
        target->place_count = 0;
    target->places = xcalloc(target->place_count, sizeof(*target->places));
    for (size_t i = 0; i < target->place_count; i++) {
        struct recipe_entry entry;
        recipe_entry_decode(data, i, &entry);
        target->places[i] = (struct place){entry.chunk, offset};
        offset += entry.length;
    }
    if (target->place_count > 0)
        qsort(target->places, target->place_count, sizeof(*target->places), compare_places);
}

static int target_open(struct restore *restore, struct target *target, size_t worker,
                       struct mlops_error *err)
{
    struct reader *reader = reader_of(restore, worker);
    target->hash = sha256_new();
    open_old(target, reader);
    TRY(reader_find(reader, &target->file->digest, &target->recipe, err));
    TRY(reader_load_recipe(reader, &target->recipe, &target->entries, &target->count, err));
    return output_open(&target->output, target->file->path, restore->paced, err);
}

static void target_clear(struct target *target)
{
    output_close(&target->output);
    fd_close(&target->old_fd);
    free(target->entries);
    target->entries = NULL;
    free(target->places);
    target->places = NULL;
    sha256_free(target->hash);
    target->hash = NULL;
}

static uint64_t old_offset(const struct target *target, const struct digest *chunk)
{
    struct place wanted = {.chunk = *chunk};
    const struct place *place =
        target->old_fd < 0 || target->place_count == 0
            ? NULL
            : bsearch(&wanted, target->places, target->place_count, sizeof(wanted), compare_places);
    return place ? place->offset : NOWHERE;
}

/* The next entries of the recipe, up to a run's size. */
static int plan_run(struct run *run, struct target *target, struct mlops_error *err)
{
    *run = (struct run){
        .memory = run->memory, .lane = run->lane, .target = target, .offset = target->planned};
    run->data = run->memory + run->offset % OUTPUT_BLOCK;
    while (target->next < target->count && run->count < RUN_PIECES) {
        struct recipe_entry entry;
        recipe_entry_decode(target->entries, target->next, &entry);
        if (entry.length > CHUNK_MAX || entry.offset != 0)
            return reader_damaged(err, &target->recipe, "a recipe names a chunk of another size");
        if (run->length + entry.length > RUN_SIZE)
            break;
        run->chunks[run->count] = entry.chunk;
        run->lengths[run->count] = entry.length;
        run->old_offsets[run->count++] = old_offset(target, &entry.chunk);
        run->length += entry.length;
        target->next++;
    }
    target->planned += run->length;
    run->last = target->next == target->count;
    if (run->last && target->planned != target->file->size)
        return reader_damaged(err, &target->recipe, "a file has another size than it should");
    return MLOPS_OK;
}

static int plan_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    struct run *run = item;
    int code = MLOPS_OK;
    size_t index;
    if (!feed_job(&restore->feed, run->lane, &index))
        return MLOPS_OK;
    struct target *target = &restore->targets[index];
    if (!target->file) {
        target->file = restore->large[index];
        code = target_open(restore, target, worker, err);
    }
    if (code == MLOPS_OK)
        code = plan_run(run, target, err);
    if (code)
        return mlops_wrap(err, "write '%s'", target->file->path);
    if (run->last)
        feed_job_done(&restore->feed, run->lane);
    return MLOPS_OK;
}

/* From the old file, where it has the chunk. What is there is verified with all the rest. */
static bool load_old(const struct run *run, size_t i, uint8_t *to)
{
    struct mlops_error ignored = {0};
    return run->old_offsets[i] != NOWHERE &&
           fd_pread_full(run->target->old_fd, to, run->lengths[i], run->old_offsets[i], &ignored) ==
               MLOPS_OK;
}

static int load_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    struct run *run = item;
    struct reader *reader = reader_of(restore, worker);
    uint8_t *to = run->data;
    for (size_t i = 0; i < run->count; to += run->lengths[i++]) {
        struct location chunk;
        if (load_old(run, i, to)) {
            restore->from_old += run->lengths[i];
            continue;
        }
        int code = reader_find(reader, &run->chunks[i], &chunk, err);
        if (code == MLOPS_OK &&
            (chunk.record.kind != RECORD_BLOB || chunk.record.raw != run->lengths[i]))
            code =
                reader_damaged(err, &run->target->recipe, "a recipe names a chunk of another size");
        if (code == MLOPS_OK)
            code = reader_load_into(reader, &chunk, to, err);
        if (code)
            return mlops_wrap(err, "write '%s'", run->target->file->path);
        restore->from_store += run->lengths[i];
    }
    return MLOPS_OK;
}

/* The whole, and the chunks with it where no other core is free to hash those. */
static int hash_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    struct run *run = item;
    (void)worker, (void)err;
    size_t waits = restore->waits;
    run->hashed = atomic_exchange(&restore->waits_seen, waits) == waits;
    if (run->hashed)
        sha256_update_parts(run->target->hash, run->data, run->lengths, run->count, run->found);
    else
        sha256_update(run->target->hash, run->data, run->length);
    return MLOPS_OK;
}

/* Chunks against their names. */
static int verify_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    struct run *run = item;
    struct target *target = run->target;
    if (!run->hashed)
        sha256_of_parts(run->data, run->lengths, run->count, run->found);
    for (size_t i = 0; i < run->count; i++) {
        struct location chunk;
        if (digest_equal(&run->found[i], &run->chunks[i]))
            continue;
        if (run->old_offsets[i] != NOWHERE)
            return mlops_fail(err, MLOPS_CONFLICT, "'%s' changed while it was read",
                              target->file->old_path);
        if (reader_find(reader_of(restore, worker), &run->chunks[i], &chunk, err) == MLOPS_OK)
            (void)reader_damaged(err, &chunk,
                                 "its content does not have the digest that it should");
        return mlops_wrap(err, "write '%s'", target->file->path);
    }
    return MLOPS_OK;
}

/* The whole against its name, when all chunks have been held against theirs. */
static int verify_whole(struct target *target, struct mlops_error *err)
{
    struct digest digest;
    sha256_final(target->hash, &digest);
    return digest_equal(&digest, &target->file->digest)
               ? MLOPS_OK
               : reader_damaged(err, &target->recipe,
                                "the file put together does not have its digest");
}

/* Serial: the system lets only one write to a file at a time, and who waits for it spins. */
static int write_stage(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    struct run *run = item;
    struct target *target = run->target;
    (void)worker;
    int code = run->last ? verify_whole(target, err) : MLOPS_OK;
    if (code == MLOPS_OK)
        code = output_write(&target->output, run->data, run->length, run->offset, run->last, err);
    if (code)
        return mlops_wrap(err, "write '%s'", target->file->path);
    restore->done += run->length;
    if (!run->last)
        return MLOPS_OK;
    TRY(finish(target->file, target->output.fd, err));
    target_clear(target);
    return MLOPS_OK;
}

/* Large files in the lanes, small ones beside them. */
static int restore_all(struct restore *restore, struct mlops_error *err)
{
    static const struct pipeline_stage stages[] = {{.serial = true, .run = plan_stage},
                                                   {.run = load_stage},
                                                   {.serial = true, .run = hash_stage},
                                                   {.run = verify_stage},
                                                   {.serial = true, .run = write_stage}};
    void *runs[FEED_ITEMS_MAX];
    feed_init(&restore->feed, restore->large_count);
    size_t count = feed_item_count(&restore->feed);
    for (size_t i = 0; i < count; i++) {
        struct run *run = xcalloc(1, sizeof(*run));
        run->memory = xcheck(aligned_alloc(OUTPUT_BLOCK, RUN_MEMORY));
        run->lane = i / (count / restore->feed.lane_count);
        runs[i] = run;
    }
    restore->targets = xcalloc(restore->large_count, sizeof(*restore->targets));
    for (size_t i = 0; i < restore->large_count; i++) {
        output_init(&restore->targets[i].output);
        restore->targets[i].old_fd = -1;
    }
    const struct pipeline pipeline = {.stages = stages,
                                      .stage_count = ARRAY_LENGTH(stages),
                                      .lane_count = restore->feed.lane_count,
                                      .items = runs,
                                      .item_count = count,
                                      .ended = restore->feed.ended,
                                      .side = restore_small,
                                      .side_count = restore->small_count,
                                      .side_run = SMALL_RUN,
                                      .waits = &restore->waits,
                                      .tick = check_in,
                                      .context = restore};
    int code = pipeline_run(&pipeline, err);
    feed_clear(&restore->feed);
    for (size_t i = 0; i < restore->large_count; i++)
        target_clear(&restore->targets[i]);
    free(restore->targets);
    for (size_t i = 0; i < count; i++) {
        free(((struct run *)runs[i])->memory);
        free(runs[i]);
    }
    return code;
}

int store_restore_files(struct store *store, const struct store_restore *files, size_t count,
                        bool read_next, struct store_restored *restored, struct mlops_error *err)
{
    struct restore restore = {.store = store};
    restore.paced = read_next ? NULL : &restore.pace;
    TRY(store_refresh(store, err));
    restore.small = xcalloc(count, sizeof(*restore.small));
    restore.large = xcalloc(count, sizeof(*restore.large));
    for (size_t i = 0; i < count; i++) {
        restore.total += files[i].size;
        if (files[i].size > RUN_SIZE)
            restore.large[restore.large_count++] = &files[i];
        else
            restore.small[restore.small_count++] = &files[i];
    }
    int code = restore_all(&restore, err);
    for (size_t i = 0; i < ARRAY_LENGTH(restore.readers); i++)
        reader_free(restore.readers[i]);
    free(restore.small);
    free(restore.large);
    if (restored)
        *restored = (struct store_restored){restore.from_store, restore.from_old};
    const struct mlops_observer *observer = store->observer;
    if (code == MLOPS_OK && observer && observer->progress)
        observer->progress(observer->context, "writing files", restore.total, restore.total);
    return code;
}
