#!/usr/bin/env bats
# Keys, whom to trust, signatures of versions and of folders.
load session

setup() {
    session
    export MLOPS_KEYS=$PWD/keys
}

@test "a key is made once, with a passphrase from the environment" {
    run --separate-stderr env MLOPS_PASSPHRASE=secret mlops key generate ana
    [ "$status" -eq 0 ]
    [[ "$output" =~ ^[0-9a-f]{64}$ ]]
    grep -q 'BEGIN ENCRYPTED PRIVATE KEY' keys/ana.key
    [ "$(stat -c %a keys/ana.key)" = 600 ]
    [ "$(mlops --json key show ana | jq -r .fingerprint)" = "$output" ]
    [ "$(mlops key show ana | sha256sum | cut -c1-64)" = "$output" ]
    openssl pkey -in keys/ana.key -passin pass:secret -pubout | cmp - keys/ana.pub
    run mlops key generate ana --no-passphrase
    [ "$status" -eq 4 ]
    run mlops key generate 'a/b' --no-passphrase
    [ "$status" -eq 2 ]
    run mlops key generat
    [ "$status" -eq 2 ]
    [[ "$output" == *"did you mean 'mlops key generate'?"* ]]
    run bash -c 'mlops key generate other </dev/null'
    [ "$status" -eq 2 ]
}

@test "a version is signed, and verified by whom the registry trusts" {
    registered
    MLOPS_PASSPHRASE=secret mlops -q key generate ana
    run mlops verify fraud@1
    [ "$status" -eq 5 ]
    [ "$output" = "fraud@1 is not signed" ]
    run env MLOPS_PASSPHRASE=wrong mlops sign fraud@1
    [ "$status" -eq 5 ]
    [[ "$output" == *"the passphrase does not open"* ]]
    MLOPS_PASSPHRASE=secret mlops sign fraud@1 -o model.sig
    run mlops verify fraud@1
    [ "$status" -eq 5 ]
    [[ "$output" == *"is not trusted by this registry"* ]]
    mlops -q trust add ana --role author --owner ana@example.com
    run mlops verify fraud@1
    [ "$status" -eq 0 ]
    [[ "$output" == *"ana@example.com (author)"* ]]
    mlops -q checkout fraud@1 out
    run mlops verify ./out --signature model.sig
    [ "$status" -eq 0 ]
    echo changed >> out/model/weights.bin
    run mlops verify ./out --signature model.sig
    [ "$status" -eq 5 ]
    [[ "$output" == *"changed: model/weights.bin"* ]]
    mlops -q trust remove ana@example.com --reason 'laptop stolen'
    run mlops verify fraud@1
    [ "$status" -eq 5 ]
    [[ "$output" == *"of ana@example.com was revoked at "* ]]
    mlops log --verify
}

@test "the last releaser's word is not given away by adding the key again" {
    registered
    mlops -q key generate --no-passphrase
    mlops -q trust add --role releaser --role author --owner ana
    run mlops trust add --role author --owner ana
    ended 1 "the key of ana is the last of a releaser" "trust another releaser first"
    run mlops trust add --role releaser --owner ana --expires 2020-01-01
    ended 2 "the key would have ended before it is trusted"
    run mlops trust add --role releaser --owner ana --expires 2120-01-01
    ended 0 "this is the last releaser's key"
    mlops -q key generate --no-passphrase bob
    mlops -q trust add bob --role releaser --owner bob
    run mlops trust add --role author --owner ana --key bob
    ended 0 "trusts now the key" "(author)"
}

@test "a signature is of its own version alone" {
    registered
    mlops -q key generate --no-passphrase
    mlops -q trust add --role author
    mlops -q sign fraud@1
    echo other > p/params.yaml.new && mv p/params.yaml.new p/params.yaml
    printf 'noise: 0\nfeatures: [amount]\n' > p/params.yaml
    mlops -q register p
    run mlops verify fraud@2
    [ "$status" -eq 5 ]
    # the evidence of the one put under the other, by somebody with an editor
    bundle=$(mlops --json show fraud@2 | jq -r .bundle)
    sqlite3 .mlops/registry.db "UPDATE evidence SET bundle = '$bundle'"
    run mlops verify fraud@2
    [ "$status" -eq 5 ]
    [[ "$output" == *"the signature is of another bundle"* ]]
    run mlops log --verify
    [ "$status" -eq 5 ]
}

@test "a folder is signed, and what is not covered is told" {
    mkdir -p m/empty
    echo weights > m/weights
    mlops -q key generate --no-passphrase
    mlops sign ./m
    run mlops verify ./m --key default
    [ "$status" -eq 0 ]
    [[ "$output" == *"empty: an empty folder, which no signature covers"* ]]
    run mlops --json verify ./m --key default
    [ "$(jq -r '.valid, .signers[0].valid' <<<"$(grep '^{' <<<"$output")" | xargs)" = "true true" ]
    echo > m/extra
    run mlops verify ./m --key default
    [ "$status" -eq 5 ]
    [[ "$output" == *"not signed: extra"* ]]
    rm m/extra
    ln -s weights m/link
    run mlops verify ./m --key default
    [ "$status" -eq 2 ]
    head -c 100 m/model.sig > cut.sig
    run mlops verify ./m --signature cut.sig --key default
    [ "$status" -eq 2 ]
    echo '[1]' > list.sig
    run mlops verify ./m --signature list.sig --key default
    [ "$status" -eq 2 ]
    [[ "$output" == *"the signature is no JSON object"* ]]
    run mlops verify ./m --signature none.sig --key default
    [ "$status" -eq 3 ]
}

