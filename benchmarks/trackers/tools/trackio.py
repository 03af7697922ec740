"""Trackio's server: bulk_log, one entry a step; the chart is get_logs, as its dashboard asks."""

import json
import math
import os
import sys

from measure import Connection, Server, free_port

serve = "import sys, trackio; trackio.show(open_browser=False, block_thread=True, share=False, server_port=int(sys.argv[1]))"


class Trackio:
    name = "Trackio"
    batch = 10_000

    def __init__(self, directory, _root):
        self.directory = directory

    def start(self):
        os.makedirs(self.directory, exist_ok=True)
        port = free_port()
        env = {**os.environ, "TRACKIO_DIR": self.directory, "TRACKIO_WRITE_TOKEN": "bench", "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
        self.server = Server([sys.executable, "-c", serve, str(port)], env, self.directory + ".log")
        self.connection = Connection(port, {"X-Trackio-Write-Token": "bench"})
        self.server.wait_for(lambda: self.connection.raw("GET", "/version")[0] == 200)

    def new_run(self, name):
        return name

    def requests(self, run, columns):
        length = len(next(iter(columns.values())))
        rows = max(1, self.batch // len(columns))
        out = []
        for a in range(0, length, rows):
            logs = [
                {
                    "project": "bench", "run": run, "run_id": run, "step": i, "config": None, "log_id": f"{run}-{i}",
                    "metrics": {k: v[i] if math.isfinite(v[i]) else "NaN" for k, v in columns.items()},
                }
                for i in range(a, min(a + rows, length))
            ]
            out.append(("/api/bulk_log", json.dumps({"args": [], "kwargs": {"logs": logs, "hf_token": None}}).encode()))
        return out

    def chart(self, run, _name):
        body = json.dumps({"args": [], "kwargs": {"project": "bench", "run": run, "run_id": run, "scalar_only": True}}).encode()
        return self.connection.raw("POST", "/api/get_logs", body)

    def seen(self, answer):
        values, nans = {}, set()
        for row in json.loads(answer)["data"]:
            value = row.get("loss")
            if value is None or value == "NaN" or (isinstance(value, float) and math.isnan(value)):
                nans.add(row["step"])
            else:
                values[row["step"]] = float(value)
        return values, nans
