#!/usr/bin/env python3
"""Containers: hostile ones built byte by byte, benign ones by the real libraries.

    make_containers.py hostile FOLDER     writes the hostile ones
    make_containers.py benign FOLDER      writes the benign ones, as far as the libraries are there
    make_containers.py check SCAN_DUMP    each hostile one must be found for the reason it was made,
                                          and no benign one may have a finding above info

The names v16 to v42 and the CVEs are those of docs on what other scanners miss: archives whose
flags, checksums, names or places make one reader refuse or skip what another loads.
"""
import bz2
import gzip
import io
import lzma
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

# What would run: os.getpid, called by a pickle of each age.
EVIL = b"\x80\x02cos\ngetpid\n)R."
EVIL4 = b"\x80\x04\x8c\x02os\x8c\x06getpid\x93)R."
EVIL0 = b"cos\ngetpid\n(tR."
GOOD = pickle.dumps({"a": [1, 2, 3]}, 2)
DENIED = "pickle/import-denied"


def member(name, data, method=0, **odd):
    """A member for archive(); `odd` overrides fields: local_NAME, central_NAME, or both by NAME."""
    return dict(name=name, data=data, method=method, odd=odd)


def pack(data, method):
    if method == 8:
        c = zlib.compressobj(9, zlib.DEFLATED, -15)
        return c.compress(data) + c.flush()
    if method == 12:
        return bz2.compress(data)
    return data


def fields(m, packed, side):
    f = dict(version=20, flags=0, method=m["method"], time=0, date=33, crc=zlib.crc32(m["data"]),
             packed=len(packed), size=len(m["data"]), name=m["name"], extra=b"", attributes=0,
             comment=b"", offset=None)
    for key, value in m["odd"].items():
        if key in f:
            f[key] = value
        elif key.startswith(side + "_"):
            f[key[len(side) + 1:]] = value
    if isinstance(f["name"], str):
        f["name"] = f["name"].encode()
    return f


def archive(members, prefix=b"", between=b"", before_end=b"", trailing=b"", comment=b"", count=None,
            base=None, wide=None, hidden=(), central_size=None):
    """`hidden` members have a local header only. `base`: what is added to offsets; the prefix's
    length by default, so that offsets are true."""
    out = bytearray(prefix)
    base = 0 if base is None else base
    offsets = []
    for m in list(members) + list(hidden):
        packed = m["odd"].get("raw", pack(m["data"], m["method"]))
        f = fields(m, packed, "local")
        offsets.append(len(out) + base)
        out += struct.pack("<IHHHHHIIIHH", 0x04034b50, f["version"], f["flags"], f["method"],
                           f["time"], f["date"], f["crc"], f["packed"], f["size"], len(f["name"]),
                           len(f["extra"])) + f["name"] + f["extra"] + packed
        out += m["odd"].get("descriptor", b"") + between
    start = len(out)
    for m, offset in zip(members, offsets):
        packed = m["odd"].get("raw", pack(m["data"], m["method"]))
        f = fields(m, packed, "central")
        offset = offset if f["offset"] is None else f["offset"]
        out += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 0x0314, f["version"], f["flags"],
                           f["method"], f["time"], f["date"], f["crc"], f["packed"], f["size"],
                           len(f["name"]), len(f["extra"]), len(f["comment"]), 0, 0,
                           f["attributes"], offset) + f["name"] + f["extra"] + f["comment"]
    size = len(out) - start if central_size is None else central_size
    out += before_end
    n = len(members) if count is None else count
    if wide is not None:
        at = len(out)
        out += struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, wide.get("count", n),
                           wide.get("count", n), wide.get("size", size),
                           wide.get("offset", start + base))
        out += struct.pack("<IIQI", 0x07064b50, 0, at + base, 1)
    out += struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, n, n, size, start + base, len(comment))
    return bytes(out + comment + trailing)


def torch_zip(pickled, extra=(), **odd):
    return archive([member("archive/data.pkl", pickled), *extra, member("archive/version", b"3\n")],
                   **odd)


