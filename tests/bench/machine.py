"""What runs on this machine for the bench: programs, what they cost, and a web server for all of them."""

import math
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS_MAX = 120
END_SECONDS_MAX = 90


class Program:
    """A process that lives as long as the `with` block."""

    def __init__(self, words, folder, name, environment=None):
        self.log = pathlib.Path(folder, f"{name}.log")
        with self.log.open("wb") as log:
            own = {**os.environ, **(environment or {})}
            self.process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log, env=own)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, url):
        """Waits until somebody answers at `url`."""
        by = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < by:
            if self.process.poll() is not None:
                break
            try:
                get(url)
                return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise SystemExit(f"{self.process.args[0]} does not answer at {url}:\n{self.log.read_text()}")

    def cpu_seconds(self):
        """CPU time that the process has used so far, in user mode and in the kernel, with all its threads."""
        return sum(self.cpu_parts())

    def cpu_parts(self):
        """The same, apart."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / TICKS_PER_SECOND, int(fields[12]) / TICKS_PER_SECOND

    def memory_mib(self):
        """Resident memory: all, and what no file is behind."""
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)
               if name in ("VmRSS", "RssAnon")}
        return kib["VmRSS"] / 1024, kib["RssAnon"] / 1024


def get(url):
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def free_port():
    """A port on loopback that nobody has now."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def load():
    """How much the machine has to do, with the bench itself: runnable threads, mean of the last minute."""
    return os.getloadavg()[0]


def busy_share(before, after):
    """The share of all processors that was in use between two looks at `cpu_of_all`."""
    busy, whole = (late - early for early, late in zip(before, after))
    return busy / whole


def cpu_of_all():
    """Ticks of all processors since the start: in use, and all."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def nginx(folder, port, server, log="access_log off;"):
    """nginx with one worker and one server on loopback."""
    config = pathlib.Path(folder, "nginx.conf")
    config.write_text(f"""
daemon off;
pid nginx.pid;
error_log nginx-error.log;
worker_processes 1;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    {log}
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096; {server} }}
}}
""")
    words = ["nginx", "-p", str(folder), "-c", str(config), "-e", "nginx-error.log"]
    return Program(words, folder, "nginx")


def quantile(values, share):
    """The smallest value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
