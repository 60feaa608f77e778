#!/usr/bin/env bats
# A registry whose objects lie in a bucket of a real server; run under with_server.
load common
load ../cli/damage

@test "a wrong secret is refused, and what was asked is not made" {
    AWS_SECRET_ACCESS_KEY=wrong run mlops init --objects s3://models/x
    ended 6 SignatureDoesNotMatch AWS_SECRET_ACCESS_KEY
    [ ! -e .mlops ]
    run mlops list
    ended 3
}

@test "a life on S3: package, register, test, scan, promote, check, collect, lay out" {
    registry
    given_project p fraud 1
    mlops -q register p
    mlops -q test fraud@1
    mlops -q promote fraud@1 --to staging
    given_project p fraud 2
    mlops -q register p
    mlops -q checkout fraud@1 one
    mlops -q checkout fraud@2 two
    diff -r p/model two/model
    [ "$(cat one/model/weights.bin)" = "weights of fraud, round 1" ]
    mlops -q fsck
    mlops --json stats | jq -e '.bundles == 2 and .stored_bytes > 0'
    [ "$(mlops --json stats | jq .stored_bytes)" = "$(cat "$packs"/*.pack | wc -c)" ]
    mlops -q export fraud@2 two.tar
    mlops log --verify
    mlops --json drift fraud@2 --current p/data/train.csv | jq -e '.drift == false'
}

