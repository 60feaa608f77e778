"""Flip bits in a registry and see who notices.

    bitflip.py MLOPS PROJECT packs|database|log|others STRIDE

Works on .mlops in the working directory; PROJECT1 and PROJECT2 are the folders of fraud@1 and
fraud@2, and today.csv is a table to compare. For `log`, which is SQLite's, `earlier` is the
registry as it was before what stands in its log. Every bit of every chosen position is flipped, alone.
Prints what it did; exits with 1 where a flip was missed, a command gave another answer than the
undamaged registry, or one crashed. Packs are taken apart here by docs/store.md, not by mlops.
"""
import filecmp
import json
import os
import shutil
import struct
import subprocess
import sys

MLOPS, PROJECT, WHAT, STRIDE = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
ROOT = ".mlops"
# a sanitizer's exit code must not be taken for an answer
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="abort_on_error=1",
                   UBSAN_OPTIONS="abort_on_error=1:halt_on_error=1")
LOOKS = {
    "list": ["--json", "list"],
    "log": ["--json", "log"],
    "show 1": ["--json", "show", "fraud@1"],
    "show 2": ["--json", "show", "fraud@2"],
    "stats": ["--json", "stats"],
    "drift": ["--json", "drift", "fraud@1", "--current", "today.csv"],
}
CHECKOUTS = {"checkout 1": 1, "checkout 2": 2}

failures = []


def run(*arguments):
    done = subprocess.run([MLOPS, *arguments], env=ENVIRONMENT, capture_output=True, timeout=60)
    if done.returncode < 0 or done.returncode >= 126 or b"Sanitizer" in done.stderr:
        raise AssertionError("%s crashed: %d %s" % (arguments, done.returncode,
                                                    done.stderr.decode(errors="replace")))
    return done.returncode, done.stdout


def same_tree(left, right):
    compared = filecmp.dircmp(left, right, ignore=[])
    if compared.left_only or compared.right_only or compared.funny_files:
        return False
    _, differ, broken = filecmp.cmpfiles(left, right, compared.common_files, shallow=False)
    return not differ and not broken and all(
        same_tree(os.path.join(left, name), os.path.join(right, name))
        for name in compared.common_dirs)


def checkout(version):
    """"right", "wrong" or "refused"; whatever happened, the folder is whole or not there."""
    code, _ = run("-q", "checkout", "fraud@%d" % version, "out")
    if code != 0:
        return "wrong" if os.path.lexists("out") else "refused"
    answer = "right" if same_tree("out", PROJECT + str(version)) else "wrong"
    shutil.rmtree("out")
    return answer


def answers(names):
    """Of each command: "right", "wrong" (it said something else) or "refused"."""
    result = {}
    for name in names:
        if name in CHECKOUTS:
            result[name] = checkout(CHECKOUTS[name])
        else:
            given = run(*LOOKS[name])
            right = given == reference[name]
            result[name] = "right" if right else "wrong" if given[0] <= 1 else "refused"
    return result


def flip(path, at, bit):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))


# ---- positions ---------------------------------------------------------------------------------

def index_of(pack):
    """Offset of the index block, and its entries: (name, offset, stored, raw, kind, encoding)."""
    with open(pack, "rb") as file:
        data = file.read()
    start, count = struct.unpack_from("<QQ", data, len(data) - 56)
    assert data[:8] == b"MLOPSPAK" and data[-8:] == b"KAPSPOLM"
    entries = []
    for i in range(count):
        name, offset, stored, raw, kind, encoding = struct.unpack_from("<32sQIIBB", data,
                                                                       start + 56 * i)
        assert data[offset:offset + 4] == b"REC1"
        entries.append((name.hex(), offset, stored, raw, kind, encoding))
    return start, entries, len(data)


