# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share. Sourced, with $0 one of them.
set -u
LC_ALL=C.UTF-8
DEBIAN_FRONTEND=noninteractive
export LC_ALL DEBIAN_FRONTEND
top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/packages
conf=/etc/monkey/plugins/fastcgi/fastcgi.conf
count=0

# check NAME COMMAND...: one test. What the command prints is shown if it fails.
check()
{
    name=$1
    shift
    count=$((count + 1))
    "$@" >"$out/last.log" 2>&1
    status=$?
    { echo "== $name"; cat "$out/last.log"; } >>"$out/run.log"
    if [ $status -ne 0 ]; then
        echo "not ok $count - $name"
        tail -n 60 "$out/last.log" | sed 's/^/#   /'
        return 1
    fi
    echo "ok $count - $name"
}

give_up()
{
    echo "Bail out! $*"
    exit 1
}

# make_tarball: sets tarball and version.
make_tarball()
{
    rm -rf "$out/dist" && mkdir -p "$out/dist" && cd "$out/dist" || return
    [ -x "$top/configure" ] || (cd "$top" && autoreconf -fi) || return
    "$top/configure" --silent && make --silent dist || return
    set -- "$out"/dist/monkey-fastcgi-*.tar.xz
    tarball=$1
    version=${1##*-}
    version=${version%.tar.xz}
}

# make_old DEB: a package as 0.1.0 was: its plugin in the folder that may be
# Monkey's, its fastcgi.conf a conffile.
make_old()
{
    old=$out/old
    rm -rf "$old" &&
        dpkg-deb -R "$1" "$old" &&
        cd "$old" && mkdir -p "./${conf%/*}" &&
        cp usr/share/monkey-fastcgi/fastcgi.conf ".$conf" &&
        mv usr/lib/x86_64-linux-gnu/monkey-fastcgi \
            usr/lib/x86_64-linux-gnu/monkey &&
        sed -i 's/^Version: .*/Version: 0.1.0-1/' DEBIAN/control &&
        rm DEBIAN/p* && echo $conf >DEBIAN/conffiles &&
        find . -type f -not -path './DEBIAN/*' -printf '%P\n' | sort |
        xargs md5sum >DEBIAN/md5sums &&
        dpkg-deb -b . "$out/monkey-fastcgi_0.1.0-1_amd64.deb"
}
