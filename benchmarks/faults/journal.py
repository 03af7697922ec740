"""What a program writes to while it trains: its console, its metrics, its layer series, and its clock."""

from __future__ import annotations

import math
import time
from typing import Any, Callable

from story import Row, Story

# These models are small: a step takes some ten milliseconds of processor time. The clock of a recording
# runs this many times faster, so that a step lasts as long as one of a model that people wait for.
CLOCK_SCALE = 20.0
# Milliseconds since the epoch at which every recorded run begins; the machine's date says nothing.
STARTED_AT = 1_790_000_000_000

Point = tuple[str, dict[str, str], float]


def rounded(value: float) -> Any:
    """Five significant digits; what is not finite as text, since JSON has no such numbers."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    short = float(f"{value:.5g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def thinned(steps: list[int], values: list[float]) -> tuple[list[int], list[float]]:
    """Without the points at which a number that is not finite has already been so for three: once broken, a run is
    watched at every step, and all of them say the same."""
    kept = [i for i in range(len(values)) if i < 3 or any(math.isfinite(value) for value in values[i - 3:i + 1])]
    return [steps[i] for i in kept], [values[i] for i in kept]


class Journal:
    """One run as it is recorded."""

    def __init__(self, story: Story, seed: int, config: dict[str, Any], style: Callable[..., list[tuple[str, str]]]):
        self.story, self.seed, self.config, self.fault = story, seed, config, story.fault
        self.rows: list[Row] = []
        self.console: list[dict[str, Any]] = []
        self.series: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[int], list[float]]] = {}
        self.records: list[dict[str, Any]] = []
        self.killed = False
        self._style = style
        self._began = time.process_time()
        self._waited = 0.0

    # ---- time

    def now(self) -> float:
        """Seconds since the start: processor time, which other work on the machine does not change,
        and the waits."""
        return (time.process_time() - self._began) * CLOCK_SCALE + self._waited

    def wait(self, seconds: float) -> None:
        """What a sleep or a slow disk costs. It moves the clock and does not hold the recorder up."""
        self._waited += seconds

    # ---- the console

    def print(self, text: str, stream: str = "out") -> None:
        self.console.append({"t": round(self.now() * 1000), "stream": stream, "text": text})

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """A row of training metrics, or of an evaluation when its names begin with eval or val."""
        numbers = {name: float(value.detach() if hasattr(value, "detach") else value) for name, value in metrics.items()}
        self.rows.append((step, numbers))
        for stream, text in self._style(self, step, numbers):
            self.print(text, stream)

    # ---- series beside the console

    def watch(self, model: Any, optimizer: Any) -> None:
        """Layer series by the engine of `llmdbg.watch`, through its collector's seam."""
        from llmdbg._watch.torch_watch import TorchWatch

        watch = TorchWatch(model, optimizer, emit=self.emit, emit_record=self.emit_record, first_step=1,
                           every=self.config["watch_every"])
        self.config.update(watch.config)
        self._watch = watch

    def emit(self, step: int, _time_ms: int, points: list[Point]) -> None:
        for name, labels, value in points:
            steps, numbers = self.series.setdefault((name, tuple(sorted(labels.items()))), ([], []))
            steps.append(step)
            numbers.append(float(value))

    def emit_record(self, body: dict[str, Any]) -> None:
        self.records.append({**body, "time": STARTED_AT + round(self.now() * 1000)})

    def points(self) -> dict[str, Any] | None:
        if not self.series and not self.records:
            return None
        series = []
        for (name, labels), columns in self.series.items():
            step, value = thinned(*columns) if name.startswith("layer/") else columns
            # A hash is an integer of 48 bits; its digits are its meaning.
            shown = [int(v) for v in value] if name == "parameters/hash" else [rounded(v) for v in value]
            series.append({"name": name, **({"labels": dict(labels)} if labels else {}), "step": step, "value": shown})
        return {"schema": "llmdbg.points/1", "series": series, "records": self.records}
