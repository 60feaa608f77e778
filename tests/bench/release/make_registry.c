/*
 * tests/bench/release/make_registry.c - a registry of VERSIONS versions and ENTRIES log entries, for
 * measurements: make_registry FOLDER VERSIONS ENTRIES. Each version is a bundle of its own in 100
 * models; what is left of the entries is evidence. FOLDER/.mlops must exist (mlops init).
 */
#include "registry/registry.h"
#include "base/hash.h"
#include "store/store.h"
#include <stdio.h>

#define MODELS 100
#define PER_TRANSACTION 1000

static struct mlops_error err;

static void check(int code)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "%s\n", err.message);
    exit(1);
}

static void register_one(struct transaction *tx, unsigned number)
{
    char bundle[MLOPS_BUNDLE_ID_SIZE], model[32];
    struct digest digest;
    struct mlops_version version;
    bool created;
    sha256_of(&number, sizeof(number), &digest);
    bundle_id_format(&digest, bundle);
    (void)snprintf(model, sizeof(model), "model-%u", number % MODELS);
    check(bundle_record(tx, bundle, model, 1, 1000, &err));
    check(version_register(tx, bundle, NULL, &version, &created, &err));
}

static void test_one(struct transaction *tx, unsigned number)
{
    char model[32];
    (void)snprintf(model, sizeof(model), "model-%u", number % MODELS);
    check(audit_append(tx,
                       &(struct audit_entry){.action = "test",
                                             .model = model,
                                             .version = number / MODELS + 1,
                                             .reason = "passed",
                                             .detail = "{\"passed\":3}"},
                       &err));
}

int main(int argc, char **argv)
{
    struct mlops_registry *registry;
    struct transaction *tx = NULL;
    if (argc != 4)
        return 2;
    unsigned versions = (unsigned)strtoul(argv[2], NULL, 10);
    unsigned entries = (unsigned)strtoul(argv[3], NULL, 10);
    const struct mlops_registry_options options = {.location = argv[1], .actor = "bench@host"};
    check(mlops_registry_open(&options, &registry, &err));
    for (unsigned i = 0; i < entries; i++) {
        if (i % PER_TRANSACTION == 0)
            check(transaction_begin(registry, &tx, &err));
        if (i < versions)
            register_one(tx, i);
        else
            test_one(tx, i % (versions ? versions : 1));
        if ((i + 1) % PER_TRANSACTION == 0 || i + 1 == entries)
            check(transaction_commit(TAKE_PTR(tx), &err));
    }
    mlops_registry_close(registry);
    return 0;
}
