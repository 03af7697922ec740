"""Statistics of what modules put out, as scalars on the device, in the order of NAMES."""

from __future__ import annotations

from typing import Any, List, Optional

import torch

NAMES = (
    "activation_mean",
    "activation_std",
    "activation_zero_share",
    "activation_abs_max",
    "dead_share",
    "saturated_share",
    "non_finite",
)
ABSENT = -1.0
"""In place of a share that the module has not."""

SAMPLE = 4096
"""Numbers that mean, deviation and zeros are taken from: the standard error is about 1.6 % of the deviation."""

RECTIFIERS = {"ReLU", "ReLU6", "Threshold", "ReLUSquaredActivation", "SquaredReLU"}
"""Units that can be 0 for every input. Leaky ones, GELU and SiLU can not."""
SQUASHERS = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Hardtanh": (-1.0, 1.0), "Hardsigmoid": (0.0, 1.0)}
FUNCTIONS = {"relu": "ReLU", "relu_": "ReLU", "relu6": "ReLU6", "tanh": "Tanh", "tanh_": "Tanh", "sigmoid": "Sigmoid", "sigmoid_": "Sigmoid"}
"""The same called as functions."""
NEAR = 0.01
"""To a bound."""


def first_tensor(output: Any) -> Optional[Any]:
    """The tensor in an output that people mean by it: the first floating one, or `last_hidden_state`."""
    if isinstance(output, torch.Tensor):
        return output if output.is_floating_point() and output.numel() > 0 else None
    if hasattr(output, "last_hidden_state"):
        return first_tensor(output.last_hidden_state)
    values = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return next((found for found in map(first_tensor, values) if found is not None), None)


def _thinned(tensor: Any) -> Any:
    """Rows of the last dimension, evenly spread, about SAMPLE numbers in all."""
    rows = tensor.reshape(-1, tensor.shape[-1]) if tensor.dim() > 1 else tensor.reshape(1, -1)
    stride = max(1, tensor.numel() // SAMPLE)
    if stride < rows.shape[0]:
        return rows[::stride]
    return rows[:1, ::max(1, rows.shape[1] // SAMPLE)]


def statistics(output: Any, kind: str, exact_count: bool) -> Any:
    """`kind` is the class name of the activation, or the module's."""
    tensor = output.detach()
    if hasattr(tensor, "_local_tensor"):
        tensor = tensor._local_tensor
    few = _thinned(tensor).float()
    std, mean = torch.std_mean(few, unbiased=False)
    zero = 1 - torch.count_nonzero(few) / few.numel()
    absent = torch.full_like(mean, ABSENT)
    dead = saturated = absent
    if kind in RECTIFIERS:
        units = _units(tensor)
        most = units.abs().amax(0) if kind == "Threshold" else units.amax(0)
        dead = (most == 0).float().mean()
        peak = most.max().float()
    else:
        low, high = torch.aminmax(tensor)
        peak = torch.maximum(high.float(), -low.float())
    if kind in SQUASHERS:
        lower, upper = SQUASHERS[kind]
        saturated = ((few <= lower + NEAR) | (few >= upper - NEAR)).float().mean()
    count = (~torch.isfinite(tensor)).sum().float() if exact_count else absent
    return torch.stack([mean, std, zero, peak, dead, saturated, count])


def _units(tensor: Any) -> Any:
    """One column for each unit: the last dimension, or the channel of an image."""
    if tensor.dim() >= 4:
        return tensor.transpose(1, -1).reshape(-1, tensor.shape[1])
    return tensor.reshape(-1, tensor.shape[-1])


LOGIT_ROWS = 256


def logits_of(output: Any) -> Optional[Any]:
    """The scores over classes or tokens in a model's output; None when there are none to be seen."""
    found = getattr(output, "logits", None)
    if found is None and isinstance(output, dict):
        found = output.get("logits")
    if found is None and isinstance(output, (tuple, list)):
        found = next((part for part in output if isinstance(part, torch.Tensor) and part.dim() >= 2), None)
    if found is None and isinstance(output, torch.Tensor):
        found = output
    if not isinstance(found, torch.Tensor) or not found.is_floating_point():
        return None
    # Images, and a single value for each row, are no logits.
    return found if found.dim() in (2, 3) and found.shape[-1] >= 2 and found.numel() > 0 else None


def logit_statistics(logits: Any) -> List[Any]:
    """Mean log-sum-exp of some rows, and the largest value of all."""
    tensor = logits.detach()
    if hasattr(tensor, "_local_tensor"):
        tensor = tensor._local_tensor
    rows = tensor.reshape(-1, tensor.shape[-1])
    some = rows[:: max(1, rows.shape[0] // LOGIT_ROWS)].float()
    low, high = torch.aminmax(rows)
    return [torch.logsumexp(some, dim=-1).mean(), torch.maximum(high.float(), -low.float())]
