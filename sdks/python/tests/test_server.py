"""Against the real server: `node bin/llmdbg.js serve`. Needs the build, as `npm test` makes it."""

from __future__ import annotations

import logging
import math
import subprocess
import time
from pathlib import Path
from typing import Callable

import pytest
from conftest import REPOSITORY, RealServer, wait_until

import llmdbg

if not (REPOSITORY / "dist" / "store" / "embedded" / "embedded-store.js").exists():
    pytest.skip("llmdbg is not built (npm run build:node)", allow_module_level=True)

Script = Callable[..., "subprocess.Popen[str]"]


def test_a_run_arrives_as_it_was_logged(server: RealServer, directory: Path) -> None:
    run = llmdbg.init(project="translate", name="first", config={"optimizer": {"lr": 1e-3}}, tags=["t"], dir=str(directory))
    values = [1.0, math.nan, math.inf, -math.inf, 1e-30]
    for step, value in enumerate(values):
        llmdbg.log({"loss": value, "eval/loss": 2.0}, step=step)
    handler = llmdbg.LogHandler()
    logger = logging.getLogger("trainer")
    logger.addHandler(handler)
    logger.warning("grad norm is high")
    logger.removeHandler(handler)
    llmdbg.finish()
    stored = server.get(f"/runs/{run.id}")["run"]
    assert (stored["project"], stored["name"], stored["status"], stored["source"]) == ("translate", "first", "finished", "sdk-python")
    assert stored["config"] == {"optimizer.lr": 1e-3}
    assert stored["tags"] == ["t"] and stored["endedAt"] >= stored["createdAt"]
    assert server.points(run.id, "loss") == [(0, 1.0), (1, "NaN"), (2, "Infinity"), (3, "-Infinity"), (4, 1e-30)]
    [record] = server.get(f"/runs/{run.id}/records")["records"]
    assert (record["level"], record["message"], record["step"]) == ("warning", "grad norm is high", 4)


def test_a_pytorch_loop_is_diagnosed(server: RealServer, directory: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    # Far too high on purpose: the loss overflows within a few dozen steps.
    optimizer = torch.optim.SGD(model.parameters(), lr=50.0)
    inputs = torch.randn(64, 8)
    targets = inputs.sum(dim=1, keepdim=True)
    with llmdbg.init(project="torch", config={"learning_rate": 50.0}, dir=str(directory)) as run:
        for step in range(200):
            loss = torch.nn.functional.mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"loss": loss, "weights": {"norm": model.weight.detach().norm()}}, step=step)
    points = server.points(run.id, "loss")
    assert [step for step, _value in points] == list(range(200))
    assert points[-1][1] == "NaN"
    assert server.get(f"/runs/{run.id}/series")["series"][0]["nonFinite"] > 0
    wait_until(lambda: server.get(f"/runs/{run.id}/report")["findings"] != [])
    rules = [finding["rule"] for finding in server.get(f"/runs/{run.id}/report")["findings"]]
    assert set(rules) & {"non-finite-loss", "loss-divergence", "gradient-explosion"}


def test_nothing_is_lost_or_doubled_when_the_server_is_killed(server: RealServer, directory: Path) -> None:
    run = llmdbg.init(dir=str(directory))
    for step in range(1200):
        llmdbg.log({"loss": float(step)}, step=step)
        if step in (300, 800):
            server.kill()
        if step in (500, 1000):
            server.start()
        time.sleep(0.002)
    llmdbg.finish(timeout=20)
    wait_until(lambda: server.get(f"/runs/{run.id}")["run"]["status"] == "finished", 20)
    assert server.points(run.id, "loss") == [(step, float(step)) for step in range(1200)]
    assert list((directory / "spool").glob("*")) == []


def test_what_a_process_left_behind_is_delivered_by_the_server(directory: Path, script: Script) -> None:
    process = script("import llmdbg\nprint(llmdbg.init(project='left').id)\nfor i in range(10): llmdbg.log({'loss': i})\n")
    out, _err = process.communicate(timeout=30)
    run = out.strip()
    assert process.returncode == 0
    server = RealServer(directory)
    server.start()
    try:
        wait_until(lambda: list((directory / "spool").glob("*.jsonl")) == [], 20)
        assert server.points(run, "loss") == [(i, float(i)) for i in range(10)]
        assert server.get(f"/runs/{run}")["run"]["status"] == "finished"
    finally:
        server.stop()


def test_a_script_under_llmdbg_run_joins_its_run(directory: Path, script: Script, server: RealServer) -> None:
    import os
    import shutil
    import sys

    node = shutil.which("node")
    assert node is not None
    code = "import llmdbg\nllmdbg.init(project='ignored', config={'lr': 0.5})\nfor i in range(5): llmdbg.log({'reward': i})\n"
    outer = subprocess.run(
        [node, str(REPOSITORY / "bin" / "llmdbg.js"), "run", "--project", "outer", "--", sys.executable, "-c", code],
        env={**os.environ, "LLMDBG_DIR": str(directory), "PYTHONPATH": str(REPOSITORY / "sdks" / "python")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outer.returncode == 0, outer.stdout + outer.stderr
    [run] = server.get("/runs")["runs"]
    assert (run["project"], run["status"]) == ("outer", "finished")
    assert server.points(run["id"], "reward") == [(i, float(i)) for i in range(5)]
    assert server.get(f"/runs/{run['id']}")["run"]["config"]["lr"] == 0.5
