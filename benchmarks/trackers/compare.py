"""Runs llmdbg and its peers on the same points and prints one table. See README.md in this folder."""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)

from measure import directory_bytes, p50_ms, timed_posts  # noqa: E402
from tools.llmdbg import Llmdbg  # noqa: E402
from tools.mlflow import Mlflow  # noqa: E402
from tools.tensorboard import Tensorboard  # noqa: E402
from tools.trackio import Trackio  # noqa: E402
from workload import curve, finite_curve, needles  # noqa: E402


def recall(tool, run, n):
    _status, answer = tool.chart(run, "loss")
    values, nans = tool.seen(answer)
    spikes, wanted = needles(n)
    return sum(values.get(i, 0) >= 50 for i in spikes) / len(spikes), sum(i in nans for i in wanted) / len(wanted), len(answer)


def measure(tool, ingest_points, chart_sizes):
    row = {"tool": tool.name}
    try:
        tool.start()
        time.sleep(3)
        row["idle_mb_fresh"] = tool.server.resident_bytes() / 1e6
        total = 0
        for shape, metrics in (("wide", 10), ("narrow", 1)):
            columns = {("loss" if k == 0 else f"metric_{k}"): finite_curve(ingest_points // metrics, k) for k in range(metrics)}
            run = tool.new_run(f"ingest-{shape}")
            if tool.batch is None:
                seconds, p99 = tool.write(run, columns), None
            else:
                seconds, latencies = timed_posts(tool.connection, tool.requests(run, columns))
                p99 = statistics.quantiles(latencies, n=100)[98] if len(latencies) >= 100 else max(latencies)
            row[f"ingest_{shape}_points_per_s"] = ingest_points / seconds
            row[f"ingest_{shape}_request_p99_ms"] = p99
            total += ingest_points
        row["ingest_points"] = ingest_points
        row["chart_p50_ms"] = {}
        for n in chart_sizes:
            run = tool.new_run(f"curve-{n}")
            columns = {"loss": curve(n)}
            if tool.batch is None:
                tool.write(run, columns)
                tool.wait_until_loaded(run, "loss", n - 1)
            else:
                timed_posts(tool.connection, tool.requests(run, columns))
            total += n
            row["chart_p50_ms"][str(n)] = p50_ms(lambda: tool.chart(run, "loss"), 30 if n <= 1_000_000 else 100)
            spikes, nans, size = recall(tool, run, n)
            row.update(spike_recall=spikes, nan_recall=nans, chart_bytes=size, needles_points=n)
        time.sleep(45)
        row["idle_mb_after"] = tool.server.resident_bytes() / 1e6
    finally:
        tool.server.stop()
    row["disk_bytes_per_point"] = directory_bytes(tool.directory) / total
    row["points_stored"] = total
    return row


def ratio(ours, theirs):
    return f"{theirs:,.0f} ({ours / theirs:.1f}x)" if theirs else "-"


def table(rows):
    ours = rows[0]
    lines = ["| | " + " | ".join(r["tool"] for r in rows) + " |", "|---|" + "---:|" * len(rows)]

    def line(title, cell):
        lines.append(f"| {title} | " + " | ".join(cell(r) for r in rows) + " |")

    for shape, what in (("wide", "10 metrics a step"), ("narrow", "1 metric a step")):
        key = f"ingest_{shape}_points_per_s"
        line(f"ingest, points/s, {what} (llmdbg is that many times faster)", lambda r: f"{r[key]:,.0f}" if r is ours else ratio(ours[key], r[key]))
    line("disk, bytes per point (times llmdbg's)", lambda r: f"{r['disk_bytes_per_point']:.0f}" + ("" if r is ours else f" ({r['disk_bytes_per_point'] / ours['disk_bytes_per_point']:.1f}x)"))
    line("memory of the idle server, MB, fresh / 45 s after ingest", lambda r: f"{r['idle_mb_fresh']:.0f} / {r['idle_mb_after']:.0f}")
    for n in sorted({int(k) for r in rows for k in r["chart_p50_ms"]}):
        line(f"chart query over {n:,} points, p50 ms", lambda r: f"{r['chart_p50_ms'][str(n)]:.1f}" if str(n) in r["chart_p50_ms"] else "not run")
    line("single-step spikes that reach the chart (of 5)", lambda r: f"{r['spike_recall']:.0%} of {r['needles_points']:,} points")
    line("NaN that reach the chart (of 3)", lambda r: f"{r['nan_recall']:.0%}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the points")
    parser.add_argument("--only", help="comma-separated tools, e.g. llmdbg,trackio")
    parser.add_argument("--out", default=os.path.join(here, "result.json"))
    options = parser.parse_args()
    k = 10 if options.quick else 1
    plan = [
        (Llmdbg, 1_000_000 // k, [100_000 // k, 1_000_000 // k, 10_000_000 // k]),
        (Trackio, 1_000_000 // k, [100_000 // k, 1_000_000 // k]),
        (Mlflow, 30_000 // k, [100_000 // k]),
        (Tensorboard, 1_000_000 // k, [100_000 // k, 1_000_000 // k]),
    ]
    wanted = options.only.lower().split(",") if options.only else None
    directory = tempfile.mkdtemp(prefix="llmdbg-bench-")
    rows = []
    try:
        for kind, ingest_points, sizes in plan:
            if wanted and kind.name.lower() not in wanted:
                continue
            print(f"{kind.name} ...", file=sys.stderr, flush=True)
            try:
                rows.append(measure(kind(os.path.join(directory, kind.name), os.path.join(here, "..", "..")), ingest_points, sizes))
                print(json.dumps(rows[-1], indent=1), file=sys.stderr)
            except Exception as error:  # one tool that does not start must not hide the others
                print(f"{kind.name}: {error!r}", file=sys.stderr)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if not rows:
        sys.exit("nothing was measured")
    print(table(rows))
    with open(options.out, "w") as f:
        json.dump({"python": sys.version.split()[0], "cpus": os.cpu_count(), "rows": rows}, f, indent=1)


if __name__ == "__main__":
    main()
