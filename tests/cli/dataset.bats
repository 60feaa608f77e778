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

@test "data with copy: false is described, and not packaged" {
    mkdir elsewhere
    mv p/data/train/year=2025/month=12/a.csv elsewhere/a.csv
    rm -r p/data/train
    ln -sf "$PWD/elsewhere/a.csv" p/data/train.csv
    sed -i 's|path: data/train, time: ts|path: data/train.csv, copy: false, source: "https://me:secret@data.example.com/a.csv?sig=1", time: ts|' p/mlops.yaml
    id=$(mlops package p)
    digest=$(sha256sum < elsewhere/a.csv | cut -d ' ' -f 1)
    mlops --json show "$id" | jq -e --arg digest "$digest" '.manifest.data.train |
        .copy == false and .sha256 == $digest and .rows == 2 and
        .source == "https://data.example.com/a.csv"'
    mlops --json show "$id" | jq -e '[.manifest.files[].path] | index("data/train.csv") == null'
    mlops --json show "$id" | grep -c secret && false
    [ "$(mlops package p --check)" = "$id" ]
    mlops -q register p
    run mlops checkout fraud@1 out
    ended 0 "'data/train.csv' is not in the bundle" "from https://data.example.com/a.csv" "$digest"
    [ ! -e out/data/train.csv ]
    mlops fsck
    mlops export fraud@1 b.tar.zst
    mlops init other
    mlops --registry other register b.tar.zst
    mlops --registry other fsck
    [ "$(mlops --json list --data "$digest" | jq '.versions | length')" = 1 ]
    run mlops drift fraud@1 --current elsewhere/a.csv
    [ "$status" -le 1 ]
    # it is part of the id
    printf '2026-01-01,0.1,1\n' >> elsewhere/a.csv
    [ "$(mlops package p)" != "$id" ]
    rm elsewhere/a.csv
    run mlops package p
    ended 3 "mlops.yaml:" "the snapshot 'train'"
    sed -i 's|copy: false|copy: true|' p/mlops.yaml
    run mlops package p
    ended 2 "'source' is for data with 'copy: false'"
}
