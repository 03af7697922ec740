"""Mistakes in a call of `llmdbg.watch`: one line each that says what to do, nothing raised, nothing silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

import pytest

import llmdbg
from llmdbg import _guard

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
from watched import mlp, mlp_step  # noqa: E402


@pytest.fixture
def said(directory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], List[str]]:
    monkeypatch.setattr(_guard, "_said", set())
    llmdbg.init(dir=str(directory))
    caplog.clear()
    return lambda: [record.getMessage() for record in caplog.records if "no server runs" not in record.getMessage()]


def trains(model: Any, watch: Any, optimizer: Any) -> bool:
    before = watch.step
    mlp_step(model, optimizer)
    return bool(watch.step == before + 1)


def test_model_and_optimizer_exchanged(said: Callable[[], List[str]]) -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert trains(model, llmdbg.watch(optimizer, model), optimizer)
    llmdbg.watch(optimizer).close()
    assert [line[: line.index(";")] for line in said()] == [
        "llmdbg: watch takes the model first, then the optimizer: llmdbg.watch(model, optimizer)"
    ] * 2


@pytest.mark.parametrize("wrong", ["adam", mlp(), [1e-3]])
def test_no_optimizer(said: Callable[[], List[str]], wrong: Any) -> None:
    model = mlp()
    assert trains(model, llmdbg.watch(model, wrong), torch.optim.SGD(model.parameters(), lr=0.1))
    [line] = said()
    assert line.startswith("llmdbg: watch takes the optimizer as its second argument, not ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"evry": 5}, "watch has no option 'evry'; did you mean 'every'?"),
        ({"every": -3}, "every must be a whole number, 1 or more, not -3; it is chosen"),
        ({"every": 0}, "every must be a whole number, 1 or more, not 0; it is chosen"),
        ({"every": "5"}, "every must be a whole number, 1 or more, not '5'; it is chosen"),
        ({"every": float("nan")}, "every must be a whole number, 1 or more, not nan; it is chosen"),
        ({"first_step": -1}, "first_step must be a whole number, 0 or more, not -1; counting"),
        ({"layers": ["nothing.*"]}, "layers=['nothing.*'] matches none of 5 modules; they are called 0, 1, 2, 3, 4; all"),
        ({"layers": 0}, "layers must be a whole number, 1 or more, not 0; all"),
        ({"layers": [3]}, "layers takes patterns of paths, a function or a number, not [3]; all"),
        ({"layers": lambda path: True}, "the function given as layers raised TypeError"),
        ({"layers": lambda path, module: False}, "the function given as layers matches none of 5 modules"),
    ],
)
def test_options(said: Callable[[], List[str]], options: Any, words: str) -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watch = llmdbg.watch(model, optimizer, **options)
    assert trains(model, watch, optimizer) and watch.config["llmdbg.watch.layers"] == 5
    [line] = said()
    assert line.startswith(f"llmdbg: {words}")


def test_no_model(said: Callable[[], List[str]]) -> None:
    for given in ((), (mlp().parameters(),), (torch.ones(2),), ([1],)):
        llmdbg.watch(*given).close()
    nothing, *others = said()
    assert nothing == "llmdbg: watch needs the model: llmdbg.watch(model, optimizer)"
    assert [line[: line.index(":", 8)] for line in others] == [
        f"llmdbg: {kind} has no hooks to watch it by" for kind in ("generator", "Tensor", "list")
    ]


def test_layers_without_a_shape_yet(said: Callable[[], List[str]]) -> None:
    model = nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.Linear(16, 4))
    llmdbg.watch(model).close()
    [line] = said()
    assert line == "llmdbg: 0 (LazyLinear) has no weights before its first forward: call llmdbg.watch after one forward with a batch"
    model(torch.randn(2, 8))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert trains(model, llmdbg.watch(model, optimizer), optimizer) and len(said()) == 1


def test_a_second_watch_of_one_model_takes_over(said: Callable[[], List[str]]) -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    first = llmdbg.watch(model, optimizer)
    mlp_step(model, optimizer)
    for _ in range(2):
        second = llmdbg.watch(model, optimizer)
    mlp_step(model, optimizer)
    assert (first.step, second.step) == (1, 2)
    [line] = said()
    assert "watched already" in line
    other = mlp()
    llmdbg.watch(other)
    assert trains(model, second, optimizer)


def test_each_failure_of_its_own_is_said(caplog: pytest.LogCaptureFixture) -> None:
    @_guard.guarded
    def fragile(key: str) -> None:
        if key == "a":
            raise ValueError("a")
        raise ValueError(key)

    for key in "abba":
        fragile(key)
    assert [record.getMessage() for record in caplog.records] == [f"llmdbg: fragile failed: ValueError('{k}')" for k in "ab"]
