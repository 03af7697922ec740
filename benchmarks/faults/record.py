"""Trains the programs of the benchmark, with and without faults, and records each run.

    python benchmarks/faults/record.py                        all that is missing or out of date
    python benchmarks/faults/record.py gpt cnn                these programs
    python benchmarks/faults/record.py gpt --only bad-batch   one story
    python benchmarks/faults/record.py --check                only say what is missing or did no harm
    python benchmarks/faults/record.py --table                the tables of README.md

A `python` with torch. torch is imported once; each run is a fork with one thread.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib
import json
import os
import pickle
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Callable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "sdks" / "python"), str(ROOT / "examples" / "translate")]

import torch  # noqa: E402

from journal import STARTED_AT, Journal  # noqa: E402
from story import Rows, Story, expected  # noqa: E402

TUNING = ("gpt", "translate", "grpo", "cnn", "packed")
HELD_OUT = ("sft", "dpo", "classifier", "recommender", "llama")
# Program, story, seed, and the fingerprint that the recording gets.
Work = tuple[str, Story, int, str]
# Scored once, with the final thresholds; nobody who works on rules looks at them before.
SEALED = ("tagger", "vit", "ctr", "rlhf")
# The same after the sealed ones had been looked at, by others; looked at in their turn.
FRESH = ("forecast", "pretrain", "instruct")
# The same again, by two more authors; looked at in their turn.
LAST = ("towers", "denoise", "retrieval", "lightning_net", "mlm")
# And again.
BLIND = ("speech", "boxes", "reward", "moe")
# And again, by two more authors.
NOVEL = ("sasrec", "distill", "segment", "summarise")
SPLITS = {"tuning": TUNING, "held-out": HELD_OUT, "sealed": SEALED, "fresh": FRESH, "last": LAST, "blind": BLIND,
          "novel": NOVEL}
# Programs that are recorded with fewer seeds than their stories name.
SEEDS = {name: (1, 2) for name in SEALED}
RECORDINGS = HERE / "recordings"
# What the truth is worked out from, and a recording does not need: every logged number at full precision.
ROWS = ROOT / "out" / "faults"


def programs() -> list[str]:
    return [name for names in SPLITS.values() for name in names if (HERE / "programs" / f"{name}.py").exists()]


def split_of(name: str) -> str:
    return next(split for split, names in SPLITS.items() if name in names)


def load(name: str) -> ModuleType:
    return importlib.import_module(f"programs.{name}")


def stories(name: str) -> list[Story]:
    found: list[Story] = [replace(story, seeds=SEEDS.get(name, story.seeds)) for story in load(name).STORIES]
    assert len({story.id for story in found}) == len(found), f"{name} has a story twice"
    return found


def fingerprint(name: str, story: Story) -> str:
    """Of what makes a recording: the program, what all programs share, the story's own changes."""
    digest = hashlib.sha256()
    # A program's stories stand at its end; another story's truth does not change this recording.
    source = (HERE / "programs" / f"{name}.py").read_text("utf-8").split("\nSTORIES")[0]
    digest.update(source.encode())
    digest.update((HERE / "journal.py").read_bytes())
    for path in sorted((HERE / "parts").glob("*.py")):
        if f"parts.{path.stem} " in source or f"import {path.stem}\n" in source:
            digest.update(path.read_bytes())
    digest.update(repr((story.id, sorted(story.change.items()), story.fault)).encode())
    return digest.hexdigest()[:16]


def train(name: str, story: Story, seed: int, mark: str) -> None:
    """One run, in a process of its own."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    program = load(name)
    config = {**program.CONFIG, "seed": seed, **story.change}
    journal = Journal(story, seed, config, program.STYLE)
    status = 0
    try:
        program.train(journal)
    except Exception:
        # The program's own crash is part of what is recorded.
        status = 1
        journal.print(traceback.format_exc().replace(str(HERE), "/workspace"), "err")
        traceback.print_exc()
    ended = STARTED_AT + round(journal.now() * 1000)
    folder = RECORDINGS / f"{name}-{story.id}-seed{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    run = {"schema": "llmdbg.recording/1", "name": folder.name, "project": f"faults-{name}", "story": story.id,
           "seed": seed, "command": ["python", f"{name}.py", "--seed", str(seed)], "config": journal.config,
           "startedAt": STARTED_AT, "endedAt": ended, "exitStatus": 137 if journal.killed else status,
           "recordedFrom": mark}
    write(folder / "run.json", run)
    lines = (json.dumps(entry, ensure_ascii=False, separators=(",", ":")).replace(str(ROOT), "/workspace")
             for entry in journal.console)
    (folder / "console.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    points = journal.points()
    (folder / "points.json.gz").unlink(missing_ok=True)
    if points is not None:
        text = json.dumps(points, separators=(",", ":")) + "\n"
        # Without a time in it, the same run is the same file.
        (folder / "points.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    ROWS.mkdir(parents=True, exist_ok=True)
    (ROWS / f"{folder.name}.pickle").write_bytes(pickle.dumps(journal.rows))


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")


def rows_of(name: str, story: str, seed: int) -> Rows:
    """What was logged, and the attention logits of the layers, by which one fault is told to have acted."""
    run = f"{name}-{story}-seed{seed}"
    rows: Rows = pickle.loads((ROWS / f"{run}.pickle").read_bytes())
    points = RECORDINGS / run / "points.json.gz"
    highest: dict[int, float] = {}
    for series in json.loads(gzip.decompress(points.read_bytes()))["series"] if points.exists() else []:
        if series["name"] == "layer/attention_logit_max":
            for step, value in zip(series["step"], series["value"]):
                highest[step] = max(float(value), highest.get(step, 0.0))
    rows += [(step, {"layer/attention_logit_max": value}) for step, value in sorted(highest.items())]
    return rows


def is_current(name: str, story: Story, seed: int) -> bool:
    """Whether the recording is that of today's code."""
    try:
        text = (RECORDINGS / f"{name}-{story.id}-seed{seed}" / "run.json").read_text("utf-8")
    except FileNotFoundError:
        return False
    return bool(json.loads(text)["recordedFrom"] == fingerprint(name, story))


