"""The virtual environments that interop.detectors and interop.drift_tools make, for the benches."""
import os, sys


def enter(river, nannyml):
    """Go on in NannyML's interpreter, the one of river for calls: {"river": …, "nannyml": …}."""
    python = {name: os.path.join(venv, "bin", "python3") for name, venv in (("river", river), ("nannyml", nannyml))}
    if sys.executable != python["nannyml"]:
        if not all(os.path.exists(p) for p in python.values()):
            print("skipped: run interop.detectors and interop.drift_tools first: they make the venvs")
            sys.exit(77)
        os.execv(python["nannyml"], [python["nannyml"]] + sys.argv)
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    return python
