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
    run mlops verify ./m --signature none.sig --key default
    [ "$status" -eq 3 ]
}
