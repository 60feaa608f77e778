#!/usr/bin/env bats
# The whole path as a user types it: package, register, look, test, promote, roll back.
load session

setup() {
    session
}

@test "init makes a registry once" {
    run mlops init
    [ "$status" -eq 0 ]
    [ -d .mlops ]
    run mlops init
    [ "$status" -eq 0 ]
    [ "$(mlops --json list)" = '{"versions":[]}' ] || mlops --json list | jq -e '.versions == []'
}

@test "without a registry every command says how to make one" {
    project
    for command in "list" "package p" "show fraud" "log" "status" "drift fraud --current x"; do
        run mlops $command
        [ "$status" -eq 3 ] || { echo "$command: $status $output"; false; }
        [[ "$output" == *"mlops init"* ]]
    done
    [ ! -e .mlops ]
}

@test "the same folder packaged twice gives the same id, under any umask and from any place" {
    mlops -q init
    project
    first=$(mlops package p)
    [[ "$first" =~ sha256:[0-9a-f]{64} ]]
    id=$(mlops --json package p | jq -r .bundle)
    cp -a p elsewhere
    [ "$(umask 077; cd elsewhere && LC_ALL=C TZ=Asia/Tokyo mlops --json package | jq -r .bundle)" = "$id" ]
    touch p/model/weights.bin
    [ "$(mlops --json package p | jq -r .bundle)" = "$id" ]
    echo more >> p/model/weights.bin
    [ "$(mlops --json package p | jq -r .bundle)" != "$id" ]
}

@test "whoever names neither code nor artifacts is told that no model is packaged" {
    given_registry
    mkdir -p p/model
    echo weights > p/model/weights.bin
    echo 'model: fraud' > p/mlops.yaml
    run mlops package p
    ended 0 "no model is packaged: mlops.yaml names neither 'code' nor 'artifacts'" "1 file, "
    echo 'artifacts: [model/]' >> p/mlops.yaml
    run mlops package p
    ended 0 "2 files, "
    [[ $output != *"no model"* ]]
}

@test "package counts files and bytes, and the second time nothing new" {
    mlops -q init
    project
    run mlops --json package p
    jq -e '.files == 7 and .bytes > 50000 and .new_bytes > 0 and .seconds > 0' <<<"$output"
    [ "$(mlops --json package p | jq .new_bytes)" = 0 ]
}

@test "registering gives the next version, and the same bundle the one that it has" {
    mlops -q init
    project
    run mlops --json register p
    jq -e '.model == "fraud" and .version == 1 and .created' <<<"$output"
    run mlops --json register p
    [ "$status" -eq 0 ]
    jq -e '.version == 1 and (.created | not)' <<<"$output"
    echo 'noise: 0.5' > p/params.yaml
    id=$(mlops --json package p | jq -r .bundle)
    run mlops --json register "$id"
    jq -e '.version == 2 and .created' <<<"$output"
    run mlops --json register "${id:0:20}"
    jq -e '.version == 2 and (.created | not)' <<<"$output"
}

@test "list, show, log and status say what is there" {
    registered
    mlops -q test fraud@1
    mlops -q promote fraud@1 --to production --reason "it is time"
    mlops list | grep -q 'fraud@1.*production'
    mlops --json list | jq -e '.versions[0] | .model == "fraud" and .stages == ["production"] and
        (.bundle | startswith("sha256:")) and (.created_at | endswith("Z"))'
    mlops --json show fraud@production | jq -e '.version == 1 and .manifest.params.noise == 0 and
        .manifest.data.train.rows == 2000 and ([.evidence[].kind] == ["test", "test", "test", "scan"]) and
        .manifest.data.train.columns[1].type == "integer"'
    mlops show fraud | grep -q "Card-fraud scorer"
    mlops --json log fraud | jq -e '.entries[0] | .action == "promote" and .reason == "it is time" and
        .actor == "ada@example.com" and .stage == "production" and .version == 1'
    mlops log --verify
    mlops status | grep -q production
}

@test "what is checked out is what was packaged, modes and links and all" {
    mlops -q init
    project
    ln -s weights.bin p/model/current
    mkdir p/model/empty
    chmod 755 p/score.sh
    chmod 400 p/model/weights.bin
    chmod 500 p/model
    mlops -q register p
    mlops checkout fraud@1 out
    diff -r p out
    [ "$(readlink out/model/current)" = weights.bin ]
    (cd p && find . -printf '%p %y %m\n' | sort) > a
    (cd out && find . -printf '%p %y %m\n' | sort) > b
    sed -i '/^\. d/d' a b
    diff a b
    mlops -q checkout fraud@1 out # again, as nothing was changed in it
    diff -r p out
    mkdir elsewhere
    touch elsewhere/mine
    run mlops checkout fraud@1 elsewhere
    [ "$status" -eq 2 ]
    chmod 700 p/model out/model
}

