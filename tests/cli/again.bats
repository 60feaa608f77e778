#!/usr/bin/env bats
# Packaging a folder again: what did not change is not read, and what did is never missed.
load session

setup() {
    session
    registered
    # so old that a change cannot hide within a tick of the clock
    settle
}

# settle: wait until no file of ./p was touched within the tick of a file system's clock.
settle() {
    sleep 0.15
    mlops -q package p > first
}

# opened FILE…: which of them does packaging ./p open?
opened() {
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o trace mlops -q package p > second
    for file; do
        # by a path, or by its name in a folder that is open
        ! grep -qE "[/\"]${file//./\\.}\"" trace || echo "$file"
    done
}

@test "an unchanged folder is not read again" {
    [ -z "$(opened weights.bin train.csv params.yaml score.sh metrics.json)" ]
    diff first second
}

@test "of a changed folder only the changed file is read" {
    echo more >> p/model/weights.bin
    [ "$(opened weights.bin train.csv score.sh)" = weights.bin ]
    ! diff first second || false
    mlops -q register p
    mlops -q checkout fraud@2 out
    diff -r p out
}

@test "a snapshot is not profiled again while its data is the same" {
    echo 'noise: 1' > p/params.yaml
    [ -z "$(opened train.csv)" ]
    mlops --json show "$(cat second)" > show.json
    mlops --json show "$(cat first)" > before.json
    diff <(jq .manifest.data show.json) <(jq .manifest.data before.json)
    # and what it takes from memory is what it would have found
    rm -rf .mlops/cache
    mlops -q package p > third
    diff second third
}

@test "a change of the same size, with the time set back, is seen" {
    cp -p p/model/weights.bin saved
    printf 'WEIGHTS\n' > p/model/weights.bin
    touch -r saved p/model/weights.bin
    [ "$(opened weights.bin)" = weights.bin ]
    ! diff first second
}

@test "a change within the same tick of the clock is seen" {
    for round in $(seq 20); do
        printf 'round %02d\n' "$round" > p/model/weights.bin
        mlops -q package p > before
        printf 'ROUND %02d\n' "$round" > p/model/weights.bin
        mlops -q package p > after
        ! diff -q before after || false
    done
}

@test "a file that came, one that went, and another mode are seen" {
    echo new > p/model/new.bin
    mlops -q package p > came
    ! diff first came || false
    rm p/model/new.bin
    mlops -q package p > went
    diff first went
    chmod 755 p/score.sh
    mlops -q package p > mode
    ! diff first mode
}

@test "another commit is seen" {
    git -C p init -q
    git -C p -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
    mlops -q package p > one
    git -C p -c user.name=a -c user.email=a@b commit -q --allow-empty -m two
    mlops -q package p > two
    ! diff one two
}

@test "a cache that is damaged or gone costs time and nothing else" {
    cache=$(find .mlops/cache/package -type f)
    for offset in 0 20 100 300; do
        printf '\xff' | dd of="$cache" bs=1 seek="$offset" conv=notrunc status=none
        mlops -q package p > second
        diff first second
    done
    : > "$cache"
    mlops -q package p > second
    diff first second
    rm -r .mlops/cache
    echo 'in the way' > .mlops/cache
    run --separate-stderr mlops package p
    [ "$status" -eq 0 ]
    diff first - <<<"$output"
}

@test "what the store lost is stored again" {
    chmod -R u+w .mlops/objects/packs
    rm .mlops/objects/packs/*.pack
    echo 'noise: 1' > p/params.yaml
    mlops -q package p > second
    mlops -q checkout "$(cat second)" out
    diff -r p out
}

@test "two folders have a memory each" {
    cp -a p q
    echo other > q/model/weights.bin
    sleep 0.15
    mlops -q package q > other
    ! diff first other || false
    [ -z "$(opened weights.bin)" ]
    diff first second
}
