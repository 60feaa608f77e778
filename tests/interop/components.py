"""Reconstruction error and leverage of rows (lib/drift/components.h) by the mlops command, against
the same made of Debian's scikit-learn, or with VENV against NannyML's own calculator, to 1e-9:
components.py MLOPS [VENV]. VENV is that of drift_tools.py; without PyPI that is skipped."""
import json, os, subprocess, sys, tempfile

MLOPS = os.path.realpath(sys.argv[1])
VENV = sys.argv[2] if len(sys.argv) > 2 else None
HERE = os.path.dirname(os.path.abspath(__file__))
if VENV and os.environ.get("DRIFT_TOOLS") != "inside":
    made = subprocess.run([sys.executable, HERE + "/drift_tools.py", "prepare", VENV])
    if made.returncode:
        sys.exit(made.returncode)
    sys.exit(subprocess.run([os.path.join(VENV, "bin", "python"), *sys.argv],
                            env={**os.environ, "DRIFT_TOOLS": "inside"}).returncode)
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
try:
    import numpy as np
    from sklearn.covariance import EmpiricalCovariance
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    print("skipped:", error)
    sys.exit(77)

import warnings
warnings.simplefilter("ignore")
random = np.random.default_rng(17)


def table(rows, angle, fresh):
    """Numbers that go together by `angle`, one of few values, a constant, texts, some of them
    missing, rows that repeat; `fresh`: a text that the reference never had."""
    x = random.normal(size=(rows, 3))
    made = {
        "a": list(100 + 5 * x[:, 0]), "b": list(x[:, 0] * np.cos(angle) + x[:, 1] * np.sin(angle)),
        "c": list(np.exp(x[:, 2])), "few": [float(v) for v in random.integers(0, 4, rows)],
        "same": [7.25] * rows,
        "word": [str(v) for v in random.choice(["x", "y", "z", "w"], rows, p=[0.5, 0.3, 0.15, 0.05])],
        "other": [str(v) for v in random.choice(["p", "q"], rows)],
    }
    for row in range(rows):
        for name in ("b", "word"):
            if random.uniform() < 0.1:
                made[name][row] = None
        if fresh and random.uniform() < 0.1:
            made["word"][row] = "never seen"
    if fresh:
        made["a"][:40] = [200.0] * 40
    return {name: values + values[:rows // 10] for name, values in made.items()}


def by_sklearn(reference, current):
    """Imputed, counted and standardised as NannyML does it; then its PCA, and the leverages of a
    linear model with a constant."""
    sides = [[], []]
    for name, values in reference.items():
        there = [v for v in values if v is not None]
        texts = isinstance(there[0], str)
        fill = max(sorted(set(there)), key=there.count) if texts else np.mean(there)
        filled = [[fill if v is None else v for v in side[name]] for side in (reference, current)]
        for side, column in zip(sides, filled):
            side.append([filled[0].count(v) if texts else v for v in column])
    sides = [np.array(side, float).T for side in sides]
    scaler = StandardScaler().fit(sides[0])
    x, y = (scaler.transform(side) for side in sides)
    pca = PCA(n_components=0.65).fit(x)
    errors = [np.mean(np.linalg.norm(v - pca.inverse_transform(pca.transform(v)), axis=1)) for v in (x, y)]
    rank = np.linalg.matrix_rank(x)
    covariance = EmpiricalCovariance(assume_centered=True).fit(x)
    distances = [covariance.mahalanobis(v) for v in (x, y)]
    isolated = [float(np.mean(1 + d > 3 * (1 + rank))) for d in distances]
    hat = np.column_stack([np.ones(len(x)), x])
    assert np.allclose(np.diag(hat @ np.linalg.pinv(hat)), (1 + distances[0]) / len(x), atol=1e-9)
    return errors, isolated


def by_nannyml(reference, current):
    import nannyml, pandas as pd
    # what is missing is NaN, as pandas reads it from a file: None would be a category of its own
    reference, current = (pd.DataFrame(side).fillna(np.nan) for side in (reference, current))
    # a chunk each, so that the value is that of the table
    calculator = nannyml.DataReconstructionDriftCalculator(
        column_names=list(reference.columns), chunk_number=1,
        threshold=nannyml.thresholds.ConstantThreshold(lower=0, upper=100))
    calculator.fit(reference)
    found = calculator.calculate(current).to_df()
    return [float(v) for v in found[("reconstruction_error", "value")]], None


def by_mlops(reference, current):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/p")
        for path, side in (("p/train.csv", reference), ("now.csv", current)):
            with open(folder + "/" + path, "w") as file:
                for row in [side.keys(), *zip(*side.values())]:
                    file.write(",".join("" if v is None else str(v) for v in row) + "\n")
        with open(folder + "/p/mlops.yaml", "w") as file:
            file.write("model: m\ncode: [mlops.yaml]\ndata:\n  train: {path: train.csv, role: reference}\n")
        for command in (["init"], ["register", "p"]):
            subprocess.run([MLOPS, *command], cwd=folder, check=True, capture_output=True)
        done = subprocess.run([MLOPS, "--json", "drift", "m@1", "--current", "now.csv"], cwd=folder,
                              capture_output=True, text=True)
        found = json.loads(done.stdout)
    return ([found["reconstruction_reference"], found["reconstruction_current"]],
            [found["isolated_reference"], found["isolated_current"]])


checked = wrong = 0
for angle, fresh in ((0.3, False), (0.3, True), (1.4, False), (1.4, True)):
    reference, current = table(800, 0.3, False), table(500, angle, fresh)
    errors, isolated = by_nannyml(reference, current) if VENV else by_sklearn(reference, current)
    ours, apart = by_mlops(reference, current)
    for mine, theirs in [*zip(ours, errors), *(zip(apart, isolated) if isolated else [])]:
        checked += 1
        if not abs(mine - theirs) <= 1e-9 * max(1, abs(theirs)):
            wrong += 1
            print("differs:", angle, fresh, mine, theirs)
print(f"{checked} numbers compared with {'NannyML' if VENV else 'scikit-learn'}, {wrong} wrong")
sys.exit(1 if wrong or checked < 8 else 0)