def tar_header(name, size, kind=b"0", link=b"", magic=b"ustar\x0000", bad=False):
    block = bytearray(512)
    name = name if isinstance(name, bytes) else name.encode()
    block[0:len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 0
    block[156:157] = kind
    block[157:157 + len(link)] = link
    block[257:257 + len(magic)] = magic
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) + (1 if bad else 0))
    return bytes(block)


def tar_member(name, data, **odd):
    return tar_header(name, len(data), **odd) + data + bytes(-len(data) % 512)


def pax(**records):
    data = b""
    for key, value in records.items():
        body = b" %s=%s\n" % (key.replace("_", ".").encode(), value)
        length = len(body) + 1
        while len(b"%d" % length) + len(body) != length:
            length += 1
        data += b"%d" % length + body
    return tar_member("pax", data, kind=b"x")


END = bytes(1024)


def cpio(files):
    """POSIX's odc."""
    out = b""
    for i, (name, data) in enumerate(files + [("TRAILER!!!", b"")]):
        name = name.encode() + b"\0"
        out += b"070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o" % (
            0, i, 0o100644, 0, 0, 1, 0, 0, len(name), len(data)) + name + data
    return out


def new_cpio(files):
    """SVR4's."""
    out = b""
    for name, data in files + [("TRAILER!!!", b"")]:
        name = name.encode() + b"\0"
        out += b"070701" + b"".join(b"%08x" % n for n in (
            1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)) + name
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


def seven(data, dictionary=None):
    """A 7z with one file, "x.pkl" (7zFormat.txt of the LZMA SDK): copied as it is, or by LZMA that
    asks for a dictionary of so many bytes."""
    packed, coder = data, b"\1\0"
    if dictionary is not None:
        packed = lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}])
        coder = b"\x23\3\1\1\5\x5d" + struct.pack("<I", dictionary)
    header = (b"\1" + b"\4" + b"\6\0\1\x09" + bytes([len(packed)]) + b"\0" +  # streams: pack info
              b"\7\x0b\1\0\1" + coder + b"\x0c" + bytes([len(data)]) + b"\0" +  # one folder, one method
              b"\x08\x0a\1" + struct.pack("<I", zlib.crc32(data)) + b"\0\0" +
              b"\5\1\x11\x0d\0" + "x.pkl\0".encode("utf-16-le") + b"\0\0")
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def seven_packed(archive):
    """The same 7z, with its header packed by LZMA, as 7-Zip writes it."""
    offset, length = struct.unpack("<QQ", archive[12:28])
    header = archive[32 + offset:]
    packed = lzma.compress(header, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}])
    outer = (b"\x17\6" + bytes([offset]) + b"\1\x09" + bytes([len(packed)]) + b"\0" +
             b"\7\x0b\1\0\1\x23\3\1\1\5\x5d" + struct.pack("<I", 1 << 16) + b"\x0c" + bytes([length]) +
             b"\x0a\1" + struct.pack("<I", zlib.crc32(header)) + b"\0\0")
    start = struct.pack("<QQI", offset + len(packed), len(outer), zlib.crc32(outer))
    return (b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start +
            archive[32:32 + offset] + packed + outer)


