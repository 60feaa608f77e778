# The Debian packages that mlops needs, for start.sh and tests/run.sh; sourced, not run.

build_packages="cmake ninja-build gcc libc6-dev pkg-config git libssl-dev libcjson-dev libsqlite3-dev
    libyaml-dev libgit2-dev libarchive-dev libzstd-dev zlib1g-dev
    libbz2-dev liblzma-dev liblz4-dev libcurl4-openssl-dev libpq-dev libseccomp-dev libmicrohttpd-dev"
quickstart_packages="python3-sklearn bubblewrap libseccomp2 libmicrohttpd12"
test_packages="clang-14 libclang-rt-14-dev mold bats jq zstd lz4 python3 python3-pip python3-venv python3-jsonschema python3-packaging
    libcmocka-dev man-db groff strace zsh fish bash-completion sqlite3 util-linux xxd xfsprogs
    e2fsprogs bubblewrap procps libxml2-utils openssl buildah busybox-static postgresql
    prometheus prometheus-alertmanager curl python3-torch parallel docker-registry skopeo chromium-headless-shell
    slurmctld slurmd slurm-client munge"
# These may be there from elsewhere than Debian, and Debian's would not go beside them.
command -v npm > /dev/null || test_packages="$test_packages npm"
command -v java > /dev/null || test_packages="$test_packages default-jre-headless"

# Install those that are not there yet; asks for root by sudo where it must.
install_packages() {
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *"ok installed") ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    $as_root apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}
