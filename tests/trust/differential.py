#!/usr/bin/env python3
"""Our pickle machine beside Python's pickletools and unpicklers, on generated and mutated pickles.

    differential.py PICKLE_DUMP [COUNT [SEED]]

Nothing is executed: find_class gives a stand-in that takes any use. Compared are, for each pickle,
the offsets of the opcodes with pickletools.genops, and the imports with four unpicklers: pickle.loads
(in C, from memory), Unpickler in C over a file without and with peek, and pickle.py's. What they
import must be the beginning of what we see; where they end by STOP, it must be all of it.
"""
import io
import os
import pickle
import pickletools
import random
import resource
import struct
import subprocess
import sys
import warnings

MEMORY_MAX = 768 << 20
FILES = ("os", "posix", "sys", "collections", "numpy", "a.b", "builtins", "__builtin__", "copy_reg")
NAMES = ("system", "x", "OrderedDict", "a.b", "_y", "object", "getpid", "")


class Standin(dict):
    """Takes every use that an unpickler can make of a class or an instance."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        super().__init__()

    def __call__(self, *args, **kwargs):
        return Standin()

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return self is other

    def __setstate__(self, state):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass

    def add(self, value):
        pass

    def __setitem__(self, key, value):
        pass


def recorder(base):
    class Recorder(base):
        def find_class(self, module, name):
            self.seen.append((module, name))
            return Standin

        def persistent_load(self, pid):
            return Standin()
    return Recorder


InC, InPython = recorder(pickle.Unpickler), recorder(pickle._Unpickler)


class Peekless(io.RawIOBase):
    """A file that cannot peek, nor read lines by itself in another way than byte by byte."""

    def __init__(self, data):
        self.inner = io.BytesIO(data)

    def read(self, size=-1):
        return self.inner.read(size)

    def readline(self, size=-1):
        return self.inner.readline()

    def readinto(self, into):
        return self.inner.readinto(into)


def imports(unpickler):
    unpickler.seen = []
    try:
        unpickler.load()
        return unpickler.seen, None
    except RecursionError:
        return [], "recursion"
    except MemoryError:
        return unpickler.seen, "memory"
    except Exception as error:
        return unpickler.seen, f"{type(error).__name__}: {error}"


class Maker:
    """Random pickles: sound ones by Python's pickler, and sequences of opcodes by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, depth=0):
        r = self.random
        kind = r.randrange(16 if depth < 4 else 9)
        if kind < 9:
            return (None, True, r.randrange(-9, 300), r.randrange(1 << 40), 1 << r.randrange(2100),
                    r.random(), "t" * r.choice((0, 3, 300)) + "\u20ac", b"b" * r.choice((0, 3, 300)),
                    bytearray(b"y" * r.randrange(5)))[kind]
        items = [self.value(depth + 1) for _ in range(r.randrange(4))]
        if kind < 11:
            return items
        if kind < 13:
            return tuple(items)
        if kind < 15:
            return {i: item for i, item in enumerate(items)}
        return {1, 2}

    def sound(self):
        r = self.random
        import collections
        import datetime
        value = self.value()
        if r.random() < 0.5:
            value = [value, collections.OrderedDict(a=1), datetime.date(2020, 1, 2), len,
                     pickle.PickleError("x"), complex(1, 2)][:r.randrange(2, 7)]
        if r.random() < 0.2:
            value = [value, value, value]
        data = pickle.dumps(value, r.randrange(6))
        if r.random() < 0.2:
            data = pickletools.optimize(data)
        return data

    def opcode(self):
        """One opcode with an argument, mostly a sound one."""
        r = self.random
        op = r.choice(pickletools.opcodes)
        code = op.code.encode("latin-1")
        name = op.name
        text = r.choice(("ab", "os", "system", "x y", "\u20ac", "1", "0"))
        if op.arg is None:
            return code
        kind = op.arg.name
        if name in ("GET", "PUT"):
            return code + str(r.randrange(4)).encode() + b"\n"
        if kind in ("decimalnl_short", "decimalnl_long"):
            return code + r.choice((b"1\n", b"01\n", b"00\n", b"-5\n", b"7L\n", b" 3 \n", b"x\n"))
        if kind == "floatnl":
            return code + r.choice((b"1.5\n", b"1e3\n", b"inf\n", b"q\n"))
        if kind == "stringnl":
            return code + r.choice((b"'a\\x6fb'\n", b'"os"\n', b"'\\n'\n", b"'a\n", b"os\n"))
        if kind == "stringnl_noescape":
            return code + b"id\n"
        if kind == "stringnl_noescape_pair":
            return code + r.choice(FILES).encode() + b"\n" + r.choice(NAMES).encode() + b"\n"
        if kind == "unicodestringnl":
            return code + r.choice((b"os\n", b"\\u006fs\n", b"\\\\u006f\n", b"\\u12\n", b"\xff\n"))
        if kind in ("string1", "bytes1", "unicodestring1"):
            raw = text.encode()
            return code + bytes([len(raw)]) + raw
        if kind in ("string4", "bytes4", "unicodestring4", "long4"):
            raw = text.encode()
            return code + struct.pack("<I", len(raw)) + raw
        if kind in ("bytes8", "unicodestring8", "bytearray8"):
            raw = text.encode()
            return code + struct.pack("<Q", len(raw)) + raw
        if kind == "long1":
            return code + b"\x02\x01\x02"
        if name == "PROTO":
            return code + bytes([r.randrange(6)])
        if name == "FRAME":
            return code + struct.pack("<Q", r.choice((0, 1, 3, 7, 15, 30, 60)))
        sizes = {"uint1": 1, "uint2": 2, "int4": 4, "uint4": 4, "uint8": 8, "float8": 8}
        return code + struct.pack("<Q", r.randrange(4))[:sizes[kind]]

    def sequence(self):
        """Opcodes by chance, with what they need put in front of most of them."""
        r = self.random
        out = [b"\x80" + bytes([r.randrange(6)])] if r.random() < 0.7 else []
        plain = (b"N", b"K\x01", b"]", b"}", b")", b"(", b"\x8c\x02os", b"\x8c\x06system", b"cos\nsystem\n",
                 b"h\x00", b"q\x00", b"\x94", b"0", b"2")
        for _ in range(r.randrange(2, 30)):
            if r.random() < 0.6:
                out.append(r.choice(plain))
            elif r.random() < 0.5:
                out.append(r.choice((b"\x8c\x02os\x8c\x06system\x93", b"cos\nsystem\n(K\x01tR",
                                     b"(cos\nx\nK\x01o", b"(K\x01ios\nx\n", b"cos\nx\n)\x81",
                                     b"cos\nx\n)R}b", b"](K\x01K\x02e", b"}(K\x01K\x02u", b"cos\nx\n)}\x92",
                                     b"\x8f(K\x01\x90", b"(K\x01t", b"(K\x01\x91")))
            else:
                out.append(self.opcode())
        out.append(b".")
        return b"".join(out)

    def mutated(self, data):
        r = self.random
        data = bytearray(data)
        for _ in range(r.randrange(1, 4)):
            if not data:
                break
            at = r.randrange(len(data))
            kind = r.randrange(6)
            if kind == 0:
                data[at] = r.randrange(256)
            elif kind == 1:
                data[at] ^= 1 << r.randrange(8)
            elif kind == 2:
                del data[at:at + r.randrange(1, 5)]
            elif kind == 3:
                data[at:at] = self.opcode()
            elif kind == 4:
                del data[at:]
            else:
                data[at:at] = data[r.randrange(len(data)):][:r.randrange(1, 9)]
        return bytes(data)

    def make(self):
        data = self.sound() if self.random.random() < 0.5 else self.sequence()
        return data if self.random.random() < 0.4 else self.mutated(data)


