#!/usr/bin/env bats
# mlops export --all and import of what it wrote: whole histories in one file, and such files that
# somebody made to do harm.
load common
load damage
load imports

# given_history: registry `a` with two versions of fraud, evidence, a stage with a past, a policy, a
# tag and a deleted version; its history in h.tar.zst; an empty registry `b`.
given_history() {
    mkdir a b
    given_registry a
    given_registry b
    for round in 1 2 3; do
        given_project project fraud "$round"
        mlops -q -C a register "$PWD/project" >/dev/null
    done
    cat > policy.yaml <<'YAML'
stages:
  staging: {tests: all}
  production: {tests: all}
YAML
    mlops -q -C a policy set fraud "$PWD/policy.yaml" >/dev/null
    for version in 1 2; do
        mlops -q -C a test "fraud@$version" >/dev/null
        mlops -q -C a promote "fraud@$version" --to staging >/dev/null
    done
    mlops -q -C a rollback fraud --stage staging --reason 'too slow' >/dev/null
    mlops -q -C a tag fraud@1 owner=payments >/dev/null
    mlops -q -C a delete fraud@3 --reason 'by mistake' >/dev/null
    mlops -q -C a export --all "$PWD/h.tar.zst"
}

# go_on: something more happens in a; its history is in later.tar.zst.
go_on() {
    given_project project fraud 4
    mlops -q -C a register "$PWD/project" >/dev/null
    mlops -q -C a promote fraud@2 --to staging >/dev/null
    mlops -q -C a tag fraud@1 owner=fraud-team >/dev/null
    mlops -q -C a export --all "$PWD/later.tar.zst"
}

