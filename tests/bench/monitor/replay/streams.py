"""Streams of a model's answers with a change at a known place, for replay.py and features.py: what was
asked, and whether the answer was wrong. Run in NannyML's venv, whose data sets are among them."""
import json, os, subprocess, zipfile
from collections import namedtuple
import numpy as np, pandas as pd, nannyml
from sklearn.tree import DecisionTreeClassifier
import packaged

BEFORE, AFTER, RUNS = 20000, 5000, 3
SHIPPED = os.path.join(os.path.dirname(nannyml.__file__), "datasets", "data")
HERE = os.path.dirname(os.path.abspath(__file__))

# A stretch of events: wrong, 0 or 1 of each; rows, their features; at, which row each event is
Part = namedtuple("Part", "wrong rows at")
# runs: pairs of parts, before the change and after it; moves: the change shows in the features
Stream = namedtuple("Stream", "name what moves make")


def tree(x, y):
    return DecisionTreeClassifier(max_depth=6, random_state=1).fit(x, y)


def in_order(wrong, rows, change):
    at = np.arange(len(wrong))
    return [tuple(Part(wrong[part], rows, at[part]) for part in (slice(0, change), slice(change, None)))]


def drawn(rng, *pools):
    """Runs of events drawn from two pools of answers, (wrong, rows) each, in no order."""
    runs = []
    for _ in range(RUNS):
        parts = []
        for (wrong, rows), count in zip(pools, (BEFORE, AFTER)):
            at = rng.choice(len(wrong), count)
            parts.append(Part(wrong[at], rows, at))
        runs.append(tuple(parts))
    return runs


