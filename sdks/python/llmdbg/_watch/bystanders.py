"""Leaves alone what is not training: tracing, scripting and exporting of the model, and transforms of torch.func."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import Any, Callable, Iterator, List, Tuple

import torch

_level: Callable[[], Any] = getattr(getattr(torch._C, "_functorch", None), "maybe_current_level", lambda: None)
_compiler: Any = getattr(torch, "compiler", None)
is_compiling: Callable[[], bool] = getattr(_compiler, "is_compiling", lambda: False)
"""Asked first in every hook: a compiler that looks at one ends there, and does not see the rest."""
_is_tracing: Callable[[], bool] = getattr(torch._C, "_is_tracing", torch.jit.is_tracing)
_is_exporting: Callable[[], bool] = getattr(_compiler, "is_exporting", lambda: False)


def is_transformed() -> bool:
    """Inside vmap, grad and the like: tensors here have no values of their own that could be kept."""
    return _level() is not None


def is_bystander() -> bool:
    """The forward that runs is looked at by PyTorch itself: what a hook did would become part of the graph."""
    # What is compiled from its text (torch.jit.script) does not run here.
    if is_compiling() or _is_tracing() or _is_exporting() or _level() is not None:
        return True
    # torch.fx's own question logs a warning.
    return bool(getattr(sys.modules.get("torch.fx._symbolic_trace"), "_is_fx_tracing_flag", False))


_installed = False


def hide_from_scripts(kinds: Tuple[type, ...]) -> None:
    """`torch.jit.script` compiles a module's hooks as well, which it can not with those that are methods of `kinds`."""
    global _installed
    try:
        from torch.jit import _recursive

        original: Any = _recursive.create_script_module
    except (ImportError, AttributeError):  # A PyTorch without TorchScript.
        return
    if _installed:
        return
    _installed = True

    @functools.wraps(original)
    def create_script_module(nn_module: Any, *args: Any, **kwargs: Any) -> Any:
        with _hidden(nn_module, kinds):
            return original(nn_module, *args, **kwargs)

    setattr(_recursive, "create_script_module", create_script_module)


@contextlib.contextmanager
def _hidden(root: Any, kinds: Tuple[type, ...]) -> Iterator[None]:
    kept: List[Tuple[Any, List[Tuple[int, Any]]]] = []
    for module in root.modules() if isinstance(root, torch.nn.Module) else ():
        for hooks in (module.__dict__.get("_forward_pre_hooks"), module.__dict__.get("_forward_hooks")):
            if hooks and any(isinstance(getattr(hook, "__self__", None), kinds) for hook in hooks.values()):
                kept.append((hooks, list(hooks.items())))
    try:
        for hooks, items in kept:
            for key, hook in items:
                if isinstance(getattr(hook, "__self__", None), kinds):
                    del hooks[key]
        yield
    finally:
        for hooks, items in kept:
            hooks.clear()
            hooks.update(items)
