"""Keras 3: a callback for `fit`. Weights and updates on every backend; gradients where the optimizer runs eagerly."""

from __future__ import annotations

import math
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from .._guard import guarded, say_once
from .cadence import Cadence
from .names import Point, logfmt

PHASES = ("forward", "backward", "optimizer")
NAMES = ("activation_mean", "activation_std", "activation_abs_max", "activation_zero_share")


def keras_watch(
    model: Any,
    *,
    emit: Callable[[int, int, List[Point]], None],
    emit_record: Optional[Callable[[Dict[str, Any]], None]] = None,
    emit_config: Optional[Callable[[Dict[str, Any]], None]] = None,
    every: Optional[int] = None,
    layers: Any = None,
    first_step: int = 0,
    probe: Any = None,
) -> Any:
    """`model.fit(..., callbacks=[llmdbg.watch(model)])`. `probe`: inputs that layers' outputs are measured on."""
    import keras

    class KerasWatch(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.step = first_step
            self._cadence = Cadence(every, first_step)
            self._layers = _leaves(model)
            self._gradients: Dict[int, Any] = {}
            self._before: Dict[int, Any] = {}
            self._full = True
            self._sick = self._zero_said = False
            self._probed: Optional[Tuple[List[str], Any]] = None
            self._apply: Any = None

        @property
        def every(self) -> int:
            return self._cadence.every

        @property
        def config(self) -> Dict[str, Any]:
            return {
                "llmdbg.watch.layers": len(self._layers),
                "llmdbg.watch.every": self._cadence.every,
                "llmdbg.watch.optimizer": type(getattr(model, "optimizer", None)).__name__,
                "llmdbg.watch.activations": "off" if probe is None else "of the probe batch",
                "model.class": type(model).__name__,
                "model.parameters": model.count_params() if model.built else None,
            }

        @guarded
        def on_train_begin(self, logs: Any = None) -> None:
            self._layers = _leaves(model)
            if emit_config is not None:
                emit_config(self.config)
            optimizer = model.optimizer
            if keras.backend.backend() != "torch":
                say_once("keras-gradients", "llmdbg: Keras computes gradients inside compiled steps here; they are not watched")
            elif self._apply is None and hasattr(optimizer, "apply"):
                self._apply = optimizer.apply
                optimizer.apply = self._applying

        @guarded
        def on_train_end(self, logs: Any = None) -> None:
            self.close()

        @guarded
        def close(self) -> None:
            if self._apply is not None:
                del model.optimizer.apply
                self._apply = None

        def _applying(self, grads: Any, trainable_variables: Any = None) -> Any:
            self._note(grads, trainable_variables)
            return self._apply(grads, trainable_variables)

        @guarded
        def _note(self, grads: Any, variables: Any) -> None:
            if variables is None:
                variables = model.optimizer._trainable_variables
            if self._full:
                self._gradients = {id(v): g for v, g in zip(variables, grads) if g is not None}

        @guarded
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if self._full:
                _synchronise(model)
                copied = [(id(v), keras.ops.copy(v.value)) for _path, own in self._layers for v in own]
                self._before = dict(copied)

        @guarded
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            loss = (logs or {}).get("loss")
            is_bad = loss is not None and not math.isfinite(float(loss))
            if self._full or (is_bad and not self._sick):
                self._report(is_bad)
            if self._full:
                self._cadence.watched(self.step)
            if is_bad and not self._sick:
                self._cadence.alarm(self.step)
            self._sick = is_bad
            self._gradients, self._before = {}, {}
            self.step += 1
            self._full = self._cadence.is_due(self.step)

        def _report(self, is_bad: bool) -> None:
            _synchronise(model)
            names: List[Tuple[str, str, int]] = []
            numbers: List[Any] = []
            ops = keras.ops

            def add(kind: str, path: str, tensor: Any) -> None:
                x = ops.cast(ops.convert_to_tensor(tensor), "float32")
                names.append((kind, path, math.prod(x.shape)))
                bad = ops.sum(ops.cast(ops.logical_not(ops.isfinite(x)), "float32"))
                zeros = ops.mean(ops.cast(x == 0, "float32"))
                numbers.append(ops.stack([ops.sum(x * x), bad, ops.mean(x), ops.std(x), ops.max(ops.abs(x)), zeros]))

            for path, own in self._layers:
                for variable in own:
                    add("weight", path, variable.value)
                    before = self._before.get(id(variable))
                    if before is not None:
                        add("old", path, before)
                        add("moved", path, variable.value - before)
                    gradient = self._gradients.get(id(variable))
                    if gradient is not None:
                        add("grad", path, gradient)
            if self._full and probe is not None:
                for path, output in self._outputs():
                    add("activation", path, output)
            rows = ops.convert_to_numpy(ops.stack(numbers)).tolist() if numbers else []
            points = _points(names, rows)
            now = int(time.time() * 1000)
            if not self._zero_said and self._layers:
                self._zero_said = True
                first = self._layers[0][0]
                points += [("layer/non_finite", {"layer": first, "phase": phase}, 0.0) for phase in PHASES]
            if is_bad and not self._sick and emit_record is not None:
                _tell(emit_record, self.step, now, names, rows)
            emit(self.step, now, points)

        def _outputs(self) -> List[Tuple[str, Any]]:
            if self._probed is None:
                seen = [layer for layer in _flat(model) if _has_output(layer)]
                self._probed = [layer.name for layer in seen], keras.Model(model.inputs, [layer.output for layer in seen])
            paths, inner = self._probed
            found = inner(probe, training=False)
            return list(zip(paths, found if isinstance(found, (list, tuple)) else [found]))

    return KerasWatch()


def _synchronise(model: Any) -> None:
    """On JAX `fit` keeps the variables to itself until it is asked."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def _flat(model: Any) -> List[Any]:
    return list(model._flatten_layers(include_self=False, recursive=True))


def _has_output(layer: Any) -> bool:
    try:
        return not isinstance(layer.output, (list, tuple, dict)) and type(layer).__name__ != "InputLayer"
    except (AttributeError, ValueError):  # Called several times, or never.
        return False


def _leaves(model: Any) -> List[Tuple[str, List[Any]]]:
    """Path of a layer and its own trainable variables."""
    found: Dict[str, List[Any]] = {}
    for variable in model.trainable_variables:
        path = variable.path.rsplit("/", 1)[0].replace("/", ".")
        found.setdefault(path, []).append(variable)
    # Keras puts the model's own name before all.
    prefix = model.name + "."
    return [(path[len(prefix) :] if path.startswith(prefix) else path, own) for path, own in found.items()]


def _points(names: List[Tuple[str, str, int]], rows: List[List[float]]) -> List[Point]:
    sums: Dict[Tuple[str, str], List[float]] = {}
    points: List[Point] = []
    for (kind, path, size), row in zip(names, rows):
        total = sums.setdefault((kind, path), [0.0, 0.0, 0.0])
        total[0], total[1], total[2] = total[0] + row[0], total[1] + row[1], total[2] + size
        if kind == "activation":
            points += [(f"layer/{name}", {"layer": path}, value) for name, value in zip(NAMES, row[2:])]
    for (kind, path), (squares, bad, size) in sums.items():
        label = {"layer": path}
        root = math.sqrt(squares) if squares >= 0 else squares
        if kind == "weight":
            points.append(("layer/weight_norm", label, root))
        elif kind == "grad":
            points += [("layer/grad_norm", label, root), ("layer/grad_rms", label, root / size**0.5)]
        elif kind == "moved" and sums[("old", path)][0] > 0:
            points.append(("layer/update_ratio", label, root / math.sqrt(sums[("old", path)][0])))
        phase = {"activation": "forward", "grad": "backward", "weight": "optimizer"}.get(kind)
        if bad > 0 and phase is not None:
            points.append(("layer/non_finite", {**label, "phase": phase}, bad))
    return points


ORDER = (
    ("old", "forward", "weight"),
    ("grad", "backward", "grad"),
    ("weight", "optimizer", "weight"),
    ("activation", "forward", "output"),
)
"""The probe batch runs after the step: what it shows is only news while the weights are finite."""


def _tell(
    emit_record: Callable[[Dict[str, Any]], None],
    step: int,
    now: int,
    names: List[Tuple[str, str, int]],
    rows: List[List[float]],
) -> None:
    """Where none of them is bad, the loss itself was, and there is no layer to name."""
    for kind, phase, tensor in ORDER:
        bad = [(path, row, size) for (have, path, size), row in zip(names, rows) if have == kind and row[1] > 0]
        if not bad:
            continue
        # A backward comes to the last layer first.
        path, row, size = bad[-1] if kind == "grad" else bad[0]
        fields = {"layer": path, "phase": phase, "tensor": tensor, "class": None, "nan": None, "inf": None, "of": size}
        message = logfmt("first non-finite tensor", {**fields, "input_finite": None, "input_abs_max": None, "producer": None})
        lines = [f"#{i} {p} {tensor} non-finite={int(r[1])} of {n}" for i, (p, r, n) in enumerate(bad[:21])]
        body = {"time": now, "level": "error", "logger": "llmdbg.watch", "step": step, "rank": None}
        emit_record({**body, "message": message, "exception": "\n".join(lines)})
        return
