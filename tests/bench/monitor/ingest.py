"""How fast events are taken in: ingest.py MLOPS MAKE_EVENTS CJSON_LINES [COUNT [PYTHON]]

Events of 30 features from a file and over a Unix socket into a registry that is made for it, beside
reading the same lines with cJSON, and whylogs where PYTHON is named: an interpreter that has it,
pandas<3 and numpy<2. Works in a new folder under TMPDIR. Over the socket lines are sent as fast as
they are taken, and then at 200,000 a second, where the time from sending to the answer "ok", when
they are durable and in the windows, is taken.
"""

import bisect
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

MLOPS, MAKE, CJSON = (os.path.abspath(a) for a in sys.argv[1:4])
COUNT = int(sys.argv[4]) if len(sys.argv) > 4 else 1000000
RATE, PIECE = 200000, 2000

WHYLOGS = """
import json, sys, pandas, whylogs
rows = []
for line in open(sys.argv[1]):
    event = json.loads(line)
    rows.append({**event["features"], "score": event["score"], "latency_ms": event["latency_ms"]})
    if len(rows) == 50000:
        break
whylogs.log(pandas.DataFrame(rows))
print(len(rows))
"""


def measured(name, command, **options):
    """Seconds of processor and of the clock for what runs until its end."""
    before, at = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    options = {"stderr": None, **options}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options)
    wall, after = time.monotonic() - at, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, done.stdout


def show(name, count, cpu, wall, base):
    print(f"{name:24} {count / wall:9,.0f} events/s  {cpu / count * 1e6:6.2f} µs of processor an event"
          f"  {cpu / count / base:5.2f} × cJSON")


def registry():
    shutil.rmtree("r", ignore_errors=True)
    os.makedirs("r/p/model")
    with open("r/p/mlops.yaml", "w") as out:
        out.write("model: fraud\nartifacts: [model/]\ntests:\n  unit: {kind: unit, run: \"true\"}\n")
    open("r/p/model/weights.bin", "w").write("weights")
    for command in (["-q", "init"], ["-q", "register", "p"]):
        subprocess.run([MLOPS, *command], cwd="r", check=True, capture_output=True)


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def by_socket(lines, rate):
    """Lines sent at so many a second; at 0, as fast as they are taken."""
    registry()
    server = subprocess.Popen([MLOPS, "-q", "monitor", "ingest", "fraud", "--listen", "unix:s"], cwd="r")
    client = socket.socket(socket.AF_UNIX)
    while client.connect_ex("r/s"):
        time.sleep(0.01)
    answered, sent = [], []  # (lines, when)

    def listen():
        rest = b""
        while not answered or answered[-1][0] < len(lines):
            *whole, rest = (rest + client.recv(4096)).split(b"\n")
            answered.extend((int(line.split()[1]), time.monotonic()) for line in whole)

    reader = threading.Thread(target=listen)
    reader.start()
    began = time.monotonic()
    for i in range(0, len(lines), PIECE):
        if rate:
            time.sleep(max(0, began + i / rate - time.monotonic()))
        sent.append(time.monotonic())
        client.sendall(b"".join(lines[i : i + PIECE]))
    reader.join()
    wall, peak = time.monotonic() - began, peak_mib(server.pid)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.terminate()
    server.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    delays = []
    for i, when in enumerate(sent):
        at = bisect.bisect_left(answered, (min((i + 1) * PIECE, len(lines)), 0))
        delays.append(answered[at][1] - when)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, peak, sorted(delays)


def main():
    os.chdir(tempfile.mkdtemp(prefix="bench-ingest-"))
    with open("events", "w") as out:
        subprocess.run([MAKE, str(COUNT)], stdout=out, check=True)
    size = os.path.getsize("events")
    cpu, wall, _ = measured("cjson", [CJSON], stdin=open("events"))
    base = cpu / COUNT
    show("cJSON, parsing alone", COUNT, cpu, wall, base)
    registry()
    empty = os.path.getsize("r/.mlops/registry.db")
    cpu, wall, out = measured("file", ["/usr/bin/time", "-f", "%M", MLOPS, "-q", "monitor", "ingest",
                                       "fraud", "../events"], cwd="r", stderr=subprocess.STDOUT)
    show("mlops, a file", COUNT, cpu, wall, base)
    print(f"peak {int(out.split()[-1]) / 1024:.0f} MiB; the registry grew by "
          f"{(os.path.getsize('r/.mlops/registry.db') - empty) / size:.3f} × the {size / 1e6:.0f} MB of JSON")
    with open("events", "rb") as events:
        lines = events.readlines()
    cpu, wall, peak, _ = by_socket(lines, 0)
    show("mlops, a socket", COUNT, cpu, wall, base)
    print(f"peak {peak:.0f} MiB")
    *_, peak, delays = by_socket(lines, RATE)
    print(f"at {RATE:,} a second: from sending to 'ok' p50 {delays[len(delays) // 2]:.2f} s, "
          f"p99 {delays[len(delays) * 99 // 100]:.2f} s; peak {peak:.0f} MiB")
    if len(sys.argv) > 5:
        cpu, wall, out = measured("whylogs", [sys.argv[5], "-c", WHYLOGS, "events"])
        show("whylogs, reading and log", int(out.split()[-1]), cpu, wall, base)
    shutil.rmtree(os.getcwd())


main()
