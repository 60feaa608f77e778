/*
 * lib/base/process_identity.c - "NUMBER START PLACE": the number of a process, when it started, and
 * where both mean something: this boot of this kernel (random(4), boot_id), and the namespaces of
 * process numbers and of time (namespaces(7)).
 */
#include "base/process_identity.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/process_stat.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define BOOT_MAX 64

/* What a link of /proc says; false where there is none. */
static bool read_link(const char *path, char text[64])
{
    ssize_t length = readlink(path, text, 63);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* Where numbers and times mean what they do here; NULL where that is not known. */
static char *find_place(void)
{
    _cleanup_(buffer_clear) struct buffer boot = {0};
    struct mlops_error ignored = {0}; /* then the place is not known */
    char self[64], numbers[64], times[64];
    /* /proc may be that of another namespace, where the numbers are others */
    if (!read_link("/proc/self", self) || process_number(self) != getpid())
        return NULL;
    if (file_read("/proc/sys/kernel/random/boot_id", BOOT_MAX, &boot, &ignored) != MLOPS_OK ||
        !read_link("/proc/self/ns/pid", numbers))
        return NULL;
    if (!read_link("/proc/self/ns/time", times)) /* there are none before Linux 5.6 */
        str_copy(times, sizeof(times), "-");
    size_t length = boot.length ? strcspn(boot.data, "\n") : 0;
    return length ? xprintf("%.*s %s %s", (int)length, boot.data, numbers, times) : NULL;
}

char *process_identity(void)
{
    struct process_stat stat;
    _cleanup_(free_string) char *place = find_place();
    if (!place || !process_stat_read(getpid(), &stat))
        return xstrdup("");
    return xprintf("%ld %llu %s", (long)getpid(), (unsigned long long)stat.started, place);
}

bool process_identity_gone(const char *identity)
{
    unsigned long long started;
    int number, length = 0;
    struct process_stat stat;
    if (sscanf(identity, "%d %llu %n", &number, &started, &length) != 2 || length == 0 ||
        number <= 0)
        return false;
    _cleanup_(free_string) char *place = find_place();
    if (!place || !str_equal(place, identity + length))
        return false;
    if (kill(number, 0) != 0 && errno == ESRCH) /* /proc may hide those of others, this does not */
        return true;
    if (!process_stat_read(number, &stat))
        return false;
    return stat.started != started || process_has_ended(&stat);
}
