"""Two processes with gloo: replicas (DDP) and shards (FSDP2)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
from conftest import SDK

torch = pytest.importorskip("torch", reason="torch is not installed")

if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
    pytest.skip("this PyTorch has no gloo", allow_module_level=True)

PRELUDE = """
import json, os, sys, torch, torch.distributed as dist, torch.nn.functional as F
sys.path.insert(0, os.environ["TESTS"])
from watched import Seen, mlp
dist.init_process_group("gloo")
rank = dist.get_rank()
torch.manual_seed(0)
"""
FINISH = """
json.dump({"points": seen.points, "records": seen.records, "step": seen.watch.step}, open(os.environ["OUT"] + str(rank), "w"))
dist.destroy_process_group()
"""


def ranks(code: str, directory: Path) -> List[Dict[str, Any]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    out = str(directory / "rank")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PRELUDE + code + FINISH],
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ, "PYTHONPATH": str(SDK), "TESTS": str(Path(__file__).parent), "OUT": out, "RANK": str(rank),
                "WORLD_SIZE": "2", "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1",
            },
        )
        for rank in range(2)
    ]  # fmt: skip
    for process in processes:
        _out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
    return [json.loads(Path(out + str(rank)).read_text()) for rank in range(2)]


def of(rank: Dict[str, Any], name: str) -> List[Any]:
    return [point for point in rank["points"] if point[1] == name]


def test_replicas(tmp_path: Path) -> None:
    code = """
model = torch.nn.parallel.DistributedDataParallel(mlp())
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
seen = Seen(model, optimizer, every=1)
for step in range(4):
    x = torch.randn(8, 8)
    if step == 3 and rank == 1:
        x[0, 0] = float("nan")
    optimizer.zero_grad()
    F.mse_loss(model(x), torch.zeros(8, 4)).backward()
    optimizer.step()
"""
    first, second = ranks(code, tmp_path)
    assert first["step"] == second["step"] == 4
    assert {p[2]["layer"] for p in of(first, "layer/grad_norm")} == {"0", "2", "4"}
    # Rank 0 speaks for all where all have the same; each says the hash of its parameters.
    assert of(second, "layer/grad_norm") == []
    [mine], [other] = of(first, "parameters/hash"), of(second, "parameters/hash")
    assert mine[2] == {"rank": "0"} and other[2] == {"rank": "1"}
    assert mine[3] == other[3] and 0 < mine[3] < 2**48
    # The rank that had the bad input names it; the other one says that it came from elsewhere.
    [told], [heard] = second["records"], first["records"]
    assert "layer=0 phase=forward tensor=input" in told["message"] and told["rank"] == 1
    assert "came from another rank" in heard["message"] and heard["level"] == "warning"


def test_replicas_that_differ_have_different_hashes(tmp_path: Path) -> None:
    code = """
model = mlp()
if rank == 1:
    with torch.no_grad():
        model[2].weight[3, 3] += 1e-6
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
seen = Seen(model, optimizer)
model(torch.ones(1, 8)).sum().backward()
optimizer.step()
"""
    first, second = ranks(code, tmp_path)
    assert of(first, "parameters/hash")[0][3] != of(second, "parameters/hash")[0][3]


def test_shards(tmp_path: Path) -> None:
    try:
        from torch.distributed.fsdp import fully_shard  # noqa: F401
    except ImportError:
        pytest.skip("this PyTorch has no fully_shard")
    code = """
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
model = mlp()
mesh = init_device_mesh("cpu", (2,))
for layer in (model[0], model[2]):
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
seen = Seen(model, optimizer, every=2)
for step in range(5):
    x = torch.randn(8, 8)
    if step == 3 and rank == 1:
        model[2].bias.data._local_tensor[0] = float("nan")
    optimizer.zero_grad()
    F.mse_loss(model(x), torch.zeros(8, 4)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
"""
    found = ranks(code, tmp_path)
    for rank, one in enumerate(found):
        assert one["step"] == 5
        norms = of(one, "layer/weight_norm")
        assert {p[2]["layer"] for p in norms} == {"0", "2", "4"} and {p[2]["rank"] for p in norms} == {str(rank)}
        assert of(one, "parameters/hash") == []
        assert "layer=2 phase=forward tensor=output" in one["records"][0]["message"]
