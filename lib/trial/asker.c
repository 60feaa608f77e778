/* lib/trial/asker.c - requests and answers over a socket and a pipe, timed. */
#include "trial/asker.h"
#include "base/clock.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (64U << 20) /* bytes of one answer */

struct asker {
    const struct requests *requests;
    struct conversation conversation;
    uint64_t warm_up, count, answered;
    double *seconds;
    size_t measured;
    bool sorted;
    atomic_bool ended;
    pthread_t thread;
};

static bool ask(const struct asker *asker, size_t index)
{
    const struct requests *requests = asker->requests;
    size_t from = index ? requests->ends[index - 1] : 0;
    while (from < requests->ends[index]) {
        ssize_t n = send(asker->conversation.ask, requests->text.data + from,
                         requests->ends[index] - from, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += (size_t)n;
    }
    return true;
}

/* Read up to the end of a line. What comes behind it is no answer to anything. */
static bool hear(const struct asker *asker)
{
    char chunk[65536];
    for (size_t total = 0; total < ANSWER_MAX;) {
        ssize_t n = read(asker->conversation.answer, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        if (chunk[n - 1] == '\n')
            return true;
        total += (size_t)n;
    }
    return false;
}

static void *run_thread(void *argument)
{
    struct asker *asker = argument;
    for (uint64_t i = 0; i < asker->warm_up + asker->count; i++) {
        int64_t begun_ns = clock_monotonic_ns();
        if (!ask(asker, (size_t)(i % asker->requests->count)) || !hear(asker))
            break;
        int64_t ended_ns = clock_monotonic_ns();
        asker->answered++;
        if (i >= asker->warm_up)
            asker->seconds[asker->measured++] = (double)(ended_ns - begun_ns) / 1e9;
    }
    atomic_store(&asker->ended, true);
    return NULL;
}

int asker_start(const struct requests *requests, const struct conversation *conversation,
                uint64_t warm_up, uint64_t count, struct asker **asker, struct mlops_error *err)
{
    struct asker *made = xcalloc(1, sizeof(*made));
    *made = (struct asker){.requests = requests,
                           .conversation = *conversation,
                           .warm_up = warm_up,
                           .count = count,
                           .seconds = xcalloc((size_t)count, sizeof(*made->seconds))};
    int failure = pthread_create(&made->thread, NULL, run_thread, made);
    if (!failure) {
        *asker = made;
        return MLOPS_OK;
    }
    fd_close(&made->conversation.ask);
    fd_close(&made->conversation.answer);
    free(made->seconds);
    free(made);
    return mlops_fail_errno(err, MLOPS_IO, failure, "start a thread");
}

bool asker_ended(const struct asker *asker)
{
    return atomic_load(&asker->ended);
}

uint64_t asker_answered(const struct asker *asker)
{
    return asker->answered;
}

static int compare_seconds(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

const double *asker_seconds(struct asker *asker, size_t *count)
{
    if (!asker->sorted)
        qsort(asker->seconds, asker->measured, sizeof(*asker->seconds), compare_seconds);
    asker->sorted = true;
    *count = asker->measured;
    return asker->seconds;
}

void asker_free(struct asker *asker)
{
    if (!asker)
        return;
    (void)pthread_join(asker->thread, NULL); /* it is there, and joined once */
    fd_close(&asker->conversation.ask);
    fd_close(&asker->conversation.answer);
    free(asker->seconds);
    free(asker);
}
