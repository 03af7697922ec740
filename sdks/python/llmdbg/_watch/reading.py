"""Gets all numbers of a step from the device at once, and makes points of them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from .activations import Batch, Measure
from .layers import Layer
from .names import Labels, Point
from .parameters import Parts, Update

class Measured(NamedTuple):
    """Of the parameters in a watched step."""

    gradients: Optional[Parts]
    gradient_counts: Dict[int, int]
    bad_gradients: Optional[Parts]
    weights: Optional[Parts]
    update: Optional[Update]


def health(values: List[Any]) -> Tuple[bool, Optional[float]]:
    """Whether all scalars are finite, and the first of them: one transfer."""
    if not values:
        return True, None
    device = values[0].device
    if any(v.device != device or v.dtype != torch.float32 or v.dim() for v in values):
        values = [v.to(device, torch.float32).reshape(()) for v in values]
    row = torch.stack(values).tolist()
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
    measured: Measured,
    forward: Sequence[Tuple[str, Measure]],
    batches: Sequence[Batch],
    labels: Callable[..., Labels],
) -> List[Point]:
    """`forward`: layer and what was measured of it; `batches`: the same of many layers at once."""
    update = measured.update
    lag = None if update is None else update.lag
    parts = [
        measured.gradients, measured.bad_gradients, measured.weights,
        None if update is None else update.moved, None if update is None else update.size, None if lag is None else lag.shares,
    ]  # fmt: skip
    vectors = [part.vector for part in parts if part is not None] + [batch.vector for batch in batches]
    rows = iter(read([*vectors, *(value for _path, measure in forward for value in measure.values)]))
    gradients, bad, weights, moved, size, shares = ([] if part is None else next(rows) for part in parts)
    named = {i: layer.path for i, layer in enumerate(layers) if layer.parameters}
    points: List[Point] = []
    if measured.gradients is not None:
        for i, square in measured.gradients.squared(gradients).items():
            points.append(("layer/grad_norm", labels(named[i]), square**0.5))
            points.append(("layer/grad_rms", labels(named[i]), (square / measured.gradient_counts[i]) ** 0.5))
    if measured.bad_gradients is not None:
        for i, count in measured.bad_gradients.summed(bad).items():
            if count > 0:
                points.append(("layer/non_finite", labels(named[i], phase="backward"), count))
    if measured.weights is not None:
        squares = measured.weights.squared(weights)
        points += [("layer/weight_norm", labels(path), squares.get(i, 0.0) ** 0.5) for i, path in named.items()]
    if update is not None:
        before = update.size.squared(size)
        for i, square in update.moved.squared(moved).items():
            # A layer that starts at 0 (a bias, LoRA's B) has no ratio yet.
            if before[i] > 0:
                points.append(("layer/update_ratio", labels(named[i]), (square / before[i]) ** 0.5))
    if lag is not None:
        for i, total in lag.shares.summed(shares).items():
            points.append(("layer/update_rms", labels(named[i]), (total / lag.counts[i]) ** 0.5))
    for batch in batches:
        points += [(f"layer/{batch.name}", labels(path), value) for path, value in zip(batch.paths, next(rows))]
    for path, measure in forward:
        value = measure.of([number for _ in measure.values for number in next(rows)])
        if measure.name == "non_finite":
            if value > 0:
                points.append(("layer/non_finite", labels(path, phase="forward"), value))
        else:
            points.append((measure.name if "/" in measure.name else f"layer/{measure.name}", labels(path), value))
    return points
