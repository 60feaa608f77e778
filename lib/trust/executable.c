/* lib/trust/executable.c - machine code and bytecode, known by their first bytes. */
#include "trust/executable.h"
#include "base/endian.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "executable/" id, __VA_ARGS__)

RULE(code, "code", HIGH, UNKNOWN, "machine code or bytecode",
     "leave it out of the model; where a model needs it, build it from source that you have read, "
     "and accept it with a reason");

/* What kind it is, or NULL. */
static const char *kind_of(const struct scan_file *file)
{
    const uint8_t *head = file->head;
    if (file->head_length < 8)
        return NULL;
    if (scan_head_has(file, 0,
                      "\x7f"
                      "ELF",
                      4))
        return "an ELF program or library";
    if (scan_head_has(file, 0, "MZ", 2) && file->head_length >= 64 &&
        scan_head_has(file, get_u32(head + 60), "PE\0\0", 4))
        return "a Windows program or library";
    if (scan_head_has(file, 0, "\xcf\xfa\xed\xfe", 4) ||
        scan_head_has(file, 0, "\xce\xfa\xed\xfe", 4) ||
        scan_head_has(file, 0, "\xfe\xed\xfa\xcf", 4) ||
        scan_head_has(file, 0, "\xfe\xed\xfa\xce", 4))
        return "a macOS program or library";
    if (scan_head_has(file, 0, "\xca\xfe\xba\xbe",
                      4)) /* fat Mach-O has few parts, Java a version */
        return head[6] == 0 && head[7] < 40 ? "a macOS program or library" : "a Java class";
    if (scan_head_has(file, 0, "\0asm\1\0\0\0", 8))
        return "a WebAssembly module";
    /* magic number, \r\n, flags below 4 (PEP 552), a code object */
    if (scan_head_has(file, 2, "\r\n", 2) && file->head_length > 16 && head[1] >= 0x0a &&
        head[1] <= 0x0f && (head[16] == 0xe3 || head[12] == 0xe3 || head[8] == 'c'))
        return "Python bytecode";
    return NULL;
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = kind_of(file) != NULL;
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    const char *kind = kind_of(file);
    (void)err;
    findings_add(file->findings, &rule_code, file->path, 0, "is %s", kind ? kind : "machine code");
    return MLOPS_OK;
}

const struct scanner scanner_executable = {
    .format = "machine code",
    .extensions = (const char *const[]){"so", "dll", "dylib", "exe", "pyd", "pyc", "pyo", "class",
                                        "wasm", "o", NULL},
    .executes = true,
    .claims = claims,
    .scan = scan,
};
