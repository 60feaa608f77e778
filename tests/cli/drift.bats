#!/usr/bin/env bats
# Data compared with what the model learnt.
load session

setup() {
    session
    registered
}

@test "the training data itself has not drifted" {
    run mlops --json drift fraud@1 --current p/data/train.csv
    [ "$status" -eq 0 ]
    jq -e '(.drift | not) and .share == 0 and .rows == 2000 and (.columns | length) == 2' <<<"$output"
}

@test "a shift is found, most drifted first, with what moved" {
    awk -F , -v OFS=, 'NR > 1 {$2 += 60; if (NR % 2) $3 = "us"} 1' p/data/train.csv > now.csv
    run mlops --json drift fraud@1 --current now.csv
    [ "$status" -eq 1 ]
    jq -e '.drift and .share == 1 and .columns[0].statistic / .columns[0].threshold >=
        .columns[1].statistic / .columns[1].threshold' <<<"$output"
    jq -e '.columns[] | select(.name == "country") | .method == "jensen_shannon" and
        .type == "categorical" and .drift' <<<"$output"
    run mlops drift fraud@1 --current now.csv
    [[ "$output" == *"'us'"* ]]
}

@test "a column has a method of its own where that is said" {
    run mlops --json drift fraud@1 --current p/data/train.csv --method country=chi_square --method psi
    [ "$status" -eq 0 ]
    jq -e '[.columns[] | {(.name): .method}] | add == {amount: "psi", country: "chi_square"}' <<<"$output"
    run mlops --json drift fraud@1 --current p/data/train.csv --method amount=energy
    jq -e '[.columns[] | {(.name): .method}] | add == {amount: "energy", country: "jensen_shannon"}' <<<"$output"
    run mlops drift fraud@1 --current p/data/train.csv --method country=ks
    ended 2 "the column 'country'" "'ks' is not a method for categorical columns"
    run mlops drift fraud@1 --current nothing.csv --method amount=kss
    ended 2 "the column 'amount'" "'kss' is not a method"
    run mlops drift fraud@1 --current p/data/train.csv --method amont=psi
    ended 2 "no column 'amont' is compared" "did you mean 'amount'?"
    run mlops drift fraud@1 --current p/data/train.csv --method =psi
    ended 2 "'=psi' is no COLUMN=METHOD"
}

@test "a category that is gone is named" {
    gone=$(cut -d , -f 3 p/data/train.csv | tail -n +2 | sort | uniq -c | sort -n | awk 'END {print $2}')
    awk -F , -v OFS=, -v gone="$gone" 'NR == 1 || $3 != gone' p/data/train.csv > now.csv
    run mlops drift fraud@1 --current now.csv
    ended 1 "gone: '$gone'"
}

@test "missing values that grow are drift by themselves" {
    awk -F , -v OFS=, 'NR > 1 && NR % 4 == 0 {$2 = ""} 1' p/data/train.csv > now.csv
    run mlops --json drift fraud@1 --current now.csv
    [ "$status" -eq 1 ]
    jq -e '.columns[0] | .name == "amount" and .missing_current > 0.2 and .missing_reference < 0.03' <<<"$output"
}

@test "a small sample does not cry wolf" {
    for from in 2 300 900 1500; do
        (head -n 1 p/data/train.csv; tail -n "+$from" p/data/train.csv | head -n 40) > now.csv
        mlops -q drift fraud@1 --current now.csv >/dev/null
    done
}

# given_few: project ./few, but for its table few/train.csv.
given_few() {
    mkdir few
    printf 'model: few\ncode: [mlops.yaml]\ndata:\n  train: {path: train.csv, role: reference}\n' > few/mlops.yaml
}

