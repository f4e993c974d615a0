"""What a check costs, what a thousand canaries hold in memory and on disk, and how late they start."""

import pathlib
import sqlite3
import statistics
import time

from blackbox import Blackbox
from daemon import Daemon
from machine import busy_share, cpu_of_all, free_port, load, nginx, quantile

# What the API answers that has no entries.
DOOR = """location / { default_type application/json; return 200 '{"keys":[],"more":false}'; }"""
WINDOW_SECONDS = 15
# Caches are filled, and every canary has run a few times.
WARM_SECONDS = 20
MEMORY_AFTER_SECONDS = 120
MICRO = 1e6
GOALS = {"cpu": 250, "rate": 3000, "memory": 30, "late": 5, "bytes": 100}


def measure(plumb, folder, arguments):
    """One run: blackbox, then plumb for as long as it takes to see its store packed, then blackbox again."""
    web, exporter, pages = free_port(), free_port(), free_port()
    with nginx(folder, web, DOOR).wait_for(f"http://127.0.0.1:{web}/"), Blackbox(folder, exporter, web) as blackbox:
        blackbox.wait_for(f"http://127.0.0.1:{exporter}/")
        blackbox.probe(5, arguments.canaries)
        probes = [blackbox.probe(arguments.probes / 2, arguments.canaries) for _ in range(2)]
        with Daemon(plumb, folder / "cost", arguments.canaries, web, pages) as daemon:
            daemon.wait_for(daemon.url("/metrics"))
            windows, memory = watch(daemon, arguments.minutes * 60)
            disk = stored(daemon.folder / "state")
            rows = [(row["slot"]["due_ms"], row["late_ms"], row["outcome"]) for row in daemon.ledger()]
        probes += [blackbox.probe(arguments.probes / 2, arguments.canaries) for _ in range(2)]
        exporter_memory = blackbox.memory_mib()
    tell_cpu(probes, windows)
    tell_memory(memory, exporter_memory, arguments.canaries)
    tell_lateness(windows, rows)
    tell_disk(disk, len(rows))


def watch(daemon, seconds):
    """Looks at the daemon again and again: CPU time and slots of each stretch, and its memory."""
    windows, memory = [], []
    begun = time.monotonic()
    time.sleep(min(WARM_SECONDS, seconds / 2))
    while not windows or time.monotonic() - begun < seconds:
        before, cpu, all_before, from_ms = daemon.slots(), daemon.cpu_parts(), cpu_of_all(), time.time() * 1e3
        time.sleep(WINDOW_SECONDS)
        after, until_ms = daemon.slots(), time.time() * 1e3
        user, system = (late - early for early, late in zip(cpu, daemon.cpu_parts()))
        passed = after.get("pass", 0) - before.get("pass", 0)
        others = {name: count - before.get(name, 0) for name, count in after.items() if name != "pass"}
        windows.append({
            "from_ms": from_ms, "until_ms": until_ms, "passed": passed, "cpu": (user + system) / max(passed, 1),
            "kernel": system / max(passed, 1), "others": {name: count for name, count in others.items() if count},
            "busy": busy_share(all_before, cpu_of_all()), "own": (user + system) / WINDOW_SECONDS,
        })
        memory.append((time.monotonic() - begun, *daemon.memory_mib()))
    return windows, memory


def tell_cpu(probes, windows):
    cpu, kernel = [own["cpu"] * MICRO for own in windows], [own["kernel"] * MICRO for own in windows]
    passed = sum(own["passed"] for own in windows)
    others = {}
    for own in windows:
        for name, count in own["others"].items():
            others[name] = others.get(name, 0) + count
    asked = [own * MICRO for own, _ in probes]
    print(f"\nload now {load():.1f}; all processors were busy for {statistics.median(w['busy'] for w in windows):.0%}")
    print(f"{passed} slots passed in {len(windows)} windows of {WINDOW_SECONDS} s; others: {others or 'none'}")
    print("CPU of a check (a GET over a connection of its own)")
    print(f"  plumb, verdict stored: median {statistics.median(cpu):.0f} us ({statistics.median(kernel):.0f} of them in "
          f"the kernel), {min(cpu):.0f} to {max(cpu):.0f}; goal {GOALS['cpu']}")
    print(f"  blackbox alone:        median {statistics.median(asked):.0f} us, {min(asked):.0f} to {max(asked):.0f}, at "
          f"{statistics.median(rate for _, rate in probes):.0f} a second")
    print(f"  blackbox / plumb:      {statistics.median(asked) / statistics.median(cpu):.1f}")
    print(f"  checks in a CPU second: {MICRO / statistics.median(cpu):.0f}; goal {GOALS['rate']} a second and core")


