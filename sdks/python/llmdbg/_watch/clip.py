"""Tells the watches of gradients before they are clipped: afterwards one bad number is in all of them."""

from __future__ import annotations

import weakref
from typing import Any, Callable

from .._guard import guarded

_watches: "weakref.WeakSet[Any]" = weakref.WeakSet()
_installed = False


def tell(watch: Any) -> None:
    """`watch.before_clipping(parameters' gradients, total norm)` is called whenever PyTorch clips by norm."""
    global _installed
    _watches.add(watch)
    if _installed:
        return
    from torch.nn.utils import clip_grad

    # clip_grad_norm_ itself may have been imported by name already; what it calls is looked up when it runs.
    original: Any = getattr(clip_grad, "_get_total_norm", None)
    if original is None:
        return
    _installed = True
    setattr(clip_grad, "_get_total_norm", _wrapped(original))


def forget(watch: Any) -> None:
    _watches.discard(watch)


def _wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_total_norm(tensors: Any, norm_type: float = 2.0, *args: Any, **kwargs: Any) -> Any:
        try:
            total = original(tensors, norm_type, *args, **kwargs)
        except RuntimeError:  # error_if_nonfinite: told before the program ends.
            _notify(tensors, norm_type, None)
            raise
        _notify(tensors, norm_type, total)
        return total

    return get_total_norm


@guarded
def _notify(tensors: Any, norm_type: float, total: Any) -> None:
    import torch

    if torch.compiler.is_compiling() or float(norm_type) != 2.0:
        return
    for watch in list(_watches):
        watch.before_clipping(tensors, total)
