"""What is kept of the forwards of the current step, so that one can be run again when its numbers go bad.

References only, dropped after the optimizer's step: the inputs live that long anyway in most loops. Everything
above a limit is not kept, and the step is then judged by its gradients.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch

from .parameters import real

MAX_BYTES = 64 * 1024 * 1024
"""Of inputs and of output gradients each, in one step."""
MAX_CALLS = 64


class Call:
    """One forward of the model (or of a part that is called alone)."""

    __slots__ = ("module", "args", "kwargs", "rng", "autocast", "probe", "outputs", "gradients", "logits", "done", "training")

    def __init__(self, module: Any) -> None:
        self.module = module
        self.args: Optional[Tuple[Any, ...]] = None
        self.kwargs: Dict[str, Any] = {}
        self.rng: Any = None
        self.autocast: Any = None
        self.probe: Optional[Any] = None
        """A scalar on the device that is finite when the output was."""
        self.outputs = 0
        self.gradients: Dict[int, Any] = {}
        """Of the output's tensors, by their place among those that require one."""
        self.logits: Optional[Any] = None
        self.done = False
        self.training = True


class Calls:
    def __init__(self) -> None:
        self.list: List[Call] = []
        self._bytes = 0
        self._gradient_bytes = 0

    def clear(self) -> None:
        self.list = []
        self._bytes = self._gradient_bytes = 0

    def begin(self, module: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Optional[Call]:
        if len(self.list) >= MAX_CALLS:
            return None
        call = Call(module)
        call.training = module.training
        tensors = tensors_in((args, kwargs))
        size = sum(t.numel() * t.element_size() for t in tensors)
        if self._bytes + size <= MAX_BYTES:
            self._bytes += size
            call.args, call.kwargs = args, kwargs
            call.rng = rng_state(module)
            call.autocast = autocast_state(tensors)
        self.list.append(call)
        return call

    def end(self, call: Call, output: Any) -> None:
        call.done = True
        found = [t for t in tensors_in(output) if t.is_floating_point()]
        loss = output if isinstance(output, torch.Tensor) and found else getattr(output, "loss", None)
        if loss is None and isinstance(output, dict):
            loss = output.get("loss")
        if not isinstance(loss, torch.Tensor):
            loss = min(found, key=lambda t: t.numel()) if found else None
        if loss is not None:
            call.probe = probe(loss)
        place = 0
        for tensor in found:
            if not tensor.requires_grad:
                continue
            size = tensor.numel() * tensor.element_size()
            if self._gradient_bytes + size <= MAX_BYTES:
                self._gradient_bytes += size
                tensor.register_hook(_keeper(call, place))
            place += 1
        call.outputs = place


def _keeper(call: Call, place: int) -> Any:
    def keep(gradient: Any) -> None:
        call.gradients[place] = gradient

    return keep


def probe(tensor: Any) -> Any:
    """Not finite when anything in the tensor is. May overflow where nothing is: whoever asks looks closer."""
    tensor = tensor.detach()
    if hasattr(tensor, "_local_tensor"):
        tensor = tensor._local_tensor
    tensor = real(tensor)
    return tensor.float() if tensor.numel() == 1 else tensor.sum(dtype=torch.float32)


def tensors_in(value: Any, depth: int = 0) -> List[Any]:
    if isinstance(value, torch.Tensor):
        return [value]
    if depth > 6:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for part in value for tensor in tensors_in(part, depth + 1)]
    return []


def rng_state(module: Any) -> Any:
    cuda = None
    if torch.cuda.is_initialized():
        parameter = next(module.parameters(), None)
        if parameter is not None and parameter.is_cuda:
            cuda = (parameter.device, torch.cuda.get_rng_state(parameter.device))
    return torch.get_rng_state(), cuda


def autocast_state(tensors: List[Any]) -> Any:
    kind = tensors[0].device.type if tensors else "cpu"
    try:
        enabled = torch.is_autocast_enabled(kind)
        return kind, enabled, torch.get_autocast_dtype(kind) if enabled else None
    except Exception:  # Before PyTorch 2.4 these took no device.
        return None


@contextlib.contextmanager
def as_it_was(call: Call, root: Any) -> Iterator[None]:
    """Random numbers, autocast, buffers and compilation as at the call; all of it put back at the end."""
    cpu, cuda = call.rng
    now_cpu = torch.get_rng_state()
    now_cuda = None if cuda is None else torch.cuda.get_rng_state(cuda[0])
    buffers = [(b, b.detach().clone()) for b in root.buffers()]
    with contextlib.ExitStack() as stack:
        if call.autocast is not None:
            kind, enabled, dtype = call.autocast
            stack.enter_context(torch.autocast(kind, dtype=dtype, enabled=enabled))
        stance = getattr(getattr(torch, "compiler", None), "set_stance", None)
        if stance is not None:
            stack.enter_context(stance("force_eager"))
        try:
            torch.set_rng_state(cpu)
            if cuda is not None:
                torch.cuda.set_rng_state(cuda[1], cuda[0])
            yield
        finally:
            torch.set_rng_state(now_cpu)
            if cuda is not None and now_cuda is not None:
                torch.cuda.set_rng_state(now_cuda, cuda[0])
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)
