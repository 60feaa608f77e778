/* tests/fuzz/fuzz_pickle.c - no bytes break the pickle machine; every reading ends; what is called
 * safe has imported nothing that is not listed. */
#include "trust/npy.h"
#include "trust/pickle.h"

struct watch {
    struct pickle_observer observer;
    bool unlisted;
};

static void watch_import(struct pickle_observer *observer, uint64_t offset, const char *module,
                         const char *name)
{
    (void)offset;
    const char *mapped_module = module, *mapped_name = name;
    pickle_python2_name(&mapped_module, &mapped_name);
    if (!pickle_listed(module, name) && !pickle_listed(mapped_module, mapped_name))
        ((struct watch *)observer)->unlisted = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct pickle_summary summary;
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, size);
    for (unsigned i = 0; i < 8; i++) {
        struct watch watch = {.observer = {.import = watch_import}};
        if (pickle_scan_reading(source, 0, "input",
                                (struct pickle_reading){.drops_frames = i & 1,
                                                        .keeps_memo = i & 2,
                                                        .plain = (i & 4) != 0},
                                0, &watch.observer, &findings, &summary, &err))
            abort();
        if (watch.unlisted && findings.verdict == VERDICT_SAFE)
            abort();
        findings_clear(&findings);
    }
    if (npy_begins(data, size) ? npy_scan(source, "input", &findings, &err)
                               : pickle_scan(source, 0, "input", &findings, &summary, &err))
        abort();
    findings_clear(&findings);
    return 0;
}