def tell_memory(memory, exporter, canaries):
    after = [own for own in memory if own[0] >= MEMORY_AFTER_SECONDS] or memory[-1:]
    first, last = after[0], after[-1]
    print(f"resident memory of {canaries} canaries, and what of it no file is behind; goal {GOALS['memory']} MiB")
    for at, all_mib, own_mib in (first, last):
        print(f"  plumb after {at:.0f} s: {all_mib:.1f} MiB, {own_mib:.1f} MiB")
    print(f"  blackbox alone: {exporter[0]:.1f} MiB, {exporter[1]:.1f} MiB")


def tell_lateness(windows, rows):
    """By the ledger itself, which cuts to whole milliseconds."""
    p99 = []
    for own in windows:
        late = [late_ms for due_ms, late_ms, outcome in rows
                if own["from_ms"] <= due_ms < own["until_ms"] and outcome == "pass"]
        if late:
            p99.append((quantile(late, 0.99), quantile(late, 0.5), own["busy"] - own["own"] / 2))
    if not p99:
        return
    quiet = min(p99, key=lambda own: own[2])
    print(f"lateness of starts, p99 by window of {WINDOW_SECONDS} s, in ms cut down; goal {GOALS['late']}")
    print(f"  best {min(own[0] for own in p99)}, median {statistics.median(own[0] for own in p99):.0f}, worst "
          f"{max(own[0] for own in p99)}; p50 {statistics.median(own[1] for own in p99):.0f}")
    print(f"  in the quietest window (others had {quiet[2]:.0%} of the processors): p99 {quiet[0]}, p50 {quiet[1]}")


def stored(state):
    """What the store has on disk, and what of it is packed for good."""
    files = {path: path.stat().st_size for path in pathlib.Path(state, "store").iterdir()}
    journal = sum(path.stat().st_size for path in pathlib.Path(state, "ledger").iterdir())
    packed = slices = 0
    for path in files:
        if path.name.startswith("slots-") and path.suffix == ".db":
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as own:
                packed += own.execute("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN ('pack', 'rollup')"
                                      ).fetchone()[0]
                slices += own.execute("SELECT count(*) FROM packed").fetchone()[0]
    return {"all": sum(files.values()), "journal": journal, "packed": packed, "slices": slices, "at_ms": time.time() * 1e3}


def tell_disk(disk, slots):
    each = disk["all"] / slots
    month = 1000 * 30 * 24 * 60
    print(f"on disk: {disk['all'] / 1e6:.1f} MB of store for {slots} slots, {each:.1f} bytes each; goal {GOALS['bytes']}; "
          f"beside it a journal of {disk['journal'] / 1e6:.1f} MB that grows no further")
    print(f"  so 1,000 canaries once a minute for 30 days: {each * month / 1e9:.2f} GB")
    print(f"  of {disk['slices']} slices of five minutes that are packed: {disk['packed'] / 1e6:.1f} MB")


def measure_full(plumb, folder, canaries):
    """More than one core can do, on one core: how much that is."""
    web, pages = free_port(), free_port()
    folder = folder / "full"
    folder.mkdir()
    with nginx(folder, web, DOOR).wait_for(f"http://127.0.0.1:{web}/"):
        with Daemon(plumb, folder / "daemon", canaries, web, pages, words=["taskset", "-c", "0"]) as daemon:
            daemon.wait_for(daemon.url("/metrics"))
            windows, _ = watch(daemon, WARM_SECONDS + 3 * WINDOW_SECONDS)
    rates = [own["passed"] / WINDOW_SECONDS for own in windows]
    best = max(windows, key=lambda own: own["passed"])
    print(f"{canaries} canaries each second, the daemon on one core: {max(rates):.0f} checks a second at best, median "
          f"{statistics.median(rates):.0f}; it had {best['own']:.0%} of that core; {best['cpu'] * MICRO:.0f} us a check")
