"""Ingest of llmdbg and Trackio over HTTP at several batch sizes, in one run, alternating. Prints points per second.

A batch of n points is n/10 steps of 10 metrics ("wide") or n steps of one ("narrow").
"""

import os
import shutil
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)

from measure import timed_posts  # noqa: E402
from tools.llmdbg import Llmdbg  # noqa: E402
from tools.trackio import Trackio  # noqa: E402
from workload import finite_curve  # noqa: E402

points = int(sys.argv[1]) if len(sys.argv) > 1 else 600_000
rounds = 2


def main():
    directory = tempfile.mkdtemp(prefix="llmdbg-bench-")
    tools = [kind(os.path.join(directory, kind.name), os.path.join(here, "..", "..")) for kind in (Llmdbg, Trackio)]
    best = {}
    try:
        for tool in tools:
            tool.start()
        time.sleep(3)
        for n in range(rounds):
            for batch in (1_000, 10_000, 200_000):
                for shape, metrics in (("wide", 10), ("narrow", 1)):
                    for tool in tools:
                        tool.batch = batch
                        columns = {f"m{k}": finite_curve(points // metrics, k) for k in range(metrics)}
                        run = tool.new_run(f"ingest-{shape}-{batch}-{n}")
                        seconds, _ = timed_posts(tool.connection, tool.requests(run, columns))
                        key = (tool.name, shape, batch)
                        best[key] = max(best.get(key, 0), points / seconds)
    finally:
        for tool in tools:
            tool.server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print("| points/s, best of 2 | llmdbg | Trackio | ratio |\n|---|---:|---:|---:|")
    for shape, metrics in (("wide", 10), ("narrow", 1)):
        for batch in (1_000, 10_000, 200_000):
            ours, theirs = best["llmdbg", shape, batch], best["Trackio", shape, batch]
            print(f"| {metrics} metric{'s' if metrics > 1 else ''} a step, {batch:,} points a request | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.1f}x |")


if __name__ == "__main__":
    main()
