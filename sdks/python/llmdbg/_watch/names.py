"""Paths of modules as people know them, and text of records in logfmt."""

from __future__ import annotations

import math
import re
from typing import Any, Dict, Tuple

WRAPPERS = {"_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
"""What torch.compile, DDP, FSDP, activation checkpointing and Lightning put between a model and its parts."""

ROOT = "(model)"
"""The model itself, which has no path."""


def clean_path(path: str, wrappers: "set[str]" = WRAPPERS) -> str:
    """`module.layers.0._orig_mod.fc` is `layers.0.fc`."""
    return ".".join(part for part in path.split(".") if part and part not in wrappers) or ROOT


def block_of(path: str) -> str:
    """The repeated block that a module belongs to: `model.layers.3` of `model.layers.3.mlp.down_proj`."""
    found = re.match(r"(.*?\.\d+)(\.|$)|(\d+)(\.|$)", path)
    return path if found is None else (found.group(1) or found.group(3))


def logfmt(message: str, fields: Dict[str, Any]) -> str:
    return " ".join([message, *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value == "":
        return "-"
    if isinstance(value, float):
        return short(value)
    shown = str(value)
    if re.search(r'[\s"=]', shown):
        return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
    return shown


def short(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return f"{value:.4g}"


Labels = Dict[str, str]
Point = Tuple[str, Labels, float]
