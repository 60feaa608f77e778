/*
 * cmd/cli_progress.c - the observer: progress drawn on a terminal, warnings, stopping for signals.
 */
#include "cli.h"
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#define DRAW_EVERY_NS 80000000LL
#define BAR_WIDTH 24

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void cli_progress_clear(struct cli *cli)
{
    if (cli->progress.shown > 1)
        fprintf(stderr, "\r\033[%zuA\033[J", cli->progress.shown - 1);
    else if (cli->progress.shown)
        fputs("\r\033[K", stderr);
    cli->progress.shown = 0;
}

static void draw(struct cli *cli, uint64_t done, uint64_t total)
{
    size_t width = cli_terminal_width(STDERR_FILENO);
    _cleanup_(free_string) char *line = NULL;

    if (total > 0) {
        double share = done >= total ? 1 : (double)done / (double)total;
        int full = (int)(share * BAR_WIDTH);
        line = cli_format("%s  [%.*s%*s] %3d %%", cli->progress.activity, full,
                          "########################", BAR_WIDTH - full, "", (int)(share * 100));
    } else {
        line = cli_format("%s  %" PRIu64, cli->progress.activity, done);
    }
    cli_cut(line, width > 1 ? width - 1 : 1);
    fprintf(stderr, "\r\033[K%s", line);
    cli->progress.shown = 1;
}

static void progress(void *context, const char *activity, uint64_t done, uint64_t total)
{
    struct cli *cli = context;
    struct progress *state = &cli->progress;
    int64_t now = now_ns();

    if (total > 0 && done >= total) {
        cli_progress_clear(cli);
        state->activity[0] = '\0';
        return;
    }
    if (strncmp(state->activity, activity, sizeof(state->activity) - 1) != 0) {
        _cleanup_(free_string) char *clean = cli_clean(activity, false);
        (void)snprintf(state->activity, sizeof(state->activity), "%s", clean);
    } else if (now - state->drawn_ns < DRAW_EVERY_NS) {
        return;
    }
    state->drawn_ns = now;
    draw(cli, done, total);
}

/* A line of what runs: "holdout   12.3 s  epoch 3 of 10". */
static void put_running(FILE *out, const struct mlops_running *one, int name_width, size_t width)
{
    _cleanup_(free_string) char *said = cli_clean(one->said, false);
    _cleanup_(free_string) char *line =
        cli_format("  %-*s %7.1f s  %s", name_width, one->name, one->seconds, said);
    cli_cut(line, width);
    fprintf(out, "\n%s", line);
}

/* Drawn at once, so that nothing flickers; as many as the terminal has room for. */
static void running(void *context, const struct mlops_running *items, size_t count, uint64_t done,
                    uint64_t total)
{
    struct cli *cli = context;
    size_t width = cli_terminal_width(STDERR_FILENO), height = cli_terminal_height(STDERR_FILENO);
    size_t room = height > 4 ? height - 3 : 1, shown = count < room ? count : room, length;
    int longest = 0;
    char *text = NULL;
    FILE *out = count > 0 ? open_memstream(&text, &length) : NULL;

    cli_progress_clear(cli);
    if (!out)
        return;
    for (size_t i = 0; i < shown; i++)
        longest = (int)strlen(items[i].name) > longest ? (int)strlen(items[i].name) : longest;
    fprintf(out, "%" PRIu64 " of %" PRIu64 " done, %zu running", done, total, count);
    if (shown < count)
        fprintf(out, ", %zu of them here", shown);
    for (size_t i = 0; i < shown; i++)
        put_running(out, &items[i], longest, width > 1 ? width - 1 : 1);
    (void)fclose(out);
    fputs(text, stderr);
    free(text);
    cli->progress.shown = shown + 1;
}

static void warn(void *context, const char *message)
{
    struct cli *cli = context;
    cli_warn(cli, "%s", message);
}

static bool cancelled(void *context)
{
    (void)context;
    return cli_signal_caught() != 0;
}

struct mlops_observer cli_observer(struct cli *cli)
{
    return (struct mlops_observer){
        .context = cli,
        .progress = cli->err_terminal && !cli->quiet ? progress : NULL,
        .running = cli->err_terminal && !cli->quiet ? running : NULL,
        .warn = warn,
        .cancelled = cancelled,
    };
}