def hostile():
    """name, bytes, rules that must be found."""
    yield "v16.pkl.gz", gzip.compress(EVIL, mtime=0), [DENIED]
    yield "v17_joblib_zlib.joblib", zlib.compress(EVIL), [DENIED]
    yield "v17_level1.joblib", zlib.compress(EVIL, 1), [DENIED]
    yield "v17_level0.joblib", zlib.compress(EVIL, 0), [DENIED]
    yield "v18.pkl.bz2", bz2.compress(EVIL), [DENIED]
    yield "v19.pkl.xz", lzma.compress(EVIL), [DENIED]
    yield "v19.pkl.lzma", lzma.compress(EVIL, format=lzma.FORMAT_ALONE), [DENIED]
    yield "twice.pkl.gz", gzip.compress(gzip.compress(EVIL, mtime=0), mtime=0), [DENIED]
    yield "second_stream.pkl.gz", gzip.compress(GOOD) + gzip.compress(EVIL), [DENIED]
    yield "second_stream.pkl.bz2", bz2.compress(GOOD) + bz2.compress(EVIL), [DENIED]
    yield "second_stream.pkl.xz", lzma.compress(GOOD) + lzma.compress(EVIL), [DENIED]
    for name, packed in (("gz", gzip.compress(EVIL)), ("bz2", bz2.compress(EVIL)),
                         ("xz", lzma.compress(EVIL)), ("joblib", zlib.compress(EVIL))):
        yield f"behind.pkl.{name}", packed + b"garbage", [DENIED, "compressed/trailing-bytes"]
        yield f"cut.pkl.{name}", packed[:-3], ["compressed/damaged"]
        if name != "xz" and name != "bz2":  # these give nothing before a block is whole
            yield f"cut_runs.pkl.{name}", packed[:-3], [DENIED]
    yield "odd_flags.pkl.gz", bytes([31, 139, 8, 0xe0]) + gzip.compress(EVIL)[4:], [DENIED]
    yield "crc.pkl.gz", gzip.compress(EVIL)[:-8] + bytes(8), [DENIED, "compressed/damaged"]

    yield "torch.pt", torch_zip(EVIL), [DENIED]
    yield "v30_first_of_two.pt", archive([
        member("archive/data.pkl", EVIL), member("archive/data.pkl", GOOD),
        member("archive/version", b"3\n")]), [DENIED, "zip/duplicate-name"]
    yield "v30_last_of_two.pt", archive([
        member("archive/data.pkl", GOOD), member("archive/data.pkl", EVIL),
        member("archive/version", b"3\n")]), [DENIED, "zip/duplicate-name"]
    yield "case_twins.zip", archive([member("a.pkl", GOOD), member("A.pkl", EVIL)]), \
        [DENIED, "zip/similar-names"]
    yield "folder_and_file.zip", archive([member("a", GOOD), member("a/", b"")]), \
        ["zip/similar-names|zip/duplicate-name"]
    yield "v32_nested.zip", archive([member("inner.zip", torch_zip(EVIL))]), [DENIED]
    yield "v32_nested_deflated.zip", archive([member("inner.zip", torch_zip(EVIL), 8)]), [DENIED]
    yield "v33.npz", archive([member("arr_0", EVIL0)]), [DENIED]
    yield "v33_name.npz", archive([member("arr_0.npy", EVIL)]), [DENIED]
    yield "v34_gz_member.zip", archive([member("weights", gzip.compress(EVIL))]), [DENIED]
    yield "cve_2025_1944_name_mismatch.pt", archive([
        member("archive/data.pkl", EVIL, local_name="archive/data.txt"),
        member("archive/version", b"3\n")]), [DENIED, "zip/disagreement"]
    for bits in (0x1, 0x20, 0x40):
        rule = "zip/odd-flags" if bits == 0x20 else "zip/false-encryption"
        for side in ("flags", "local_flags", "central_flags"):
            yield f"cve_2025_1945_{side}_{bits:x}.pt", torch_zip(
                GOOD, [member("archive/x.pkl", EVIL, **{side: bits})]), [DENIED, rule]
    yield "cve_2025_10156_crc.pt", torch_zip(GOOD, [member("archive/x.pkl", EVIL, crc=1)]), \
        [DENIED, "zip/checksum"]
    yield "crc_of_data_pkl.pt", archive([member("archive/data.pkl", EVIL, 8, crc=1)]), \
        [DENIED, "zip/checksum"]
    yield "crc_central.zip", archive([member("a.pkl", EVIL, central_crc=1)]), \
        [DENIED, "zip/disagreement"]
    yield "size_too_small.zip", archive([member("a.pkl", EVIL, 8, size=4)]), [DENIED, "zip/size"]
    yield "size_local.zip", archive([member("a.pkl", EVIL, local_size=4)]), \
        [DENIED, "zip/disagreement"]
    yield "stored_in_one.zip", archive([member("a.pkl", EVIL, 8, central_method=0)]), \
        [DENIED, "zip/disagreement"]
    yield "packed_local.zip", archive([
        member("a.pkl", GOOD + EVIL, central_packed=len(GOOD), central_size=len(GOOD),
               central_crc=zlib.crc32(GOOD))]), [DENIED, "zip/disagreement"]
    yield "unknown_method.zip", archive([member("a.pkl", EVIL, method_=0, local_method=97,
                                                central_method=97)]), \
        [DENIED, "zip/unknown-method"]
    yield "encrypted.zip", archive([member("a.pkl", bytes(range(100)), flags=1, crc=5)]), \
        ["zip/encrypted"]
    yield "prefix_pickle.pt", torch_zip(GOOD, prefix=EVIL), [DENIED, "zip/prefix"]
    yield "prefix_elsewhere.pt", torch_zip(GOOD, prefix=EVIL, base=-len(EVIL)), \
        [DENIED, "zip/prefix"]
    yield "zip_after_pickle.pkl", GOOD + torch_zip(EVIL), [DENIED, "zip/prefix", "scan/polyglot"]
    yield "zip_after_pickle_relative.pkl", GOOD + torch_zip(EVIL, base=0), [DENIED]
    yield "zip_after_numbers.bin", bytes(range(256)) * 8 + torch_zip(EVIL), [DENIED, "zip/prefix"]
    yield "zip_and_tail.bin", bytes(range(256)) * 8 + torch_zip(EVIL) + b"tail", \
        [DENIED, "zip/trailing-bytes"]
    yield "hidden.zip", archive([member("a.txt", b"text")], hidden=[member("b.pkl", EVIL)]), \
        [DENIED, "zip/hidden-member"]
    yield "between.zip", archive([member("a.txt", b"text")], between=EVIL), \
        [DENIED, "zip/unexplained-bytes"]
    yield "before_end.zip", archive([member("a.txt", b"text")], before_end=EVIL), \
        [DENIED, "zip/unexplained-bytes"]
    yield "trailing.zip", archive([member("a.txt", b"text")], trailing=EVIL), \
        [DENIED, "zip/trailing-bytes"]
    yield "comment.zip", archive([member("a.txt", b"text")], comment=EVIL), [DENIED]
    yield "end_in_comment.zip", archive(
        [member("a.txt", b"text")],
        comment=struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0, 0, 0, 0, 0)), ["zip/ambiguous"]
    good, evil = archive([member("a.pkl", GOOD)]), archive([member("a.pkl", EVIL)])
    yield "archive_in_comment.zip", archive([member("a.pkl", EVIL)], comment=good), \
        [DENIED, "zip/ambiguous|zip/prefix"]
    yield "two_archives.zip", evil + good, [DENIED, "zip/ambiguous|zip/prefix|zip/hidden-member"]
    first = archive([member("a.pkl", EVIL)])
    yield "two_directories.zip", two_directories(), [DENIED, "zip/ambiguous"]
    yield "matryoshka.zip", matryoshka(), [DENIED, "zip/ambiguous"]
    yield "count.zip", archive([member("a.pkl", GOOD), member("b.pkl", EVIL)], count=1), \
        [DENIED, "zip/ambiguous"]
    yield "wide_differs.zip", archive([member("a.pkl", GOOD), member("b.pkl", EVIL)],
                                      wide={"count": 1, "size": 46 + 5}), ["zip/zip64-disagreement"]
    yield "no_end.zip", evil[:-22], [DENIED, "zip/no-directory"]
    yield "no_local.zip", archive([member("a.pkl", GOOD, central_offset=7)]), \
        ["zip/no-local-header"]
    yield "overlap.zip", archive([member("a.pkl", GOOD), member("b.pkl", EVIL, central_offset=0)]), \
        ["zip/overlap"]
    yield "link.zip", archive([member("a", b"/etc/passwd", attributes=0o120777 << 16)]), ["zip/link"]
    for name in ("../a", "/etc/a", "a/../../b", "a\\b", "C:/a", "a\0b", "", "a\nb"):
        yield f"path_{name.encode().hex()}.zip", archive([member(name, b"text")]), ["zip/path"]
    yield "extra_name.zip", archive([member("a.txt", b"text", extra=struct.pack(
        "<HHBI", 0x7075, 5 + 5, 1, zlib.crc32(b"a.txt")) + b"b.pkl")]), ["zip/extra-field"]
    yield "extra_padding.pt", torch_zip(GOOD, [member("archive/x.txt", b"text",
                                                      local_extra=b"FB\x10\0" + EVIL4[:16].ljust(16))
                                               ]), ["zip/extra-field"]
    yield "extra_slack.zip", archive([member("a.txt", b"text", extra=b"abc")]), ["zip/extra-field"]
    yield "descriptor.zip", archive([member("a.txt", b"text", flags=8, local_crc=0, local_packed=0,
                                            local_size=0, descriptor=b"PK\7\x08" + bytes(12))]), \
        ["zip/data-descriptor"]
    yield "after_deflate.zip", archive([member("a.txt", b"text", 8, raw=pack(b"text", 8) + EVIL)]), \
        ["zip/unexplained-bytes"]
    yield "unclaimed_storage.pt", torch_zip(GOOD, [member("archive/data/0", EVIL)]), \
        [DENIED, "torch/unclaimed-storage"]
    yield "script.pt", torch_zip(GOOD, [member("archive/code/__torch__.py", b"def f(): pass\n")]), \
        ["torch/torchscript"]
    yield "storage_size.pt", torch_zip(STORAGE, [member("archive/data/0", bytes(12))]), \
        ["torch/storage-size"]
    yield "storage_long.pt", torch_zip(STORAGE, [member("archive/data/0", bytes(16) + EVIL * 2)]), \
        ["torch/storage-size"]
    yield "storage_missing.pt", torch_zip(STORAGE), ["torch/missing-storage"]
    yield "renamed.safetensors", torch_zip(GOOD), ["scan/disguised"]
    yield "bomb.zip", archive([member("a.txt", bytes(64 << 20), 8)]), ["scan/unknown-format"]
    yield "bomb.pkl.bz2", bz2.compress(bytes(64 << 20)), ["scan/bomb"]

    yield "v42_legacy.tar", tar_member("sys_info", GOOD) + tar_member("pickle", EVIL) + END, [DENIED]
    yield "tar_in_gz.tar.gz", gzip.compress(tar_member("x", EVIL) + END), [DENIED]
    yield "tar_trailing.tar", tar_member("x", GOOD) + END + tar_member("y", EVIL) + END, \
        [DENIED, "tar/trailing-bytes"]
    yield "tar_lone_zeros.tar", tar_member("x", GOOD) + bytes(512) + tar_member("y", EVIL) + END, \
        [DENIED, "tar/trailing-bytes"]
    yield "tar_twice.tar", tar_member("x", EVIL) + tar_member("x", GOOD) + END, \
        [DENIED, "tar/duplicate-name"]
    yield "tar_case.tar", tar_member("x", GOOD) + tar_member("X", GOOD) + END, ["tar/similar-names"]
    for kind in b"12346S":
        yield f"tar_type_{chr(kind)}.tar", tar_header("x", 0, bytes([kind]), b"/etc/passwd") + END, \
            ["tar/special-member"]
    yield "tar_folder_content.tar", tar_member("x/", EVIL, kind=b"5") + END, \
        [DENIED, "tar/ambiguous"]
    for name in ("../x", "/x", "a/../../x", "a\\x"):
        yield f"tar_path_{name.encode().hex()}.tar", tar_member(name, GOOD) + END, ["tar/path"]
    yield "tar_pax_path.tar", pax(path=b"../../x") + tar_member("x", GOOD) + END, ["tar/path"]
    yield "tar_pax_size.tar", pax(size=b"600") + tar_member("x", GOOD) + tar_member("y", EVIL) + END, \
        ["tar/ambiguous"]
    yield "tar_pax_sparse.tar", pax(GNU_sparse_major=b"1") + tar_member("x", GOOD) + END, \
        ["tar/ambiguous"]
    yield "tar_pax_broken.tar", tar_member("p", b"99 path=x\n", kind=b"x") + \
        tar_member("x", GOOD) + END, ["tar/extended-header"]
    yield "tar_bad_sum.tar", tar_member("x", GOOD) + tar_member("y", EVIL, bad=True) + END, \
        ["tar/header"]
    yield "tar_padding.tar", tar_header("x", len(GOOD)) + GOOD + EVIL + \
        bytes(-len(GOOD + EVIL) % 512) + END, ["tar/slack"]
    yield "tar_slack.tar", tar_member(b"x\0" + EVIL, GOOD) + END, ["tar/slack"]
    yield "tar_cut.tar", tar_header("x", 5000) + EVIL, [DENIED, "tar/truncated"]
    yield "tar_nested.tar", tar_member("x.tar", tar_member("y.zip", torch_zip(EVIL)) + END) + END, \
        [DENIED]
    yield "cpio.cpio", cpio([("x.pkl", EVIL)]), [DENIED]
    yield "cpio_path.cpio", cpio([("../x.pkl", GOOD)]), ["cpio/special-member"]
    yield "cpio_cut.cpio", cpio([("x.pkl", EVIL)])[:76 + 6 + 8], ["cpio/damaged"]
    yield "cpio_behind.cpio", cpio([("x.pkl", GOOD)]) + EVIL, [DENIED, "cpio/trailing-bytes"]
    yield "cpio_long_name.cpio", b"070701" + b"00000000" * 11 + b"fffffff0" + b"00000000x", \
        ["cpio/damaged"]
    yield "cpio_new.cpio", new_cpio([("x.pkl", EVIL), ("y", GOOD)]), [DENIED]
    yield "plain.7z", seven(EVIL), [DENIED]
    # It asks for 4 GiB, of which libarchive would touch what the content fills.
    yield "dictionary.7z", seven(EVIL, 0xffffffff), ["archive/memory"]
    yield "packed.7z", seven(EVIL, 1 << 16), [DENIED]
    yield "packed_header.7z", seven_packed(seven(EVIL, 1 << 16)), [DENIED]
    yield "packed_dictionary.7z", seven_packed(seven(EVIL, 0x30000000)), ["archive/memory"]
    yield "torch_of_7z.pt", seven(EVIL), [DENIED, "scan/name-mismatch"]
    yield "cut.7z", seven(EVIL)[:-5], ["archive/damaged"]
    yield "card.skops", EVIL, [DENIED, "scan/name-mismatch"] # CVE-2025-54886: loaded by joblib then
    deep = EVIL
    for _ in range(12):
        deep = gzip.compress(deep, mtime=0)
    yield "deep.pkl.gz", deep, ["scan/too-deep"]


