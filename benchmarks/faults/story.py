"""What a story of the benchmark is: a change to a program, and the truth about it.

Nothing here knows of a detector. The truth says which rules and causes would be right; the onset is
worked out from the step at which the change begins to act, or by comparing with the recorded healthy
runs of the same program, and the harm by such a comparison too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import mean
from typing import Any, Callable, Union

# A logged row: its step and the metrics logged there.
Row = tuple[int, dict[str, float]]
Rows = list[Row]


def values(rows: Rows, metric: str) -> list[tuple[int, float]]:
    return [(step, metrics[metric]) for step, metrics in rows if metric in metrics]


def final(rows: Rows, metric: str) -> float:
    """The mean of the last tenth of a metric, three rows at least."""
    series = [value for _, value in values(rows, metric)]
    return mean(series[-max(3, len(series) // 10):]) if series else math.nan


# ---- onset: the first logged step that can show the fault


@dataclass(frozen=True)
class FirstRow:
    """The first row with this metric at or after the step at which the fault begins."""

    metric: str = "loss"
    earliest: int = 1
    """Where what shows it (the hashes of the ranks) is first measured later than the metric."""

    def step(self, begins: int, rows: Rows, _healthy: list[Rows]) -> int | None:
        return next((step for step, _ in values(rows, self.metric) if step >= max(begins, self.earliest)), None)


@dataclass(frozen=True)
class Deviates:
    """The first of two rows in a row that no healthy run of this program comes near.

    For faults that act from their first step but need time to show. The band is that of all healthy
    seeds within three rows to either side, widened by `margin` of the healthy metric's whole range.
    """

    metric: str
    direction: str  # "above" or "below"
    margin: float = 0.15

    def step(self, begins: int, rows: Rows, healthy: list[Rows]) -> int | None:
        bands: dict[int, tuple[float, float]] = {}
        every = [[value for _, value in values(run, self.metric)] for run in healthy]
        span = max(max(run) for run in every) - min(min(run) for run in every)
        for run in healthy:
            series = values(run, self.metric)
            for i, (step, _) in enumerate(series):
                near = [value for _, value in series[max(0, i - 3):i + 4]]
                low, high = bands.get(step, (math.inf, -math.inf))
                bands[step] = (min(low, *near), max(high, *near))
        wrong: list[int] = []
        for step, value in values(rows, self.metric):
            if step < begins or step not in bands:
                continue
            low, high = bands[step]
            beyond = value - high if self.direction == "above" else low - value
            is_off = not math.isfinite(value) or beyond > self.margin * span
            if not is_off:
                wrong = []
                continue
            wrong.append(step)
            if len(wrong) == 2 or not math.isfinite(value):
                return wrong[0]
        return wrong[0] if wrong else None


@dataclass(frozen=True)
class AfterBest:
    """The first evaluation after the best one: from there on more training is worse."""

    metric: str = "eval_loss"

    def step(self, _begins: int, rows: Rows, _healthy: list[Rows]) -> int | None:
        series = values(rows, self.metric)
        best = min(series, key=lambda point: point[1])[0]
        return next((step for step, _ in series if step > best), None)


@dataclass(frozen=True)
class LastRow:
    """The last row there is: nothing is logged any more."""

    metric: str = "loss"

    def step(self, _begins: int, rows: Rows, _healthy: list[Rows]) -> int | None:
        return values(rows, self.metric)[-1][0]


Onset = Union[FirstRow, Deviates, AfterBest, LastRow]

# ---- harm: did the fault do anything? (yes or no, and the measurement in words)

Harm = Callable[[Rows, Rows], tuple[bool, str]]


def worse(metric: str, factor: float, lower_is_better: bool = True) -> Harm:
    """The end of the run is worse than that of the healthy run of the same seed, by a factor."""

    def judge(rows: Rows, healthy: Rows) -> tuple[bool, str]:
        ours, theirs = final(rows, metric), final(healthy, metric)
        is_worse = ours > theirs * factor if lower_is_better else ours < theirs * factor
        return not math.isfinite(ours) or is_worse, f"final {metric} {ours:.4g}, healthy {theirs:.4g}"

    return judge


def not_finite(metric: str) -> Harm:
    def judge(rows: Rows, _healthy: Rows) -> tuple[bool, str]:
        bad = sum(not math.isfinite(value) for _, value in values(rows, metric))
        return bad > 0, f"{bad} rows of {metric} are not finite"

    return judge


def jumps(metric: str, step: int, factor: float, rows_before: int = 8, rows_after: int = 4) -> Harm:
    """Right after `step` the metric is far above the mean of the rows before it."""

    def judge(rows: Rows, _healthy: Rows) -> tuple[bool, str]:
        series = values(rows, metric)
        before = mean([value for at, value in series if at < step][-rows_before:])
        # After a resume the steps come twice; the second time counts.
        again = len(series) - next(i for i, (at, _) in enumerate(reversed(series)) if at < step)
        after = max(value for _, value in series[again:again + rows_after])
        return after > before * factor, f"{metric} {before:.4g} before step {step}, up to {after:.4g} after"

    return judge


def reaches(metric: str, bound: float, above: bool = True) -> Harm:
    """The run ends with the metric above (or below) a bound, and the healthy run of the seed does not."""

    def judge(rows: Rows, healthy: Rows) -> tuple[bool, str]:
        ours, theirs = final(rows, metric), final(healthy, metric)
        is_beyond = (ours >= bound) if above else (ours <= bound)
        is_healthy_beyond = (theirs >= bound) if above else (theirs <= bound)
        return is_beyond and not is_healthy_beyond, f"final {metric} {ours:.4g}, healthy {theirs:.4g}"

    return judge


def turns(metric: str, factor: float, lower_is_better: bool = True) -> Harm:
    """The end is worse than the run's own best by a factor."""

    def judge(rows: Rows, _healthy: Rows) -> tuple[bool, str]:
        series = [value for _, value in values(rows, metric)]
        best, last = (min(series) if lower_is_better else max(series)), final(rows, metric)
        is_worse = last > best * factor if lower_is_better else last < best * factor
        return is_worse, f"best {metric} {best:.4g}, final {last:.4g}"

    return judge


