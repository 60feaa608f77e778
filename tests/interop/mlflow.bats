#!/usr/bin/env bats
# Models there and back between MLflow and mlops, with the real MLflow. Skipped where PyPI is not
# reached.
load ../cli/common

setup_file() {
    export TOOLS="$BATS_FILE_TMPDIR/tools"
    "$SOURCE_ROOT/tests/interop/from_pypi" "$TOOLS" mlflow-skinny==3.17.2 pandas==3.1.1 >/dev/null 2>&1 || rm -rf "$TOOLS"
}

setup() {
    [ -x "$TOOLS/bin/python" ] || skip "mlflow-skinny cannot be had: PyPI is not reached"
    cli_setup
    given_registry
}

with_mlflow() {
    MLFLOW_DISABLE_TELEMETRY=true "$TOOLS/bin/python" -W ignore - "$@"
}

given_mlflow_model() {
    with_mlflow "$1" <<'PY'
import sys
import mlflow, pandas
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
class Sum(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["a"] * 2 + model_input["b"]
signature = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("double", "b")]),
                           Schema([ColSpec("double")]))
mlflow.pyfunc.save_model(
    sys.argv[1], python_model=Sum(), signature=signature,
    input_example=pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}),
    pip_requirements=["mlflow-skinny", "pandas"], metadata={"description": "A sum", "owner": "us"})
PY
}

@test "a model of MLflow comes back byte for byte, and MLflow loads it as before" {
    given_mlflow_model sum
    echo "a_key_of_tomorrow: [1, two]" >> sum/MLmodel
    mlops -q import mlflow sum --register
    mlops -q export sum --format mlflow back
    diff -r sum back
    with_mlflow back <<'PY'
import sys
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
assert model.metadata.signature.inputs.input_names() == ["a", "b"], model.metadata.signature
assert list(model.input_example["b"]) == [3.0, 4.0], model.input_example
assert list(model.predict(pandas.DataFrame({"a": [1.0], "b": [3.0]}))) == [5.0]
assert model.metadata.metadata["owner"] == "us"
PY
}

@test "MLflow loads a model that never was MLflow's, with its signature" {
    mkdir -p ages/model ages/data
    cat > ages/predict.py <<'PY'
import pathlib
class Model:
    def __init__(self, rate):
        self.rate = rate
    def predict(self, frame, params=None):
        return frame["age"] * self.rate
def _load_pyfunc(path):
    return Model(float(pathlib.Path(path, "rate.txt").read_text()))
PY
    echo 0.5 > ages/model/rate.txt
    printf 'age,city,y\n1,a,0\n2,b,1\n3,a,0\n' > ages/data/train.csv
    echo 'pandas==2.0.0' > ages/requirements.txt
    cat > ages/mlops.yaml <<'YAML'
model: ages
description: 'Half of "it"'
code: [predict.py]
artifacts: [model/]
environment: requirements.txt
data: {train: {path: data/train.csv, target: y, role: reference}}
YAML
    mlops -q register ages
    mlops -q export ages --format mlflow out
    [ -f out/conda.yaml ]
    grep -qx 'pandas==2.0.0' out/requirements.txt
    with_mlflow out "$(mlops --json show ages | jq -r .bundle)" <<'PY'
import sys
import mlflow, pandas
from mlflow.utils.environment import _PythonEnv
model = mlflow.pyfunc.load_model(sys.argv[1])
assert list(model.predict(pandas.DataFrame({"age": [2, 4], "city": ["a", "b"]}))) == [1.0, 2.0]
columns = {c.name: str(c.type) for c in model.metadata.signature.inputs.inputs}
assert columns == {"age": "DataType.long", "city": "DataType.string"}, columns
assert model.metadata.metadata["mlops_bundle"] == sys.argv[2]
assert _PythonEnv.from_yaml(sys.argv[1] + "/python_env.yaml").dependencies == ["-r requirements.txt"]
PY
}
