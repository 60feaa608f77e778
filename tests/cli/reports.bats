#!/usr/bin/env bats
# What `mlops test` writes for other tools: JUnit, Markdown, GitHub Actions, GitLab.
load session

setup() {
    session
    unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
    mlops -q init
}

# Suites that end in every way, one of which prints what could break out of any format.
given_suites() {
    project
    cat > p/mlops.yaml <<'EOF'
model: fraud
code: [score.sh]
params: params.yaml
data:
  train:   {path: data/train.csv, target: is_fraud, role: reference}
tests:
  good:    {kind: unit, run: exit 0}
  bad:     {kind: unit, run: sh p.sh}
  missing: {kind: integration, run: no-such-program}
  slow:    {kind: unit, timeout: 200ms, run: sleep 600}
  skipped: {kind: unit, needs: bad, run: exit 0}
  quality:
    kind: performance
    run: sh score.sh data/train.csv predictions.csv
    predictions: predictions.csv
    score: p
    label: is_fraud
    require: {auc: ">= 0.7", recall: "> 2"}
EOF
    sed -i 's/code: .*/code: [score.sh, p.sh]/' p/mlops.yaml
    cat > p/p.sh <<'EOF'
printf '::error::injected\n``` <script>]]> &amp; "x" | \033[31m \001 \377\n'
exit 3
EOF
    mlops -q register p
}

@test "the JUnit report is valid by the schemas of Jenkins and Ant, whatever suites print" {
    given_suites
    ! mlops test fraud --junit junit.xml || false
    xmllint --noout --schema "$SOURCE_ROOT/tests/data/junit/junit-10.xsd" junit.xml
    xmllint --noout --relaxng "$SOURCE_ROOT/tests/data/junit/ant.rng" junit.xml
    value() { xmllint --xpath "string($1)" junit.xml; }
    [ "$(value /testsuites/testsuite/@name)" = fraud@1 ]
    [ "$(value /testsuites/testsuite/@tests)" = 7 ]
    [ "$(value /testsuites/testsuite/@failures)" = 3 ]
    [ "$(value /testsuites/testsuite/@errors)" = 1 ]
    [ "$(value /testsuites/testsuite/@skipped)" = 1 ]
    [ "$(value '//testcase[@name="bad"]/failure/@type')" = exit ]
    [[ "$(value '//testcase[@name="bad"]/failure')" == *'::error::injected'*'<script>]]> &amp; "x" |'* ]]
    [ "$(value '//testcase[@name="slow"]/failure/@type')" = timeout ]
    [ "$(value '//testcase[@name="missing"]/error/@type')" = command ]
    [ "$(value 'count(//testcase[@name="skipped"]/skipped)')" = 1 ]
    [[ "$(value '//property[@name="metric.quality.auc"]/@value')" == 0.* ]]
    run mlops test fraud --junit no/such/file.xml
    [ "$status" -eq 6 ]
}

@test "the Markdown summary has suites, metrics and output, and no markup of others" {
    given_suites
    ! mlops test fraud --markdown summary.md || false
    grep -q '^### ❌ fraud version 1 did not pass its tests$' summary.md
    grep -q '^| ✅ | good | unit | ' summary.md
    grep -q '^| ❌ | bad | unit | .* exit status 3 |$' summary.md
    grep -q '^| recall | .* | > 2 | ❌ ' summary.md
    grep -q '^````text$' summary.md
    # the fence is longer than what the suite printed, so that it does not end there
    awk '/^````text$/ {inside = 1; next} /^````$/ {inside = 0} inside' summary.md |
        grep -qF '``` <script>]]> &amp;'
}

