"""What `mlops drift --exact` says of two tables against Debian's SciPy on the same values, to 1e-9:
drift_exact.py MLOPS. Every method with a definition that does not depend on where columns are cut;
5,000 rows against 4,000, more than any sketch keeps."""
import json, os, subprocess, sys, tempfile

MLOPS = os.path.realpath(sys.argv[1])
try:
    import numpy as np
    from scipy import stats
    from scipy.spatial import distance
except ImportError as error:
    print("skipped:", error)
    sys.exit(77)

import warnings
warnings.simplefilter("ignore")
random = np.random.default_rng(23)


def table(rows, moved):
    """Smooth, heavy-tailed, of few values, with gaps, and texts that all come often."""
    made = {
        "normal": random.normal(0.1 * moved, 1 + 0.1 * moved, rows), "tails": random.lognormal(0, 2, rows),
        "same": random.normal(size=rows), "few": random.poisson(3 + 0.3 * moved, rows).astype(float),
        "gaps": random.uniform(0, 1 + 0.2 * moved, rows),
        "word": random.choice(list("abcdef"), rows, p=np.array([8, 5, 3, 2, 1 + moved, 1]) / (20 + moved)),
        "coin": random.choice(["yes", "no"], rows, p=[0.3 + 0.05 * moved, 0.7 - 0.05 * moved]),
    }
    made["gaps"][random.uniform(size=rows) < 0.1] = np.nan
    return made


def cramer_von_mises(a, b):
    """SciPy's where no values are equal; Anderson's equation 2 where some are (docs/drift.md)."""
    both = np.concatenate([a, b])
    if len(set(both)) == len(both):
        return stats.cramervonmises_2samp(a, b).statistic
    f, g = (np.searchsorted(np.sort(side), both, side="right") / len(side) for side in (a, b))
    return len(a) * len(b) / len(both) ** 2 * np.sum((f - g) ** 2)


def of_numbers(method, a, b):
    n, m = len(a), len(b)
    return {"ks": lambda: stats.ks_2samp(a, b).statistic,
            "wasserstein": lambda: stats.wasserstein_distance(a, b) / np.std(a),
            "energy": lambda: stats.energy_distance(a, b) / np.sqrt(np.std(a)),
            "cramer_von_mises": lambda: cramer_von_mises(a, b),
            "anderson_darling": lambda: stats.anderson_ksamp([a, b]).statistic}[method]()


def z(in_p, n, in_q, m):
    share = (in_p + in_q) / (n + m)
    return (in_q / m - in_p / n) / np.sqrt(share * (1 - share) * (1 / n + 1 / m))


def of_texts(method, a, b):
    words = np.unique(np.concatenate([a, b]))
    p, q = (np.array([(side == word).sum() for word in words]) for side in (a, b))
    s, t = p / p.sum(), q / q.sum()
    return {"jensen_shannon": lambda: distance.jensenshannon(s, t, base=2),
            "hellinger": lambda: np.linalg.norm(np.sqrt(s) - np.sqrt(t)) / np.sqrt(2),
            "total_variation": lambda: np.abs(s - t).sum() / 2,
            "l_infinity": lambda: np.abs(s - t).max(),
            "z": lambda: max(abs(z(p[i], len(a), q[i], len(b))) for i in range(len(words))),
            "fisher": lambda: max(0, max(-np.log10(stats.fisher_exact([[p[i], len(a) - p[i]], [q[i], len(b) - q[i]]])[1])
                                         for i in range(len(words))) - np.log10(len(words) if len(words) > 2 else 1)),
            "psi": lambda: np.sum((t - s) * np.log(t / s)),
            "chi_square": lambda: stats.chi2_contingency([p, q], correction=False)[0],
            "g": lambda: stats.chi2_contingency([p, q], correction=False, lambda_="log-likelihood")[0]}[method]()


def write(path, made):
    with open(path, "w") as file:
        for row in [made.keys(), *zip(*made.values())]:
            file.write(",".join("" if v != v else str(v) for v in row) + "\n")


reference, current = table(5000, 0), table(4000, 1)
checked = wrong = 0
with tempfile.TemporaryDirectory() as folder:
    os.mkdir(folder + "/p")
    write(folder + "/p/train.csv", reference)
    write(folder + "/now.csv", current)
    with open(folder + "/p/mlops.yaml", "w") as file:
        file.write("model: m\ncode: [mlops.yaml]\ndata:\n  train: {path: train.csv, role: reference}\n")
    for command in (["init"], ["register", "p"]):
        subprocess.run([MLOPS, *command], cwd=folder, check=True, capture_output=True)
    for numeric, text in (("ks", "jensen_shannon"), ("wasserstein", "hellinger"), ("energy", "total_variation"),
                          ("cramer_von_mises", "chi_square"), ("anderson_darling", "g"), ("ks", "psi"),
                          ("ks", "l_infinity"), ("ks", "z"), ("ks", "fisher")):
        done = subprocess.run([MLOPS, "--json", "drift", "m@1", "--current", "now.csv", "--exact", "--far", "10%",
                               "--method", numeric, "--categorical-method", text],
                              cwd=folder, capture_output=True, text=True)
        found = json.loads(done.stdout)
        assert found["exact"], found
        for column in found["columns"]:
            a, b = (side[column["name"]] for side in (reference, current))
            if column["type"] == "numeric":
                theirs = of_numbers(numeric, a[~np.isnan(a)], b[~np.isnan(b)])
            else:
                theirs = of_texts(text, a, b)
            checked += 1
            if not abs(column["statistic"] - theirs) <= 1e-9 * max(1, abs(theirs)):
                wrong += 1
                print("differs:", column["name"], column["method"], column["statistic"], theirs)
print(f"{checked} numbers of mlops drift --exact compared with SciPy, {wrong} wrong")
sys.exit(1 if wrong or checked < 40 else 0)
