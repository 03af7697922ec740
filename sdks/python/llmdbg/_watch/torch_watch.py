"""Watches a PyTorch model while it trains. Knows neither run nor server: what it finds goes to `emit`."""

from __future__ import annotations

import time
import weakref
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.optim.optimizer as torch_optimizer

from .._guard import guarded
from . import clip
from .cadence import Cadence
from .calls import Calls
from .forward import Forward
from .layers import Choice, choose, owner_of, unwrapped
from .locate import locate, record_body
from .names import Labels, Point, logfmt
from .parameters import AllGradients, ParameterStatistics, Parts, each_norm, local, outside, together
from .reading import Measured, health, points_of
from .replay import Origin
from .replicas import is_sharded, parameters_hash, rank_of
from .surge import Surge

Emit = Callable[[int, int, List[Point]], None]
EmitRecord = Callable[[Dict[str, Any]], None]
EmitConfig = Callable[[Dict[str, Any]], None]

MAX_REPORTS = 5
"""Of first non-finite tensors in one run; each runs a forward again."""
HASH_EVERY = 100
"""Optimizer steps between two hashes of the parameters; the same on every rank."""
SETTLED = 20
"""Steps after which all optimizers of a model have stepped."""
SKIPS = 3
"""Steps in a row that a loss scaler left out while the forward itself was bad: then it is no search for a scale."""


_alive: "weakref.WeakSet[TorchWatch]" = weakref.WeakSet()


def watches() -> "List[TorchWatch]":
    """Those that are not closed."""
    return list(_alive)


def _weakly(watch: Any, name: str) -> Callable[..., Any]:
    """A method as a hook that PyTorch keeps for good."""
    reference = weakref.ref(watch)

    def hook(*args: Any) -> Any:
        alive = reference()
        return None if alive is None else getattr(alive, name)(*args)

    return hook


class Gradients(NamedTuple):
    """Of a watched step, before they were clipped."""

    norms: Optional[Parts]
    counts: Dict[int, int]
    bad: Optional[Parts]


