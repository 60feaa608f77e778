/* lib/trial/counts.c - test cases counted. */
#include "trial/counts.h"
#include "base/xml.h"
#include <ctype.h>

/* ---- JUnit ----------------------------------------------------------------------------------- */

struct junit {
    struct mlops_test_counts *counts;
    bool inside, failed, error, skipped; /* of the test case that is open */
};

static int start_element(void *context, const char *name, struct mlops_error *err)
{
    struct junit *junit = context;
    (void)err; /* everything may come */
    if (str_equal(name, "testcase"))
        *junit = (struct junit){.counts = junit->counts, .inside = true};
    else if (str_equal(name, "failure"))
        junit->failed = true;
    else if (str_equal(name, "error"))
        junit->error = true;
    else if (str_equal(name, "skipped"))
        junit->skipped = true;
    return MLOPS_OK;
}

static int end_element(void *context, const char *name, struct mlops_error *err)
{
    struct junit *junit = context;
    (void)err;
    if (!str_equal(name, "testcase") || !junit->inside)
        return MLOPS_OK;
    junit->inside = false;
    junit->counts->errors += junit->error;
    junit->counts->failed += junit->failed && !junit->error;
    junit->counts->skipped += junit->skipped && !junit->failed && !junit->error;
    junit->counts->passed += !junit->skipped && !junit->failed && !junit->error;
    return MLOPS_OK;
}

int counts_of_junit(const char *text, size_t length, const char *what,
                    struct mlops_test_counts *counts, struct mlops_error *err)
{
    struct junit junit = {.counts = counts};
    const struct xml_handler handler = {
        .context = &junit, .start = start_element, .end = end_element};
    *counts = (struct mlops_test_counts){.known = true};
    return xml_read(text, length, what, &handler, err);
}

/* ---- TAP ------------------------------------------------------------------------------------- */

/* "# SKIP …", "# todo": the directive behind the first unescaped "#". */
static bool has_directive(const char *line, size_t length, const char *word)
{
    for (size_t i = 1; i < length; i++) {
        if (line[i] != '#' || line[i - 1] == '\\')
            continue;
        for (i++; i < length && (line[i] == ' ' || line[i] == '\t');)
            i++;
        return length - i >= strlen(word) && strncasecmp(line + i, word, strlen(word)) == 0;
    }
    return false;
}

static bool begins(const char *line, size_t length, const char *word)
{
    size_t n = strlen(word);
    return length >= n && memcmp(line, word, n) == 0 &&
           (length == n || isspace((unsigned char)line[n]));
}

static void count_line(const char *line, size_t length, struct mlops_test_counts *counts,
                       uint64_t *planned)
{
    bool good = begins(line, length, "ok"), bad = begins(line, length, "not ok");
    bool todo = has_directive(line, length, "todo"), skip = has_directive(line, length, "skip");
    if (length > 3 && strncmp(line, "1..", 3) == 0 && isdigit((unsigned char)line[3])) {
        counts->known = true;
        for (size_t i = 3; i < length && isdigit((unsigned char)line[i]) && *planned < 1000000000;
             i++)
            *planned = *planned * 10 + (uint64_t)(line[i] - '0');
    } else if (length >= 9 && strncasecmp(line, "bail out!", 9) == 0)
        counts->errors++;
    if (!good && !bad)
        return;
    counts->known = true;
    counts->skipped += skip || (bad && todo);
    counts->passed += good && !skip;
    counts->failed += bad && !skip && !todo;
}

int counts_of_tap(const char *text, size_t length, const char *what,
                  struct mlops_test_counts *counts, struct mlops_error *err)
{
    uint64_t planned = 0;
    *counts = (struct mlops_test_counts){0};
    for (const char *at = text, *end = text + length; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        count_line(at, (size_t)(stop - at), counts, &planned);
        at = stop + 1;
    }
    uint64_t came = counts->passed + counts->failed + counts->skipped;
    if (planned > came)
        counts->errors += planned - came;
    if (!counts->known)
        return mlops_fail(err, MLOPS_INVALID, "%s is no TAP: no plan, no test", what);
    return MLOPS_OK;
}
