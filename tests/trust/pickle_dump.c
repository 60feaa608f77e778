/*
 * tests/trust/pickle_dump.c - what the pickle machine sees, for tests that compare it with Python.
 *
 *   pickle_dump scan FILE...      verdict and findings of each
 *   pickle_dump trace READING     reads pickles from standard input, each as a line with its length
 *                                 and the bytes; prints opcodes and imports of the first pickle.
 *                                 READING: memory, or file (without peek)
 */
#include "trust/npy.h"
#include "trust/pickle.h"
#include <stdio.h>

struct trace {
    struct pickle_observer observer;
    bool stopped; /* the first pickle is over */
};

static void print_opcode(struct pickle_observer *observer, uint64_t offset, uint8_t code)
{
    struct trace *trace = (struct trace *)observer;
    if (!trace->stopped)
        printf("o %llu\n", (unsigned long long)offset);
    trace->stopped |= code == OP_STOP;
}

/* With an x in front, so that nothing is a word, too. */
static void print_hex(const char *text)
{
    printf(" x");
    for (; *text; text++)
        printf("%02x", (unsigned char)*text);
}

static void print_import(struct pickle_observer *observer, uint64_t offset, const char *module,
                         const char *name)
{
    const struct trace *trace = (const struct trace *)observer;
    if (!trace->stopped) {
        printf("i %llu", (unsigned long long)offset);
        print_hex(module);
        print_hex(name);
        printf("\n");
    }
}

static int scan(const char *path, struct mlops_error *err)
{
    _cleanup_(source_close_ptr) struct source *source = NULL;
    struct findings findings = {0};
    struct pickle_summary summary;
    uint8_t head[8];
    size_t got;
    TRY(source_of_file(path, &source, err));
    TRY(source_read(source, 0, head, sizeof(head), &got, err));
    int code = npy_begins(head, got) ? npy_scan(source, path, &findings, err)
                                     : pickle_scan(source, 0, path, &findings, &summary, err);
    if (!code)
        printf("%s %s\n", verdict_name(findings.verdict), path);
    for (size_t i = 0; i < findings.count; i++)
        printf("  %s %s @%llu %s\n", severity_name(findings.items[i].rule->severity),
               findings.items[i].rule->id, (unsigned long long)findings.items[i].offset,
               findings.items[i].message);
    findings_clear(&findings);
    return code;
}

static int trace(bool drops, struct mlops_error *err)
{
    char line[32];
    while (fgets(line, sizeof(line), stdin)) {
        size_t length = strtoul(line, NULL, 10);
        _cleanup_(free_string) char *data = xmalloc(length + 1);
        if (fread(data, 1, length, stdin) != length)
            return mlops_fail(err, MLOPS_INVALID, "standard input is cut off");
        struct source *source = source_of_memory(data, length);
        struct trace seen = {.observer = {.opcode = print_opcode, .import = print_import}};
        struct findings findings = {0};
        struct pickle_summary summary;
        int code =
            pickle_scan_reading(source, 0, "input", (struct pickle_reading){.drops_frames = drops},
                                PICKLE_DEPTH_MAX, &seen.observer, &findings, &summary, err);
        printf("e %zu %s", summary.pickles, verdict_name(findings.verdict));
        for (size_t i = 0; i < findings.count; i++)
            if (findings.items[i].rule == &pickle_rule_broken)
                printf(" %s", findings.items[i].message);
        printf("\n");
        findings_clear(&findings);
        source_close(source);
        TRY(code);
    }
    return MLOPS_OK;
}

int main(int argc, char **argv)
{
    struct mlops_error err = {0};
    int code = MLOPS_OK;
    if (argc > 2 && str_equal(argv[1], "scan"))
        for (int i = 2; i < argc && !code; i++)
            code = scan(argv[i], &err);
    else if (argc == 3 && str_equal(argv[1], "trace"))
        code = trace(str_equal(argv[2], "file"), &err);
    else
        code = mlops_fail(&err, MLOPS_INVALID, "usage: pickle_dump scan FILE... | trace READING");
    if (code)
        fprintf(stderr, "pickle_dump: %s\n", err.message);
    return code;
}