@test "another machine that joins sees what is there, and shares chunks" {
    registry
    project p 1 20000000
    mlops -q export "$(mlops -q package p)" p.tar
    before=$(cat "$packs"/*.pack | wc -c)
    mkdir ../there
    cd ../there
    mlops -q init --objects "s3://models/$prefix"
    mlops -q import ../work/p.tar
    after=$(cat "$packs"/*.pack | wc -c)
    [ "$((after - before))" -lt 100000 ]
    mlops -q register fraud 2>/dev/null || mlops -q register ../work/p
    mlops -q checkout fraud@1 out
    cmp ../work/p/model/weights.bin out/model/weights.bin
}

@test "the second version uploads only what is new" {
    registry
    project p 1 20000000
    mlops -q register p
    first=$(cat "$packs"/*.pack | wc -c)
    printf 'changed' | dd of=p/model/weights.bin bs=1 seek=10000000 conv=notrunc status=none
    mlops -q register p
    second=$(cat "$packs"/*.pack | wc -c)
    [ "$((second - first))" -lt 600000 ]
    mlops -q checkout fraud@2 out
    cmp p/model/weights.bin out/model/weights.bin
}

@test "few requests: one list and one upload for a package, none for what needs no object" {
    registry
    project p 1
    given_proxy
    bundle=$(mlops -q package p)
    [ "$(requests GET list-type=2)" -eq 1 ]
    [ "$(requests PUT 'packs/[^?]*$')" -le 2 ]
    [ "$(requests GET 'packs/[^?]*$')" -eq 0 ]
    forget
    mlops -q register "$bundle"
    mlops -q list
    mlops -q log
    [ "$(requests . .)" -eq 0 ]
    rm -rf .mlops/objects/cache
    forget
    mlops -q checkout fraud@1 out
    [ "$(requests GET list-type=2)" -le 2 ]
    [ "$(requests GET 'packs/[^?]*$')" -ge 1 ]
    [ "$(requests GET 'packs/[^?]*$')" -le 4 ]
    forget
    mlops -q checkout fraud@1 again
    [ "$(requests GET 'packs/[^?]*$')" -eq 0 ]
    end_proxy
}

@test "no byte of a pack is fetched twice, though its end comes with its index" {
    registry
    project p 1 9000000
    mlops -q register p
    rm -rf .mlops/objects/cache
    given_proxy
    mlops -q checkout fraud@1 out
    end_proxy
    fetched=$(awk '$1 == "GET" && $5 ~ "packs/[^?]*$" { n += $3 } END { print n + 0 }' ../bytes)
    [ "$fetched" -eq "$(cat "$packs"/*.pack | wc -c)" ]
    cmp p/model/weights.bin out/model/weights.bin
}

@test "without the network what needs no object works, and the rest says so" {
    registry
    given_project p
    mlops -q register p
    mlops -q test fraud@1
    export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=2
    mlops -q list
    mlops -q show fraud@1
    mlops -q log --verify
    run mlops checkout fraud@1 out
    ended 6 http://127.0.0.1:1 "tried 2 times"
    [ ! -e out ]
    given_project p fraud 2
    run mlops package p
    ended 6
}

@test "gc removes what nobody needs, from the bucket too" {
    registry
    project p 1
    mlops -q register p
    kept=$(ls "$packs")
    project p 2
    mlops -q package p
    [ "$(ls "$packs" | wc -l)" -gt "$(wc -l <<<"$kept")" ]
    run mlops --json gc --grace 0
    [ "$(jq .dropped_bundles <<<"$output")" -eq 1 ]
    [ "$(ls "$packs")" = "$kept" ]
    mlops -q fsck
    mlops -q checkout fraud@1 out
}

@test "damage in the bucket is found by fsck whatever is in the cache, and repaired" {
    registry
    project p 1
    mlops -q register p
    pack=$(ls -S "$packs"/*.pack | head -n 1)
    flip "$pack" 100000
    run mlops fsck
    ended 5 "$(basename "$pack" | cut -c 1-16)"
    run mlops fsck --repair p
    ended 0
    mlops -q fsck
    [ -e "$S3_DATA/models/$prefix/damaged/$(basename "$pack")" ]
    mlops -q checkout fraud@1 out
    cmp p/model/weights.bin out/model/weights.bin
}

@test "damage in the cache harms nobody" {
    registry
    project p 1 9000000
    mlops -q register p
    for file in .mlops/objects/cache/*; do
        flip "$file" 100000
    done
    mlops -q checkout fraud@1 out
    cmp p/model/weights.bin out/model/weights.bin
    rm -rf .mlops/objects/cache
    mlops -q checkout fraud@1 again
    for file in .mlops/objects/cache/*; do
        truncate -s 50 "$file"
    done
    mlops -q checkout fraud@1 once-more
    cmp p/model/weights.bin once-more/model/weights.bin
    mlops -q fsck
}

@test "damage in the cache is not carried to another registry, nor is damage in the bucket" {
    registry
    project p 1 9000000
    mlops -q register p
    mlops -q checkout fraud@1 out # so that the cache has what is carried
    for file in .mlops/objects/cache/*; do
        flip "$file" 100000
    done
    mlops -q init ../other
    mlops -q push fraud@1 ../other
    mlops -q -C ../other fsck
    mlops -q -C ../other checkout fraud@1 ../other-out
    cmp p/model/weights.bin ../other-out/model/weights.bin
    pack=$(ls -S "$packs"/*.pack | head -n 1)
    flip "$pack" 100000
    rm -rf .mlops/objects/cache
    mlops -q init ../third
    run mlops push fraud@1 ../third
    ended 5 "pack $(basename "$pack") is damaged at byte"
    [ "$(mlops --json -C ../third list | jq '.versions | length')" -eq 0 ]
    mlops -q -C ../third fsck
}

@test "the cache keeps to its size, and many processes share it" {
    registry cache=20M
    for i in 1 2 3; do
        project p "$i" 15000000
        mlops -q register p
    done
    for i in 1 2 3 1 2 3; do
        mlops -q checkout "fraud@$i" "out-$i-$RANDOM" &
    done
    wait
    for folder in out-*; do
        [ "$(stat -c %s "$folder/model/weights.bin")" -eq 15000000 ]
    done
    cmp p/model/weights.bin "$(ls -d out-3-* | head -n 1)/model/weights.bin"
    [ "$(du -sb .mlops/objects/cache | cut -f 1)" -lt 26000000 ]
}

@test "keys come from a profile, and one that the address names goes before the environment" {
    mkdir -p "$HOME/.aws"
    printf '[work]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
        "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" > "$HOME/.aws/credentials"
    printf '[profile work]\nendpoint_url = %s\nregion = us-east-1\n' \
        "$AWS_ENDPOINT_URL_S3" > "$HOME/.aws/config"
    export AWS_SECRET_ACCESS_KEY=wrong
    registry profile=work
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_S3 AWS_REGION
    given_project p
    AWS_PROFILE=work mlops -q register p
    run mlops init --objects s3://models/other ../elsewhere
    ended 6 "no credentials"
}

@test "addresses that are none are refused with what is wrong" {
    run mlops init --objects http://x/y
    ended 2 s3://
    run mlops init --objects s3://A/x
    ended 2 "not the name of a bucket"
    run mlops init --objects 's3://models/x?secret=hunter2'
    ended 2 "'secret' is not a setting" credentials
    [[ "$output" != *hunter2* ]]
    run mlops init --objects 's3://models/x?endpoint=http://user:hunter2@host'
    ended 2 endpoint
    [[ "$output" != *hunter2* ]]
    [ ! -e .mlops ]
}

@test "the secret is nowhere: not in messages, JSON, files, the log or the process list" {
    registry
    project p 1 60000000
    {
        mlops -v register p &
        while kill -0 $! 2>/dev/null; do
            cat /proc/$!/cmdline /proc/$!/task/*/comm 2>/dev/null || true
        done
        mlops -v --json test fraud@1 || true
        mlops -v --json show fraud@1 || true
        mlops --json log || true
        mlops log
        mlops -v --json fsck || true
        AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY." mlops -v --json fsck || true
        AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 mlops -v --json fsck || true
        AWS_SESSION_TOKEN=a-token-of-a-session mlops -v --json fsck || true
    } > ../said 2>&1
    grep -q SignatureDoesNotMatch ../said # it did say something
    # in no command line either: tests/shared/secrets.bats looks at those of all processes
    printf '%s\n' "$AWS_SECRET_ACCESS_KEY" a-token-of-a-session > ../secrets
    ! grep -rF -f ../secrets ../said .mlops p "$S3_DATA"
    printf %s "$AWS_SECRET_ACCESS_KEY" | base64 > ../secrets
    ! grep -rF -f ../secrets ../said .mlops
}

