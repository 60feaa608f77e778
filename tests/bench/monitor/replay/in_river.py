"""What replay.py and streams.py run in river's venv: `in_river.py detect`, alarms of each of its detectors
at their defaults on the zeros and ones of standard input; `in_river.py synth NAME`, rows of a generator
before and after its concept changes. JSON both."""
import json, sys


def detect(values):
    from river import drift
    from river.drift import binary
    kinds = {"adwin": drift.ADWIN, "ddm": binary.DDM, "eddm": binary.EDDM, "hddm-a": binary.HDDMA,
             "hddm-w": binary.HDDMW, "page-hinkley": drift.PageHinkley}
    found = {}
    for kind, make in kinds.items():
        detector, found[kind] = make(), []
        for i, c in enumerate(values):
            detector.update(c == "1" if kind in ("ddm", "eddm", "hddm-a", "hddm-w") else float(c))
            if detector.drift_detected:
                found[kind].append(i)
    print(json.dumps(found))


def synth(name):
    from river.datasets import synth as make
    before, after = {"SEA": (make.SEA(0, 3, 0.05), make.SEA(2, 3, 0.05)),
                     "Agrawal": (make.Agrawal(0, 3), make.Agrawal(2, 3)),
                     "Sine": (make.Sine(0, 3, False, True), make.Sine(1, 3, False, True)),
                     "Mixed": (make.Mixed(0, 3), make.Mixed(1, 3)),
                     "STAGGER": (make.STAGGER(0, 3), make.STAGGER(1, 3))}[name]
    for rows in before.take(8000), after.take(4000):
        print(json.dumps([[float(v) for v in x.values()] + [int(y)] for x, y in rows]))


if sys.argv[1] == "detect":
    detect(sys.stdin.read())
else:
    synth(sys.argv[2])
