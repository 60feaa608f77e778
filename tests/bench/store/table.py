"""Print the medians that run.sh collected: files WHAT.TOOL of one figure a run."""
import pathlib
import statistics
import sys

folder = pathlib.Path(sys.argv[1])
rows = ["first", "second", "unchanged", "restore", "switch", "growth", "scattered1", "scattered5",
        "grown1", "grown5", "small", "small-unchanged", "small-restore"]
tools = ["mlops", "borg", "restic", "casync", "git-lfs", "dvc", "mlflow", "md5-copy"]
dedup = {"borg", "restic", "casync"}
in_bytes = {"growth", "grown1", "grown5"}


def median(row, tool):
    path = folder / f"{row}.{tool}"
    return statistics.median(map(int, path.read_text().split())) if path.exists() else None


print("| | " + " | ".join(tools) + " | mlops / fastest that deduplicates |")
print("| --- |" + " --- |" * (len(tools) + 1))
for row in rows:
    values = {tool: median(row, tool) for tool in tools}
    best = min((values[tool] for tool in dedup if values[tool]), default=None)
    unit = "MB" if row in in_bytes else "s"
    cells = [f"{values[tool] / 1e6:.2f}" if values[tool] is not None else "" for tool in tools]
    ratio = f"{values['mlops'] / best:.2f}" if best and values["mlops"] is not None else ""
    print(f"| {row}, {unit} | " + " | ".join(cells) + f" | {ratio} |")

# SHA-256 is taken twice of every byte: of its chunk and of its file.
limit = statistics.median(float(line) for line in (folder / "limit").read_text().split()) * 1000
size, cores = (int((folder / name).read_text()) for name in ("bytes", "cores"))
rate = size / (median("first", "mlops") / 1e6)
print(f"\nSHA-256 in memory: {limit / 1e6:.0f} MB/s a core, {cores} cores; the first package took "
      f"{rate / 1e6:.0f} MB/s, {rate / (limit * cores):.2f} of it")
