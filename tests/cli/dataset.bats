#!/usr/bin/env bats
# Data sets of many files: one table, one profile, one digest.
load common

setup() {
    cli_setup
    given_registry
    given_project p
    mkdir -p p/data/train/year=2025/month=12 p/data/train/year=2026
    sed -i 's|path: data/train.csv|path: data/train, time: ts|' p/mlops.yaml
    printf 'ts,score,y\n2025-12-01,0.5,1\n2025-12-31,0.25,0\n' > p/data/train/year=2025/month=12/a.csv
    printf 'ts,score,y\n2026-01-05,0.75,1\n' > p/data/train/year=2026/b.csv
    touch p/data/train/_SUCCESS p/data/train/year=2026/.b.csv.crc
}

@test "a folder of files is one snapshot" {
    id=$(mlops package p)
    digest=$(cd p/data/train && sha256sum year=2025/month=12/a.csv year=2026/b.csv | sha256sum | cut -d ' ' -f 1)
    mlops --json show "$id" | jq -e --arg digest "$digest" '.manifest.data.train | .rows == 3 and
        .files == 2 and .sha256 == $digest and (.columns | map(.name)) == ["ts", "score", "y"] and
        .time_range == {"first": "2025-12-01T00:00:00Z", "last": "2026-01-05T00:00:00Z"}'
    mlops --json show "$id" | jq -e '[.manifest.files[].path] | index("data/train/_SUCCESS")'
    [ "$(mlops package p --check)" = "$id" ]
    mlops checkout "$id" out
    cmp p/data/train/year=2026/b.csv out/data/train/year=2026/b.csv
    # as one file with the same rows: other content, the same table
    mlops register p
    cat p/data/train/year=2025/month=12/a.csv <(tail -n +2 p/data/train/year=2026/b.csv) > p/data/one.csv
    sed -i 's|path: data/train,|path: data/one.csv,|' p/mlops.yaml
    mlops register p
    mlops --json diff fraud@1 fraud@2 | jq -e '.data == []'
    mlops fsck
}

@test "a file more, and a file renamed, are other data" {
    one=$(mlops --json package p | jq -r .bundle)
    mv p/data/train/year=2026/b.csv p/data/train/year=2026/c.csv
    two=$(mlops package p)
    cp p/data/train/year=2026/c.csv p/data/train/year=2026/d.csv
    three=$(mlops package p)
    [ "$(for id in "$one" "$two" "$three"; do
        mlops --json show "$id" | jq -r .manifest.data.train.sha256
    done | sort -u | wc -l)" = 3 ]
    mlops --json show "$three" | jq -e '.manifest.data.train.rows == 4'
}

@test "files that do not fit one another are refused, with the file" {
    printf 'ts,score\n2026-02-01,1\n' > p/data/train/year=2026/z.csv
    run mlops package p
    ended 2 "mlops.yaml:" "the snapshot 'train'" "z.csv"
    printf 'ts,score,y\n2026-02-01,high,1\n' > p/data/train/year=2026/z.csv
    run mlops package p
    ended 2 "the snapshot 'train'" "z.csv"
    rm p/data/train/year=2026/z.csv
    ln -s b.csv p/data/train/year=2026/z.csv
    run mlops package p
    ended 2 "z.csv' is a link"
    rm -r p/data/train
    mkdir p/data/train
    run mlops package p
    ended 2 "there are no files in the folder"
    sed -i 's|path: data/train,|path: .,|' p/mlops.yaml
    run mlops package p
    ended 2 "the project folder itself cannot be the data"
}
