# Events as a service writes them.

# served VERSION SECONDS_AGO COUNT LATENCY [AGE]: a line a second from that long before $now on.
served() {
    awk -v version="$1" -v from="$((now - $2))" -v count="$3" -v latency="$4" -v age="${5:-20}" 'BEGIN {
        for (i = 0; i < count; i++)
            printf("{\"time\":%d,\"id\":\"%d-%d\",\"version\":%d,\"features\":{\"age\":%d}," \
                "\"score\":%.2f,\"latency_ms\":%d}\n", from + i, version, from + i, version,
                age + i * 7 % 40, i % 100 / 100, latency)
    }'
}
