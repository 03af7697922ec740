"""Hooks of the forward: light ones on the model at every step, and ones on its layers where a step is watched in full."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import torch

from .._guard import guarded, say_once
from .activations import Batch, Measure, first_tensor, input_statistics, local_part, logit_statistics
from .activations import logits_of, moments, share_of, statistics, thinned
from .attention import Functions, attended, looks_like_attention
from .bystanders import hide_from_scripts, is_bystander, is_compiling, is_transformed
from .calls import Call, probe
from .layers import Layers
from .names import ROOT
from .replay import FRAMES, Origin

if TYPE_CHECKING:
    from .torch_watch import TorchWatch


MAX_SCORES = 1 << 20
"""Numbers of attention that wait to be measured together: 4 MiB."""


class Gone:
    """What a model that was saved as a whole has in place of its watch."""

    def _begin(self, *_: Any, **__: Any) -> None:
        pass

    _end = _before = _after = stay = _begin


class Forward:
    def __deepcopy__(self, _memo: Any) -> "Forward":
        """A copy of the model (a reference model, an average of weights) brings its hooks along: they know it is none of theirs."""
        return self

    def __reduce__(self) -> Any:
        return Gone, ()

    def __init__(self, watch: "TorchWatch", layers: Layers, activations: bool, attention: bool, flags: bool) -> None:
        self._watch = watch
        self._layers = layers
        self._names = layers.names
        self._activations = activations
        self._flags = flags
        self._watched = {id(layer.module): layer.path for layer in layers.watched}
        self._attentions = {m for m, path in self._names.items() if looks_like_attention(path, m)} if attention else set()
        self._compiled = any(hasattr(m, "_orig_mod") or getattr(m, "_compiled_call_impl", None) is not None for m in self._names)
        self._full = False
        self._inside: Optional[Call] = None
        self._began = self._hooks_seconds = 0.0
        self._stack: List[Any] = []
        self._mode: Optional[Functions] = None
        self._found: List[Tuple[str, Measure]] = []
        """Layer (nothing for the model) and what was measured of it in this step."""
        self._done: "set[int]" = set()
        self._samples: List[Tuple[str, Any]] = []
        """Layer and some of the numbers that it put out."""
        self._attended: "set[str]" = set()
        self._scores: List[Tuple[str, Any]] = []
        self._waiting = 0
        self._batches: List[Batch] = []
        self._made: Dict[int, Tuple[Any, str]] = {}
        self._probes: List[Tuple[Any, Any]] = []
        self._inner: List[Any] = []
        self._entries = [watch.model]
        self._outer: List[Any] = []
        self._looked_for_entries = False
        hide_from_scripts((Forward, Gone))
        self._enter(self._entries)

    def stay(self, *_: Any) -> None:
        """A hook that does nothing and never runs in training; the module that has it keeps the watch alive."""

    @property
    def says(self) -> str:
        if not self._activations:
            return "off"
        return "not inside compiled modules" if self._compiled else "first forward of a watched step"

    def _enter(self, modules: List[Any]) -> None:
        for handle in self._outer:
            handle.remove()
        self._outer = []
        for module in modules:
            self._outer.append(module.register_forward_pre_hook(self._begin, with_kwargs=True))
            self._outer.append(module.register_forward_hook(self._end, with_kwargs=True, always_call=True))

    def close(self) -> None:
        for handle in [*self._outer, *self._inner]:
            handle.remove()
        self._outer, self._inner = [], []
        self._leave()

    def prepare(self, full: bool) -> None:
        """For the next step. Hooks on layers exist only while they are needed: each costs microseconds a call."""
        self._find_entries()
        self.forget()
        wanted = (full and self._activations) or self._flags
        if wanted and not self._inner:
            stacked = [m for m in self._names if m in self._attentions or id(m) in self._watched]
            for module in stacked:
                self._inner.append(module.register_forward_pre_hook(self._before))
                self._inner.append(module.register_forward_hook(self._after))
        elif not wanted and self._inner:
            for handle in self._inner:
                handle.remove()
            self._inner = []
        self._full = full

    def forget(self) -> None:
        self._found, self._done, self._made, self._probes, self._stack = [], set(), {}, [], []
        self._samples, self._attended, self._scores, self._waiting, self._batches = [], set(), [], 0, []

    def _find_entries(self) -> None:
        """Lightning calls parts of the model and never the whole: then its children are where a forward begins."""
        if self._looked_for_entries or self._watch.calls.list:
            self._looked_for_entries = True
            return
        if self._watch.has_stepped and not self._compiled:
            self._looked_for_entries = True
            self._entries = [m for m in self._watch.model.children()]
            self._enter(self._entries)

    # At every step.

    @guarded
    def _begin(self, module: Any, args: Any, kwargs: Any) -> None:
        # Generation and evaluation are not training, and what runs again in a backward is a checkpoint's recomputation.
        if is_compiling() or not torch.is_grad_enabled() or not module.training or self._inside is not None:
            return
        if not any(module is entry for entry in self._entries):
            return
        if is_bystander():
            if is_transformed():
                say_once("watch-transform", "llmdbg: forwards inside torch.func (vmap, grad and the like) are not measured")
            return
        begin = time.perf_counter()
        self._watch.forward_begins()
        self._inside = self._watch.calls.begin(module, args, kwargs)
        if self._inside is not None and self._full and self._activations and not any(path == "" for path, _ in self._found):
            with torch.no_grad(), torch._C.DisableTorchFunction():
                self._found += [("", measure) for measure in input_statistics(args, kwargs)]
        if self._inside is not None and self._full and self._activations and not self._compiled and not self._done:
            self._stack = []
            self._mode = Functions(self._attention, self._function, self._in_attention, self._spent)
            self._mode.__enter__()
        self._hooks_seconds, self._began = 0.0, time.perf_counter()
        self._watch.spent(self._began - begin)

    @guarded
    def _end(self, module: Any, _args: Any, _kwargs: Any, output: Any) -> None:
        if is_bystander() or self._inside is None or self._inside.module is not module:
            return
        begin = time.perf_counter()
        self._watch.forward_took(begin - self._began - self._hooks_seconds)
        self._leave()
        call, self._inside = self._inside, None
        if output is not None:
            self._watch.calls.end(call, output)
            if self._full and self._logits_wanted():
                logits = logits_of(output)
                if logits is not None:
                    with torch.no_grad():
                        self._found += [("", measure) for measure in logit_statistics(logits)]
        self._watch.spent(time.perf_counter() - begin)

    def _logits_wanted(self) -> bool:
        return self._watch.wants_logits and not any(measure.name == "logits/log_z" for _, measure in self._found)

    def _leave(self) -> None:
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
            self._mode = None

    # While a step is watched.

    def _spent(self, seconds: float) -> None:
        self._hooks_seconds += seconds
        self._watch.spent(seconds)

    def _before(self, module: Any, _args: Any) -> None:
        if self._inside is not None and not is_bystander():
            self._stack.append(module)

    @guarded
    def _after(self, module: Any, _args: Any, output: Any) -> None:
        if self._inside is None or is_bystander():
            return
        while self._stack and self._stack.pop() is not module:
            pass
        path = self._watched.get(id(module))
        if path is None:
            return
        begin = time.perf_counter()
        with torch._C.DisableTorchFunction():  # What is asked of tensors here is not for the mode.
            self._measure(module, path, output)
        self._spent(time.perf_counter() - begin)

    def _measure(self, module: Any, path: str, output: Any) -> None:
        tensor = first_tensor(output)
        if tensor is None:
            if isinstance(output, torch.Tensor) and output.is_complex():
                say_once("watch-complex", "llmdbg: outputs that are complex numbers are not measured (layer %s)", path)
            return
        if self._flags:
            self._probes.append((module, probe(tensor)))
        self._made[id(tensor)] = (weakref.ref(tensor), path)
        if self._full and id(module) not in self._done:
            self._done.add(id(module))
            part = local_part(tensor)
            few = thinned(part)
            self._found += [(path, measure) for measure in statistics(part, few, type(module).__name__, self._watch.is_sick)]
            # Copied: what comes after the layer may change its output in place.
            self._samples.append((path, few.to(torch.float32, copy=True).reshape(-1)))

    def _in_attention(self) -> bool:
        return any(module in self._attentions for module in self._stack)

    def _attention(self, scores_of: Callable[[], Any]) -> None:
        path = next((self._names[m] for m in reversed(self._stack) if m in self._attentions), None)
        if path is None:
            path = self._names[self._stack[-1]] if self._stack else ROOT
        if path in self._attended:
            return
        scores = scores_of()
        self._attended.add(path)
        self._scores.append((path, scores))
        self._waiting += scores.numel()
        if self._waiting > MAX_SCORES:
            self._measure_scores()

    @guarded
    def _measure_scores(self) -> None:
        scores, self._scores, self._waiting = self._scores, [], 0
        self._batches += attended(scores)

    def _function(self, kind: str, given: Any, result: Any) -> None:
        """`F.relu(self.fc1(x))`: the share belongs to fc1. Inside nn.ReLU the module's own hook measures it."""
        reference, path = self._made.get(id(given), (None, ""))
        if reference is None or reference() is not given or (self._stack and type(self._stack[-1]).__name__ == kind):
            return
        with torch.no_grad():
            self._found += [(path, measure) for measure in share_of(kind, result)]

    def collected(self) -> Tuple[List[Tuple[str, Measure]], List[Batch]]:
        self._measure_scores()
        return self._found, [*self._batches, *moments(self._samples)]

    def probes(self) -> List[Any]:
        return [value for _module, value in self._probes]

    def origin(self) -> Optional[Origin]:
        """From the flags of each module, where the forward can not be run again."""
        for i, (module, value) in enumerate(self._probes):
            if bool(torch.isfinite(value).item()):
                continue
            path = self._watched[id(module)]
            ran = self._probes[: i + 1][-FRAMES:]
            lines = [f"#{n} {self._watched[id(m)]} ({type(m).__name__})" for n, (m, _v) in enumerate(ran)]
            producer = self._watched[id(self._probes[i - 1][0])] if i else ""
            counts = {"forward": {path: 1}}  # At least.
            return Origin(path, "forward", "output", module, None, None, producer, "\n".join(lines), counts)
        return None
