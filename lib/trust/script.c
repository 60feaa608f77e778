/* lib/trust/script.c - texts that are programs. */
#include "trust/script.h"
#include <strings.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "script/" id, __VA_ARGS__)

RULE(program, "program", MEDIUM, UNKNOWN, "a program lies among the artifacts or data",
     "leave it out of the model, name it under 'code', or read it and accept it with a reason");

static const char *const programs[] = {
    "py",  "pyw", "pyx", "sh",   "bash", "zsh",    "fish",  "ksh",  "csh", "ps1", "psm1",
    "bat", "cmd", "vbs", "js",   "mjs",  "cjs",    "ts",    "lua",  "pl",  "pm",  "rb",
    "php", "r",   "jl",  "java", "tcl",  "groovy", "scala", "wasm", "mk",  "go",  "rs"};

/* Endings of texts for people and of tables, in which a line of Python runs nowhere. */
static const char *const harmless[] = {"md",  "rst",  "txt", "csv",  "tsv", "html",
                                       "xml", "yaml", "yml", "toml", "log", "tex"};

static bool is_one_of(const char *ending, const char *const *endings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(ending, endings[i]) == 0)
            return true;
    return false;
}

static size_t name_length(const char *text, const char *end)
{
    size_t length = 0;
    while (text + length < end && (text[length] == '_' || text[length] == '.' ||
                                   (text[length] >= '0' && text[length] <= '9') ||
                                   ((text[length] | 0x20) >= 'a' && (text[length] | 0x20) <= 'z')))
        length++;
    return length;
}

static bool begins(const char *line, const char *end, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(end - line) > length && memcmp(line, word, length) == 0;
}

/* "import NAME", "from NAME import …", "def NAME(" at the beginning of a line. */
static bool is_python(const char *line, const char *end)
{
    if (begins(line, end, "import ")) {
        const char *name = line + 7, *after = name + name_length(name, end);
        return after > name && (after == end || *after == '\r' || *after == ',' ||
                                begins(after, end, " as ") || begins(after, end, " #"));
    }
    if (begins(line, end, "from ")) {
        const char *name = line + 5, *after = name + name_length(name, end);
        return after > name && begins(after, end, " import ");
    }
    if (begins(line, end, "def ")) {
        const char *name = line + 4, *after = name + name_length(name, end);
        return after > name && after < end && *after == '(' &&
               memchr(after, ':', (size_t)(end - after));
    }
    return false;
}

static bool has_python(const struct scan_file *file)
{
    const char *text = (const char *)file->head, *end = text + file->head_length;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (is_python(text, stop ? stop : end))
            return true;
        text = stop ? stop + 1 : end;
    }
    return false;
}

void script_check(const struct scan_file *file)
{
    const char *dot = strrchr(file->name, '.'), *ending = dot ? dot + 1 : "";
    if (file->role == SCAN_CODE || file->role == SCAN_ENVIRONMENT)
        return;
    if (scan_head_has(file, 0, "#!", 2) && !scan_head_has(file, 0, "#![", 3))
        findings_add(file->findings, &rule_program, file->path, 0, "begins with #!");
    else if (is_one_of(ending, programs, ARRAY_LENGTH(programs)))
        findings_add(file->findings, &rule_program, file->path, 0, "is a program: it ends in .%s",
                     ending);
    else if (!is_one_of(ending, harmless, ARRAY_LENGTH(harmless)) && has_python(file))
        findings_add(file->findings, &rule_program, file->path, 0, "has lines of Python");
}
