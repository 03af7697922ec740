"""Runs one forward (and its backward) again and finds where the first non-finite number came from."""

from __future__ import annotations

import math
import weakref
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import torch

from .activations import first_tensor
from .calls import Call, as_it_was, tensors_in
from .layers import unwrapped
from .names import ROOT, short

FRAMES = 21
"""Modules in a backtrace; as many as Hugging Face's DebugUnderflowOverflow keeps."""


class Numbers(NamedTuple):
    """What is in one tensor."""

    nan: int
    positive: int
    negative: int
    abs_max: float
    """Of the finite ones; see `largest`."""
    of: int

    @property
    def largest(self) -> Optional[float]:
        """None where no number is finite."""
        return None if self.count == self.of else self.abs_max

    @property
    def bad(self) -> bool:
        """-inf alone is how positions are masked; it is a fault only where nothing else is."""
        return self.nan > 0 or self.positive > 0

    @property
    def finite(self) -> bool:
        return self.nan + self.positive + self.negative == 0

    @property
    def count(self) -> int:
        return self.nan + self.positive + self.negative


class Event(NamedTuple):
    kind: str
    """`in`, `out`, or `grad` of the output."""
    path: str
    module: Any
    numbers: Any
    """A vector on the device until all is done, then Numbers."""
    producer: str
    depth: int


class Origin(NamedTuple):
    layer: str
    phase: str
    tensor: str
    module: Any
    numbers: Optional[Numbers]
    """None where only that it is bad is known."""
    input: Optional[Numbers]
    producer: str
    backtrace: str
    counts: Dict[str, Dict[str, int]]
    """Phase to layer to how many numbers are not finite, of all layers."""


def measured(tensor: Any) -> Any:
    """Numbers as a vector on the device."""
    t = tensor.detach()
    t = t._local_tensor if hasattr(t, "_local_tensor") else t
    t = t.coalesce().values() if t.is_sparse else t
    t = torch.view_as_real(t.resolve_conj()) if t.is_complex() else t
    finite = torch.isfinite(t)
    largest = torch.where(finite, t, torch.zeros((), dtype=t.dtype, device=t.device)).abs().max() if t.numel() else torch.zeros(())
    parts = [torch.isnan(t).sum(), (t == math.inf).sum(), (t == -math.inf).sum(), largest, torch.tensor(t.numel())]
    return torch.stack([part.to(t.device, torch.float64 if t.device.type == "cpu" else torch.float32) for part in parts])


def together(vectors: List[Any]) -> Any:
    rows = torch.stack([v.to(vectors[0].device, vectors[0].dtype) for v in vectors])
    return torch.cat([rows[:, :3].sum(0), rows[:, 3].max()[None], rows[:, 4].sum()[None]])


def read(vectors: List[Any]) -> List[Numbers]:
    """All in one transfer for each device."""
    found: List[Optional[Numbers]] = [None] * len(vectors)
    for device in {v.device for v in vectors}:
        here = [i for i, v in enumerate(vectors) if v.device == device]
        for i, row in zip(here, torch.stack([vectors[i] for i in here]).tolist()):
            found[i] = Numbers(int(row[0]), int(row[1]), int(row[2]), float(row[3]), int(row[4]))
    return [n for n in found if n is not None]


class Replay:
    """Of one call. `names` has the path of every module."""

    def __init__(self, root: Any, names: Dict[Any, str]) -> None:
        self._root = root
        self._names = names
        self._events: List[Event] = []
        self._made: Dict[int, Tuple[Any, List[str]]] = {}
        """Tensor id to a weak reference and the modules whose output it is, innermost first."""
        self.users: Dict[str, List[str]] = {}
        """Path to the modules that took what it put out."""
        self._depth = 0
        self._last = ""

    @property
    def events(self) -> List[Event]:
        return self._events

    def forward(self, call: Call) -> List[Event]:
        with torch.no_grad():
            self._run(call, None)
        return self._events

    def backward(self, call: Call) -> Tuple[List[Event], Dict[int, Any]]:
        """Events of gradients in their order, and the parameters' gradients by id; nothing is accumulated."""
        gradients: List[Event] = []
        found: Dict[int, Any] = {}

        def differentiate(output: Any) -> None:
            outputs = [t for t in tensors_in(output) if t.is_floating_point() and t.requires_grad]
            chosen = [(outputs[i], g) for i, g in sorted(call.gradients.items()) if i < len(outputs)]
            parameters = [p for p in self._root.parameters() if p.requires_grad]
            if chosen and parameters:
                given = [g for _, g in chosen]
                made = torch.autograd.grad([t for t, _ in chosen], parameters, given, allow_unused=True)
                found.update({id(p): g for p, g in zip(parameters, made) if g is not None})

        with torch.enable_grad():
            self._run(call, gradients, differentiate)
        return gradients, found

    def _run(self, call: Call, gradients: Optional[List[Event]], then: Optional[Callable[[Any], None]] = None) -> None:
        self._events, self._made, self.users, self._depth, self._last = [], {}, {}, 0, ""
        handles: List[Any] = []
        try:
            for module in self._names:
                handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
                handles.append(module.register_forward_hook(self._after(gradients), with_kwargs=True))
            with as_it_was(call, self._root):
                output = unwrapped(call.module)(*(call.args or ()), **call.kwargs)
                # Buffers are put back only when the backward has used them.
                if then is not None:
                    then(output)
        finally:
            for handle in handles:
                handle.remove()

    def _before(self, module: Any, args: Any, kwargs: Any) -> None:
        path = self._names[module]
        tensor = first_tensor(args) if args else first_tensor(kwargs)
        self._depth += 1
        if self._depth == 1:
            whole = [t for t in tensors_in((args, kwargs)) if t.is_floating_point() and t.numel() > 0]
            numbers = together([measured(t) for t in whole]) if whole else None
            self._events.append(Event("in", path, module, numbers, "", 1))
            return
        producer = self._last
        if tensor is not None:
            for maker in self._makers(tensor):
                self.users.setdefault(maker, []).append(path)
                producer = maker
            self._events.append(Event("in", path, module, measured(tensor), producer, self._depth))
        else:
            self._events.append(Event("in", path, module, None, producer, self._depth))

    def _after(self, gradients: Optional[List[Event]]) -> Callable[..., None]:
        def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
            path, depth = self._names[module], self._depth
            self._depth -= 1
            tensor = first_tensor(output)
            if tensor is None:
                return
            self._events.append(Event("out", path, module, measured(tensor), "", depth))
            self._made[id(tensor)] = (weakref.ref(tensor), [*self._makers(tensor), path])
            self._last = path
            if gradients is not None and tensor.requires_grad:

                def note(gradient: Any) -> None:
                    gradients.append(Event("grad", path, module, measured(gradient), "", depth))

                tensor.register_hook(note)

        return after

    def _makers(self, tensor: Any) -> List[str]:
        reference, paths = self._made.get(id(tensor), (None, []))
        return paths if reference is not None and reference() is tensor else []


