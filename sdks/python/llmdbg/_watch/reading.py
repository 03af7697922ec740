"""Gets all numbers of a step from the device at once, and makes points of them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch

from .activations import Measure
from .layers import Layer
from .names import Labels, Point

ABSENT = -1.0
"""In a vector with an entry for each layer, of one that has no such number."""


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
        scalars = [i for i, v in enumerate(vectors) if v.device == device and v.dim() == 0]
        rows = [i for i, v in enumerate(vectors) if v.device == device and v.dim() > 0]
        # Mixed kinds of numbers are promoted: one kernel for all scalars, not one for each.
        parts = [torch.stack([vectors[i] for i in scalars]).float()] if scalars else []
        numbers = torch.cat([*parts, *(vectors[i].float().reshape(-1) for i in rows)]).tolist()
        at = 0
        for i in [*scalars, *rows]:
            found[i] = numbers[at : at + vectors[i].numel()]
            at += len(found[i])
    return found


def points_of(
    layers: Sequence[Layer],
    by_layer: Dict[str, Any],
    gradient_counts: Dict[int, int],
    forward: Sequence[Tuple[str, Measure]],
    labels: Callable[..., Labels],
) -> List[Point]:
    """`by_layer`: statistic to a vector with a number for each layer; `forward`: layer and what was measured of it."""
    rows = iter(read([*by_layer.values(), *(value for _path, measure in forward for value in measure.values)]))
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
    for path, measure in forward:
        value = measure.of([number for _ in measure.values for number in next(rows)])
        if measure.name == "non_finite":
            if value > 0:
                points.append(("layer/non_finite", labels(path, phase="forward"), value))
        else:
            points.append((measure.name if "/" in measure.name else f"layer/{measure.name}", labels(path), value))
    return points
