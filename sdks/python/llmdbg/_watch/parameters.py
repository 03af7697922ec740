"""Norms of gradients, weights and updates of all layers: few kernels, no transfer."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from .._guard import guarded
from .layers import Layer

SAMPLE_BYTES = 64 * 1024 * 1024
"""Weights kept from before the step to measure the update. A larger model is sampled evenly."""


NAMED_LAYERS = 8
"""Of those whose parameters no optimizer holds."""

SHORT = 4096
"""Numbers in a vector that is copied rather than asked alone."""

LAG_SAMPLE = 4096
"""Numbers of each parameter that the second moment's lag is taken from."""


def local(tensor: Any) -> Any:
    """This rank's part of a DTensor: asking for the whole would be a collective, which can hang."""
    return tensor._local_tensor if hasattr(tensor, "_local_tensor") else tensor


def plain(tensor: Any) -> Any:
    tensor = local(tensor.detach())
    return real(tensor.coalesce().values() if tensor.is_sparse else tensor)


def real(tensor: Any) -> Any:
    """Complex numbers as pairs, which have the same norm."""
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor


def norms(tensors: Sequence[Any]) -> List[Any]:
    """L2 norms in float32 as scalars on their devices. Half precision would overflow at 65504."""
    if all(tensor.dtype in (torch.float32, torch.float64) for tensor in tensors):
        return list(torch._foreach_norm(list(tensors)))
    return [torch.linalg.vector_norm(tensor, dtype=torch.float32) for tensor in tensors]


class AllGradients:
    """The norm of all of them together, at every step."""

    def __init__(self, parameters: Sequence[Any]) -> None:
        # On a CPU a kernel for each bias and scale costs more than to copy them into one; a GPU has one kernel for all.
        short = [p.dim() == 1 and p.numel() <= SHORT and p.is_cpu and not hasattr(p, "_local_tensor") for p in parameters]
        self._short = [p for p, is_short in zip(parameters, short) if is_short]
        self._others = [p for p, is_short in zip(parameters, short) if not is_short]

    def norm(self) -> Optional[Any]:
        """None where there are none."""
        gradients = [g for g in [p.grad for p in self._others] if g is not None]
        short = [g for g in [p.grad for p in self._short] if g is not None]
        if not gradients and not short:
            return None
        try:
            found = list(torch._foreach_norm(gradients)) if gradients else []
            if short:
                found.append(torch.linalg.vector_norm(torch.cat(short), dtype=torch.float32))
            # Those of complex numbers are real.
            return torch.linalg.vector_norm(torch.stack(found), dtype=torch.float32)
        except (RuntimeError, NotImplementedError):  # Sparse ones, parts of a whole, several devices or kinds of numbers.
            return together(norms([g for g in map(plain, [*gradients, *short]) if g.numel() > 0]))


def each_norm(parameters: Sequence[Any]) -> Dict[int, Any]:
    """Of every gradient, by the id of its parameter."""
    have = [(id(p), plain(p.grad)) for p in parameters if p.grad is not None]
    have = [(key, g) for key, g in have if g.numel() > 0]
    return dict(zip([key for key, _ in have], norms([g for _, g in have])))


def together(found: Sequence[Any]) -> Optional[Any]:
    """The norm of norms."""
    if not found:
        return None
    device = found[0].device
    return torch.linalg.vector_norm(torch.stack([n.to(device, torch.float32) for n in found]))


