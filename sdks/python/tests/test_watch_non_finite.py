"""The first non-finite tensor is named: its layer, phase, kind and where it came from."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from watched import Gpt, Seen, gpt_step, mlp, mlp_step  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_a_weight_that_became_nan_between_steps() -> None:
    model = Gpt()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    seen = Seen(model, optimizer)
    for step in range(17):
        if step == 13:  # Not a watched one.
            with torch.no_grad():
                model.blocks[1].up.weight[3, 4] = math.nan
        gpt_step(model, optimizer, clip=1.0)
    bad = seen.first_bad()
    assert (bad["layer"], bad["phase"], bad["tensor"], bad["class"]) == ("blocks.1.up", "forward", "weight", "Linear")
    assert (bad["nan"], bad["inf"], bad["input_finite"], bad["producer"]) == ("1", "0", "true", "blocks.1.norm2")
    assert len(seen.records) == 1 and seen.records[0]["step"] == 13 and seen.records[0]["level"] == "error"
    lines = seen.records[0]["exception"].split("\n")
    assert lines[0].startswith("#0 ") and "blocks.1.up (Linear) input abs_max=" in lines[-1] and "nan=1" in lines[-1]
    assert list(seen.values("layer/non_finite", "blocks.1.up", phase="forward")) [0] == 13
    assert 13 not in seen.values("layer/non_finite", "blocks.0.up", phase="forward")
    # The steps from the anomaly on are watched as well.
    assert set(seen.steps) >= {13, 14, 15, 16}


def test_an_input_that_is_nan() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    mlp_step(model, optimizer)
    x = torch.randn(32, 8)
    x[5, 2] = math.inf
    mlp_step(model, optimizer, x)
    bad = seen.first_bad()
    assert (bad["layer"], bad["phase"], bad["tensor"], bad["input_finite"], bad["inf"]) == ("0", "forward", "input", "false", "1")


def test_a_function_inside_a_module() -> None:
    class Norm(nn.Module):
        def forward(self, x: Any) -> Any:
            return x / x.sub(x).sum(-1, keepdim=True)  # Divides by 0.

    model = nn.Sequential(nn.Linear(8, 8), Norm(), nn.Linear(8, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    mlp_step(model, optimizer)
    bad = seen.first_bad()
    assert (bad["layer"], bad["class"], bad["tensor"], bad["producer"]) == ("1", "Norm", "output", "0")


class Between(nn.Module):
    """Functions between its modules divide by 0."""

    def __init__(self, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.up, self.down = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        x = self.up(x / 0 if self.first else x)
        return self.down(x if self.first else x / (x * 0))


def test_a_function_between_modules_names_who_took_it_and_who_ran_last() -> None:
    model = nn.Sequential(nn.Linear(8, 8), Between())
    seen = Seen(model, torch.optim.SGD(model.parameters(), lr=0.1))
    mlp_step(model, seen.watch._optimizers[0])
    bad = seen.first_bad()
    assert (bad["layer"], bad["phase"], bad["tensor"], bad["producer"]) == ("1.down", "forward", "input", "1.up")
    assert (bad["input_finite"], bad["input_abs_max"], bad["inf"]) == ("false", "-", "256")
    lines = seen.records[0]["exception"].split("\n")
    assert [line.split(" ")[1] for line in lines] == ["(model)", "0", "1", "1.up", "1.down"]
    assert "input abs_max=- finite=false" in lines[-1] and "running" in lines[-1]


def test_a_function_before_any_module_names_what_is_around_it() -> None:
    model = Between(first=True)
    seen = Seen(model, torch.optim.SGD(model.parameters(), lr=0.1))
    mlp_step(model, seen.watch._optimizers[0])
    bad = seen.first_bad()
    assert (bad["layer"], bad["tensor"], bad["producer"]) == ("up", "input", "(model)")


def test_frames_are_in_the_order_they_ran_and_what_runs_is_kept() -> None:
    model = Gpt(depth=6)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    seen = Seen(model, optimizer)
    with torch.no_grad():
        model.blocks[4].attn.qkv.weight[0, 0] = math.inf
    gpt_step(model, optimizer)
    paths = [line.split(" ")[1] for line in seen.records[0]["exception"].split("\n")]
    assert len(paths) == 21 and paths[0] == "(model)"
    assert paths[-4:] == ["blocks.4", "blocks.4.norm1", "blocks.4.attn", "blocks.4.attn.qkv"]
    assert paths.index("blocks.3") < paths.index("blocks.3.attn") < paths.index("blocks.3.attn.qkv") < paths.index("blocks.4")


def test_dropout_is_repeated_as_it_was() -> None:
    """The overflow depends on which units dropout kept."""

    class Fragile(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.where(x[:1, :1] == 0, x * math.inf, x)

    model = nn.Sequential(nn.Linear(8, 4), nn.Dropout(0.3), Fragile())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    seen = Seen(model, optimizer)
    for _ in range(40):
        mlp_step(model, optimizer)
        if seen.records:
            break
    assert seen.first_bad()["layer"] == "2"


class Root(torch.autograd.Function):
    """Finite forward, infinite backward: as sqrt at 0."""

    @staticmethod
    def forward(_context: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(_context: Any, gradient: Any) -> Any:
        return gradient * math.inf


class BadBackward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 16)

    def forward(self, x: Any) -> Any:
        return Root.apply(self.fc(x))


def test_a_backward_of_one_module() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), BadBackward(), nn.ReLU(), nn.Linear(16, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    mlp_step(model, optimizer)
    bad = seen.first_bad()
    assert (bad["phase"], bad["tensor"]) == ("backward", "grad")
    assert bad["layer"].startswith("2")
    assert bad["producer"] == "3"
    assert set(seen.values("layer/non_finite", "0", phase="backward")) == {0}
    assert not seen.values("layer/non_finite", "4", phase="backward")


def test_a_loss_that_has_no_gradient_is_named_as_the_producer() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    model(torch.randn(4, 8)).mul(0).sum().sqrt().backward()
    optimizer.step()
    bad = seen.first_bad()
    assert (bad["layer"], bad["phase"], bad["tensor"], bad["producer"]) == ("4", "backward", "grad", "loss")


def test_an_optimizer_that_makes_weights_nan() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    for step in range(5):
        optimizer.param_groups[0]["lr"] = math.inf if step == 2 else 0.1
        mlp_step(model, optimizer)
    bad = seen.first_bad()
    assert (bad["phase"], bad["tensor"], bad["layer"]) == ("optimizer", "weight", "0")
    assert seen.records[0]["step"] == 2
    assert seen.values("layer/non_finite", "0", phase="optimizer")[2] > 0


def test_masks_of_minus_infinity_are_no_fault() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 4)

        def forward(self, x: Any, mask: Any) -> Any:
            return torch.softmax(self.fc(x) + mask, dim=-1)

    model = Masked()
    mask = torch.tensor([0.0, 0.0, -math.inf, 0.0])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    for _ in range(12):
        optimizer.zero_grad()
        model(torch.randn(4, 8), mask).square().sum().backward()
        optimizer.step()
    assert seen.records == []


def test_gradient_accumulation_names_the_micro_batch_that_did_it() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    for micro in range(4):
        x = torch.randn(8, 8)
        if micro == 2:
            x[0, 0] = math.nan
        F.mse_loss(model(x), torch.zeros(8, 4)).div(4).backward()
    optimizer.step()
    assert seen.first_bad()["tensor"] == "input"


def test_batch_norm_is_not_moved_by_the_second_forward() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer)
    mlp_step(model, optimizer)
    optimizer.zero_grad()
    F.mse_loss(model(torch.randn(32, 8)), torch.zeros(32, 4)).mul(math.inf).backward()
    before, state = model[1].running_mean.clone(), torch.get_rng_state()
    optimizer.step()
    assert len(seen.records) == 1
    assert torch.equal(model[1].running_mean, before) and torch.equal(torch.get_rng_state(), state)
    assert int(model[1].num_batches_tracked) == 2