def spread(begin, length, count):
    """`count` positions of the range, its first and its last among them."""
    if length <= count:
        return list(range(begin, begin + length))
    return [begin + i * (length - 1) // (count - 1) for i in range(count)]


def pack_positions(manifests):
    """(part, file, position), a few of each part that any pack has."""
    folder = os.path.join(ROOT, "objects", "packs")
    chosen, seen = [], {}
    for name in sorted(os.listdir(folder)):
        pack = os.path.join(folder, name)
        start, entries, size = index_of(pack)
        chosen += [("header", pack, at) for at in range(0, 16, STRIDE)]
        chosen += [("footer", pack, at) for at in range(size - 56, size, STRIDE)]
        chosen += [("index", pack, at) for at in spread(start, 56 * len(entries), 24 // STRIDE)]
        for number, (blob, offset, stored, _, kind, encoding) in enumerate(entries):
            part = ("manifest" if blob in manifests else "recipe" if kind == 2 else
                    ("raw", "zstd", "delta")[encoding])
            seen[part] = seen.get(part, 0) + 1
            if seen[part] > 3: # of each sort the first three
                continue
            chosen += [(part + " record", pack, at)
                       for at in range(offset + number % STRIDE, offset + 48, 2 * STRIDE)]
            chosen += [(part, pack, at) for at in spread(offset + 48, stored, 12 // STRIDE)]
            # the frame header of zstd has a bit that decoders pass over; before a delta's stand
            # eight bytes, and the names of what it is a delta of
            frame = {1: 4, 2: 8 + 32 + 4}.get(encoding)
            chosen += [(part, pack, offset + 48 + frame)] if frame else []
    for part in ("manifest", "recipe", "raw", "zstd", "delta"):
        assert part in seen, "no %s in any pack: the test would try nothing of that sort" % part
    return chosen


# ---- what is tried -----------------------------------------------------------------------------

def count(table, key):
    table[key] = table.get(key, 0) + 1


def judge_packs():
    """fsck finds every one, and nobody gives wrong bytes or another answer."""
    tried, refused = {}, 0
    manifests = {version["bundle"].split(":")[1]
                 for version in json.loads(reference["list"][1])["versions"]}
    for part, path, at in pack_positions(manifests):
        os.chmod(path, 0o644)
        for bit in range(8):
            flip(path, at, bit)
            count(tried, part)
            code, said = run("fsck")
            if code != 5:
                failures.append("fsck missed bit %d of byte %d (%s) of %s: exit %d" %
                                (bit, at, part, path, code))
            if bit == at % 8: # every command for one of the eight
                for command, answer in answers([*LOOKS, *CHECKOUTS]).items():
                    refused += answer == "refused"
                    if answer == "wrong":
                        failures.append("%s went wrong over bit %d of byte %d (%s) of %s" %
                                        (command, bit, at, part, path))
            flip(path, at, bit)
    print("flips found by fsck, of each part:",
          ", ".join("%s %d" % item for item in sorted(tried.items())))
    print("%d flips; commands that needed the damaged bytes refused %d times" %
          (sum(tried.values()), refused))
    return sum(tried.values())


def keep():
    """A copy of all but the packs, and what restores it."""
    shutil.copytree(ROOT, "sound", ignore=shutil.ignore_patterns("*.pack"))

    def restore():
        for entry in os.listdir(ROOT):
            if entry not in ("objects", "tmp"):
                path = os.path.join(ROOT, entry)
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        shutil.copytree("sound", ROOT, dirs_exist_ok=True)
    return restore


def database_positions(path):
    """Bytes in use, as far as one can tell: those that are not zero; and some that are."""
    with open(path, "rb") as file:
        data = file.read()
    used = [at for at in range(100, len(data)) if data[at] != 0]
    free = [at for at in range(100, len(data)) if data[at] == 0]
    return (list(range(0, 100, 4 * STRIDE)) + used[::len(used) * STRIDE // 150] +
            free[::len(free) * STRIDE // 50])


def judge_database():
    """fsck finds it, or no answer is another one; bytes that come out are always right."""
    path = os.path.join(ROOT, "registry.db")
    restore = keep()
    found = harmless = misled = 0
    for number, at in enumerate(database_positions(path)):
        for bit in range(8):
            flip(path, at, bit)
            code, _ = run("fsck")
            names = ["list", "log", "show 1", "show 2",
                     ["stats", "drift", *CHECKOUTS][(number + bit) % 4]]
            given = answers(names)
            wrong = [name for name in given if given[name] == "wrong"]
            if code == 0 and any(answer != "right" for answer in given.values()):
                failures.append("fsck passed bit %d of byte %d of the database, but: %s" %
                                (bit, at, given))
            if any(name in CHECKOUTS for name in wrong):
                failures.append("bit %d of byte %d of the database: wrong bytes" % (bit, at))
            found += code != 0
            harmless += code == 0
            misled += bool(wrong)
            restore()
    print("%d flips in the database: %d found by fsck, %d without effect on any answer; "
          "before fsck was asked, %d led list, log, show, stats or drift astray" %
          (found + harmless, found, harmless, misled))
    return found + harmless


def judge_log():
    """SQLite takes its log up to the first page whose checksum is wrong: all of what stands in it
    is there, or none; never a part, and never wrong bytes."""
    path = os.path.join(ROOT, "registry.db-wal")
    restore = keep()
    shortened = {name: run("--registry", "earlier", *LOOKS[name]) for name in ("list", "log")}
    whole = tried = 0
    for at in spread(0, os.path.getsize(path), 300 // STRIDE):
        for bit in range(8):
            flip(path, at, bit)
            tried += 1
            code, _ = run("fsck")
            given = {name: run(*LOOKS[name]) for name in shortened}
            is_whole = all(given[name] == reference[name] for name in given)
            if code != 0 or not (is_whole or given == shortened):
                failures.append("bit %d of byte %d of the database's log: fsck %d, part of it is "
                                "there" % (bit, at, code))
            if "wrong" in answers([*CHECKOUTS]).values():
                failures.append("bit %d of byte %d of the database's log: wrong bytes" % (bit, at))
            whole += is_whole
            restore()
    print("%d flips in the database's log: %d without effect, %d left it as it was before" %
          (tried, whole, tried - whole))
    return tried


def judge_others():
    """The small files beside: a wrong format is refused, what is only a help misleads nobody."""
    tried = 0
    _, packaged = run("-q", "package", PROJECT + "2")
    restore = keep()
    for folder, _, names in os.walk("sound"):
        for name in names:
            path = os.path.join(ROOT, os.path.relpath(os.path.join(folder, name), "sound"))
            if name == "registry.db":
                continue
            size = os.path.getsize(path)
            for at in spread(0, size, 24 // STRIDE):
                for bit in range(8):
                    flip(path, at, bit)
                    tried += 1
                    code, _ = run("fsck")
                    if name == "format" and code == 0:
                        failures.append("fsck missed bit %d of byte %d of %s" % (bit, at, path))
                    given = answers(["list", "log", "checkout 1"])
                    if "wrong" in given.values() or (code == 0 and "refused" in given.values()):
                        failures.append("bit %d of byte %d of %s: %s" % (bit, at, path, given))
                    # a cache that is believed would give the folder another bundle
                    code, bundle = run("-q", "package", PROJECT + "2")
                    if code == 0 and bundle != packaged:
                        failures.append("bit %d of byte %d of %s: another bundle" % (bit, at, path))
                    restore()
    print("%d flips in other files" % tried)
    return tried


reference = {name: run(*arguments) for name, arguments in LOOKS.items()}
assert all(code <= 1 for code, _ in reference.values()), reference
assert set(answers([*LOOKS, *CHECKOUTS]).values()) == {"right"}
assert run("fsck")[0] == 0
flips = {"packs": judge_packs, "database": judge_database, "log": judge_log,
         "others": judge_others}[WHAT]()
assert run("fsck")[0] == 0
print("\n".join(failures[:20]))
print("%s: %d flips, %d went wrong" % (WHAT, flips, len(failures)))
sys.exit(1 if failures else 0)
