"""`llmdbg.watch`: finds out what kind of model it is given, and sends what its watch finds to the run."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional

from ._guard import guarded, say_once
from ._run import RUN_ID, Run, current, start


class NoWatch:
    """Stands in where nothing can be watched: a training script goes on as if it were one."""

    def __init__(self) -> None:
        self.step = 0
        self.every = 0
        self.config: Dict[str, Any] = {}

    def close(self) -> None:
        pass


def watch(model: Any, optimizer: Any, run: Optional[Run], options: Mapping[str, Any]) -> Any:
    into = run or run_of_this_process()
    made = _begin(model, optimizer, into, options)
    if made is None or into is None:
        return NoWatch()
    # Nothing is left in the model that would hold on to a run that is over.
    into.at_finish(made.close)
    return made


@guarded
def _begin(model: Any, optimizer: Any, into: Optional[Run], options: Mapping[str, Any]) -> Any:
    if into is None:
        say_once("watch-run", "llmdbg: watch needs a run: call llmdbg.init first, or start the script with llmdbg run")
        return None
    kind = kind_of(model)
    if kind == "keras":
        from ._watch.keras_watch import keras_watch

        return keras_watch(model, emit=into.emit, emit_record=into.record, emit_config=into.config, **options)
    if kind == "torch":
        from ._watch.torch_watch import TorchWatch

        return TorchWatch(
            model, optimizer, emit=into.emit, emit_record=into.record, emit_config=into.config, **options
        )
    say_once(
        "watch-kind",
        "llmdbg: %s has no hooks to watch it by; call llmdbg.watch_tree with parameters and gradients (JAX, Flax)",
        type(model).__name__,
    )
    return None


def run_of_this_process() -> Optional[Run]:
    """The one that was started here, else the one that `llmdbg run` started around this process."""
    run = current()
    if run is None and RUN_ID.match(os.environ.get("LLMDBG_RUN_ID", "")):
        run = start(project=None, name=None, config=None, tags=None, dir=None, url=None, token=None)
    return run


def kind_of(model: Any) -> str:
    modules: List[str] = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    # A Keras layer on PyTorch is a torch module as well.
    for kind in ("keras", "torch"):
        if kind in modules:
            return kind
    return ""


