/*
 * cmd/cli_output.c - what a command says: results on stdout, everything else on stderr.
 *
 * Results gather in cli->out and are written once, when the command is done: so a failure with
 * --json is one document and no half of another, a full disk is told with its reason, and a pager
 * is started only for what does not fit on the screen.
 */
#include "cli.h"
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- terminals ------------------------------------------------------------------------------ */

static bool color_wanted(const struct cli *cli, bool terminal, bool able)
{
    const char *when = cli_text(cli, "color"), *no_color = getenv("NO_COLOR");

    if (!when)
        when = cli_setting(cli, "color");
    if (when && !str_equal(when, "auto"))
        return str_equal(when, "always");
    return terminal && able && !(no_color && *no_color);
}

void cli_output_prepare(struct cli *cli)
{
    const char *term = getenv("TERM");
    bool able = term && *term && !str_equal(term, "dumb");

    cli->out_terminal = isatty(STDOUT_FILENO);
    cli->err_terminal = isatty(STDERR_FILENO) && able;
    cli->out_color = color_wanted(cli, cli->out_terminal, able) && !cli->json;
    cli->err_color = color_wanted(cli, isatty(STDERR_FILENO), able);
}

size_t cli_terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

size_t cli_terminal_height(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

/* ---- styles --------------------------------------------------------------------------------- */

static const char *sequence(enum style style)
{
    switch (style) {
    case STYLE_PLAIN:
        return "";
    case STYLE_BOLD:
        return "\033[1m";
    case STYLE_DIM:
        return "\033[2m";
    case STYLE_GOOD:
        return "\033[32m";
    case STYLE_BAD:
        return "\033[1;31m";
    case STYLE_NOTICE:
        return "\033[33m";
    }
    return "";
}

const char *cli_on(const struct cli *cli, enum style style)
{
    return cli->out_color ? sequence(style) : "";
}

const char *cli_off(const struct cli *cli, enum style style)
{
    return cli->out_color && style != STYLE_PLAIN ? "\033[0m" : "";
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void print_line(struct cli *cli, const char *format, va_list arguments) MLOPS_PRINTF(2, 0);
static void print_line(struct cli *cli, const char *format, va_list arguments)
{
    vfprintf(cli->out, format, arguments);
    fputc('\n', cli->out);
}

void cli_print(struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(cli, format, arguments);
    va_end(arguments);
}

void cli_say(struct cli *cli, const char *format, ...)
{
    if (cli->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_line(cli, format, arguments);
    va_end(arguments);
}

/* A line on stderr: `lead` in `style`, then the text, which may hold what others wrote. */
static void complain(struct cli *cli, enum style style, const char *lead, const char *text)
{
    _cleanup_(free_string) char *clean = cli_clean(text, false);

    cli_progress_clear(cli);
    fprintf(stderr, "%s%s%s%s\n", cli->err_color ? sequence(style) : "", lead,
            cli->err_color && style != STYLE_PLAIN ? "\033[0m" : "", clean);
}

static void note(struct cli *cli, const char *format, va_list arguments) MLOPS_PRINTF(2, 0);
static void note(struct cli *cli, const char *format, va_list arguments)
{
    char *text;
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    complain(cli, STYLE_PLAIN, "", text);
    free(text);
}

void cli_note(struct cli *cli, const char *format, ...)
{
    if (cli->quiet || cli->json)
        return;
    va_list arguments;
    va_start(arguments, format);
    note(cli, format, arguments);
    va_end(arguments);
}

void cli_detail(struct cli *cli, const char *format, ...)
{
    if (!cli->verbose)
        return;
    va_list arguments;
    va_start(arguments, format);
    note(cli, format, arguments);
    va_end(arguments);
}

void cli_warn(struct cli *cli, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    complain(cli, STYLE_NOTICE, "warning: ", text);
    free(text);
}

/* ---- failures ------------------------------------------------------------------------------- */

static void report_for_people(struct cli *cli)
{
    const char *name = cli->command ? cli->command->name : NULL;
    _cleanup_(free_string) char *lead =
        name ? cli_format("mlops: %s: ", name) : cli_copy("mlops: ", strlen("mlops: "));

    complain(cli, STYLE_BAD, lead, cli->err.message);
    if (cli->err.hint[0])
        complain(cli, STYLE_NOTICE, "hint: ", cli->err.hint);
}

static void report_as_json(struct cli *cli)
{
    cJSON *document = cli_json_object(), *error = cli_json_object();

    cli_json_add(document, "error", error);
    cli_json_text(error, "code", mlops_code_name(cli->err.code));
    cli_json_text(error, "message", cli->err.message);
    cli_json_text_or_null(error, "hint", cli->err.hint);
    (void)cli_print_json(cli, document); /* cannot fail */
}

void cli_report_error(struct cli *cli)
{
    if (cli->json)
        report_as_json(cli);
    else
        report_for_people(cli);
}

/* ---- the end -------------------------------------------------------------------------------- */

static size_t count_lines(const char *text, size_t length)
{
    size_t lines = 0;
    for (const char *c = text; (c = memchr(c, '\n', length - (size_t)(c - text))); c++)
        lines++;
    return lines;
}

static int write_all(struct cli *cli, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, length);
        if (written < 0 && errno == EINTR && !cli_signal_caught())
            continue;
        if (written < 0)
            return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write to standard output");
        text += written;
        length -= (size_t)written;
    }
    return MLOPS_OK;
}

int cli_output_finish(struct cli *cli)
{
    if (fflush(cli->out) != 0)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "gather the output");
    bool long_text =
        cli->out_terminal && cli->command && cli->command->pager && cli->out_length > 0 &&
        count_lines(cli->out_text, cli->out_length) >= cli_terminal_height(STDOUT_FILENO);
    if (long_text && cli_page(cli->out_text, cli->out_length))
        return MLOPS_OK;
    return write_all(cli, cli->out_text, cli->out_length);
}
