# shellcheck shell=sh disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
# What ./demo and ./check share: packages and the build. Sourced, from the top
# of the tree, with `set -eu`.

# Packages that a build needs.
build_packages="gcc libc6-dev make pkgconf libconfuse-dev libc-ares-dev"
# A tarball has its configure.
[ -x configure ] ||
    build_packages="$build_packages autoconf automake libtool"

# PHP-FPM wants a systemd-tmpfiles, for which apt would choose all of systemd.
php_packages=php-fpm
command -v systemd-tmpfiles >/dev/null ||
    php_packages="$php_packages systemd-standalone-tmpfiles"

# ./check --packages needs these, too.
package_packages="autopkgtest build-essential codespell curl debhelper diffutils fcgiwrap
    libcmocka-dev lintian mandoc perl php-fpm rpm rpmlint shellcheck
    systemd xz-utils zsh"

started=$(date +%s)

# Says what comes next, and how many seconds have gone.
say()
{
    printf '== %s (%d s)\n' "$*" $(($(date +%s) - started))
}

# as_root COMMAND...: through sudo, for anybody else.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "$0: there is no sudo; as root: $*" >&2
        return 1
    fi
}

# Installs those of the packages that are missing, with apt, and says so.
install_packages()
{
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "$0: missing:$missing, and there is no apt-get to install them" >&2
        return 1
    fi
    say "installing with apt:$missing"
    as_root apt-get update -q
    # Word splitting is meant: it is a list.
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $missing
}

# has_php_fpm: where fcgi-serve looks for one.
has_php_fpm()
{
    folders=$PATH:/usr/local/sbin:/usr/sbin
    (
        IFS=:
        for folder in $folders; do
            ! ls "$folder"/php-fpm* >/dev/null 2>&1 || exit 0
        done
        exit 1
    )
}

# unpack_php DIR: PHP-FPM from its package, and those of its libraries that are not
# installed. To install it would take three times as many packages, and start a
# service.
unpack_php()
{
    if ! command -v apt-get >/dev/null; then
        echo "$0: there is no php-fpm, and no apt-get to fetch it: install it" >&2
        return 1
    fi
    # shellcheck disable=SC2086
    missing=$(apt-get -s install --no-install-recommends $php_packages |
        sed -n 's/^Inst \([^ ]*\).*/\1/p')
    fpm=$(echo "$missing" | grep '^php[0-9].*-fpm$') || return
    wanted=$fpm
    known=
    while [ "$wanted" != "$known" ]; do
        known=$wanted
        # shellcheck disable=SC2086
        wanted="$fpm $(apt-cache depends -i $wanted |
            sed -n 's/^.*Depends: \(lib.*\)/\1/p' | grep -xF "$missing" |
            sort -u)"
    done
    # shellcheck disable=SC2086
    say unpacking in "$1:" $wanted
    # So that the folder is complete once it is there.
    rm -rf "$1.new" && mkdir -p "$1.new/debs" || return
    # shellcheck disable=SC2086
    (cd "$1.new/debs" && apt-get download -q $wanted) || return
    for deb in "$1.new/debs"/*.deb; do
        dpkg-deb -x "$deb" "$1.new" || return
    done
    mv "$1.new" "$1"
}

# fetch_php DIR: unpacks it, at the second try with apt's lists of today.
fetch_php()
{
    unpack_php "$1" || { as_root apt-get update -q && unpack_php "$1"; }
}

# build DIR [CONFIGURE OPTION...]: configures and makes in DIR.
build()
{
    build_dir=$1
    shift
    # Once it is there, make keeps it up to date.
    [ -x configure ] || autoreconf -fi
    mkdir -p "$build_dir"
    (
        cd "$build_dir" || exit
        "$top/configure" --silent "$@"
        make --silent -j"$(nproc)"
    )
}