# ('storage', torch.FloatStorage, '0', 'cpu', 4) as a persistent id.
STORAGE = b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ."


def two_directories():
    """By its distance from the end the directory is one, by the offset that is written another."""
    evil, good = member("a.pkl", EVIL), member("b.pkl", GOOD)
    whole = archive([evil, good])
    start = struct.unpack_from("<I", whole, len(whole) - 6)[0]
    directory = whole[start:-22]
    one, two = directory[:46 + 5], directory[46 + 5:]
    pad = len(one)
    return whole[:start] + one + two + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1, 1, pad, start,
                                                   0)


def matryoshka():
    """Seven archives in one another, each with eight end records that lead to the next: a scanner
    that follows each for itself would look at the innermost two million times."""
    inner = EVIL
    for _ in range(7):
        whole = archive([member("x", inner)])
        start = struct.unpack_from("<I", whole, len(whole) - 6)[0]
        directory = whole[start:-22]
        whole = whole[:-22]
        for _ in range(8):
            whole += directory + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1, 1, len(directory),
                                             len(whole), 0)
        inner = whole
    return inner


def benign(folder):
    def path(name):
        return os.path.join(folder, name)
    for method, name in ((0, "stored"), (8, "deflated"), (12, "bzip2"), (14, "lzma")):
        with zipfile.ZipFile(path(name + ".zip"), "w", method) as z:
            z.writestr("folder/", b"")
            z.writestr("folder/a.txt", "text\n" * 100)
            z.writestr("\u00e9.pkl", GOOD)
            z.writestr("empty", b"")
            z.comment = b"made by a test"

    class Pipe(io.RawIOBase):
        data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as z:  # with data descriptors
        z.writestr("a.txt", "text\n" * 100)
        z.writestr("b.pkl", GOOD)
    with open(path("pipe.zip"), "wb") as out:
        out.write(pipe.data)
    with open(path("inner.zip"), "wb") as out:  # its end record is near the outer one's
        out.write(archive([member("x.zip", open(path("deflated.zip"), "rb").read())]))
    for kind, name in ((tarfile.USTAR_FORMAT, "ustar"), (tarfile.GNU_FORMAT, "gnu"),
                       (tarfile.PAX_FORMAT, "pax")):
        with tarfile.open(path(name + ".tar"), "w", format=kind) as t:
            t.add(path("stored.zip"), "./a/stored.zip")
            t.add(path("stored.zip"), "x" * 80 + "/" + "y" * 90 + ".zip")
            if name != "ustar":
                t.add(path("stored.zip"), "x" * 150 + "/" + "y" * 150 + ".zip")
                t.add(path("stored.zip"), "\u00e9.zip")
            t.addfile(tarfile.TarInfo("empty"))
            folder_entry = tarfile.TarInfo("b")
            folder_entry.type = tarfile.DIRTYPE
            t.addfile(folder_entry)
    for name in ("gz", "bz2", "xz"):
        with tarfile.open(path("packed.tar." + name), "w:" + name) as t:
            t.add(path("stored.zip"), "stored.zip")
    for name, packed in (("gz", gzip.compress(GOOD)), ("bz2", bz2.compress(GOOD)),
                         ("xz", lzma.compress(GOOD)),
                         ("lzma", lzma.compress(GOOD, format=lzma.FORMAT_ALONE))):
        with open(path("plain.pkl." + name), "wb") as out:
            out.write(packed)
    for tool, args, name in (("zstd", ["-q", "-c"], "zst"), ("lz4", ["-q", "-c"], "lz4")):
        try:
            done = subprocess.run([tool, *args, path("plain.pkl.gz")], stdout=subprocess.PIPE,
                                  check=True)
            with open(path("plain.pkl.gz." + name), "wb") as out:
                out.write(done.stdout)
        except (OSError, subprocess.CalledProcessError):
            print("not here:", tool)
    with open(path("text.txt"), "w") as out:  # begins as zlib does
        out.write("x^2 + y^2 = z^2\n")
    numpy_values(path)
    torch_values(path)