@test "in GitHub Actions there are annotations and a summary, and no suite can give commands" {
    given_suites
    echo before > summary.md
    run --separate-stderr env GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$PWD/summary.md" mlops test fraud
    [ "$status" -eq 1 ]
    [[ "$stderr" == *'::error title=fraud@1%3A bad failed::exit status 3'* ]]
    [[ "$stderr" == *'::error title=fraud@1%3A slow timeout::stopped at its time limit of 0.2 s'* ]]
    [[ "$stderr" == *"::error title=fraud@1%3A skipped skipped::it needs 'bad', which did not pass"* ]]
    [[ "$stderr" != *'good'* ]]
    [ "$(head -n 1 summary.md)" = before ]
    grep -q '^### ❌ fraud' summary.md
    # as the runner reads it: from stop-commands to the token nothing is obeyed
    obeyed=$(awk '/^::stop-commands::/ {token = "::" substr($0, 18) "::"; next}
        token != "" {if ($0 == token) token = ""; next} /^::/' <<<"$output")
    [ -z "$obeyed" ]
    [[ "$output" == *'::error::injected'* ]]
    GITHUB_ACTIONS=true mlops --json test fraud 2>/dev/null | jq -e .suites ||
        [ "${PIPESTATUS[0]}" -eq 1 ]
}

@test "the metrics report of GitLab is OpenMetrics text" {
    given_suites
    ! mlops test fraud --gitlab-metrics metrics.txt || false
    [ "$(tail -n 1 metrics.txt)" = '# EOF' ]
    ! grep -vE '^[a-zA-Z_:][a-zA-Z0-9_:]*\{suite="[A-Za-z0-9._-]+"\} [0-9.e+-]+$' metrics.txt | grep -v '^# EOF$' || false
    grep -q '^auc{suite="quality"} 0\.' metrics.txt
    # all lines of a metric stand together
    [ "$(sed 's/{.*//' metrics.txt | uniq | sort | uniq -d)" = "" ]
    [ "$(grep -c '^seconds{' metrics.txt)" -ge 4 ]
}

@test "a class is a label of GitLab's metrics, whatever it is called" {
    project
    cat > p/score.sh <<'SH'
cat > predictions.csv <<'CSV'
y,p
DE,DE
"a \ ""b""",DE
"a \ ""b""","a \ ""b"""
CSV
SH
    cat > p/mlops.yaml <<'YAML'
model: fraud
code: [score.sh]
tests:
  quality: {kind: performance, run: sh score.sh, predictions: predictions.csv, task: multiclass, label: y, prediction: p}
YAML
    mlops -q register p
    mlops -q test fraud --gitlab-metrics metrics.txt
    ! grep -vE '^[a-zA-Z_:][a-zA-Z0-9_:]*\{suite="[A-Za-z0-9._-]+"(,class="([^"\\]|\\["\\n])*")?\} [0-9.e+-]+$' metrics.txt |
        grep -v '^# EOF$' || false
    grep -qF 'precision{suite="quality",class="DE"} 0.5' metrics.txt
    grep -qF 'class="a \\ \"b\""' metrics.txt
}

@test "annotations are escaped as GitHub's toolkit does it" {
    project
    sed -i 's/require: .*/require: {auc: ">= 0.99 at 95%"}/' p/mlops.yaml
    mlops -q register p
    run --separate-stderr env GITHUB_ACTIONS=true mlops test fraud --suite quality
    [ "$status" -eq 1 ]
    [[ "$stderr" == *'::error title=fraud@1%3A quality failed::auc >= 0.99 at 95%25 is not met'* ]]
    # ::command name=value,name=value::message, with %, CR and LF escaped, and : and , in values
    ! grep '^::' <<<"$stderr" | grep -vE '^::(error|warning) title=([^%:,]|%[0-9A-F]{2})*::([^%]|%(25|0A|0D))*$'
}

# Thirty suites that fail, each with 4,000 bytes of output, and one with a very long message.
given_many_failures() {
    mkdir -p p
    cat > p/mlops.yaml <<YAML
model: fraud
code: [p.sh]
tests:
  long:
    kind: performance
    run: printf 'y,p\nä,ä\n' > p.csv
    predictions: p.csv
    task: multiclass
    label: y
    prediction: p
    require: {$(for i in {1..60}; do printf '"recall[ää%s]": ">= 0.5", ' "$i"; done)}
  bad:
    kind: unit
    matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]}
    run: sh p.sh {n}
  shaky:
    kind: unit
    matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}
    retries: 1
    run: test -e $PWD/again{n} || { touch $PWD/again{n}; exit 3; }
YAML
    echo 'echo $1; head -c 4000 /dev/zero | tr "\0" x; exit 3' > p/p.sh
    mlops -q register p
}

