"""Norms of gradients, weights and updates of all layers at once: few kernels, no transfer."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch

from .layers import Layer

SAMPLE_BYTES = 64 * 1024 * 1024
"""Weights kept from before the step to measure the update. A larger model is sampled evenly."""


NAMED_LAYERS = 8
"""Of those whose parameters no optimizer holds."""

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


def total_norm(parameters: Sequence[Any]) -> Optional[Any]:
    """Of all gradients together; None where there are none. Runs at every step."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return None
    if any(gradient.is_complex() for gradient in gradients):
        gradients = [plain(gradient) for gradient in gradients]
    try:
        return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)), dtype=torch.float32)
    except (RuntimeError, NotImplementedError):  # Sparse ones, parts of a whole, or several devices.
        found = norms([g for g in map(plain, gradients) if g.numel() > 0])
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


class ParameterStatistics:
    """Of the layers' own parameters. Each method answers one vector with an entry for each layer."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        # Those of quantised weights are integers, which have no norm.
        own = [(i, p) for i, layer in enumerate(layers) for p in layer.parameters if p.is_floating_point() or p.is_complex()]
        self._index, self._parameters = [i for i, _ in own], [p for _, p in own]
        total = sum(local(p).numel() * p.element_size() for p in self._parameters)
        self._stride = max(1, -(-total // SAMPLE_BYTES))
        self._before: Dict[int, Any] = {}

    def _by_layer(self, values: List[Tuple[int, Any]]) -> Optional[Any]:
        """Sums values of parameters (index of the layer, scalar) over their layer."""
        if not values:
            return None
        device = values[0][1].device
        stacked = torch.stack([value.to(device, torch.float32) for _, value in values])
        index = torch.tensor([i for i, _ in values], device=device)
        return torch.zeros(len(self._layers), device=device).index_add_(0, index, stacked)

    def gradients(self, scale: float = 1.0) -> Tuple[Optional[Any], Dict[int, int]]:
        """Norms, and how many numbers each layer's gradient has."""
        have = [(i, plain(p.grad)) for i, p in zip(self._index, self._parameters) if p.grad is not None]
        have = [(i, g) for i, g in have if g.numel() > 0]
        counts: Dict[int, int] = {}
        for i, gradient in have:
            counts[i] = counts.get(i, 0) + gradient.numel()
        squares = _squares([g for _, g in have])
        summed = self._by_layer([(i, square) for (i, _), square in zip(have, squares)])
        return (None if summed is None else summed.sqrt() * scale), counts

    def bad_gradients(self) -> Optional[Any]:
        """How many numbers of each layer's gradient are not finite; asked only when some are not."""
        have = [(i, plain(p.grad)) for i, p in zip(self._index, self._parameters) if p.grad is not None]
        return self._by_layer([(i, (~torch.isfinite(g)).sum()) for i, g in have if g.numel() > 0])

    def weights(self) -> Optional[Any]:
        have = [(i, plain(p)) for i, p in zip(self._index, self._parameters) if local(p).numel() > 0]
        squares = _squares([w for _, w in have])
        summed = self._by_layer([(i, square) for (i, _), square in zip(have, squares)])
        return None if summed is None else summed.sqrt()

    def before_step(self) -> None:
        """Copies the weights, or an even sample of them, of what the optimizer is about to change."""
        self._before = {
            n: self._sample(p).clone()
            for n, p in enumerate(self._parameters)
            if p.grad is not None and local(p).numel() > 0
        }

    def after_step(self, optimizers: Sequence[Any]) -> Dict[str, Any]:
        """`update_ratio` and, for optimizers of Adam's kind, `update_rms`."""
        found: Dict[str, Any] = {}
        order = list(self._before)
        if not order:
            return found
        now = [self._sample(self._parameters[n]) for n in order]
        old = [self._before[n] for n in order]
        index = [self._index[n] for n in order]
        moved = self._by_layer(list(zip(index, _squares([a - b for a, b in zip(now, old)]))))
        size = self._by_layer(list(zip(index, _squares(old))))
        if moved is not None and size is not None:
            # A layer that starts at 0 (a bias, LoRA's B) has no ratio yet.
            found["update_ratio"] = torch.where(size > 0, (moved / size).sqrt(), torch.full_like(size, -1.0))
        lag = self._second_moment_lag(optimizers, order)
        if lag is not None:
            found["update_rms"] = lag
        self._before = {}
        return found

    def _second_moment_lag(self, optimizers: Sequence[Any], order: List[int]) -> Optional[Any]:
        """sqrt(mean(g^2 / v_hat)), 1 where v follows the gradient (Wortsman et al. 2023, arXiv 2304.13013)."""
        groups = {id(p): (o, group) for o in optimizers for group in o.param_groups for p in group["params"]}
        seconds: List[Any] = []
        gradients: List[Any] = []
        rows: List[Tuple[int, int, float, float]] = []
        """Layer, how many numbers, what v is multiplied by, and eps^2, below which the optimizer does not divide by v."""
        for n in order:
            parameter = self._parameters[n]
            optimizer, group = groups.get(id(parameter), (None, {}))
            state = {} if optimizer is None else optimizer.state.get(parameter, {})
            second, step = state.get("exp_avg_sq"), state.get("step")
            if second is None or parameter.grad is None or parameter.grad.is_sparse:
                continue
            if tuple(local(second).shape) != tuple(local(parameter).shape):
                continue  # A factored or quantised one.
            beta2 = group.get("betas", (0, 0))[1]
            # The count of a capturable optimizer is on the device: reading it would be one more transfer.
            steps = None if step is None or getattr(step, "is_cuda", False) else float(step)
            correction = 1.0 if steps is None or not 0 < beta2 < 1 else 1 - beta2 ** max(steps, 1)
            seconds.append(_few(self._sample(second)))
            gradients.append(_few(self._sample(parameter.grad)))
            rows.append((self._index[n], seconds[-1].numel(), 1 / correction, float(group.get("eps", 1e-8)) ** 2 or 1e-30))
        if not rows or len({t.device for t in [*seconds, *gradients]}) > 1:
            return None
        layer, sizes, scales, floors = (torch.tensor(column) for column in zip(*rows))
        v, g = torch.cat(seconds).float(), torch.cat(gradients).float()
        layer, scale, floor = (torch.repeat_interleave(c, sizes).to(v.device) for c in (layer, scales, floors))
        share = g.square_() / torch.maximum(v * scale, floor)
        total = torch.zeros(len(self._layers), device=v.device).index_add_(0, layer, share)
        count = torch.bincount(layer, minlength=len(self._layers))
        return torch.where(count > 0, (total / count).sqrt(), torch.full_like(total, -1.0))

    def _sample(self, tensor: Any) -> Any:
        flat = real(local(tensor.detach())).reshape(-1)
        return flat if self._stride == 1 or flat.numel() <= 4096 else flat[:: self._stride]


def _few(flat: Any) -> Any:
    return flat if flat.numel() <= LAG_SAMPLE else flat[:: flat.numel() // LAG_SAMPLE]


def _squares(tensors: List[Any]) -> List[Any]:
    return [] if not tensors else [norm.square() for norm in norms(tensors)]
