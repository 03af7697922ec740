"""Every example of docs/sdk/python.md runs as it is and delivers what it says."""

from __future__ import annotations

import re
import subprocess
from typing import Callable

from conftest import REPOSITORY, Stub


def test_every_example_runs(stub: Stub, script: Callable[..., "subprocess.Popen[str]"]) -> None:
    page = (REPOSITORY / "docs" / "sdk" / "python.md").read_text()
    examples = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(examples) == 3
    for code in examples:
        process = script(code)
        _out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "llmdbg" not in err
        assert stub.status() == "finished"
    points = stub.points()
    assert points["loss"][:2] == [(0, 2.0), (1, 1.0)]
    assert points["eval/bleu"][99] == (99, 29.9)
    assert [record["message"] for record in stub.records()] == ["gradient norm is 286", "step failed"]
    assert stub.bodies("/api/v1/runs")[0]["config"]["model.layers"] == 4