def unlimited():
    """AddressSanitizer needs room for its shadow."""
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def trace(program, reading, pickles):
    payload = b"".join(b"%d\n" % len(data) + data for data in pickles)
    out = subprocess.run([program, "trace", reading], input=payload, stdout=subprocess.PIPE,
                         check=True, preexec_fn=unlimited).stdout.decode()
    opcodes, seen = [], []
    for line in out.split("\n"):
        if line.startswith("o "):
            opcodes.append(int(line[2:]))
        elif line.startswith("i "):
            seen.append(tuple(bytes.fromhex(word[1:]).decode("utf-8", "surrogateescape")
                              for word in line.split()[2:]))
        elif line.startswith("e "):
            yield opcodes, seen, line
            opcodes, seen = [], []


def genops(data):
    places = []
    try:
        for _, _, place in pickletools.genops(data):
            places.append(place)
        return places, None
    except Exception as error:
        return places, str(error)


def comparable(name):
    """Names that are followed: of a length that any has, and text."""
    return all(len(part.encode("utf-8", "surrogatepass")) <= 512 and
               not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in part) for part in name)


# Where pickletools stops for the encoding of an argument, unpicklers may go on; not for these.
FIRM = ("unknown", "exhausted", "expected", "not enough")


def check(data, memory, without_peek):
    """The differences, as texts."""
    opcodes, seen, end = memory
    places, stopped = genops(data)
    count = min(len(places), len(opcodes))
    if places[:count] != opcodes[:count]:
        yield f"opcodes: {places} is not {opcodes} ({end})"
    elif (len(opcodes) > len(places) and "codec" not in stopped and
          any(word in stopped for word in FIRM)):
        yield f"opcodes: pickletools stops ({stopped}) before {opcodes[len(places):]}"
    elif stopped is None and not end.startswith("e 0") and opcodes != places:
        yield f"opcodes: pickletools goes on to {places[count:]}"
    readers = (("loads", InC(io.BytesIO(b"")), memory), ("C without peek", None, without_peek),
               ("C with peek", None, memory), ("Python", None, memory))
    for label, _, (_, ours, our_end) in readers:
        if label == "loads":
            # loads() itself takes no find_class: a buffered reader that has it all is the same
            unpickler = InC(io.BufferedReader(io.BytesIO(data), len(data) + 65536))
        elif label == "C without peek":
            unpickler = InC(Peekless(data))
        elif label == "C with peek":
            unpickler = InC(io.BufferedReader(io.BytesIO(data), len(data) + 4096))
        else:
            unpickler = InPython(io.BytesIO(data))
        theirs, error = imports(unpickler)
        theirs = [name for name in theirs if comparable(name)]
        if theirs != ours[:len(theirs)]:
            yield f"{label}: imports {theirs}, we see {ours} ({our_end})"
        elif error is None and theirs != ours:
            yield f"{label}: loads it with {theirs}, we see {ours}"
        elif error is None and our_end.startswith("e 0"):
            yield f"{label}: loads it, we say {our_end}"


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    maker = Maker(int(sys.argv[3]) if len(sys.argv) > 3 else 20260507)
    sys.setrecursionlimit(10000)
    warnings.simplefilter("ignore")  # for escapes that are none
    # CPython's memo takes as much memory as an index says: that ends as an error here, early.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, resource.RLIM_INFINITY))
    bad = done = with_imports = finished = 0
    while done < count:
        batch = [maker.make() for _ in range(min(2000, count - done))]
        memory = list(trace(program, "memory", batch))
        without = list(trace(program, "file", batch))
        assert len(memory) == len(without) == len(batch)
        for data, one, other in zip(batch, memory, without):
            with_imports += bool(one[1])
            finished += not one[2].startswith("e 0")
            for text in check(data, one, other):
                bad += 1
                if bad <= 10:
                    print(repr(data), text, sep="\n  ")
        done += len(batch)
    print(f"{done} pickles compared: {finished} end by STOP, {with_imports} import; "
          f"{bad} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
