"""A table of 30 columns as CSV, or Parquet by its name: make.py FILE ROWS. By DuckDB, of PyPI."""
import sys

import duckdb

path, rows = sys.argv[1], int(sys.argv[2])
floats = ", ".join(f"round(random() * {10 ** (i % 4)}, {4 + i % 3}) AS f{i}" for i in range(14))
whole = ", ".join(f"(random() * {10 ** (i + 1)})::INT AS n{i}" for i in range(6))
duckdb.sql("SELECT setseed(0.9)")
duckdb.sql(f"""COPY (SELECT i AS id, {floats}, {whole},
    ['de', 'fr', 'it', 'es', 'nl'][1 + (random() * 4.99)::INT % 5] AS country,
    'shop-' || (random() * 200)::INT AS shop, 'c' || (random() * 100000)::INT AS customer,
    random() < 0.03 AS fraud, CASE WHEN random() < 0.1 THEN NULL ELSE (random() * 1000)::INT END AS gaps,
    TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS at, (random() * 86400)::INT AS second,
    ['web', 'app', 'till'][1 + (random() * 2.99)::INT % 3] AS channel, 'note ' || i || ' of ' || (random() * 50)::INT AS note
    FROM range({rows}) t(i)) TO '{path}' ({'FORMAT parquet' if path.endswith('parquet') else 'HEADER'})""")
