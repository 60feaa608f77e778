/*
 * lib/trial/syscall_filter.h - a seccomp filter that keeps from a suite the system calls that no
 * test needs and escapes are made of; made by libseccomp, which is loaded when it is asked for.
 */
#ifndef TRIAL_SYSCALL_FILTER_H
#define TRIAL_SYSCALL_FILTER_H
#include "base/buffer.h"

/*
 * The filter as an array of struct sock_filter in `program`. `network` false: sockets of the
 * internet are refused with EACCES; that is for where no namespace keeps the network away.
 * Errors: MLOPS_NOT_FOUND no libseccomp; MLOPS_IO it knows no such machine.
 */
int syscall_filter_make(bool network, struct buffer *program, struct mlops_error *err);

#endif
