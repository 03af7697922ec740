"""Ends the open run however the program ends: normally, with an exception, by SIGTERM, and in forked children."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Optional, Type

from ._guard import guarded, renew_lock

if TYPE_CHECKING:
    from ._run import Run

EXIT_SECONDS = 5.0
SIGNAL_SECONDS = 3.0

_run: Optional["Run"] = None
_installed = False


def watch(run: "Run") -> None:
    global _run
    _run = run
    _install()


def unwatch(run: "Run") -> None:
    global _run
    if _run is run:
        _run = None


@guarded
def _install() -> None:
    global _installed
    if not _installed:
        _installed = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child)
        _chain_excepthook()
    # Only the main thread may, and only where the program has no handler of its own.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_terminate)


def _at_exit() -> None:
    if _run is not None:
        _run.finish(timeout=EXIT_SECONDS)


def _chain_excepthook() -> None:
    before = sys.excepthook

    def hook(kind: Type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
        try:
            before(kind, error, trace)
        finally:
            _crash(kind, error, trace)

    sys.excepthook = hook


@guarded
def _crash(kind: Type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
    if _run is not None:
        _run.crash((kind, error, trace), EXIT_SECONDS)


def _on_terminate(number: int, _frame: Optional[FrameType]) -> None:
    _end_by_signal()
    # As if there had been no handler, so that the exit status says which signal it was.
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@guarded
def _end_by_signal() -> None:
    if _run is not None:
        _run.finish("crashed", SIGNAL_SECONDS)


@guarded
def _in_child() -> None:
    renew_lock()
    if _run is None:
        return
    _run.continue_in_child()
    # Children of multiprocessing end without atexit, but run these.
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_run, _finish_with_multiprocessing)


def _finish_with_multiprocessing(run: "Run") -> None:
    from multiprocessing import util

    util.Finalize(None, run.finish, kwargs={"timeout": EXIT_SECONDS}, exitpriority=10)
