"""Moments of columns whose mean is far from 0: moments.py MLOPS. Against exact arithmetic (fractions) on the very
doubles, and against SciPy on what is left when the base is taken off, which is exact here: of the columns themselves
SciPy takes a mean that was rounded to a double, and is off by 1e-5 in skewness about 1e9. numpy and scipy are Debian's
(python3-scipy); without them the test is skipped."""
import json, math, os, subprocess, sys, tempfile
from fractions import Fraction

try:
    import numpy as np
    from scipy import stats
except ImportError:
    print("skipped: scipy is not there: apt install python3-scipy")
    sys.exit(77)

MLOPS = os.path.abspath(sys.argv[1])
ROWS = 50021
NAMES = ["mean", "std", "skewness", "kurtosis"]
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
generator = np.random.default_rng(9)


def mlops(*arguments):
    return subprocess.run([MLOPS, *arguments], capture_output=True, text=True, check=True).stdout


def figures(*arguments):
    column = json.loads(mlops("--json", "profile", *arguments))["columns"][0]
    return [column[name] for name in NAMES]


def exact(values):
    unit = Fraction(2) ** -60
    whole = [Fraction(value) / unit for value in values.tolist()]
    assert all(k.denominator == 1 for k in whole)
    whole = [k.numerator for k in whole]
    n, total = len(whole), sum(whole)
    moments = [Fraction(sum((n * k - total) ** p for k in whole), n ** (p + 1)) for p in (2, 3, 4)]
    second, third, fourth = moments
    return [float(Fraction(total, n) * unit), math.sqrt(second * unit * unit * n / (n - 1)),
            float(third * unit**3) / math.sqrt(second * unit * unit) ** 3, float(fourth / second**2 - 3)]


def near(found, wanted, what):
    for name, ours, theirs in zip(NAMES, found, wanted):
        assert abs(ours / theirs - 1) < 1e-9, (what, name, ours, theirs)


def in_parts(values):
    """Each part profiled by a process of its own and kept; merged in both orders."""
    names = []
    for i, part in enumerate(np.split(values, [1, 20000, 20007, 40000])):
        np.save(f"{i}.npy", part)
        mlops("-q", "profile", "-o", f"{i}.mlprof", f"{i}.npy")
        names.append(f"{i}.mlprof")
    return [figures("merge", *names), figures("merge", *reversed(names))]


shapes = {"gamma": (generator.gamma(2, size=ROWS) - 2) / math.sqrt(2), "normal": generator.normal(size=ROWS)}
for shape, plain in shapes.items():
    plain = np.round(plain * 2.0**60) / 2.0**60  # so that `exact` has one unit for all
    for base in 0, 1e9, -1e9, 1e12, 1e15:
        shuffled = base + plain
        left = shuffled - base
        assert all(Fraction(a) - int(base) == Fraction(b) for a, b in zip(shuffled.tolist(), left.tolist()))
        scipy = [base + left.mean(), left.std(ddof=1), stats.skew(left), stats.kurtosis(left)]
        wanted = exact(shuffled)
        for order, values in ("as they come", shuffled), ("sorted", np.sort(shuffled)), ("falling", -np.sort(-shuffled)):
            what = shape, base, order
            np.save("whole.npy", values)
            whole = figures("whole.npy")
            near(whole, wanted, what)
            near(whole, scipy, (*what, "scipy"))
            for merged in in_parts(values):
                near(merged, wanted, (*what, "merged"))
print("moments are those of exact arithmetic and of SciPy")
