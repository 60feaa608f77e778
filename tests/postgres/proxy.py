#!/usr/bin/env python3
"""A proxy between mlops and a PostgreSQL server that breaks connections on purpose.

    proxy.py UPSTREAM RULE LOG

prints its port. UPSTREAM is a file with the path of the server's Unix socket, read anew for every
connection, as an address that moves with the server is. A round is what a client sends before it waits:
the messages up to a Sync, or one of the start of a connection. Every round adds a line to LOG.

RULE is a file of one line "KIND N [TEXT]", read anew for every round: what happens, once, to the N-th
round from then on that has a statement which ends with TEXT; further lines are of no meaning, and make
the rule another one.

    before    the connection is reset, and the server hears nothing of the round
    half      the server hears half of it, and the connection is reset
    after     the server hears it all and answers, and the connection is reset instead of the answer
    cut       half of the answer arrives, and the connection is reset
    hold-before hold-after    as above, and then not before there is a file RULE.go
    every-before              before, for this round and all that follow
"""
import os
import select
import socket
import struct
import sys
import threading
import time

upstream_path, rule_path, log_path = sys.argv[1:4]
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
lock = threading.Lock()
state = {"rule": None, "seen": 0, "used": False}


TERMINATE = b"X\0\0\0\4"  # no round: whoever ends says it when the next rule may be there


def choose(data):
    """What is to happen to this round; "" for nothing."""
    if data == TERMINATE:
        return ""
    with lock, open(log_path, "a") as log:
        rule = open(rule_path).read()
        if rule != state["rule"]:
            state.update(rule=rule, seen=0, used=False)
        kind, number, *text = (rule.split("\n")[0].split(None, 2) or ["", "0"])
        if not kind or (text and text[0].encode() + b"\0" not in data):
            log.write("round\n")
            return ""
        state["seen"] += 1
        always = kind.startswith("every-")
        if state["seen"] < int(number) or (state["used"] and not always):
            log.write("round\n")
            return ""
        state["used"] = True
        log.write(f"round {kind}\n")
        return kind.removeprefix("every-")


class Gone(Exception):
    pass


def receive(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise Gone
        data += piece
    return data


def message(sock):
    head = receive(sock, 5)
    return head + receive(sock, struct.unpack("!I", head[1:])[0] - 4)


def round_of(client):
    data = b""
    while True:
        one = message(client)
        data += one
        if one[:1] in b"SQXp":
            return data


def answer_of(server, client):
    """All messages up to ReadyForQuery; while a connection begins, up to what asks for more."""
    data = b""
    while True:
        ready, _, _ = select.select([server, client], [], [])
        if client in ready and server not in ready and not client.recv(1, socket.MSG_PEEK):
            raise Gone  # who asked does not wait any more
        if server not in ready:
            time.sleep(0.005)  # it may send more before it is answered
            continue
        one = message(server)
        data += one
        if one[:1] == b"Z" or (one[:1] == b"R" and one[5:9] not in (b"\0\0\0\0", b"\0\0\0\x0c")):
            return data


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def wait_for_go():
    while not os.path.exists(rule_path + ".go"):
        time.sleep(0.005)


def relay(client, server, data):
    """One round; whether the connection goes on."""
    kind = choose(data)
    if kind.endswith("before"):
        if kind.startswith("hold"):
            wait_for_go()
        return False
    if kind == "half":
        server.sendall(data[: len(data) // 2])
        return False
    server.sendall(data)
    if data[:1] == b"X":
        return False
    answer = answer_of(server, client)
    if kind.endswith("after"):
        if kind.startswith("hold"):
            wait_for_go()
        return False
    client.sendall(answer[: len(answer) // 2] if kind == "cut" else answer)
    return kind != "cut"


def serve(client):
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(open(upstream_path).read().strip())
        while True:
            head = receive(client, 8)
            length, code = struct.unpack("!II", head)
            first = head + receive(client, length - 8)
            if code not in (SSL, GSS):
                break
            client.sendall(b"N")
        if code == CANCEL:
            server.sendall(first)
            return
        going = relay(client, server, first)
        while going:
            going = relay(client, server, round_of(client))
    except (Gone, OSError):
        pass
    finally:
        server.close()
        reset(client)


listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)
while True:
    accepted, _ = listener.accept()
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
