/* lib/report/markdown.c - text of others in Markdown, escaped. */
#include "report/markdown.h"

void markdown_cell(struct buffer *text, const char *content)
{
    for (; *content; content++) {
        if (*content == '\n' || *content == '\r')
            buffer_putc(text, ' ');
        else if (*content == '<')
            buffer_puts(text, "&lt;");
        else if (*content == '&')
            buffer_puts(text, "&amp;");
        else if (*content == '@')
            buffer_puts(text, "&#64;");
        else {
            if (strchr("\\`*_[]|~#!", *content))
                buffer_putc(text, '\\');
            buffer_putc(text, *content);
        }
    }
}
