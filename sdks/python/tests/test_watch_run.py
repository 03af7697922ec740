"""`llmdbg.watch` as people call it: into the run of this process, with and without a server."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from conftest import REPOSITORY, RealServer, Stub, wait_until

import llmdbg

torch = pytest.importorskip("torch", reason="torch is not installed")

from watched import Gpt, gpt_step, mlp, mlp_step  # noqa: E402

is_built = (REPOSITORY / "dist" / "store" / "embedded" / "embedded-store.js").exists()


def labelled(stub: Stub, name: str) -> Dict[str, Any]:
    """Layer to its values."""
    found: Dict[str, Any] = {}
    for body in stub.bodies("/points"):
        for series in body["series"]:
            if series["name"] == name:
                found.setdefault(series.get("labels", {}).get("layer", ""), []).extend(series["value"])
    return found


def test_without_a_run_it_does_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    watch = llmdbg.watch(mlp())
    watch.step = 5
    watch.close()
    assert "watch needs a run" in caplog.text


def test_what_has_no_hooks_is_said(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    llmdbg.init(dir=str(directory))
    llmdbg.watch({"weights": 1}).close()
    assert "watch_tree" in caplog.text


def test_layers_arrive_beside_the_metrics(stub: Stub, directory: Path) -> None:
    llmdbg.init(dir=str(directory))
    model = mlp()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    llmdbg.watch(model, optimizer, every=5)
    for step in range(10):
        mlp_step(model, optimizer)
        llmdbg.log({"loss": 1.0}, step=step)
    llmdbg.finish()
    assert {layer: len(values) for layer, values in labelled(stub, "layer/grad_norm").items()} == {"0": 2, "2": 2, "4": 2}
    assert len(stub.points()["loss"]) == 10
    config = {key: value for _m, _p, body in stub.requests for key, value in (body or {}).get("config", {}).items()}
    assert config["llmdbg.watch.layers"] == 5 and config["llmdbg.watch.every"] == 5
    assert config["llmdbg.watch.optimizer"] == "AdamW" and config["model.parameters"] == 484


def test_one_line_is_enough_under_llmdbg_run(stub: Stub, script: Callable[..., "subprocess.Popen[str]"]) -> None:
    code = """
import torch, llmdbg
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
llmdbg.watch(model)
for _ in range(3):
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
"""
    process = script(code, LLMDBG_RUN_ID="outer")
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert labelled(stub, "layer/weight_norm")
    assert {path.split("/")[4] for _m, path, _b in stub.requests} == {"outer"}


def test_importing_the_sdk_does_not_import_frameworks(script: Callable[..., "subprocess.Popen[str]"]) -> None:
    process = script("import sys, llmdbg; print([m for m in ('torch', 'keras', 'jax', 'transformers', 'numpy') if m in sys.modules])")
    out, err = process.communicate(timeout=60)
    assert out.strip() == "[]", err


@pytest.mark.skipif(not is_built, reason="llmdbg is not built (npm run build:node)")
def test_the_real_server_keeps_each_layer_and_names_the_bad_one(server: RealServer, directory: Path) -> None:
    model = Gpt()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    with llmdbg.init(project="layers", dir=str(directory)) as run:
        llmdbg.watch(model, optimizer)
        for step in range(15):
            if step == 12:
                with torch.no_grad():
                    model.blocks[0].down.weight[0, 0] = float("nan")
            gpt_step(model, optimizer, clip=1.0)
    wait_until(lambda: server.get(f"/runs/{run.id}")["run"]["status"] == "finished")
    series = server.get(f"/runs/{run.id}/series")["series"]
    layers = {s["labels"].get("layer") for s in series if s["name"] == "layer/grad_norm"}
    assert {"token", "blocks.1.attn.qkv", "blocks.1.down", "head"} <= layers and len(layers) == 16
    assert {s["labels"]["layer"] for s in series if s["name"] == "layer/attention_entropy"} == {"blocks.0.attn", "blocks.1.attn"}
    records = server.get(f"/runs/{run.id}/records")["records"]
    [record] = [r for r in records if r["logger"] == "llmdbg.watch"]
    assert "layer=blocks.0.down phase=forward tensor=weight" in record["message"]
    assert (record["level"], record["step"]) == ("error", 12)
    assert record["exception"].count("\n") > 5
