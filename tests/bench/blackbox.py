"""Debian's prometheus-blackbox-exporter, asked to probe again and again."""

import http.client
import pathlib
import threading
import time

from machine import Program

# The same question: one GET over a connection of its own, and the answer is to be 200.
MODULE = """\
modules:
  door:
    prober: http
    timeout: 5s
    http:
      method: GET
      valid_status_codes: [200]
      preferred_ip_protocol: ip4
      follow_redirects: false
"""
ASKERS = 4


class Blackbox(Program):
    """The exporter. What stores its answers, Prometheus, is no part of it."""

    def __init__(self, folder, port, web_port):
        self.port, self.web_port = port, web_port
        config = pathlib.Path(folder, "blackbox.yml")
        config.write_text(MODULE)
        words = ["prometheus-blackbox-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
        super().__init__(words, folder, "blackbox")

    def probe(self, seconds, per_second):
        """Has it probe at this pace, over connections to it that stay open; tells the CPU seconds of a probe, and how
        many there were a second."""
        counts = [0] * ASKERS
        begun = time.monotonic()
        until = begun + seconds
        before = self.cpu_seconds()

        def ask(own):
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            due = begun + own / per_second
            while (now := time.monotonic()) < until:
                if now < due:
                    time.sleep(due - now)
                due = max(due + ASKERS / per_second, now - 0.1)
                connection.request("GET", f"/probe?module=door&target=http://127.0.0.1:{self.web_port}/v1/keys")
                answer = connection.getresponse().read()
                if b"\nprobe_success 1\n" not in answer:
                    raise SystemExit(f"the probe failed:\n{answer.decode()}")
                counts[own] += 1

        askers = [threading.Thread(target=ask, args=(own,)) for own in range(ASKERS)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        took, probes = time.monotonic() - begun, sum(counts)
        return (self.cpu_seconds() - before) / probes, probes / took