@test "a handful of rows does not cry wolf, however few values a column can have" {
    given_few
    for share in 1 2 3 4; do # in tenths: the sample of the rows has it a little too large or too small
        awk -v OFS=, -v share="$share" 'BEGIN {print "x,flag,y"
            for (i = 0; i < 5000; i++) print i * 37 % 101, (i * 7 % 10 < share ? "true" : "false"), i * 53 % 103}' > few/train.csv
        mlops -q register few > /dev/null
        # one row in ten is so at the least, or one pair of rows in a hundred, and the rate is 1 %
        for rows in 50,true,51 50,false,51 50,true,51/49,true,52 20,true,20/70,false,90; do
            (echo x,flag,y; tr / '\n' <<< "$rows") > now.csv
            for method in ks wasserstein energy cramer_von_mises anderson_darling z fisher; do
                run mlops drift few --current now.csv --any-effect --method "flag=$method"
                ended 0 "no drift in 3 columns"
            done
        done
    done
}

@test "values that are often equal do not cry wolf by any method" {
    given_few
    table() { awk -v OFS=, -v n="$1" -v s="$2" 'BEGIN {srand(s); print "coin,grade"
        for (i = 0; i < n; i++) print (rand() < 0.3 ? "true" : "false"), int(rand() * 5)}'; }
    table 5000 1 > few/train.csv
    mlops -q register few > /dev/null
    table 30000 2 > now.csv
    for method in ks psi jensen_shannon total_variation hellinger l_infinity wasserstein energy cramer_von_mises \
        anderson_darling chi_square g z fisher; do
        run mlops drift few@1 --current now.csv --any-effect --method "$method"
        ended 0 "no drift in 2 columns"
    done
    # its mean is 1/6 where nothing drifts, whatever is equal
    run mlops --json drift few@1 --current now.csv --method cramer_von_mises
    jq -e 'all(.columns[]; .statistic < 2)' <<< "$output"
}

@test "standard input, target left out, quoted newlines and other separators are read" {
    cut -d , -f 1-3 p/data/train.csv | mlops drift fraud@1 --current -
    (echo 'ts;amount;country;note'; tail -n +2 p/data/train.csv | cut -d , -f 1-3 | tr , ';' |
        sed 's/$/;"two\nlines"/') > now.csv
    run mlops drift fraud@1 --current now.csv
    [ "$status" -eq 0 ]
    [[ "$output" == *"note"* ]]
}

@test "tables that cannot be compared are refused with where and why" {
    refused() {
        run mlops drift fraud@1 --current now.csv
        [ "$status" -eq 2 ] || { echo "$status: $output"; false; }
        [[ "$output" == *"$1"* ]] || { echo "$output"; false; }
    }
    : > now.csv
    refused "empty"
    head -n 1 p/data/train.csv > now.csv
    refused "no rows"
    (cat p/data/train.csv; echo 1,2) > now.csv
    refused "now.csv:2002: 2 fields where the header has 4"
    cut -d , -f 1,2,4 p/data/train.csv > now.csv
    refused "'country'"
    sed '5s/,[0-9]*,/,lots,/' p/data/train.csv > now.csv
    run mlops drift fraud@1 --current now.csv
    ended 1 "1 cell is of another type than integer, the first in row 4"
    (cat p/data/train.csv; echo '"open') > now.csv
    refused "never closed"
    rm now.csv
    run mlops drift fraud@1 --current now.csv
    [ "$status" -eq 3 ]
    run mlops drift fraud@1 --current p/data/train.csv --method nonsense
    [ "$status" -eq 2 ]
    run mlops drift fraud@1 --current p/data/train.csv --data test
    [ "$status" -eq 3 ]
    [[ "$output" == *"train"* ]]
}

