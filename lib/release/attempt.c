/* lib/release/attempt.c - what a deploy runs on the host: the reload and the health command. */
#include "release/attempt.h"
#include "base/clock.h"
#include "base/process.h"
#include "registry/registry.h"

#define RELOAD_TIMEOUT_NS 120000000000LL
#define PAUSE_NS 1000000000LL /* between two attempts */
#define SHOWN_MAX 600         /* bytes of output that an error message has room for */

/* The end of what was printed, in one line. */
static void add_output(struct buffer *text, const struct buffer *output)
{
    size_t length = output->length;
    while (length > 0 && strchr(" \r\n\t", output->data[length - 1]))
        length--;
    size_t from = length > SHOWN_MAX ? length - SHOWN_MAX : 0;
    if (length > 0)
        buffer_puts(text, ": ");
    for (size_t i = from; i < length; i++) {
        unsigned char c = (unsigned char)output->data[i];
        buffer_putc(text, c == '\n' ? ' ' : c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
}

static char *describe(const char *what, const struct process_result *result, int64_t timeout_ns)
{
    struct buffer text = {0};
    buffer_printf(&text, "the %s command ", what);
    if (result->timed_out)
        buffer_printf(&text, "did not end within %g s", (double)timeout_ns / 1e9);
    else if (result->signal)
        buffer_printf(&text, "was ended by signal %d", result->signal);
    else
        buffer_printf(&text, "exited with %d", result->exit_status);
    add_output(&text, &result->output);
    return buffer_steal(&text);
}

struct command {
    const char *what, *line;
    int64_t timeout_ns;
    bool unstoppable;
};

/* In the live release, which is told which version it is: on the way back not the one that was
 * refused. */
static int run_once(const struct deploy_attempt *attempt, const struct command *command, char **why,
                    struct mlops_error *err)
{
    struct mlops_release_row is;
    host_row(&attempt->host, attempt->host.current, &is);
    _cleanup_(process_result_clear) struct process_result result = {0};
    _cleanup_(free_string) char *live = xprintf("%s/current", attempt->host.directory),
                                *model = xprintf("MLOPS_MODEL=%s", is.model),
                                *version =
                                    xprintf("MLOPS_VERSION=%llu", (unsigned long long)is.version),
                                *bundle = xprintf("MLOPS_BUNDLE=%s", is.bundle),
                                *stage = xprintf("MLOPS_STAGE=%s", is.stage),
                                *release = xprintf("MLOPS_RELEASE=%s", live);
    const char *const more[] = {model, version, bundle, stage, release, NULL};
    _cleanup_(free_strings) char **environment = process_environment(more);
    const char *const argv[] = {"/bin/sh", "-c", command->line, NULL};
    *why = NULL;
    TRY(process_run(
        &(struct process_options){
            .argv = argv,
            .directory = live,
            .environment = (const char *const *)environment,
            .timeout_ns = command->timeout_ns,
            .observer = command->unstoppable ? NULL : registry_observer(attempt->registry)},
        &result, err));
    if (result.timed_out || result.exit_status != 0)
        *why = describe(command->what, &result, command->timeout_ns);
    return MLOPS_OK;
}

int attempt_reload(const struct deploy_attempt *attempt, bool unstoppable, char **why,
                   struct mlops_error *err)
{
    const char *line = attempt->options->reload;
    *why = NULL;
    if (!line || !*line || !attempt->host.current[0])
        return MLOPS_OK;
    return run_once(attempt,
                    &(struct command){.what = "reload",
                                      .line = line,
                                      .timeout_ns = RELOAD_TIMEOUT_NS,
                                      .unstoppable = unstoppable},
                    why, err);
}

int attempt_health(const struct deploy_attempt *attempt, char **why, struct mlops_error *err)
{
    const struct deployment *said = &attempt->manifest.project.deploy;
    const char *line = attempt->options->health ? attempt->options->health : said->health;
    struct command command = {.what = "health",
                              .line = line,
                              .timeout_ns =
                                  said->timeout_ns ? said->timeout_ns : DEPLOYMENT_TIMEOUT_NS};
    uint64_t attempts = said->attempts ? said->attempts : 1;
    *why = NULL;
    attempt->deployment->had_health = line && *line;
    for (uint64_t i = 0; attempt->deployment->had_health && i < attempts; i++) {
        if (i > 0 && !clock_rest(registry_observer(attempt->registry), PAUSE_NS))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while waiting for the health command");
        free(TAKE_PTR(*why));
        TRY(run_once(attempt, &command, why, err));
        if (!*why)
            return MLOPS_OK;
    }
    return MLOPS_OK;
}
