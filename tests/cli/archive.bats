#!/usr/bin/env bats
# mlops export and import: archives out and in, and archives that somebody made to do harm.
load common
load imports

# export_project: a registry `work/a` with fraud@1, exported to good.tar.zst and unpacked as
# good.tar; an empty registry `work/b`.
export_project() {
    mkdir a b
    given_registry a
    given_registry b
    given_project project
    ln -s weights.bin project/model/link
    mkdir -m 750 project/model/empty
    mlops -q -C a register "$PWD/project" >/dev/null
    mlops -q -C a export fraud@1 "$PWD/good.tar.zst"
    zstd -q -dc good.tar.zst > good.tar
    id=$(mlops -C a --json show fraud@1 | jq -r .bundle)
    state > before
}

# make FILE PYTHON: FILE is good.tar made anew from `entries`, a list of [TarInfo, bytes or None]
# that the PYTHON changes. `find(name)` is the index of an entry.
make() {
    python3 - "$1" "$2" <<'PYTHON'
import io, sys, tarfile, copy, hashlib, json
source = tarfile.open("good.tar")
entries = [[m, source.extractfile(m).read() if m.isreg() else None] for m in source]
def find(name):
    return next(i for i, e in enumerate(entries) if e[0].name == name)
def new(name, data=b"", **members):
    info = tarfile.TarInfo(name)
    info.mode, info.size = 0o644, len(data or b"")
    for key, value in members.items():
        setattr(info, key, value)
    return [info, data]
def put(name, data):
    entry = entries[find(name)]
    entry[0].size, entry[1] = len(data), data
weights = "files/model/weights.bin"
exec(sys.argv[2])
with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as out:
    for info, data in entries:
        out.addfile(info, io.BytesIO(data) if data is not None else None)
PYTHON
}

# harmful TEXT PYTHON: what `make` makes of PYTHON is refused.
harmful() {
    make evil.tar "$2"
    import_refused "$1" "$PWD/evil.tar"
}

@test "a bundle travels: the same archive twice, the same id and files elsewhere" {
    export_project
    mlops -q -C a export fraud@1 - > again.tar.zst
    cmp good.tar.zst again.tar.zst
    run --separate-stderr mlops -C b import "$PWD/good.tar.zst"
    ended 0 "imported fraud"
    [ "$output" = "$id" ]
    [ "$(mlops -C b --json list | jq '.versions | length')" -eq 0 ]
    mlops -q -C b checkout "$id" "$PWD/out"
    diff -r --no-dereference project out
    [ "$(stat -c %a out/model/empty)" = 750 ]
    mlops -q -C b export "$id" - | cmp good.tar.zst -
}

@test "import registers where it is asked to, and register takes an archive" {
    export_project
    run --separate-stderr mlops -C b import --register "$PWD/good.tar.zst"
    ended 0
    [ "$output" = "$id"$'\n'"fraud@1" ]
    run --separate-stderr mlops -C b --json register "$PWD/good.tar.zst"
    ended 0
    [ "$(jq -c '[.model, .version, .bundle, .created]' <<<"$output")" = "[\"fraud\",1,\"$id\",false]" ]
}

@test "the JSON of export and import" {
    export_project
    run --separate-stderr mlops -C a --json export fraud@1 "$PWD/x"
    ended 0
    [ "$(jq -r .bundle <<<"$output")" = "$id" ]
    [ "$(jq -r .archive_bytes <<<"$output")" = "$(stat -c %s x)" ]
    [ "$(jq -r .version <<<"$output")" = 1 ]
    run --separate-stderr mlops -C b --json import "$PWD/x"
    ended 0
    [ "$(jq -r .bundle <<<"$output")" = "$id" ]
    [ "$(jq -r .files <<<"$output")" -eq "$(find project -type f | wc -l)" ]
    [ "$(jq -r '.new_bytes > 0 and .seconds >= 0 and .bytes > 0' <<<"$output")" = true ]
}

@test "export refuses a terminal, JSON beside the archive, a folder; and leaves nothing" {
    export_project
    run on_terminal mlops -C a export fraud@1 -
    ended 2 "standard output is a terminal"
    run --separate-stderr mlops -C a --json export fraud@1 -
    ended 2 "both the archive and the JSON document"
    run --separate-stderr mlops -C a export fraud@1 "$PWD/b"
    ended 2 "is a folder"
    run --separate-stderr mlops -C a export fraud@1 "$PWD/no/x"
    ended 3 "there is no folder"
    run --separate-stderr mlops -C a export fraud@9 "$PWD/x"
    ended 3
    run --separate-stderr mlops -C a export fraud@1 /dev/full
    ended 6 "No space left"
    [ -z "$(find . -name '*.tmp' -o -name x)" ]
}

