#!/usr/bin/env bats
# A server that speaks TLS; run under with_server with S3_CERT, S3_KEY and S3_OTHER_CA.
load common

@test "a server whose certificate is not trusted gets nothing" {
    run mlops init --objects s3://models/x
    ended 6 certificate
    AWS_CA_BUNDLE=$S3_OTHER_CA run mlops init --objects s3://models/x
    ended 6 certificate
    [ ! -e .mlops ]
    # what it gets from somebody who trusts it is in its log, in time, and nothing else
    AWS_CA_BUNDLE=$S3_CERT mlops -q init --objects s3://models/trusting ../trusting
    until grep -q trusting "$S3_LOG"; do sleep 0.05; done
    ! grep ' s3_' "$S3_LOG" | grep -v trusting
}

@test "one whose authority is named is used, by the environment or the address" {
    AWS_CA_BUNDLE=$S3_CERT registry
    project p 1 9000000
    AWS_CA_BUNDLE=$S3_CERT mlops -q register p
    run mlops checkout fraud@1 out
    [ "$status" -eq 0 ] || [ "$status" -eq 6 ] # what is in the cache needs no server but for the list
    rm -rf .mlops/objects/cache out
    AWS_CA_BUNDLE=$S3_CERT mlops -q checkout fraud@1 out
    cmp p/model/weights.bin out/model/weights.bin
    mkdir ../other && cd ../other
    registry "ca=$S3_CERT"
    mlops -q register ../work/p
}

@test "a certificate for another name is refused" {
    export AWS_CA_BUNDLE=$S3_CERT AWS_ENDPOINT_URL_S3=https://localhost.localdomain:$S3_PORT
    export AWS_MAX_ATTEMPTS=1
    grep -q localhost.localdomain /etc/hosts || AWS_ENDPOINT_URL_S3=https://127.0.0.2:$S3_PORT
    run mlops init --objects s3://models/x
    ended 6
    [ ! -e .mlops ]
}
