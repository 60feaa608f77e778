#!/usr/bin/env python3
"""What some reader gets out of a container, the scanner must have seen.

    container_differential.py SCAN_DUMP [COUNT [SEED]]

Archives and streams with a pickle that runs something are mutated: bytes of headers, swapped,
repeated and missing pieces, two archives in one file. Wherever Python's zipfile or tarfile, its
decompressors, or PyTorch's own zip reader still hand that pickle out, the scanner must find it.
"""
import bz2
import gzip
import io
import lzma
import os
import random
import sys
import tarfile
import tempfile
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from make_containers import (DENIED, END, EVIL, GOOD, archive, member, pax, scan,  # noqa: E402
                             tar_member, torch_zip)

try:
    from torch._C import PyTorchFileReader
except ImportError:
    PyTorchFileReader = None

INTERESTING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 21, 22, 30, 45, 46, 51, 0x20, 0x40, 0x7f, 0x80, 0xff]


def seeds():
    good, evil = member("a.pkl", GOOD), member("b.pkl", EVIL)
    packed = member("b.pkl", EVIL * 3, 8)
    for members in ([good, evil], [evil, good], [good, packed], [packed]):
        yield archive(members)
        yield archive(members, wide={})
        yield archive(members, prefix=b"prefix")
        yield archive(members, comment=b"comment")
    yield archive([member("b.pkl", EVIL, flags=8, local_crc=0, local_packed=0, local_size=0,
                          descriptor=b"PK\7\x08" + zlib.crc32(EVIL).to_bytes(4, "little") +
                          len(EVIL).to_bytes(4, "little") * 2)])
    yield torch_zip(GOOD, [evil])
    yield torch_zip(EVIL)
    yield archive([good]) + archive([evil])
    yield archive([evil], comment=archive([good]))
    yield tar_member("a", GOOD) + tar_member("b", EVIL) + END
    yield pax(path=b"c") + tar_member("b", EVIL) + END
    yield pax(size=b"16") + tar_member("b", EVIL) + END
    for packed in (gzip.compress(EVIL, mtime=0), zlib.compress(EVIL), bz2.compress(EVIL),
                   lzma.compress(EVIL), lzma.compress(EVIL, format=lzma.FORMAT_ALONE)):
        yield packed


def mutate(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.random()
        at = rng.randrange(len(data))
        if kind < 0.7:
            data[at] = rng.choice(INTERESTING) if rng.random() < 0.7 else rng.randrange(256)
        elif kind < 0.75:
            data[at] ^= 1 << rng.randrange(8)
        elif kind < 0.8:
            del data[at:at + rng.choice((1, 2, 4, 22, 30, 46))]
        elif kind < 0.85:
            length = rng.choice((1, 4, 22, 30, 46, 512))
            data[at:at] = data[at:at + length]
        elif kind < 0.9:
            data[at:at] = bytes(rng.choice((1, 4, 22, 512)))
        elif kind < 0.95:
            if rng.random() < 0.5:
                del data[at:]
            else:
                del data[:at]
        else:
            length = rng.choice((2, 4))
            other = rng.randrange(len(data))
            data[at:at + length] = data[other:other + length]
        if not data:
            return b"\0"
    return bytes(data)


def by_zipfile(data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            for info in z.infolist():
                try:
                    with z.open(info) as f:  # a loader reads on until something is wrong
                        yield f.read(len(EVIL))
                except Exception:
                    pass
    except Exception:
        pass


def by_tarfile(data):
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as t:
            for info in t:
                f = t.extractfile(info)
                yield f.read() if f else b""
    except Exception:
        pass


def by_torch(data):
    if not PyTorchFileReader:
        return
    try:
        reader = PyTorchFileReader(io.BytesIO(data))
        for name in reader.get_all_records():
            try:
                yield reader.get_record(name)
            except Exception:
                pass
    except Exception:
        pass


def by_streams(data):
    for unpack in (lambda: gzip.GzipFile(fileobj=io.BytesIO(data)).read(len(EVIL)),
                   lambda: zlib.decompressobj().decompress(data, len(EVIL)),
                   lambda: bz2.BZ2File(io.BytesIO(data)).read(len(EVIL)),
                   lambda: lzma.LZMAFile(io.BytesIO(data)).read(len(EVIL))):
        try:
            yield unpack()
        except Exception:
            pass


def readers(data):
    """Those that hand the pickle out."""
    return [by.__name__ for by in (by_zipfile, by_tarfile, by_torch, by_streams)
            if any(got.startswith(EVIL) for got in by(data))]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    all_seeds, missed, handed = list(seeds()), 0, 0
    keep = os.environ.get("KEEP_MISSED")
    for start in range(0, count, 500):
        with tempfile.TemporaryDirectory() as folder:
            wanted = {}
            for i in range(min(500, count - start)):
                data = mutate(rng.choice(all_seeds), rng)
                by = readers(data)
                if by:
                    path = os.path.join(folder, f"{start + i}.pkl")
                    with open(path, "wb") as out:
                        out.write(data)
                    wanted[path] = by
            if not wanted:
                continue
            handed += len(wanted)
            _, findings = scan(sys.argv[1], list(wanted))
            for path, by in wanted.items():
                if DENIED not in {f[0] for f in findings[path]}:
                    missed += 1
                    print("MISSED", os.path.basename(path), by, findings[path])
                    if keep:
                        os.rename(path, os.path.join(keep, os.path.basename(path)))
    print(count, "mutated,", handed, "handed out by a reader,", missed, "missed")
    return 1 if missed or not handed else 0


if __name__ == "__main__":
    sys.exit(main())
