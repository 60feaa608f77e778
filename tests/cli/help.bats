#!/usr/bin/env bats
# Help, manual pages and the description as JSON, all made from the command tables.
load common

commands() {
    mlops --json help | jq -r '.commands[].name'
}

@test "mlops alone shows the overview" {
    run --separate-stderr mlops
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$output" = "$(mlops help)" ]
    [ "$output" = "$(mlops --help)" ]
    [ "$output" = "$(mlops -h)" ]
}

@test "the overview names every command once, with its summary" {
    mlops help > overview
    for command in $(commands); do
        [ "$(grep -cE "^  $command +" overview)" = 1 ] || { echo "$command"; false; }
    done
    [ "$(grep -c '__' overview)" = 0 ]
}

@test "--help and help say the same of every command" {
    for command in $(commands); do
        run --separate-stderr mlops "$command" --help
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [ "$output" = "$(mlops help "$command")" ]
        [ "$output" = "$(mlops -h "$command")" ]
        [[ "$output" == *"mlops $command"* ]]
    done
}

@test "help wins over what else is wrong with the line" {
    run mlops promote --help
    ended 0 "Usage:"
    run mlops checkout a b c d --help
    ended 0 "Usage:"
}

@test "help of an unknown command names the nearest" {
    run mlops help promot
    ended 2 "did you mean 'mlops promote'?"
}

@test "help lists every option and JSON member, and ends no line with a blank" {
    for command in $(commands); do
        mlops help "$command" > text
        for option in $(mlops --json help "$command" | jq -r '.options[].name'); do
            grep -qF -- "--$option" text
        done
        for field in $(mlops --json help "$command" | jq -r '.json[].path'); do
            grep -qF -- "  $field" text
        done
        [ "$(grep -c ' $' text)" = 0 ] || { grep -n ' $' text; false; }
    done
}

@test "help fits its terminal, wide or narrow" {
    for columns in 60 80 200; do
        for command in $(commands); do
            PAGER=cat script -qefc "stty cols $columns rows 24; mlops help $command" /dev/null \
                < /dev/null | tr -d '\r' > text
            # command lines are not broken
            grep -vE '^  (mlops|source|zcat) |^  mlops' text | awk -v most="$columns" \
                'length($0) > most || length($0) > 96 {print; bad = 1} END {exit bad}'
        done
    done
}

@test "every example names its command" {
    for command in $(commands); do
        mlops --json help "$command" | jq -e --arg name "$command" '
            .examples | all(.line | test("mlops( -[-a-z]+)* " + $name + "\\b"))' >/dev/null ||
            { echo "$command"; false; }
    done
}

@test "every option in an example is an option of the command" {
    for command in $(commands); do
        mlops --json help "$command" | jq -r '.examples[].line' | grep -oE 'mlops[^|]*' |
            grep -oE -- ' --[a-z-]+' | sort -u | while read -r option; do
            mlops help "$command" | grep -qF -- "$option" || mlops help | grep -qF -- "$option" ||
                { echo "$command $option"; exit 1; }
        done
    done
}

@test "every command but help and version has an example" {
    for command in $(commands); do
        [[ $command == version ]] ||
            mlops --json help "$command" | jq -e '.examples | length > 0' >/dev/null
    done
}

@test "manual pages are written for every command, and roff takes them without a warning" {
    mkdir pages
    run mlops help --man-pages pages
    ended 0
    [ "$(ls pages | wc -l)" = $(($(commands | wc -l) + 1)) ]
    for page in pages/*; do
        groff -man -ww -z -Tutf8 "$page" 2> warnings
        [ ! -s warnings ] || { cat "$page" warnings; false; }
        if command -v man >/dev/null; then
            man --warnings=w -l "$page" 2> warnings >/dev/null
            [ ! -s warnings ] || { cat "$page" warnings; false; }
        fi
    done
}

@test "the manual page has the options, and code as it is typed" {
    mkdir pages
    mlops help --man-pages pages
    groff -man -Tutf8 -P-c -P-b -P-u -rLL=200n pages/mlops-rollback.1 > text
    grep -q -- "--reason TEXT" text
    grep -q "mlops rollback fraud --reason 'false positives doubled'" text
    groff -man -Tutf8 -P-c -P-b -P-u -rLL=200n pages/mlops.1 > text
    grep -q "fraud@production~1" text
    grep -q "128+n" text
    grep -q MLOPS_ACTOR text
}

@test "apropos finds a page by its NAME line" {
    mkdir pages
    mlops help --man-pages pages
    command -v lexgrog >/dev/null || skip "no lexgrog here"
    for page in pages/*; do lexgrog "$page"; done
}

@test "manual pages into a folder that is not there are an error" {
    run mlops help --man-pages missing
    ended 3 "missing/mlops.1"
}

@test "the build writes the manual pages" {
    [ -e "$BUILD_ROOT/man/man1/mlops.1" ] || skip "built without the target 'man'"
    mkdir pages
    mlops help --man-pages pages
    diff -r pages "$BUILD_ROOT/man/man1"
}

@test "the tables hold nothing but ASCII" {
    mlops --json help > help.json
    [ "$(LC_ALL=C grep -cP '[^\x00-\x7f]|\\u' help.json)" = 0 ]
}

@test "help as JSON describes arguments, options and members" {
    mlops --json help promote > promote.json
    jq -e '.name == "promote" and .arguments == [{"name": "REF", "optional": false, "repeated": false}]' promote.json
    jq -e '.options[] | select(.name == "to") | .required and .argument == "STAGE"' promote.json
    jq -e '.json[] | select(.path == "previous") | .null' promote.json
    jq -e '[.json[].path] | contains(["model", "version", "stage", "previous", "promoted", "gates[].gate"])' promote.json
}
