# What the tests of archives share: registry b, into which an archive is brought.

# All that is in registry b: its log, its versions, its files but for the database's own.
state() {
    mlops -C b --json log
    mlops -C b --json list
    find b/.mlops/objects b/.mlops/tmp -type f 2>/dev/null | sort
}

# import_refused TEXT ARGUMENT…: 'mlops import ARGUMENT…' fails in b by the archive's fault, saying
# TEXT, and b is as `state` said into ./before.
import_refused() {
    local text=$1
    shift
    run --separate-stderr mlops -C b import "$@"
    [ "$status" -eq 2 ] || [ "$status" -eq 5 ] || { echo "exit $status: $stderr"; return 1; }
    [[ "$stderr" == *"$text"* ]] || { printf "no '%s' in:\n%s\n" "$text" "$stderr"; return 1; }
    [ "$(grep -c '^mlops: ' <<<"$stderr")" -eq 1 ] || { echo "$stderr"; return 1; }
    state | diff before -
}
