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
    if (cli->progress.shown)
        fputs("\r\033[K", stderr);
    cli->progress.shown = false;
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
    cli->progress.shown = true;
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
        .warn = warn,
        .cancelled = cancelled,
    };
}
