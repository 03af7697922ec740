"""Keeps the SDK's own failures away from the training loop."""

from __future__ import annotations

import functools
import logging
import threading
from typing import Any, Callable, Set, TypeVar, cast

logger = logging.getLogger("llmdbg")

_said: Set[str] = set()
_said_lock = threading.Lock()


def renew_lock() -> None:
    """After a fork: another thread of the parent may have held it, and does not exist here."""
    global _said_lock
    _said_lock = threading.Lock()


Function = TypeVar("Function", bound=Callable[..., Any])


def say_once(key: str, message: str, *args: object) -> None:
    """Warns once per process about one kind of thing."""
    with _said_lock:
        if key in _said:
            return
        _said.add(key)
    try:
        logger.warning(message, *args)
    except Exception:  # A user's log handler may raise; that must not reach the loop through here.
        pass


def _place(error: BaseException) -> str:
    """The line that raised it: another failure in the same function is another one, and there are only so many."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return type(error).__name__ + ("" if trace is None else f":{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")


def guarded(function: Function) -> Function:
    """A failure inside is said once and swallowed; KeyboardInterrupt and SystemExit pass."""

    @functools.wraps(function)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            say_once(f"internal:{function.__name__}:{_place(error)}", "llmdbg: %s failed: %r", function.__name__, error)
            return None

    return cast(Function, safe)
