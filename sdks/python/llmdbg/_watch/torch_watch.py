"""Watches a PyTorch model while it trains. Knows neither run nor server: what it finds goes to `emit`."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import torch
import torch.optim.optimizer as torch_optimizer

from .._guard import guarded, say_once
from . import clip
from .cadence import Cadence
from .calls import Calls, probe
from .forward import Forward
from .layers import Choice, choose, owner_of, unwrapped
from .locate import locate, record_body
from .names import Point
from .parameters import ParameterStatistics, local, plain, total_norm

Emit = Callable[[int, int, List[Point]], None]
EmitRecord = Callable[[Dict[str, Any]], None]

SURGE = 4.0
"""Times its running mean that the gradient norm counts as an anomaly; spikes that lead to trouble are 4 and more
(BLOOM-176B's began with .242 -> .947). It only makes llmdbg look closer, so that a false one costs a few steps."""
SURGE_AFTER = 10
"""Steps before the running mean is one."""
MEMORY = 0.9
MAX_REPORTS = 5
"""Of first non-finite tensors in one run; each runs a forward again."""
HASH_EVERY = 10
"""Watched steps between two hashes of the parameters."""


class TorchWatch:
    """Begins at once. Every method that the training loop runs through is guarded: a failure is said once."""

    def __init__(
        self,
        model: Any,
        optimizer: Any = None,
        *,
        emit: Emit,
        emit_record: Optional[EmitRecord] = None,
        every: Optional[int] = None,
        layers: Choice = None,
        first_step: int = 0,
        activations: bool = True,
        attention: bool = True,
        logits: bool = True,
        replay: bool = True,
    ) -> None:
        self.model = model
        self.step = first_step
        """The number of the next optimizer step. May be set, for instance after a resume."""
        self._emit, self._emit_record = emit, emit_record
        self._chosen = choose(model, layers)
        self._owners = owner_of(self._chosen)
        self._statistics = ParameterStatistics(self._chosen.watched)
        self._cadence = Cadence(every, first_step)
        self._calls = Calls()
        self._sharded = _is_sharded(model)
        self._rank, self._ranks = _rank()
        self._replay = replay and not self._sharded
        self._logits = logits
        self._optimizers = [] if optimizer is None else list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
        self._given = bool(self._optimizers)
        self._optimizer_name = type(self._optimizers[0]).__name__ if self._given else ""
        self._forward = Forward(self, self._chosen, activations, attention, self._sharded)
        self._own_seconds = 0.0
        self._ended = 0.0
        self._norms: List[Any] = []
        self._clipped: Optional[Dict[str, Any]] = None
        self._checked = False
        self._log_mean: Optional[float] = None
        self._seen = 0
        self._steps = 0
        self._stepped: Dict[int, int] = {}
        self._reports = 0
        self._sick_since: Optional[int] = None
        self._said_zero = False
        self._hashes = 0
        self._full = True
        self._handles = [
            torch_optimizer.register_optimizer_step_pre_hook(self._before_step),
            torch_optimizer.register_optimizer_step_post_hook(self._after_step),
        ]
        clip.tell(self)
        self._forward.prepare(self._full)

    # What the forward asks.

    @property
    def calls(self) -> Calls:
        return self._calls

    def spent(self, seconds: float) -> None:
        self._own_seconds += seconds

    @property
    def has_stepped(self) -> bool:
        return self._steps > 0

    @property
    def wants_logits(self) -> bool:
        return self._logits

    @property
    def is_sick(self) -> bool:
        return self._sick_since is not None

    @property
    def every(self) -> int:
        return self._cadence.every

    @property
    def config(self) -> Dict[str, Any]:
        parameters = list(self.model.parameters())
        values: Dict[str, Any] = {
            "llmdbg.watch.layers": len(self._chosen.watched),
            "llmdbg.watch.every": "auto" if not self._cadence.is_fixed else self._cadence.every,
            "llmdbg.watch.by_block": self._chosen.by_block,
            "llmdbg.watch.activations": self._forward.says,
            "llmdbg.watch.sharded": self._sharded,
            "model.class": type(unwrapped(self.model)).__name__,
            "model.parameters": sum(p.numel() for p in parameters),
            "model.trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
        }
        if self._chosen.left_out:
            values["llmdbg.watch.layers_left_out"] = self._chosen.left_out
        if self._optimizer_name:
            values["llmdbg.watch.optimizer"] = self._optimizer_name
        return values

    @guarded
    def close(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        clip.forget(self)
        self._forward.close()
        self._calls.clear()

    # One optimizer step.

    def _is_mine(self, optimizer: Any) -> bool:
        if any(optimizer is known or optimizer is getattr(known, "optimizer", None) for known in self._optimizers):
            return True
        if self._given:
            return False
        mine = any(id(p) in self._owners for group in optimizer.param_groups for p in group["params"])
        if mine:
            self._optimizers.append(optimizer)
            self._optimizer_name = self._optimizer_name or type(optimizer).__name__
        return mine

    @guarded
    def before_clipping(self, gradients: Sequence[Any], total: Optional[Any]) -> None:
        begin = time.perf_counter()
        mine = {id(p.grad) for p in self.model.parameters() if p.grad is not None}
        if any(id(gradient) in mine for gradient in gradients):
            self._check(None if total is None else [local(total.detach())], total is None)
        self._own_seconds += time.perf_counter() - begin

    @guarded
    def _before_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if not self._is_mine(optimizer):
            return
        begin = time.perf_counter()
        with torch.no_grad():
            if not self._checked:
                scale = getattr(optimizer, "grad_scale", None)
                # A scaler hands its scale to fused optimizers, which skip the step themselves when it overflows.
                if scale is None:
                    self._check(None, False)
            if self._full:
                self._statistics.before_step()
        self._own_seconds += time.perf_counter() - begin

    @guarded
    def _after_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if not self._is_mine(optimizer) or (len(self._optimizers) > 1 and optimizer is not self._optimizers[0]):
            return
        begin = time.perf_counter()
        with torch.no_grad():
            if self._full:
                self._report(optimizer)
        self._stepped = {key: p._version for key, p in self._parameters().items()}
        self._finish_step(begin)

    def _finish_step(self, begin: float) -> None:
        was_full = self._full
        if was_full:
            self._cadence.watched(self.step)
        self.step += 1
        self._steps += 1
        self._full = self._cadence.is_due(self.step)
        self._forward.prepare(self._full)
        self._calls.clear()
        self._norms, self._clipped, self._checked = [], None, False
        now = time.perf_counter()
        own = self._own_seconds + now - begin
        if self._ended:
            self._cadence.cost(own if was_full else None, now - self._ended - own)
        self._ended, self._own_seconds = now, 0.0

    def _parameters(self) -> Dict[int, Any]:
        return {id(p): p for p in self.model.parameters()}

    def _check(self, norms: Optional[List[Any]], known_bad: bool) -> None:
        """One number comes from the device: is anything of this step not finite, and how large is the gradient."""
        self._checked = True
        if norms is None and not known_bad:
            gradients = [plain(p.grad) for p in self.model.parameters() if p.grad is not None]
            total = total_norm(gradients)
            norms = [] if total is None else [total]
        values = [*(norms or []), *(c.probe for c in self._calls.list if c.probe is not None), *self._forward.probes()]
        worst, norm = _transfer(values, len(norms or []))
        self._surge(norm)
        if known_bad or not worst:
            self._sick()
        elif self._sick_since is not None:
            self._sick_since = None
        if self._full:
            vector, counts = self._statistics.gradients()
            self._clipped = {"grad_norm": vector, "counts": counts}

    def _surge(self, norm: Optional[float]) -> None:
        if norm is None or norm != norm or norm in (float("inf"), 0.0):
            return
        mean = self._log_mean
        if mean is not None and self._seen >= SURGE_AFTER and norm > SURGE * mean:
            # This step's gradients are still there; its forward has gone, the next ones are watched.
            self._full = True
            self._cadence.alarm(self.step)
        self._seen += 1
        # Geometric, so that one spike does not hide the next.
        self._log_mean = norm if mean is None else mean ** MEMORY * norm ** (1 - MEMORY)

    def _sick(self) -> None:
        self._full = True
        self._cadence.alarm(self.step)
        first = self._sick_since is None
        if first:
            self._sick_since = self.step
        if not first or self._reports >= MAX_REPORTS or self._emit_record is None:
            return
        self._reports += 1
        if self._replay:
            origin = locate(self.model, self._chosen.names, self._owners, self._calls.list, self._stepped)
        else:
            origin = self._forward.origin() or locate(self.model, self._chosen.names, self._owners, [], self._stepped)
        if origin is None:
            return
        step = self.step - 1 if origin.phase == "optimizer" else self.step
        now = time.time() * 1000
        self._emit_record(record_body(origin, step, now, self._label_rank()))
        points = [
            ("layer/non_finite", self._labels(path, phase=phase), float(count))
            for phase, layers in origin.counts.items()
            for path, count in layers.items()
        ]
        if origin.phase == "optimizer":
            points.append(("layer/non_finite", self._labels(origin.layer, phase="optimizer"), float(origin.numbers.count)))
        if points:
            self._emit(step, int(now), points)

    def _label_rank(self) -> Optional[int]:
        return self._rank if self._ranks > 1 else None

    def _labels(self, path: str, **more: str) -> Dict[str, str]:
        labels = {"layer": path, **more} if path else dict(more)
        # A part of the numbers only, or those of this rank's own batch.
        if self._ranks > 1 and (self._sharded or self._rank > 0):
            labels["rank"] = str(self._rank)
        return labels

    def _report(self, optimizer: Any) -> None:
        """All numbers of a watched step in one transfer."""
        if self._ranks > 1 and self._rank > 0 and not self._sharded:
            return  # Replicated: rank 0 says the same.
        vectors: Dict[str, Any] = {}
        counts: Dict[int, int] = {}
        if self._clipped is not None:
            counts = self._clipped["counts"]
            vectors["grad_norm"] = self._clipped["grad_norm"]
        vectors["weight_norm"] = self._statistics.weights()
        vectors.update(self._statistics.after_step(optimizer))
        vectors = {name: vector for name, vector in vectors.items() if vector is not None}
        forward = self._forward.collected()
        read = iter(_read([*vectors.values(), *(vector for _names, vector in forward)]))
        points: List[Point] = []
        for name in vectors:
            for i, value in enumerate(next(read)):
                if name == "grad_norm" and i in counts:
                    points.append(("layer/grad_norm", self._labels(self._path(i)), value))
                    points.append(("layer/grad_rms", self._labels(self._path(i)), value / counts[i] ** 0.5))
                elif name != "grad_norm" and value != -1.0 and self._chosen.watched[i].parameters:
                    points.append((f"layer/{name}", self._labels(self._path(i)), value))
        for names, _vector in forward:
            for (name, path), value in zip(names, next(read)):
                if value != -1.0 or name.endswith("_mean"):
                    points.append((name, self._labels(path), value))
        points = [p for p in points if p[0] != "layer/non_finite" or p[2] > 0]
        for point in points:
            if point[0] == "layer/non_finite":
                point[1]["phase"] = "forward"
        if not self._said_zero:
            self._said_zero = True
            points += [("layer/non_finite", self._labels("", phase=phase), 0.0) for phase in ("forward", "backward", "optimizer")]
        if points:
            self._emit(self.step, int(time.time() * 1000), points)

    def _path(self, i: int) -> str:
        return self._chosen.watched[i].path


def _transfer(values: List[Any], norms: int) -> Tuple[bool, Optional[float]]:
    """Whether all are finite, and the first, where `norms` of them are norms of gradients."""
    if not values:
        return True, None
    device = values[0].device
    row = torch.stack([v.to(device, torch.float32).reshape(()) for v in values]).tolist()
    finite = all(v - v == 0 for v in row)
    return finite, row[0] if norms else None


def _read(vectors: List[Any]) -> List[List[float]]:
    found: List[List[float]] = [[] for _ in vectors]
    for device in {v.device for v in vectors}:
        here = [i for i, v in enumerate(vectors) if v.device == device]
        row = torch.cat([vectors[i].float().reshape(-1) for i in here]).tolist()
        for i in here:
            n = vectors[i].numel()
            found[i], row = row[:n], row[n:]
    return found


def _rank() -> Tuple[int, int]:
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    return (int(rank), int(size)) if rank.isdigit() and size.isdigit() else (0, 1)


def _is_sharded(model: Any) -> bool:
    """Its forward is a collective, or its parameters are parts: neither may be asked of one rank alone."""
    if any(hasattr(p, "_local_tensor") or hasattr(p, "ds_id") for p in model.parameters()):
        return True
    kinds = {type(module).__name__ for module in model.modules()}
    return bool(kinds & {"FullyShardedDataParallel", "SyncBatchNorm"}) or any(k.startswith("FSDP") for k in kinds)


Optimizers = Union[None, Any, Sequence[Any]]
__all__ = ["TorchWatch", "probe", "say_once"]
