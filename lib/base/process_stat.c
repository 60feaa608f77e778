/* lib/base/process_stat.c - /proc/PID/stat. */
#include "base/process_stat.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

pid_t process_number(const char *name)
{
    char *end;
    long pid = strtol(name, &end, 10);
    return pid > 0 && !*end ? (pid_t)pid : 0;
}

bool process_stat_read(pid_t pid, struct process_stat *stat)
{
    char path[64], text[1024];
    int parent, group;
    unsigned long user, system;
    unsigned long long started;
    long waited_user, waited_system, threads;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    errno = 0;
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    const char *rest = strrchr(text, ')'); /* of the name, which may hold anything */
    if (!rest ||
        sscanf(rest + 1,
               " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %ld %*d %llu",
               &stat->state, &parent, &group, &user, &system, &waited_user, &waited_system,
               &threads, &started) != 9)
        return false;
    stat->parent = (pid_t)parent;
    stat->group = (pid_t)group;
    stat->ticks = user + system + (uint64_t)waited_user + (uint64_t)waited_system;
    stat->threads = (uint32_t)threads;
    stat->started = started;
    return true;
}
