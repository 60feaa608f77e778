"""The steps of a pipeline of docs/ci.md as one shell script, as its runner would run them.

usage: pipelines.py docs/ci.md github|gitlab|jenkins

What a runner sets is set here: outputs of steps, files of variables that jobs hand on, the commit.
"""
import re
import sys

import yaml


def block(text, heading, language):
    return re.search(rf"^## {heading}\n.*?^```{language}\n(.*?)^```", text, re.S | re.M).group(1)


def github(text):
    outputs = {"${{ steps.model.outputs.ref }}": "$(sed -n 's/^ref=//p' \"$GITHUB_OUTPUT\")",
               "${{ github.sha }}": "0123abc"}
    pipeline = yaml.safe_load(block(text, "GitHub Actions", "yaml"))
    assert pipeline[True], "no 'on'"  # YAML 1.1 reads the key as true
    yield "export GITHUB_OUTPUT=$PWD/output GITHUB_STEP_SUMMARY=$PWD/step.md GITHUB_ACTIONS=true"
    for job in pipeline["jobs"].values():
        assert job["runs-on"] and {"MLOPS_REGISTRY", "MLOPS_SANDBOX"} <= set(job["env"])
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            command = step.get("run", ":")
            for expression, value in outputs.items():
                command = command.replace(expression, value)
            assert "${{" not in command, command
            yield f"(set -e -o pipefail\n{command}\n)"


def gitlab(text):
    pipeline = yaml.safe_load(block(text, "GitLab CI", "yaml"))
    yield "export CI_COMMIT_SHA=0123abc CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main"
    jobs = [job for name, job in pipeline.items() if name not in ("stages", "variables")]
    for stage in pipeline["stages"]:
        for job in (j for j in jobs if j["stage"] == stage):
            yield "(set -e\n" + "\n".join(job["script"]) + "\n)"
            reports = job.get("artifacts", {}).get("reports", {})
            for report in reports.values():
                yield f"test -s {report}"
            if "dotenv" in reports:
                yield f"set -a; . ./{reports['dotenv']}; set +a"


def jenkins(text):
    pipeline = block(text, "Jenkins", "groovy")
    assert pipeline.count("{") == pipeline.count("}")
    register = re.search(r"script: '''(.*?)'''", pipeline).group(1).replace("\\\\", "\\")
    yield f"export REF=$({register}) GIT_COMMIT=0123abc"
    for command in re.findall(r"steps \{ sh '([^']*)' \}", pipeline):
        yield f"sh -xe -c '{command}'"


with open(sys.argv[1]) as file:
    print("set -e", *globals()[sys.argv[2]](file.read()), sep="\n")
