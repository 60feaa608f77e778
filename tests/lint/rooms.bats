#!/usr/bin/env bats
# Data flows one way: what a room may include, checked over the #include lines (DESIGN.md §2,
# docs/architecture.md). A line of the table: a room and the rooms that it may use besides itself.

rooms() {
    cat <<'EOF'
base
environment base
oci base
store base
table base
stats base table
registry base store
trust base environment store table stats registry
bundle base environment oci store table stats registry trust
report base environment store table stats registry trust
drift base environment store table stats registry bundle report trust
quality base environment store table stats registry bundle report trust drift
trial base environment store table stats registry bundle report trust quality
release base environment store table stats registry bundle report trust
monitor base environment store table stats registry bundle report trust drift
loop base environment store table stats registry bundle report trust trial drift release monitor
EOF
}

@test "a room includes only itself and the rooms below it" {
    wrong=""
    while read -r room below; do
        [ -d "$SOURCE_ROOT/lib/$room" ] || continue
        while IFS=: read -r file line; do
            used=$(sed 's/.*"\([a-z]*\)\/.*/\1/' <<<"$line")
            [[ " $room $below " == *" $used "* ]] || wrong+="$file includes $line"$'\n'
        done < <(grep -HE '^ *# *include +"' -r "$SOURCE_ROOT/lib/$room" --include='*.[ch]')
    done < <(rooms)
    [ -z "$wrong" ] || { printf '%s' "$wrong"; false; }
}

@test "every folder of lib is a room of the table" {
    for folder in "$SOURCE_ROOT"/lib/*/; do
        rooms | grep -qE "^$(basename "$folder")( |$)" || { echo "$folder is no room"; false; }
    done
}

@test "of lib/table, lib/stats uses only the column batches" {
    ! grep -rhE '^ *# *include +"table/' "$SOURCE_ROOT/lib/stats" | grep -v '"table/table.h"'
}

@test "every quoted include in lib names its room" {
    ! grep -rHnE '^ *# *include +"[^/"]*"' "$SOURCE_ROOT/lib" --include='*.[ch]'
}

@test "cmd uses only the public API of the library" {
    ! grep -HnE '^ *# *include +"' "$SOURCE_ROOT"/cmd/*.[ch] | grep -vE '"cli(_[a-z]+)?\.h"'
}

@test "public headers include only public headers and the standard library" {
    ! grep -HnE '^ *# *include' "$SOURCE_ROOT"/include/mlops/*.h |
        grep -vE '<(mlops/[a-z]+\.h|std[a-z]+\.h)>'
}

@test "the library neither prints nor ends the process" {
    ! grep -rnwE '(printf|puts|putchar|perror|exit|abort|_exit)\(' "$SOURCE_ROOT/lib" --include='*.c' |
        grep -vE 'lib/base/(util|process)\.c'
}

@test "the shared library exports the public API and nothing else" {
    library="$BUILD_ROOT/libmlops.so"
    run bash -c "nm -D --defined-only '$library' | awk '{print \$3}' | grep -v '^mlops_'"
    if nm -D "$library" | grep -q __asan; then skip "the sanitizers export symbols of their own"; fi
    [ -z "$output" ] || { echo "$output"; false; }
    for name in $(grep -rhoE '\bmlops_[a-z_]+\(' "$SOURCE_ROOT"/include/mlops | tr -d '(' | sort -u); do
        nm -D --defined-only "$library" | grep -qw "$name" || { echo "$name is declared, not exported"; false; }
    done
}
