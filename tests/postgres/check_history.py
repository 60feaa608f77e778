"""Is a history of concurrent clients linearizable, with the log as the witness of the order?

usage: check_history.py HISTORY LOG   (lines of clients.c; `mlops --json log`)

The log gives a total order of all changes. The history is linearizable (Herlihy and Wing, 1990) if that
order is one in which a single client could have got the same answers, and if nothing that was answered
before another began comes after it. Reads must see a state that held at some time while they ran.
"""
import bisect
import json
import sys

history = [json.loads(line) for line in open(sys.argv[1])]
log = sorted(json.load(open(sys.argv[2]))["entries"], key=lambda entry: entry["index"])
log = {entry["index"]: entry for entry in log}
IO = 6


def fail(text, *about):
    print(text, *about, sep="\n  ")
    sys.exit(1)


# Each change is one operation's, and each operation that said so made one.
registers = {e["version"]: i for i, e in log.items() if e["action"] == "register" and e["model"] == "many"}
done = {}
for operation in history:
    if operation["operation"] == "register" and operation["code"] == 0:
        operation["entry"] = registers.get(operation["version"], -1)
        if operation["entry"] < 0:
            fail("registered, and not in the log", operation)
    if operation["entry"] >= 0:
        if operation["entry"] in done:
            fail("two operations have one entry", operation, done[operation["entry"]])
        done[operation["entry"]] = operation
        entry = log.get(operation["entry"])
        if entry is None or entry["action"] != operation["operation"] or entry["version"] != operation["version"]:
            fail("the log says something else", operation, entry)
        if operation["operation"] != "register" and (
                entry["reason"] != operation["reason"] or (entry.get("previous") or 0) != operation["previous"]):
            fail("the log says something else", operation, entry)
unknown = {o["reason"] for o in history if o["code"] == IO}
unsure = any(o["operation"] in ("register", "registered") and o["code"] == IO for o in history)

# One client that did all this in the order of the log would have been told the same.
holder, states, number = 0, [(-1, 0)], 0
for index, entry in sorted(log.items()):
    moves = entry["action"] in ("promote", "rollback") and entry["stage"] == "dev"
    if moves:
        if index not in done and entry["reason"] not in unknown:
            fail("an entry of nobody, or of one who was told no", entry)
        if (entry.get("previous") or 0) != holder:
            fail("a lost update: it did not find what was there, %d" % holder, entry)
        holder = entry["version"]
        states.append((index, holder))
    elif entry["action"] == "register" and entry["model"] == "many":
        number += 1
        if entry["version"] != number:
            fail("a number was left out or used twice", entry)
        if index not in done and not unsure:
            fail("registered by nobody", entry)

# What was answered before another began comes before it.
changes = sorted((o for o in done.values()), key=lambda o: o["ended"])
ends = [o["ended"] for o in changes]
latest = []
for operation in changes:
    latest.append(max(operation["entry"], latest[-1] if latest else -1))


def before(moment):
    """The highest entry that was answered before the moment."""
    at = bisect.bisect_left(ends, moment)
    return latest[at - 1] if at else -1


for operation in done.values():
    if before(operation["began"]) > operation["entry"]:
        fail("it comes before what was over when it began", operation)

# A read sees a state that held between its beginning and its end.
begins = {index: o["began"] for index, o in done.items()}
indexes = [index for index, _ in states]
reads = 0
for operation in history:
    if operation["operation"] != "look" or operation["code"]:
        continue
    reads += 1
    at = bisect.bisect_right(indexes, before(operation["began"])) - 1
    possible = {states[at][1]}
    for index, state in states[at + 1:]:
        if begins.get(index, 0) > operation["ended"]:
            break
        possible.add(state)
    if operation["version"] not in possible:
        fail("it saw a state that was not there: one of %s was" % possible, operation)

seconds = (max(o["ended"] for o in history) - min(o["began"] for o in history)) / 1e9
codes = {}
for operation in history:
    codes[operation["code"]] = codes.get(operation["code"], 0) + 1
print("linearizable: %d changes, %d reads, by exit code %s; %.1f changes a second" %
      (len(done), reads, dict(sorted(codes.items())), len(done) / seconds))
if not done or not reads or not any(o["operation"] == "rollback" for o in done.values()):
    fail("too little happened")
