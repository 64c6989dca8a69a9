# SPDX-License-Identifier: Apache-2.0
#
# A FastCGI server in plain Python in the manner of flup: a thread for each
# connection, a WSGI application, answers in records of at most 8184 bytes.
#
#     python3 flup.py SOCKET [no-values]
#
# Started with no-values it does what applications do that know nothing of
# management records: it ends the connection.
import os
import socket
import struct
import sys
import threading


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"python " + environ.get("SCRIPT_NAME", "").encode() + b"\n"
    yield environ["body"]


def read(conn, length):
    data = b""
    while len(data) < length:
        piece = conn.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_record(conn):
    _, kind, request, length, padding, _ = struct.unpack(
        "!BBHHBB", read(conn, 8))
    content = read(conn, length)
    read(conn, padding)
    return kind, request, content


def record(kind, request, content):
    padding = -len(content) & 7
    return struct.pack("!BBHHBB", 1, kind, request, len(content), padding,
                       0) + content + b"\0" * padding


def pairs(data):
    at = 0

    def length():
        nonlocal at
        n = data[at]
        if n & 128:
            n = struct.unpack("!L", data[at:at + 4])[0] & 0x7fffffff
            at += 4
        else:
            at += 1
        return n

    while at < len(data):
        name, value = length(), length()
        yield data[at:at + name], data[at + name:at + name + value]
        at += name + value


def values(content):
    known = {b"FCGI_MAX_CONNS": b"50", b"FCGI_MAX_REQS": b"50",
             b"FCGI_MPXS_CONNS": b"0"}
    answer = b""
    for name, _ in pairs(content):
        if name in known:
            answer += bytes((len(name), len(known[name]))) + name + known[name]
    return record(10, 0, answer)


def respond(conn, request, params, body):
    environ = {n.decode(): v.decode() for n, v in pairs(params)}
    environ["body"] = body
    out = bytearray()

    def start_response(status, headers):
        out.extend(b"Status: " + status.encode() + b"\r\n")
        for name, value in headers:
            out.extend(f"{name}: {value}\r\n".encode())
        out.extend(b"\r\n")

    for piece in application(environ, start_response):
        out.extend(piece)
    for at in range(0, len(out), 8184):
        conn.sendall(record(6, request, bytes(out[at:at + 8184])))
    conn.sendall(record(6, request, b"") + record(7, request, b"")
                 + record(3, request, struct.pack("!LBxxx", 0, 0)))


def serve(conn):
    params = body = b""
    flags = 0
    try:
        while True:
            kind, request, content = read_record(conn)
            if kind == 9 and len(sys.argv) > 2:
                return
            if kind == 9:
                conn.sendall(values(content))
            elif kind == 1:
                flags = content[2]
                params = body = b""
            elif kind == 4:
                params += content
            elif kind == 5 and content:
                body += content
            elif kind == 5:
                respond(conn, request, params, body)
                if not flags & 1:
                    return
    except (EOFError, OSError):
        pass
    finally:
        conn.close()


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
listener.listen(64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