@test "GitHub's limits are kept, and what is left out is said" {
    export MLOPS_SANDBOX=none
    given_many_failures
    # another command of the same step has nearly filled its summary
    head -c $((1048576 - 60000)) /dev/zero | tr '\0' y > summary.md
    run --separate-stderr env GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$PWD/summary.md" \
        mlops test fraud -j 4 --markdown comment.md
    [ "$status" -eq 1 ]
    # ten annotations of a kind, the last of which names the rest
    [ "$(grep -c '^::error ' <<<"$stderr")" -eq 10 ]
    [ "$(grep -c '^::warning ' <<<"$stderr")" -eq 10 ]
    grep -q '^::error title=fraud@1%3A 22 more suites did not pass::bad-9, bad-10, .*, bad-30$' <<<"$stderr"
    grep -q '^::warning title=fraud@1%3A 2 more suites are flaky::shaky-10, shaky-11$' <<<"$stderr"
    # a message of 4,096 characters at most, cut between two of them
    long=$(grep '^::error title=fraud@1%3A long' <<<"$stderr")
    grep -q ' … (cut: the log of the job has all)$' <<<"$long"
    iconv -f UTF-8 -t UTF-8 <<<"$long" > /dev/null
    [ "$(wc -c <<<"${long#*::*::}")" -le 4096 ]
    # a summary of 1 MiB at most, a comment of 65,536 characters; suites and a note are in both
    [ "$(stat -c %s summary.md)" -le 1048576 ]
    [ "$(stat -c %s comment.md)" -le 65536 ]
    for file in summary.md comment.md; do
        grep -q '^| ❌ | bad-30 | unit' $file
        grep -qE '^⚠️ Left out, for there is room for a certain size only: [0-9]+ outputs\.' $file
        [ "$(tail -n 1 $file | cut -c 1-12)" = '<sub>bundle ' ]
    done
    [ "$(grep -c '^<details>' comment.md)" -ge 10 ]
    # nothing fits any more
    head -c 1048000 /dev/zero > summary.md
    run --separate-stderr env GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$PWD/summary.md" mlops test fraud --suite bad-1
    [[ "$stderr" == *"the step's summary is full"* ]]
    [ "$(stat -c %s summary.md)" -eq 1048000 ]
}

# Run the pipeline of docs/ci.md for RUNNER in the project.
runs_pipeline() {
    /usr/bin/python3 "$SOURCE_ROOT/tests/cli/pipelines.py" "$SOURCE_ROOT/docs/ci.md" "$1" > pipeline.sh
    (cd p && bash ../pipeline.sh)
    [ -s p/junit.xml ]
}

@test "the pipelines of docs/ci.md for GitHub, GitLab and Jenkins work" {
    /usr/bin/python3 -c 'import yaml' || skip "no python3-yaml"
    project
    (cd p && git init -q . && git -c user.name=a -c user.email=a@b add . &&
        git -c user.name=a -c user.email=a@b commit -qm first)
    export MLOPS_REGISTRY=$PWD
    runs_pipeline gitlab
    grep -q '^auc{suite="quality"}' p/metrics.txt
    echo 'noise: 0.0' > p/params.yaml
    runs_pipeline github
    grep -q '^### ✅ fraud version 2' p/step.md
    echo 'noise: 0.00' > p/params.yaml
    runs_pipeline jenkins
    [ "$(mlops --json list | jq -r '.versions[] | select(.stages == ["staging"]) | .version')" = 3 ]
}

@test "the pipeline of docs/ci.md for the plain shell works" {
    project
    cd p
    git init -q . && git -c user.name=a -c user.email=a@b add . &&
        git -c user.name=a -c user.email=a@b commit -qm first
    awk '/^## Plain shell/ {here = 1} here && /^```$/ {exit} inside; here && /^```sh/ {inside = 1}' \
        "$SOURCE_ROOT/docs/ci.md" | sed 's/--sandbox strict//' > ../ci.sh
    grep -q 'mlops promote' ../ci.sh
    MLOPS_REGISTRY=$PWD/.. run sh ../ci.sh
    echo "$output"
    [ "$status" -eq 0 ]
    [ -s junit.xml ] && [ -s summary.md ]
    [ "$(mlops --registry .. --json list | jq -r '.versions[0].stages[0]')" = staging ]
}
