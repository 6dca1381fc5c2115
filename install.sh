#!/bin/sh
# Builds libupay and installs what C and C++ programs need: the headers, the shared and the static library, and the files
# for pkg-config and CMake.
#
# cargo-c would do most of this. It is not used because every machine that builds would need it, it is as large as cargo,
# and it writes no CMake package. Without it there are eight files to copy.
set -eu

usage() {
    cat <<'END'
usage: ./install.sh [--prefix DIR] [--libdir NAME] [--from DIR]

    --prefix DIR    install into DIR (default /usr/local)
    --libdir NAME   name of the libraries' directory inside the prefix (default lib), such as lib64
    --from DIR      install the libraries in DIR, such as target/release; without it they are built first

With DESTDIR=ROOT in the environment the files are installed below ROOT, for packages. The tree may be moved as a whole.
END
}

prefix=/usr/local libdir=lib from=
while [ $# -gt 0 ]; do
    case $1 in
    --prefix=* | --libdir=* | --from=*) option=${1%%=*} value=${1#*=} ;;
    --prefix | --libdir | --from)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        option=$1 value=$2
        shift
        ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
    case $option in
    --prefix) case $value in /*) prefix=$value ;; *) prefix=$PWD/$value ;; esac ;;
    --libdir) libdir=${value%/} ;;
    --from) from=$(cd "$value" && pwd) ;;
    esac
done
case $libdir in '' | /* | *..*) echo "--libdir is a name inside the prefix, such as lib64" >&2; exit 2 ;; esac

cd "$(dirname "$0")"
if [ -z "$from" ]; then
    target=${CARGO_TARGET_DIR:-$PWD/target}
    cargo dist --locked --target-dir "$target"
    from=$target/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release
fi
root=${DESTDIR-}$prefix
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

put() { # FILE MODE PLACE: PLACE is inside the prefix
    mkdir -p "$root/$(dirname "$3")"
    install -m "$2" "$1" "$root/$3"
    echo "$root/$3"
}

# The relative path from a directory inside the prefix back to the prefix: lib/pkgconfig gives ../..
up() { echo "$1" | sed 's,[^/][^/]*,..,g'; }

fill_in() { # TEMPLATE PLACE
    filled=$(mktemp)
    sed -e "s,@VERSION@,$version," -e "s,@UP@,$(up "$(dirname "$2")")," -e "s,@LIBDIR@,$libdir," \
        -e "s,@THREADS@,$threads," -e "s,@STATIC_NEEDS@,$static_needs," "packaging/$1" >"$filled"
    put "$filled" 644 "$2"
    rm -f "$filled"
}

put include/upay.h 644 include/upay.h
put include/upay.hpp 644 include/upay.hpp
if [ -f "$from/libupay.so" ]; then
    # The number is that of upay_abi_version; build.rs sets it as the SONAME.
    put "$from/libupay.so" 755 "$libdir/libupay.so.1"
    ln -sf libupay.so.1 "$root/$libdir/libupay.so"
    echo "$root/$libdir/libupay.so"
    put "$from/libupay.a" 644 "$libdir/libupay.a"
    # upay.hpp's futures need -pthread where threads are not part of the C library.
    threads=" -pthread" static_needs="-ldl -lm"
elif [ -f "$from/upay.dll" ]; then
    # Tried with MinGW under wine. Never tried with MSVC, whose file names differ, or on a real Windows.
    put "$from/upay.dll" 755 bin/upay.dll
    if [ -f "$from/upay.dll.lib" ]; then
        put "$from/upay.dll.lib" 644 "$libdir/upay.lib"
        put "$from/upay.lib" 644 "$libdir/upay_static.lib"
    else
        put "$from/libupay.dll.a" 644 "$libdir/libupay.dll.a"
        put "$from/libupay.a" 644 "$libdir/libupay.a"
    fi
    threads="" static_needs="-lws2_32 -luserenv -lntdll -lbcrypt -ladvapi32"
else
    echo "neither libupay.so nor upay.dll is in $from" >&2
    exit 1
fi
fill_in upay.pc.in "$libdir/pkgconfig/upay.pc"
fill_in upay-config.cmake.in "$libdir/cmake/upay/upay-config.cmake"
fill_in upay-config-version.cmake.in "$libdir/cmake/upay/upay-config-version.cmake"

# The loader needs this to find a new library in its standard directories. For other directories it changes nothing.
if [ -z "${DESTDIR-}" ] && [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null; then
    ldconfig
fi
