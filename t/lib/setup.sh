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
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "$0: missing:$missing; install them as root first" >&2
            return 1
        fi
        as_root=sudo
    fi
    say "installing with apt:$missing"
    $as_root apt-get update -q
    # Word splitting is meant: it is a list.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $missing
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
