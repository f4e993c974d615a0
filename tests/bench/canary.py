"""What canaries cost, beside Debian's prometheus-blackbox-exporter at the same nginx.

    cargo build --release --bin plumb
    python3 tests/bench/canary.py target/release/plumb

Needs nginx and prometheus-blackbox-exporter. It prints figures and goals, and takes about a quarter of an hour;
docs/performance.md says what was measured where. It exits 0 whatever the figures are: they belong to the machine.
"""

import argparse
import pathlib
import tempfile

import cost
import killing
from machine import load


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("plumb", type=pathlib.Path, help="the binary, a release build")
    parser.add_argument("--canaries", type=int, default=1000, help="how many, each every second [1000]")
    parser.add_argument("--minutes", type=float, default=11, help="how long they run; packing begins after 7 [11]")
    parser.add_argument("--probes", type=int, default=20, help="seconds of probes by blackbox, before and after [20]")
    parser.add_argument("--kills", type=int, default=50, help="how often the kill switch is pulled [50]")
    parser.add_argument("--full", type=int, default=3000, help="canaries on one core, to see what it can do [3000]")
    arguments = parser.parse_args()
    plumb = arguments.plumb.resolve()
    print(f"load of the machine before the bench: {load():.1f}")
    with tempfile.TemporaryDirectory(prefix="plumb-bench-") as folder:
        folder = pathlib.Path(folder)
        if arguments.minutes:
            cost.measure(plumb, folder, arguments)
        if arguments.full:
            cost.measure_full(plumb, folder, arguments.full)
        if arguments.kills:
            killing.measure(plumb, folder, arguments.kills)


if __name__ == "__main__":
    main()
