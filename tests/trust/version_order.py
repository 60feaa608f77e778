#!/usr/bin/env python3
"""Hold our order of versions against packaging.version, PyPA's implementation of PEP 440.

    version_order.py PROGRAM [PAIRS] [SEED]
"""
import random
import re
import subprocess
import sys

try:
    from packaging.version import InvalidVersion, Version
except ImportError:
    print("packaging is not installed (Debian: python3-packaging)")
    sys.exit(77)


def number(random_):
    return str(random_.choice([0, 0, 1, 1, 2, 9, 10, 11, 100, 2024, 18446744073709551615]))


def version(r):
    text = r.choice(["", "", "", "v", "V"])
    if r.random() < 0.15:
        text += number(r) + "!"
    text += ".".join(number(r) for _ in range(r.choice([1, 1, 2, 2, 3, 4])))
    if r.random() < 0.4:
        text += r.choice(["", ".", "-", "_"]) + r.choice(
            ["a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "RC", "Alpha"])
        text += r.choice(["", "", ".", "-"]) + r.choice(["", number(r)])
    if r.random() < 0.3:
        text += r.choice([".post", "post", "-post", "_rev", ".r", "-"]) + number(r)
    if r.random() < 0.3:
        text += r.choice([".dev", "dev", "-dev", "_DEV"]) + r.choice(["", number(r)])
    if r.random() < 0.3:
        text += "+" + r.choice([".", "-", "_"]).join(
            r.choice(["abc", "ubuntu", "1", "01", "10", "5", "a1", "cu118", "g1234"])
            for _ in range(r.choice([1, 1, 2, 3])))
    if r.random() < 0.1 and text:  # damage
        at = r.randrange(len(text))
        text = text[:at] + r.choice(".-+!xa0~*") + text[at + 1:]
    return text


def expected(a, b):
    # numbers beyond 64 bits are no versions here
    if any(int(n) >= 1 << 64 for text in (a, b) for n in re.findall("[0-9]+", text.split("+")[0])):
        return "none"
    try:
        left, right = Version(a), Version(b)
    except InvalidVersion:
        return "none"
    return str((left > right) - (left < right))


def main():
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    r = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    known = [version(r) for _ in range(2000)]
    cases = [(r.choice(known), r.choice(known)) if r.random() < 0.5 else
             (version(r), version(r)) for _ in range(pairs)]
    given = "".join(f"{a} {b}\n" for a, b in cases)
    got = subprocess.run([sys.argv[1]], input=given, capture_output=True, text=True,
                         check=True).stdout.split()
    wrong = [(a, b, ours, expected(a, b)) for (a, b), ours in zip(cases, got)
             if ours != expected(a, b)]
    for a, b, ours, theirs in wrong[:20]:
        print(f"{a} and {b}: {ours}, packaging says {theirs}")
    print(f"{len(cases)} pairs, {len(wrong)} in another order")
    sys.exit(1 if wrong or len(got) != len(cases) else 0)


main()
