/*
 * lib/base/util.h - the idioms of the code base: TRY, cleanup by scope, memory that aborts.
 */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H
#include <mlops/error.h>
#include <stdlib.h>
#include <string.h>

/* Leave the function with the code where `x` fails: the one macro of control flow. */
#define TRY(x)                                                                                     \
    do {                                                                                           \
        int code_ = (x);                                                                           \
        if (code_)                                                                                 \
            return code_;                                                                          \
    } while (0)

/* Run `function(&variable)` when the variable's scope ends. */
#define _cleanup_(function) __attribute__((cleanup(function)))

/* Hand a pointer over and forget it. */
#define TAKE_PTR(pointer)                                                                          \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Define `void function##_ptr(type **)` for _cleanup_ from a `void function(type *)`. */
#define DEFINE_CLEANUP(type, function)                                                             \
    static inline void function##_ptr(type **pointer)                                              \
    {                                                                                              \
        if (*pointer)                                                                              \
            function(*pointer);                                                                    \
    }

/* Small allocations: abort when memory is out. The caller frees with free(). */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* `memory`, or the end of the process where it is NULL: for libraries that allocate for us. */
void *xcheck(void *memory) __attribute__((returns_nonnull));
/* As reallocarray: `count * size` checked. */
void *xrealloc(void *memory, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
char *xprintf(const char *format, ...) MLOPS_PRINTF(1, 2) __attribute__((returns_nonnull));

/* Make room for one more item in a growing array: `GROW(list->items, list->count, &capacity)`. */
#define GROW(items, count, capacity)                                                               \
    do {                                                                                           \
        if ((count) == *(capacity)) {                                                              \
            *(capacity) = *(capacity) ? *(capacity)*2 : 8;                                         \
            (items) = xrealloc((items), *(capacity), sizeof(*(items)));                            \
        }                                                                                          \
    } while (0)

static inline void free_string(char **text)
{
    free(*text);
}

/* Free a NULL-terminated array of strings and the strings; NULL is fine. */
void strings_free(char **strings);
size_t strings_count(const char *const *strings); /* up to the NULL behind them */
static inline void free_strings(char ***strings)
{
    strings_free(*strings);
}

static inline bool str_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}
static inline bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}
bool str_ends(const char *text, const char *suffix);
/* Is `text` one of `words`, which end with NULL? NULL is none of them. */
bool str_is_one_of(const char *text, const char *const *words);

/* Close a descriptor that may be -1; keeps errno. */
void fd_close(int *fd);

/* Copy `text` into `destination` of `size` bytes, cut where too long, always terminated. */
void str_copy(char *destination, size_t size, const char *text);

#endif