def outside(parameters: Sequence[Tuple[str, Any]], optimizers: Sequence[Any]) -> Dict[str, Any]:
    """Trainable parameters that no optimizer holds. Says nothing where optimizers hold copies (flat or sharded ones)."""
    held = {id(p) for optimizer in optimizers for group in getattr(optimizer, "param_groups", []) for p in group["params"]}
    trainable = [(name, p) for name, p in parameters if p.requires_grad]
    left = [(name, p) for name, p in trainable if id(p) not in held]
    if not left or len(left) == len(trainable):
        return {"model.optimized_parameters": sum(p.numel() for _, p in trainable)} if trainable and not left else {}
    layers = list(dict.fromkeys(name.rpartition(".")[0] or name for name, _ in left))
    return {
        "model.optimized_parameters": sum(p.numel() for _, p in trainable) - sum(p.numel() for _, p in left),
        "model.not_optimized": ", ".join(layers[:NAMED_LAYERS]),
        "model.not_optimized_layers": len(layers),
    }


class Parts(NamedTuple):
    """One number of each parameter (`vector`, on the device), and the layers that these belong to."""

    layers: List[int]
    vector: Any

    def summed(self, numbers: Sequence[float]) -> Dict[int, float]:
        """By layer."""
        found: Dict[int, float] = {}
        for layer, n in zip(self.layers, numbers):
            found[layer] = found.get(layer, 0.0) + n
        return found

    def squared(self, numbers: Sequence[float]) -> Dict[int, float]:
        """Sums of squares."""
        return self.summed([n * n for n in numbers])


class Lag(NamedTuple):
    shares: Parts
    """Sums of g^2 / v_hat."""
    counts: Dict[int, int]
    """Of how many numbers, by layer."""


class Update(NamedTuple):
    moved: Parts
    size: Parts
    """Norms of the change, and of the same numbers before it."""
    lag: Optional[Lag]


class ParameterStatistics:
    """Of the layers' own parameters: norms on the device, summed by layer once all of a step have been read."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        # Those of quantised weights are integers, which have no norm.
        own = [(i, p) for i, layer in enumerate(layers) for p in layer.parameters if p.is_floating_point() or p.is_complex()]
        self._index, self._parameters = [i for i, _ in own], [p for _, p in own]
        total = sum(local(p).numel() * p.element_size() for p in self._parameters)
        self._stride = max(1, -(-total // SAMPLE_BYTES))
        self._before: Dict[int, Any] = {}

    def gradients(self, known: Optional[Dict[int, Any]] = None) -> Tuple[Optional[Parts], Dict[int, int]]:
        """Norms, and how many numbers each layer's gradient has. `known`: parameter id to a norm that there is already."""
        have = [(i, p, plain(p.grad)) for i, p in zip(self._index, self._parameters) if p.grad is not None]
        have = [(i, p, g) for i, p, g in have if g.numel() > 0]
        counts: Dict[int, int] = {}
        for i, _, gradient in have:
            counts[i] = counts.get(i, 0) + gradient.numel()
        if known is None:
            found = norms([g for _, _, g in have])
        else:
            found = [known[id(p)] for _, p, _ in have]
        return _parts([i for i, _, _ in have], found), counts

    def bad_gradients(self) -> Optional[Parts]:
        """How many numbers of each layer's gradient are not finite; asked only when some are not."""
        have = [(i, plain(p.grad)) for i, p in zip(self._index, self._parameters) if p.grad is not None]
        have = [(i, g) for i, g in have if g.numel() > 0]
        return _parts([i for i, _ in have], [(~torch.isfinite(g)).sum() for _, g in have])

    def weights(self) -> Optional[Parts]:
        have = [(i, plain(p)) for i, p in zip(self._index, self._parameters) if local(p).numel() > 0]
        return _parts([i for i, _ in have], norms([w for _, w in have]))

    def before_step(self) -> None:
        """Copies the weights, or an even sample of them, of what the optimizer is about to change."""
        order = [n for n, p in enumerate(self._parameters) if p.grad is not None and local(p).numel() > 0]
        self._before = {n: self._sample(self._parameters[n]).clone() for n in order}

    def after_step(self, optimizers: Sequence[Any]) -> Optional[Update]:
        before, self._before = self._before, {}
        if not before:
            return None
        order, old = list(before), list(before.values())
        index = [self._index[n] for n in order]
        size = _parts(index, norms(old))
        # In their own place: fresh memory costs more than the difference.
        for n, was in before.items():
            was.sub_(self._sample(self._parameters[n]))
        moved = _parts(index, norms(old))
        if moved is None or size is None:
            return None
        return Update(moved, size, self._second_moment_lag(optimizers, order))

    @guarded
    def _second_moment_lag(self, optimizers: Sequence[Any], order: List[int]) -> Optional[Lag]:
        """Of sqrt(mean(g^2 / v_hat)), 1 where v follows the gradient (Wortsman et al. 2023, arXiv 2304.13013)."""
        groups = {id(p): (o, group) for o in optimizers for group in o.param_groups for p in group["params"]}
        rows: Dict[Tuple[float, float], List[Tuple[int, Any, Any]]] = {}
        """Layer, v and g, by what v is multiplied by and eps^2, below which the optimizer does not divide by v."""
        for n in order:
            parameter = self._parameters[n]
            optimizer, group = groups.get(id(parameter), (None, {}))
            state = {} if optimizer is None else optimizer.state.get(parameter, {})
            second = state.get("exp_avg_sq")
            if second is None or parameter.grad is None or parameter.grad.is_sparse:
                continue
            if tuple(local(second).shape) != tuple(local(parameter).shape):
                continue  # A factored or quantised one.
            scale, floor = _divisor(group, state.get("step"))
            rows.setdefault((scale, floor), []).append((self._index[n], second, parameter.grad))
        if not rows or len({local(t).device for row in rows.values() for _, *pair in row for t in pair}) > 1:
            return None
        sums: List[Any] = []
        layers: List[int] = []
        counts: Dict[int, int] = {}
        for (scale, floor), row in rows.items():
            g = [_few(self._sample(gradient)) for _, _, gradient in row]
            v = torch.cat([_few(self._sample(second)) for _, second, _ in row]).float()
            shares = torch.cat(g).float().square_().div_(v.mul_(scale).clamp_min_(floor))
            sums += [part.sum() for part in shares.split([one.numel() for one in g])]
            layers += [i for i, _, _ in row]
            for (i, _, _), one in zip(row, g):
                counts[i] = counts.get(i, 0) + one.numel()
        return Lag(Parts(layers, torch.stack(sums)), counts)

    def _sample(self, tensor: Any) -> Any:
        flat = real(local(tensor.detach())).reshape(-1)
        return flat if self._stride == 1 or flat.numel() <= 4096 else flat[:: self._stride]


