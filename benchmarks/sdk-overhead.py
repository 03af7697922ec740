"""What the Python SDK costs a training loop.

    .venv/bin/python benchmarks/sdk-overhead.py [--server]

Prints the time of one `log` call (five metrics, percentiles over 200,000 calls) and the overhead of one call
a step on a PyTorch loop whose step takes a few milliseconds: bare and watched blocks of steps alternate, so that
both see the same machine, and the medians are compared. With `--server` a real server takes the data,
otherwise it goes to disk.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Callable, List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "sdks", "python"))

import llmdbg  # noqa: E402

CALLS = 200_000
BLOCKS = 40
STEPS = 25


def call_cost() -> None:
    metrics = {"loss": 1.25, "grad_norm": 0.5, "learning_rate": 3e-4, "eval/loss": 2.5, "tokens": 1024}
    taken: List[int] = []
    for step in range(CALLS):
        begin = time.perf_counter_ns()
        llmdbg.log(metrics, step=step)
        taken.append(time.perf_counter_ns() - begin)
        if step % 1000 == 999:
            time.sleep(0.01)  # About 100,000 calls/s: two orders above a real loop.
    taken.sort()
    shown = ", ".join(f"p{p:g} {taken[int(CALLS * p / 100)] / 1000:.1f}" for p in (50, 95, 99, 99.9))
    print(f"one log call with 5 metrics, microseconds: {shown}, max {taken[-1] / 1000:.0f} ({CALLS} calls)")


def thread_seconds() -> float:
    """Processor time of the SDK's thread so far; Linux only, 0 elsewhere."""
    thread = next((t for t in threading.enumerate() if t.name == "llmdbg"), None)
    try:
        with open(f"/proc/self/task/{thread.native_id if thread else 0}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        return 0.0


def loop_overhead() -> None:
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 256))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    inputs, targets = torch.randn(256, 256), torch.randn(256, 256)

    def block(log: Callable[[dict], None]) -> Tuple[float, float]:
        """Seconds of wall time, and of processor time of all threads: the latter also counts the SDK's own thread."""
        begin, used = time.perf_counter(), time.process_time()
        for _ in range(STEPS):
            loss = torch.nn.functional.mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # A bare loop reads its loss as well, to print it.
            log({"loss": loss.item(), "learning_rate": 1e-3, "step_size": 1.0, "tokens": 256, "epoch": 0})
        return time.perf_counter() - begin, time.process_time() - used

    block(lambda _metrics: None)
    used_before = thread_seconds()
    bare: List[Tuple[float, float]] = []
    again: List[Tuple[float, float]] = []
    watched: List[Tuple[float, float]] = []
    for index in range(BLOCKS):
        nothing = lambda _metrics: None  # noqa: E731
        blocks = [(bare, nothing), (watched, llmdbg.log), (again, nothing)]
        for times, log in blocks if index % 2 == 0 else reversed(blocks):
            times.append(block(log))  # type: ignore[arg-type]
    for kind, name in ((0, "wall"), (1, "processor")):
        step_ms = statistics.median(b[kind] for b in bare) / STEPS * 1000
        change, noise = (
            statistics.median(o[kind] / b[kind] - 1 for o, b in zip(other, bare)) * 100 for other in (watched, again)
        )
        print(
            f"training loop, {step_ms:.2f} ms {name} time a step: overhead {change:+.2f} %, "
            f"bare against bare {noise:+.2f} % (medians of {BLOCKS} blocks)"
        )
    used = thread_seconds() - used_before
    share = used / sum(b[1] for b in watched) * 100
    print(f"the SDK's own thread used {used * 1000:.0f} ms of processor time: {share:.2f} % of the watched blocks'")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--server", action="store_true")
    wants_server = arguments.parse_args().server
    with tempfile.TemporaryDirectory() as directory:
        server = None
        if wants_server:
            server = subprocess.Popen(
                ["node", os.path.join(ROOT, "bin", "llmdbg.js"), "serve", "--port", "0", "--dir", directory],
                stdout=subprocess.DEVNULL,
            )
            while not os.path.exists(os.path.join(directory, "server.json")):
                time.sleep(0.1)
        try:
            print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {'server' if server else 'disk'}")
            run = llmdbg.init(project="overhead", dir=directory)
            call_cost()
            # The loop is measured alone, not with what the first part left to deliver.
            while run._sender is not None and server is not None and not run._sender._spool.is_empty:
                run.flush(60)
            loop_overhead()
            run.flush(60)
            dropped = run._sender.dropped if run._sender else 0
            llmdbg.finish(timeout=60)
            print(json.dumps({"dropped": dropped}))
        finally:
            if server is not None:
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
