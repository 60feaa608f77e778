# A session on a registry whose objects lie in a bucket; under with_server.

load ../cli/common

# registry [SETTING=VALUE&…]: here, with a prefix of its own in the bucket; its packs are files in
# $packs. Large ones go in parts, as to a server elsewhere; that they go whole to one on this machine is
# what all of tests/shared does.
registry() {
    prefix=t$BATS_TEST_NUMBER-$((registries += 1))
    packs=$S3_DATA/models/$prefix/packs
    mlops -q init --objects "s3://models/$prefix?part-size=8M${1:+&$1}"
}

# project DIR ROUND [BYTES]: weights that nobody can compress.
project() {
    given_project "$1" fraud "$2"
    head -c "${3:-300000}" /dev/urandom > "$1/model/weights.bin"
}

# given_proxy: proxy.py between us and the server from now on; it breaks what ../rules say, and notes in
# ../bytes what passed it before that is answered. Ended by end_proxy.
given_proxy() {
    : > ../rules
    : > ../bytes
    rm -f ../port
    python3 "$BATS_TEST_DIRNAME/proxy.py" "$S3_PORT" ../rules ../broken ../bytes > ../port 2> ../proxy-said 3>&- & # bats' own descriptor, which it would hold open
    proxy=$!
    until [ -s ../port ]; do sleep 0.05; done
    server=$AWS_ENDPOINT_URL_S3
    export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat ../port)
}

end_proxy() {
    kill "$proxy"
    wait "$proxy" 2>/dev/null || true
    export AWS_ENDPOINT_URL_S3=$server
}

# How many requests of METHOD whose path fits PATTERN have passed the proxy since `forget`.
requests() {
    awk -v method="$1" -v pattern="$2" '$1 ~ method && $5 ~ pattern {n++} END {print n + 0}' ../bytes
}

forget() {
    : > ../bytes
}
