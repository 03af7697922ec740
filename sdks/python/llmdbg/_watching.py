"""`llmdbg.watch`: finds out what kind of model it is given, and sends what its watch finds to the run."""

from __future__ import annotations

import os
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional

from ._guard import guarded, say_once
from ._run import RUN_ID, Run, current, start
from ._watch import arguments


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
    # Nothing is left in the model that would hold on to a run that is over; and the run does not hold the model.
    into.at_finish(_closing(weakref.ref(made)))
    return made


def _closing(reference: "weakref.ref[Any]") -> Callable[[], None]:
    def close() -> None:
        made = reference()
        if made is not None:
            made.close()

    return close


@guarded
def _begin(model: Any, optimizer: Any, into: Optional[Run], options: Mapping[str, Any]) -> Any:
    if into is None:
        say_once("watch-run", "llmdbg: watch needs a run: call llmdbg.init first, or start the script with llmdbg run")
        return None
    if model is None and optimizer is None:
        arguments.say("watch needs the model: llmdbg.watch(model, optimizer)")
        return None
    model, optimizer = arguments.in_order(model, optimizer)
    if model is None:
        return None
    kind = kind_of(model)
    if kind == "keras":
        from ._watch.keras_watch import keras_watch

        kept = arguments.known(options, keras_watch)
        return keras_watch(model, emit=into.emit, emit_record=into.record, emit_config=into.config, **kept)
    if kind == "torch":
        return _torch(model, optimizer, into, options)
    arguments.say(
        f"{type(model).__name__} has no hooks to watch it by: watch takes a torch.nn.Module or a Keras model; "
        "for JAX and Flax call llmdbg.watch_tree with parameters and gradients"
    )
    return None


def _torch(model: Any, optimizer: Any, into: Run, options: Mapping[str, Any]) -> Any:
    from ._watch.layers import shapeless, unwrapped
    from ._watch.torch_watch import TorchWatch, watches

    lazy = shapeless(model)
    if lazy:
        arguments.say(f"{', '.join(lazy[:3])} has no weights before its first forward: call llmdbg.watch after one forward with a batch")
        return None
    kept = arguments.known(options, TorchWatch)
    for other in watches():
        if unwrapped(other.model) is unwrapped(model):
            arguments.say("this model was watched already, as when a notebook's cell runs again; the new watch takes the old one's place")
            if other.into is into and "first_step" not in options:
                kept["first_step"] = other.step
            other.close()
    made = TorchWatch(model, optimizer, emit=into.emit, emit_record=into.record, emit_config=into.config, **kept)
    made.into = into
    return made


def run_of_this_process() -> Optional[Run]:
    """The one that was started here, else the one that `llmdbg run` started around this process."""
    run = current()
    if run is None and RUN_ID.match(os.environ.get("LLMDBG_RUN_ID", "")):
        run = start(project=None, name=None, config=None, tags=None, dir=None, url=None, token=None)
    return run


def kind_of(model: Any) -> str:
    modules: List[str] = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    # A Keras layer on PyTorch is a torch module as well.
    if "keras" in modules:
        return "keras"
    return "torch" if arguments.is_module(model) else ""


