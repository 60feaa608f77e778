#!/usr/bin/env bats
# The bill of materials against CycloneDX's own validator and strict schema. Skipped where PyPI is not
# reached.
load ../cli/common

@test "CycloneDX's validator has nothing against the bill of materials" {
    "$SOURCE_ROOT/tests/interop/from_pypi" tools 'cyclonedx-python-lib[json-validation]==11.12.0' >/dev/null 2>&1 ||
        skip "PyPI is not reached, or does not have cyclonedx-python-lib"
    given_project p
    printf 'environment: uv.lock\n' >> p/mlops.yaml
    cp "$SOURCE_ROOT/tests/data/locks/uv.lock" p/
    given_registry
    (cd p && git init -q && git add . && git -c user.name=t -c user.email=t@t commit -qm x &&
        git remote add origin https://example.org/a.git)
    mlops -q register p
    mlops -q test fraud
    mlops show fraud --bom > bom.json
    mkdir bare
    echo 'model: bare' > bare/mlops.yaml
    mlops -q package bare > id
    mlops show "$(cat id)" --bom > bare.json
    tools/bin/python - <<'PY'
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for name in ("bom.json", "bare.json"):
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(name).read())
    assert error is None, error
PY
}
