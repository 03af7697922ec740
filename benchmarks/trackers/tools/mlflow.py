"""MLflow tracking server over SQLite: log-batch of 1,000 metrics (its limit); the chart is what its page asks, 320 points."""

import json
import math
import os
import sys

from measure import Connection, Server, free_port


class Mlflow:
    name = "MLflow"
    batch = 1_000

    def __init__(self, directory, _root):
        self.directory = directory

    def start(self):
        os.makedirs(self.directory, exist_ok=True)
        port = free_port()
        mlflow = os.path.join(os.path.dirname(sys.executable), "mlflow")
        self.server = Server(
            [mlflow, "server", "--backend-store-uri", f"sqlite:///{self.directory}/mlflow.db",
             "--artifacts-destination", f"{self.directory}/artifacts", "--host", "127.0.0.1", "--port", str(port)],
            {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]},
            self.directory + ".log",
        )
        self.connection = Connection(port)
        self.server.wait_for(lambda: self.connection.raw("GET", "/health")[0] == 200)

    def new_run(self, name):
        body = {"experiment_id": "0", "run_name": name, "start_time": 1_700_000_000_000}
        return self.connection.call("POST", "/api/2.0/mlflow/runs/create", body)["run"]["info"]["run_id"]

    def requests(self, run, columns):
        length = len(next(iter(columns.values())))
        rows = max(1, self.batch // len(columns))
        out = []
        for a in range(0, length, rows):
            metrics = [
                {"key": k, "value": v[i] if math.isfinite(v[i]) else "NaN", "timestamp": 1_700_000_000_000 + i, "step": i}
                for i in range(a, min(a + rows, length))
                for k, v in columns.items()
            ]
            out.append(("/api/2.0/mlflow/runs/log-batch", json.dumps({"run_id": run, "metrics": metrics}).encode()))
        return out

    def chart(self, run, name):
        return self.connection.raw(
            "GET", f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key={name}&max_results=320"
        )

    def seen(self, answer):
        values, nans = {}, set()
        for m in json.loads(answer).get("metrics", []):
            step, value = int(m.get("step", 0)), float(m["value"])
            if math.isnan(value):
                nans.add(step)
            else:
                values[step] = value
        return values, nans
