#!/bin/sh
# Installs what mlops needs from Debian's packages, builds it, and runs the quickstart with it.
# With a folder as argument, the quickstart's work stays there to look at.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

. "$root/docs/quickstart/packages.sh"
install_packages $build_packages $quickstart_packages

cd "$root"
cmake --preset release -DBUILD_TESTING=OFF
cmake --build --preset release
MLOPS="$root/build/release/mlops" "$root/docs/quickstart/run.sh" "$@"
