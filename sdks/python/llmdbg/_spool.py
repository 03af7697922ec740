"""Requests that wait on disk while the server is away.

One file for each run and process, one JSON object a line: {"method", "path", "body"}, in order. This
process delivers its own; when it is gone, the server of the directory delivers what it left behind.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Optional

from ._guard import say_once

DEFAULT_LIMIT = 1024 * 1024 * 1024


class Spool:
    """Used by the sender thread only."""

    def __init__(self, directory: str, run: str, limit_bytes: int = DEFAULT_LIMIT) -> None:
        self.path = os.path.join(directory, "spool", f"{run}.{os.getpid()}.jsonl")
        self._limit = limit_bytes
        self._read_at = 0
        try:
            # Of an earlier run with this id in this process: it goes on where that one stopped.
            self._size = os.path.getsize(self.path)
        except OSError:
            self._size = 0

    @property
    def is_empty(self) -> bool:
        return self._size == 0

    def add(self, method: str, path: str, body: Dict[str, Any]) -> bool:
        """False when it could not be kept: the disk is full or the limit reached."""
        line = json.dumps({"method": method, "path": path, "body": body}, allow_nan=False).encode() + b"\n"
        if self._size + len(line) > self._limit:
            return False
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # A line that was cut by a full disk must not swallow the next one.
                os.ftruncate(descriptor, self._size)
                written = os.write(descriptor, line)
                if written < len(line):
                    os.ftruncate(descriptor, self._size)
                    return False
            finally:
                os.close(descriptor)
        except OSError:
            return False
        self._size += len(line)
        return True

    def next(self) -> Optional[Dict[str, Any]]:
        """The oldest request that is not delivered yet; None when there is none."""
        if self._read_at >= self._size:
            return None
        try:
            with open(self.path, "rb") as file:
                file.seek(self._read_at)
                request: Dict[str, Any] = json.loads(file.readline())
                self._next_at = file.tell()
                return request
        except (OSError, ValueError) as error:
            say_once("spool-lost", "llmdbg: %s can not be read any more, what waited there is lost: %r", self.path, error)
            self._size = 0
            self._read_at = 0
            return None

    def delivered(self) -> None:
        """Forgets the request that `next` answered; the file goes with the last one."""
        self._read_at = self._next_at
        if self._read_at >= self._size:
            try:
                os.unlink(self.path)
            except OSError:
                pass  # Delivered again later; the server knows each batch by its writer and sequence.
            self._size = 0
            self._read_at = 0

    def reject(self, method: str, path: str, body: Dict[str, Any], reason: str) -> None:
        """Keeps aside what the server refuses for good, so that a person can look at it."""
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            with open(self.path + ".rejected", "a", encoding="utf-8") as file:
                file.write(json.dumps({"method": method, "path": path, "body": body, "reason": reason}) + "\n")
        except OSError:
            pass  # There is no further place to put it; the sender has warned about the refusal.
