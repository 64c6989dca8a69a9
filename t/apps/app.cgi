#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A CGI program in sh, for t/e2e/apps.t, which runs it by fcgiwrap: see there.
head()
{
    printf 'Content-Type: text/plain\r\nX-Served: 1\r\n'
}
case ${PATH_INFO-} in
/env) head; printf '\r\n'; env | sort ;;
/md5)
    head
    printf '\r\n'
    cat >"${TMPDIR:-/tmp}/fcgi-app.$$"
    wc -c <"${TMPDIR:-/tmp}/fcgi-app.$$" | tr -d '\n '
    printf ' '
    md5sum <"${TMPDIR:-/tmp}/fcgi-app.$$" | cut -c1-32
    rm -f "${TMPDIR:-/tmp}/fcgi-app.$$" ;;
/cookies)
    head
    printf 'Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n\r\ncookies\n' ;;
/moved) printf 'Location: http://h.test/there\r\n\r\n' ;;
/big) head; printf '\r\n'; command head -c 1000000 /dev/zero | tr '\0' x ;;
/stderr)
    echo 'a word from the program' >&2
    head
    printf '\r\nsaid\n' ;;
*) head; printf 'Status: 404 Not Here\r\n\r\nnothing at <%s>\n' \
    "${PATH_INFO-}" ;;
esac
