"""Turns what people log into the numbers, texts and names of the wire."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any, Dict, List, Mapping, Optional, Union

MAX_DEPTH = 8
MAX_NAME = 512
MAX_VALUES_PER_CALL = 10_000
MAX_CONFIG_KEYS = 5_000
MAX_TEXT = 16_384
# The largest integer that the server is sure to have read as it was sent.
MAX_STEP = 2**53 - 1

Wire = Union[float, str]
Scalar = Union[float, str, bool, None]


def wire(value: float) -> Wire:
    """JSON has no NaN and no infinities; they travel as texts."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def number(value: Any) -> Optional[float]:
    """The float64 in a Python, numpy or torch scalar; None when it is no number."""
    if isinstance(value, (str, bytes, bytearray)) or value is None:
        return None
    try:
        if not isinstance(value, (int, float)) and hasattr(value, "item"):
            value = value.item()
            if isinstance(value, (str, bytes)):
                return None
        return float(value)
    except Exception:  # Whatever a foreign __float__ or item() raises: it is no number to us.
        return None


def numbers(metrics: Mapping[Any, Any], ignored: List[str]) -> Dict[str, float]:
    """Flattens nested mappings with `/`. Names whose value is no number are appended to `ignored`."""
    flat: Dict[str, float] = {}
    _collect(metrics, "", flat, ignored, 0)
    return flat


def _collect(metrics: Mapping[Any, Any], prefix: str, flat: Dict[str, float], ignored: List[str], depth: int) -> None:
    for key, value in metrics.items():
        name = key if type(key) is str else str(key)
        if prefix:
            name = f"{prefix}/{name}"
        if type(value) is float or type(value) is int:  # The usual case first: this runs in the training loop.
            try:
                converted: Optional[float] = float(value)
            except OverflowError:
                converted = None
        elif value is None:
            continue
        elif isinstance(value, Mapping):
            if depth < MAX_DEPTH:
                _collect(value, name, flat, ignored, depth + 1)
            else:
                ignored.append(name[:MAX_NAME])
            continue
        else:
            converted = number(value)
        if converted is None or not name or len(name) > MAX_NAME or len(flat) >= MAX_VALUES_PER_CALL:
            ignored.append(name[:MAX_NAME])
        else:
            flat[name] = converted


def whole_step(step: Any) -> Optional[int]:
    """A step as an integer; None when it is none."""
    value = number(step)
    if value is None or not math.isfinite(value) or abs(value) > MAX_STEP or value != math.floor(value):
        return None
    return int(value)


def flat_config(values: Any, ignored: List[str]) -> Dict[str, Scalar]:
    """Dotted keys to scalars. Sequences become JSON text, other objects their str()."""
    flat: Dict[str, Scalar] = {}
    _flatten(_as_mapping(values), "", flat, ignored, 0)
    return flat


def _as_mapping(values: Any) -> Any:
    if isinstance(values, Mapping):
        return values
    if dataclasses.is_dataclass(values) and not isinstance(values, type):
        return {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    # argparse.Namespace, SimpleNamespace and configuration objects of that kind.
    return dict(vars(values))


def _flatten(values: Mapping[Any, Any], prefix: str, flat: Dict[str, Scalar], ignored: List[str], depth: int) -> None:
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = _as_mapping(value)
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            _flatten(value, name, flat, ignored, depth + 1)
        elif not name or len(name) > MAX_NAME or len(flat) >= MAX_CONFIG_KEYS:
            ignored.append(name[:MAX_NAME])
        else:
            try:
                flat[name] = _scalar(value)
            except Exception:  # A foreign __str__ or __float__ may raise anything.
                ignored.append(name)


def _scalar(value: Any) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value, MAX_TEXT)
    if isinstance(value, int):
        return value if abs(value) <= MAX_STEP else str(value)
    if isinstance(value, float):
        return wire(float(value))
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        plain = value if isinstance(value, Mapping) else list(value)
        return text(json.dumps(plain, default=str), MAX_TEXT)
    converted = number(value)
    return text(str(value), MAX_TEXT) if converted is None else wire(converted)


def text(value: str, limit: int) -> str:
    """Fit for JSON in UTF-8: lone surrogates replaced, cut to `limit` characters as JavaScript counts them."""
    clean = value.encode("utf-8", "replace").decode("utf-8")
    if len(clean) * 2 <= limit or len(clean.encode("utf-16-le")) // 2 <= limit:
        return clean
    return clean.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore")
