#!/usr/bin/env python3
"""A proxy between mlops and an S3 server that breaks requests on purpose.

    proxy.py UPSTREAM_PORT RULES LOG [BYTES]

prints its port. BYTES is a file that gets a line "METHOD UP DOWN RANGE PATH" for each request that
is forwarded: the bytes of its body and of the answer's. RULES is a file of lines "KIND TIMES METHOD
PATTERN", read anew for every request; the first line whose METHOD and regular expression fit, and
that was not used TIMES times yet, is what happens to it:

    reset     the connection is reset before anything is forwarded
    lost      the request is forwarded, and the connection reset instead of an answer
    500 503   that status (503 as SlowDown), nothing is forwarded; 413 as well
    expired   400 ExpiredToken
    cut       half of the answer's body, then the end
    flip      a bit of the answer's body is another
    spoil     a bit of the request's body is another
    hold      nothing until there is a file RULES.go, then a reset
    note      nothing: LOG says what was asked, and how the body was signed
"""
import http.client
import http.server
import os
import re
import socket
import struct
import sys
import threading
import time

upstream, rules_path, log_path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
bytes_path = sys.argv[4] if len(sys.argv) > 4 else None
used = {}
lock = threading.Lock()


def choose(method, path, signed):
    with lock:
        for line in open(rules_path):
            kind, times, wanted, pattern = line.split(None, 3)
            if wanted != method or not re.search(pattern.strip(), path):
                continue
            if used.get(line, 0) < int(times):
                used[line] = used.get(line, 0) + 1
                with open(log_path, "a") as log:
                    log.write(f"{kind} {method} {path} {signed}\n")
                return kind
    return None


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1]) if data else data


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def fail(self, status, code):
        body = f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forward(self, body):
        server = http.client.HTTPConnection("127.0.0.1", upstream, timeout=60)
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            server.putheader(name, value)
        server.endheaders()
        server.send(body)
        answer = server.getresponse()
        content = answer.read()
        server.close()
        if bytes_path:
            with lock, open(bytes_path, "a") as counts:
                counts.write(f"{self.command} {len(body)} {len(content)} {self.headers.get('Range', '-')} {self.path}\n")
        return answer, content

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = choose(self.command, self.path, self.headers.get("x-amz-content-sha256"))
        while kind == "hold" and not os.path.exists(rules_path + ".go"):
            time.sleep(0.02)
        if kind in ("reset", "hold"):
            return self.reset()
        if kind in ("413", "500", "503"):
            codes = {"413": "EntityTooLarge", "500": "InternalError", "503": "SlowDown"}
            return self.fail(int(kind), codes[kind])
        if kind == "expired":
            return self.fail(400, "ExpiredToken")
        answer, content = self.forward(flipped(body) if kind == "spoil" else body)
        if kind == "lost":
            return self.reset()
        if kind == "flip":
            content = flipped(content)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if kind == "cut":
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            return None
        self.wfile.write(content)
        return None

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = handle_one


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what this is about


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
