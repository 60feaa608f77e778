"""kill -9 of ingest at random moments under load: ingest_kill.py file|follow|socket MLOPS KILLS

A registry with fraud@1 is expected in the working folder. Events go in by the way that is named, as
its user would send them: a file again from its beginning, a followed file that is rotated meanwhile,
a socket whose client sends again what was not acknowledged. After each kill what was acknowledged
must be there, and what is there must agree in all places; at the end each event must be counted
once.
"""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

WAY, MLOPS, KILLS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SEED = int(os.environ.get("MLOPS_SEED", random.randrange(1 << 30)))
START = 1777802400  # 2026-05-03T10:00:00Z
random.seed(SEED)


def event(i):
    """Two hundred a second; every tenth is an error."""
    return (
        '{"time":%.3f,"id":"t%d","version":1,"features":{"age":%d,"city":"%s"},"score":%.2f,'
        '"latency_ms":%d,"status":%d}\n'
        % (START + i / 200, i, 20 + i * 7 % 40, "abc"[i % 3], i % 100 / 100, 10 + i % 90,
           200 if i % 10 else 500)
    )


def start(*options):
    return subprocess.Popen(
        [MLOPS, "-q", "monitor", "ingest", "fraud", *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )


def status():
    done = subprocess.run(
        [MLOPS, "--json", "monitor", "status", "fraud", "--since", "365d"], capture_output=True
    )
    if done.returncode == 3:  # no events yet
        return 0, 0, {"counted": 0}
    document = json.loads(done.stdout)
    groups = document["groups"]
    return (sum(g["events"] for g in groups), sum(g["errors"] for g in groups), document["counts"])


def rows(query):
    with sqlite3.connect("file:.mlops/registry.db?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


def check(least, kill):
    """Windows, counters and rosters say the same, and at least what was acknowledged."""
    events, errors, counts = status()
    ids = rows("SELECT COALESCE(SUM(LENGTH(records)), 0) / 24 FROM monitor_roster")[0][0]
    assert events == counts["counted"] == ids, f"kill {kill}: {events} {counts} {ids}"
    assert events >= least, f"kill {kill}: {least} were acknowledged, {events} are there"
    return events


def kill(process, moment):
    """False: it had ended before."""
    time.sleep(moment)
    alive = process.poll() is None
    if alive:
        process.send_signal(signal.SIGKILL)
    errors = process.communicate()[1]
    assert not errors or not alive, errors
    return alive


def by_file():
    count = 4000 * KILLS + 60000
    with open("events", "w") as out:
        out.writelines(event(i) for i in range(count))
    seen = killed = 0
    while killed < KILLS:
        # a batch is a second: most kills fall where something is being written
        killed += kill(start("events"), random.uniform(0.02, 1.6))
        seen = check(seen, killed)
        if seen == count:  # all is in: go on with more
            with open("events", "a") as out:
                out.writelines(event(i) for i in range(count, count + 60000))
            count += 60000
    assert start("events").wait() == 0
    return count


def rotate():
    """As logrotate: log.1 becomes log.2, and so on, and some are compressed."""
    old = sorted((int(name.split(".")[1]), name) for name in os.listdir() if name.startswith("log."))
    for number, name in reversed(old):
        os.rename(name, name.replace(str(number), str(number + 1)))
    os.rename("log", "log.1")


def compress():
    """And then some are compressed, beside the new file."""
    if os.path.exists("log.2") and random.random() < 0.5:
        subprocess.run(["gzip", "log.2"], check=True)


class Writer:
    """Appends events to `log` without end, and rotates it when asked to."""

    def __init__(self):
        self.written = 0
        self.stop, self.rotate = threading.Event(), threading.Event()
        open("log", "w").close()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        out = open("log", "a")
        while not self.stop.is_set():
            out.writelines(event(self.written + i) for i in range(100))
            out.flush()
            self.written += 100
            if self.rotate.is_set():
                out.close()
                rotate()
                out = open("log", "w")
                self.rotate.clear()
                compress()
            time.sleep(0.01)
        out.close()


def catch_up(goal):
    process = start("--follow", "log")
    end = time.time() + 400
    seen = 0
    while seen < goal:
        assert time.time() < end, f"{seen} of {goal} after so long"
        time.sleep(0.1)
        seen = status()[0]
    return process, seen


def by_followed_file():
    writer = Writer()
    seen = 0
    try:
        for killed in range(KILLS):
            while writer.rotate.is_set():  # the file that is followed is there when that begins
                time.sleep(0.001)
            process = start("--follow", "log")
            time.sleep(random.uniform(0, 0.8))
            writer.rotate.set()  # before the kill or after it, and once more while nobody reads
            assert kill(process, random.uniform(0, 0.8))
            seen = check(seen, killed)
            time.sleep(0.05)
            writer.rotate.set()
            time.sleep(0.05)
    finally:
        writer.stop.set()
        writer.thread.join()
    process, seen = catch_up(writer.written)
    process.terminate()
    assert process.wait() == 0
    check(seen, KILLS)
    return writer.written


class Client:
    """Sends events without end, keeps what was not acknowledged, and sends it again."""

    def __init__(self):
        self.acknowledged = 0  # events, over all connections
        self.limit = None
        self.connection = None
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while self.limit is None or self.acknowledged < self.limit:
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect("s")
                    self.talk(connection)
            except OSError:
                time.sleep(0.01)

    def talk(self, connection):
        first = self.acknowledged
        reader = threading.Thread(target=self.listen, args=(connection, first))
        reader.start()
        try:
            i = first
            while self.limit is None or i < self.limit:
                end = i + 500 if self.limit is None else min(i + 500, self.limit)
                connection.sendall("".join(event(k) for k in range(i, end)).encode())
                i = end
            reader.join()
        finally:
            connection.close()
            reader.join()

    def listen(self, connection, first):
        rest = b""
        try:
            while self.limit is None or self.acknowledged < self.limit:
                got = connection.recv(4096)
                if not got:
                    return
                *lines, rest = (rest + got).split(b"\n")
                for line in lines:
                    word, number = line.split()
                    assert word == b"ok", line
                    self.acknowledged = first + int(number)
        except OSError:
            pass


def by_socket():
    client = Client()
    client.thread.start()
    for killed in range(KILLS):
        process = start("--listen", "unix:s")
        before = client.acknowledged
        moment = random.uniform(0.1, 1.4)
        if killed % 2:  # right behind an acknowledgement, while the next batch is under way
            end = time.time() + 20
            while client.acknowledged == before and time.time() < end:
                time.sleep(0.001)
            moment = random.uniform(0, 0.05)
        assert kill(process, moment)
        time.sleep(0.05)  # answers that were sent are read
        check(client.acknowledged, killed)
    client.limit = client.acknowledged + 50000
    process = start("--listen", "unix:s")
    client.thread.join(400)
    assert client.acknowledged >= client.limit, client.acknowledged
    process.terminate()
    assert process.wait() == 0
    return rows("SELECT counted FROM monitor_model")[0][0]


def main():
    print(f"seed {SEED}", flush=True)
    count = {"file": by_file, "follow": by_followed_file, "socket": by_socket}[WAY]()
    events, errors, counts = status()
    assert (events, errors) == (count, (count + 9) // 10), (events, errors, count)
    assert counts["malformed"] + counts["late"] + counts["future"] + counts["unknown"] == 0, counts
    print(f"{KILLS} kills, {events} events once, {counts['duplicates']} duplicates")


main()
