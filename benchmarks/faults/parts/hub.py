"""Hugging Face's Trainer, and those derived from it, inside the recorder: what they print goes to the journal, and the clock
they read is the journal's."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from journal import STARTED_AT, Journal


def quiet(_journal: Journal, _step: int, _metrics: dict[str, float]) -> list[tuple[str, str]]:
    """The trainer prints its rows itself."""
    return []


class _Stream(io.TextIOBase):
    """What print and tqdm write, joined to lines as one write of a terminal would be."""

    encoding = "utf-8"

    def __init__(self, journal: Journal, name: str):
        self.journal, self.name = journal, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not text:
            return 0
        console = self.journal.console
        now = round(self.journal.now() * 1000)
        is_open = bool(console) and not console[-1]["text"].endswith("\n") and console[-1]["stream"] == self.name
        if is_open and now - console[-1]["t"] < 50:
            console[-1]["text"] += text
        else:
            self.journal.print(text, self.name)
        return len(text)


class _Clock:
    def __init__(self, journal: Journal):
        self._journal = journal

    def time(self) -> float:
        return STARTED_AT / 1000 + self._journal.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def load() -> None:
    """Imports once, for all runs; none of it asks the network."""
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", HF_HUB_DISABLE_TELEMETRY="1")
    import transformers.trainer  # noqa: F401


@contextlib.contextmanager
def captured(journal: Journal) -> Iterator[str]:
    """A folder for checkpoints; meanwhile stdout, stderr and the time of day are the journal's."""
    import tqdm
    import tqdm.std
    import transformers
    from transformers import trainer, trainer_callback, trainer_utils

    clock = _Clock(journal)
    transformers.utils.logging.set_verbosity_error()
    tqdm.tqdm.monitor_interval = 0
    tqdm.std.time = clock.time  # type: ignore[attr-defined]
    trainer.time = trainer_utils.time = clock  # type: ignore[attr-defined]
    # TQDM_MININTERVAL, as in jobs whose log goes to a file.
    trainer_callback.tqdm = functools.partial(tqdm.auto.tqdm, mininterval=60)  # type: ignore[attr-defined]
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream(journal, "out"), _Stream(journal, "err")  # type: ignore[assignment]
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield folder
    finally:
        sys.stdout, sys.stderr = kept


class Killed(Exception):
    """The job was killed from outside: not an error of the program."""


def rows_callback(journal: Journal, kill_at: int | None = None) -> Any:
    """Keeps the numbers behind what is printed, with the seconds a step took, which is not printed."""
    from transformers import TrainerCallback

    class Rows(TrainerCallback):
        since = (0, journal.now())

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            numbers = {name: float(value) for name, value in logs.items() if isinstance(value, (int, float))}
            if "train_runtime" in numbers:
                return
            if "loss" in numbers:
                numbers["seconds_per_step"] = (journal.now() - self.since[1]) / max(1, state.global_step - self.since[0])
                self.since = state.global_step, journal.now()
            journal.log(state.global_step, numbers)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == kill_at:
                raise Killed

    return Rows()
