"""Models that the tests of `watch` train, and what was seen of them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from llmdbg._watch.torch_watch import TorchWatch  # noqa: E402

torch.set_num_threads(1)


class Seen:
    """A watch of `model` and all it emitted."""

    def __init__(self, model: Any, optimizer: Any = None, **options: Any) -> None:
        self.steps: List[int] = []
        self.points: List[Tuple[int, str, Dict[str, str], float]] = []
        self.records: List[Dict[str, Any]] = []
        self.watch = TorchWatch(model, optimizer, emit=self._emit, emit_record=self.records.append, **options)

    def _emit(self, step: int, _time: int, points: Any) -> None:
        self.steps.append(step)
        self.points += [(step, *point) for point in points]

    def values(self, name: str, layer: Optional[str] = None, **labels: str) -> Dict[int, float]:
        wanted = {**({} if layer is None else {"layer": layer}), **labels}
        return {s: v for s, n, have, v in self.points if n == name and wanted.items() <= have.items()}

    def value(self, name: str, layer: Optional[str] = None, **labels: str) -> float:
        """The first."""
        return next(iter(self.values(name, layer, **labels).values()))

    def layers(self, name: str) -> List[str]:
        return sorted({have["layer"] for _s, n, have, _v in self.points if n == name})

    def first_bad(self) -> Dict[str, str]:
        message = self.records[0]["message"]
        assert message.startswith("first non-finite tensor ")
        return dict(part.split("=", 1) for part in message[len("first non-finite tensor ") :].split(" "))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Any) -> Any:
        batch, length, width = x.shape
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2) for t in self.qkv(x).split(width, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.norm2, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary: int = 31, width: int = 32, depth: int = 2, heads: int = 4, length: int = 16) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids: Any) -> Any:
        x = self.token(ids) + self.place(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def mlp() -> Any:
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 4))


def gpt_step(model: Any, optimizer: Any, clip: Optional[float] = None) -> None:
    ids = torch.randint(0, 31, (4, 16))
    loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
    optimizer.zero_grad()
    loss.backward()
    if clip is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()


def mlp_step(model: Any, optimizer: Any, inputs: Any = None) -> None:
    x = torch.randn(32, 8) if inputs is None else inputs
    optimizer.zero_grad()
    F.mse_loss(model(x), torch.zeros(x.shape[0], 4)).backward()
    optimizer.step()
