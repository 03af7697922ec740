"""Moves what was logged from memory to the server, or to disk while the server is away.

Why it exists: the training loop must not wait. `put` appends to a bounded queue and returns; one daemon
thread empties the queue every 200 ms into columns and sends them. What the server has not acknowledged
is written to the spool in order, and the spool is delivered before anything newer once the server is back.
"""

from __future__ import annotations

import collections
import threading
import time
import uuid
from typing import Any, Callable, Deque, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ._guard import say_once
from ._server import Server, Unreachable
from ._spool import Spool
from ._values import wire

INTERVAL_SECONDS = 0.2
"""One request costs about a millisecond of Python, so five a second stay far below 1 % of a loop."""
MAX_QUEUED = 200_000
"""Values and records in memory; about 100 bytes each."""
MAX_BATCH = 20_000
MAX_RECORDS = 5_000
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 5.0


class Points(NamedTuple):
    step: int
    time: int
    """Milliseconds since the epoch; whole ones are written ten times faster."""
    values: Dict[str, float]


class Labelled(NamedTuple):
    """Values of series that have labels, such as the layer."""

    step: int
    time: int
    points: Sequence[Tuple[str, Mapping[str, str], float]]


class Record(NamedTuple):
    body: Dict[str, Any]


class Change(NamedTuple):
    """Of the run itself: a PATCH."""

    body: Dict[str, Any]


Item = Union[Points, Labelled, Record, Change]
Series = Tuple[str, Tuple[Tuple[str, str], ...]]
"""Name and labels in order."""


