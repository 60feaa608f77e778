#!/usr/bin/env bats
# The checkout that suites share, and the layer that each writes into: as root, as an ordinary user,
# and where the file system has no layers.
load session

setup() {
    session
    needs_namespaces
}

needs_namespaces() {
    level=$(mlops -q sandbox check 2>why) || true
    [[ $level = full || $level = namespaces ]] || skip "this machine gives '$level': $(cat why)"
}

# One suite does to the bundle's files what it likes, the next sees them as they were packaged.
spoiled_project() {
    mkdir -p "$1/src/deep" "$1/src/closed"
    for name in a b c e deep/f closed/g; do echo "$name" > "$1/src/$name"; done
    chmod 755 "$1/src/e"
    chmod 555 "$1/src/closed"
    ln -s a "$1/src/link"
    cat > "$1/mlops.yaml" <<'YAML'
model: fraud
code: [src/]
tests:
  spoils:
    kind: unit
    run: |
      set -e
      echo more >> src/a; rm src/link; echo other > src/link
      rm src/b; mkdir src/b
      mv src/c src/d
      chmod 600 src/e; touch -d 2001-01-01 src/e
      mv src/deep src/deeper
      chmod 755 src/closed; rm -r src/closed; mkdir src/closed; test -z "$(ls src/closed)"
      ln -s /etc/passwd src/way_out; ln src/e src/second
      mkfifo fifo; mkdir shut; echo x > shut/x; chmod 000 shut
      exit 7
  sees:
    kind: unit
    run: |
      set -e
      for name in a b c e deep/f closed/g; do test "$(cat src/$name)" = $name; done
      test "$(stat -c %a src/e src/closed src/b | tr '\n' ' ')" = '755 555 644 '
      test "$(readlink src/link)" = a
      test "$(find src | wc -l)" -eq 10
YAML
}

@test "what a suite does to the bundle's files no other suite sees, and nothing is left" {
    spoiled_project p
    mlops -q init
    mlops -q register p
    for jobs in 1 2; do
        run --separate-stderr mlops --json test fraud --no-cache -j $jobs
        [ "$status" -eq 1 ]
        [ "$(jq -c '[.suites[] | .message // ""]' <<<"$output")" = '["exit status 7","",""]' ]
        [ -z "$(ls -A .mlops/tmp)" ]
    done
    mlops fsck
    mlops --json show fraud | jq -r '.evidence[].body.layer // empty' | sort -u > layer
    [ "$(cat layer)" = overlay ] || [ "$(stat -fc %T .)" = overlayfs ]
    ! grep -q "$PWD" /proc/self/mountinfo
}

@test "an ordinary user's suites have layers, too" {
    [ "$(id -u)" -eq 0 ] || skip "not root: every other test is of an ordinary user"
    folder=$(mktemp -d /tmp/mlops-nobody.XXXXXX)
    cp "$MLOPS" "$folder/mlops"
    spoiled_project "$folder/p"
    chown -R nobody "$folder"
    cd "$folder"
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$folder" "$@"; }
    as_nobody ./mlops -q sandbox check || skip "an ordinary user has no namespaces here"
    as_nobody ./mlops -q init
    as_nobody ./mlops -q register p
    run --separate-stderr as_nobody ./mlops --json test fraud
    [ "$status" -eq 1 ]
    [ "$(jq -c '[.suites[] | .message // ""]' <<<"$output")" = '["exit status 7","",""]' ]
    [ -z "$(ls -A .mlops/tmp)" ]
    as_nobody ./mlops --json show fraud | jq -r '.evidence[].body.layer // empty' | sort -u > layer
    [ "$(cat layer)" = overlay ] || [ "$(stat -fc %T .)" = overlayfs ]
    rm -rf "$folder"
}

# As in a container, whose own root is an overlay: no other can be laid on it.
@test "where the file system takes no layers, each suite has a copy" {
    spoiled_project p
    mkdir low up work merged
    cat > inside <<'EOF'
mount -t overlay overlay -o "lowerdir=low,upperdir=up,workdir=work$1" merged || exit 77
set -e
cd merged
mlops -q init
mlops -q register ../p
! mlops --json test fraud > ../report
mlops --json show fraud > ../evidence
test -z "$(ls -A .mlops/tmp)"
EOF
    unshare -m sh inside '' && status=0 || status=$?
    [ "$status" -ne 77 ] || skip "no overlay can be mounted here by this user"
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.suites[] | .message // ""]' report)" = '["exit status 7","",""]' ]
    [ "$(jq -r '.evidence[].body.layer // empty' evidence | sort -u)" = copy ]
}

@test "without bubblewrap each suite has a checkout of its own, and a warning says so" {
    spoiled_project p
    mlops -q init
    mlops -q register p
    mkdir bin
    run --separate-stderr env PATH="$PWD/bin" "$MLOPS" test fraud
    [[ "$stderr" == *"suites can reach your files"*"each in a checkout of its own"* ]]
    [ "$(mlops --json show fraud | jq -r '.evidence[].body.layer // empty' | sort -u)" = checkout ]
    run --separate-stderr mlops --json test fraud --sandbox none --no-cache
    [ "$(jq -c '[.suites[] | .message // ""]' <<<"$output")" = '["exit status 7","",""]' ]
    [ -z "$(ls -A .mlops/tmp)" ]
}

@test "who changes the shared checkout while suites run spoils the run, not the evidence" {
    mkdir -p p/src
    echo a > p/src/a
    cat > p/mlops.yaml <<'EOF'
model: fraud
code: [src/]
tests:
  waits: {kind: unit, run: sleep NAP}
EOF
    nap="sleep 73$((RANDOM % 9000 + 1000)).$RANDOM" # that nobody else has
    sed -i "s/sleep NAP/$nap/" p/mlops.yaml
    mlops -q init
    mlops -q register p
    mlops test fraud > said 2>&1 3>&- &
    until_true runs "$nap"
    for file in .mlops/tmp/test-*/bundle/src/a; do [ ! -f "$file" ] || echo b > "$file"; done
    kill "$(runs "$nap")"
    wait $! && status=0 || status=$?
    cat said
    [ "$status" -eq 5 ]
    grep -q "'src/a' was changed while suites ran that shared it, so nothing is recorded" said
    [ "$(mlops --json show fraud | jq '.evidence | length')" -eq 0 ]
    [ -z "$(ls -A .mlops/tmp)" ]
}

@test "predictions are read out of the layer, through links within it alone" {
    mkdir -p p/src
    printf 'y,p\n0,0.1\n1,0.9\n0,0.2\n1,0.8\n' > p/src/old.csv
    cat > p/mlops.yaml <<'EOF'
model: fraud
code: [src/]
tests:
  inside:
    kind: performance
    run: mkdir out; cp src/old.csv out/p.csv; ln -s out/p.csv predictions.csv
    predictions: predictions.csv
    score: p
    label: y
  outside:
    kind: performance
    run: ln -s ../../../../../../etc/passwd predictions.csv
    predictions: predictions.csv
    score: p
    label: y
EOF
    mlops -q init
    mlops -q register p
    run --separate-stderr mlops --json test fraud
    [ "$status" -eq 1 ]
    [ "$(jq -r '.suites[0].status' <<<"$output")" = passed ]
    [ "$(jq -r '.suites[1].message' <<<"$output")" = \
      "'predictions.csv' leads out of the suite's folder" ]
    mlops show fraud --predictions inside 2>/dev/null | cmp - p/src/old.csv
}
