/* tests/fuzz/fuzz_lock.c - no bytes break a reader of lock files: the first byte chooses the name,
 * the rest is the file. What was read is judged by its markers, too. */
#include "environment/capture.h"
#include "environment/marker.h"

/* lock_include: every file includes what it says. */
static int give(void *context, const char *path, struct buffer *content, struct mlops_error *err)
{
    (void)context;
    (void)err;
    buffer_puts(content, path);
    return MLOPS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {
        "requirements.txt", "uv.lock",      "pylock.toml",   "poetry.lock", "Pipfile.lock",
        "environment.yml",  "explicit.txt", "Containerfile", "env/x",       "captured.json",
        "pdm.lock"};
    const struct marker_environment environment = {.python = "3.11.7", .machine = "x86_64"};
    struct mlops_error err = {0};
    struct lock lock;
    if (size == 0)
        return 0;
    const struct lock_options options = {.path = names[data[0] % 11],
                                         .text = (const char *)data + 1,
                                         .length = size - 1,
                                         .include = give};
    if (lock_read(&options, &lock, &err))
        return 0;
    for (size_t i = 0; i < lock.count; i++) {
        if (!lock.items[i].name || !lock.items[i].key || !lock.items[i].text)
            abort();
        if (lock.items[i].marker)
            (void)marker_judge(lock.items[i].marker, &environment);
    }
    lock_clear(&lock);
    return 0;
}
