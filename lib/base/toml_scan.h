/* lib/base/toml_scan.h - the characters of TOML: where the parser is, strings, numbers and
 * times. */
#ifndef BASE_TOML_SCAN_H
#define BASE_TOML_SCAN_H
#include "base/buffer.h"
#include "base/toml.h"

struct toml_scan {
    const char *at, *end;
    const char *what; /* the file's name in messages */
    int line;
    size_t nodes; /* made so far */
    struct mlops_error *err;
};

/* The MLOPS_INVALID error of where the scan is. */
int toml_refuse(const struct toml_scan *scan, const char *format, ...) MLOPS_PRINTF(2, 3);

/* Is `text` next? */
bool toml_sees(const struct toml_scan *scan, const char *text);

/* Past blanks and tabs. */
void toml_skip_blanks(struct toml_scan *scan);
/* Past a comment, where one is next; not past the end of its line. */
int toml_skip_comment(struct toml_scan *scan);
/* Past one end of line. False: none is next. */
bool toml_skip_newline(struct toml_scan *scan);

/* A string in quotes of any of the four kinds; `lines` false: not of those over several lines. The
 * caller frees `*text`. */
int toml_scan_string(struct toml_scan *scan, bool lines, char **text);

/* A number, bool, date or time into `node`. */
int toml_scan_word(struct toml_scan *scan, struct toml_node *node);

#endif
