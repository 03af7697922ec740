"""Measuring what a server process costs, and talking to it over one kept connection."""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def directory_bytes(path):
    total = 0
    for root, _dirs, files in os.walk(path):
        for name in files:
            try:
                total += os.stat(os.path.join(root, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


def family(pid):
    """The process and all that it started."""
    pids = [pid]
    for p in pids:
        try:
            with open(f"/proc/{p}/task/{p}/children") as f:
                pids.extend(int(c) for c in f.read().split())
        except FileNotFoundError:
            pass
    return pids


def resident_bytes(pid):
    """Memory of the process and its children; pages that they share count once (PSS)."""
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                for line in f:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


class Server:
    """A tool's server as a child process with its own process group."""

    def __init__(self, command, env, log):
        self.log = open(log, "wb")
        self.process = subprocess.Popen(
            command, env=env, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def wait_for(self, probe, seconds=90):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with status {self.process.returncode}; see {self.log.name}")
            try:
                result = probe()
                if result:
                    return result
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"the server did not answer in {seconds} s; see {self.log.name}")

    def resident_bytes(self):
        return resident_bytes(self.process.pid)

    def stop(self):
        for sig, wait in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, sig)
                self.process.wait(wait)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.log.close()


class Connection:
    """One kept HTTP connection; every answer is read to its end."""

    def __init__(self, port, headers=None):
        self.port = port
        self.headers = headers or {}
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def raw(self, method, path, body=None, headers=None):
        every = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        for attempt in (1, 2):
            try:
                self.http.request(method, path, body, every)
                response = self.http.getresponse()
                return response.status, response.read()
            except OSError as error:
                self.http.close()
                if attempt == 2 or not isinstance(error, ConnectionError) or isinstance(error, ConnectionRefusedError):
                    raise

    def call(self, method, path, body=None):
        status, answer = self.raw(method, path, body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode())
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer) if answer else None


def timed_posts(connection, requests):
    """Seconds for all requests one after the other, and the latency of each in milliseconds."""
    latencies = []
    begin = time.perf_counter()
    for path, body in requests:
        t = time.perf_counter()
        status, answer = connection.raw("POST", path, body)
        latencies.append((time.perf_counter() - t) * 1000)
        if status >= 300:
            raise RuntimeError(f"POST {path}: {status} {answer[:300]!r}")
    return time.perf_counter() - begin, latencies


def p50_ms(call, repeats=30):
    call()
    times = []
    for _ in range(repeats):
        t = time.perf_counter()
        call()
        times.append((time.perf_counter() - t) * 1000)
    return statistics.median(times)
