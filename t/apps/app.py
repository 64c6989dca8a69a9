#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An application in Python for t/e2e/apps.t: see there.

It speaks FastCGI itself, as flup does, in a process for each connection, with
the standard library alone: Debian has no package of flup for Python 3.
"""
import hashlib
import os
import signal
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7


def read_exactly(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_record(conn):
    _, kind, number, length, padding = struct.unpack(
        "!BBHHBx", read_exactly(conn, 8))
    content = read_exactly(conn, length)
    read_exactly(conn, padding)
    return kind, number, content


def pairs(data):
    """The name-value pairs of PARAMS."""
    at, found = 0, {}
    while at < len(data):
        lengths = []
        for _ in range(2):
            n = data[at]
            at += 1
            if n & 0x80:
                n = (n & 0x7F) << 24 | int.from_bytes(data[at:at + 3], "big")
                at += 3
            lengths.append(n)
        name = data[at:at + lengths[0]]
        at += lengths[0]
        found[name.decode()] = data[at:at + lengths[1]]
        at += lengths[1]
    return found


def write(conn, kind, number, data):
    for at in range(0, len(data), 65528):
        piece = data[at:at + 65528]
        conn.sendall(struct.pack("!BBHHBx", 1, kind, number, len(piece), 0)
                     + piece)


def application(env, body, served):
    """Returns the whole answer, and what goes to STDERR."""
    at = env.get("PATH_INFO", b"").decode(errors="replace")
    head = b"Content-Type: text/plain\r\nX-Served: %d\r\n" % served
    if at == "/env":
        return head + b"\r\n" + b"".join(
            k.encode() + b"=" + env[k] + b"\n" for k in sorted(env)), b""
    if at == "/md5":
        return head + b"\r\n%d %s\n" % (
            len(body), hashlib.md5(body).hexdigest().encode()), b""
    if at == "/cookies":
        return (head + b"Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n"
                b"\r\ncookies\n"), b""
    if at == "/moved":
        return b"Location: http://h.test/there\r\n\r\n", b""
    if at == "/big":
        return head + b"\r\n" + b"x" * 1000000, b""
    if at == "/stderr":
        return head + b"\r\nsaid\n", b"a word from the program\n"
    return (head + b"Status: 404 Not Here\r\n\r\nnothing at <"
            + at.encode() + b">\n"), b""


def serve(conn):
    """All requests of a connection, one after another."""
    served, keep = 0, True
    while keep:
        params, body, ended = b"", b"", set()
        while ended != {PARAMS, STDIN}:
            kind, number, content = read_record(conn)
            if kind == BEGIN:
                keep = bool(content[2] & 1)
            elif kind == ABORT:
                return
            elif not content:
                ended.add(kind)
            elif kind == PARAMS:
                params += content
            else:
                body += content
        served += 1
        answer, said = application(pairs(params), body, served)
        write(conn, STDERR, number, said)
        write(conn, STDOUT, number, answer)
        conn.sendall(struct.pack("!BBHHBx", 1, STDOUT, number, 0, 0)
                     + struct.pack("!BBHHBxIB3x", 1, END, number, 8, 0, 0, 0))


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(fileno=0)
    while True:
        conn, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                serve(conn)
            except (EOFError, OSError):
                pass
            os._exit(0)
        conn.close()


main()
