"""Loops that are not plain: accumulation, checkpointing, compilation, scalers, several optimizers, trainers."""

from __future__ import annotations

import copy
import gc
import math
import shutil
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402
from watched import Gpt, Seen, gpt_step, mlp, mlp_step  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_steps_are_optimizer_steps_whatever_the_accumulation() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=2)
    for micro in range(24):
        F.mse_loss(model(torch.randn(8, 8)), torch.zeros(8, 4)).backward()
        if micro % 4 == 3:
            optimizer.step()
            optimizer.zero_grad()
    assert list(seen.values("layer/grad_norm", "0")) == [0, 2, 4]
    assert seen.watch.step == 6


def test_evaluation_and_generation_are_not_measured() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    with torch.no_grad():
        model(torch.full((4, 8), 1e6))
    model.eval()
    model(torch.full((4, 8), 1e6))
    model.train()
    mlp_step(model, optimizer)
    assert seen.value("layer/activation_abs_max", "0") < 100


def test_the_optimizer_need_not_be_given_and_others_are_left_alone() -> None:
    model, other = mlp(), mlp()
    seen = Seen(model, every=1)
    first, second = torch.optim.SGD(model.parameters(), lr=0.1), torch.optim.SGD(other.parameters(), lr=0.1)
    for _ in range(3):
        mlp_step(other, second)
        mlp_step(model, first)
    assert seen.watch.step == 3 and seen.watch.config["llmdbg.watch.optimizer"] == "SGD"


def test_two_optimizers_make_one_step() -> None:
    model = mlp()
    one = torch.optim.AdamW(model[0].parameters(), lr=1e-3)
    two = torch.optim.SGD([*model[2].parameters(), *model[4].parameters()], lr=0.1)
    seen = Seen(model, [one, two], every=1)
    for _ in range(3):
        F.mse_loss(model(torch.randn(8, 8)), torch.zeros(8, 4)).backward()
        for optimizer in (one, two):
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
    assert seen.watch.step == 3
    assert seen.value("layer/update_ratio", "0") > 0 and seen.value("layer/update_ratio", "4") > 0
    assert seen.layers("layer/update_rms") == ["0"]


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointing_measures_the_forward_once(reentrant: bool) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.out = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8)), nn.Linear(8, 4)

        def forward(self, x: Any) -> Any:
            return self.out(checkpoint(self.inner, x, use_reentrant=reentrant))

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    for step in range(4):
        x = torch.randn(32, 8, requires_grad=True)
        with torch.no_grad():
            if step == 3:
                model.inner[2].weight[0, 0] = math.nan
        F.mse_loss(model(x), torch.zeros(32, 4)).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert len(seen.values("layer/activation_std", "inner.0")) == 4
    assert seen.first_bad()["layer"] == "inner.2"


def test_a_compiled_model_is_watched_under_its_own_names() -> None:
    if shutil.which("g++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    model = Gpt(depth=1)
    compiled = torch.compile(model)
    optimizer = torch.optim.AdamW(compiled.parameters(), lr=1e-3)
    seen = Seen(compiled, optimizer, every=2)
    for step in range(5):
        if step == 3:
            with torch.no_grad():
                model.blocks[0].attn.out.weight[0, 0] = math.inf
        gpt_step(compiled, optimizer, clip=1.0)
    assert "blocks.0.attn.qkv" in seen.layers("layer/grad_norm")
    assert not [layer for layer in seen.layers("layer/grad_norm") if "_orig_mod" in layer]
    assert seen.watch.config["llmdbg.watch.activations"] == "not inside compiled modules"
    bad = seen.first_bad()
    assert (bad["layer"], bad["tensor"]) == ("blocks.0.attn.out", "weight")
    assert seen.value("logits/log_z") > 0


def test_a_model_compiled_after_it_is_watched_goes_on() -> None:
    if shutil.which("g++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    compiled = torch.compile(model)
    for _ in range(3):
        mlp_step(compiled, optimizer)
    assert list(seen.values("layer/grad_norm", "0")) == [0, 1, 2]


def test_a_loss_scaler_at_work_is_no_fault() -> None:
    model = mlp()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)  # float32 overflows.
    seen = Seen(model, optimizer, every=1)
    for _ in range(12):
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(torch.randn(32, 8)) * 10, torch.ones(32, 4))).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
    assert 0 < seen.watch.step < 12
    assert seen.records == []
    assert all(math.isfinite(v) for v in seen.values("layer/grad_norm", "0").values())


