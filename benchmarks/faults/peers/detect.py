"""Runs the other detectors on exported runs: `detect.py <folder> <answers.json>`. Called by ../score.ts --peers."""

import json
import math
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import sagemaker  # noqa: E402
from words import alarm  # noqa: E402

EVAL = re.compile(r"(^|[/_.])(eval|val|valid|validation|test)([/_.]|$)", re.IGNORECASE)
LOSS = re.compile(r"loss", re.IGNORECASE)
GRAD = re.compile(r"grad.?norm|gnorm", re.IGNORECASE)


def longest(series, test):
    found = [one for one in series if not one["labels"] and test(one["name"])]
    return max(found, key=lambda one: len(one["step"]), default=None)


def read(path):
    run = json.loads(path.read_text())
    run["loss"] = longest(run["series"], lambda name: LOSS.search(name) and not EVAL.search(name) and "scale" not in name)
    run["evals"] = longest(run["series"], lambda name: LOSS.search(name) and EVAL.search(name))
    return run


def rows(run):
    """(step, {name: value}) in the order of steps; labelled series (layers, ranks) are unknown to these tools."""
    by_step = {}
    for series in run["series"]:
        if series["labels"]:
            continue
        for step, value in zip(series["step"], series["value"]):
            by_step.setdefault(step, {})[series["name"]] = value
    return sorted(by_step.items())


def six_sigma(run, sigmas=6, window=128, fewest=20):
    """|x - mean| > 6 standard deviations of the last 128 rows of the loss or the gradient norm; or not finite."""
    for series in (run["loss"], longest(run["series"], GRAD.search)):
        if series is None:
            continue
        recent = []
        for step, value in zip(series["step"], series["value"]):
            if not math.isfinite(value):
                return [{"rules": ["non-finite-loss", "hidden-non-finite-loss"], "step": step, "layer": None, "causes": []}]
            if len(recent) >= fewest:
                mean = sum(recent) / len(recent)
                deviation = math.sqrt(sum((v - mean) ** 2 for v in recent) / len(recent))
                if abs(value - mean) > sigmas * deviation > 0:
                    rules = ["loss-spike", "loss-divergence"] if series is run["loss"] else ["gradient-explosion"]
                    return [{"rules": rules, "step": step, "layer": None, "causes": []}]
            recent = (recent + [value])[-window:]
    return []


def trainpulse(run):
    from trainpulse import Monitor

    monitor = Monitor()
    for step, metrics in rows(run):
        for name, value in metrics.items():
            monitor.log(name, int(step), value)
    return [alarm(one.detector, one.step) for one in first_of_each(monitor.alerts, lambda one: one.detector) if one.severity.value != "info"]


def training_doctor(run):
    from training_doctor import Doctor

    doctor, found = Doctor(), []
    for step, metrics in rows(run):
        found += doctor.log(int(step), **{str(name): value for name, value in metrics.items()})
    found = [one for one in found if one.severity.value != "info"]
    return [alarm(one.problem, one.step, [one.problem, *one.suggestions]) for one in first_of_each(found, lambda one: one.problem)]


def runmedic(run):
    from runmedic import logpatterns, roles
    from runmedic.checks import run_checks
    from runmedic.model import LogEvent, Run

    logged = Run(name="run", source="jsonl", path="run.jsonl")
    for step, metrics in rows(run):
        for name, value in metrics.items():
            logged.get(name).add(step, value)
    lines = [line for message in run["lines"] for line in message.split("\n")]
    logged.log_lines = [LogEvent(i, line) for i, line in enumerate(lines, 1) if logpatterns.match(line)]
    logged.finalize()
    findings = run_checks(logged, roles.detect(logged))
    return [alarm(one.check, one.step, [*one.causes, *one.fixes]) for one in findings if one.severity != "info"]


def first_of_each(items, key):
    seen = {}
    for item in items:
        seen.setdefault(key(item), item)
    return list(seen.values())


DETECTORS = {
    "SageMaker Debugger's documented defaults": sagemaker.detect,
    "runmedic 0.1.1": runmedic,
    "training-doctor 0.1.0": training_doctor,
    "trainpulse 0.4.0": trainpulse,
    "bare 6-sigma rule": six_sigma,
}


def main(folder, out):
    answers = {name: {} for name in DETECTORS}
    paths = sorted(path for path in pathlib.Path(folder).glob("*.json") if path.name != pathlib.Path(out).name)
    for path in paths:
        run = read(path)
        for name, detect in DETECTORS.items():
            answers[name][path.stem] = detect(run)
    pathlib.Path(out).write_text(json.dumps(answers))


main(*sys.argv[1:3])
