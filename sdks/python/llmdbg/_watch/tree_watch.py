"""Trees of JAX arrays (Flax, Optax, plain): one compiled function measures all of them, one transfer brings the numbers."""

from __future__ import annotations

import math
import time
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .names import ROOT, Labels, Point, logfmt

LAST = {"kernel", "bias", "scale", "embedding", "w", "b", "value", "raw_value", "weight", "__call__"}
"""Names of arrays in a layer, which are no part of its path."""

_noted: "weakref.WeakKeyDictionary[Any, _Noted]" = weakref.WeakKeyDictionary()


class _Noted:
    def __init__(self) -> None:
        self.zero_said = self.config_said = False
        self.sick = False
        self.measure: Optional[Callable[..., Any]] = None
        self.check: Optional[Callable[..., Any]] = None


def watch_tree(run: Any, step: int, trees: Mapping[str, Any], every: int) -> None:
    import jax

    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree_util.tree_leaves(dict(trees))):
        raise TypeError("watch_tree is called inside jit; call it with what the jitted step returns")
    noted = _noted.setdefault(run, _Noted())
    if noted.measure is None:
        noted.measure, noted.check = jax.jit(_measure), jax.jit(_is_finite)
    flat = {name: flatten(tree, jax) for name, tree in trees.items() if tree is not None}
    arrays = {name: [array for _path, array in found] for name, found in flat.items()}
    is_due = step % max(1, every) == 0
    # One number a step; the rest only where it is due, or that number is bad.
    is_bad = not bool(noted.check(arrays)) if noted.check is not None else False
    if not is_due and (not is_bad or noted.sick):
        noted.sick = is_bad
        return
    numbers = {name: _columns(rows) for name, rows in noted.measure(arrays).items()}
    points = points_of({name: [path for path, _ in found] for name, found in flat.items()}, numbers)
    now = int(time.time() * 1000)
    if is_bad and not noted.sick:
        _tell(run, step, now, flat, numbers)
    noted.sick = is_bad
    layers = sorted({labels["layer"] for _n, labels, _v in points if "layer" in labels})
    if not noted.zero_said and layers:
        noted.zero_said = True
        points += [("layer/non_finite", {"layer": layers[0], "phase": p}, 0.0) for p in PHASES.values()]
    if not noted.config_said and "params" in flat:
        noted.config_said = True
        total = sum(int(a.size) for a in arrays["params"])
        run.config({"llmdbg.watch.layers": len(layers), "llmdbg.watch.every": every, "model.parameters": total})
    run.emit(step, now, points)


PHASES = {"activations": "forward", "grads": "backward", "updates": "optimizer"}


ORDER = (
    ("activations", "forward", "output"),
    ("grads", "backward", "grad"),
    ("updates", "optimizer", "weight"),
    ("params", "optimizer", "weight"),
)


def flatten(tree: Any, jax: Any) -> List[Tuple[str, Any]]:
    """Layer path and array, of all floating arrays."""
    found: List[Tuple[str, Any]] = []
    for keys, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if not hasattr(leaf, "dtype") or not jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating) or leaf.size == 0:
            continue
        names = [str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in keys]
        if names and names[0] in ("params", "intermediates"):
            names = names[1:]
        # Flax keeps what a module puts out as a tuple with one entry for each call.
        while names and (names[-1] in LAST or (names[-1].isdigit() and len(names) > 1 and names[-2] == "__call__")):
            names = names[:-1]
        found.append((".".join(names) or ROOT, leaf))
    return found


def _measure(trees: Dict[str, List[Any]]) -> Dict[str, Any]:
    """Rows of sum of squares, count, how many are not finite, mean, std, abs max, share of zeros."""
    import jax.numpy as jnp

    def one(array: Any) -> Any:
        x = array.astype(jnp.float32)
        bad = jnp.sum(~jnp.isfinite(x))
        return jnp.stack(
            [jnp.sum(x * x), jnp.float32(x.size), bad.astype(jnp.float32), x.mean(), x.std(), jnp.abs(x).max(), jnp.mean(x == 0)]
        )

    return {name: jnp.stack([one(array) for array in arrays]) for name, arrays in trees.items() if arrays}


