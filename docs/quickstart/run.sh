#!/usr/bin/env bash
# The whole story on real data: a model from its folder to production and back, and its data drifting.
#   MLOPS=path/to/mlops docs/quickstart/run.sh [FOLDER]      the work stays in FOLDER, to look at
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mlops=$(command -v "${MLOPS:-mlops}") || {
    echo "no '${MLOPS:-mlops}' to run: build it first, as start.sh does, and name it in MLOPS" >&2
    exit 1
}
mlops=$(realpath "$mlops")
export PATH=/usr/bin:$PATH # Debian's python3 with python3-sklearn, wherever another one is installed
export PYTHONDONTWRITEBYTECODE=1
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com
export GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.com
export MLOPS_ACTOR=${MLOPS_ACTOR:-ada@example.com}
unset MLOPS_REGISTRY

if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
    if [ -n "$(ls -A "$work")" ]; then
        echo "$work is not empty: name a new folder" >&2
        exit 1
    fi
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

say() { printf '\n# %s\n' "$*"; }

# expect STATUS COMMAND…: show the command, run it, and stop where its exit status is another.
expect() {
    wanted=$1
    shift
    shown='$'
    for word in "$@"; do
        case $word in *' '*) word="'$word'" ;; esac
        shown="$shown $word"
    done
    printf '%s\n' "$shown"
    status=0
    if [ "$1" = mlops ]; then
        shift
        "$mlops" "$@" || status=$?
    else
        "$@" || status=$?
    fi
    if [ "$status" -ne "$wanted" ]; then
        echo "stopped: exit status $status, where $wanted was expected" >&2
        exit 1
    fi
    [ "$wanted" -eq 0 ] || echo "(exit $status)"
}

started=$SECONDS
cp -r "$here/project/." "$work"
mkdir -p "$work/data"
for table in "$here"/data/*.csv.gz; do
    gunzip -c "$table" > "$work/data/$(basename "$table" .gz)"
done
cd "$work"
git init -q -b main .
git add -A
git commit -q -m "First model"

say "A data scientist has a model in a folder."
expect 0 mlops init
expect 0 python3 train.py
expect 0 mlops package
expect 0 mlops register .
expect 0 mlops test flight-delay@1
expect 0 mlops promote flight-delay@1 --to production --reason "first release"

say "Version 2 saves on the weather feed. The gate says no."
cp "$here/params-v2.yaml" params.yaml
git commit -q -a -m "Do without the weather"
expect 0 python3 train.py
expect 0 mlops register .
expect 1 mlops test flight-delay@2
expect 1 mlops promote flight-delay@2 --to production

say "Version 3 is better, and goes live."
cp "$here/params-v3.yaml" params.yaml
git commit -q -a -m "Boosted trees"
expect 0 python3 train.py
expect 0 mlops register .
expect 0 mlops test flight-delay@3
expect 0 mlops promote flight-delay@3 --to production --expect flight-delay@1 --reason "AUC 0.74"
expect 0 mlops list
expect 0 mlops show flight-delay@production

say "Something smells. Back to what was there before, in one command."
expect 0 mlops rollback flight-delay --reason "complaints from JFK"
expect 0 mlops status
expect 0 mlops log flight-delay

say "What comes out is what was packaged, byte for byte."
expect 0 mlops checkout flight-delay@3 copy
others=(-x .git -x .gitignore -x .mlops -x copy -x same-period.csv -x summer.csv)
expect 0 diff -r "${others[@]}" copy .

say "Has the data drifted? Not in the same months; in summer it has."
expect 0 mlops drift flight-delay@production --current data/same-period.csv
expect 1 mlops drift flight-delay@production --current data/summer.csv

say "Somebody sends a model. What would loading it do?"
python3 - << 'PYTHON'
import pickle


class Surprise:
    def __reduce__(self):
        return exec, ("print('this could have been anything')",)


with open("incoming.pkl", "wb") as file:
    pickle.dump({"weights": [0.1, 0.2], "hook": Surprise()}, file)
PYTHON
expect 1 mlops scan incoming.pkl
expect 0 mlops scan model

say "The whole story took $((SECONDS - started)) s."
