"""Make the store benchmark's work: two versions of a project of weights, a table and small files.

    python3 make_work.py FOLDER [SCALE]     FOLDER/v1 and FOLDER/v2; SCALE 1 is 1.4 GB

v1: 1 GiB of float32 weights, a 300 MB CSV, 2,000 small files. v2: 5 % of the CSV's rows changed,
inserted or deleted in one stretch in the middle, and the last tenth of the weights new.
FOLDER/scattered0: the CSV alone; scattered1 and scattered5: 1 % and 5 % of its rows changed in
scattered places. FOLDER/small: 50,000 files of a few kilobytes.
"""
import pathlib
import shutil
import sys

import numpy as np

rng = np.random.default_rng(7)


def rows_of(count, first):
    amounts = rng.lognormal(3, 1, count)
    ages = rng.integers(18, 90, count)
    words = rng.choice(["grocery", "fuel", "travel", "online", "cash", "rent", "fun"], count)
    scores = rng.random(count)
    return [f"{first + i},2026-{1 + i % 12:02d}-{1 + i % 28:02d},{amounts[i]:.2f},{ages[i]},"
            f"{words[i]},{scores[i]:.6f}\n" for i in range(count)]


def write_table(path, rows):
    with open(path, "w") as file:
        file.write("id,day,amount,age,kind,score\n")
        file.writelines(rows)


def scattered(rows, share):
    out = list(rows)
    for i in rng.choice(len(rows), int(len(rows) * share), replace=False):
        out[i] = rows_of(1, i)[0]
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("v1/files", "v2"):
        (folder / name).mkdir(parents=True)
    weights = rng.normal(0, 0.02, int(scale * 2**28)).astype(np.float32)
    weights.tofile(folder / "v1/weights.bin")
    tenth = len(weights) // 10
    weights[-tenth:] = rng.normal(0, 0.02, tenth).astype(np.float32)
    weights.tofile(folder / "v2/weights.bin")
    del weights
    rows = rows_of(int(scale * 7_100_000), 0)
    write_table(folder / "v1/table.csv", rows)
    for name, share in (("scattered0", 0), ("scattered1", 0.01), ("scattered5", 0.05)):
        (folder / name).mkdir()
        write_table(folder / name / "table.csv", scattered(rows, share))
    middle, stretch = len(rows) // 2, len(rows) // 60
    changed = rows_of(2 * stretch, 10**8)
    rows[middle:middle + stretch] = changed[:stretch]  # changed
    rows[middle + stretch:middle + stretch] = changed[stretch:]  # inserted
    del rows[middle + 2 * stretch:middle + 3 * stretch]  # deleted
    write_table(folder / "v2/table.csv", rows)
    for i in range(2000):
        size = int(rng.integers(200, 12000))
        (folder / f"v1/files/{i:04d}.txt").write_bytes(rng.bytes(size // 2) + b"text " * (size // 10))
    shutil.copytree(folder / "v1/files", folder / "v2/files")
    for i in range(int(scale * 50_000)):
        part = folder / f"small/files/{i % 50:02d}"
        part.mkdir(parents=True, exist_ok=True)
        values = rng.random(int(rng.integers(100, 1000)))
        (part / f"{i:05d}.json").write_text(f'{{"id": {i}, "values": {np.round(values, 4).tolist()}}}')


main()