@test "the rate of false alarms is stated and sets the thresholds" {
    (head -n 1 p/data/train.csv; tail -n +300 p/data/train.csv | head -n 100) > now.csv
    threshold() {
        mlops --json drift fraud@1 --current now.csv --any-effect --far "$1" |
            jq '.columns[] | select(.name == "amount") | .threshold'
    }
    rare=$(threshold 0.5%) common=$(threshold 20%)
    jq -en "$rare > $common and $common > 0"
    run mlops --json drift fraud@1 --current now.csv
    jq -e '.far == 0.01 and .calibrated and .rows_reference == 2000 and
        (.columns[0] | .bars | length > 1 and ([.[].reference] | add) > 0.99)' <<<"$output"
    run mlops drift fraud@1 --current now.csv --far 3
    [ "$status" -eq 2 ]
    [[ "$output" == *"no share between 0 and 1"* ]]
}

@test "the error that sketches may have is stated, and none where every count is exact" {
    head -n 101 p/data/train.csv > now.csv
    run mlops --json drift fraud@1 --current now.csv
    jq -e '.columns[] | select(.name == "country") | .error == 0' <<<"$output"
    before=$(jq '.columns[] | select(.name == "amount") | .error' <<<"$output")
    (cat p/data/train.csv; for _ in {1..20}; do tail -n +2 p/data/train.csv; done) > now.csv
    run mlops --json drift fraud@1 --current now.csv
    jq -e --argjson before "$before" '.columns[] | select(.name == "amount") |
        .error - $before | . > 0.0124 and . < 0.0126' <<<"$output"
    jq -e '.columns[] | select(.name == "amount") | .statistic <= .error' <<<"$output"
}

@test "every method can be asked for, and has an effect below which it says nothing" {
    for method in hellinger l_infinity energy cramer_von_mises anderson_darling chi_square g z fisher; do
        mlops -q drift fraud@1 --current p/data/train.csv --method "$method"
    done
    for method in hellinger l_infinity chi_square g z fisher; do
        mlops -q drift fraud@1 --current p/data/train.csv --categorical-method "$method"
    done
}

@test "texts of two values in a table too small for the default are held by Fisher's test" {
    { echo paid; yes no | head -n 30; echo yes; } > p/data/train.csv
    { echo paid; yes yes | head -n 6; yes no | head -n 2; } > now.csv
    printf 'model: small\ncode: [mlops.yaml]\ndata:\n  train: {path: data/train.csv}\n' > p/mlops.yaml
    mlops -q register p
    run mlops --json drift small@1 --current now.csv
    [ "$status" -eq 1 ]
    jq -e '.columns[0] | .method == "fisher" and .drift' <<<"$output"
    # scipy.stats.fisher_exact([[30, 1], [2, 6]]): p = 5.695362e-05
    jq -e '.columns[0] | .p > 5.6953e-05 and .p < 5.6954e-05' <<<"$output"
    run mlops --json drift small@1 --current now.csv --categorical-method psi
    [ "$status" -eq 0 ]
    run mlops --json drift small@1 --current now.csv --method paid=z
    [ "$status" -eq 1 ]
}

@test "a yes or no that the snapshot never had is a cell of its own" {
    { echo paid; yes true | head -n 400; } > p/data/train.csv
    { echo paid; yes true | head -n 380; yes false | head -n 20; } > now.csv
    printf 'model: sure\ncode: [mlops.yaml]\ndata:\n  train: {path: data/train.csv}\n' > p/mlops.yaml
    mlops -q register p
    run mlops --json drift sure@1 --current now.csv --method chi_square
    # scipy.stats.chi2_contingency([[400, 0], [380, 20]], correction=False)
    jq -e '.columns[0].statistic | . - 20.51282051282051 | fabs < 1e-9' <<<"$output"
}

