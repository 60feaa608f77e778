/* tests/fuzz/fuzz_advisory.c - no bytes break what reads lock files: the first half is a file of
 * packages, held against fixed advisories, the first bytes choose its name. */
#include "base/file.h"
#include "trust/packages.h"
#include "environment/pep440.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char known[] =
    "{\"id\": \"A\", \"affected\": [{\"package\": {\"ecosystem\": \"PyPI\", \"name\": \"a\"},"
    " \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"0\"},"
    " {\"fixed\": \"1.0\"}, {\"introduced\": \"2.0rc1\"}, {\"last_affected\": \"2.1+x\"}]}]}]}";

static struct advisories *load(void)
{
    struct mlops_error err = {0};
    struct advisories *advisories = NULL;
    char path[] = "/tmp/mlops-fuzz-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, known, sizeof(known) - 1) != (ssize_t)sizeof(known) - 1 ||
        advisories_load(path, &advisories, &err))
        abort();
    close(fd);
    unlink(path);
    return advisories;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"requirements.txt", "uv.lock", "Pipfile.lock", "METADATA"};
    static struct advisories *advisories;
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct pep440 version, other;
    if (!advisories)
        advisories = load();
    if (size == 0)
        return 0;
    struct scan scan = {.advisories = advisories};
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data + 1, size - 1);
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = "m",
                             .name = names[data[0] % 4],
                             .findings = &findings};
    if (packages_scan(&file, &err))
        abort(); /* memory does not fail */
    findings_clear(&findings);
    /* an order is one both ways, and what was parsed is equal to itself */
    if (pep440_parse((const char *)data, size, &version) &&
        (pep440_compare(&version, &version) != 0 ||
         (pep440_parse((const char *)data + 1, size - 1, &other) &&
          (pep440_compare(&version, &other) > 0) != (pep440_compare(&other, &version) < 0))))
        abort();
    return 0;
}