def resolved(events: List[Event]) -> List[Event]:
    numbers = iter(read([e.numbers for e in events if e.numbers is not None]))
    return [e if e.numbers is None else e._replace(numbers=next(numbers)) for e in events]


def first_bad(events: List[Event]) -> Optional[Tuple[str, str, Event, Optional[Event]]]:
    """Layer, tensor (`output` or `input`), the event and the input's event, of where it starts in a forward."""
    for is_bad in (lambda n: n.bad, lambda n: not n.finite):
        stack: List[Event] = []
        for event in events:
            if event.kind == "in":
                stack.append(event)
                if event.numbers is None or not is_bad(event.numbers):
                    continue
                if len(stack) == 1:  # It came with the batch.
                    inner = _innermost(events, event, is_bad)
                    return inner.path, "input", inner, inner._replace(producer="")
                # No module had put out anything bad: functions between the modules made it.
                return event.path, "input", event, event._replace(producer=event.producer or stack[-2].path)
            given = stack.pop() if stack else None
            if event.numbers is not None and is_bad(event.numbers):
                return event.path, "output", event, given
    return None


def _innermost(events: List[Event], outer: Event, is_bad: Callable[[Numbers], bool]) -> Event:
    """The first leaf that takes what is wrong with the model's own input."""
    at = events.index(outer)
    for event, following in zip(events[at:], events[at + 1 :]):
        if event.kind == "in" and following.kind == "out" and event.numbers is not None and is_bad(event.numbers):
            return event
    return outer


def backtrace(events: List[Event], until: Event) -> str:
    """Modules in the order they began, with all that are still running; the one of `until` is the last."""
    frames: List[Tuple[Event, Optional[Event]]] = []
    running: List[int] = []
    for event in events:
        if event.kind == "in":
            running.append(len(frames))
            frames.append((event, None))
        elif running:
            at = running.pop()
            frames[at] = (frames[at][0], event)
            if event is until:
                frames.append(frames.pop(at))
        if event is until:
            break
    spare = max(1, FRAMES - len(running))
    ended = [i for i, (_given, put) in enumerate(frames) if put is not None]
    left_out = set(ended[: max(0, len(ended) - spare)])
    kept = [frame for i, frame in enumerate(frames) if i not in left_out]
    return "\n".join(f"#{i} {_line(given.path, given.module, given, put)}" for i, (given, put) in enumerate(kept))


def _largest(numbers: Numbers) -> str:
    return "-" if numbers.largest is None else short(numbers.largest)


def _line(path: str, module: Any, given: Optional[Event], put: Optional[Event]) -> str:
    parts = [f"{path} ({type(module).__name__})"]
    if given is not None and isinstance(given.numbers, Numbers):
        parts.append(f"input abs_max={_largest(given.numbers)} finite={'true' if given.numbers.finite else 'false'}")
    for name, parameter in module.named_parameters(recurse=False):
        n = read([measured(parameter)])[0]
        parts.append(f"{name} abs_max={_largest(n)}" + ("" if n.finite else f" nan={n.nan} inf={n.positive + n.negative}"))
    if put is not None and isinstance(put.numbers, Numbers):
        n = put.numbers
        parts.append(f"output abs_max={_largest(n)} nan={n.nan} inf={n.positive + n.negative}")
    else:
        parts.append("running")
    return " ".join(parts)


__all__ = ["Event", "Numbers", "Origin", "Replay", "ROOT", "backtrace", "first_bad", "measured", "read", "resolved"]