@test "a pattern stands for many files, with comments and rows of another width" {
    head -n 1 p/data/train.csv > header
    { cat header; sed -n '2,200p' p/data/train.csv; } > now-1.csv
    { cat header; echo '# the night shift'; sed -n '201,400p' p/data/train.csv; echo 1; } > now-2.csv
    run mlops drift fraud@1 --current 'now-*.csv'
    [ "$status" -eq 2 ]
    [[ "$output" == *"now-2.csv:2: 1 field where the header has"* ]]
    run mlops drift fraud@1 --current 'now-*.csv' --comment '#' --ragged skip
    [[ "$output" == *"warning: 1 row was of another width than the header: see --ragged"* ]]
    [[ "$output" == *": 399 rows against the snapshot"* ]]
    run mlops drift fraud@1 --current now-1.csv --separator ab
    [ "$status" -eq 2 ]
    tr , '\t' < now-1.csv > now.tsv
    mlops -q drift fraud@1 --current now.tsv --separator '\t'
}

@test "the report is written as HTML, Markdown and SVG, and holds nothing that a table can inject" {
    sed '1!s/,de/,<script>x<\/script>/' p/data/train.csv > now.csv
    grep -q script now.csv || sed -E '2,$s/^([^,]*,[^,]*),[^,]*/\1,<script>x<\/script>/' p/data/train.csv > now.csv
    run mlops drift fraud@1 --current now.csv --html d.html --markdown d.md
    [ "$status" -eq 1 ]
    grep -q '<!doctype html>' d.html
    grep -q 'DRIFT' d.html
    [ "$(grep -c '<script>' d.html)" = 1 ]
    ! grep -qE '(src|href)=' d.html || false
    ! grep -q '<script' d.md || false
    grep -q '| country |' d.md
    mlops drift fraud@1 --current p/data/train.csv --svg amount > d.svg
    xmllint --noout d.svg
    run mlops drift fraud@1 --current p/data/train.csv --svg nothing
    [ "$status" -eq 3 ]
    [[ "$output" == *"no column 'nothing' was compared"* ]]
}

@test "many rare values together do not flatten the picture of the frequent ones" {
    awk 'BEGIN {print "k"; for (i = 0; i < 12; i++) for (j = 0; j < 30; j++) print "often" i
        for (i = 0; i < 900; i++) print "once" i}' > k.csv
    mkdir q
    cp k.csv q/train.csv
    printf 'model: rare\ncode: [train.csv]\ndata:\n  train: {path: train.csv, role: reference}\n' > q/mlops.yaml
    mlops register q
    mlops drift rare@1 --current k.csv --markdown d.md
    grep '| k | `█████████████` | `█████████████` |' d.md
}

@test "columns that go together otherwise are told of though none has moved" {
    awk 'BEGIN {print "x,y"; srand(1); for (i = 0; i < 1500; i++) {x = rand() * 100; print x "," x + rand()}}' > pairs.csv
    mkdir q
    cp pairs.csv q/train.csv
    printf 'model: pairs\ncode: [train.csv]\ndata:\n  train: {path: train.csv, role: reference}\n' > q/mlops.yaml
    mlops register q
    paste -d , <(cut -d , -f 1 pairs.csv) <(echo y; tail -n +2 pairs.csv | cut -d , -f 2 | sort -R --random-source=pairs.csv) > now.csv
    run mlops --json drift pairs@1 --current now.csv
    [ "$status" -eq 1 ]
    jq -e '.drift and .share == 0 and .rows_drift and .domain_auc > .domain_threshold and .domain_auc > 0.7' <<<"$output"
    jq -e '(.pair | sort) == ["x", "y"] and .pair_reference > 0.9 and .pair_current < 0.2 and
        .pair_statistic > .pair_threshold and (.rows_detail | startswith("\u0027x\u0027 and \u0027y\u0027"))' <<<"$output"
    jq -e '.reconstruction_current > .reconstruction_high and .isolated_current > .isolated_threshold' <<<"$output"
    run mlops drift pairs@1 --current now.csv
    [[ "$output" == *"'x' and 'y' go together otherwise: correlation 1.00 -> "*"drift of whole rows, of none of 2 columns"* ]]
    [[ "$output" == *"rebuilt from the snapshot's components with error"* ]]
    [[ "$output" == *"of rows stand apart from the snapshot's"* ]]
    run mlops drift pairs@1 --current now.csv --html d.html --markdown d.md
    [ "$(grep -c '<span class=drift>DRIFT</span>' d.html)" = 2 ]
    [ "$(grep -c '<span class=drift>differs</span>' d.html)" = 2 ]
    grep -q '^### ❌ Drift of whole rows, of none of 2 columns' d.md
    grep -q '^| ❌ | correlation that changed most, of x and y |' d.md
    [ "$(grep -c '^| ❗ |' d.md)" = 2 ]
    mlops drift pairs@1 --current pairs.csv
}