def test_a_forward_that_stays_bad_under_a_scaler_is_told() -> None:
    model = mlp()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cpu")
    seen = Seen(model, optimizer)
    with torch.no_grad():
        model[2].bias[3] = math.nan
    for _ in range(6):
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(torch.randn(32, 8)), torch.zeros(32, 4))).backward()
        scaler.step(optimizer)
        scaler.update()
    assert seen.watch.step == 0
    assert len(seen.records) == 1 and seen.first_bad()["layer"] == "2"


def test_a_gradient_surge_is_looked_at_closer() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    seen = Seen(model, optimizer, every=100)
    for step in range(40):
        mlp_step(model, optimizer, torch.randn(32, 8) * (100 if step == 23 else 1))
    assert sorted(seen.values("layer/grad_norm", "0")) == [0, 23, 24, 25, 26, 27]
    assert seen.records == []


def test_many_layers_are_watched_by_block() -> None:
    model = nn.ModuleDict({"layers": nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(20)])})
    model.forward = lambda x: [x := layer(x) for layer in model["layers"]][-1]  # type: ignore[method-assign]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1, layers=20)
    model(torch.randn(4, 4)).sum().backward()
    optimizer.step()
    assert seen.watch.config["llmdbg.watch.by_block"] is True
    assert seen.layers("layer/grad_norm") == sorted(f"layers.{i}" for i in range(20))
    assert len(Seen(model, optimizer, layers=7).watch.config) and Seen(model, optimizer, layers=["layers.3.*"]).watch.config["llmdbg.watch.layers"] == 2


def test_nothing_of_a_closed_watch_is_left() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    mlp_step(model, optimizer)
    seen.watch.close()
    mlp_step(model, optimizer)
    assert seen.watch.step == 1
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())


def test_copies_and_saved_models_are_not_watched(tmp_path: Any) -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    reference = copy.deepcopy(model)
    torch.save(model, tmp_path / "model.pt")
    loaded = torch.load(tmp_path / "model.pt", weights_only=False)
    for other in (reference, loaded):
        other(torch.full((4, 8), 1e6)).sum().backward()
    mlp_step(model, optimizer)
    assert seen.value("layer/activation_abs_max", "0") < 100


def test_gradients_clipped_group_by_group() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    seen = Seen(model, optimizer, every=1)
    F.mse_loss(model(torch.randn(8, 8)), torch.zeros(8, 4)).backward()
    for layer in (model[0], model[2], model[4]):
        torch.nn.utils.clip_grad_norm_(layer.parameters(), 1e-6)
    optimizer.step()
    assert all(seen.value("layer/grad_norm", layer) > 1e-4 for layer in ("0", "2", "4"))


def test_a_failure_inside_is_said_and_swallowed(caplog: pytest.LogCaptureFixture) -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)

    def fail(*_: Any) -> None:
        raise RuntimeError("no")

    seen.watch._emit = fail
    mlp_step(model, optimizer)
    assert "RuntimeError" in caplog.text


def tensors() -> int:
    gc.collect()
    return sum(1 for thing in gc.get_objects() if isinstance(thing, torch.Tensor))


def test_memory_is_bounded() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=3)
    mlp_step(model, optimizer)
    before = tensors()
    for _ in range(30):
        mlp_step(model, optimizer)
    assert tensors() <= before + 2
    # Of a model of 200 MiB at most 64 MiB are copied, and inputs above the limit are not kept.
    large = nn.Sequential(nn.Linear(4096, 12_800, bias=False))
    optimizer = torch.optim.SGD(large.parameters(), lr=0.1)
    seen = Seen(large, optimizer, every=1)
    large[0].weight.grad = torch.zeros_like(large[0].weight)
    seen.watch._statistics.before_step()
    assert sum(t.numel() * t.element_size() for t in seen.watch._statistics._before.values()) <= 65 * 2**20
    call = seen.watch.calls.begin(large, (torch.empty(2**24 + 1),), {})
    assert call is not None and call.args is None
