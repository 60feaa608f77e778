/* lib/base/process_stat.h - what the kernel says of a process: /proc/PID/stat (proc(5)). */
#ifndef BASE_PROCESS_STAT_H
#define BASE_PROCESS_STAT_H
#include "base/util.h"
#include <sys/types.h>

struct process_stat {
    pid_t parent, group;
    char state;     /* 'R', 'S', 'T', 'Z' … */
    uint64_t ticks; /* of sysconf(_SC_CLK_TCK), by it and by children that it waited for */
    uint32_t threads;
    uint64_t started; /* in such ticks, since the machine did */
};

/* Is `name`, of an entry of /proc, a process? Its number, or 0. */
pid_t process_number(const char *name);
/* False where it is gone, or cannot be read: errno says which, 0 where it is neither. */
bool process_stat_read(pid_t pid, struct process_stat *stat);
/* All of it, and nobody has asked how: a zombie of which no thread lives on. */
static inline bool process_has_ended(const struct process_stat *stat)
{
    return stat->state == 'Z' && stat->threads <= 1;
}

#endif