# A table of 40 days with a column that jumps on the 31st for one of three shops.
moved() {
    mkdir -p m/data
    printf 'model: sales\ncode: run.py\ndata:\n  train: {path: data/train.csv, time: day, role: reference}\n' > m/mlops.yaml
    echo > m/run.py
    awk -v OFS=, 'BEGIN {srand(4); print "day,shop,price,stock"
        for (i = 0; i < 4000; i++)
            print strftime("%Y-%m-%d", 1767225600 + 864 * i, 1), substr("ABC", i % 3 + 1, 1), int(50 * rand()), int(9 * rand())
    }' > m/data/train.csv
    mlops register m
    awk -F , -v OFS=, 'NR > 1 && $1 >= "2026-01-31" && $2 == "B" {$3 += 60; $4 += 20} 1' m/data/train.csv > moved.csv
}

@test "a report of 200 columns with time lines and segments is far below 1 MB" {
    given_wide 198 column_of_a_long_name category
    awk -F , -v OFS=, 'NR > 200 {for (c = 3; c <= NF; c++) if (c % 4 != 3) $c += 9} 1' w/train.csv > wide.csv
    mlops -q register w
    run mlops drift wide@1 --current wide.csv --segment shop --html w.html
    [ "$status" -eq 1 ]
    [ "$(grep -c 'distance over time' w.html)" -ge 140 ]
    [ "$(stat -c %s w.html)" -lt 600000 ]
}

@test "drift is dated, and laid to the segment and the columns that it comes with" {
    moved
    run mlops drift sales@1 --current moved.csv --segment shop
    ended 1 "since 2026-01-31T00:00:00Z; 100 % of it where shop is B" "drifted together: "
    run mlops --json drift sales@1 --current moved.csv --segment shop
    jq -e '.time == "day" and .segment == "shop" and (.together | length) == 1 and
        (.together[0] | sort) == ["price", "stock"]' <<<"$output"
    jq -e '.columns[] | select(.name == "price") | .course == "since" and
        .changed == "2026-01-31T00:00:00Z" and (.spans | length) == 40 and
        ([.spans[].rows] | add) == 4000 and .segments[0].value == "B" and
        ([.segments[].carried] | add | . > 0.999 and . < 1.001)' <<<"$output"
    jq -e '.columns[] | select(.name == "shop") | .course == null and (.spans | length) == 40' <<<"$output"
    run mlops drift sales@1 --current moved.csv --html m.html
    grep -q 'aria-label="distance over time"' m.html
    grep -q 'Drifted together' m.html
    cut -d , -f 2- moved.csv > timeless.csv
    run mlops --json drift sales@1 --current timeless.csv
    jq -e '.time == null and .columns[0].course == null' <<<"$output"
    run mlops drift sales@1 --current timeless.csv --time day
    ended 2 "lacks columns" "'day'"
    run mlops drift sales@1 --current moved.csv --time price
    ended 2 "'price' is a column of type integer"
    run mlops drift sales@1 --current moved.csv --segment shopp
    ended 2 "has no column 'shopp'" "did you mean 'shop'?"
}

