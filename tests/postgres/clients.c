/*
 * tests/postgres/clients.c - clients FOLDER COUNT SECONDS: many clients, each with a connection of its
 * own, promote, roll back, register and look, and write what they asked and were told to standard
 * output, a line of JSON an operation. check_history.py judges it against the log.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "registry/registry.h"
#include <inttypes.h>
#include <mlops/mlops.h>
#include <pthread.h>
#include <stdio.h>

#define BUNDLES 4000 /* of the model "many", to be registered */
#define VERSIONS 6   /* of the model "fraud", which the caller registered */
#define ROUNDS_MIN 10 /* of each client, however slow the machine is */
#define IN_LINE_NS 250000000000LL

static const char *folder;
static int64_t end_ns;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

struct client {
    pthread_t thread;
    unsigned number;
    uint64_t random;
    struct mlops_registry *registry;
};

/* What came of an operation. */
struct told {
    const char *operation;
    int64_t began_ns;
    int code;
    char reason[48];
    uint64_t version, previous;
    int64_t entry; /* of the log; -1: none */
};

static void say(const struct client *client, const struct told *told)
{
    int64_t ended_ns = clock_monotonic_ns();

    (void)pthread_mutex_lock(&output);
    (void)printf("{\"client\": %u, \"operation\": \"%s\", \"began\": %" PRId64 ", \"ended\": %" PRId64
                 ", \"code\": %d, \"reason\": \"%s\", \"version\": %" PRIu64
                 ", \"previous\": %" PRIu64 ", \"entry\": %" PRId64 "}\n",
                 client->number, told->operation, told->began_ns, ended_ns, told->code,
                 told->reason, told->version, told->previous, told->entry);
    (void)pthread_mutex_unlock(&output);
}

static void name_bundle(unsigned number, char bundle[MLOPS_BUNDLE_ID_SIZE])
{
    struct digest digest;

    sha256_of(&number, sizeof(number), &digest);
    bundle_id_format(&digest, bundle);
}

static uint64_t draw(struct client *client, uint64_t below)
{
    client->random = client->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (client->random >> 33) % below;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void promote(struct client *client, struct told *told, struct mlops_error *err)
{
    _cleanup_(mlops_promotion_clear) struct mlops_promotion promotion = {.previous = 0};
    char ref[32];

    (void)snprintf(ref, sizeof(ref), "fraud@%d", (int)draw(client, VERSIONS) + 1);
    told->operation = "promote";
    told->code = mlops_promote(
        client->registry,
        &(struct mlops_promote_options){.ref = ref, .stage = "dev", .reason = told->reason},
        &promotion, err);
    told->version = promotion.version.number;
    told->previous = promotion.previous;
    if (told->code == 0 && promotion.already)
        told->operation = "look";
    else if (told->code == 0 && !promotion.promoted)
        told->code = MLOPS_REFUSED;
    else if (told->code == 0)
        told->entry = (int64_t)promotion.entry;
}

static void roll_back(struct client *client, struct told *told, struct mlops_error *err)
{
    struct mlops_rollback rollback;

    told->operation = "rollback";
    told->code = mlops_rollback_stage(
        client->registry,
        &(struct mlops_rollback_options){
            .model = "fraud", .stage = "dev", .reason = told->reason},
        &rollback, err);
    if (told->code)
        return;
    told->version = rollback.to.number;
    told->previous = rollback.from.number;
    told->entry = (int64_t)rollback.entry;
}

static void add(struct client *client, struct told *told, struct mlops_error *err)
{
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_version version;
    bool created = false;

    name_bundle((unsigned)draw(client, BUNDLES), bundle);
    told->code = mlops_register(client->registry, bundle, &version, &created, err);
    told->operation = created ? "register" : "registered";
    told->version = told->code ? 0 : version.number;
    str_copy(told->reason, sizeof(told->reason), bundle + strlen("sha256:"));
    told->reason[16] = '\0';
}

static void look(struct client *client, struct told *told, struct mlops_error *err)
{
    struct mlops_stage_list list = {.count = 0};

    told->operation = "look";
    told->code = mlops_stage_list(client->registry, "fraud", &list, err);
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].stage, "dev"))
            told->version = list.items[i].version.number;
    mlops_stage_list_clear(&list);
}

static void *work(void *context)
{
    struct client *client = context;

    for (unsigned round = 0; round < ROUNDS_MIN || clock_monotonic_ns() < end_ns; round++) {
        struct told told = {.began_ns = clock_monotonic_ns(), .entry = -1};
        struct mlops_error err = {0};
        uint64_t kind = draw(client, 20);

        (void)snprintf(told.reason, sizeof(told.reason), "%u-%u", client->number, round);
        (kind < 10 ? promote : kind < 15 ? roll_back : kind < 18 ? add : look)(client, &told, &err);
        if (told.code == MLOPS_IO)
            (void)fprintf(stderr, "%s: %s\n", told.operation, err.message);
        say(client, &told);
    }
    return NULL;
}

/* ---- around them ----------------------------------------------------------------------------- */

static void check(int code, const struct mlops_error *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static void open_registry(struct client *client)
{
    struct mlops_error err = {0};
    char actor[32];
    const struct mlops_registry_options options = {
        .location = folder, .actor = actor, .lock_timeout_ns = IN_LINE_NS};

    (void)snprintf(actor, sizeof(actor), "client%u@test", client->number);
    client->random = client->number * 7919 + 1;
    check(mlops_registry_open(&options, &client->registry, &err), &err);
}

static void record_bundles(struct mlops_registry *registry)
{
    struct mlops_error err = {0};
    struct transaction *tx = NULL;
    char bundle[MLOPS_BUNDLE_ID_SIZE];

    check(transaction_begin(registry, &tx, &err), &err);
    for (unsigned i = 0; i < BUNDLES; i++) {
        name_bundle(i, bundle);
        check(bundle_record(tx, bundle, "many", 1, 1000, &err), &err);
    }
    check(transaction_commit(tx, &err), &err);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    folder = argv[1];
    unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    struct client *clients = xcalloc(count, sizeof(*clients));

    for (unsigned i = 0; i < count; i++) {
        clients[i].number = i;
        open_registry(&clients[i]);
    }
    record_bundles(clients[0].registry);
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* whoever waits for the first line sees it */
    end_ns = clock_monotonic_ns() + (int64_t)(strtod(argv[3], NULL) * 1e9);
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&clients[i].thread, NULL, work, &clients[i]) != 0)
            return 1;
    for (unsigned i = 0; i < count; i++) {
        (void)pthread_join(clients[i].thread, NULL);
        mlops_registry_close(clients[i].registry);
    }
    free(clients);
    return 0;
}