@test "the same entries written by other programs and packed in other ways are the same bundle" {
    export_project
    make same.tar pass
    for file in same.tar good.tar; do
        [ "$(mlops -q -C b import "$PWD/$file")" = "$id" ]
        [ "$(gzip -c $file | mlops -q -C b import -)" = "$id" ]
        [ "$(zstd -q -19 -c $file | mlops -q -C b import -)" = "$id" ]
    done
    make owners.tar 'for e in entries: e[0].mtime, e[0].uid, e[0].uname = 1e9 + 0.5, 1000, "eve"'
    [ "$(mlops -q -C b import "$PWD/owners.tar")" = "$id" ]
}

@test "paths, devices and links that no bundle has are refused" {
    export_project
    harmful "'/etc/evil' leads out" 'entries.append(new("/etc/evil", b"x"))'
    harmful "leads out" 'entries[find(weights)][0].name = "files/../../evil"'
    harmful "leads out" 'entries.append(new(".."))'
    harmful "leads out" 'entries.insert(0, new("../evil", b"x"))'
    harmful "neither file, folder nor link" \
        'entries.append(new("files/null", None, type=tarfile.CHRTYPE, devmajor=1, devminor=3))'
    harmful "neither file, folder nor link" \
        'entries[find(weights)] = new(weights, None, type=tarfile.BLKTYPE)'
    harmful "neither file, folder nor link" \
        'entries[find(weights)] = new(weights, None, type=tarfile.FIFOTYPE)'
    harmful "is a hard link" \
        'entries[find(weights)] = new(weights, None, type=tarfile.LNKTYPE, linkname="/etc/passwd")'
    harmful "leads elsewhere" 'entries[find("files/model/link")][0].linkname = "/etc/passwd"'
    harmful "leads elsewhere" 'entries[find("files/model/link")][0].linkname = "../../../x"'
    harmful "of another kind" \
        'entries[find(weights)] = new(weights, None, type=tarfile.SYMTYPE, linkname="/etc/passwd")'
    harmful "of another kind" \
        'entries[find("files/model")] = new("files/model", None, type=tarfile.SYMTYPE, linkname="/tmp")'
    harmful "not plain text" 'entries.append(new("files/\x1b[2Jevil", b"x"))'
    harmful "too long" 'entries.append(new("files/" + "a/" * 5000 + "b", b"x"))'
    [ ! -e /etc/evil ]
}

@test "entries that are missing, doubled, out of order or too many are refused" {
    export_project
    harmful "'$(printf files/params.yaml)' is missing" 'del entries[find("files/params.yaml")]'
    harmful "is missing" 'del entries[-1]'
    harmful "twice" 'entries.insert(find(weights) + 1, entries[find(weights)])'
    harmful "twice" 'entries.append(entries[-1])'
    harmful "is missing" 'i = find(weights); entries[i], entries[i - 1] = entries[i - 1], entries[i]'
    harmful "not in its manifest" 'entries.append(new("files/zzz", b"x"))'
    harmful "not in its manifest" 'entries.append(new("mlops-bundle/extra", b"x"))'
    harmful "not in its manifest" 'entries.insert(2, new("files/aaa", b"x"))'
    harmful "must be mlops-bundle/manifest.json" 'del entries[0]'
    harmful "must be mlops-bundle/manifest.json" 'entries.append(entries.pop(0))'
    harmful "not in its manifest" 'entries.insert(1, entries[0])'
    harmful "not in its manifest" 'del entries[1]; entries.insert(1, new("mlops-bundle/profiles/" + "0" * 64, b"x"))'
    harmful "is missing" 'del entries[1:]'
    harmful "" 'entries.clear()'
    cat good.tar good.tar > twice.tar
    import_refused "not in its manifest" "$PWD/twice.tar"
    cat good.tar.zst good.tar.zst > twice.tar.zst
    import_refused "not in its manifest" "$PWD/twice.tar.zst"
    (cat good.tar; echo rubbish behind the end) > rubbish.tar
    import_refused "damaged" "$PWD/rubbish.tar"
    (cat good.tar; head -c 2000 /dev/urandom) > rubbish.tar
    import_refused "damaged" "$PWD/rubbish.tar"
}

@test "content, sizes, permissions and profiles other than the manifest says are refused" {
    export_project
    harmful "does not have the digest" 'put(weights, entries[find(weights)][1][::-1])'
    harmful "of another size" 'put(weights, entries[find(weights)][1] + b"x")'
    harmful "of another size" 'put(weights, b"")'
    harmful "other permissions" 'entries[find(weights)][0].mode = 0o755'
    harmful "other permissions" 'entries[find(weights)][0].mode = 0o4644'
    harmful "other permissions" 'entries[find("files/model/empty")][0].mode = 0o777'
    harmful "does not have the digest that its name says" \
        'put(entries[1][0].name, entries[1][1] + b"x")'
    # a profile that is none, under its true digest
    harmful "profile" '
text = entries[0][1].decode()
old = json.loads(text)["data"]["train"]["profile"]
digest = hashlib.sha256(b"not a profile").hexdigest()
put(entries[0][0].name, text.replace(old, digest).encode())
entries[1] = new("mlops-bundle/profiles/" + digest, b"not a profile")'
    harmful "other rows" '
text = entries[0][1].decode()
put(entries[0][0].name, text.replace("\"rows\":200", "\"rows\":201").encode())'
}

