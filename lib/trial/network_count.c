/*
 * lib/trial/network_count.c - packets without route: OutNoRoutes of /proc/PID/net/snmp and
 * Ip6OutNoRoutes of snmp6 (RFC 4293, ipSystemStatsOutNoRoutes).
 */
#include "trial/network_count.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 16384

static bool is_ours(pid_t pid)
{
    char path[64];
    struct stat theirs, ours;
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    return stat(path, &theirs) < 0 || stat("/proc/self/ns/net", &ours) < 0 ||
           (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev);
}

static int open_file(pid_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

void network_count_open(struct network_count *count, pid_t pid)
{
    if (is_ours(pid))
        return;
    count->ipv4 = open_file(pid, "snmp");
    count->ipv6 = open_file(pid, "snmp6");
}

static bool read_file(int fd, char *text)
{
    ssize_t n = fd < 0 ? -1 : pread(fd, text, TEXT_MAX - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Two lines that begin with "Ip:", names and numbers in the same order. */
static uint64_t ipv4_count(char *text)
{
    char *names = strstr(text, "Ip: "), *numbers = names ? strstr(names + 4, "\nIp: ") : NULL;
    if (!numbers)
        return 0;
    *numbers++ = '\0';
    for (char *name, *number; (name = strsep(&names, " ")) && (number = strsep(&numbers, " \n"));)
        if (str_equal(name, "OutNoRoutes"))
            return strtoull(number, NULL, 10);
    return 0;
}

uint64_t network_count_read(const struct network_count *count)
{
    char text[TEXT_MAX];
    uint64_t sum = read_file(count->ipv4, text) ? ipv4_count(text) : 0;
    const char *at = read_file(count->ipv6, text) ? strstr(text, "Ip6OutNoRoutes") : NULL;
    return at ? sum + strtoull(at + strcspn(at, " \t"), NULL, 10) : sum;
}

void network_count_close(struct network_count *count)
{
    fd_close(&count->ipv4);
    fd_close(&count->ipv6);
}