@test "an archive is verified where it lies, and nothing of it is kept" {
    registered
    mlops -q key generate --no-passphrase
    mlops trust add --role author
    mlops export fraud@1 fraud.tar.zst
    before=$(find . -type f | sort)
    run mlops verify fraud.tar.zst
    ended 5 "fraud.tar.zst is not signed"
    mlops sign fraud@1
    run mlops verify fraud.tar.zst # by what the registry has recorded
    ended 0 "fraud.tar.zst is signed"
    mlops sign fraud.tar.zst
    run mlops verify ./fraud.tar.zst --key default
    ended 0 "mlops-bundle/manifest.json: not covered: compare its id, $(mlops --json show fraud@1 | jq -r .bundle)"
    [ "$(find . -type f -not -path './reg/*' -not -path './.mlops/*' -newer fraud.tar.zst -name '*.zst*' | wc -l)" -le 1 ]
    # the signature is of the files, as one of a folder: it holds beside a checkout, too
    mlops checkout fraud@1 out
    run mlops verify ./out --signature fraud.tar.zst.sig --key default
    ended 0
    # outside of any registry
    mkdir away && cp fraud.tar.zst fraud.tar.zst.sig away
    cd away
    run env -u MLOPS_REGISTRY mlops verify fraud.tar.zst --key default
    ended 0 "is signed"
    run mlops verify fraud.tar.zst --signature none.sig --key default
    ended 3 "none.sig"
}

@test "an archive or a folder that is not there is called so, with a registry and without" {
    registered
    for path in missing.tar.zst ./missing.tar.zst ./missing; do
        run mlops verify "$path"
        ended 3 "there is no file or folder '$path'"
        [[ "$output" != *model* && "$output" != *hint* ]]
    done
    for command in sign scan; do
        run mlops "$command" missing.tar.zst
        ended 3 "there is no file or folder 'missing.tar.zst'"
        [[ "$output" != *model* && "$output" != *hint* ]]
    done
    run mlops --registry nowhere verify missing.tar.zst
    ended 3 "there is no file or folder 'missing.tar.zst'"
    run mlops verify missing
    ended 3 "no model called 'missing'"
}

@test "an archive that was changed, cut off or signed by others is refused" {
    registered
    mlops -q key generate --no-passphrase
    mlops -q key generate other --no-passphrase
    mlops export fraud@1 fraud.tar.zst
    mlops sign fraud.tar.zst --key other
    run mlops verify fraud.tar.zst --key default
    ended 5 "signed by the key"
    mlops sign fraud.tar.zst --key default
    zstd -dq fraud.tar.zst -o plain.tar
    cp fraud.tar.zst.sig plain.tar.sig
    run mlops verify plain.tar --key default # the same entries, otherwise compressed
    ended 0
    size=$(stat -c %s fraud.tar.zst)
    for part in 3 2; do
        head -c $((size / part)) fraud.tar.zst > cut.tar.zst
        cp fraud.tar.zst.sig cut.tar.zst.sig
        run mlops verify cut.tar.zst --key default
        [ "$status" -eq 5 ] || [ "$status" -eq 2 ]
    done
    LC_ALL=C sed 's/weights$/weightz/' plain.tar > changed.tar
    cp fraud.tar.zst.sig changed.tar.sig
    run mlops verify changed.tar --key default
    ended 5 "files/model/weights.bin" "does not have the digest that its manifest says"
    # another version under the signature of this one
    sed -i 's/0.9/0.8/' p/metrics.json
    mlops register p
    mlops export fraud@2 second.tar.zst
    cp fraud.tar.zst.sig second.tar.zst.sig
    run mlops verify second.tar.zst --key default
    ended 5 "metrics.json"
    echo "no archive" > text.tar.zst
    cp fraud.tar.zst.sig text.tar.zst.sig
    run mlops verify text.tar.zst --key default
    ended 2
    run mlops sign text.tar.zst
    ended 2
}

@test "keys are listed, on every curve, and what they sign verifies" {
    mkdir m && echo weights > m/weights
    for curve in p256 p384 p521; do
        mlops -q key generate "on-$curve" --algorithm "$curve" --no-passphrase
        mlops key show "on-$curve" > "$curve.pub"
        openssl pkey -pubin -in "$curve.pub" -noout -text | grep -q "${curve#p} bit"
        [ "$(sha256sum < "$curve.pub" | cut -d ' ' -f 1)" = "$(mlops --json key show "on-$curve" | jq -r .fingerprint)" ]
        mlops -q sign ./m --key "on-$curve"
        run mlops verify ./m --key "$curve.pub"
        ended 0
    done
    run mlops --json key list
    jq -e '[.keys[] | [.name, .algorithm]] | sort == [["on-p256", "p256"], ["on-p384", "p384"], ["on-p521", "p521"]]' <<<"$output"
    run mlops key list
    ended 0 on-p256 on-p384 on-p521
    run mlops key generate on-p256 --no-passphrase
    ended 4
    run mlops key generate rsa --algorithm rsa
    ended 2
}
