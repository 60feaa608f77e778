#!/bin/sh
# log_head.sh REGISTRY.DB - the tree head of an audit log, computed without mlops: RFC 6962 §2.1
# with sqlite3, xxd and sha256sum. Prints what `mlops_log_verify` must find.
set -eu

sha256_hex() { xxd -r -p | sha256sum | cut -d' ' -f1; }

# A stack of "level hash", the deepest subtree first: equal levels on top merge.
stack=
for entry in $(sqlite3 -readonly "$1" 'SELECT hex(entry) FROM audit ORDER BY position'); do
    level=0
    hash=$(printf '00%s' "$entry" | sha256_hex)
    while [ "${stack##* }" != "$stack" ] && [ "$(set -- $stack; shift $(($# - 2)); echo "$1")" = "$level" ]; do
        left=${stack##* }
        stack=${stack% *}
        stack=${stack% *}
        hash=$(printf '01%s%s' "$left" "$hash" | sha256_hex)
        level=$((level + 1))
    done
    stack="$stack $level $hash"
done

# Fold the rest from the right.
head=
set -- $stack
while [ $# -gt 0 ]; do
    right=
    for word in "$@"; do right=$word; done
    if [ -z "$head" ]; then head=$right; else head=$(printf '01%s%s' "$right" "$head" | sha256_hex); fi
    count=$(($# - 2))
    kept=
    i=0
    for word in "$@"; do
        i=$((i + 1))
        [ "$i" -le "$count" ] && kept="$kept $word"
    done
    set -- $kept
done
[ -n "$head" ] || head=$(printf '' | sha256sum | cut -d' ' -f1)
echo "$head"
