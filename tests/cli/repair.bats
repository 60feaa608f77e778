#!/usr/bin/env bats
# A registry that lost something gets it back from what there is: the project, a checkout, an
# archive, another registry.
load common
load damage

setup() {
    cli_setup
    given_registry
    given_project p
    head -c 700000 /dev/urandom > p/model/weights.bin
    mlops -q register p
    cp -a p first
    given_project p fraud 2
    head -c 300000 /dev/urandom > p/model/other.bin
    mlops -q register p
    mlops -q export fraud@1 one.tar.zst
    mlops -q export fraud@2 two.tar.zst
    given_copy copy
    keep_packs kept
}

damage() {
    local file
    case $1 in
    content) file=$(pack tail); flip "$file" $(($(stat -c %s "$file") / 2)) ;;
    index) file=$(pack tail); flip "$file" $(($(stat -c %s "$file") - 100)) ;;
    header) flip "$(pack tail)" 3 ;;
    record) flip "$(pack tail)" 17 ;;
    cut) truncate -s -30000 "$(pack tail)" ;;
    half) truncate -s 300000 "$(pack tail)" ;;
    gone) rm -f "$(pack tail)" ;;
    manifest) rm -f "$(pack head)" ;;
    all) rm -f .mlops/objects/packs/* ;;
    esac
}

# Both versions are what they were.
whole() {
    mlops -q fsck
    for version in 1 2; do
        rm -rf out expected
        mlops -q checkout "fraud@$version" out
        mlops -q --registry copy checkout "fraud@$version" expected
        diff -r expected out
    done
    mlops -q gc --grace 0
    mlops -q fsck
}

@test "every damage is repaired from another registry" {
    for what in content index header record cut half gone manifest all; do
        put_packs_back kept
        damage "$what"
        run mlops fsck
        ended 5
        run mlops --json fsck --repair copy
        [ "$status" -eq 0 ] || { echo "$what: $output"; false; }
        is '.clean and .problems == []'
        whole || { echo "$what"; false; }
    done
}

@test "every damage of content is repaired from the folders that were packaged" {
    for what in content index header record cut half; do
        put_packs_back kept
        damage "$what"
        run mlops fsck
        ended 5
        run mlops --json fsck --repair first --repair p --repair one.tar.zst
        [ "$status" -eq 0 ] || { echo "$what: $output"; false; }
        is '.clean'
        whole || { echo "$what"; false; }
    done
}

@test "every damage is repaired from archives" {
    for what in content index header record cut half gone manifest all; do
        put_packs_back kept
        damage "$what"
        run mlops --json fsck --repair one.tar.zst --repair two.tar.zst
        [ "$status" -eq 0 ] || { echo "$what: $output"; false; }
        is '.clean'
        whole || { echo "$what"; false; }
    done
    mlops --json list | jq -e '.versions | length == 2'
}

@test "what is damaged goes aside, and what was sound in it stays" {
    file=$(pack tail)
    damage content
    run mlops --json fsck --repair first
    ended 0
    is '.set_aside == 1 and .repaired == 1'
    [ ! -e "$file" ]
    [ -e ".mlops/objects/damaged/$(basename "$file")" ]
    whole
}

@test "where an index alone is damaged nothing is needed from outside" {
    for what in index header; do
        put_packs_back kept
        damage "$what"
        mkdir -p empty
        run mlops --json fsck --repair empty
        ended 0
        is '.clean and .repaired == 0'
        whole
    done
}

@test "what no copy has is told, and the rest is repaired" {
    damage all
    run mlops --json fsck --repair two.tar.zst
    ended 5
    is '(.clean | not) and .repaired > 0 and ([.problems[].kind] | unique == ["manifest"])'
    mlops -q checkout fraud@2 out
    diff -r p/model out/model
    run mlops checkout fraud@1 out1
    ended 5
    run mlops fsck --repair first
    ended 5 "problem"
    run mlops fsck --repair two.tar.zst --repair one.tar.zst
    ended 0 "repaired" "clean"
    whole
}

@test "a registry in the project folder is no copy of itself" {
    damage content
    run mlops fsck --repair .
    ended 0 "1 damaged pack is set aside" "1 object is repaired"
    whole
}

@test "deltas come back with what they are deltas of" {
    awk 'BEGIN {srand(5); print "id,amount,label"; for (i = 0; i < 60000; i++)
        printf "%d,%.6f,%d\n", i, rand() * 1000, i % 2}' > p/model/table.csv
    mlops -q register p
    cp -a p third
    awk -F , -v OFS=, 'NR % 997 == 0 {$2 = "0.5"} {print}' p/model/table.csv > changed
    mv changed p/model/table.csv
    base=$(ls -t .mlops/objects/packs/* | head -n 1)
    mlops -q register p
    given_copy copy
    keep_packs kept
    size=$(stat -c %s "$base")
    for source in copy third p; do
        for part in 3 2; do
            put_packs_back kept
            flip "$base" $((size / part))
            run mlops fsck
            ended 5
            run mlops fsck --repair "$source"
            case $source in
            # the old table is nowhere: it is lost, and not the new one, though it was a delta of it
            p) ended 5 "'model/table.csv'" ;;
            *) ended 0 clean ;;
            esac
            mlops -q checkout fraud@4 out
            cmp p/model/table.csv out/model/table.csv
            rm -rf out
        done
    done
}

@test "what cannot be repaired from is refused" {
    run mlops fsck --repair nowhere
    ended 0 clean
    damage content
    run mlops fsck --repair nowhere
    ended 3 nowhere
    run mlops fsck --repair /dev/null
    ended 2 "neither a folder, an archive nor a registry"
    run mlops fsck --quick --repair p
    ended 2
    echo nonsense > nonsense
    run mlops fsck --repair nonsense --repair copy
    ended 0 nonsense
    whole
}
