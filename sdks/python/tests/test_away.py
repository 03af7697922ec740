"""The server is away, slow or broken, or the program ends in some other way than by its last line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, List

import pytest
from conftest import Stub, wait_until

import llmdbg
from llmdbg import _spool

Script = Callable[..., "subprocess.Popen[str]"]


def spooled(directory: Path) -> List[Any]:
    [file] = (directory / "spool").glob("*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_server_that_never_comes(directory: Path, script: Script) -> None:
    begun = time.monotonic()
    process = script("import llmdbg\nllmdbg.init(project='p')\nfor i in range(100): llmdbg.log({'loss': i})\n")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and out == ""
    assert time.monotonic() - begun < 5
    assert err.count("\n") == 1 and "llmdbg serve" in err
    requests = spooled(directory)
    run = requests[0]["body"]["id"]
    assert (directory / "spool" / f"{run}.{process.pid}.jsonl").exists()
    assert [(r["method"], r["path"]) for r in requests if "points" not in r["path"]] == [
        ("POST", "/api/v1/runs"),
        ("PATCH", f"/api/v1/runs/{run}"),
    ]
    values = [v for r in requests for s in r["body"].get("series", ()) for v in s["value"]]
    assert values == list(range(100))
    assert requests[-1]["body"]["status"] == "finished"


def test_a_server_that_comes_later_gets_everything_in_order(directory: Path) -> None:
    run = llmdbg.init(dir=str(directory))
    for step in range(50):
        llmdbg.log({"loss": float(step)})
    run.flush()
    assert len(spooled(directory)) >= 2
    late = Stub(directory)
    try:
        wait_until(lambda: "loss" in late.points())
        llmdbg.log({"loss": 50.0})
        llmdbg.finish()
        assert late.points()["loss"] == [(step, float(step)) for step in range(51)]
        assert late.status() == "finished"
        assert list((directory / "spool").iterdir()) == []
    finally:
        late.stop()


def test_a_server_that_goes_away_in_the_middle(directory: Path) -> None:
    first = Stub(directory)
    llmdbg.init(dir=str(directory))
    llmdbg.log({"loss": 0.0})
    wait_until(lambda: "loss" in first.points())
    first.stop()
    for step in range(1, 30):
        llmdbg.log({"loss": float(step)})
        time.sleep(0.01)
    second = Stub(directory)
    try:
        wait_until(lambda: "loss" in second.points())
        llmdbg.finish()
        received = first.points()["loss"] + second.points()["loss"]
        assert received == [(step, float(step)) for step in range(30)]
    finally:
        second.stop()


def test_busy_and_forbidding_servers_are_tried_again(stub: Stub, directory: Path) -> None:
    answers = [(503, {}), (401, {}), (507, {})]
    stub.answer = lambda method, path, body: answers.pop() if answers else (200, {})
    llmdbg.init(dir=str(directory))
    llmdbg.log({"loss": 1.0})
    wait_until(lambda: "loss" in stub.points())
    assert answers == []


def test_another_program_on_the_port_is_not_sent_anything(directory: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    posts: List[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"name": "other"}')

        def do_POST(self) -> None:
            posts.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    other = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    directory.mkdir()
    (directory / "server.json").write_text(json.dumps({"url": f"http://127.0.0.1:{other.server_address[1]}"}))
    llmdbg.init(dir=str(directory))
    llmdbg.log({"loss": 1.0})
    llmdbg.finish()
    other.shutdown()
    other.server_close()
    assert posts == []
    assert len(spooled(directory)) == 3


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://localhost:99999", "http://[", "http://127.0.0.1:9"])
def test_addresses_that_cannot_work(directory: Path, url: str) -> None:
    llmdbg.init(dir=str(directory), url=url)
    llmdbg.log({"loss": 1.0})
    llmdbg.finish()
    assert [r["method"] for r in spooled(directory)] == ["POST", "POST", "PATCH"]


def test_finishing_does_not_wait_for_a_server_that_hangs(stub: Stub, directory: Path) -> None:
    llmdbg.init(dir=str(directory))
    wait_until(lambda: stub.bodies("/api/v1/runs") != [])
    stub.hang.set()
    begun = time.monotonic()
    for step in range(10):
        llmdbg.log({"loss": float(step)})
    assert time.monotonic() - begun < 0.1
    llmdbg.finish(timeout=2)
    assert time.monotonic() - begun < 2.5
    kept = [v for r in spooled(directory) for s in r["body"].get("series", ()) for v in s["value"]]
    assert kept == [float(step) for step in range(10)]


def test_no_room_on_disk_drops_counts_and_says_so(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = llmdbg.init(dir=str(directory))
    run.flush()
    assert run._sender is not None
    sender = run._sender
    sender._spool._limit = 0
    llmdbg.log({"loss": 1.0, "other": 2.0})
    run.flush()
    assert sender.dropped == 2
    assert any("no room" in record.getMessage() for record in caplog.records)


def test_a_full_disk_cuts_no_line_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = _spool.Spool(str(tmp_path), "run")
    assert spool.add("POST", "/a", {"n": 1})
    whole_write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole_write(descriptor, data[:5]))
    assert not spool.add("POST", "/b", {"n": 2})
    monkeypatch.undo()
    assert spool.add("POST", "/c", {"n": 3})
    assert [json.loads(line)["path"] for line in Path(spool.path).read_text().splitlines()] == ["/a", "/c"]


def test_the_spool_is_private(directory: Path) -> None:
    llmdbg.init(dir=str(directory)).flush()
    [file] = (directory / "spool").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_an_unhandled_exception_is_recorded(stub: Stub, script: Script) -> None:
    process = script(
        "import llmdbg\nllmdbg.init()\nllmdbg.log({'loss': 1.0}, step=4)\ndef train():\n    raise RuntimeError('CUDA error')\ntrain()\n"
    )
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith("Traceback") and err.strip().endswith("RuntimeError: CUDA error")
    assert stub.points()["loss"] == [(4, 1.0)]
    assert stub.status() == "crashed"
    [record] = stub.records()
    assert (record["level"], record["message"], record["step"]) == ("critical", "RuntimeError: CUDA error", 4)
    assert "in train" in record["exception"]


def test_the_exception_hook_of_the_program_still_runs(stub: Stub, script: Script) -> None:
    process = script("import sys, llmdbg\nsys.excepthook = lambda *_: print('mine')\nllmdbg.init()\n1/0\n")
    out, _err = process.communicate(timeout=30)
    assert out == "mine\n"
    assert stub.status() == "crashed"


def test_leaving_without_finish_delivers(stub: Stub, script: Script) -> None:
    process = script("import sys, llmdbg\nllmdbg.init()\nllmdbg.log({'loss': 1.0})\nsys.exit(3)\n")
    process.communicate(timeout=30)
    assert process.returncode == 3
    assert stub.points()["loss"] == [(0, 1.0)]
    assert stub.status() == "finished"


def test_sigterm_delivers_and_still_ends_by_the_signal(stub: Stub, script: Script) -> None:
    process = script(
        "import llmdbg, time\nllmdbg.init()\nprint('up', flush=True)\nwhile True:\n    llmdbg.log({'loss': 1.0})\n    time.sleep(0.001)\n"
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert len(stub.points()["loss"]) > 50
    assert stub.status() == "crashed"


def test_the_signal_handler_of_the_program_stays(stub: Stub, script: Script) -> None:
    process = script(
        "import llmdbg, signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nllmdbg.init()\nllmdbg.log({'loss': 1.0})\nprint('up', flush=True)\ntime.sleep(30)\n"
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 7
    assert stub.status() == "finished"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_children_neither_repeat_nor_end_the_run(stub: Stub, script: Script) -> None:
    process = script(
        """
