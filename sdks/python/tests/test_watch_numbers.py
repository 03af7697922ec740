"""What `watch` measures in PyTorch models, against the same computed by hand."""

from __future__ import annotations

import math
from typing import Any, Dict, List

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from watched import Gpt, Seen, gpt_step, mlp, mlp_step  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_gradients_weights_and_updates_are_those_of_the_step() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = Seen(model, optimizer, every=1)
    before = [p.detach().clone() for p in model[0].parameters()]
    mlp_step(model, optimizer)
    gradient = torch.cat([p.grad.flatten() for p in model[0].parameters()])
    weights = torch.cat([p.flatten() for p in before])
    assert seen.value("layer/grad_norm", "0") == pytest.approx(float(gradient.norm()), rel=1e-5)
    assert seen.value("layer/grad_rms", "0") == pytest.approx(float(gradient.square().mean().sqrt()), rel=1e-5)
    assert seen.value("layer/update_ratio", "0") == pytest.approx(0.1 * float(gradient.norm() / weights.norm()), rel=1e-4)
    now = torch.cat([p.detach().flatten() for p in model[0].parameters()])
    assert seen.value("layer/weight_norm", "0") == pytest.approx(float(now.norm()), rel=1e-5)
    assert seen.layers("layer/grad_norm") == ["0", "2", "4"]
    assert seen.values("layer/update_rms") == {}  # SGD has no second moment.


def test_activations_dead_units_and_saturation() -> None:
    model = mlp()
    with torch.no_grad():
        model[0].bias[:4] = -1e3  # A quarter of the units never fires.
        model[2].weight.mul_(100)  # And tanh is at its bounds.
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    seen = Seen(model, optimizer, every=1)
    x = torch.randn(64, 8)
    mlp_step(model, optimizer, x)
    hidden = model[0](x)
    assert seen.value("layer/activation_mean", "0") == pytest.approx(float(hidden.mean()), rel=1e-4)
    assert seen.value("layer/activation_std", "0") == pytest.approx(float(hidden.std(unbiased=False)), rel=1e-4)
    assert seen.value("layer/activation_abs_max", "0") == pytest.approx(float(hidden.abs().max()), rel=1e-5)
    assert seen.value("layer/dead_share", "1") == pytest.approx(float((hidden.relu() == 0).all(0).float().mean()))
    assert seen.value("layer/dead_share", "1") >= 0.25
    assert seen.value("layer/activation_zero_share", "1") == pytest.approx(float((hidden.relu() == 0).float().mean()), abs=1e-6)
    assert seen.value("layer/saturated_share", "3") > 0.8
    assert seen.layers("layer/saturated_share") == ["3"] and seen.layers("layer/dead_share") == ["1"]
    assert {phase: seen.value("layer/non_finite", phase=phase) for phase in ("forward", "backward", "optimizer")} == {
        "forward": 0.0, "backward": 0.0, "optimizer": 0.0,
    }  # fmt: skip


def test_a_relu_called_as_a_function_belongs_to_the_layer_before() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(8, 16), nn.Linear(16, 4)

        def forward(self, x: Any) -> Any:
            return self.fc2(F.relu(self.fc1(x)))

    model = Net()
    with torch.no_grad():
        model.fc1.bias.fill_(-1e3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    seen = Seen(model, optimizer, every=1)
    mlp_step(model, optimizer)
    assert seen.value("layer/dead_share", "fc1") == 1.0


def test_convolutions_count_channels() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8 * 36, 4))
    with torch.no_grad():
        model[0].bias[:2] = -1e3
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    seen = Seen(model, optimizer, every=1)
    optimizer.zero_grad()
    model(torch.randn(4, 3, 8, 8)).sum().backward()
    optimizer.step()
    assert seen.value("layer/dead_share", "1") == pytest.approx(0.25)


def test_adam_update_rms_is_1_at_the_first_step_and_rises_when_gradients_jump() -> None:
    model = nn.Linear(8, 4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    seen = Seen(nn.Sequential(model), optimizer, every=1)
    for step in range(30):
        optimizer.zero_grad()
        (model(torch.ones(2, 8)).sum() * (1000.0 if step == 29 else 1.0)).backward()
        optimizer.step()
    rms = seen.values("layer/update_rms", "0")
    assert rms[0] == pytest.approx(1.0, abs=1e-3) and rms[28] == pytest.approx(1.0, abs=1e-2)
    assert rms[29] > 4


@pytest.mark.parametrize("make", [
    lambda parameters: torch.optim.Adafactor(parameters),
    lambda parameters: torch.optim.Adagrad(parameters),
    lambda parameters: torch.optim.NAdam(parameters),
    lambda parameters: torch.optim.AdamW(parameters, lr=torch.tensor(1e-3)),
])  # fmt: skip
def test_every_optimizer_is_watched(make: Any) -> None:
    model = mlp()
    optimizer = make(model.parameters())
    seen = Seen(model, optimizer, every=1)
    for _ in range(3):
        mlp_step(model, optimizer)
    for name in ("grad_norm", "weight_norm", "update_ratio", "activation_std"):
        assert list(seen.values(f"layer/{name}", "0")) == [0, 1, 2], name


def test_an_optimizer_of_unknown_state_costs_update_rms_alone() -> None:
    class Strange(torch.optim.SGD):
        def __init__(self, parameters: Any) -> None:
            super().__init__(parameters, lr=0.1)
            for group in self.param_groups:
                group["eps"] = "auto"
                self.state.update({p: {"exp_avg_sq": torch.ones_like(p)} for p in group["params"]})

    model = mlp()
    optimizer = Strange(model.parameters())
    seen = Seen(model, optimizer, every=1)
    for _ in range(2):
        mlp_step(model, optimizer)
    assert seen.layers("layer/update_rms") == []
    for name in ("grad_norm", "weight_norm", "update_ratio", "activation_std"):
        assert list(seen.values(f"layer/{name}", "0")) == [0, 1], name


def test_attention_that_does_not_wait_is_measured_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured() -> Dict[str, float]:
        torch.manual_seed(0)
        model = Gpt()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        seen = Seen(model, optimizer, every=1)
        gpt_step(model, optimizer)
        names = ("layer/attention_entropy", "layer/attention_logit_max")
        return {f"{name} {layer}": seen.value(name, layer) for name in names for layer in ("blocks.0.attn", "blocks.1.attn")}

    together = measured()
    monkeypatch.setattr("llmdbg._watch.forward.MAX_SCORES", 0)
    assert measured() == pytest.approx(together, rel=1e-6)


def test_attention_logits_entropy_and_output_logits() -> None:
    model = Gpt()
    with torch.no_grad():
        model.blocks[1].attn.qkv.weight.zero_()
        model.blocks[1].attn.qkv.bias.zero_()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.0)
    seen = Seen(model, optimizer, every=1)
    gpt_step(model, optimizer)
    # With equal scores, row i of a causal mask has entropy log(i + 1).
    even = sum(math.log(i + 1) for i in range(16)) / 16
    assert seen.value("layer/attention_entropy", "blocks.1.attn") == pytest.approx(even, rel=1e-3)
    assert seen.value("layer/attention_logit_max", "blocks.1.attn") == 0.0
    assert seen.value("layer/attention_logit_max", "blocks.0.attn") > 0
    assert 0 < seen.value("layer/attention_entropy", "blocks.0.attn") <= even + 1e-3
    assert seen.value("logits/log_z") == pytest.approx(math.log(31), abs=1.0)
    assert seen.value("logits/abs_max") > 0
    assert seen.layers("layer/attention_entropy") == ["blocks.0.attn", "blocks.1.attn"]