@test "data in a bucket is fetched by its address, and must be what was declared" {
    mlops -q init .
    mkdir p
    seq 1400000 | sed '1i n' > "$S3_DATA/models/numbers.csv" # more than one request
    cat > p/mlops.yaml <<YAML
model: numbers
data:
  all: {path: n.csv, copy: false, url: "s3://models/numbers.csv", digest: "sha256:$(sha256sum < "$S3_DATA/models/numbers.csv" | cut -d ' ' -f 1)", size: $(stat -c %s "$S3_DATA/models/numbers.csv")}
YAML
    mlops -q package p --verify-external --register
    mlops --json show numbers | jq -e '.manifest.data.all | .rows == 1400000 and .url == "s3://models/numbers.csv"'
    mlops -q checkout numbers out --fetch
    cmp "$S3_DATA/models/numbers.csv" out/n.csv
    sed -i 's/^7$/8/' "$S3_DATA/models/numbers.csv"
    run mlops checkout numbers again --fetch
    ended 5 "fetch s3://models/numbers.csv: it has sha256"
    [ ! -e again/n.csv ]
    rm "$S3_DATA/models/numbers.csv"
    run mlops checkout numbers third --fetch
    ended 3 "s3://models/numbers.csv is not there"
}

# between COMMAND…: run it with a proxy before the server; $up and $down are the bytes that passed it.
between() {
    local server proxy code=0
    given_proxy
    "$@" || code=$?
    end_proxy
    up=$(awk '{ n += $2 } END { print n + 0 }' ../bytes)
    down=$(awk '{ n += $3 } END { print n + 0 }' ../bytes)
    echo "$*: $up bytes up, $down down"
    return "$code"
}

# Where chunks end is up to the random bytes. In 10,000 draws 5.0 to 7.0 % were new; this fails from
# 7.4 % on, with what a pull fetches of the other pack: about one draw in 100,000.
@test "of a version that differs by 5 % at most 8 % pass the wire, up and down" {
    size=20000000
    few=$((size * 8 / 100))
    registry
    project p 1 "$size"
    between mlops -q register p
    [ "$up" -gt "$size" ]
    head -c $((size / 20)) /dev/urandom | dd of=p/model/weights.bin bs=1000 seek=7000 conv=notrunc status=none
    between mlops -q register p
    [ "$up" -gt $((size / 20)) ] && [ "$up" -lt "$few" ] && [ "$down" -lt "$few" ]

    # laid out where the first version was before; the end of the second's pack came with that one
    rm -rf .mlops/objects/cache
    between mlops -q checkout fraud@1 one
    [ "$down" -gt "$size" ]
    first=$down
    between mlops -q checkout fraud@2 two
    [ $((first + down)) -gt $((size + size / 20)) ] && [ "$down" -lt "$few" ]
    cmp p/model/weights.bin two/model/weights.bin

    # pulled into a registry that has the first
    mkdir ../other
    mlops -q -C ../other init
    mlops -q push fraud@1 ../other
    rm -rf .mlops/objects/cache
    between mlops -q -C ../other pull "$PWD" fraud@2
    [ "$down" -gt $((size / 20)) ] && [ "$down" -lt "$few" ]
    mlops -q -C ../other checkout fraud@2 out
    cmp p/model/weights.bin ../other/out/model/weights.bin

    # and pushed from there into one in the bucket
    mkdir ../third
    mlops -q -C ../third init --objects "s3://models/$prefix-third"
    between mlops -q -C ../other push fraud@1 "$PWD/../third"
    [ "$up" -gt "$size" ]
    between mlops -q -C ../other push fraud@2 "$PWD/../third"
    [ "$up" -gt $((size / 20)) ] && [ "$up" -lt "$few" ] && [ "$down" -lt "$few" ]
}
