"""Plays what the examples run: with a `plumb` that notes its arguments and ends as it is told, and with a server that
answers as it is told. What goes on where it must not is a complaint."""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.parse

# How long an example may take, in seconds.
PLAY_MAX = 60
# What the options of `plumb gate` are; with `--plumb` its help is asked.
OPTIONS = {"--config", "--output", "--expect-version", "--report", "--format"}
REPORTS = {"junit", "markdown", "gitlab", "html"}
TOKEN = "0123456789abcdef"
QUESTION = {"key": "shop:7f5d", "expect_version": "1.4 & more", "wait": "30"}

PLUMB = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >"$PLAYED/arguments"
exit "$PLUMB_CODE"
"""


def play(examples, scratch, read_yaml, plumb):
    scratch.mkdir(exist_ok=True)
    failed = 0
    for name, said in [
        *scripts(examples, scratch, read_yaml, options(plumb)),
        ("shell/ask.sh", asking(examples / "shell" / "ask.sh", scratch)),
    ]:
        failed += bool(said)
        print(f"FAILED {name}, played" if said else f"ok     {name}, played")
        for one in said:
            print(f"    {one}")
    return failed


def options(plumb):
    if plumb is None:
        return OPTIONS
    done = subprocess.run([plumb, "gate", "--help"], capture_output=True, text=True, timeout=PLAY_MAX, check=True)
    return set(re.findall(r"--[a-z][-a-z]*", done.stdout))


def scripts(examples, scratch, read_yaml, known):
    """Every script that runs a gate, played to each of its ends."""
    import sections

    workflow = read_yaml((examples / "github" / "gate.yml").read_text())[0]
    step = next(step for step in workflow["jobs"]["gate"]["steps"] if step.get("id") == "gate")
    gitlab = read_yaml((examples / "gitlab" / ".gitlab-ci.yml").read_text())[0]
    jenkins = sections.scripts((examples / "jenkins" / "Jenkinsfile").read_text())
    shell = ["sh", str(examples / "shell" / "gate.sh"), "staging"]
    # As the runners call them: GitHub and GitLab with bash that ends at the first failure, Jenkins with sh.
    yield "github/gate.yml", played(["bash", "-e", "-c", step["run"]], scratch, known)
    yield "gitlab/.gitlab-ci.yml", played(["bash", "-eo", "pipefail", "-c", "\n".join(gitlab["gate"]["script"])], scratch, known)
    yield "jenkins/Jenkinsfile", played(["sh", "-xe", "-c", "\n".join(jenkins)], scratch, known)
    yield "shell/gate.sh", played([*shell, "1.4 $(touch spoiled)"], scratch, known)


def played(command, scratch, known):
    said = []
    for code in (0, 1, 2, 3, 4, 101):
        folder = scratch / "played"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "plumb").write_text(PLUMB)
        (folder / "plumb").chmod(0o755)
        # A version is text from elsewhere, and nothing that a shell obeys.
        version = "1.4 $(touch spoiled)"
        env = {
            "PATH": f"{folder}:{os.environ['PATH']}", "PLAYED": folder, "PLUMB_CODE": code, "RUNNER_TEMP": folder,
            "GITHUB_OUTPUT": folder / "output", "GATE": "staging", "CONFIG": "plumb.toml", "EXPECT_VERSION": version,
            "CI_COMMIT_SHA": version, "TARGET_USR": "user", "TARGET_PSW": "password",
        }
        env = {name: str(value) for name, value in env.items()}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=PLAY_MAX, check=False)
        if done.returncode != code:
            said.append(f"it ended with {done.returncode} where the gate ended with {code}: {done.stderr.strip()}")
            continue
        if (folder / "spoiled").exists():
            said.append("it obeyed a version")
        said += arguments((folder / "arguments").read_text().splitlines(), version, known)
    return sorted(set(said))


def arguments(words, version, known):
    if words[:2] != ["gate", "staging"]:
        return [f"it ran {words}"]
    said = []
    if f"--expect-version={version}" not in words:
        said.append(f"the version is not handed over as one word: {words}")
    given = {word.split("=")[0] for word in words if word.startswith("--")}
    said += [f"plumb gate has no option {one}" for one in sorted(given - known)]
    reports = {words[at + 1].split("=")[0] for at, word in enumerate(words) if word == "--report"}
    return said + [f"there is no report {one}" for one in sorted(reports - REPORTS)]


class Server(http.server.BaseHTTPRequestHandler):
    """Answers with what is next in `answers`, and with the last for ever."""

    answers, asked = [], []

    def do_GET(self):
        type(self).asked.append((self.path, self.headers.get("Authorization")))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def state(word):
    return 200, json.dumps({"state": word, "gate": "staging", "summary": "x"})


def asking(script, scratch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    token = scratch / "token"
    token.write_text(TOKEN + "\n")
    env = {**os.environ, "PLUMB_TOKEN_FILE": str(token), "PLUMB_ASKS": "15", "PLUMB_PAUSE": "0", "no_proxy": "127.0.0.1"}
    said, down = [], (503, '{"error":"the server ends"}')
    for answers, wanted in [
        ([state("pass")], 0),
        ([state("overridden")], 0),
        ([state("running"), state("running"), state("pass")], 0),
        ([state("running"), state("fail")], 1),
        ([state("inconclusive")], 2),
        ([down, down, state("pass")], 0),
        ([down], 2),
        ([(401, '{"state":"pass"}')], 2),
        ([(200, "pass")], 2),
        ([(200, "{}")], 2),
        ([(200, "")], 2),
        ([state("excellent")], 2),
    ]:
        Server.answers, Server.asked = list(answers), []
        address = f"http://127.0.0.1:{server.server_port}"
        command = ["sh", str(script), address, "staging", QUESTION["key"], QUESTION["expect_version"]]
        began = time.monotonic()
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PLAY_MAX, check=False)
        if done.returncode != wanted:
            said.append(f"{answers}: it ended with {done.returncode} instead of {wanted}: {done.stderr.strip()}")
        for asked, proven in Server.asked:
            address = urllib.parse.urlsplit(asked)
            if address.path != "/v1/gates/staging" or dict(urllib.parse.parse_qsl(address.query)) != QUESTION:
                said.append(f"it asked for {asked}")
            if proven != f"Bearer {TOKEN}":
                said.append(f"it proved {proven}")
        if time.monotonic() - began > PLAY_MAX / 2:
            said.append(f"{answers}: it took too long")
    server.shutdown()
    return sorted(set(said))
