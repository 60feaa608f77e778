#!/usr/bin/env bats
# Windows after days of traffic out of order, more than once, with late labels, against a batch
# recomputation. MLOPS_EVENTS="COUNT DAYS MINUTES" for other than a hundred thousand events.
load ../cli/common

@test "every window says what a batch job over all lines says" {
    given_registered fraud@2
    # shellcheck disable=SC2086 # three words
    run python3 "$SOURCE_ROOT/tests/exact/compare.py" "$MLOPS" "$MAKE_STREAM" "$BATCH_ORACLE" ${MLOPS_EVENTS:-}
    echo "$output"
    [ "$status" -eq 0 ]
    mlops -q fsck
}
