"""What reaches the wire, and what never reaches the caller."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import math
import threading
import time
from pathlib import Path
from typing import Any

import numpy
import pytest
from conftest import Stub, wait_until

import llmdbg
from llmdbg import _sender


def test_a_run_with_points_config_and_end(stub: Stub, directory: Path) -> None:
    run = llmdbg.init(project="p", name="n", config={"lr": 1e-3, "optimizer": {"name": "adam"}}, tags=["a"], dir=str(directory))
    for step in range(3):
        llmdbg.log({"loss": 1.0 - step / 10, "eval/loss": 2.0}, step=step * 10)
    llmdbg.config({"seed": 7})
    llmdbg.finish()
    [opening] = stub.bodies("/api/v1/runs")
    assert opening["id"] == run.id
    assert (opening["project"], opening["name"], opening["source"], opening["tags"]) == ("p", "n", "sdk-python", ["a"])
    assert opening["config"] == {"lr": 1e-3, "optimizer.name": "adam"}
    assert opening["environment"]["python"].count(".") == 2
    assert stub.points() == {"loss": [(0, 1.0), (10, 0.9), (20, 0.8)], "eval/loss": [(0, 2.0), (10, 2.0), (20, 2.0)]}
    assert any(body.get("config") == {"seed": 7} for body in stub.bodies(run.id))
    assert stub.status() == "finished"


def test_steps_count_on_by_themselves(stub: Stub, directory: Path) -> None:
    llmdbg.init(dir=str(directory))
    llmdbg.log({"a": 1})
    llmdbg.log({"a": 2})
    llmdbg.log({"a": 3}, step=10)
    llmdbg.log({"a": 4})
    llmdbg.log({"a": 5}, step=3)  # A resume goes back; nothing is dropped.
    llmdbg.finish()
    assert stub.points()["a"] == [(0, 1), (1, 2), (10, 3), (11, 4), (3, 5)]


def test_values_that_are_not_finite_are_kept(stub: Stub, directory: Path) -> None:
    llmdbg.init(dir=str(directory))
    for value in (math.nan, math.inf, -math.inf, numpy.float32("nan")):
        llmdbg.log({"loss": value})
    llmdbg.finish()
    assert [value for _step, value in stub.points()["loss"]] == ["NaN", "Infinity", "-Infinity", "NaN"]


class Refusing:
    def __float__(self) -> float:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value, expected",
    [
        (True, 1.0),
        (numpy.float64(0.5), 0.5),
        (numpy.int64(3), 3.0),
        (numpy.array([2.5]), 2.5),
        (numpy.array(2.5), 2.5),
        (2**53 + 2, float(2**53 + 2)),
        ("1.5", None),
        (b"1", None),
        (None, None),
        ([1.0], None),
        (numpy.zeros(3), None),
        (numpy.array("text"), None),
        (1j, None),
        (10**400, None),
        (object(), None),
        (Refusing(), None),
    ],
)
def test_scalars_of_any_kind(stub: Stub, directory: Path, value: Any, expected: Any) -> None:
    llmdbg.init(dir=str(directory))
    llmdbg.log({"value": value, "other": 1.0})
    llmdbg.finish()
    points = stub.points()
    assert points["other"] == [(0, 1.0)]
    assert points.get("value") == (None if expected is None else [(0, expected)])


def test_nested_metrics_and_odd_names(stub: Stub, directory: Path) -> None:
    llmdbg.init(dir=str(directory))
    cycle: dict = {"deep": 1.0}
    cycle["again"] = cycle
    llmdbg.log({"train": {"loss": 1.0, "x": {"y": 2.0}}, 7: 3.0, "__proto__": 4.0, "": 5.0, "n" * 600: 6.0})
    llmdbg.log(cycle)
    llmdbg.log("not a mapping")  # type: ignore[arg-type]
    llmdbg.log({"ok": 1.0}, step="seven")  # type: ignore[arg-type]
    llmdbg.finish()
    points = stub.points()
    assert points["train/loss"] == [(0, 1.0)]
    assert points["train/x/y"] == [(0, 2.0)]
    assert points["7"] == [(0, 3.0)]
    assert points["__proto__"] == [(0, 4.0)]
    assert points["deep"] == [(1, 1.0)]
    assert points["ok"] == [(2, 1.0)]
    assert "" not in points and all(len(name) <= 512 for name in points)


def test_ignored_values_are_said_once(stub: Stub, directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    llmdbg.init(dir=str(directory))
    for _ in range(5):
        llmdbg.log({"text": "high"})
    llmdbg.finish()
    assert [r.getMessage() for r in caplog.records if "not a number" in r.getMessage()] == [
        "llmdbg: not a number, or a name over 512 characters: 'text'"
    ]


@dataclasses.dataclass
class Model:
    layers: int = 2
    drop: float = math.inf


def test_configurations_of_any_kind(stub: Stub, directory: Path) -> None:
    llmdbg.init(config=argparse.Namespace(lr=0.1, model=Model(), betas=(0.9, 0.99), path=Path("a/b"), none=None), dir=str(directory))
    llmdbg.config({"odd": Refusing(), "long": "x" * 20_000, "lone": "\ud800", "emoji": "😀" * 10_000})
    llmdbg.config("not a configuration")
    llmdbg.finish()
    [opening] = stub.bodies("/api/v1/runs")
    assert opening["config"] == {
        "lr": 0.1,
        "model.layers": 2,
        "model.drop": "Infinity",
        "betas": "[0.9, 0.99]",
        "path": "a/b",
        "none": None,
    }
    later = [body["config"] for method, _path, body in stub.requests if method == "PATCH" and body.get("config")]
    assert len(later) == 1
    assert len(later[0]["long"]) == 16_384
    assert len(later[0]["emoji"]) == 8_192
    assert "odd" not in later[0]


def test_without_init_nothing_happens() -> None:
    llmdbg.log({"loss": 1.0})
    llmdbg.config({"a": 1})
    llmdbg.finish()
    logging.getLogger("uninitialised").addHandler(llmdbg.LogHandler())
    logging.getLogger("uninitialised").error("quiet")


def test_log_records_become_records(stub: Stub, directory: Path) -> None:
    llmdbg.init(dir=str(directory))
    logger = logging.getLogger("trainer")
    handler = llmdbg.LogHandler()
    logger.addHandler(handler)
    logger.propagate = False  # pytest's own handler would raise at the wrong format.
    try:
        llmdbg.log({"loss": 1.0}, step=41)
        logger.warning("grad norm is %s", 286)
        logger.critical("%d", "not a number")  # A wrong format raises inside logging, not in the caller.
        try:
            raise ValueError("bad batch")
        except ValueError:
            logger.exception("step failed")
        logging.getLogger("llmdbg").warning("llmdbg's own warnings do not come back")
        llmdbg.finish()
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    warning, failure = stub.records()
    assert (warning["level"], warning["logger"], warning["message"], warning["step"]) == ("warning", "trainer", "grad norm is 286", 41)
    assert abs(warning["time"] - time.time() * 1000) < 60_000
    assert failure["level"] == "error"
    assert failure["exception"].startswith("Traceback (most recent call last):")
    assert failure["exception"].endswith("ValueError: bad batch")


def test_a_context_manager_ends_with_what_happened(stub: Stub, directory: Path) -> None:
    with llmdbg.init(dir=str(directory)) as run:
        run.log({"loss": 1.0})
    assert stub.status() == "finished"
    with pytest.raises(ZeroDivisionError):
        with llmdbg.init(dir=str(directory)):
            1 / 0  # noqa: B018
    assert stub.status() == "crashed"
    [record] = stub.records()
    assert (record["level"], record["message"]) == ("critical", "ZeroDivisionError: division by zero")


def test_a_joined_run_is_not_started_or_ended_here(stub: Stub, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMDBG_RUN_ID", "outer-run")
    monkeypatch.setenv("LLMDBG_URL", stub.url)
    monkeypatch.setenv("RANK", "3")
    run = llmdbg.init(project="ignored", config={"lr": 1})
    llmdbg.log({"loss": 1.0})
    llmdbg.finish()
    assert run.id == "outer-run"
    assert stub.bodies("/api/v1/runs") == []
    assert [path for _method, path, _body in stub.requests] == ["/api/v1/runs/outer-run/points", "/api/v1/runs/outer-run"]
    [points] = stub.bodies("/points")
    assert points["series"][0]["labels"] == {"rank": "3"}
    assert stub.status() is None


def test_many_threads_log_at_once(stub: Stub, directory: Path) -> None:
    run = llmdbg.init(dir=str(directory))

    def work(name: str) -> None:
        for index in range(500):
            run.log({name: float(index)})

    threads = [threading.Thread(target=work, args=(f"thread-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    llmdbg.finish()
    points = stub.points()
    assert [[value for _step, value in points[f"thread-{n}"]] for n in range(8)] == [[float(i) for i in range(500)]] * 8
    assert sorted(step for series in points.values() for step, _value in series) == list(range(4000))


def test_a_full_queue_drops_counts_and_says_so(stub: Stub, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sender, "MAX_QUEUED", 100)
    run = llmdbg.init(dir=str(directory))
    wait_until(lambda: stub.bodies("/api/v1/runs") != [])
    stub.hang.set()
    llmdbg.log({"first": 1.0})
    time.sleep(0.3)  # The sender now waits for an answer to the first batch.
    for index in range(250):
        llmdbg.log({"loss": float(index)})
    stub.hang.clear()
    run.flush()
    llmdbg.finish()
    assert [value for _step, value in stub.points()["loss"]] == [float(i) for i in range(100)]
    messages = [record["message"] for record in stub.records()]
    assert "llmdbg dropped 150 values of this run because its queue was full" in messages
    assert len(messages) == 2


def test_refused_data_is_kept_aside(stub: Stub, directory: Path) -> None:
    stub.answer = lambda method, path, body: (400, {"detail": "bad step"}) if path.endswith("/points") else (200, {})
    llmdbg.init(dir=str(directory))
    llmdbg.log({"loss": 1.0})
    llmdbg.finish()
    [rejected] = (directory / "spool").glob("*.rejected")
    line = json.loads(rejected.read_text())
    assert line["reason"] == "400 bad step"
    assert line["body"]["series"][0]["value"] == [1.0]
    assert stub.status() == "finished"


def test_a_run_unknown_to_the_server_is_started(stub: Stub, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMDBG_RUN_ID", "outer-run")
    known = []

    def answer(method: str, path: str, body: Any) -> Any:
        if method == "POST" and path == "/api/v1/runs":
            known.append(body["id"])
        return (200, {}) if path == "/api/v1/runs" or known else (404, {})

    stub.answer = answer
    llmdbg.init(project="p", dir=str(directory))
    llmdbg.log({"loss": 1.0})
    llmdbg.finish()
    assert known == ["outer-run"]
    assert stub.points()["loss"] == [(0, 1.0)]
