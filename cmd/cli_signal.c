/*
 * cmd/cli_signal.c - signals: the first asks the running command to stop and clean up, the second
 * kills.
 */
#include "cli.h"
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t caught; /* a handler can reach nothing else */

static void catch_signal(int number)
{
    caught = number;
}

/* A write to a closed pipe is then an error like any other. A handler, unlike SIG_IGN, is not
 * inherited by programs that are run. */
static void pass_over(int number)
{
    (void)number;
}

void cli_signals_install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    /* Without SA_RESTART, so that waiting ends; SA_RESETHAND: the second one is not caught. */
    const struct sigaction stop = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND};
    const struct sigaction pass = {.sa_handler = pass_over};
    struct sigaction before;

    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(numbers[i], &stop, NULL); /* cannot fail for these */
    (void)sigaction(SIGPIPE, &pass, NULL);
}

int cli_signal_caught(void)
{
    return caught;
}

void cli_signal_die(int number)
{
    sigset_t set;

    (void)signal(number, SIG_DFL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(number);
    _exit(128 + number);
}
