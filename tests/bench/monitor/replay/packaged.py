"""Streams with drift that nobody injected, out of the source package of scikit-multiflow 0.4.1, which has
them among its data; they are not in this repository, for nobody says under which licence the tables
themselves are. pip fetches it, once, and holds it against its digest; later releases left them out."""
import glob, os, subprocess, sys, tarfile

PACKAGE = "scikit-multiflow==0.4.1"
DIGEST = "ed4f791107cb7f789f0bb0620c50e743a4d397905146a4d06c62eb98607aa101"


def folder(place):
    """`place`, with the tables in it; None where PyPI is not reached."""
    if os.path.exists(os.path.join(place, "elec.csv")):
        return place
    tools, wanted = os.path.join(place, "tools"), os.path.join(place, "wanted.txt")
    os.makedirs(place, exist_ok=True)
    with open(wanted, "w") as file:
        file.write(f"{PACKAGE} --hash=sha256:{DIGEST}\n")
    pip = [os.path.join(tools, "bin", "python3"), "-m", "pip", "-q", "--timeout", "20"]
    for step in ([sys.executable, "-m", "venv", tools],
                 pip + ["install", "numpy", "setuptools<81", "wheel"],  # what its setup.py wants to say its name
                 pip + ["download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes",
                        "-d", place, "-r", wanted]):
        if subprocess.call(step, stdout=sys.stderr):
            return None
    with tarfile.open(glob.glob(os.path.join(place, "*.tar.gz"))[0]) as archive:
        for name in "covtype.csv", "weather.csv", "elec.csv":  # the last one says that all are there
            member = f"{PACKAGE.replace('==', '-')}/src/skmultiflow/data/datasets/{name}"
            with open(os.path.join(place, name + ".part"), "wb") as file:
                file.write(archive.extractfile(member).read())
            os.rename(os.path.join(place, name + ".part"), os.path.join(place, name))
    return place