def numpy_values(path):
    try:
        import joblib
        import numpy as np
    except ImportError as error:
        return print("not here:", error)
    np.savez(path("a.npz"), x=np.arange(10.0), y=np.zeros((3, 4)), o=np.array(["a", "b"]))
    np.savez_compressed(path("b.npz"), x=np.arange(10000.0), y=np.zeros((3, 4)))
    value = {"x": np.arange(1000.0), "list": [1, 2.0, "three"]}
    for method in ("zlib", "gzip", "bz2", "lzma", "xz", "lz4"):
        for level in (1, 3, 9):
            try:
                joblib.dump(value, path(f"{method}_{level}.joblib"), compress=(method, level))
            except (ValueError, ModuleNotFoundError) as error:
                print("not here:", error)
    joblib.dump(value, path("compressed.pkl"), compress=True)


def torch_values(path):
    try:
        import torch
    except ImportError as error:
        return print("not here:", error)
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU())
    t = torch.arange(10.0)
    mixed = {"t": t, "view": t[3:5], "empty": torch.empty(0), "half": t.half(), "long": t.long(),
             "bool": t > 3, "scalar": torch.tensor(1.5), "list": [1, "x"]}
    for name, value in (("state", model.state_dict()), ("model", model), ("mixed", mixed),
                        ("random", torch.randn(300, 300))):
        torch.save(value, path(name + ".pt"))
        torch.save(value, path(name + "_old.pt"), _use_new_zipfile_serialization=False)
    try:
        import numpy as np
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        return print("not here:", error)
    scaled = {"state": model.state_dict(), "scaler": StandardScaler().fit(np.eye(4)), "array": np.arange(9.0)}
    torch.save(scaled, path("scaled.pt"))
    torch.save(scaled, path("scaled_old.pt"), _use_new_zipfile_serialization=False)


