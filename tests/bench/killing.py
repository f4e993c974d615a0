"""From the kill switch to the last write."""

import pathlib
import time

from daemon import Daemon
from machine import Program, free_port, load, nginx, quantile

# Each canary writes without a pause for about as long as its slot may take.
WRITER = """\
@api(kv)
Feature: The writers
  Scenario: They write and write
""" + "\n".join(f'    When the client sends PUT "/v1/keys/{{key k{number % 4}}}" with the body "{number}"'
                for number in range(40)) + "\n    Then the status is 200\n"
WRITERS = 8
# So long nothing has to come for it to be over, and so long nobody stays silent who writes.
SILENT_SECONDS = 2
ON_SECONDS = 2
GOAL_MS = 1000
LOG = 'log_format when "$msec $request_method $status"; access_log writes.log when;'


def measure(plumb, folder, rounds):
    """A proxy before the server notes when each request was answered."""
    folder = folder / "kill"
    folder.mkdir()
    web, server, pages = free_port(), free_port(), free_port()
    serve = [plumb, "serve", "--api", "kv", "--listen", f"127.0.0.1:{server}"]
    proxy = f"location / {{ proxy_pass http://127.0.0.1:{server}; }}"
    with Program(serve, folder, "serve"), nginx(folder, web, proxy, LOG):
        with Daemon(plumb, folder / "daemon", WRITERS, web, pages, WRITER, writes=True) as daemon:
            daemon.wait_for(daemon.url("/metrics"))
            time.sleep(ON_SECONDS)
            told = [pull(daemon, folder / "writes.log") for _ in range(rounds)]
    lasts = [last for last, _, _ in told]
    print(f"\nload {load():.1f}; kill switch pulled {rounds} times, {WRITERS} canaries writing "
          f"{sum(rate for _, _, rate in told) / rounds:.0f} times a second")
    print(f"  from the start of `plumb kill halt` to the last write answered: p50 {quantile(lasts, 0.5):.0f} ms, p99 "
          f"{quantile(lasts, 0.99):.0f} ms, worst {max(lasts):.0f} ms; goal p99 {GOAL_MS}")
    print(f"  of that, until `plumb kill halt` was over: p50 {quantile([own for _, own, _ in told], 0.5):.0f} ms")


def pull(daemon, log):
    """One round: how long after the command began the last write was answered, how long the command took, and writes
    a second before it. In milliseconds; negative where nothing came after it."""
    begun = time.time()
    done = daemon.run("kill", "halt", "--config", "plumb.toml", "--reason", "bench")
    took = time.time() - begun
    if done.returncode != 0:
        raise SystemExit(f"the kill switch cannot be set: {done.stderr.decode()}")
    time.sleep(SILENT_SECONDS)
    writes = [float(line.split()[0]) for line in pathlib.Path(log).read_text().splitlines()
              if line.split()[1] in ("PUT", "DELETE", "POST")]
    before = sum(begun - 1 <= at < begun for at in writes)
    if not before:
        raise SystemExit("nobody wrote in the second before the kill switch was pulled")
    late = time.time() - max(writes)
    if late < SILENT_SECONDS / 2:
        raise SystemExit("writes go on although the kill switch says halt")
    daemon.run("kill", "release", "--config", "plumb.toml")
    time.sleep(ON_SECONDS)
    return (max(writes) - begun) * 1e3, took * 1e3, before
