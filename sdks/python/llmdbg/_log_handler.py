"""Python's logging as records of the run."""

from __future__ import annotations

import logging
import os
import traceback
from types import TracebackType
from typing import Any, Dict, Optional, Tuple, Type

from ._values import text

MAX_MESSAGE = 65_536
MAX_EXCEPTION = 262_144

formatter = logging.Formatter()


class LogHandler(logging.Handler):
    """`logging.getLogger().addHandler(llmdbg.LogHandler())`: each log call becomes one record, with its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        from ._run import current

        # llmdbg's own warnings would come back to it.
        if record.name == "llmdbg" or record.name.startswith("llmdbg."):
            return
        try:
            run = current()
            if run is not None:
                run.record(self._body(record, run.step))
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Silent: a log call must not fail or print because of llmdbg."""

    @staticmethod
    def _body(record: logging.LogRecord, step: Optional[int]) -> Dict[str, Any]:
        exception = None
        if record.exc_info and record.exc_info[0] is not None:
            exception = formatter.formatException(record.exc_info)
        return body(
            time_ms=record.created * 1000,
            level=level_name(record.levelno),
            message=record.getMessage(),
            logger=record.name,
            exception=exception,
            step=step,
        )


def level_name(level: int) -> str:
    if level >= logging.CRITICAL:
        return "critical"
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warning"
    return "info" if level >= logging.INFO else "debug"


def rank() -> Optional[int]:
    """Of this process in distributed training."""
    value = os.environ.get("RANK", "")
    return int(value) if value.isdigit() else None


def body(
    time_ms: float,
    level: str,
    message: str,
    logger: Optional[str] = None,
    exception: Optional[str] = None,
    step: Optional[int] = None,
) -> Dict[str, Any]:
    return {
        "time": time_ms,
        "level": level,
        "logger": None if logger is None else text(logger, 512),
        "message": text(message, MAX_MESSAGE),
        # The end of a traceback names the error.
        "exception": None if exception is None else text(exception[-MAX_EXCEPTION:], MAX_EXCEPTION),
        "step": step,
        "rank": rank(),
    }


ExceptionInfo = Tuple[Type[BaseException], BaseException, Optional[TracebackType]]


def exception_body(info: ExceptionInfo, time_ms: float, step: Optional[int]) -> Dict[str, Any]:
    """One record for an unhandled exception."""
    kind, error, trace = info
    lines = traceback.format_exception(kind, error, trace)
    message = traceback.format_exception_only(kind, error)[-1].strip()
    return body(time_ms, "critical", message, exception="".join(lines), step=step)
