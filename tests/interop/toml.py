"""toml_dump (our reader of TOML) and Python's tomllib must say the same of the same bytes:
documents that are written for it, and 20,000 damaged copies of them. toml.py TOML_DUMP [COUNT]"""
import datetime, json, math, random, subprocess, sys

try:
    import tomllib
except ImportError:
    try:
        from pip._vendor import tomli as tomllib
    except ImportError:
        print("skipped: neither tomllib nor pip's tomli is there")
        sys.exit(77)

SEEDS = [
    'a = 1\nb.c = "x"\n[t]\nd = [1, 2, # c\n 3,]\n[[r]]\nx = 1\n[[r]]\nx = 2\n[r.s]\ny = true\n',
    'a = """\nline\\\n   next \\u00e9 \\U0001f600 ""\\""""""\nb = \'\'\'raw \\ \'\'\'\'\'\n',
    'i = [+1, -0, 1_000, 0xdead_BEEF, 0o17, 0b1010]\nf = [1.5, -0.0, 6e-3, 1_0.2_5E+1, inf, -inf, nan]\n',
    'd = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5-07:00, 1979-05-27T07:32:00, 2024-02-29, 07:32:00.125]\n',
    'p = {x.y = 1, "q r" = [{}, {z = \'w\'}]}\n"" = 1\n\'k e y\'.\'\' = 2\n1.2 = 3\n',
    '[a.b.c]\nz = 9\n[a]\ny = 1\n[a.d]\n[x]\n[x.y]\n# end',
    '[fruit]\napple.color = "red"\napple.taste.sweet = true\n[fruit.apple.texture]\nsmooth = true\n',
    '[[package]]\nname = "numpy"\nversion = "1.26.4"\nsource = { registry = "https://pypi.org/simple" }\nwheels = [\n    { url = "u", hash = "sha256:00", size = 12 },\n]\n',
    '[a]\n[a]\n', 'a = 1\na = 2\n', 'a = {b = 1}\na.c = 2\n', 'a = [1]\n[[a]]\n',
    '[[a]]\n[a]\n', 'a.b = 1\n[a]\n', 'a = {b = 1,}\n', 'a = 01\n', 'a = 1__0\n',
]
# Not to be damaged: Python 3.11's tomllib lets more of their kind pass than the specification.
EXACT = ['[a.b]\n[a]\nb.c = 1\n', '[a.b.c]\n[a]\nb.c.t = 1\n']
PIECES = ['\n', '.', '=', '"', "'", '[', ']', '{', '}', ',', '#', '_', '-', '+', 'e', '0', '9', ':', ' ', '\t', '\\', '\r', '\x00', '\x7f', 'é', 'nan', '[[', ']]', 'a.b = 1\n', '[a]\n', '"""']


def expected(text):
    try:
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError):
        return None


def typed(value):
    if isinstance(value, dict):
        return {k: typed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [typed(v) for v in value]
    for kind, name in ((bool, "bool"), (int, "integer"), (float, "float"), (str, "string")):
        if isinstance(value, kind):
            return (name, value)
    return ("time", None)  # of the same text; tomllib cuts fractions, we keep what was written


def read(value):
    if isinstance(value, list):
        return [read(v) for v in value]
    if isinstance(value, dict) and set(value) == {"type", "value"} and isinstance(value["type"], str):
        kind, text = value["type"], value["value"]
        if kind == "bool":
            return (kind, text == "true")
        if kind == "integer":
            return (kind, int(text))
        if kind == "float":
            return (kind, float(text))
        return (kind, text if kind == "string" else None)
    if isinstance(value, dict):
        return {k: read(v) for k, v in value.items()}
    return value


def same(a, b):
    if isinstance(a, tuple) and isinstance(b, tuple):
        return a == b or (a[0] == b[0] == "float" and math.isnan(a[1]) and math.isnan(b[1]))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a is None and b is None


# What our reader refuses on purpose (NUL characters, integers over 64 bits, sub-second leap
# seconds) or tomllib is lenient or strict about on its own.
def excused(ours, theirs, text):
    if b"\\u0000" in text or b"\\U00000000" in text:
        return True
    if theirs is not None and ours is None:
        def large(v):
            if isinstance(v, dict):
                return any(map(large, v.values()))
            if isinstance(v, list):
                return any(map(large, v))
            return isinstance(v, int) and not -2**63 <= v < 2**63
        return large(theirs)
    return b":60" in text or b"0000-" in text


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    rng = random.Random(5)
    texts = [s.encode() for s in SEEDS + EXACT]
    while len(texts) < count:
        text = rng.choice(SEEDS)
        for _ in range(rng.randint(1, 4)):
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice(PIECES + [""]) + text[at + rng.randint(0, 3):]
        texts.append(text.encode())
    run = subprocess.run([sys.argv[1]], input=b"".join(b"%d\n%s" % (len(t), t) for t in texts), capture_output=True)
    lines = run.stdout.splitlines()
    if run.returncode or len(lines) != len(texts):
        print("toml_dump ended with", run.returncode, run.stderr.decode()[:2000], "after", len(lines))
        return 1
    taken = wrong = 0
    for text, line in zip(texts, lines):
        theirs = expected(text)
        ours = read(json.loads(line))
        taken += theirs is not None
        if not same(ours, None if theirs is None else typed(theirs)) and not excused(ours, theirs, text):
            wrong += 1
            if wrong < 10:
                print(repr(text), "\n  ours", ours, "\n  tomllib", theirs)
    print(f"{len(texts)} documents, {taken} of them TOML, {wrong} differ")
    return wrong > 0 or taken < count / 50


sys.exit(main())