def missing(name: str, is_wanted: Callable[[Story, int], bool], force: bool) -> list[Work]:
    """What has to be recorded of a program; with it the healthy runs that its truth is compared with, where a
    clone of the repository has their recordings but not the rows behind them."""
    runs = [(story, seed) for story in stories(name) for seed in story.seeds]
    due = [(story, seed) for story, seed in runs if is_wanted(story, seed)
           and (force or not is_current(name, story, seed))]
    if due:
        due += [(story, seed) for story, seed in runs if story.id == "healthy" and (story, seed) not in due
                and not (ROWS / f"{name}-healthy-seed{seed}.pickle").exists()]
    return [(name, story, seed, fingerprint(name, story)) for story, seed in due]


def tell(name: str, split: str) -> int:
    """Writes expected.json of a program's recordings; answers how many faults did nothing."""
    healthy_story = next(story for story in stories(name) if story.id == "healthy")
    healthy = {seed: rows_of(name, "healthy", seed) for seed in healthy_story.seeds
               if (ROWS / f"{name}-healthy-seed{seed}.pickle").exists()}
    if not healthy:
        return 0
    harmless = 0
    for story in stories(name):
        for seed in story.seeds:
            folder = RECORDINGS / f"{name}-{story.id}-seed{seed}"
            if not (ROWS / f"{folder.name}.pickle").exists() or not (folder / "run.json").exists():
                continue
            rows = rows_of(name, story.id, seed)
            same_seed = healthy.get(seed, next(iter(healthy.values())))
            truth = expected(story, name, split, rows, list(healthy.values()), same_seed)
            write(folder / "expected.json", truth)
            if not story.is_healthy:
                harmless += not truth["manifested"] or truth["onset"] is None
                mark = "" if truth["manifested"] and truth["onset"] else "   <- DID NOTHING"
                print(f"{folder.name}: onset {truth['onset'] and truth['onset']['step']}, {truth['harm']}{mark}")
    return harmless


def table(name: str) -> str:
    """What README.md says of one program."""
    about = (load(name).__doc__ or "").strip().replace("\n", " ")
    lines = [f"### {name} ({split_of(name)})", "", about, "",
             "| story | what is wrong | rules | causes | layer |", "|---|---|---|---|---|"]
    for story in stories(name):
        if not story.is_healthy:
            places = story.layer if isinstance(story.layer, tuple) else (story.layer,) if story.layer else ()
            cells = (story.rules, story.causes, places)
            lines.append(f"| `{story.id}` | {story.truth} | " + " | ".join(", ".join(cell) for cell in cells) + " |")
    lines += ["", "Healthy: " + " ".join(f"`{story.id}`: {story.truth}" for story in stories(name) if story.is_healthy)]
    return "\n".join(lines)


def warm_up(chosen: list[str]) -> None:
    """Makes data, and imports what torch imports at the first optimizer, once for all runs."""
    for program in chosen:
        getattr(load(program), "prepare", lambda: None)()
    parameter = torch.nn.Parameter(torch.ones(1))
    torch.optim.AdamW([parameter]).zero_grad()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", help="all when none is named")
    parser.add_argument("--only", nargs="*", help="only these stories")
    parser.add_argument("--seeds", type=int, nargs="*", help="only these seeds")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--force", action="store_true", help="record again what is up to date")
    parser.add_argument("--check", action="store_true", help="record nothing")
    parser.add_argument("--table", action="store_true", help="print the tables of README.md")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n\n".join(table(name) for name in arguments.programs or programs()))
        return 0
    chosen = arguments.programs or programs()
    torch.set_num_threads(1)
    RECORDINGS.mkdir(exist_ok=True)

    def is_wanted(story: Story, seed: int) -> bool:
        return ((not arguments.only or story.id in arguments.only)
                and (not arguments.seeds or seed in arguments.seeds))

    work = [run for name in chosen for run in missing(name, is_wanted, arguments.force)]
    if work:
        warm_up(chosen)
    known = {f"{name}-{story.id}-seed{seed}" for name in programs() for story in stories(name) for seed in story.seeds}
    running: set[int] = set()
    failed = 0
    for name, story, seed, mark in [] if arguments.check else work:
        if len(running) >= arguments.jobs:
            ended, status = os.wait()
            running.discard(ended)
            failed += status != 0
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                train(name, story, seed, mark)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        running.add(child)
    for child in running:
        failed += os.waitpid(child, 0)[1] != 0
    for folder in sorted(RECORDINGS.iterdir()):
        if folder.name not in known:
            print(f"{folder.name} belongs to no story; remove it")
    harmless = sum(tell(name, split_of(name)) for name in chosen)
    print(f"{len(work)} runs {'are missing' if arguments.check else 'recorded'}, {failed} failed, "
          f"{harmless} faults did nothing")
    return 1 if failed or harmless else 0


if __name__ == "__main__":
    sys.exit(main())
