"""Every example of docs/sdk/python.md and watch.md runs as it is and delivers what it says."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from typing import Callable, List

import pytest
from conftest import REPOSITORY, Stub

Script = Callable[..., "subprocess.Popen[str]"]


def examples(page: str) -> List[str]:
    text = (REPOSITORY / "docs" / "sdk" / page).read_text()
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run(code: str, stub: Stub, script: Script) -> None:
    process = script(code)
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "llmdbg" not in err
    assert stub.status() == "finished"


def test_every_example_runs(stub: Stub, script: Script) -> None:
    found = examples("python.md")
    assert len(found) == 3
    for code in found:
        run(code, stub, script)
    points = stub.points()
    assert points["loss"][:2] == [(0, 2.0), (1, 1.0)]
    assert points["eval/bleu"][99] == (99, 29.9)
    assert [record["message"] for record in stub.records()] == ["gradient norm is 286", "step failed"]
    assert stub.bodies("/api/v1/runs")[0]["config"]["model.layers"] == 4


def test_the_watch_of_the_page_delivers_layers(stub: Stub, script: Script) -> None:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    [code] = examples("watch.md")
    run(code, stub, script)
    points = stub.points()
    assert len(points["loss"]) == 30
    # Two layers with parameters, at steps 0, 10 and 20 at least.
    assert {step for step, _ in points["layer/grad_norm"]} >= {0}
    assert points["layer/dead_share"] and points["layer/update_rms"]
    assert stub.records() == []
