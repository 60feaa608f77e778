#!/bin/sh
# Installs what the tests need from Debian's packages, builds with both compilers, and runs every
# test: first under the address and undefined-behaviour sanitizers, then the release build.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

. "$root/docs/quickstart/packages.sh"
install_packages $build_packages $quickstart_packages $test_packages

cd "$root"
cmake -S . -B build/clang -G Ninja -DCMAKE_C_COMPILER=clang-14 -DMLOPS_WERROR=ON -DCMAKE_BUILD_TYPE=Release
cmake --build build/clang

cmake --preset debug -DBUILD_TESTING=ON
cmake --build --preset debug
ctest --preset debug -j3 -LE slow # they wait, too

cmake --preset release -DMLOPS_WERROR=ON -DBUILD_TESTING=ON # start.sh turned it off
cmake --build --preset release
ctest --preset release -j3
