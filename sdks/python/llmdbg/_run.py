"""One execution being watched, as the code in it sees it."""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from types import TracebackType
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Type

from . import _exit
from ._environment import environment
from ._guard import guarded, say_once
from ._log_handler import ExceptionInfo, exception_body, rank
from ._sender import Change, Labelled, Points, Record, Sender
from ._server import Server
from ._spool import Spool
from ._values import MAX_STEP, flat_config, numbers, text, whole_step

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")
STATUSES = ("finished", "failed", "crashed")

_current: Optional["Run"] = None


def current() -> Optional["Run"]:
    return _current


class Run:
    """Made by `llmdbg.init`. Usable as a context manager; safe to use from several threads."""

    def __init__(self, **options: Any) -> None:
        self.id = ""
        self.step: Optional[int] = None
        """Of the last `log` call."""
        self._lock = threading.RLock()
        self._sender: Optional[Sender] = None
        self._joined = False
        self._at_finish: List[Callable[[], None]] = []
        self._open(**options)

    @guarded
    def _open(
        self,
        project: Optional[str],
        name: Optional[str],
        config: Any,
        tags: Optional[Sequence[str]],
        dir: Optional[str],
        url: Optional[str],
        token: Optional[str],
    ) -> None:
        given = os.environ.get("LLMDBG_RUN_ID", "")
        self._joined = RUN_ID.match(given) is not None
        self.id = given if self._joined else time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
        self.directory = os.path.expanduser(dir or os.environ.get("LLMDBG_DIR") or os.path.join("~", ".llmdbg"))
        self._url, self._token = url, token
        self._ignored: List[str] = []
        created = time.time() * 1000
        outer = os.environ.get("LLMDBG_PROJECT")
        body: Dict[str, Any] = {
            "id": self.id,
            "project": text(str((outer if self._joined else None) or project or outer or "default"), 256),
            "kind": "train",
            # A joined run is of `llmdbg run`, also when this process is the first that the server hears of it from.
            "source": "run" if self._joined else "sdk-python",
            "config": {} if config is None else flat_config(config, self._ignored),
            "tags": [text(str(tag), 256) for tag in (tags or ())][:256],
            "createdAt": created,
        }
        if name:
            body["name"] = text(str(name), 512)

        def opening() -> Dict[str, Any]:
            return {**body, "environment": environment()}

        self._opening = opening
        self._sender = self._make_sender(opens=not self._joined)
        # Empty when there is nothing to add: it only makes the sender start the run at once.
        details = {key: body[key] for key in ("config", "tags", "name") if body.get(key)} if self._joined else {"config": {}}
        if details:
            self._sender.put(Change(details))
        self._report_ignored()

    def _make_sender(self, opens: bool) -> Sender:
        own_rank = rank()
        # All ranks of a joined run write to it: rank 0 keeps the plain names, the others get a label.
        labels = {"rank": str(own_rank)} if self._joined and own_rank else None
        return Sender(
            self.id,
            Server(self.directory, self._url, self._token),
            Spool(self.directory, self.id),
            self._opening,
            opens,
            labels,
        )

    @property
    def is_joined(self) -> bool:
        """`llmdbg run` started it around this process."""
        return self._joined

    @guarded
    def log(self, metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
        """Notes metrics of one step; without `step`, of the step after the last one."""
        now = int(time.time() * 1000)
        sender = self._sender
        if sender is None:
            return
        ignored: List[str] = []
        values = numbers(metrics, ignored)
        with self._lock:
            at = None if step is None else whole_step(step)
            if at is None:
                if step is not None:
                    say_once("step", "llmdbg: %r is no step (an integer is); counting on instead", step)
                at = 0 if self.step is None else min(self.step + 1, MAX_STEP)
            self.step = at
            if values:
                sender.put(Points(at, now, values), len(values))
        if ignored:
            self._ignored += ignored[:10]
            self._report_ignored()

    @guarded
    def config(self, values: Any) -> None:
        """Adds to the run's configuration."""
        if self._sender is not None:
            flat = flat_config(values, self._ignored)
            if flat:
                self._sender.put(Change({"config": flat}))
            self._report_ignored()

    @guarded
    def emit(self, step: int, time_ms: int, points: Sequence[Tuple[str, Mapping[str, str], float]]) -> None:
        """Notes values of labelled series, as `llmdbg.watch` makes them."""
        if self._sender is not None and points:
            self._sender.put(Labelled(step, time_ms, points), len(points))

    @guarded
    def record(self, body: Dict[str, Any]) -> None:
        """Adds a log record in the form of the wire; `LogHandler` is the usual way."""
        if self._sender is not None:
            self._sender.put(Record(body))

    def at_finish(self, close: Callable[[], None]) -> None:
        self._at_finish.append(close)

    @guarded
    def flush(self, timeout: float = 10.0) -> bool:
        """Waits up to `timeout` seconds until everything is delivered or on disk."""
        return self._sender is None or self._sender.flush(timeout)

    @guarded
    def finish(self, status: str = "finished", timeout: float = 10.0) -> None:
        """Ends the run and waits up to `timeout` seconds for delivery; what is left waits on disk."""
        global _current
        with self._lock:
            sender, self._sender = self._sender, None
        if _current is self:
            _current = None
        if sender is None:
            return
        for close in self._at_finish:
            close()
        self._at_finish = []
        _exit.unwatch(self)
        notice = sender.drop_notice()
        if notice is not None:
            sender.put(notice, size=0)
        if status not in STATUSES:
            say_once("status", "llmdbg: %r is no status; one of %s is", status, ", ".join(STATUSES))
            status = "finished"
        # A joined run is ended by `llmdbg run`, which knows the exit status.
        if not self._joined:
            sender.put(Change({"status": status, "endedAt": time.time() * 1000}), size=0)
        if not sender.flush(timeout, last=True):
            say_once("unfinished", "llmdbg: the end of run %s could not be delivered in %s s", self.id, timeout)

    def crash(self, info: ExceptionInfo, timeout: float = 5.0) -> None:
        """Ends the run with the exception that ended the program."""
        # `llmdbg run` reads the same traceback from the console.
        if self._sender is not None and not self._joined:
            self.record(exception_body(info, time.time() * 1000, self.step))
        self.finish("crashed", timeout)

    def continue_in_child(self) -> None:
        """After a fork: the thread, the connection and what was queued belong to the parent."""
        self._lock = threading.RLock()
        if self._sender is not None:
            self._joined = True
            self._sender = self._make_sender(opens=False)

    def _report_ignored(self) -> None:
        if self._ignored:
            say_once("ignored", "llmdbg: not a number, or a name over 512 characters: %s", ", ".join(map(repr, self._ignored[:5])))
            self._ignored = []

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if kind is None or error is None or kind is SystemExit:
            self.finish()
        else:
            self.crash((kind, error, trace))


def start(**options: Any) -> Run:
    """Makes a run the current one; an earlier one that is still open is finished."""
    global _current
    if _current is not None:
        _current.finish()
    run = Run(**options)
    _current = run
    _exit.watch(run)
    return run