import llmdbg, multiprocessing, os
llmdbg.init()
for i in range(20): llmdbg.log({'parent': i})
def work(name):
    llmdbg.log({name: 1.0})
context = multiprocessing.get_context('fork')
children = [context.Process(target=work, args=(f'child-{n}',)) for n in range(3)]
for child in children: child.start()
for child in children: child.join()
if os.fork() == 0:
    os._exit(0)
os.wait()
llmdbg.log({'parent': 20})
print('end', flush=True)
"""
    )
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("end\n", "", 0)
    points = stub.points()
    assert [value for _step, value in points["parent"]] == list(range(21))
    assert [points[f"child-{n}"][0][1] for n in range(3)] == [1.0, 1.0, 1.0]
    assert len({body["writer"]["id"] for body in stub.bodies("/points")}) == 4
    assert [b["status"] for m, _p, b in stub.requests if m == "PATCH" and "status" in b] == ["finished"]


def test_secrets_on_the_command_line_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmdbg import _environment

    command = ["python", "train.py", "--hub-token", "hf_1", "--lr", "1", "--api_key=k", "--password", "--flag"]
    monkeypatch.setattr(sys, "orig_argv", command, raising=False)
    assert _environment.command() == [
        "python", "train.py", "--hub-token", "***", "--lr", "1", "--api_key=***", "--password", "--flag",
    ]  # fmt: skip


def test_a_run_joined_twice_keeps_what_waits(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMDBG_RUN_ID", "outer-run")
    for value in (1.0, 2.0):
        llmdbg.init(dir=str(directory))
        llmdbg.log({"loss": value})
        llmdbg.finish()
    assert [r["body"]["series"][0]["value"] for r in spooled(directory)] == [[1.0], [2.0]]


@pytest.mark.parametrize("nested", [False, True])
def test_an_answer_without_an_end_costs_no_memory(directory: Path, nested: bool) -> None:
    stop = threading.Event()
    sent = []

    def answer(listener: socket.socket) -> None:
        piece = (b"[" if nested else b" ") * 65536
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                    for _ in range(16 if nested else 100_000):
                        connection.sendall(piece)
                        sent.append(len(piece))
            except OSError:
                pass  # The other side has had enough, or the test is over.

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        llmdbg.init(dir=str(directory), url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        llmdbg.log({"loss": 1.0})
        llmdbg.finish()
        stop.set()
    assert sum(sent) < 64 * 1024 * 1024
    assert list((directory / "spool").glob("*.jsonl"))
