#!/usr/bin/env bash
# How long the quick commands take on a registry of 1,000 versions of 50 models, beside `git` on a
# repository of 1,000 commits in the same run. Prints; judges nothing.
#   tests/bench/startup.sh [MLOPS [RUNS]]
set -eu
mlops=$(realpath "${1:-build/release/mlops}")
runs=${2:-40}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

git init -q -b main repository
(
    cd repository
    for i in $(seq 1000); do
        printf 'commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\n' "$i"
    done | git fast-import --quiet
)

mkdir project
cat > project/mlops.yaml <<'EOF'
model: m1
params: params.yaml
tests:
  unit: {kind: unit, run: "true"}
EOF
"$mlops" init >/dev/null
for model in $(seq 50); do
    sed -i "s/^model: .*/model: m$model/" project/mlops.yaml
    for version in $(seq 20); do
        echo "round: $version" > project/params.yaml
        "$mlops" -q register project >/dev/null
    done
done
"$mlops" -q test m25@19 >/dev/null
"$mlops" -q test m25@20 >/dev/null
"$mlops" -q promote m25@19 --to staging >/dev/null

# median milliseconds of a command, each run after `prepare`
median() {
    local prepare=$1
    shift
    for _ in $(seq "$runs"); do
        $prepare >/dev/null 2>&1
        local from=$EPOCHREALTIME
        "$@" >/dev/null
        local to=$EPOCHREALTIME
        echo $(((${to/./} - ${from/./})))
    done | sort -n | awk '{v[NR] = $1} END {printf "%.1f", v[int((NR + 1) / 2)] / 1000}'
}
row() {
    awk -v name="$1" -v ms="$2" -v base="$3" 'BEGIN {printf "%-34s %8.1f ms   %5.1f x git\n", name, ms, ms / base}'
}
back() { "$mlops" -q rollback m25 --stage production; }
forward() { "$mlops" -q promote m25@20 --to production; }

"$mlops" -q promote m25@19 --to production >/dev/null
version=$(median true git --version)
log=$(median true git -C repository log --oneline -n 20)
echo "baseline: git --version $version ms, git log -n 20 $log ms; bare process $(median true true) ms"
row "mlops --version" "$(median true "$mlops" --version)" "$version"
row "mlops list (1,000 versions)" "$(median true "$mlops" list)" "$log"
row "mlops list m25" "$(median true "$mlops" list m25)" "$log"
row "mlops show m25@20" "$(median true "$mlops" show m25@20)" "$log"
row "mlops log m25" "$(median true "$mlops" log m25)" "$log"
row "mlops promote (durable)" "$(median back "$mlops" -q promote m25@20 --to production)" "$log"
forward >/dev/null 2>&1 || true
row "mlops rollback (durable)" "$(median forward "$mlops" -q rollback m25 --stage production)" "$log"
