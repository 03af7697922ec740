"""llmdbg: points in columns to the native API; the chart is /buckets at 1,000 pixels."""

import json
import math
import os
import shutil
from urllib.parse import quote

from measure import Connection, Server


class Llmdbg:
    name = "llmdbg"
    batch = 10_000

    def __init__(self, directory, root):
        self.directory = directory
        self.root = root

    def start(self):
        node = shutil.which("node")
        env = {**os.environ, "LLMDBG_DIR": self.directory, "UV_THREADPOOL_SIZE": "16"}
        self.server = Server(
            [node, os.path.join(self.root, "bin", "llmdbg.js"), "serve", "--port", "0", "--dir", self.directory],
            env,
            self.directory + ".log",
        )
        path = os.path.join(self.directory, "server.json")
        url = self.server.wait_for(lambda: os.path.exists(path) and json.load(open(path))["url"])
        self.connection = Connection(int(url.rstrip("/").rsplit(":", 1)[1]))

    def new_run(self, name):
        return self.connection.call("POST", "/api/v1/runs", {"project": "bench", "name": name})["run"]["id"]

    def requests(self, run, columns):
        """columns: name -> values, all of one length. Bodies of `batch` points."""
        length = len(next(iter(columns.values())))
        rows = max(1, self.batch // len(columns))
        out = []
        for a in range(0, length, rows):
            steps = list(range(a, min(a + rows, length)))
            body = {"series": [{"name": k, "step": steps, "value": [wire(x) for x in v[a : a + rows]]} for k, v in columns.items()]}
            out.append((f"/api/v1/runs/{run}/points", json.dumps(body).encode()))
        return out

    def chart(self, run, name):
        return self.connection.raw("GET", f"/api/v1/runs/{run}/buckets?series={quote(name)}&width=1000")

    def seen(self, answer):
        """Steps whose value is in the chart's data, and the steps of values that are not finite."""
        values, nans = {}, set()
        for s in json.loads(answer)["series"]:
            for low, at_low, high, at_high, bad in zip(s["min"], s["minStep"], s["max"], s["maxStep"], s["nonFiniteStep"]):
                values[at_low] = low
                values[at_high] = high
                if bad is not None:
                    nans.add(bad)
        return values, nans


def wire(x):
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
