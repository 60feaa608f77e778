"""Our change detectors against river's, event by event: detectors.py DETECTORS_DUMP VENV
Streams: those of river that come with it, and synthetic ones with changes. `--fixture FILE` writes
what the unit test expects of a stream that it makes itself. River is installed into VENV."""
import os, subprocess, sys

DUMP, VENV = sys.argv[1:3]
PYTHON = os.path.join(VENV, "bin", "python3")
if sys.executable != PYTHON:
    from_pypi = os.path.join(os.path.dirname(os.path.abspath(__file__)), "from_pypi")
    if subprocess.call([from_pypi, VENV, "river==0.26.1"], stderr=subprocess.DEVNULL):
        print("skipped: river cannot be installed from PyPI")
        sys.exit(77)
    os.execv(PYTHON, [PYTHON] + sys.argv)

import random
from river import datasets, drift
from river.drift import binary, datasets as drifting

SEED = 42
KINDS = {
    "page-hinkley": (drift.PageHinkley, False), "ddm": (binary.DDM, True),
    "eddm": (binary.EDDM, True), "hddm-a": (binary.HDDMA, True),
    "hddm-w": (binary.HDDMW, True), "adwin": (drift.ADWIN, False),
    "kswin": (lambda: drift.KSWIN(seed=SEED), False),
}


def lcg_stream(count=6000):
    """The stream of tests/unit/stats/test_detector.c: errors of 10 %, then 25, 10, 40 %."""
    state, rates = 12345, [10, 25, 10, 40]
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield float((state >> 33) % 100 < rates[i * len(rates) // count])


def streams():
    rng = random.Random(7)
    yield "lcg", list(lcg_stream()), True
    for trial in range(3):
        rate, errors = 0.1, []
        for i in range(10000):
            if rng.random() < 0.001:
                rate = rng.random() * 0.6
            errors.append(float(rng.random() < rate))
        yield f"errors {trial}", errors, True
        level, numbers = 0.0, []
        for i in range(4000):
            if rng.random() < 0.001:
                level = rng.gauss(0, 3)
            numbers.append(rng.gauss(level, 1))
        yield f"numbers {trial}", numbers, False
    yield "zeros, ones", [0.0] * 500 + [1.0] * 500 + [0.0] * 500, True
    yield "airline", [float(y) for _, y in datasets.AirlinePassengers()], False
    yield "phishing", [float(y) for _, y in datasets.Phishing()], True
    yield "trump approval", [float(y) for _, y in datasets.TrumpApproval()], False
    for name in "Apple", "Bitcoin", "BrentSpotPrice", "Occupancy":
        if hasattr(drifting, name):
            yield name, [number for x, _ in getattr(drifting, name)() for number in first_number(x)], False


def first_number(x):
    """Of a row: its first value that is a number."""
    values = x.values() if isinstance(x, dict) else [x]
    return [float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)][:1]


def expected(make, values):
    detector = make()
    for i, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            yield f"{i} drift"
        elif getattr(detector, "warning_detected", False):
            yield f"{i} warning"


if "--fixture" in sys.argv:
    with open(sys.argv[sys.argv.index("--fixture") + 1], "w") as out:
        for kind, (make, _) in KINDS.items():
            out.writelines(f"{kind} {line}\n" for line in expected(make, list(lcg_stream())))
    sys.exit(0)

bad = compared = said = 0
for name, values, is_binary in streams():
    for kind, (make, wants_binary) in KINDS.items():
        if wants_binary and not is_binary:
            continue
        text = "\n".join(repr(v) for v in values)
        ours = subprocess.run([DUMP, kind, str(SEED)], input=text, capture_output=True, text=True)
        theirs = list(expected(make, values))
        compared += len(values)
        said += len(theirs)
        if ours.stdout.splitlines() != theirs:
            first = next((p for p in zip(ours.stdout.splitlines(), theirs) if p[0] != p[1]), None)
            print(f"{kind} on {name}: {len(ours.stdout.splitlines())} against {len(theirs)}, first {first}")
            bad += 1
print(f"{compared} values compared, of {said} of which river said something: {bad} streams differ")
sys.exit(bad != 0)
