# A session on a registry whose objects lie in a bucket; under with_server.

load ../cli/common

# registry [SETTING=VALUE&…]: here, with a prefix of its own in the bucket; its packs are files in
# $packs. Large ones go in parts, as to a server elsewhere; that they go whole to one on this machine is
# what all of tests/shared does.
registry() {
    prefix=t$BATS_TEST_NUMBER-$RANDOM
    packs=$S3_DATA/models/$prefix/packs
    mlops -q init --objects "s3://models/$prefix?part-size=8M${1:+&$1}"
}

# project DIR ROUND [BYTES]: weights that nobody can compress.
project() {
    given_project "$1" fraud "$2"
    head -c "${3:-300000}" /dev/urandom > "$1/model/weights.bin"
}

# How many requests of the OPERATION (PutObject …) the server has had since `forget`.
requests() {
    sleep 0.3 # it writes its log behind the answers
    grep -c " s3_$1 .*$prefix" "$S3_LOG" || true
}

forget() {
    sleep 0.3
    : > "$S3_LOG"
}