def _is_finite(trees: Dict[str, List[Any]]) -> Any:
    import jax.numpy as jnp

    # A sum of squares can overflow where nothing is infinite; then the closer look says so.
    return jnp.stack([jnp.isfinite(array).all() for arrays in trees.values() for array in arrays] or [jnp.bool_(True)]).all()


def _columns(rows: Any) -> List[List[float]]:
    import numpy

    found: List[List[float]] = numpy.asarray(rows).tolist()
    return found


def points_of(paths: Dict[str, List[str]], numbers: Dict[str, List[List[float]]]) -> List[Point]:
    points: List[Point] = []
    sums = {name: _by_layer(paths[name], rows) for name, rows in numbers.items()}
    for layer, (squares, count, bad) in sums.get("grads", {}).items():
        points.append(("layer/grad_norm", _label(layer), math.sqrt(squares) if squares >= 0 else squares))
        points.append(("layer/grad_rms", _label(layer), math.sqrt(squares / count) if squares >= 0 else squares))
    weights = sums.get("params", {})
    for layer, (squares, _count, _bad) in weights.items():
        points.append(("layer/weight_norm", _label(layer), math.sqrt(squares) if squares >= 0 else squares))
    for layer, (squares, _count, _bad) in sums.get("updates", {}).items():
        size = weights.get(layer, (0.0, 0, 0))[0]
        if size > 0:
            points.append(("layer/update_ratio", _label(layer), math.sqrt(squares / size) if squares >= 0 else squares))
    names = ("activation_mean", "activation_std", "activation_abs_max", "activation_zero_share")
    for layer, row in zip(paths.get("activations", []), numbers.get("activations", [])):
        points += [(f"layer/{name}", _label(layer), value) for name, value in zip(names, row[3:])]
    for name, phase in PHASES.items():
        for layer, (_squares, _count, bad) in sums.get(name, {}).items():
            if bad > 0:
                points.append(("layer/non_finite", {**_label(layer), "phase": phase}, bad))
    return points


def _by_layer(paths: List[str], rows: List[List[float]]) -> Dict[str, Tuple[float, float, float]]:
    found: Dict[str, Tuple[float, float, float]] = {}
    for path, row in zip(paths, rows):
        squares, count, bad = found.get(path, (0.0, 0.0, 0.0))
        found[path] = (squares + row[0], count + row[1], bad + row[2])
    return found


def _label(layer: str) -> Labels:
    return {"layer": layer}


def _tell(run: Any, step: int, now: int, flat: Dict[str, List[Tuple[str, Any]]], numbers: Dict[str, List[List[float]]]) -> None:
    """Forward before backward before optimizer. Trees have no order of execution: the first of a phase is by name."""
    for name, phase, tensor in ORDER:
        bad = [(path, array, row) for (path, array), row in zip(flat.get(name, []), numbers.get(name, [])) if row[2] > 0]
        if not bad:
            continue
        path, array, row = bad[0]
        nan = int((array != array).sum())
        fields = {
            "layer": path,
            "phase": phase,
            "tensor": tensor,
            "class": None,
            "nan": nan,
            "inf": int(row[2]) - nan,
            "of": int(row[1]),
            "input_finite": None,
            "input_abs_max": None,
            "producer": None,
        }
        lines = [f"#{i} {p} {tuple(a.shape)} {tensor} non-finite={int(r[2])} of {int(r[1])}" for i, (p, a, r) in enumerate(bad[:21])]
        body = {"time": now, "level": "error", "logger": "llmdbg.watch", "step": step, "rank": None}
        run.record({**body, "message": logfmt("first non-finite tensor", fields), "exception": "\n".join(lines)})
        return
