"""Gets all numbers of a step from the device at once, and makes points of them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch

from .activations import ABSENT
from .layers import Layer
from .names import Labels, Point

Named = Tuple[str, str]
"""Series and layer."""


def health(values: List[Any]) -> Tuple[bool, Optional[float]]:
    """Whether all scalars are finite, and the first of them: one transfer."""
    if not values:
        return True, None
    device = values[0].device
    row = torch.stack([v.to(device, torch.float32).reshape(()) for v in values]).tolist()
    return all(v - v == 0 for v in row), row[0]


def read(vectors: Sequence[Any]) -> List[List[float]]:
    """One transfer for each device."""
    found: List[List[float]] = [[] for _ in vectors]
    for device in {v.device for v in vectors}:
        here = [i for i, v in enumerate(vectors) if v.device == device]
        row = torch.cat([vectors[i].float().reshape(-1) for i in here]).tolist()
        at = 0
        for i in here:
            found[i] = row[at : at + vectors[i].numel()]
            at += len(found[i])
    return found


def points_of(
    layers: Sequence[Layer],
    by_layer: Dict[str, Any],
    gradient_counts: Dict[int, int],
    forward: Sequence[Tuple[List[Named], Any]],
    labels: Callable[..., Labels],
) -> List[Point]:
    """`by_layer`: statistic to a vector with a number for each layer; `forward`: names and the numbers of them."""
    rows = iter(read([*by_layer.values(), *(vector for _names, vector in forward)]))
    points: List[Point] = []
    for name in by_layer:
        for i, value in enumerate(next(rows)):
            path = layers[i].path
            if name == "grad_norm":
                if i in gradient_counts:
                    points.append(("layer/grad_norm", labels(path), value))
                    points.append(("layer/grad_rms", labels(path), value / gradient_counts[i] ** 0.5))
            elif name == "bad_gradients":
                if value > 0:
                    points.append(("layer/non_finite", labels(path, phase="backward"), value))
            elif value != ABSENT and layers[i].parameters:
                points.append((f"layer/{name}", labels(path), value))
    for names, _vector in forward:
        for (name, path), value in zip(names, next(rows)):
            if name == "layer/non_finite":
                if value > 0:
                    points.append((name, labels(path, phase="forward"), value))
            elif value != ABSENT or name == "layer/activation_mean":
                points.append((name, labels(path), value))
    return points