def shipped(name, truth, prediction="y_pred"):
    """A set of NannyML's as it came: the world changes halfway through what it calls analysis."""
    target = "_gt" if name in ("synthetic_sample", "mc") else "_target"
    reference, analysis, labels = (pd.read_csv(f"{SHIPPED}/{name}_{part}.csv") for part in
                                   ("reference", "analysis", "analysis" + target))
    wrong = [(reference[truth] != reference[prediction]), (labels[truth] != analysis[prediction])]
    wrong = np.concatenate(wrong).astype(int)
    answers = [c for c in reference if c.startswith("y_pred")]
    rows = pd.concat([reference, analysis], ignore_index=True).drop(
        columns=answers + [truth, "id", "identifier", "timestamp", "period", "partition"], errors="ignore")
    return in_order(wrong, rows, len(reference) + len(analysis) // 2)


def employment(rng):
    reference = pd.read_parquet(f"{SHIPPED}/employment_MA_reference.pq")
    analysis = pd.read_parquet(f"{SHIPPED}/employment_MA_analysis.pq")
    labels = pd.read_parquet(f"{SHIPPED}/employment_MA_analysis_target.pq")
    old = (reference["employed"] != reference["prediction"]).astype(int).to_numpy()
    new = (analysis["prediction"].to_numpy() != labels["employed"].to_numpy()).astype(int)
    old_people = analysis["AGEP"].to_numpy() > 60  # who asks has changed: from all to those over 60
    rows = [table.drop(columns=["id", "employed", "year", "prediction", "predicted_probability"], errors="ignore")
            for table in (reference, analysis[old_people].reset_index(drop=True))]
    for table in rows:
        for column in table.columns[1:]:
            table[column] = table[column].astype(str)
    return drawn(rng, (old, rows[0]), (new[old_people], rows[1]))


def table(name, river, tables):
    if name in ("shuttle", "phishing"):
        return pd.read_csv(f"{river}/{name}.csv.gz")
    if name == "segment":
        return pd.read_csv(f"{river}/segment.csv.zip")
    if name == "weather":
        return pd.read_csv(f"{tables}/weather.csv")
    text = zipfile.ZipFile(f"{river}/banana.zip").read("banana.all.txt").decode()
    rows = [line.split() for line in text.splitlines() if line.count(":") == 2]
    return pd.DataFrame([[float(c.split(":")[1]) for c in row[1:]] + [row[0]] for row in rows],
                        columns=["x", "y", "class"])


def broken(rng, data):
    """A real table, a tree learnt on half of it; then the column that it leans on most is stuck."""
    data = data.sample(frac=1, random_state=1)
    x, y = data.iloc[:, :-1].to_numpy(float), data.iloc[:, -1].to_numpy()
    half = len(x) // 2
    model = tree(x[:half], y[:half])
    stuck = x[half:].copy()
    column = int(np.argmax(model.feature_importances_))
    stuck[:, column] = np.median(x[:half, column])
    return drawn(rng, *(((model.predict(rows) != y[half:]).astype(int),
                         pd.DataFrame(rows, columns=data.columns[:-1])) for rows in (x[half:], stuck)))


def concept(rng, name, river_python):
    """A generator of river's: what its rows mean changes."""
    text = subprocess.run([river_python, os.path.join(HERE, "in_river.py"), "synth", name],
                          capture_output=True, text=True, check=True).stdout
    before, after = (np.array(json.loads(line)) for line in text.splitlines())
    model = tree(before[:4000, :-1], before[:4000, -1])
    return drawn(rng, *(((model.predict(rows[:, :-1]) != rows[:, -1]).astype(int),
                         pd.DataFrame(rows[:, :-1]).add_prefix("x")) for rows in (before[4000:], after)))


ELEC2_LEARNT = 4000  # half hours: 83 days


def elec2(tables):
    """The market of New South Wales, up or down at each half hour from 7 May 1996 on: all rows, which of
    them a tree of the first 83 days gets wrong, and the row from which Victoria is in the market, too: its
    price and demand and the transfer, constant until then, begin to move."""
    data = pd.read_csv(f"{tables}/elec.csv")
    data.columns = ["period", "nsw_price", "nsw_demand", "vic_price", "vic_demand", "transfer", "up"]
    x, y = data.iloc[:, :-1], data["up"].to_numpy()
    model = tree(x.to_numpy()[:ELEC2_LEARNT], y[:ELEC2_LEARNT])
    joined = data[["vic_price", "vic_demand", "transfer"]].to_numpy()
    change = int(np.argmax((joined != joined[0]).any(axis=1)))
    return data, model.predict(x.to_numpy()), change


def electricity(tables, rng=None):
    data, answers, change = elec2(tables)
    wrong = (answers != data["up"]).astype(int).to_numpy()[ELEC2_LEARNT:]
    rows, change = data.iloc[ELEC2_LEARNT:, :-1].reset_index(drop=True), change - ELEC2_LEARNT
    if rng is None:
        return in_order(wrong, rows, change)
    return drawn(rng, (wrong[:change], rows[:change]), (wrong[change:], rows[change:].reset_index(drop=True)))


def woods(rng, tables, area):
    """What grows on a patch of forest: a tree of one wilderness is asked of another."""
    data = pd.read_csv(f"{tables}/covtype.csv")
    areas = data[[c for c in data if c.startswith("Wilderness")]].to_numpy().argmax(axis=1)
    home, abroad = np.flatnonzero(areas == 0), np.flatnonzero(areas == area)
    home = np.random.default_rng(1).permutation(home)
    half, x, y = len(home) // 2, data.iloc[:, :-1].to_numpy(float), data.iloc[:, -1].to_numpy()
    model = tree(x[home[:half]], y[home[:half]])
    return drawn(rng, *(((model.predict(x[at]) != y[at]).astype(int), data.iloc[at, :10].reset_index(drop=True))
                        for at in (home[half:], abroad)))


def all_streams(river, river_python, tables):
    """river: the folder of its data sets; tables: that of packaged.py, or None."""
    rng = np.random.default_rng(1)  # one for all, in this order: `make` is called once each
    found = [Stream("car loan", "as it came", True, lambda: shipped("synthetic_car_loan", "repaid")),
             Stream("work from home", "as it came", True, lambda: shipped("synthetic_sample", "work_home_actual")),
             Stream("credit cards", "as it came", True, lambda: shipped("mc", "y_true")),
             Stream("employment", "others ask", True, lambda: employment(rng))]
    found += [Stream(name, "stuck column", True, lambda name=name: broken(rng, table(name, river, tables)))
              for name in ("shuttle", "phishing", "segment", "banana")]
    found += [Stream(name, "new concept", False, lambda name=name: concept(rng, name, river_python))
              for name in ("SEA", "Agrawal", "Sine", "Mixed", "STAGGER")]
    if tables:
        found += [Stream("Elec2", "market joined, as it came", True, lambda: electricity(tables)),
                  Stream("Elec2", "market joined", True, lambda: electricity(tables, rng)),
                  Stream("weather", "stuck column", True, lambda: broken(rng, table("weather", river, tables)))]
        found += [Stream("forest, " + name, "others ask", True, lambda area=area: woods(rng, tables, area))
                  for area, name in ((1, "Neota"), (2, "Comanche Peak"), (3, "Cache la Poudre"))]
    return found
