"""What was run and where: text for people, gathered away from the training loop."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
import sys
from typing import Any, Callable, Dict, List

PACKAGES = (
    "accelerate bitsandbytes datasets deepspeed flax jax keras lightning numpy peft pytorch-lightning "
    "safetensors tensorflow tokenizers torch torchvision transformers trl unsloth vllm"
).split()

SECRET = re.compile(r"(token|secret|passw|api[-_]?key|credential)", re.IGNORECASE)


def environment() -> Dict[str, Any]:
    parts: Dict[str, Callable[[], Any]] = {
        "command": command,
        "cwd": os.getcwd,
        "host": socket.gethostname,
        "user": getpass.getuser,
        "platform": platform.platform,
        "cpus": os.cpu_count,
        "memoryBytes": lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gitCommit": git_commit,
        "python": platform.python_version,
        "packages": packages,
    }
    found: Dict[str, Any] = {}
    for name, part in parts.items():
        try:
            value = part()
        except Exception:  # Unknown on this system: it is left out.
            continue
        if value:
            found[name] = value
    return found


def command() -> List[str]:
    """With the values of what looks like a secret hidden."""
    shown: List[str] = []
    hide_next = False
    for part in getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]:
        key, separator, _value = part.partition("=")
        if hide_next and not part.startswith("-"):
            shown.append("***")
        elif separator and SECRET.search(key):
            shown.append(f"{key}=***")
        else:
            shown.append(part)
        hide_next = not separator and part.startswith("-") and SECRET.search(part) is not None
    return shown


def git_commit() -> str:
    """Read from files: starting `git` from a training process costs more than it tells."""
    folder = os.getcwd()
    while not os.path.isdir(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    git = os.path.join(folder, ".git")
    head = _first_line(os.path.join(git, "HEAD"))
    if not head.startswith("ref: "):
        return head
    reference = head[len("ref: ") :]
    loose = os.path.join(git, *reference.split("/"))
    if os.path.isfile(loose):
        return _first_line(loose)
    with open(os.path.join(git, "packed-refs"), encoding="utf-8") as file:
        return next((line.split(" ")[0] for line in file if line.rstrip("\n").endswith(" " + reference)), "")


def _first_line(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().strip()


def packages() -> Dict[str, str]:
    from importlib import metadata

    found: Dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
