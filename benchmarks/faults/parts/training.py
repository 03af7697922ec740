"""Schedules, clipping, the emulated half-precision loss scale, and the batches of every program."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn


def schedule(kind: str, warmup: int, total: int) -> Callable[[int], float]:
    """The factor on the peak learning rate at step `step` (1 is the first)."""

    def factor(step: int) -> float:
        if warmup and step <= warmup:
            return step / warmup
        progress = min(1.0, (step - warmup) / max(1, total - warmup))
        if kind == "linear":
            return max(0.0, 1.0 - progress)
        if kind == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * progress))
        if kind == "cosine_with_restarts":
            # Three cycles, each from the peak.
            return 0.5 * (1.0 + math.cos(math.pi * (progress * 3 % 1.0)))
        if kind == "wsd":
            return 1.0 if progress < 0.8 else max(0.0, 1.0 - (progress - 0.8) / 0.2)
        if kind == "step":
            return 0.1 ** (int(progress >= 0.5) + int(progress >= 0.8))
        assert kind == "constant", kind
        return 1.0

    return factor


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


def clip(parameters: Any, limit: float) -> float:
    """The norm of the gradients before they are clipped; a limit of 0 does not clip."""
    return float(nn.utils.clip_grad_norm_(parameters, limit if limit > 0 else math.inf))


class LossScaler:
    """Dynamic loss scaling as GradScaler and DeepSpeed do it, emulated: gradients are multiplied by the
    scale and must fit into fp16; a step that overflows is left out and the scale is halved."""

    def __init__(self, scale: float = 65536.0, interval: int = 50, lowest: float = 1.0):
        self.scale, self.interval, self.lowest = scale, interval, lowest
        self.good = 0

    def fits(self, parameters: list[nn.Parameter]) -> bool:
        highest = torch.finfo(torch.float16).max
        for parameter in parameters:
            if parameter.grad is None:
                continue
            largest = float(parameter.grad.abs().max()) * self.scale
            if not largest <= highest:
                return False
        return True

    def update(self, is_fit: bool) -> None:
        if not is_fit:
            self.scale, self.good = max(self.lowest, self.scale / 2), 0
            return
        self.good += 1
        if self.good % self.interval == 0:
            self.scale *= 2


def shuffled(count: int, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Indices of batches for ever, each epoch in a new order."""
    while True:
        order = torch.randperm(count, generator=generator)
        for start in range(0, count - size + 1, size):
            yield order[start:start + size]