@pytest.mark.parametrize("weights", [True, False])
def test_multi_head_attention_of_pytorch(weights: bool) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix, self.out = nn.MultiheadAttention(16, 2, batch_first=True), nn.Linear(16, 4)

        def forward(self, x: Any) -> Any:
            return self.out(self.mix(x, x, x, need_weights=weights)[0])

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    seen = Seen(model, optimizer, every=1)
    x = torch.randn(1, 10, 16)
    model(x).sum().backward()
    optimizer.step()
    shares = model.mix(x, x, x, average_attn_weights=False)[1]
    entropy = float(-(shares * shares.log()).sum(-1).mean())
    assert seen.value("layer/attention_entropy", "mix") == pytest.approx(entropy, rel=1e-3)


def test_gradients_are_those_before_clipping() -> None:
    model = Gpt()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    seen = Seen(model, optimizer, every=1)
    gpt_step(model, optimizer, clip=1e-4)
    total = math.sqrt(sum(v**2 for s, n, _l, v in seen.points if n == "layer/grad_norm"))
    assert total > 0.1
    clipped = math.sqrt(sum(float(p.grad.square().sum()) for p in model.parameters()))
    assert clipped == pytest.approx(1e-4, rel=1e-2)


def test_inputs_and_the_number_of_classes() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    seen = Seen(model, optimizer, every=1)
    x = 40 * torch.randn(16, 6) + 100
    F.cross_entropy(model(x), torch.randint(0, 5, (16,))).backward()
    optimizer.step()
    assert seen.value("input/mean") == pytest.approx(float(x.mean()), rel=1e-4)
    assert seen.value("input/std") == pytest.approx(float(x.std(unbiased=False)), rel=1e-4)
    assert seen.value("input/abs_max") == pytest.approx(float(x.abs().max()), rel=1e-4)
    assert seen.value("logits/size") == 5


def test_tokens_have_no_scale() -> None:
    model = nn.Sequential(nn.Embedding(11, 8), nn.Linear(8, 11))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    seen = Seen(model, optimizer, every=1)
    model(torch.randint(0, 11, (4, 7))).sum().backward()
    optimizer.step()
    assert not seen.values("input/std")
    assert seen.value("logits/size") == 11


class TestOptimizedParameters:
    def test_layers_that_no_optimizer_holds_are_named(self) -> None:
        model = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 5))
        seen = Seen(model, torch.optim.SGD(model[2].parameters(), lr=0.01))
        assert seen.watch.config["model.optimized_parameters"] == 45
        assert seen.watch.config["model.not_optimized"] == "0, 1"
        assert seen.watch.config["model.not_optimized_layers"] == 2

    def test_frozen_ones_are_not_missed(self) -> None:
        model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 5))
        model[0].requires_grad_(False)
        seen = Seen(model, torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01))
        assert seen.watch.config["model.optimized_parameters"] == 45
        assert "model.not_optimized" not in seen.watch.config

    def test_optimizers_that_hold_copies_tell_nothing(self) -> None:
        model = nn.Linear(6, 8)
        copies = [p.detach().clone().requires_grad_() for p in model.parameters()]
        assert "model.optimized_parameters" not in Seen(model, torch.optim.SGD(copies, lr=0.01)).watch.config

    def test_optimizers_that_were_not_given_are_known_when_they_have_stepped(self) -> None:
        model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 5))
        optimizers = [torch.optim.SGD(part.parameters(), lr=0.01) for part in model]
        told: List[Dict[str, Any]] = []
        seen = Seen(model, emit_config=told.append)
        for step in range(25):
            model(torch.randn(4, 6)).sum().backward()
            for optimizer in optimizers if step > 5 else optimizers[:1]:
                optimizer.step()
        assert [c.get("model.optimized_parameters") for c in told][-1] == 101
        assert all("model.not_optimized" not in config for config in told)
