/* cmd/cli_pager.c - what does not fit on the screen goes through the user's pager. */
#include "cli.h"
#include <signal.h>
#include <sys/wait.h>

#define PAGER_DEFAULT "less"

bool cli_page(const char *text, size_t length)
{
    const char *pager = getenv("PAGER");

    if (!pager)
        pager = PAGER_DEFAULT;
    if (!*pager || str_equal(pager, "cat"))
        return false;
    /* Colours as colours; end at once where it fits; leave the text on the screen. */
    (void)setenv("LESS", "FRX", 0); /* without it, less merely looks worse */
    FILE *pipe = popen(pager, "w");
    if (!pipe)
        return false;
    /* From here Ctrl-C is the pager's. */
    (void)signal(SIGINT, SIG_IGN);
    (void)fwrite(text, 1, length, pipe); /* whoever leaves the pager early has read enough */
    int status = pclose(pipe);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 127); /* the shell found no pager */
}
