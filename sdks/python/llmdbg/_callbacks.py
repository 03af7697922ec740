"""Callbacks for trainers that own the loop. Their packages are imported when one is made."""

from __future__ import annotations

from typing import Any, Dict, Optional

from . import _watching
from ._guard import guarded, say_once
from ._run import Run, current, start


class _Session:
    """One training: its run, and its watch."""

    def __init__(self, project: Optional[str], name: Optional[str], options: Dict[str, Any]) -> None:
        self._project, self._name, self._options = project, name, options
        self._own: Optional[Run] = None
        self.run: Optional[Run] = None
        self.watch: Any = _watching.NoWatch()

    @guarded
    def begin(self, model: Any, config: Any, first_step: int) -> None:
        self.end("finished")
        self.run = _watching.run_of_this_process()
        if self.run is None:
            self.run = self._own = start(
                project=self._project, name=self._name, config=config, tags=None, dir=None, url=None, token=None
            )
        elif config is not None:
            self.run.config(config)
        self.watch = _watching.watch(model, None, self.run, {"first_step": first_step, **self._options})

    @guarded
    def log(self, metrics: Dict[str, Any], step: int) -> None:
        # Under `llmdbg run` the trainer's own printed lines are read; twice would be one too many.
        if self.run is not None and not self.run.is_joined:
            self.run.log(metrics, step)

    @guarded
    def end(self, status: str) -> None:
        self.watch.close()
        if self._own is not None and current() is self._own:
            self._own.finish(status)
        self._own = self.run = None


def hf_callback(project: Optional[str], name: Optional[str], options: Dict[str, Any]) -> Any:
    from transformers import TrainerCallback  # type: ignore[import-not-found, unused-ignore]

    class Watching(TrainerCallback):  # type: ignore[misc, unused-ignore]
        """`Trainer(callbacks=[llmdbg.HFCallback()])`, also in TRL's trainers."""

        def __init__(self) -> None:
            self._session = _Session(project, name, options)

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if kwargs.get("model") is None:
                say_once("hf-model", "llmdbg: this trainer hands no model to its callbacks; layers are not watched")
                return
            # The trainer counts a step before it logs it: the first one is 1.
            self._session.begin(kwargs["model"], _arguments(args), state.global_step + 1)

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self._session.watch.step = state.global_step + 1

        def on_log(self, args: Any, state: Any, control: Any, logs: Optional[Dict[str, Any]] = None, **kwargs: Any) -> None:
            self._session.log(logs or {}, state.global_step)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self._session.end("finished")

    return Watching()


@guarded
def _arguments(args: Any) -> Any:
    return args.to_sanitized_dict() if hasattr(args, "to_sanitized_dict") else None


def lightning_callback(project: Optional[str], name: Optional[str], options: Dict[str, Any]) -> Any:
    try:
        from lightning.pytorch.callbacks import Callback  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from pytorch_lightning.callbacks import Callback  # type: ignore[import-not-found, no-redef, unused-ignore]

    class Watching(Callback):  # type: ignore[misc, unused-ignore]
        """`Trainer(callbacks=[llmdbg.LightningCallback()])`."""

        def __init__(self) -> None:
            self._session = _Session(project, name, options)

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            config = dict(getattr(pl_module, "hparams", None) or {})
            self._session.begin(pl_module, config or None, trainer.global_step)

        def on_train_batch_end(self, trainer: Any, *_args: Any, **_kwargs: Any) -> None:
            step = trainer.global_step - 1
            if step >= 0 and step % max(1, trainer.log_every_n_steps) == 0:
                self._session.log(dict(trainer.logged_metrics), step)

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            self._session.end("crashed")

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            self._session.end("finished")

    return Watching()
