/* lib/base/util.c - allocation that aborts in one place, small strings, descriptors. */
#include "base/util.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* The one place where memory that ran out ends the process. */
void *xcheck(void *memory)
{
    if (!memory) {
        static const char text[] = "mlops: out of memory\n";
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1); /* nothing else can be done */
        abort();
    }
    return memory;
}

void *xmalloc(size_t size)
{
    return xcheck(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return xcheck(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *memory, size_t count, size_t size)
{
    return xcheck(reallocarray(memory, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return xcheck(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
    return xcheck(strndup(text, length));
}

char *xprintf(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return xcheck(length < 0 ? NULL : text);
}

size_t strings_count(const char *const *strings)
{
    size_t count = 0;
    while (strings[count])
        count++;
    return count;
}

void strings_free(char **strings)
{
    for (size_t i = 0; strings && strings[i]; i++)
        free(strings[i]);
    free(strings);
}

bool str_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

bool str_is_one_of(const char *text, const char *const *words)
{
    while (text && *words && !str_equal(*words, text))
        words++;
    return text && *words;
}

void fd_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd); /* of descriptors that were written to, fsync has told before */
        errno = saved;
        *fd = -1;
    }
}

void str_copy(char *destination, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    memcpy(destination, text, length);
    destination[length] = '\0';
}
