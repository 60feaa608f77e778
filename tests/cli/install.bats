#!/usr/bin/env bats
# What `cmake --install` puts where, and that others can build on it.

setup() {
    cd "$BATS_TEST_TMPDIR"
    DESTDIR=$PWD/root cmake --install "$BUILD_ROOT" --prefix /usr >/dev/null
    libdir=$(dirname "$(find root -name 'libmlops.so')")
}

@test "binary, library, headers, manual and completions are in their places" {
    [ -x root/usr/bin/mlops ]
    [ -f root/usr/include/mlops/mlops.h ]
    [ -f "$libdir/libmlops.a" ]
    [ -f "$libdir/pkgconfig/mlops.pc" ]
    [ -f root/usr/share/man/man1/mlops.1 ]
    [ -f root/usr/share/man/man1/mlops-promote.1 ]
    [ -f root/usr/share/bash-completion/completions/mlops ]
    [ -f root/usr/share/zsh/site-functions/_mlops ]
    [ -f root/usr/share/fish/vendor_completions.d/mlops.fish ]
    [ "$(root/usr/bin/mlops --version)" = "mlops $(sed -n 's/^Version: //p' "$libdir/pkgconfig/mlops.pc")" ]
}

@test "a program builds against the installed library, shared and static, in C and C++" {
    if nm -D "$libdir/libmlops.so" | grep -q __asan; then skip "the sanitizers are in this build"; fi
    cat > user.c <<'EOF'
#include <mlops/mlops.h>
#include <stdio.h>
int main(void)
{
    bool created;
    struct mlops_error err = {MLOPS_OK, "", ""};
    struct mlops_registry_options options = {"made", NULL, NULL, 0, {NULL, NULL, NULL, NULL, NULL}};
    struct mlops_registry *registry = NULL;
    if (mlops_registry_init("made", &created, &err) || mlops_registry_open(&options, &registry, &err)) {
        puts(err.message);
        return 1;
    }
    puts(mlops_registry_location(registry));
    mlops_registry_close(registry);
    return 0;
}
EOF
    cp user.c user.cc
    export PKG_CONFIG_PATH=$PWD/$libdir/pkgconfig
    flags="-I$PWD/root/usr/include $(pkg-config --cflags mlops | sed 's/-I[^ ]*//')"
    cc -std=c11 -Wall -Wextra -Werror $flags user.c -o shared -L"$libdir" -lmlops
    LD_LIBRARY_PATH=$libdir ./shared
    cc -std=c11 $flags user.c -o static "$libdir/libmlops.a" $(pkg-config --static --libs mlops | sed 's/-lmlops//; s/-L[^ ]*//')
    ./static
    if command -v g++ >/dev/null; then
        g++ -Wall -Werror $flags user.cc -o cxx -L"$libdir" -lmlops
        LD_LIBRARY_PATH=$libdir ./cxx
    fi
}