def grows(metric: str, step: int, factor: float) -> Harm:
    """From `step` on the metric is on average above its mean before, by a factor."""

    def judge(rows: Rows, _healthy: Rows) -> tuple[bool, str]:
        series = values(rows, metric)
        before = mean([value for at, value in series if at < step])
        after = mean([value for at, value in series if at >= step])
        return after > before * factor, f"mean {metric} {before:.4g} before step {step}, {after:.4g} after"

    return judge


def ends_early(metric: str = "loss") -> Harm:
    def judge(rows: Rows, healthy: Rows) -> tuple[bool, str]:
        ours, theirs = values(rows, metric)[-1][0], values(healthy, metric)[-1][0]
        return ours < theirs, f"the last row is of step {ours}, a healthy run ends at {theirs}"

    return judge


@dataclass(frozen=True)
class Story:
    """One variant of a program. Without `rules` it is a healthy one."""

    id: str
    truth: str
    change: dict[str, Any] = field(default_factory=dict)
    """Settings that differ from the program's defaults."""
    fault: str | None = None
    """The code fault, which the program reads by name; None when settings alone are wrong."""
    rules: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    layer: str | tuple[str, ...] | None = None
    """Module path, or several that are equally right."""
    begins: int = 1
    """The first optimizer step that runs wrongly."""
    onset: Onset = FirstRow()
    harm: Harm | None = None
    advice: tuple[str, ...] = ()
    """Settings whose change undoes the fault, in the program's names."""
    allowed: tuple[str, ...] = ()
    """Other rules that would be true consequences."""
    seeds: tuple[int, ...] = (1, 2, 3)

    @property
    def is_healthy(self) -> bool:
        return not self.rules


def expected(story: Story, program: str, split: str, rows: Rows, healthy: list[Rows], same_seed: Rows) -> dict[str, Any]:
    """expected.json of one recording. `same_seed`: the healthy run that began from the same numbers."""
    train = [step for step, metrics in rows if not any(name.startswith(("eval", "val", "layer")) for name in metrics)]
    logged = sorted(set(train))
    base = {"healthy": story.is_healthy, "program": program, "split": split,
            "fault": None if story.is_healthy else story.id}
    if story.is_healthy:
        return {**base, "findings": [], "rules": [], "causes": [], "layer": None, "onset": None,
                "loggedSteps": len(logged), "advice": [], "allowed": list(story.allowed), "truth": story.truth}
    onset = story.onset.step(story.begins, rows, healthy)
    metric = story.onset.metric
    steps = [step for step, _ in values(rows, metric)]
    # Two rows of the metric that shows it.
    gaps = sorted(b - a for a, b in zip(steps, steps[1:]) if b > a)
    tolerance = 2 * (gaps[len(gaps) // 2] if gaps else 1)
    did_harm, measured = story.harm(rows, same_seed) if story.harm else (False, "no criterion")
    place = None if onset is None else {"step": onset, "tolerance": tolerance}
    return {**base, "findings": [{"rule": story.rules[0], "onset": place, "advice": list(story.advice)}],
            "rules": list(story.rules), "causes": list(story.causes),
            "layer": list(story.layer) if isinstance(story.layer, tuple) else story.layer, "onset": place,
            "begins": story.begins, "loggedSteps": len(logged), "advice": list(story.advice),
            "allowed": list(story.allowed), "truth": story.truth, "harm": measured, "manifested": did_harm}
