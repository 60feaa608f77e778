"""Our tests of two samples against SciPy's, to 1e-9: two_sample.py TWO_SAMPLE_DUMP [CASES]
Samples of several shapes and sizes, with ties, constants, infinities, empty cells."""
import subprocess, sys, warnings

try:
    import numpy as np
    from scipy import special, stats
    from scipy.spatial import distance
    from scipy.stats._hypotests import _cdf_cvm_inf
except ImportError:
    print("skipped: python3-scipy is not there")
    sys.exit(77)
warnings.simplefilter("ignore")

CASES = int(sys.argv[2]) if len(sys.argv) > 2 else 300
random = np.random.default_rng(9)


def draw(n):
    shape = random.integers(5)
    if shape == 0:
        return random.normal(size=n)
    if shape == 1:
        return random.lognormal(sigma=2, size=n)
    if shape == 2:
        return random.integers(0, 5, n).astype(float)
    if shape == 3:
        return np.round(random.normal(size=n), 1)
    return random.exponential(size=n) - 1e6


def cramer_von_mises(a, b):
    """Anderson's equation 2, and SciPy's own where no values are equal, which it must be."""
    n, m, both = len(a), len(b), np.concatenate([a, b])
    f, g = (np.searchsorted(np.sort(side), both, side="right") / len(side) for side in (a, b))
    statistic = n * m / (n + m) ** 2 * np.sum((f - g) ** 2)
    if len(set(both)) == n + m:
        theirs = stats.cramervonmises_2samp(a, b, method="asymptotic")
        assert abs(theirs.statistic - statistic) < 1e-9 * max(1, statistic)
        return theirs.statistic, theirs.pvalue
    k, size = n * m, n + m
    variance = (size + 1) * (4 * k * size - 3 * (n * n + m * m) - 2 * k) / (45 * size**2 * 4 * k)
    standard = 1 / 6 + (statistic - (1 + 1 / size) / 6) / np.sqrt(45 * variance)
    return statistic, 1 if standard < 0.003 else max(0, 1 - _cdf_cvm_inf(standard))


def numbers(a, b):
    n, m = len(a), len(b)
    exact = n * m <= 10**7
    ks = stats.ks_2samp(a, b, method="exact" if exact else "asymp")
    p = ks.pvalue if exact else special.kolmogorov(np.sqrt(n * m / (n + m)) * ks.statistic)
    yield "ks", ks.statistic, p
    yield "cramer_von_mises", *cramer_von_mises(a, b)
    if len(set(a) | set(b)) > 1:
        ad = stats.anderson_ksamp([a, b])
        yield "anderson_darling", ad.statistic, ad.significance_level
    else:
        yield "anderson_darling", np.nan, np.nan
    yield "wasserstein", stats.wasserstein_distance(a, b), 0
    yield "energy", stats.energy_distance(a, b), 0


def counts(p, q):
    both = p + q > 0
    a, b = p[both], q[both]
    if len(a) > 1:
        for name, kind in ("chi_square", "pearson"), ("g", "log-likelihood"):
            found = stats.chi2_contingency([a, b], correction=False, lambda_=kind)
            yield name, found[0], found[1]
    else:
        yield from (("chi_square", 0, 1), ("g", 0, 1))
    s, t = p / p.sum(), q / q.sum()
    yield "jensen_shannon", distance.jensenshannon(s, t, base=2), 0
    yield "hellinger", np.sqrt(np.sum((np.sqrt(s) - np.sqrt(t)) ** 2)) / np.sqrt(2), 0
    yield "total_variation", np.abs(s - t).sum() / 2, 0
    yield "l_infinity", np.abs(s - t).max(), 0
    s, t = np.where(s == 0, 0.0001, s)[both], np.where(t == 0, 0.0001, t)[both]
    yield "psi", np.sum((np.maximum(t, 1e-4) - np.maximum(s, 1e-4)) * np.log(np.maximum(t, 1e-4) / np.maximum(s, 1e-4))), 0
    if len(p) == 2:
        share = (p[0] + q[0]) / (p.sum() + q.sum())
        deviation = np.sqrt(share * (1 - share) * (1 / p.sum() + 1 / q.sum()))
        z = (q[0] / q.sum() - p[0] / p.sum()) / deviation if deviation > 0 else 0
        yield "z", z, 2 * stats.norm.sf(abs(z))
        exact = stats.fisher_exact([p, q])[1]
        yield "fisher", -np.log10(exact), exact


def benjamini_hochberg(p):
    """SciPy's false_discovery_control, which Debian 12's does not have yet, by its definition."""
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    result = np.empty(len(p))
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return [("", value, None) for value in result]


def line(values):
    return " ".join(repr(float(v)) for v in values)


text, expected = [], []
for case in range(CASES):
    n, m = (int(10 ** random.uniform(0.4, 3)) for _ in range(2))
    a, b = draw(n), draw(m)
    if case % 3 == 0:
        b = a[random.integers(0, n, m)] + random.choice([0, 0.3]) * (case % 2)
    if case % 20 == 7:
        a, b = np.full(n, 4.0), np.full(m, 4.0 + case % 2)
    text += ["n", line(a), line(b)]
    expected.append(("numbers", list(numbers(a, b))))
    cells = int(random.integers(2, 12)) if case % 2 else 2
    rate = random.choice([0.5, 5, 200])
    p, q = random.poisson(rate, cells).astype(float), random.poisson(rate, cells).astype(float)
    p[0] += 1
    q[-1] += 1
    text += ["c", line(p), line(q)]
    expected.append(("counts", list(counts(p, q))))
for p, q in ([3000, 7000], [2100, 5200]), ([40000, 60000], [41000, 59000]), ([1, 9], [8, 2]), ([500, 500], [100, 900]):
    text += ["c", line(p), line(q)]
    expected.append(("counts", list(counts(np.array(p, float), np.array(q, float)))))
a, b = random.normal(size=4000), random.normal(0.03, 1, size=5000)
text += ["n", line(a), line(b)]
expected.append(("numbers", list(numbers(a, b))))
values = random.uniform(size=200) ** 3
text += ["b", line(values)]
expected.append(("adjusted", benjamini_hochberg(values)))

found = subprocess.run([sys.argv[1]], input="\n".join(text) + "\n", text=True, capture_output=True, check=True)
blocks = found.stdout.split("\n\n")[:-1]
assert len(blocks) == len(expected), (len(blocks), len(expected))
wrong, checked, worst = 0, 0, 0.0


def near(ours, theirs):
    global worst
    if np.isnan(theirs):
        return np.isnan(ours)
    if np.isinf(theirs):
        return ours == theirs
    gap = abs(ours - theirs) / max(1, abs(theirs))
    worst = max(worst, gap)
    return gap <= 1e-9


for block, (kind, rows) in zip(blocks, expected):
    lines = block.split("\n")
    assert len(lines) == len(rows), (kind, lines, rows)
    for ours, (name, statistic, p) in zip(lines, rows):
        words = ours.split()
        good = words[0] == name if name else True
        numbers_found = [float(w) for w in words if w != name]
        for mine, theirs in zip(numbers_found, (statistic, p)):
            checked += 1
            good = good and near(mine, float(theirs))
        if not good:
            wrong += 1
            if wrong < 20:
                print("differs:", name, ours, "SciPy:", statistic, p)
print(f"{checked} numbers compared, worst relative gap {worst:.2g}, {wrong} wrong")
sys.exit(1 if wrong else 0)