@test "manifests that are wrong are refused" {
    export_project
    local edit='put(entries[0][0].name, entries[0][1].decode()'
    harmful "manifest" 'put(entries[0][0].name, b"")'
    harmful "manifest" 'put(entries[0][0].name, b"{}")'
    harmful "manifest" 'put(entries[0][0].name, b"[" * 100000)'
    harmful "canonical" "$edit.replace(':', ': ', 1).encode())"
    harmful "leads out of the project, to '/etc/passwd'" \
        "$edit.replace('\"target\":\"weights.bin\"', '\"target\":\"/etc/passwd\"').encode())"
    harmful "an unsafe path '../params.yaml'" \
        "$edit.replace('\"path\":\"params.yaml\",\"sha', '\"path\":\"../params.yaml\",\"sha').encode())"
    harmful "more than 8388608 values" 'put(entries[0][0].name, b"[" + b"1," * 10_000_000 + b"1]")'
    harmful "of another kind" 'entries[0] = new("mlops-bundle/manifest.json", None, type=tarfile.DIRTYPE)'
}

@test "an archive that is cut off anywhere is refused" {
    export_project
    local size at
    size=$(stat -c %s good.tar.zst)
    for at in 0 1 3 4 10 100 $((size / 4)) $((size / 2)) $((size * 3 / 4)) $((size - 4)) $((size - 1)); do
        head -c "$at" good.tar.zst > cut
        import_refused "" "$PWD/cut"
    done
    size=$(stat -c %s good.tar)
    for at in 1 511 512 513 1024 $((size / 3)) $((size / 2)) $((size - 4096)); do
        head -c "$at" good.tar > cut
        import_refused "" "$PWD/cut"
    done
    gzip -c good.tar > good.tar.gz
    head -c 3000 good.tar.gz > cut
    import_refused "" "$PWD/cut"
}

@test "bombs are refused before they fill memory or disk" {
    export_project
    # a manifest of 250 MB of blanks in a few KB
    make bomb.tar 'put(entries[0][0].name, b" " * 250_000_000)'
    zstd -q --rm bomb.tar
    [ "$(stat -c %s bomb.tar.zst)" -lt 100000 ]
    import_refused "decompresses to more than 1000 times" "$PWD/bomb.tar.zst"
    # 2 GB of zeros behind the end
    (cat good.tar; head -c 2000000000 /dev/zero) | zstd -q > bomb.tar.zst
    import_refused "decompresses to more than 1000 times" "$PWD/bomb.tar.zst"
    # in the place of a file
    (head -c 512 good.tar; head -c 2000000000 /dev/zero) | zstd -q > bomb.tar.zst
    import_refused "" "$PWD/bomb.tar.zst"
    # layers
    zstd -q -c good.tar.zst > layers
    import_refused "compressed more than once" "$PWD/layers"
    gzip -c good.tar.zst > layers
    import_refused "compressed more than once" "$PWD/layers"
    # headers before an entry without end
    python3 - <<'PYTHON'
import tarfile
info = tarfile.TarInfo("././@LongLink")
info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2
block = info.tobuf(tarfile.GNU_FORMAT) + b"a\0".ljust(512, b"\0")
open("headers.tar", "wb").write(block * 50000)
PYTHON
    import_refused "" "$PWD/headers.tar"
}

@test "a file with holes is refused" {
    export_project
    mkdir -p files/model
    truncate -s 1M files/model/weights.bin
    echo x >> files/model/weights.bin
    tar --format=gnu -S -cf sparse.tar files/model/weights.bin
    python3 - <<'PYTHON'
import tarfile
at = next(m.offset for m in tarfile.open("good.tar") if m.name == "files/model/weights.bin")
open("evil.tar", "wb").write(open("good.tar", "rb").read()[:at] + open("sparse.tar", "rb").read())
PYTHON
    import_refused "is a file with holes" "$PWD/evil.tar"
}

@test "what is no archive is refused with what to do" {
    export_project
    : > empty
    import_refused "is not an archive of a bundle" "$PWD/empty"
    echo "model: fraud" > text
    import_refused "is not an archive of a bundle" "$PWD/text"
    import_refused "is a folder" "$PWD/project"
    tar cf plain.tar project
    import_refused "must be mlops-bundle/manifest.json" "$PWD/plain.tar"
    (cd project && zip -qr ../x.zip . 2>/dev/null) || printf 'PK\003\004' > x.zip
    import_refused "is not an archive of a bundle" "$PWD/x.zip"
    run mlops -C b import "$PWD/nothing"
    ended 3 "No such file"
    run mlops -C b register "$PWD/text"
    ended 2 "is not an archive of a bundle"
}
