/* include/mlops/text.h - small text helpers that commands and the library share. */
#ifndef MLOPS_TEXT_H
#define MLOPS_TEXT_H
#include <mlops/error.h>
MLOPS_BEGIN

/*
 * The candidate nearest to `word` by Damerau-Levenshtein distance (optimal string alignment), or
 * NULL where none is near enough to be what was meant (more than a third of the letters differ).
 * `candidates` is NULL-terminated; the result points into it.
 */
MLOPS_API const char *mlops_suggest(const char *word, const char *const *candidates);

/* RFC 3339 in UTC to the second, "2026-05-03T09:30:00Z"; `text` holds 32 bytes. */
MLOPS_API void mlops_time_format(int64_t time_ns, char text[32]);

/* A time as people write it, "2026-05-03", "2026-05-03 09:30", RFC 3339; UTC where no zone stands.
 * Errors: MLOPS_INVALID. */
MLOPS_API int mlops_time_parse(const char *text, int64_t *time_ns, struct mlops_error *err);

/* "5m", "250ms", "1h30m", "2d", "10s", "0" to nanoseconds. Errors: MLOPS_INVALID. */
MLOPS_API int mlops_duration_parse(const char *text, int64_t *duration_ns, struct mlops_error *err);

/* A finite number in decimal, in as few digits as read back as the same. */
MLOPS_API void mlops_number_format(double number, char text[32]);

/* One byte as a text of it, or "\t" for a tab. False: `text` is neither. */
MLOPS_API bool mlops_byte_parse(const char *text, char *byte);

/* "0.1.0": the library's own version. */
MLOPS_API const char *mlops_library_version(void);

MLOPS_END
#endif