class Sender:
    def __init__(
        self,
        run: str,
        server: Server,
        spool: Spool,
        opening: Callable[[], Dict[str, Any]],
        opens: bool,
        labels: Optional[Dict[str, str]] = None,
    ) -> None:
        """`opening` makes the body that starts the run; `opens` is false when another process has started it."""
        self._path = f"/api/v1/runs/{run}"
        self._server = server
        self._spool = spool
        self._opening = opening
        self._labels = labels
        self._writer = uuid.uuid4().hex
        self._sequence = 0
        self._queue: Deque[Item] = collections.deque()
        self._queued = 0
        self._lock = threading.RLock()
        # Both locks are reentrant: a signal handler may end the run in the middle of `put` or `flush`.
        self._turn = threading.Condition()
        self._flushes_wanted = 0
        self._flushes_done = 0
        self._thread: Optional[threading.Thread] = None
        self._closing = False
        self._opened = not opens
        self._retry_at = 0.0
        self._retry_after = FIRST_RETRY_SECONDS
        self.dropped = 0
        self._drop_reported = False
        self.refused = 0

    def put(self, item: Item, size: int = 1) -> None:
        """Never waits for more than the lock; drops and counts when memory is full."""
        with self._lock:
            if self._queued + size > MAX_QUEUED:
                self.dropped += size
                return
            self._queued += size
            self._queue.append(item)
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._work, name="llmdbg", daemon=True)
                self._thread.start()

    def flush(self, timeout: float, last: bool = False) -> bool:
        """Waits until what is queued now is acknowledged or on disk. False when that took too long."""
        with self._lock:
            thread = self._thread
        if thread is None or not thread.is_alive() or thread is threading.current_thread():
            return self._queued == 0
        with self._turn:
            self._closing = self._closing or last
            self._flushes_wanted += 1
            wanted = self._flushes_wanted
            self._turn.notify_all()
            if self._turn.wait_for(lambda: self._flushes_done >= wanted, timeout * (0.6 if last else 1)):
                return True
            if not last:
                return False
            # The server takes too long: what remains goes to disk, which needs only a moment.
            self._server.interrupt()
            return self._turn.wait_for(lambda: self._flushes_done >= wanted, timeout * 0.4)

    def _work(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._flushes_wanted > self._flushes_done, INTERVAL_SECONDS)
                wanted, closing = self._flushes_wanted, self._closing
            try:
                if wanted > self._flushes_done:
                    self._retry_at = 0.0
                self._round()
            except Exception as error:  # A bug here must neither end the thread silently nor reach the loop.
                say_once("sender", "llmdbg: sending failed, some data is lost: %r", error)
            with self._turn:
                self._flushes_done = max(self._flushes_done, wanted)
                self._turn.notify_all()
            if closing:
                self._server.close()
                return

    def _round(self) -> None:
        """One pass: what waits on disk first, then what is in memory."""
        if not self._opened:
            self._opened = True
            self._deliver("POST", "/api/v1/runs", self._opening())
        if not self._spool.is_empty:
            self._deliver_spool()
        while True:
            requests, size = self._take()
            for method, path, body in requests:
                self._deliver(method, path, body)
            if size == 0:
                break
        if self.dropped and not self._drop_reported:
            self._drop_reported = True
            say_once("dropped", "llmdbg: values come faster than they can be kept; some are dropped")
            self.put(Record(self._notice("llmdbg dropped metrics because its queue was full; the count follows at the end")))

    def drop_notice(self) -> Optional[Record]:
        """What the end of a run says about dropped values."""
        if self.dropped == 0:
            return None
        return Record(self._notice(f"llmdbg dropped {self.dropped} values of this run because its queue was full"))

    @staticmethod
    def _notice(message: str) -> Dict[str, Any]:
        return {"time": time.time() * 1000, "level": "warning", "logger": "llmdbg", "message": message}

    def _take(self) -> Tuple[List[Tuple[str, str, Dict[str, Any]]], int]:
        """Requests for one batch's worth of the queue, and how much that was."""
        columns: Dict[Series, Tuple[List[int], List[int], List[Any]]] = {}
        records: List[Dict[str, Any]] = []
        changes: Dict[str, Any] = {}
        size = 0

        def add(series: Series, item: Union[Points, Labelled], value: float) -> None:
            column = columns.get(series)
            if column is None:
                column = columns[series] = ([], [], [])
            column[0].append(item.step)
            column[1].append(item.time)
            column[2].append(wire(value))

        while size < MAX_BATCH and len(records) < MAX_RECORDS:
            try:
                item = self._queue.popleft()
            except IndexError:
                break
            if isinstance(item, Points):
                size += len(item.values)
                for name, value in item.values.items():
                    add((name, ()), item, value)
            elif isinstance(item, Labelled):
                size += len(item.points)
                for name, labels, value in item.points:
                    add((name, tuple(sorted(labels.items()))), item, value)
            elif isinstance(item, Record):
                size += 1
                records.append(item.body)
            else:
                size += 1
                config = {**changes.get("config", {}), **item.body.get("config", {})}
                changes.update(item.body)
                if config:
                    changes["config"] = config
        with self._lock:
            self._queued = max(0, self._queued - size)
        requests: List[Tuple[str, str, Dict[str, Any]]] = []
        if columns:
            series = [
                {"name": name, **self._with_labels(labels), "step": step, "time": at, "value": value}
                for (name, labels), (step, at, value) in columns.items()
            ]
            requests.append(("POST", self._path + "/points", {"writer": self._next_writer(), "series": series}))
        if records:
            requests.append(("POST", self._path + "/records", {"writer": self._next_writer(), "records": records}))
        # Last, so that a run is not over before its points are there.
        if changes:
            requests.append(("PATCH", self._path, changes))
        return requests, size

    def _with_labels(self, own: Tuple[Tuple[str, str], ...]) -> Dict[str, Dict[str, str]]:
        labels = {**(self._labels or {}), **dict(own)}
        return {"labels": labels} if labels else {}

    def _next_writer(self) -> Dict[str, Any]:
        self._sequence += 1
        return {"id": self._writer, "sequence": self._sequence}

    def _deliver(self, method: str, path: str, body: Dict[str, Any]) -> None:
        may_send = self._spool.is_empty and not self._is_behind and time.monotonic() >= self._retry_at
        if may_send and self._send(method, path, body):
            return
        if not self._spool.add(method, path, body):
            size = _size(body)
            with self._lock:
                self.dropped += size
            say_once("spool", "llmdbg: no server and no room in %s; data is dropped", self._spool.path)

    @property
    def _is_behind(self) -> bool:
        """The server takes less than comes in: the disk is faster, and nothing has to be dropped."""
        return self._queued > MAX_QUEUED // 2

    def _deliver_spool(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        while not self._is_behind:
            request = self._spool.next()
            if request is None or not self._send(request["method"], request["path"], request["body"]):
                return
            self._spool.delivered()

    def _send(self, method: str, path: str, body: Dict[str, Any]) -> bool:
        """True when the request is done with: acknowledged, or refused for good and set aside."""
        try:
            reply = self._server.send(method, path, body)
            if reply.status == 404 and path != "/api/v1/runs":
                # The process that should have started the run has not done so yet, or this is another server.
                self._server.send("POST", "/api/v1/runs", self._opening())
                reply = self._server.send(method, path, body)
        except Unreachable as reason:
            self._retry_at = time.monotonic() + self._retry_after
            self._retry_after = min(self._retry_after * 2, LAST_RETRY_SECONDS)
            say_once(
                "away",
                "llmdbg: %s; the data waits in %s and is delivered once a server runs (llmdbg serve)",
                reason,
                self._spool.path,
            )
            return False
        self._retry_at = 0.0
        self._retry_after = FIRST_RETRY_SECONDS
        if reply.status >= 400:
            detail = reply.body.get("detail", "") if isinstance(reply.body, dict) else ""
            self.refused += _size(body)
            self._spool.reject(method, path, body, f"{reply.status} {detail}")
            say_once("refused", "llmdbg: the server refused data (%s %s); it is kept in %s.rejected", reply.status, detail, self._spool.path)
        elif isinstance(reply.body, dict) and reply.body.get("rejected"):
            rejected = reply.body["rejected"]
            self.refused += len(rejected)
            say_once("rejected", "llmdbg: the server refused %d values: %s", len(rejected), rejected[0].get("reason"))
        return True


def _size(body: Dict[str, Any]) -> int:
    return sum(len(series["value"]) for series in body.get("series", ())) + len(body.get("records", ()))
