"""A recording stand-in for the server where it has to be away, slow or broken, and the real one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple
from urllib.request import Request, urlopen

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SDK = REPOSITORY / "sdks" / "python"
sys.path.insert(0, str(SDK))

import llmdbg  # noqa: E402
from llmdbg import _guard  # noqa: E402


class Stub:
    """Keeps what it is sent. `answer` may be replaced to refuse or to hang."""

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.requests: List[Tuple[str, str, Any]] = []
        self.answer: Callable[[str, str, Any], Tuple[int, Any]] = lambda method, path, body: (200, {})
        self.hang = threading.Event()
        self._connections: List[socket.socket] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                stub._connections.append(self.connection)

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                if self.path == "/api/v1/health":
                    status, reply = 200, {"name": "llmdbg", "version": "0", "pid": 1, "uptimeMs": 1}
                else:
                    while stub.hang.is_set():
                        time.sleep(0.02)
                    status, reply = stub.answer(self.command, self.path, body)
                    if status < 300:
                        stub.requests.append((self.command, self.path, body))
                content = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = handle_any

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "server.json").write_text(json.dumps({"url": self.url, "pid": os.getpid(), "version": "0"}))

    def stop(self) -> None:
        self.hang.clear()
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The client has closed it already.

    def bodies(self, suffix: str) -> List[Any]:
        return [body for _method, path, body in self.requests if path.endswith(suffix)]

    def points(self) -> Dict[str, List[Tuple[int, Any]]]:
        """Series name to (step, value), each batch once as the real server does."""
        found: Dict[str, List[Tuple[int, Any]]] = {}
        seen = set()
        for body in self.bodies("/points"):
            writer = (body["writer"]["id"], body["writer"]["sequence"])
            if writer in seen:
                continue
            seen.add(writer)
            for series in body["series"]:
                found.setdefault(series["name"], []).extend(zip(series["step"], series["value"]))
        return found

    def records(self) -> List[Any]:
        return [record for body in self.bodies("/records") for record in body["records"]]

    def status(self) -> Optional[str]:
        statuses = [body["status"] for method, _path, body in self.requests if method == "PATCH" and "status" in body]
        return statuses[-1] if statuses else None


class RealServer:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.url = ""

    def start(self) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not on the PATH")
        noted = self.directory / "server.json"
        noted.unlink(missing_ok=True)
        log = open(self.directory.parent / "server.log", "ab")
        self._process = subprocess.Popen(
            [node, str(REPOSITORY / "bin" / "llmdbg.js"), "serve", "--port", "0", "--dir", str(self.directory)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env={key: value for key, value in os.environ.items() if not key.startswith("LLMDBG_")},
        )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                self.url = json.loads(noted.read_text())["url"]
                urlopen(self.url + "/api/v1/health", timeout=1).read()
                return
            except (OSError, ValueError):
                time.sleep(0.05)
        raise RuntimeError("the server did not start:\n" + (self.directory.parent / "server.log").read_text())

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def get(self, path: str) -> Any:
        return json.loads(urlopen(Request(self.url + "/api/v1" + path), timeout=10).read())

    def points(self, run: str, series: str) -> List[Tuple[int, Any]]:
        [columns] = self.get(f"/runs/{run}/points?series={series}&limit=1000000")["series"]
        return list(zip(columns["step"], columns["value"]))


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No run and no said warning is left from another test, and no setting of this machine."""
    for name in ("LLMDBG_URL", "LLMDBG_TOKEN", "LLMDBG_DIR", "LLMDBG_RUN_ID", "LLMDBG_PROJECT", "RANK"):
        monkeypatch.delenv(name, raising=False)
    _guard._said.clear()
    yield
    llmdbg.finish(timeout=2)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def stub(directory: Path) -> Iterator[Stub]:
    made = Stub(directory)
    yield made
    made.stop()


@pytest.fixture
def server(directory: Path) -> Iterator[RealServer]:
    directory.mkdir(parents=True)
    made = RealServer(directory)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def script(directory: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts Python code in a process of its own with the SDK and the data directory."""

    def start(code: str, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SDK), "LLMDBG_DIR": str(directory), **env},
        )

    return start


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
