/*
 * tests/trust/scan_dump.c - what the engine says of files: scan_dump FILE…
 *
 * For each: its path, the verdict, and one line a finding: rule, severity, path, offset, message.
 */
#include "base/path.h"
#include "trust/scanner.h"
#include <stdio.h>

static int dump(const char *path)
{
    struct mlops_error err = {0};
    struct findings findings = {0};
    struct scan scan = {0};
    _cleanup_(source_close_ptr) struct source *source = NULL;
    if (source_of_file(path, &source, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    struct scan_file file = {.scan = &scan,
                             .source = source,
                             .path = path_base(path),
                             .name = path_base(path),
                             .findings = &findings};
    int code = scan_file(&file, &err);
    if (code)
        (void)fprintf(stderr, "%s: %s\n", path, err.message);
    else
        printf("%s\t%s\n", path, verdict_name(findings.verdict));
    for (size_t i = 0; i < findings.count && !code; i++) {
        const struct finding *finding = &findings.items[i];
        printf("\t%s\t%s\t%s\t%llu\t%s\n", finding->rule->id,
               severity_name(finding->rule->severity), finding->file,
               (unsigned long long)finding->offset, finding->message);
    }
    findings_clear(&findings);
    return code != 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= dump(argv[i]);
    return failed;
}
