"""How trainers print their metrics: each style makes the lines of one row, as (stream, text)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from journal import Journal

Lines = list[tuple[str, str]]


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minutes, rest) if hours else "%02d:%02d" % (minutes, rest)


def hugging_face(journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """Transformers 5: dictionaries of strings on stdout, and the bar that says which step it is."""
    total = journal.config["max_steps"]
    elapsed = journal.now()
    rate = step / elapsed if elapsed > 0 else 0.0
    speed = "%5.2fit/s" % rate if rate >= 1 else "%5.2fs/it" % (1 / rate if rate else 0.0)
    bar = "\r%3.0f%%|%s| %d/%d [%s<%s, %s]" % (
        100 * step / total, ("█" * (10 * step // total)).ljust(10), step, total, clock(elapsed),
        clock((total - step) / rate if rate else 0), speed)
    shown = {name: "%.4g" % value for name, value in metrics.items()}
    shown["epoch"] = "%.4g" % (step / journal.config.get("steps_per_epoch", total))
    return [("err", bar), ("out", "\r" + " " * 60 + "\r" + str(shown) + "\n")]


def swift(journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """ms-swift: dictionaries of numbers that hold their own step."""
    total = journal.config["max_steps"]
    shown = {name: round(value, 8) for name, value in metrics.items()}
    shown["global_step/max_steps"] = f"{step}/{total}"
    shown["percentage"] = "%.2f%%" % (100 * step / total)
    return [("out", str(shown) + "\n")]


def key_value(_journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """step=10 loss=2.31 lr=0.003: a loop that someone wrote by hand."""
    pairs = " ".join("%s=%.5g" % (name, value) for name, value in metrics.items())
    return [("out", f"step={step} {pairs}\n")]


def lightning(journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """Lightning's CSV-like print through a callback: `step 12 | train_loss: 0.31 | train_acc: 0.9`."""
    epoch = (step - 1) // journal.config["steps_per_epoch"]
    pairs = " | ".join("%s: %.5g" % (name, value) for name, value in metrics.items())
    return [("out", f"Epoch {epoch} | step {step} | {pairs}\n")]


def titan(journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """torchtitan: `[titan] date - root - INFO - step:  1  loss:  8.1  grad_norm:  1.4`."""
    seconds = journal.now()
    date = "2026-09-21 12:%02d:%02d,%03d" % (seconds // 60 % 60, seconds % 60, seconds * 1000 % 1000)
    pairs = "  ".join("%s: %8.5g" % (name, value) for name, value in metrics.items())
    return [("err", f"[rank0]:[titan] {date} - root - INFO - step: {step:2d}  {pairs}\n")]


def json_lines(journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """One JSON object a row, as Python's json writes it: bare NaN included."""
    shown = {name: float("%.6g" % value) if math.isfinite(value) else value for name, value in metrics.items()}
    return [("out", json.dumps({"step": step, **shown}) + "\n")]


def logger(journal: Journal, step: int, metrics: dict[str, float]) -> Lines:
    """Python's logging with a date in front and pairs behind."""
    seconds = journal.now()
    date = "2026-09-21 12:%02d:%02d,%03d" % (seconds // 60 % 60, seconds % 60, seconds * 1000 % 1000)
    pairs = ", ".join("%s: %.5g" % (name, value) for name, value in metrics.items())
    return [("err", f"{date} INFO trainer: Step {step}, {pairs}\n")]
