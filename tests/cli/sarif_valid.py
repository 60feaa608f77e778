#!/usr/bin/env python3
"""Hold a SARIF file against the standard's own JSON schema.

    sarif_valid.py SCHEMA FILE

Beyond the schema: each result's rule is where its index says, and its URI is one.
"""
import json
import sys
import urllib.parse

import jsonschema


def main():
    schema, document = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/"), schema["id"]
    kind = jsonschema.validators.validator_for(schema)
    wrong = list(kind(schema, format_checker=jsonschema.FormatChecker()).iter_errors(document))
    for error in wrong:
        print(list(error.path), error.message[:200])
    for run in document["runs"]:
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"], result
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert not urllib.parse.urlsplit(uri).fragment and " " not in uri, uri
    return 1 if wrong else 0


sys.exit(main())
