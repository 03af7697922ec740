"""A watched model can still be traced, scripted, exported, transformed and freed."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
from torch.optim.optimizer import _global_optimizer_pre_hooks  # noqa: E402
from watched import Seen, mlp, mlp_step  # noqa: E402

from llmdbg._watch.torch_watch import TorchWatch  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(params=[1, 5])
def seen(request: Any) -> Seen:
    """After two steps: with hooks on all layers, and without."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=request.param)
    for _ in range(2):
        mlp_step(model, optimizer)
    return seen


def still_watches(seen: Seen) -> bool:
    optimizer = torch.optim.SGD(seen.watch.model.parameters(), lr=0.1)
    seen.watch._optimizers, before = [optimizer], len(seen.points)
    for _ in range(5):
        mlp_step(seen.watch.model, optimizer)
    return any(name == "layer/activation_std" for _s, name, _l, _v in seen.points[before:])


def test_script(seen: Seen) -> None:
    model, x = seen.watch.model, torch.randn(3, 8)
    scripted = torch.jit.script(model)
    assert torch.equal(scripted(x), model(x))
    assert torch.jit.script(nn.Sequential(model, nn.ReLU()))(x).min() >= 0
    torch.jit.script(copy.deepcopy(model))
    assert still_watches(seen)


def test_a_script_keeps_the_hooks_of_others(seen: Seen) -> None:
    count = len(seen.watch.model._forward_hooks)
    with pytest.raises(RuntimeError):  # What scripting says of a hook that it can not compile is not hidden.
        model = seen.watch.model
        model.register_forward_hook(lambda m, a, o, *more: None)
        torch.jit.script(model)
    assert len(model._forward_hooks) == count + 1


def test_trace(seen: Seen) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", torch.jit.TracerWarning)
        traced = torch.jit.trace(seen.watch.model, torch.randn(3, 8))
    assert "std" not in str(traced.inlined_graph)
    assert still_watches(seen)


def test_fx(seen: Seen) -> None:
    graph = torch.fx.symbolic_trace(seen.watch.model).graph
    assert len(list(graph.nodes)) == 7
    assert still_watches(seen)


def test_export(seen: Seen) -> None:
    program = torch.export.export(seen.watch.model, (torch.randn(3, 8),))
    assert not [n for n in program.graph.nodes if "std" in n.name or "sum" in n.name]
    assert still_watches(seen)


def test_vmap_is_left_out_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    for _ in range(3):
        optimizer.zero_grad()
        torch.func.vmap(model)(torch.randn(5, 3, 8)).square().mean().backward()
        optimizer.step()
    assert seen.watch.step == 3 and seen.value("layer/grad_norm", "0") > 0
    assert [r.getMessage() for r in caplog.records if r.name == "llmdbg"] == [
        "llmdbg: forwards inside torch.func (vmap, grad and the like) are not measured"
    ]


def test_nothing_keeps_a_model_that_is_gone() -> None:
    model = mlp()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    points: Any = []
    TorchWatch(model, optimizer, emit=lambda *given: points.append(given), every=1)
    mlp_step(model, optimizer)
    gc.collect()
    mlp_step(model, optimizer)  # Nobody holds the watch but the model.
    assert len(points) == 2
    gone = weakref.ref(model), weakref.ref(optimizer)
    before = len(_global_optimizer_pre_hooks)
    del model, optimizer
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
    assert len(_global_optimizer_pre_hooks) < before


def test_models_in_a_list_made_for_the_call_stay_watched() -> None:
    one, two = mlp(), mlp()
    optimizer = torch.optim.SGD([*one.parameters(), *two.parameters()], lr=0.1)
    points: Any = []
    TorchWatch(nn.ModuleList([one, two]), optimizer, emit=lambda *given: points.append(given), every=1)
    gc.collect()
    for _ in range(2):
        one(two(torch.randn(3, 8)).repeat(1, 2)).sum().backward()
        optimizer.step()
    assert len(points) == 2


def test_complex_and_whole_weights(caplog: pytest.LogCaptureFixture) -> None:
    class Wave(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.phase = nn.Linear(8, 4, dtype=torch.complex64)
            self.register_parameter("codes", nn.Parameter(torch.ones(3, dtype=torch.uint8), requires_grad=False))
            self.out = nn.Linear(4, 2)

        def forward(self, x: Any) -> Any:
            return self.out(self.phase(x.to(torch.complex64)).abs())

    model = Wave()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    for step in range(3):
        optimizer.zero_grad()
        if step == 2:
            with torch.no_grad():
                model.phase.weight[0, 0] = complex(0, float("nan"))
        model(torch.randn(3, 8)).square().sum().backward()
        expected = model.phase.weight.grad.abs().square().sum() + model.phase.bias.grad.abs().square().sum()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1e9)
        optimizer.step()
        if step == 0:
            assert seen.value("layer/grad_norm", "phase") == pytest.approx(float(expected) ** 0.5)
    assert seen.value("layer/update_ratio", "phase") > 0 and seen.value("layer/update_rms", "phase") > 0
    assert seen.first_bad()["layer"] == "out" and seen.first_bad()["producer"] == "phase"
    assert [r.getMessage() for r in caplog.records if r.name == "llmdbg"] == [
        "llmdbg: outputs that are complex numbers are not measured (layer phase)"
    ]