@test "rows are held against those of the same weekday where that is asked for" {
    moved
    awk -F , 'NR == 1 || $1 == "2026-01-05" || $1 == "2026-01-12"' m/data/train.csv > mondays.csv
    run mlops --json drift sales@1 --current mondays.csv --season weekday
    [ "$status" -eq 0 ]
    jq -e '.season == "weekday" and .rows == 200 and .rows_reference == 600' <<<"$output"
    sed -i 's/, time: day//' m/mlops.yaml
    mlops register m
    run mlops drift sales@2 --current mondays.csv --season weekday
    ended 2 "a season is told by a column of times" "--time"
    run mlops drift sales@1 --current mondays.csv --season month
    ended 2
}

@test "exact statistics are those of the values themselves" {
    moved
    run mlops --json drift sales@1 --current moved.csv --exact
    exact=$(python3 - <<'P'
import csv
a = sorted(float(r["price"]) for r in csv.DictReader(open("m/data/train.csv")))
b = sorted(float(r["price"]) for r in csv.DictReader(open("moved.csv")))
from bisect import bisect_right as up
print(max(abs(up(a, x) / len(a) - up(b, x) / len(b)) for x in a + b))
P
)
    jq -e --argjson exact "$exact" '.exact and ([.columns[].error] | add) == 0 and
        (.columns[] | select(.name == "price") | .statistic - $exact | fabs < 1e-12)' <<<"$output"
    run mlops --json drift sales@1 --current moved.csv
    jq -e '.exact | not' <<<"$output"
}

@test "the project file says how its drift is judged, and the command line before it" {
    moved
    cat >> m/mlops.yaml <<'Y'
drift:
  method: wasserstein
  far: 2%
  importance: importance.json
  segment: shop
  columns:
    stock: psi
    price: {threshold: 0.5, weight: 3}
Y
    echo '{"price": 0.7, "stock": -0.1, "shop": 0.1}' > m/importance.json
    mlops -q register m
    run mlops --json drift sales@2 --current m/data/train.csv
    [ "$status" -eq 0 ]
    jq -e '.far == 0.02 and .segment == "shop" and ([.columns[] | {(.name): [.method, .weight]}] | add) ==
        {"price": ["wasserstein", 3], "stock": ["psi", 0.5], "shop": ["jensen_shannon", 0.5]}' <<<"$output"
    jq -e '.columns[] | select(.name == "price") | .threshold > 0.16 and .threshold < 0.17' <<<"$output"
    run mlops --json drift sales@2 --current m/data/train.csv --method ks --far 5% --method stock=energy
    jq -e '.far == 0.05 and ([.columns[] | {(.name): .method}] | add) ==
        {"price": "ks", "stock": "energy", "shop": "jensen_shannon"}' <<<"$output"
    mlops checkout sales@2 out # the file came with it
    cmp out/importance.json m/importance.json
    # wrong FILE LINE: the project file's drift is LINE
    wrong() {
        sed '/^drift:/,$d' m/mlops.yaml > m/kept && mv m/kept m/mlops.yaml
        printf 'drift: %s\n' "$1" >> m/mlops.yaml
        run mlops package m
        ended 2 "mlops.yaml:5" "$2"
    }
    wrong '{method: kss}' "kss"
    wrong '{metod: ks}' "metod"
    wrong '{far: 0}' "'0' is no share"
    wrong '{threshold: -1}' "'threshold' must be a number above 0"
    wrong '{columns: [price]}' "'columns' must be a map"
    wrong '{columns: {price: {weight: 1000}}}' "'weight' must be a number above 0"
    sed -i '/^drift:/,$d' m/mlops.yaml
    echo 'drift: {importance: none.json}' >> m/mlops.yaml
    run mlops package m
    ended 3 "mlops.yaml:5: importance: 'none.json' does not exist"
    echo '["price"]' > m/importance.json
    sed '/^drift:/,$d' m/mlops.yaml > m/kept && mv m/kept m/mlops.yaml
    echo 'drift: {importance: importance.json}' >> m/mlops.yaml
    mlops -q register m
    run mlops drift sales@3 --current m/data/train.csv
    ended 2 "importance.json"
}
