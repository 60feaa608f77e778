#!/usr/bin/env bats
# mlops show --bom. tests/interop holds it against the schema.
load common

@test "the bill of materials has the model, its data, files, packages and metrics" {
    given_registry
    given_project p
    printf 'environment: requirements.txt\n' >> p/mlops.yaml
    hash=$(printf 'a%.0s' {1..64})
    printf 'Foo.Bar==1.0+x --hash=sha256:%s\nloose>=2\n' "$hash" > p/requirements.txt
    mlops -q register p
    mlops -q test fraud
    mlops show fraud --bom > bom
    [ "$(jq -r '"\(.bomFormat) \(.specVersion)"' bom)" = "CycloneDX 1.6" ]
    [ "sha256:$(jq -r '.metadata.component.hashes[0].content' bom)" = "$(mlops --json show fraud | jq -r .bundle)" ]
    card='.metadata.component.modelCard'
    [ "$(jq -r "$card.quantitativeAnalysis.performanceMetrics[] | select(.type == \"auc\").value" bom)" = 0.9 ]
    [ "$(jq -r "$card.quantitativeAnalysis.performanceMetrics[] | select(.type == \"holdout.auc\").confidenceInterval | length" bom)" = 2 ]
    [ "$(jq -r "$card.properties[] | select(.name == \"mlops:param:rate\").value" bom)" = 0.1 ]
    [ "$(jq -c "$card.modelParameters.datasets" bom)" = '[{"ref":"data:train"}]' ]
    file=$(sha256sum < p/model/weights.bin)
    [ "$(jq -r '.components[] | select(.name == "model/weights.bin").hashes[0].content' bom)" = "${file%% *}" ]
    [ "$(jq -r '.components[] | select(.name == "Foo.Bar") | "\(.purl) \(.hashes[0].content)"' bom)" = "pkg:pypi/foo-bar@1.0%2Bx $hash" ]
    [ "$(jq -r '.components[] | select(.name == "loose").properties[].name' bom)" = mlops:distribution:unpinned ]
    # whatever is referred to is there
    [ "$(jq '[.dependencies[0].dependsOn[]] - [.components[]["bom-ref"]] | length' bom)" = 0 ]
}

@test "the same version has the same bill of materials, with --json too" {
    given_registered fraud@1
    mlops show fraud --bom > a
    mlops --json show fraud@1 --bom > b
    diff <(jq -S . a) <(jq -S . b)
    run mlops show nothing --bom
    ended 3 nothing
}
