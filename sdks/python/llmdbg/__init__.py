"""Sends metrics and log records of a training run to llmdbg.

Nothing here raises into the caller's code or waits for the network, except `finish`, which waits a
bounded time for delivery. Without `init` every function does nothing.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from . import _callbacks, _watching
from ._guard import guarded
from ._log_handler import LogHandler
from ._run import Run, current, start

__version__ = "0.1.0"
__all__ = [
    "HFCallback",
    "LightningCallback",
    "LogHandler",
    "Run",
    "config",
    "finish",
    "init",
    "log",
    "watch",
    "watch_tree",
    "__version__",
]


def init(
    project: Optional[str] = None,
    name: Optional[str] = None,
    config: Any = None,
    tags: Optional[Sequence[str]] = None,
    dir: Optional[str] = None,
    url: Optional[str] = None,
    token: Optional[str] = None,
) -> Run:
    """Starts a run, or joins the one that `llmdbg run` started around this process.

    `config` is a mapping, an argparse namespace or a dataclass; nested ones become dotted keys.
    The server is `url`, else `LLMDBG_URL`, else the one that runs on the data directory `dir`
    (`LLMDBG_DIR`, `~/.llmdbg`). Without a server the data waits on disk and is delivered later.
    """
    return start(project=project, name=name, config=config, tags=tags, dir=dir, url=url, token=token)


@guarded
def log(metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
    """Notes metrics of one step; without `step`, of the step after the last one."""
    run = current()
    if run is not None:
        run.log(metrics, step)


@guarded
def config(values: Any) -> None:
    """Adds to the run's configuration."""
    run = current()
    if run is not None:
        run.config(values)


@guarded
def finish(status: str = "finished", timeout: float = 10.0) -> None:
    """Ends the run and waits up to `timeout` seconds for delivery; what is left waits on disk."""
    run = current()
    if run is not None:
        run.finish(status, timeout)


def watch(
    model: Any = None,
    optimizer: Any = None,
    *,
    every: Optional[int] = None,
    layers: Any = None,
    run: Optional[Run] = None,
    **options: Any,
) -> Any:
    """Watches the layers of a PyTorch or Keras model while it trains; see docs/sdk/watch.md.

    `every`: steps between two that are measured in full; chosen from what it costs when left out.
    `layers`: patterns of module paths, a function of path and module, or at most how many.
    Answers the watch: its `step` may be set, `close()` ends it. For Keras it is the callback for `fit`.
    """
    return _watching.watch(model, optimizer, run, {"every": every, "layers": layers, **options})


@guarded
def watch_tree(
    step: int,
    *,
    params: Any = None,
    grads: Any = None,
    updates: Any = None,
    activations: Any = None,
    every: int = 10,
    run: Optional[Run] = None,
) -> None:
    """Notes trees of arrays of one step of a JAX program (Flax, Optax): what is given is measured, by layer."""
    into = run or _watching.run_of_this_process()
    if into is not None:
        from ._watch.tree_watch import watch_tree as note

        note(into, step, {"params": params, "grads": grads, "updates": updates, "activations": activations}, every)


def HFCallback(project: Optional[str] = None, name: Optional[str] = None, **options: Any) -> Any:
    """Makes a callback for Hugging Face's and TRL's trainers that watches the model and logs what the trainer logs."""
    return _callbacks.hf_callback(project, name, options)


def LightningCallback(project: Optional[str] = None, name: Optional[str] = None, **options: Any) -> Any:
    """Makes a callback for Lightning's trainer that watches the module and logs what it logs."""
    return _callbacks.lightning_callback(project, name, options)
