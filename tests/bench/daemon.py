"""`plumb canary` for the bench: its configuration, and what it says of itself."""

import json
import os
import pathlib
import subprocess

from machine import Program, get

# One request, in which the run can name only what is its own; it is judged by the model as well as by its own Then.
CHECK = """\
@api(kv)
Feature: The door
  Scenario: It answers
    When the client sends GET "/v1/keys?prefix={key a}"
    Then the status is 200
"""

# As a canary that matters has them: a promise on both axes, and rules that look at every slot.
HEAD = """\
[agent]
region = "bench"
state = "state"
{listen}

[targets.web]
api = "kv"
endpoint = "http://127.0.0.1:{port}"
safety = "full"

[receivers.nobody]
command = ["true"]

[alerts.down]
slots = {{ axis = "availability", bad = 3, of = 5 }}
severity = "page"
receivers = ["nobody"]

[alerts.burns]
burn_rate = {{ axis = "availability", factor = 14.4, long = "1h", short = "5m" }}
severity = "page"
receivers = ["nobody"]
"""

CANARY = """
[canaries.c{number:04}]
features = ["{feature}"]
targets = ["web"]
every = "1s"
timeout = "5s"
writes = {writes}
owner = "bench"
slo = {{ availability = 0.99, conformance = 0.99, window = "30d" }}
alerts = ["down", "burns"]
"""


class Daemon(Program):
    """`plumb canary` with many canaries at one target, each every second."""

    def __init__(self, plumb, folder, canaries, web_port, listen_port=None, feature=CHECK, writes=False, words=()):
        self.plumb, self.folder = plumb, pathlib.Path(folder)
        self.folder.mkdir()
        self.listen_port = listen_port
        # The kill switch and the budgets of whoever runs the bench are none of its business.
        self.environment = {"XDG_STATE_HOME": str(self.folder / "home"), "HOME": str(self.folder)}
        (self.folder / "check.feature").write_text(feature)
        listen = f'listen = "127.0.0.1:{listen_port}"' if listen_port else ""
        each = [CANARY.format(number=number, feature="check.feature", writes=str(writes).lower())
                for number in range(canaries)]
        config = self.folder / "plumb.toml"
        config.write_text(HEAD.format(port=web_port, listen=listen) + "".join(each))
        super().__init__([*words, plumb, "canary", "--config", "plumb.toml"], folder, "canary", self.environment)

    def run(self, *words):
        """Runs another command of the binary beside the daemon."""
        environment = {**os.environ, **self.environment}
        return subprocess.run([self.plumb, *words], cwd=self.folder, env=environment, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def url(self, path):
        return f"http://127.0.0.1:{self.listen_port}{path}"

    def slots(self):
        """How many slots have ended so far, by outcome, as /metrics tells."""
        counts = {}
        for line in get(self.url("/metrics")).splitlines():
            if line.startswith("plumb_slots_total{"):
                labels, _, value = line.rpartition(" ")
                outcome = labels.split('outcome="')[1].split('"')[0]
                counts[outcome] = counts.get(outcome, 0) + int(value)
        return counts

    def ledger(self):
        """Every slot that the store has, as `plumb ledger` tells, the oldest first."""
        reading = subprocess.Popen([self.plumb, "ledger", "--config", "plumb.toml"], cwd=self.folder,
                                   stdout=subprocess.PIPE)
        with reading.stdout as lines:
            next(lines, None)
            for line in lines:
                yield json.loads(line)
        reading.wait()
