"""Our estimate of performance without labels against NannyML's, on its own data set, chunk by chunk, to
1e-6, with and without calibration: cbpe.py CBPE_DUMP VENV. NannyML comes from PyPI into VENV (that of
drift_tools.py); without PyPI the test is skipped."""
import os, subprocess, sys

DUMP, VENV = sys.argv[1], sys.argv[2]
PACKAGES = ["evidently==0.7.23", "nannyml==0.13.1", "pandas<3"]
FROM_PYPI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "from_pypi")
PYTHON = os.path.join(VENV, "bin", "python")

if os.environ.get("CBPE") != "inside":
    try:
        subprocess.run([FROM_PYPI, VENV, *PACKAGES], check=True, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        print("skipped: NannyML cannot be had from PyPI:", error)
        sys.exit(77)
    sys.exit(subprocess.run([PYTHON, *sys.argv], env={**os.environ, "CBPE": "inside", "NML_DISABLE_USAGE_LOGGING": "1"}).returncode)

import warnings

warnings.simplefilter("ignore")
import nannyml
from nannyml.calibration import IsotonicCalibrator, NoopCalibrator
from nannyml.performance_estimation.confidence_based import cbpe

SIZE = 5000
METRICS = ["roc_auc", "accuracy", "precision", "recall", "specificity"]
reference, analysis, _ = nannyml.load_synthetic_binary_classification_dataset()
chunks = [analysis[i:i + SIZE] for i in range(0, len(analysis), SIZE)]
worst, compared = 0.0, 0
for calibrated in True, False:
    # whether scores need calibration NannyML finds out by random splits: say it
    cbpe.needs_calibration = lambda *args, calibrated=calibrated, **kwargs: calibrated
    estimator = nannyml.CBPE(y_pred_proba="y_pred_proba", y_pred="y_pred", y_true="work_home_actual",
                             problem_type="classification_binary", metrics=METRICS, chunk_size=SIZE)
    estimator.fit(reference)
    assert estimator.needs_calibration == calibrated
    theirs = estimator.estimate(analysis).filter(period="analysis").to_df()
    text = []
    if calibrated:
        text += [f"r {s!r} {y!r}" for s, y in zip(reference["y_pred_proba"].astype(float).tolist(),
                                                  reference["work_home_actual"].astype(float).tolist())]
    for chunk in chunks:
        text += [f"a {s!r} {p!r}" for s, p in zip(chunk["y_pred_proba"].astype(float).tolist(),
                                                  chunk["y_pred"].astype(float).tolist())] + ["e"]
    ran = subprocess.run([DUMP], input="\n".join(text), capture_output=True, text=True, check=True)
    ours = [[float(word) for word in line.split()] for line in ran.stdout.splitlines()]
    assert len(ours) == len(chunks) == len(theirs), (len(ours), len(chunks), len(theirs))
    for i, row in enumerate(ours):
        for metric, value in zip(METRICS, row):
            difference = abs(value - theirs[(metric, "value")].iloc[i])
            worst, compared = max(worst, difference), compared + 1
            if not difference <= 1e-6:
                sys.exit(f"chunk {i} {metric}, calibrated {calibrated}: ours {value}, NannyML's {theirs[(metric, 'value')].iloc[i]}")
print(f"{compared} estimates agree, the worst to {worst:.1e}")
