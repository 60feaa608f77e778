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

# given_partitions: a folder by day and country; half a year is missing in one of them.
given_partitions() {
    local day country
    rm -r p/data/train
    for day in 2026-01-01 2026-01-02; do
        for country in DE NA a%20b __HIVE_DEFAULT_PARTITION__; do
            mkdir -p "p/data/train/day=$day/country=$country"
            printf 'score,y\n0.5,1\n0.25,0\n' > "p/data/train/day=$day/country=$country/part-0.csv"
        done
    done
    touch p/data/train/_SUCCESS
    sed -i 's|time: ts|time: day|' p/mlops.yaml
}

@test "partition keys are columns of the snapshot, its time range and its profile" {
    given_partitions
    mlops -q register p
    mlops --json show fraud | jq -e '.manifest.data.train | .rows == 16 and .files == 8 and
        (.columns | map("\(.name) \(.type)")) == ["score float", "y integer", "day time", "country category"] and
        .time_range == {"first": "2026-01-01T00:00:00Z", "last": "2026-01-02T00:00:00Z"}'
    mlops --json profile p/data/train | jq -e '.rows == 16 and (.columns[] | select(.name == "country") |
        .missing == 4 and .distinct == 3 and ([.top[].value] | sort) == ["DE", "NA", "a b"])'
    mlops package p --check
}

@test "partition keys are compared, and judged by data suites" {
    given_partitions
    cat >> p/mlops.yaml <<'YAML'
  rows:
    kind: data
    data: train
    schema: train
    columns:
      country: {accepted_values: [DE, 'NA', a b], missing: 25%}
      day: {type: time, not_null: true, min: 2026-01-01, max: 2026-01-02}
YAML
    mlops -q register p
    run mlops test fraud --suite rows
    ended 0 "all 4 columns" "all 12 values" "all 16 rows"
    cp -r p/data/train now
    mlops --json drift fraud --current now | jq -e '.drift == false and
        ([.columns[].name] | index("country"))'
    mlops --json drift fraud --current now --exact | jq -e '.exact and .drift == false'
    rm -r now/day=*/country=DE
    mv now/day=2026-01-01/country=a%20b now/day=2026-01-01/country=FR
    mlops --json drift fraud --current now | jq -e '.columns[] | select(.name == "country") | .bars | map(.label) | index("FR")'
}

@test "what names of folders cannot say is told" {
    given_partitions
    mkdir p/data/train/day=soon
    cp -r p/data/train/day=2026-01-01/country=DE p/data/train/day=soon
    run mlops package p # no time any more, but a category
    ended 0
    mlops --json show "$(mlops -q package p)" | jq -e '.manifest.data.train |
        (.columns[] | select(.name == "day") | .type == "category") and (has("time_range") | not)'
    mv p/data/train/day=soon p/data/train/when=soon
    sed -i 's|, time: day||' p/mlops.yaml
    run --separate-stderr mlops package p
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"not all of its files are in folders of the same partition keys"* ]]
    mv p/data/train/when=soon p/data/train/day=2026-01-03
    mv p/data/train/day=2026-01-03/country=DE p/data/train/day=2026-01-03/day=DE
    run mlops profile p/data/train
    ended 2 "the partition key 'day' twice"
    mkdir none
    run mlops profile none
    ended 2 "there are no files in the folder"
    ln -s /etc/passwd none/x.csv
    run mlops profile none
    ended 2 "is no file, and data in a folder must be files"
}

@test "a column that a partition is called like gives way to it" {
    mkdir -p t/a=7
    printf 'a,b\n1,2\n' > t/a=7/x.csv
    mlops --json profile t | jq -e '[.columns[] | [.name, .min]] == [["b", 2], ["a", 7]]'
}