# contents FILE: what the entries of an archive say, as far as it can be read.
contents() {
    { zstd -q -dc "$1" | python3 -c '
import hashlib, sys, tarfile
archive = tarfile.open(fileobj=sys.stdin.buffer, mode="r|")
for m in archive:
    print(m.name, m.type, m.mode, hashlib.sha256(archive.extractfile(m).read()).hexdigest())'; } 2>/dev/null || true
}

# flip_what_counts FILE OFFSET BIT: ./flipped is FILE, whose contents are in ./whole, with that bit of a
# byte flipped; with the next one that changes what an entry says where it does not: some bits of zstd
# mean nothing, and some are of what fills a block of tar up.
flip_what_counts() {
    local at=$(($2 * 8 + $3))
    for ((;; at++)); do
        cp "$1" flipped
        flip flipped $((at / 8)) $((at % 8))
        contents flipped | cmp -s - whole || return 0
    done
}

# sound DIR: fsck and log --verify find nothing.
sound() {
    mlops -q -C "$1" fsck >/dev/null
    mlops -q -C "$1" log --verify >/dev/null
}

# harmful TEXT PYTHON: h.tar.zst made anew from `entries`, a list of [name, bytes] that PYTHON
# changes, with sums that fit unless it sets `sums` to False, is refused.
harmful() {
    [ -e h.tar ] || zstd -q -dc h.tar.zst > h.tar
    python3 - evil.tar "$2" <<'PYTHON'
import hashlib, io, sys, tarfile
source = tarfile.open("h.tar")
entries = [[m.name, source.extractfile(m).read()] for m in source]
sums, kind = True, {}
def find(name):
    return next(i for i, e in enumerate(entries) if e[0].endswith(name))
def change(name, old, new):
    entry = entries[find(name)]
    assert old in entry[1]
    entry[1] = entry[1].replace(old, new, 1)
exec(sys.argv[2])
if sums and entries and entries[-1][0].endswith("sums"):
    entries[-1][1] = "".join(f"{hashlib.sha256(d).hexdigest()}  {n}\n" for n, d in entries[:-1]).encode()
with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as out:
    for name, data in entries:
        info = tarfile.TarInfo(name)
        info.type = kind.get(name, tarfile.REGTYPE)
        info.size = len(data) if info.type == tarfile.REGTYPE else 0
        info.linkname = "/etc/passwd" if info.type != tarfile.REGTYPE else ""
        out.addfile(info, io.BytesIO(data))
PYTHON
    import_refused "$1" --all "$PWD/evil.tar"
}

@test "a whole history goes into an empty registry, which is then an equal one" {
    given_history
    mlops -q -C a export --all - > again.tar.zst
    cmp h.tar.zst again.tar.zst
    run --separate-stderr mlops -C b import "$PWD/h.tar.zst"
    ended 0 "2 new versions"
    sound b
    for command in log list 'log fraud --stage staging' 'show fraud@1' 'show fraud@2' 'policy show fraud'; do
        diff <(mlops -C a --json $command) <(mlops -C b --json $command)
    done
    [ "$(mlops -C b --json show fraud@1 | jq -r .tags.owner)" = payments ]
    [ "$(mlops -C b --json list --where 'params.round = 2' | jq '.versions[].version')" = 2 ]
    mlops -q -C b checkout fraud@staging "$PWD/out"
    diff <(cat out/params.yaml) <(printf 'round: 1\nrate: 0.1\n')
    mlops -q -C b export --all - | cmp h.tar.zst -
}

@test "a later history adds what is new, once" {
    given_history
    mlops -q -C b import "$PWD/h.tar.zst"
    state > before
    run --separate-stderr mlops -C b import "$PWD/h.tar.zst"
    ended 0 "nothing is new"
    state | diff before -
    go_on
    run --separate-stderr mlops -C b --json import "$PWD/later.tar.zst"
    ended 0
    [ "$(jq -c '[.present, .new_entries, .new_versions, .new_bundles]' <<<"$output")" = '[false,3,1,1]' ]
    [ "$(jq .new_bytes <<<"$output")" -lt 20000 ]
    sound b
    mlops -q -C b export --all - | cmp later.tar.zst -
    state > before
    for file in later.tar.zst h.tar.zst; do
        run --separate-stderr mlops -C b --json import "$PWD/$file"
        ended 0
        [ "$(jq -c '[.present, .new_entries, .new_bytes]' <<<"$output")" = '[true,0,0]' ]
    done
    state | diff before -
}

@test "by a pipe, where it is said that a whole history comes" {
    given_history
    run --separate-stderr mlops -C b import - < h.tar.zst
    ended 2 "--all"
    run --separate-stderr mlops -C b import --all - < h.tar.zst
    ended 0
    sound b
}

@test "another history, and one that parts, are refused, and nothing is written" {
    given_history
    mkdir c
    given_registry c
    mlops -q -C c register "$PWD/project" >/dev/null
    run --separate-stderr mlops -C c import "$PWD/h.tar.zst"
    ended 4 "has a history of its own"
    sound c
    mlops -q -C b import "$PWD/h.tar.zst"
    cp a/.mlops/log.key b/.mlops/log.key
    mlops -q -C b tag fraud@1 site=b >/dev/null
    state > before
    go_on
    run --separate-stderr mlops -C b import "$PWD/later.tar.zst"
    ended 4 "the two histories part" "entry 12"
    state | diff before -
    sound b
}

@test "the key of the log does not travel: without it the copy is read, and not written to" {
    given_history
    tar --zstd -xOf h.tar.zst | grep -a -q 'PRIVATE KEY' && return 1
    mlops -q -C b import "$PWD/h.tar.zst"
    run --separate-stderr mlops -C b tag fraud@1 site=b
    ended 5 "is not the key of this audit log"
    cp a/.mlops/log.key b/.mlops/log.key
    run --separate-stderr mlops -C b tag fraud@1 site=b
    ended 0
    sound b
}

@test "the log in the file is verified without a registry, by the key that is wanted" {
    given_history
    root=$(mlops -C a --json log --checkpoint | jq -r .root)
    key=$(mlops -C a --json log --checkpoint | jq -r .key)
    mlops -C b --json log --checkpoint | jq -r .key > other
    run --separate-stderr mlops --json log --from h.tar.zst --key "$key"
    ended 0
    [ "$(jq -r .root <<<"$output")" = "$root" ]
    run --separate-stderr mlops log --from h.tar.zst --key "$(cat other)"
    ended 5 "not by"
    state > before
    run --separate-stderr mlops -C b import "$PWD/h.tar.zst" --key "$(cat other)"
    ended 5 "not by"
    state | diff before -
    run --separate-stderr mlops -C b import "$PWD/h.tar.zst" --key "$key"
    ended 0
    mlops -C a log --checkpoint > kept.txt
    go_on
    run --separate-stderr mlops log --from later.tar.zst --since kept.txt
    ended 0 "the log is whole"
    tar --zstd -xOf h.tar.zst mlops-history/log > plain.log
    run --separate-stderr mlops log --from plain.log
    ended 0 "$root"
    tar --zstd -xf h.tar.zst
    sha256sum --quiet -c mlops-history/sha256sums
}

@test "evaluation sets stay unless they are asked for" {
    given_history
    printf 'a,y\nsecretlabel1,1\nsecretlabel2,0\n' > exam.csv
    mlops -q -C a data add fraud/exam "$PWD/exam.csv" --label y >/dev/null
    run --separate-stderr mlops -C a export --all "$PWD/without.tar.zst"
    ended 0 "without 1 evaluation set:"
    run --separate-stderr mlops -C a --json export --all --with-evaluation-sets "$PWD/with.tar.zst"
    ended 0
    [ "$(jq .withheld <<<"$output")" -eq 0 ]
    mlops -q -C b import "$PWD/without.tar.zst"
    sound b
    run --separate-stderr mlops -C b data show fraud/exam
    [ "$status" -ne 0 ]
    run --separate-stderr mlops -C b --json import "$PWD/with.tar.zst"
    ended 0
    [ "$(jq -c '[.present, .new_bundles]' <<<"$output")" = '[false,1]' ]
    sound b
    diff <(mlops -C a --json data show fraud/exam) <(mlops -C b --json data show fraud/exam)
    run --separate-stderr mlops -C b import "$PWD/without.tar.zst"
    ended 0 "nothing is new"
    mlops -q -C b data show fraud/exam
    sound b
}

@test "what was used wrongly is told" {
    given_history
    run --separate-stderr mlops -C a export --all fraud@1 x
    ended 2 "name the FILE alone"
    run --separate-stderr mlops -C a export fraud@1
    ended 2 "mlops export REF FILE"
    run --separate-stderr mlops -C a export fraud@1 x --with-evaluation-sets
    ended 2 "goes with --all"
    run --separate-stderr mlops -C b import --register "$PWD/h.tar.zst"
    ended 2 "do not go with it"
    mlops -q -C a export fraud@1 "$PWD/one.tar.zst"
    run --separate-stderr mlops -C b import --all "$PWD/one.tar.zst"
    ended 2 "must be mlops-history/format"
    run --separate-stderr mlops log --from one.tar.zst
    [ "$status" -ne 0 ]
    run --separate-stderr mlops -C a export --all "$PWD/b"
    ended 2 "is a folder"
    [ ! -e x ]
}

@test "a history that is cut off anywhere, or has a bit flipped, is refused" {
    given_history
    state > before
    size=$(stat -c %s h.tar.zst)
    for i in $(seq 0 15); do
        head -c $((size * i / 16)) h.tar.zst > cut
        import_refused "" --all "$PWD/cut"
    done
    head -c $((size - 1)) h.tar.zst > cut
    import_refused "" --all "$PWD/cut"
    contents h.tar.zst > whole
    for i in $(seq 1 20); do
        flip_what_counts h.tar.zst $((size * i / 21)) $((i % 8))
        import_refused "" --all "$PWD/flipped"
    done
    mlops -q -C b import "$PWD/h.tar.zst"
    sound b
}

@test "rows that the log does not vouch for are refused" {
    given_history
    state > before
    harmful "other sums" 'change("rows/tag", b"payments", b"payment5"); sums = False'
    harmful "" 'entries.pop(find("rows/version"))'
    harmful "" 'change("rows/version", b"sha256:", b"sha256:0")'
    harmful "" 'e = entries[find("rows/version")]; lines = e[1].split(b"\n"); e[1] = b"\n".join(lines[:1] + lines[2:])'
    harmful "" 'change("rows/stage_entry", b"tester@cli", b"mallory")'
    harmful "was changed" 'change("rows/evidence", b"passed", b"PASSED")'
    harmful "" 'entries.pop(find("rows/policy"))'
    harmful "" 'entries.pop(find("rows/trash"))'
    harmful "does not follow" 'change("history/log", b"too slow", b"too fast")'
    harmful "checkpoint" 'e = entries[find("history/log")]; e[1] = e[1].split(b"\n\n")[0] + b"\n\n"'
    harmful "is missing or not an entry" 'e = entries[find("history/log")]; e[1] = b"\n".join(e[1].split(b"\n")[1:])'
    harmful "no row of it" 'change("rows/tag", b"\"1\"", b"1")'
    harmful "no row of it" 'e = entries[find("rows/tag")]; e[1] += e[1].split(b"\n")[1] + b"\n"'
    harmful "no row of it" 'entries[find("rows/tag")][1] += b"[" * 100000 + b"\n"'
    harmful "NUL" 'entries[find("rows/tag")][1] += b"[\0]\n"'
    harmful "within a line" 'entries[find("rows/tag")][1] += b"["'
    harmful "other columns" 'change("rows/tag", b"number", b"lumber")'
}

@test "entries that no history has are refused" {
    given_history
    state > before
    harmful "does not know" 'entries.insert(find("rows/tag"), ["mlops-history/rows/sqlite_master", b"[]\n"])'
    harmful "" 'i = find("rows/tag"); entries[i], entries[i + 1] = entries[i + 1], entries[i]'
    harmful "leads out" 'entries[find(".pack")][0] = "packs/../../../evil.pack"'
    harmful "no name that a pack can have" 'entries[find(".pack")][0] = "packs/evil"'
    harmful "" 'entries[find(".pack")][0] = "packs/" + "0" * 64 + ".pack"'
    harmful "" 'entries.pop(find(".pack"))'
    harmful "" 'e = entries[find(".pack")]; e[1] = e[1][:5000] + bytes([e[1][5000] ^ 1]) + e[1][5001:]'
    harmful "" 'e = entries[find(".pack")]; e[1] = bytes(1000)'
    harmful "is no file" 'kind[entries[find(".pack")][0]] = tarfile.SYMTYPE'
    harmful "is missing" 'entries.pop()'
    harmful "after the last" 'entries.append(entries[1])'
    harmful "must be mlops-history/format" 'entries.pop(0)'
    harmful "another format" 'entries[0][1] = b"mlops history 2\n"'
    harmful "" 'entries.clear()'
    harmful "larger than it may be" 'entries[0][1] = bytes(10000000)'
    [ ! -e /evil.pack ]
}

@test "an import that is killed anywhere leaves the registry whole, and succeeds the next time" {
    given_history
    go_on
    mlops -q -C b import "$PWD/h.tar.zst"
    old=$(mlops -C b --json log --checkpoint | jq .size) new=$(mlops -C a --json log --checkpoint | jq .size)
    for i in $(seq 1 15); do
        mlops -q -C b import "$PWD/later.tar.zst" >/dev/null 2>&1 3>&- &
        sleep "0.$(printf '%03d' $((i * 6)))"
        kill -9 $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        sound b
        size=$(mlops -C b --json log --checkpoint | jq .size)
        [ "$size" -eq "$old" ] || [ "$size" -eq "$new" ]
    done
    mlops -q -C b import "$PWD/later.tar.zst"
    sound b
    [ "$(find b/.mlops/tmp -mindepth 1 | wc -l)" -eq 0 ]
    mlops -q -C b export --all - | cmp later.tar.zst -
}

@test "an empty registry, gc at the site, and files that were released travel too" {
    given_history
    mkdir c
    given_registry c
    mlops -q -C c export --all "$PWD/empty.tar.zst"
    mlops -q -C b import "$PWD/empty.tar.zst"
    sound b
    mlops -q -C a retire fraud@2 --reason old >/dev/null
    mlops -q -C a gc --grace 0s --retired-after 0s >/dev/null
    mlops -q -C a export --all "$PWD/retired.tar.zst"
    mkdir d
    given_registry d
    mlops -q -C d import "$PWD/h.tar.zst"
    mlops -q -C d import "$PWD/retired.tar.zst"
    sound d
    run --separate-stderr mlops -C d promote fraud@2 --to staging
    [ "$status" -ne 0 ]
    cp a/.mlops/log.key d/.mlops/log.key
    mlops -q -C d gc --grace 0s >/dev/null
    sound d
    run --separate-stderr mlops -C d import "$PWD/retired.tar.zst"
    ended 0 "nothing is new"
}

@test "one of a thing is told as one" {
    mkdir a
    given_registry a
    given_project project fraud 1
    mlops -q -C a register "$PWD/project" >/dev/null
    run mlops -C a export --all "$PWD/h.tar.zst"
    ended 0 "all 1 version and " " log entr"
    run mlops -C a fsck
    ended 0 "clean: 1 bundle"
    [[ "$output" != *bundles* ]]
}
