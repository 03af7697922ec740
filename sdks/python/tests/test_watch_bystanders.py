"""A watched model can still be traced, scripted, exported, transformed and freed."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
from watched import Seen, mlp, mlp_step  # noqa: E402


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
