#!/bin/sh
# Installs what the tests need from Debian's packages, and runs every test: first under the address and
# undefined-behaviour sanitizers of clang, whose programs start in half the time that gcc's take, then the
# release build, which is gcc's. So both compilers see every file, warnings being errors.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

. "$root/docs/quickstart/packages.sh"
install_packages $build_packages $quickstart_packages $test_packages

cd "$root"
jobs=$(($(nproc) * 2)) # they wait, too

cmake --preset debug -B build/sanitizers -DCMAKE_C_COMPILER=clang-14 -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold
cmake --build build/sanitizers
ctest --test-dir build/sanitizers --output-on-failure -j "$jobs" -LE slow

cmake --preset release -DMLOPS_WERROR=ON -DBUILD_TESTING=ON # start.sh turned it off
cmake --build --preset release
ctest --preset release -j "$jobs"
