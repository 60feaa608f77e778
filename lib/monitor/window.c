/* lib/monitor/window.c - windows: merging, and as bytes. */
#include "monitor/window.h"
#include "monitor/features.h"
#include <zstd.h>

#define VERSION 1
#define PROFILES_MAX (256U << 20) /* bytes of a window's profiles, unpacked */
#define ZSTD_LEVEL 1

int64_t window_length_ns(enum window_level level)
{
    return level == LEVEL_MINUTE ? MINUTE_NS : level == LEVEL_HOUR ? 60 * MINUTE_NS : 1440 * MINUTE_NS;
}

int64_t window_start_ns(enum window_level level, int64_t time_ns)
{
    int64_t length = window_length_ns(level), rest = time_ns % length;
    return time_ns - (rest < 0 ? rest + length : rest);
}

void group_clear(struct group *group)
{
    free(group->stage);
    free(group->segment);
    *group = (struct group){0};
}

void window_clear(struct window *window)
{
    latency_clear(&window->latency);
    performance_clear(&window->performance);
    profile_free(window->outputs);
    profile_free(window->features);
    *window = (struct window){0};
}

void window_merge(struct window *window, const struct window *other)
{
    if (other->events > 0) {
        if (window->events == 0 || other->first_ns < window->first_ns)
            window->first_ns = other->first_ns;
        if (window->events == 0 || other->last_ns > window->last_ns)
            window->last_ns = other->last_ns;
    }
    features_merge(&window->outputs, window->events, other->outputs, other->events);
    features_merge(&window->features, window->events, other->features, other->events);
    window->events += other->events;
    window->errors += other->errors;
    window->positives += other->positives;
    window->negatives += other->negatives;
    latency_merge(&window->latency, &other->latency);
    performance_merge(&window->performance, &other->performance);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void encode_measures(const struct window *window, struct buffer *out)
{
    buffer_putc(out, VERSION);
    wire_put_u64(out, (uint64_t)window->first_ns);
    wire_put_u64(out, (uint64_t)window->last_ns);
    wire_put_varint(out, window->events);
    wire_put_varint(out, window->errors);
    wire_put_varint(out, window->positives);
    wire_put_varint(out, window->negatives);
    latency_encode(&window->latency, out);
    performance_encode(&window->performance, out);
}

static void encode_profile(const struct profile *profile, struct buffer *out)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    if (profile)
        profile_encode(profile, &bytes);
    wire_put_varint(out, bytes.length);
    buffer_append(out, bytes.data, bytes.length);
}

void window_encode(const struct window *window, struct buffer *measures, struct buffer *profiles)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    encode_measures(window, measures);
    encode_profile(window->outputs, &bytes);
    encode_profile(window->features, &bytes);
    size_t bound = ZSTD_compressBound(bytes.length);
    wire_put_varint(profiles, bytes.length);
    buffer_reserve(profiles, bound);
    size_t packed = ZSTD_compress(profiles->data + profiles->length, bound, bytes.data,
                                  bytes.length, ZSTD_LEVEL);
    if (ZSTD_isError(packed)) /* it has the room that it asks for: memory is out */
        (void)xcheck(NULL);
    profiles->length += packed;
}

static int decode_profile(struct wire *wire, struct profile **profile, struct mlops_error *err)
{
    uint64_t length = wire_varint(wire);
    const uint8_t *bytes = wire_bytes(wire, length);
    if (length == 0 || wire->failed)
        return MLOPS_OK;
    return profile_decode(bytes, length, profile, err);
}

static int decode_profiles(const void *data, size_t length, struct window *window,
                           struct mlops_error *err)
{
    struct wire wire = {.at = data, .end = (const uint8_t *)data + length};
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    uint64_t size = wire_varint(&wire);
    if (wire.failed || size > PROFILES_MAX)
        return mlops_fail(err, MLOPS_INTEGRITY, "its profiles are damaged");
    buffer_reserve(&bytes, size + 1);
    size_t got = ZSTD_decompress(bytes.data, size, wire.at, (size_t)(wire.end - wire.at));
    if (ZSTD_isError(got) || got != size)
        return mlops_fail(err, MLOPS_INTEGRITY, "its profiles are damaged");
    wire = (struct wire){.at = (const uint8_t *)bytes.data, .end = (const uint8_t *)bytes.data + size};
    if (decode_profile(&wire, &window->outputs, err) ||
        decode_profile(&wire, &window->features, err) || wire.failed || wire.at != wire.end)
        return mlops_fail(err, MLOPS_INTEGRITY, "its profiles are damaged");
    return MLOPS_OK;
}

int window_decode(const void *measures, size_t measures_length, const void *profiles,
                  size_t profiles_length, struct window *window, struct mlops_error *err)
{
    struct wire wire = {.at = measures, .end = (const uint8_t *)measures + measures_length};
    const uint8_t *version = wire_bytes(&wire, 1);
    *window = (struct window){0};
    if (version && *version != VERSION)
        return mlops_fail(err, MLOPS_INTEGRITY, "its format is of another mlops");
    window->first_ns = (int64_t)wire_u64(&wire);
    window->last_ns = (int64_t)wire_u64(&wire);
    window->events = wire_varint(&wire);
    window->errors = wire_varint(&wire);
    window->positives = wire_varint(&wire);
    window->negatives = wire_varint(&wire);
    latency_decode(&wire, &window->latency);
    performance_decode(&wire, &window->performance);
    int code = MLOPS_OK;
    if (wire.failed || wire.at != wire.end)
        code = mlops_fail(err, MLOPS_INTEGRITY, "its measures are damaged");
    else if (profiles)
        code = decode_profiles(profiles, profiles_length, window, err);
    if (code)
        window_clear(window);
    return code;
}