class TorchWatch:
    """Begins at once. Every method that the training loop runs through is guarded: a failure is said once."""

    def __init__(
        self,
        model: Any,
        optimizer: Any = None,
        *,
        emit: Emit,
        emit_record: Optional[EmitRecord] = None,
        emit_config: Optional[EmitConfig] = None,
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
        self.wants_logits = logits
        self.into: Any = None
        """The run it was begun for."""
        self.calls = Calls()
        self.has_stepped = False
        self._emit, self._emit_record, self._emit_config = emit, emit_record, emit_config
        self._chosen = choose(model, layers)
        self._owners = owner_of(self._chosen)
        self._all = list(model.parameters())
        self._gradients_of_all = AllGradients(self._all)
        self._statistics = ParameterStatistics(self._chosen.watched)
        self._cadence = Cadence(every, first_step)
        self._surge = Surge()
        self._first, self._sharded = first_step, is_sharded(model)
        self._rank, self._ranks = rank_of()
        self._tells = self._sharded or self._rank == 0
        """The numbers of replicas are the same: rank 0 says them."""
        self._replay = replay and not self._sharded
        self._optimizers = [] if optimizer is None else list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
        self._given = bool(self._optimizers)
        self._forward = Forward(self, self._chosen, activations, attention, self._sharded)
        self._own_seconds = self._forward_seconds = self._ended = 0.0
        self._stepped: List[int] = []
        """Versions of the parameters when the last optimizer step had ended."""
        self._reports = self._skips = 0
        self._sick_since: Optional[int] = None
        self._told: Optional[Tuple[Any, ...]] = None
        self._zero_said = False
        self._full = self._tells
        self._begin_step()
        self._handles = [
            torch_optimizer.register_optimizer_step_pre_hook(_weakly(self, "_before_step")),
            torch_optimizer.register_optimizer_step_post_hook(_weakly(self, "_after_step")),
        ]
        for handle in self._handles:
            weakref.finalize(self, handle.remove).atexit = False
        self._anchor()
        _alive.add(self)
        clip.tell(self)
        self._forward.prepare(self._full)

    def _anchor(self) -> None:
        """What is global holds the watch weakly: the model does, and its parts, since a list of models may be made just for the call."""
        for module in [self.model, *self.model.children()]:
            handle = getattr(module, "register_load_state_dict_post_hook", lambda _hook: None)(self._forward.stay)
            self._handles += [] if handle is None else [handle]

    @property
    def is_sick(self) -> bool:
        """The last step was not finite."""
        return self._sick_since is not None

    @property
    def every(self) -> int:
        return self._cadence.every

    @property
    def config(self) -> Dict[str, Any]:
        values: Dict[str, Any] = {
            "llmdbg.watch.layers": len(self._chosen.watched),
            "llmdbg.watch.every": self._cadence.every,
            "llmdbg.watch.by_block": self._chosen.by_block,
            "llmdbg.watch.activations": self._forward.says,
            "llmdbg.watch.sharded": self._sharded,
            "model.class": type(unwrapped(self.model)).__name__,
            "model.parameters": sum(p.numel() for p in self._all),
            "model.trainable_parameters": sum(p.numel() for p in self._all if p.requires_grad),
        }
        if self._chosen.left_out:
            values["llmdbg.watch.layers_left_out"] = self._chosen.left_out
        if self._optimizers:
            values["llmdbg.watch.optimizer"] = ", ".join(type(o).__name__ for o in self._optimizers)
            if self._knows_all and not self._sharded:
                values.update(outside(list(self.model.named_parameters()), self._optimizers))
        return values

    @property
    def _knows_all(self) -> bool:
        """Optimizers that were not given are found when they step."""
        return self._given or self.step - self._first >= SETTLED

    @guarded
    def close(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        clip.forget(self)
        _alive.discard(self)
        self._forward.close()
        self.calls.clear()

    def spent(self, seconds: float) -> None:
        self._own_seconds += seconds

    def forward_took(self, seconds: float) -> None:
        """Without what was measured in it, and with what it costs that it can be: hooks and modes are called by PyTorch."""
        self._forward_seconds += seconds

    @guarded
    def forward_begins(self) -> None:
        """Of a new step although no optimizer step ended the last one: a loss scaler left it out."""
        if not self.calls.list or not self.calls.list[-1].gradients or any(p.grad is not None for p in self._all[:1]):
            return
        finite, _ = health([c.probe for c in self.calls.list if c.probe is not None])
        self._skips = 0 if finite else self._skips + 1
        if self._skips == SKIPS:
            self._tell_origin(self._origin())
        self.calls.clear()
        self._forward.forget()
        self._begin_step()

    # One optimizer step.

    def _begin_step(self) -> None:
        self._checked = self._snapped = False
        self._gradients: Optional[Gradients] = None
        self._pending: Optional[Origin] = None

    def _is_mine(self, optimizer: Any) -> bool:
        if any(optimizer is known or optimizer is getattr(known, "optimizer", None) for known in self._optimizers):
            return True
        mine = not self._given and any(id(p) in self._owners for g in optimizer.param_groups for p in g["params"])
        if mine:
            self._optimizers.append(optimizer)
        return mine

    @guarded
    def before_clipping(self, gradients: Sequence[Any], total: Optional[Any]) -> None:
        if self._checked:
            return
        begin = time.perf_counter()
        mine = {id(p.grad) for p in self._all if p.grad is not None}
        given = {id(gradient) for gradient in gradients}
        if mine and mine <= given:
            self._check(None if total is None else local(total.detach()), total is None)
        elif mine & given:  # Clipped group by group: the norm that is compared over steps is that of all.
            self._check(None, total is None, at_clipping=True)
        self._own_seconds += time.perf_counter() - begin

    @guarded
    def _before_step(self, optimizer: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        if not self._is_mine(optimizer):
            return None
        given = kwargs.get("closure") or (args[1] if len(args) > 1 else None)
        if not callable(given):
            self._gradients_are_there(optimizer)
            return None
        closure: Callable[[], Any] = given

        # Lightning, and LBFGS: forward and backward run inside the step.
        def watched() -> Any:
            loss = closure()
            self._gradients_are_there(optimizer)
            return loss

        if "closure" in kwargs:
            return args, {**kwargs, "closure": watched}
        return (args[0], watched, *args[2:]), kwargs

    @guarded
    def _gradients_are_there(self, optimizer: Any) -> None:
        begin = time.perf_counter()
        with torch.no_grad():
            # A scaler hands its scale to fused optimizers, which leave the step out themselves when it overflows.
            if not self._checked and getattr(optimizer, "grad_scale", None) is None:
                self._check(None, False, at_clipping=False)
            pending, self._pending = self._pending, None
            if pending is not None:
                self._tell_origin(pending)
            if self._full and not self._snapped:
                self._snapped = True
                self._statistics.before_step()
        self._own_seconds += time.perf_counter() - begin

    @guarded
    def _after_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        # With several optimizers a step ends with the last one.
        if not self._is_mine(optimizer) or optimizer is not getattr(self._optimizers[-1], "optimizer", self._optimizers[-1]):
            return
        begin = time.perf_counter()
        with torch.no_grad():
            if self._full:
                self._report()
            if self._ranks > 1 and not self._sharded and self.step % HASH_EVERY == 0:
                labels = {"rank": str(self._rank)}
                self._emit(self.step, _now(), [("parameters/hash", labels, float(parameters_hash(self._all)))])
        self._stepped = [p._version for p in self._all]
        self._skips = 0
        self._finish_step(begin)

    def _finish_step(self, begin: float) -> None:
        was_full = self._full
        if was_full:
            self._cadence.watched(self.step)
        self.step += 1
        self.has_stepped = True
        self._full = self._tells and self._cadence.is_due(self.step)
        self._forward.prepare(self._full)
        self.calls.clear()
        self._begin_step()
        self._tell_config()
        now = time.perf_counter()
        own = self._own_seconds + now - begin
        if self._ended:
            self._cadence.cost(own if was_full else None, now - self._ended - own, self._forward_seconds)
        self._ended = now
        self._own_seconds = self._forward_seconds = 0.0

    def _tell_config(self) -> None:
        now = (self._cadence.every, len(self._optimizers), self._knows_all)
        if now != self._told and self._emit_config is not None and self._tells:
            self._emit_config(self.config)
        self._told = now

    def _check(self, total: Optional[Any], known_bad: bool, at_clipping: bool = True) -> None:
        """One number comes from the device: is anything of this step not finite, and how large is the gradient."""
        self._checked = True
        known: Optional[Dict[int, Any]] = None
        if total is None and not known_bad:
            if self._full:
                known = each_norm(self._all)
                total = together(list(known.values()))
            else:
                total = self._gradients_of_all.norm()
        probes = [c.probe for c in self.calls.list if c.probe is not None]
        finite, first = health([*([] if total is None else [total]), *probes, *self._forward.probes()])
        if known_bad or not finite:
            self._sick(at_clipping)
        else:
            self._sick_since = None
            if total is not None and self._surge.is_one(first):
                # This step's gradients are still there; its forward has gone, the next ones are watched.
                self._cadence.alarm(self.step)
                self._full = self._tells
        if self._full:
            norms, counts = self._statistics.gradients(known)
            self._gradients = Gradients(norms, counts, self._statistics.bad_gradients() if self.is_sick else None)

    def _sick(self, at_clipping: bool) -> None:
        self._cadence.alarm(self.step)
        self._full = self._tells
        if self._sick_since is not None:
            return
        self._sick_since = self.step
        origin = self._origin()
        if at_clipping:
            self._pending = origin  # A loss scaler may still leave this step out, which is its work.
        else:
            self._tell_origin(origin)

    def _origin(self) -> Optional[Origin]:
        if self._reports >= MAX_REPORTS or self._emit_record is None:
            return None
        shares = self._ranks > 1
        calls = self.calls.list if self._replay else []
        found = None if self._replay else self._forward.origin()
        stepped = {id(p): version for p, version in zip(self._all, self._stepped)}
        found = found or locate(self.model, self._chosen.names, self._owners, calls, stepped, shares)
        if found is None and shares and self._replay:
            self._emit_record(self._elsewhere())
        return found

    def _elsewhere(self) -> Dict[str, Any]:
        message = logfmt("non-finite gradients came from another rank", {"rank": self._rank})
        body = {"time": time.time() * 1000, "level": "warning", "logger": "llmdbg.watch", "message": message}
        return {**body, "exception": None, "step": self.step, "rank": self._rank}

    def _tell_origin(self, origin: Optional[Origin]) -> None:
        if origin is None or self._emit_record is None or self._reports >= MAX_REPORTS:
            return
        self._reports += 1
        step = self.step - 1 if origin.phase == "optimizer" else self.step
        self._emit_record(record_body(origin, step, time.time() * 1000, self._rank if self._ranks > 1 else None))
        counts = dict(origin.counts)
        if origin.phase == "optimizer":
            counts["optimizer"] = {origin.layer: 1 if origin.numbers is None else origin.numbers.count}
        points = [
            ("layer/non_finite", self._labels(path, phase=phase), float(count))
            for phase, layers in counts.items()
            # A watched step counts its gradients itself.
            if phase != "backward" or not self._full
            for path, count in layers.items()
        ]
        if points:
            self._emit(step, _now(), points)

    def _labels(self, path: str, **more: str) -> Labels:
        labels = {"layer": path, **more} if path else dict(more)
        # A part of the numbers only, or those of this rank's own batch.
        if self._ranks > 1 and (self._sharded or self._rank > 0):
            labels["rank"] = str(self._rank)
        return labels

    @guarded
    def _report(self) -> None:
        """All numbers of a watched step."""
        update = self._statistics.after_step(self._optimizers)
        measured = Measured(*(self._gradients or Gradients(None, {}, None)), self._statistics.weights(), update)
        points = points_of(self._chosen.watched, measured, *self._forward.collected(), self._labels)
        if not self._zero_said and self._chosen.watched:
            # Says that they are counted; afterwards only what is above 0 is told.
            self._zero_said = True
            first = self._chosen.watched[0].path
            points += [("layer/non_finite", self._labels(first, phase=phase), 0.0) for phase in ("forward", "backward", "optimizer")]
        if points:
            self._emit(self.step, _now(), points)


def _now() -> int:
    return int(time.time() * 1000)
