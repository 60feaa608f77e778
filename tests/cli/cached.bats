#!/usr/bin/env bats
# What has passed is not run again, unless something that it depends on has changed.
load session

setup() {
    session
    mlops -q init
    mkdir p bin
    export PATH=$PWD/bin:$PATH
    cat > p/mlops.yaml <<'EOF'
model: fraud
tests:
  good:   {kind: unit, run: exit 0}
  bad:    {kind: unit, run: exit 1}
  online: {kind: unit, network: true, run: exit 0}
EOF
    mlops -q register p
}

# The suites of the last `mlops --json test fraud $@` that were not run.
cached() {
    mlops --json test fraud "$@" | jq -r '[.suites[] | select(.cached) | .name] | join(" ")'
}

@test "what passed is not run again; what failed or has the network is" {
    [ "$(cached)" = '' ]
    before=$(mlops --json show fraud | jq '.evidence | length')
    [ "$(cached)" = 'good scan' ]
    [ "$(mlops --json show fraud | jq '.evidence | length')" -eq $((before + 2)) ]
    run mlops test fraud --suite good
    [ "$status" -eq 0 ]
    [[ "$output" =~ ok\ +good\ +unit\ +cached ]]
    [ "$(cached --no-cache)" = '' ]
}

@test "nothing is written where nothing was run" {
    mlops -q test fraud --suite good --suite scan
    before=$(mlops log | wc -l)
    mlops -q test fraud --suite good --suite scan
    [ "$(mlops log | wc -l)" -eq "$before" ]
}

@test "another bundle, environment, program, or sandbox is another run" {
    ! mlops -q test fraud --sandbox none || false
    [ "$(OMP_NUM_THREADS=3 cached)" = scan ]
    ! OMP_NUM_THREADS=3 mlops -q test fraud --sandbox none || false
    [ "$(OMP_NUM_THREADS=3 cached)" = 'good scan' ]
    touch bin/python3
    [ "$(OMP_NUM_THREADS=3 cached --suite good)" = '' ]
    if mlops -q sandbox check >/dev/null 2>&1; then
        ! mlops -q test fraud --sandbox none --no-cache || false
        [ "$(cached --suite good --sandbox strict)" = '' ]
    fi
    echo '# changed' >> p/mlops.yaml
    mlops -q register p
    [ "$(cached)" = '' ]
}

@test "a metric held against a stage is judged again when the stage changes" {
    project
    mlops -q register p
    mlops -q test fraud
    [ "$(cached)" = 'words pipeline quality scan' ]
    mlops -q promote fraud --to staging
    [ "$(cached)" = 'words pipeline scan' ]
}
