"""Our tests and distances against those of Evidently and NannyML, to 1e-9, on shared cases:
drift_tools.py TWO_SAMPLE_DUMP VENV. Both come from PyPI into VENV; without PyPI the test is skipped."""
import os, subprocess, sys

DUMP, VENV = sys.argv[1], sys.argv[2]
PACKAGES = ["evidently==0.7.23", "nannyml==0.13.1", "pandas<3"]
FROM_PYPI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "from_pypi")
PYTHON = os.path.join(VENV, "bin", "python")


def prepare():
    try:
        subprocess.run([FROM_PYPI, VENV, *PACKAGES], check=True, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        print("skipped: Evidently and NannyML cannot be had from PyPI:", error)
        sys.exit(77)


if os.environ.get("DRIFT_TOOLS") != "inside":
    prepare()
    if DUMP == "prepare":  # for components.py
        sys.exit(0)
    sys.exit(subprocess.run([PYTHON, *sys.argv], env={**os.environ, "DRIFT_TOOLS": "inside"}).returncode)

import warnings

warnings.simplefilter("ignore")
import numpy as np
import pandas as pd
from evidently.legacy.calculations import stattests
from evidently.legacy.core import ColumnType
from nannyml.drift.univariate.methods import FeatureType, MethodFactory

random = np.random.default_rng(9)
NUMERIC, CATEGORICAL = ColumnType.Numerical, ColumnType.Categorical


def evidently(name, a, b, kind):
    return getattr(stattests, name).func(a, b, kind, 0.1)[0]


def nannyml(key, kind, a, b):
    method = MethodFactory.create(key=key, feature_type=kind, chunker=None, threshold=None,
                                  computation_params={"wasserstein": {}, "kolmogorov_smirnov": {}})
    method._fit(a, timestamps=None)
    return method._calculate(b)


def line(values):
    return " ".join(repr(float(v)) for v in values)


text, expected = [], []
for case in range(20):
    n, m = (int(v) for v in random.integers(40, 800, 2))
    a = pd.Series(random.normal(size=n))
    b = pd.Series(random.normal(random.choice([0, 0.2]), 1.2, size=m))
    norm = max(float(np.std(a)), 0.001)
    text += ["n", line(a), line(b)]
    expected.append({
        ("wasserstein", 0): [("Evidently", evidently("wasserstein_stat_test", a, b, NUMERIC) * norm),
                             ("NannyML", nannyml("wasserstein", FeatureType.CONTINUOUS, a, b))],
        ("energy", 0): [("Evidently", evidently("energy_dist_test", a, b, NUMERIC))],
        ("anderson_darling", 1): [("Evidently", evidently("anderson_darling_test", a, b, NUMERIC))],
        ("ks", 0): [("NannyML", nannyml("kolmogorov_smirnov", FeatureType.CONTINUOUS, a, b))],
    })
    words = np.array(list("abcdefg"))
    shares = random.dirichlet(np.full(len(words), 20.0))
    c = pd.Series(random.choice(words, n + 200, p=shares))
    d = pd.Series(random.choice(words, m + 200, p=random.dirichlet(np.full(len(words), 20.0))))
    p, q = (s.value_counts().reindex(words, fill_value=0).to_numpy() for s in (c, d))
    text += ["c", line(p), line(q)]
    expected.append({
        ("chi_square", 0): [("NannyML", nannyml("chi2", FeatureType.CATEGORICAL, c, d))],
        ("psi", 0): [("Evidently", evidently("psi_stat_test", c, d, CATEGORICAL))],
        ("hellinger", 0): [("Evidently", evidently("hellinger_stat_test", c, d, CATEGORICAL)),
                           ("NannyML", nannyml("hellinger", FeatureType.CATEGORICAL, c, d))],
        ("jensen_shannon", 0): [("NannyML", nannyml("jensen_shannon", FeatureType.CATEGORICAL, c, d)),
                                # Evidently's is to base e
                                ("Evidently", evidently("jensenshannon_stat_test", c, d, CATEGORICAL) / np.sqrt(np.log(2)))],
        ("l_infinity", 0): [("NannyML", nannyml("l_infinity", FeatureType.CATEGORICAL, c, d))],
    })
    n = m = int(random.integers(8, 300))  # Evidently's Fisher takes nothing else
    e, f = (pd.Series(random.uniform(size=size) < share).astype(int)
            for size, share in ((n, 0.3), (m, random.choice([0.3, 0.5]))))
    text += ["c", line([e.sum(), n - e.sum()]), line([f.sum(), m - f.sum()])]
    expected.append({
        ("z", 1): [("Evidently", evidently("z_stat_test", e, f, CATEGORICAL))],
        ("fisher", 1): [("Evidently", evidently("fisher_exact_test", e, f, CATEGORICAL))],
    })

found = subprocess.run([DUMP], input="\n".join(text) + "\n", text=True, capture_output=True, check=True)
blocks = found.stdout.split("\n\n")[:-1]
checked, wrong = 0, 0
for block, wanted in zip(blocks, expected):
    ours = {l.split()[0]: [float(v) for v in l.split()[1:]] for l in block.split("\n")}
    for (name, which), rows in wanted.items():
        for tool, theirs in rows:
            checked += 1
            if not abs(ours[name][which] - theirs) <= 1e-9 * max(1, abs(theirs)):
                wrong += 1
                print("differs:", tool, name, ours[name][which], theirs)
print(f"{checked} numbers compared with Evidently and NannyML, {wrong} wrong")
sys.exit(1 if wrong or checked < 200 else 0)
