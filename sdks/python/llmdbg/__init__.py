"""Sends metrics and log records of a training run to llmdbg.

Nothing here raises into the caller's code or waits for the network, except `finish`, which waits a
bounded time for delivery. Without `init` every function does nothing.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ._guard import guarded
from ._log_handler import LogHandler
from ._run import Run, current, start

__version__ = "0.1.0"
__all__ = ["LogHandler", "Run", "config", "finish", "init", "log", "__version__"]


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