def _few(flat: Any) -> Any:
    return flat if flat.numel() <= LAG_SAMPLE else flat[:: flat.numel() // LAG_SAMPLE]


def _parts(layers: List[int], scalars: List[Any]) -> Optional[Parts]:
    if not scalars:
        return None
    device = scalars[0].device
    alike = all(s.device == device and s.dtype == torch.float32 for s in scalars)
    return Parts(layers, torch.stack(scalars if alike else [s.to(device, torch.float32) for s in scalars]))


def _divisor(group: Dict[str, Any], step: Any) -> Tuple[float, float]:
    """What v is multiplied by to be free of its start at 0, and its least value."""
    eps = group.get("eps", 1e-8)
    if isinstance(eps, (tuple, list)):
        # Adafactor and CAME: the first is added to g^2 before it is averaged, and nothing is corrected.
        return 1.0, float(eps[0] or 0.0) or TINY
    betas = group.get("betas") or (0.0, 0.0)
    beta2 = float(betas[1]) if len(betas) > 1 else 0.0
    # The count of a capturable optimizer is on the device: reading it would be one more transfer.
    steps = None if step is None or getattr(step, "is_cuda", False) else float(step)
    scale = 1.0 if steps is None or not 0 < beta2 < 1 else 1 / (1 - beta2 ** max(steps, 1))
    return scale, float(eps or 0.0) ** 2 or TINY


TINY = 1e-30
