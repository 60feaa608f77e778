"""mlops profile beside DuckDB's SUMMARIZE on the same file, and on Parquet beside a scan of the same
columns: compare.py MLOPS FILE.csv|FILE.parquet [RUNS]. Run it where duckdb (PyPI) is; make.py makes
the file. Prints seconds, MB/s, the largest resident memory and ratios; the best of the runs counts."""
import os, resource, subprocess, sys, time

MLOPS, PATH, RUNS = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
THREADS = len(os.sched_getaffinity(0))
BEGIN = f"import duckdb; duckdb.sql('SET threads={THREADS}'); "
PARQUET = PATH.endswith("parquet")


def measure(command):
    best, memory = float("inf"), 0
    for _ in range(RUNS):
        begin = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"{command} failed")
        best, memory = min(best, time.monotonic() - begin), max(memory, used.ru_maxrss)
    return best, memory


def show(name, seconds, memory, base):
    size = os.path.getsize(PATH) / 1e6
    print(f"{name:34} {seconds:7.2f} s  {size / seconds:6.0f} MB/s  {memory / 1024:6.0f} MB resident  {base / seconds:5.2f} x")


with open(PATH, "rb") as file:  # into the page cache, for all alike
    while file.read(1 << 24):
        pass
source = f"'{PATH}'"
ours, our_memory = measure([MLOPS, "-q", "profile", PATH])
show("mlops profile", ours, our_memory, ours)
seconds, memory = measure([sys.executable, "-c", BEGIN + f'duckdb.sql("SUMMARIZE FROM {source}").fetchall()'])
show("DuckDB SUMMARIZE", seconds, memory, ours)
print(f"mlops takes {ours / seconds:.2f} x of SUMMARIZE's time")
scan = BEGIN + f"""
names = duckdb.sql("SELECT * FROM {source} LIMIT 0").columns
duckdb.sql("SELECT " + ", ".join('max(\"' + n + '\")' for n in names) + " FROM {source}").fetchall()"""
seconds, memory = measure([sys.executable, "-c", scan])
show("DuckDB, max() of each column", seconds, memory, ours)
print(f"mlops takes {ours / seconds:.2f} x of a scan's time")
