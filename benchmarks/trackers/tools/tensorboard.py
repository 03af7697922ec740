"""TensorBoard: files written by tensorboardX; the chart is the scalars plugin's answer."""

import json
import math
import os
import sys
import time

from measure import Connection, Server, free_port


class Tensorboard:
    name = "TensorBoard"
    batch = None

    def __init__(self, directory, _root):
        self.directory = directory

    def start(self):
        os.makedirs(self.directory, exist_ok=True)
        port = free_port()
        tensorboard = os.path.join(os.path.dirname(sys.executable), "tensorboard")
        self.server = Server(
            [tensorboard, "--logdir", self.directory, "--host", "127.0.0.1", "--port", str(port), "--reload_interval", "1"],
            dict(os.environ), self.directory + ".log",
        )
        self.connection = Connection(port)
        self.server.wait_for(lambda: self.connection.raw("GET", "/data/environment")[0] == 200)

    def new_run(self, name):
        return name

    def write(self, run, columns):
        """Seconds to write the points to an event file and close it."""
        from tensorboardX import SummaryWriter

        begin = time.perf_counter()
        writer = SummaryWriter(os.path.join(self.directory, run), flush_secs=1000, max_queue=10_000)
        length = len(next(iter(columns.values())))
        for i in range(length):
            for k, v in columns.items():
                writer.add_scalar(k, v[i], i)
        writer.close()
        return time.perf_counter() - begin

    def chart(self, run, name):
        return self.connection.raw("GET", f"/data/plugin/scalars/scalars?run={run}&tag={name}")

    def wait_until_loaded(self, run, name, last_step):
        def loaded():
            status, answer = self.chart(run, name)
            return status == 200 and max(p[1] for p in json.loads(answer)) >= last_step

        self.server.wait_for(loaded, 300)

    def seen(self, answer):
        values, nans = {}, set()
        for _time, step, value in json.loads(answer):
            if isinstance(value, str) or math.isnan(value):
                nans.add(step)
            else:
                values[step] = value
        return values, nans