@test "a project in git has its commit, branch, remote and dirtiness recorded" {
    mlops -q init
    project
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    git init -q -b trunk p
    git -C p add -A
    git -C p commit -qm first
    git -C p remote add origin https://ada:secret@example.com/fraud.git
    mlops -q register p
    mlops --json show fraud@1 | jq -e --arg commit "$(git -C p rev-parse HEAD)" '.manifest.code.git ==
        {commit: $commit, author: "a <a@b>", branch: "trunk", remote: "https://example.com/fraud.git",
            dirty: false}'
    echo "# a change" >> p/score.sh
    mlops -q register p
    mlops --json show fraud@2 | jq -e .manifest.code.git.dirty
    ! grep -r secret .mlops
}

@test "tests run, are recorded, and decide" {
    registered
    run mlops --json test fraud@1
    [ "$status" -eq 0 ]
    jq -e '.passed and ([.suites[].status] == ["passed", "passed", "passed", "passed"]) and
        ([.suites[].kind] == ["unit", "integration", "performance", "security"]) and
        (.suites[2].metrics.auc > 0.8)' <<<"$output"
    echo 'noise: 1' > p/params.yaml
    mlops -q register p
    run mlops --json test fraud@2
    [ "$status" -eq 1 ]
    jq -e '(.passed | not) and .suites[2].status == "failed" and
        (.suites[2].message | contains("auc"))' <<<"$output"
    run mlops test fraud@2 --suite words
    [ "$status" -eq 0 ]
    run mlops test fraud@2 --suite wrods
    [ "$status" -eq 3 ]
    [ -z "$(ls -A .mlops/tmp 2>/dev/null)" ]
}

@test "a suite that fails, hangs, crashes or is no command is told apart" {
    mlops -q init
    project
    cat > p/mlops.yaml <<'EOF'
model: fraud
tests:
  fails:   {kind: unit, run: "echo the reason; exit 3"}
  hangs:   {kind: unit, run: "sleep NAP", timeout: 300ms}
  crashes: {kind: unit, run: "kill -SEGV $$"}
  absent:  {kind: unit, run: no-such-command-at-all}
  silent:  {kind: performance, run: "true", predictions: none.csv, score: p, label: y}
  broken:  {kind: performance, run: "printf 'p,y\\n0.5,1\\nx,0\\n' > o.csv", predictions: o.csv, score: p, label: y}
EOF
    nap="73$((RANDOM % 9000 + 1000)).$RANDOM" # seconds that nobody else sleeps
    sed -i "s/NAP/$nap/" p/mlops.yaml
    mlops -q register p
    run mlops --json test fraud@1
    [ "$status" -eq 1 ]
    jq -e '[.suites[].status] == ["failed", "timeout", "failed", "error", "error", "error", "passed"]' <<<"$output"
    jq -e '.suites[2].message | contains("signal 11")' <<<"$output"
    run mlops test fraud@1
    [[ "$output" == *"the reason"* ]]
    ! pgrep -f "sleep $nap"
}

@test "a version enters a stage only when its tests passed" {
    registered
    run mlops --json promote fraud@1 --to production
    [ "$status" -eq 1 ]
    jq -e '(.promoted | not) and ([.gates[] | select(.gate == "tests")][0].passed | not)' <<<"$output"
    [ "$(mlops --json list | jq '.versions[0].stages')" = "[]" ]
    mlops -q test fraud@1
    run mlops --json promote fraud@1 --to production --dry-run
    [ "$status" -eq 0 ]
    jq -e '.promoted | not' <<<"$output"
    run mlops --json promote fraud@1 --to production
    [ "$status" -eq 0 ]
    jq -e '.promoted and .model == "fraud" and .version == 1 and .stage == "production" and
        .previous == null' <<<"$output" || jq -e '.promoted and .previous == 0' <<<"$output"
}

@test "a promotion that expects another holder is a conflict that names the holder" {
    registered
    mlops -q test fraud@1
    echo 'noise: 0 ' > p/params.yaml
    mlops -q register p
    mlops -q test fraud@2
    mlops -q promote fraud@1 --to production --expect none
    run mlops promote fraud@2 --to production --expect none
    [ "$status" -eq 4 ]
    [[ "$output" == *"@1"* && "$output" == *"ada@example.com"* ]]
    mlops -q promote fraud@2 --to production --expect fraud@1
}

@test "rollbacks go back and back, and do not undo one another" {
    mlops -q init
    project
    for i in 1 2 3; do
        echo "# $i" >> p/params.yaml
        mlops -q register p
        mlops -q test "fraud@$i"
        mlops -q promote "fraud@$i" --to production
    done
    run mlops --json rollback fraud --reason "smells"
    jq -e '.from == 3 and .to == 2 and .stage == "production"' <<<"$output"
    run mlops --json rollback fraud
    jq -e '.from == 2 and .to == 1' <<<"$output"
    run mlops rollback fraud
    [ "$status" -eq 3 ]
    [ "$(mlops --json show fraud@production | jq .version)" = 1 ]
    mlops -q promote fraud@2 --to production
    mlops -q promote fraud@3 --to production
    run mlops --json rollback fraud --to fraud@1
    jq -e '.from == 3 and .to == 1' <<<"$output"
    mlops --json log fraud | jq -e '[.entries[] | select(.action == "rollback")] | length == 3 and
        .[2].reason == "smells"'
}
