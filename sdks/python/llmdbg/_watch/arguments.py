"""What `llmdbg.watch` is called with: a mistake is said in one line with what to do, and the rest is used."""

from __future__ import annotations

import difflib
import inspect
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .._guard import say_once

SHOWN = 8
"""Paths in a message."""


def say(message: str) -> None:
    """Each different mistake once."""
    say_once(f"watch:{message}", "llmdbg: %s", message)


def named(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"a {type(value).__name__}"


def is_optimizer(value: Any) -> bool:
    return hasattr(value, "param_groups") and hasattr(value, "step")


def in_order(model: Any, optimizer: Any) -> Tuple[Any, Any]:
    """Model and optimizer of a PyTorch program, exchanged where they were given the other way round."""
    if is_optimizer(model) and not is_module(model):
        if is_module(optimizer):
            say("watch takes the model first, then the optimizer: llmdbg.watch(model, optimizer); it goes on with the two exchanged")
            return optimizer, model
        say("watch takes the model first, then the optimizer: llmdbg.watch(model, optimizer); without a model nothing is watched")
        return None, None
    many = optimizer if isinstance(optimizer, (list, tuple)) else [] if optimizer is None else [optimizer]
    wrong = next((one for one in many if not is_optimizer(one)), None)
    if wrong is None:
        return model, optimizer
    what = "a model" if is_module(wrong) else named(wrong)
    say(f"watch takes the optimizer as its second argument, not {what}; the optimizer will be found when it steps")
    return model, None


def is_module(value: Any) -> bool:
    return any(kind.__module__ == "torch.nn.modules.module" and kind.__name__ == "Module" for kind in type(value).__mro__)


def known(options: Mapping[str, Any], of: Callable[..., Any]) -> Dict[str, Any]:
    """Options that this kind of watch has, with values that it can use."""
    parameters = inspect.signature(of).parameters
    names = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY and not name.startswith("emit")]
    kept: Dict[str, Any] = {}
    for name, value in options.items():
        if name in names:
            kept[name] = value
            continue
        near = difflib.get_close_matches(name, names, 1)
        say(f"watch has no option {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"its options are {', '.join(names)}"))
    kept["every"] = whole("every", kept.get("every"), 1, "it is chosen from what watching costs")
    first = whole("first_step", kept.get("first_step", 0), 0, "counting starts at 0")
    kept["first_step"] = 0 if first is None else first
    if isinstance(kept.get("layers"), (int, float)):
        kept["layers"] = whole("layers", kept["layers"], 1, "all layers are watched")
    return kept


def whole(name: str, value: Any, least: int, instead: str) -> Optional[int]:
    if value is None:
        return None
    is_whole = not isinstance(value, bool) and isinstance(value, (int, float)) and value % 1 == 0
    if is_whole and value >= least:
        return int(value)
    say(f"{name} must be a whole number, {least} or more, not {named(value)}; {instead}")
    return None


def layers_of(choice: Any, paths: List[str], matched: List[str]) -> bool:
    """Whether a choice of layers can be used; `matched` is what it chose of `paths`."""
    if matched or not paths:
        return True
    shown = ", ".join(paths[:SHOWN]) + (", ..." if len(paths) > SHOWN else "")
    what = f"layers={choice!r}" if not callable(choice) else "the function given as layers"
    say(f"{what} matches none of {len(paths)} modules; they are called {shown}; all are watched")
    return False
