/* lib/report/markdown.h - text of others in Markdown. */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H
#include "base/buffer.h"

/* Inside a cell of a table: no markup, no HTML, no mention of anybody, one line. */
void markdown_cell(struct buffer *text, const char *content);

#endif
