"""Names the first non-finite tensor of a step whose loss or gradients went bad, before the optimizer spreads it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import torch

from .._guard import say_once
from .calls import Call
from .names import logfmt, short
from .parameters import plain
from .replay import FRAMES, Event, Numbers, Origin, Replay, backtrace, first_bad, measured, read, resolved

Owners = Dict[int, Tuple[str, Any]]


def locate(
    root: Any,
    names: Dict[Any, str],
    owners: Owners,
    calls: List[Call],
    stepped: Dict[int, int],
    shares_gradients: bool = False,
) -> Optional[Origin]:
    """`stepped`: parameter id to its version when the last optimizer step had ended. None when it is not of this rank."""
    counts: Dict[str, Dict[str, int]] = {}
    gradients = _gradients(root, owners)
    bad_gradients = {path: n.count for path, _module, n in gradients if not n.finite}
    if bad_gradients:
        counts["backward"] = bad_gradients
    order: List[str] = []
    clean = False
    # The forwards whose outputs were bad first, in their order; then the others, for their backward.
    for call in sorted(_replayable(calls), key=lambda c: _is_finite(c.probe)):
        try:
            origin = _in_call(Replay(root, names), call, counts, stepped, order)
        except Exception as error:  # A forward that can not be repeated: the gradients still say where.
            clean = False
            say_once("replay", "llmdbg: a forward could not be run again to find its first bad number: %r", error)
            break
        if origin is not None:
            return origin
        clean = bool(call.gradients)
    # Gradients are averaged over ranks: what is not made here was made on another one.
    if clean and shares_gradients:
        return None
    return _by_gradients(gradients, order, counts)


def _in_call(
    replay: Replay, call: Call, counts: Dict[str, Dict[str, int]], stepped: Dict[int, int], order: List[str]
) -> Optional[Origin]:
    events = resolved(replay.forward(call))
    order[:] = order or [e.path for e in events if e.kind == "out"]
    found = first_bad(events)
    if found is not None and (found[2].numbers.bad or not _is_finite(call.probe)):
        counts["forward"] = {e.path: e.numbers.count for e in events if e.kind == "out" and not e.numbers.finite}
        return _forward(found, events, counts, stepped)
    return _backward(replay, call, counts) if "backward" in counts else None


def _replayable(calls: List[Call]) -> List[Call]:
    return [call for call in calls if call.args is not None and call.done]


def _is_finite(probe: Optional[Any]) -> bool:
    return probe is None or bool(torch.isfinite(probe).item())


def _gradients(root: Any, owners: Owners) -> List[Tuple[str, Any, Numbers]]:
    have = [(p, *owners[id(p)]) for p in root.parameters() if p.grad is not None and id(p) in owners]
    have = [(p, path, module) for p, path, module in have if plain(p.grad).numel() > 0]
    numbers = read([measured(p.grad) for p, _path, _module in have])
    by_layer: Dict[str, Tuple[str, Any, Numbers]] = {}
    for (_p, path, module), n in zip(have, numbers):
        before = by_layer.get(path)
        by_layer[path] = (path, module, n if before is None else _sum(before[2], n))
    return list(by_layer.values())


def _sum(a: Numbers, b: Numbers) -> Numbers:
    return Numbers(a.nan + b.nan, a.positive + b.positive, a.negative + b.negative, max(a.abs_max, b.abs_max), a.of + b.of)


def _forward(
    found: Tuple[str, str, Event, Optional[Event]],
    events: List[Event],
    counts: Dict[str, Dict[str, int]],
    stepped: Dict[int, int],
) -> Origin:
    layer, tensor, event, given = found
    module = next((e.module for e in events if e.path == layer), event.module)
    numbers, phase = event.numbers, "forward"
    if tensor == "output":
        own = list(module.parameters(recurse=False))
        weights = read([measured(p) for p in own])
        bad = [(p, n) for p, n in zip(own, weights) if not n.finite]
        if bad:
            tensor, numbers = "weight", bad[0][1]
            # Nobody has written to it since the optimizer did, and the step before was finite.
            if stepped.get(id(bad[0][0])) == bad[0][0]._version:
                phase = "optimizer"
    producer = given.producer if given is not None else ""
    input_numbers = None if given is None or given.numbers is None else given.numbers
    return Origin(layer, phase, tensor, module, numbers, input_numbers, producer, backtrace(events, event), counts)


def _backward(replay: Replay, call: Call, counts: Dict[str, Dict[str, int]]) -> Optional[Origin]:
    raw, parameters = replay.backward(call)
    if not raw and not parameters:
        return None
    forward = resolved(replay.events)
    events = resolved(raw)
    first = next((e for e in events if not e.numbers.finite), None)
    if first is None:
        return None
    at = events.index(first)
    seen = {e.path: e for e in events}
    own = {id(p): path for p, path in _owned(forward)}
    guilty_parameters = {own[key] for key, g in parameters.items() if key in own and not bool(torch.isfinite(plain(g)).all())}
    # The gradient of an output comes from a module that took it, whose own output's gradient was still finite.
    users = [path for path in replay.users.get(first.path, []) if path in seen and seen[path].numbers.finite]
    leaves = [path for path in users if not any(other.startswith(path + ".") for other in users)]
    layer = next((path for path in leaves if path in guilty_parameters), leaves[0] if leaves else first.path)
    module = next(e.module for e in forward if e.path == layer)
    given = next((e.numbers for e in forward if e.kind == "in" and e.path == layer), None)
    # Backwards, a gradient comes from what follows.
    before = next((e.path for e in reversed(events[:at]) if e.path != layer and not layer.startswith(e.path + ".")), "loss")
    lines = [_gradient_line(i, e.path, e.module, e.numbers) for i, e in enumerate(events[: at + 1][-FRAMES:])]
    return Origin(layer, "backward", "grad", module, first.numbers, given, before, "\n".join(lines), counts)


def _owned(events: List[Event]) -> List[Tuple[Any, str]]:
    return [(p, e.path) for e in events if e.kind == "out" for p in e.module.parameters(recurse=False)]


def _gradient_line(i: int, path: str, module: Any, n: Numbers) -> str:
    return f"#{i} {path} ({type(module).__name__}) gradient abs_max={'-' if n.largest is None else short(n.largest)} nan={n.nan} inf={n.positive + n.negative}"


def _by_gradients(
    gradients: List[Tuple[str, Any, Numbers]], order: List[str], counts: Dict[str, Dict[str, int]]
) -> Optional[Origin]:
    """The last module of the forward whose gradient is bad: the backward came to it first."""
    place = {path: i for i, path in enumerate(order)}
    ordered = [g for _, g in sorted(enumerate(gradients), key=lambda item: place.get(item[1][0], item[0]), reverse=True)]
    at = next((i for i, (_path, _module, n) in enumerate(ordered) if not n.finite), None)
    if at is None:
        return None
    path, module, n = ordered[at]
    lines = [_gradient_line(i, *entry) for i, entry in enumerate(ordered[: at + 1][-FRAMES:])]
    producer = ordered[at - 1][0] if at > 0 else ""
    return Origin(path, "backward", "grad", module, n, None, producer, "\n".join(lines), counts)


def record_body(origin: Origin, step: int, time_ms: float, rank: Optional[int]) -> Dict[str, Any]:
    n, given = origin.numbers, origin.input
    message = logfmt(
        "first non-finite tensor",
        {
            "layer": origin.layer,
            "phase": origin.phase,
            "tensor": origin.tensor,
            "class": type(origin.module).__name__,
            "nan": None if n is None else n.nan,
            "inf": None if n is None else n.positive + n.negative,
            "of": None if n is None else n.of,
            "input_finite": given is None or given.finite,
            "input_abs_max": None if given is None else given.largest,
            "producer": origin.producer,
        },
    )
    return {
        "time": time_ms,
        "level": "error",
        "logger": "llmdbg.watch",
        "message": message,
        "exception": origin.backtrace,
        "step": step,
        "rank": rank,
    }
