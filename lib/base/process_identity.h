/*
 * lib/base/process_identity.h - a process named so that others on its machine can tell whether it
 * is still there, even once its number was given to another one.
 */
#ifndef BASE_PROCESS_IDENTITY_H
#define BASE_PROCESS_IDENTITY_H
#include "base/util.h"

/* This process: a line of ASCII, "" where /proc does not say enough. The caller frees. */
char *process_identity(void);
/* Is the process surely gone that this is the identity of? Of one on another machine, before
 * another boot or in another container that cannot be said, and then it is not. */
bool process_identity_gone(const char *identity);

#endif
