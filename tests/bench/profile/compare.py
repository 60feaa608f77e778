"""mlops profile beside DuckDB on the same file: compare.py MLOPS FILE.csv|FILE.parquet [RUNS [BENCH]].
Queries of DuckDB, from much to little: SUMMARIZE; count, range, mean, deviation, median and
different values of each column, in one query, the last two approximate as ours are; max() alone.
BENCH is the folder of bench_scan and bench_fetch (cmake --build … -t bench_scan bench_fetch): our
reader with max() alone, and of Parquet DuckDB's C library alone, which $MLOPS_DUCKDB names: every
value of every column fetched chunk by chunk, and max(). Run it where duckdb (PyPI) is; make.py makes
the file. Prints seconds, MB/s, the largest resident memory and ratios; the best of the runs counts."""
import os, resource, subprocess, sys, time

MLOPS, PATH, RUNS = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
BENCH = sys.argv[4] if len(sys.argv) > 4 else None
THREADS = len(os.sched_getaffinity(0))
BEGIN = f"import duckdb; duckdb.sql('SET threads={THREADS}'); "
PARQUET = PATH.endswith("parquet")


def measure(command, **environment):
    best, memory = float("inf"), 0
    for _ in range(RUNS):
        begin = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
        _, status, used = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"{command} failed")
        best, memory = min(best, time.monotonic() - begin), max(memory, used.ru_maxrss)
    return best, memory


def show(name, seconds, memory, base):
    size = os.path.getsize(PATH) / 1e6
    print(f"{name:36} {seconds:7.2f} s  {size / seconds:6.0f} MB/s  {memory / 1024:6.0f} MB resident  {base / seconds:5.2f} x")


with open(PATH, "rb") as file:  # into the page cache, for all alike
    while file.read(1 << 24):
        pass
source = f"'{PATH}'"
COLUMNS = BEGIN + f"""
columns = duckdb.sql("SELECT * FROM {source} LIMIT 0")
def ask(wanted):
    asked = [f'{{f}}("{{n}}")' if f != "approx_quantile" else f'approx_quantile("{{n}}", 0.5)'
             for n, t in zip(columns.columns, columns.types) for f in wanted
             if f in ("count", "min", "max", "approx_count_distinct") or str(t) in NUMBERS]
    duckdb.sql("SELECT " + ", ".join(asked) + " FROM {source}").fetchall()
NUMBERS = ("DOUBLE", "BIGINT", "INTEGER")
"""
ours, our_memory = measure([MLOPS, "-q", "profile", PATH])
show("mlops profile", ours, our_memory, ours)
seconds, memory = measure([sys.executable, "-c", BEGIN + f'duckdb.sql("SUMMARIZE FROM {source}").fetchall()'])
show("DuckDB SUMMARIZE", seconds, memory, ours)
print(f"mlops takes {ours / seconds:.2f} x of SUMMARIZE's time")
wanted = '["count", "min", "max", "avg", "stddev", "approx_quantile", "approx_count_distinct"]'
seconds, memory = measure([sys.executable, "-c", COLUMNS + f"ask({wanted})"])
show("DuckDB, seven figures of each column", seconds, memory, ours)
print(f"mlops takes {ours / seconds:.2f} x of their time")
seconds, memory = measure([sys.executable, "-c", COLUMNS + 'ask(["max"])'])
show("DuckDB, max() of each column", seconds, memory, ours)
print(f"mlops takes {ours / seconds:.2f} x of a scan's time")
if BENCH:
    scanned, memory = measure([f"{BENCH}/bench_scan", PATH])
    show("our reader, max() of each column", scanned, memory, ours)
if BENCH and PARQUET:
    for what, name in (("fetch", "DuckDB in C, every value fetched"), ("max", "DuckDB in C, max() of each column")):
        seconds, memory = measure([f"{BENCH}/bench_fetch", what, PATH], MLOPS_THREADS=str(2 * THREADS))
        show(name, seconds, memory, ours)
        print(f"mlops profile takes {ours / seconds:.2f} x of that time, our reader {scanned / seconds:.2f} x")
