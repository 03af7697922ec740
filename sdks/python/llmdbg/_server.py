"""Finds the server and talks to it over one kept connection."""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import Any, Dict, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 5.0
# Far above any answer of llmdbg; what else listens at the address may send without an end.
MAX_ANSWER_BYTES = 4 * 1024 * 1024


class Unreachable(Exception):
    """No answer, or one that says to come back later. `stale`: only the kept connection was closed."""

    def __init__(self, message: str, stale: bool = False) -> None:
        super().__init__(message)
        self.stale = stale


class Reply(NamedTuple):
    status: int
    body: Any


class Server:
    """Used by the sender thread only. Looks for the server anew after each lost connection."""

    def __init__(self, directory: str, url: Optional[str], token: Optional[str]) -> None:
        self._directory = directory
        self._url = url or os.environ.get("LLMDBG_URL") or None
        self._token = token or os.environ.get("LLMDBG_TOKEN") or None
        self._connection: Optional[http.client.HTTPConnection] = None
        self._prefix = ""
        self._headers: Dict[str, str] = {}
        self._interrupted = False

    def interrupt(self) -> None:
        """From another thread: ends a request that is waiting for its answer, and refuses further ones."""
        self._interrupted = True
        connection = self._connection
        stream = None if connection is None else connection.sock
        if stream is not None:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It was closed meanwhile, which is what was wanted.

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def send(self, method: str, path: str, body: Dict[str, Any]) -> Reply:
        """Raises `Unreachable` when it is worth trying again; other refusals are in the status."""
        reused = self._connection is not None
        try:
            return self._exchange(method, path, body)
        except Unreachable as reason:
            # A server closes idle connections: try once on a fresh one before calling it away.
            if not reused or not reason.stale:
                raise
            return self._exchange(method, path, body)

    def _exchange(self, method: str, path: str, body: Optional[Dict[str, Any]]) -> Reply:
        if self._interrupted:
            raise Unreachable("the program ends")
        try:
            connection = self._connect()
            data = None if body is None else json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
            connection.request(method, self._prefix + path, body=data, headers=self._headers)
            response = connection.getresponse()
            content = response.read(MAX_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(repr(error), stale=not isinstance(error, socket.timeout)) from error
        if len(content) > MAX_ANSWER_BYTES:
            self.close()
            raise Unreachable("the answer has no end")
        # 401 and 403: the token may be mended while training goes on, so the data waits.
        if response.status >= 500 or response.status in (401, 403, 408, 425, 429):
            raise Unreachable(f"the server answered {response.status}")
        try:
            return Reply(response.status, json.loads(content))
        except (ValueError, RecursionError):
            return Reply(response.status, None)

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is not None:
            return self._connection
        url, token = self._locate()
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Unreachable(f"{url!r} is no http address") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreachable(f"{url!r} is no http address")
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = make(parts.hostname, port, timeout=CONNECT_SECONDS)
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        # It would reconnect by itself, to whatever listens there by then.
        connection.auto_open = 0
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection = connection
        reply = self._exchange("GET", "/api/v1/health", None)
        if not isinstance(reply.body, dict) or reply.body.get("name") != "llmdbg":
            self.close()
            raise Unreachable(f"what answers at {url} is not llmdbg")
        return connection

    def _locate(self) -> Tuple[str, Optional[str]]:
        if self._url is not None:
            return self._url, self._token
        try:
            with open(os.path.join(self._directory, "server.json"), encoding="utf-8") as file:
                noted = json.load(file)
            return str(noted["url"]), self._token or noted.get("token")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"no server runs on {self._directory}") from error
