# What tests do to the files of a store.

# The largest or smallest pack: `pack tail`, `pack head`.
pack() {
    find .mlops/objects/packs/ -name '*.pack' -printf '%s %p\n' | sort -n | "$1" -n 1 | cut -d ' ' -f 2
}

# flip FILE OFFSET [BIT]: that bit of a byte, or all of them.
flip() {
    local byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ') mask=255
    [ -z "${3-}" ] || mask=$((1 << $3))
    chmod u+w "$1"
    printf "\\x$(printf %02x $((byte ^ mask)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
