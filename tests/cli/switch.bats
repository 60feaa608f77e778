#!/usr/bin/env bats
# A folder that was checked out becomes another version.
load session
load damage

setup() {
    session
    registered
    head -c 3000000 /dev/urandom > p/model/big.bin
    mkdir -p p/model/parts
    ln -s big.bin p/model/current
    chmod 755 p/score.sh
    mlops -q register p
    cp -a p second
    cp p/model/big.bin p/model/copy.bin
    flip p/model/big.bin 2000000
    rm p/model/weights.bin
    rmdir p/model/parts
    mlops -q register p
    cp -a p third
}

same() {
    diff -r --no-dereference "$1" "$2"
    diff <(cd "$1" && find . -printf '%P %y %m %l\n' | tail -n +2 | sort) \
        <(cd "$2" && find . -printf '%P %y %m %l\n' | tail -n +2 | sort)
}

# refused TEXT: switching ./out is refused for that, and changes nothing.
refused() {
    cp -a out before
    run --separate-stderr mlops checkout fraud@3 out
    ended 2 "$1" "--force"
    same before out
    [ -z "$(find . -maxdepth 1 -name '.mlops-checkout*')" ]
}

@test "there and back, and only what differs is moved" {
    mlops -q checkout fraud@2 out
    same second out
    run --separate-stderr mlops checkout fraud@3 out
    ended 0 "fraud@3 is in out, where fraud@2 was:"
    same third out
    mlops --json checkout fraud@2 out > back.json
    same second out
    # 3 MB are the same but for one chunk
    jq -e '.kept_bytes > 2700000 and .stored_bytes < 300000' back.json
    jq -e --arg id "$(mlops --json show fraud@3 | jq -r .bundle)" '.previous == $id' back.json
    [ -z "$(find . -maxdepth 1 -name '.mlops-checkout*')" ]
    mlops fsck
}

@test "files of the new version are its own" {
    mlops -q checkout fraud@2 out
    mlops -q checkout fraud@3 out
    [ -z "$(find out -type f -links +1)" ]
    cp third/model/big.bin third/model/again.bin # three with the content of one
    cp third/model/big.bin third/model/copy.bin
    mlops -q register third
    mlops -q checkout fraud@4 out
    [ -z "$(find out -type f -links +1)" ]
    same third out
}

@test "unchanged files are not even read" {
    mlops -q checkout fraud@2 out
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o trace mlops -q checkout fraud@3 out
    ! grep -F 'train.csv"' trace || false
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o trace mlops -q checkout fraud@3 out
    ! grep -F 'big.bin"' trace || false
    same third out
}

@test "what somebody changed is not lost" {
    mlops -q checkout fraud@2 out
    echo more >> out/score.sh
    refused "'score.sh' has another size"
}

@test "a change that keeps size and time is seen" {
    mlops -q checkout fraud@2 out
    touch -r out/model/weights.bin saved
    printf 'WEIGHTS\n' > out/model/weights.bin
    touch -r saved out/model/weights.bin
    refused "'model/weights.bin' has another content"
}

@test "files that came, went, or have another mode or kind are seen" {
    mlops -q checkout fraud@2 out
    touch out/model/mine.bin
    refused "'model/mine.bin' is new"
    rm -r before out/model/mine.bin
    mv out/model/weights.bin kept
    refused "'model/weights.bin' is gone"
    rm -r before
    mv kept out/model/weights.bin
    chmod 700 out/score.sh
    refused "'score.sh' has other permissions"
    rm -r before
    chmod 755 out/score.sh
    ln -sfn elsewhere out/model/current
    refused "'model/current' points somewhere else"
    mlops -q checkout --force fraud@3 out
    same third out
}

@test "a folder of somebody else is refused, checked out before or not" {
    mlops -q checkout fraud@2 out
    rm -r out
    mkdir out # perhaps with the same inode
    echo mine > out/precious
    for force in "" --force; do
        run --separate-stderr mlops checkout $force fraud@3 out
        ended 2 "it has 'precious' in it"
        [ "$(cat out/precious)" = mine ]
    done
}

# damages a pack in the folder
@test "a file that the store cannot give leaves the earlier checkout as it was" {
    mlops -q checkout fraud@2 out
    chmod u+w .mlops/objects/packs/*
    for pack in .mlops/objects/packs/*; do
        for at in 300 5000 100000 150000; do
            printf '\x00\x01\x02\x03' | dd of="$pack" bs=1 seek=$at conv=notrunc status=none
        done
    done
    run --separate-stderr mlops checkout fraud@3 out
    [ "$status" -eq 5 ] || [ "$status" -eq 0 ]
    [ "$status" -eq 0 ] || same second out
    [ -z "$(find . -maxdepth 1 -name '.mlops-checkout*')" ]
}

@test "the folder keeps its mode, and one that is named by a link is the one it names" {
    mkdir real
    chmod 750 real
    ln -s real out
    mlops -q checkout fraud@2 out
    mlops -q checkout fraud@3 out
    [ -L out ]
    [ "$(stat -c %a real)" = 750 ]
    same third real
}

@test "zeros take no space" {
    truncate -s 20M p/model/zeros.bin
    printf end >> p/model/zeros.bin
    mlops -q register p
    mlops -q checkout fraud@4 out
    cmp p/model/zeros.bin out/model/zeros.bin
    [ "$(du -k out/model/zeros.bin | cut -f 1)" -lt 1000 ]
}