def check_torchscript(tool):
    """A real archive of TorchScript has code and classes of its own, and nothing else is unknown."""
    try:
        import torch
    except ImportError as error:
        print("not here:", error)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "script.pt")
        model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU())
        torch.jit.save(torch.jit.script(model), path)
        verdicts, findings = scan(tool, [path])
    own = {"torch/torchscript": "", "script/program": "", "pickle/import-unknown": "imports __torch__."}
    others = [f for f in findings[path] if f[1] != "info" and not f[4].startswith(own.get(f[0], "\0"))]
    if verdicts[path] == "unknown" and not others and "torch/torchscript" in {f[0] for f in findings[path]}:
        return 0
    print("TORCHSCRIPT", verdicts[path], findings[path])
    return 1


def scan(tool, paths):
    lines = subprocess.run([tool, *paths], stdout=subprocess.PIPE, check=True, text=True).stdout
    verdicts, findings, at = {}, {}, None
    for line in lines.splitlines():
        if line.startswith("\t"):
            findings[at].append(line.strip().split("\t"))
        else:
            at, verdict = line.rsplit("\t", 1)
            verdicts[at], findings[at] = verdict, []
    return verdicts, findings


def check(tool):
    failed = passed = 0
    with tempfile.TemporaryDirectory() as folder:
        wanted = {}
        for name, data, rules in hostile():
            path = os.path.join(folder, name)
            with open(path, "wb") as out:
                out.write(data)
            wanted[path] = rules
        verdicts, findings = scan(tool, list(wanted))
        for path, rules in wanted.items():
            found = {f[0] for f in findings[path]}
            missing = [r for r in rules if not set(r.split("|")) & found]
            if verdicts[path] == "safe" or missing:
                failed += 1
                print("MISSED", os.path.basename(path), verdicts[path], missing, findings[path])
            else:
                passed += 1
    with tempfile.TemporaryDirectory() as folder:
        benign(folder)
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        verdicts, findings = scan(tool, paths)
        for path in paths:
            alarms = [f for f in findings[path] if f[1] != "info"]
            if verdicts[path] != "safe" or alarms:
                failed += 1
                print("FALSE ALARM", os.path.basename(path), verdicts[path], alarms)
            else:
                passed += 1
    failed += check_torchscript(tool)
    print(passed, "passed,", failed, "failed")
    return 1 if failed else 0


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("hostile", "benign", "check"):
        sys.exit(__doc__)
    if sys.argv[1] == "check":
        sys.exit(check(sys.argv[2]))
    os.makedirs(sys.argv[2], exist_ok=True)
    if sys.argv[1] == "benign":
        return benign(sys.argv[2])
    for name, data, _ in hostile():
        with open(os.path.join(sys.argv[2], name), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    main()
