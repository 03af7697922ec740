"""What `llmdbg.watch` costs a training loop.

    .venv/bin/python benchmarks/watch-overhead.py [--steps 400] [--every N] [--model nanogpt|wide|tiny]

Three copies of one small GPT (nanoGPT's settings for a CPU) take turns, step by step and in changing order: bare,
watched at default settings (as often as the watch chose in a loop of its own) into a run whose data goes to disk, and bare
again, so that all see the same machine. Compared is processor time of the training thread, in windows of steps; the
interval is a bootstrap over the windows. Bare against bare is the noise. The sending thread is counted apart.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from typing import Any, Dict, List, Sequence, Tuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "sdks", "python"))

import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import llmdbg  # noqa: E402

torch.set_num_threads(1)
MODELS: Dict[str, Dict[str, int]] = {
    # karpathy/nanoGPT, README: --block_size=64 --batch_size=12 --n_layer=4 --n_head=4 --n_embd=128
    "nanogpt": {"vocabulary": 65, "width": 128, "depth": 4, "heads": 4, "length": 64, "batch": 12},
    "wide": {"vocabulary": 512, "width": 256, "depth": 4, "heads": 4, "length": 128, "batch": 8},
    "tiny": {"vocabulary": 65, "width": 64, "depth": 2, "heads": 4, "length": 32, "batch": 4},
}
WINDOW = 50
WARMUP = 120
"""Steps in which the watch finds out how often it can afford to look: alone, since between its steps in turns it would
take the other copies' time for that of its own loop, and look three times as often."""


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2, self.up, self.act, self.down = (
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        batch, length, width = x.shape
        q, k, v = (
            t.view(batch, length, self.heads, -1).transpose(1, 2) for t in self.qkv(self.norm1(x)).split(width, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(self.act(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary: int, width: int, depth: int, heads: int, length: int) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids: Any) -> Any:
        x = self.token(ids) + self.place(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def interval(a: Sequence[float], b: Sequence[float]) -> Tuple[float, float, float]:
    """Overhead of a against b in percent: ratio of sums, with its 95 % bootstrap interval over windows."""
    pick = random.Random(0)
    n = len(a)
    drawn: List[float] = []
    for _ in range(2000):
        rows = [pick.randrange(n) for _ in range(n)]
        drawn.append((sum(a[i] for i in rows) / sum(b[i] for i in rows) - 1) * 100)
    drawn.sort()
    return (sum(a) / sum(b) - 1) * 100, drawn[50], drawn[1949]


def thread_seconds() -> float:
    """Processor time of the SDK's thread so far; Linux only, 0 elsewhere."""
    thread = next((t for t in threading.enumerate() if t.name == "llmdbg"), None)
    try:
        with open(f"/proc/self/task/{thread.native_id if thread else 0}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--every", type=int)
    parser.add_argument("--model", choices=list(MODELS), default="nanogpt")
    given = parser.parse_args()
    sizes = dict(MODELS[given.model])
    batch = sizes.pop("batch")
    pairs: List[Tuple[Any, Any]] = []
    for _ in range(3):
        torch.manual_seed(0)
        model = Gpt(**sizes)
        pairs.append((model, torch.optim.AdamW(model.parameters(), lr=1e-3)))

    def step(which: int) -> float:
        model, optimizer = pairs[which]
        ids = torch.randint(0, sizes["vocabulary"], (batch, sizes["length"]))
        begin = time.thread_time()
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return time.thread_time() - begin

    with tempfile.TemporaryDirectory() as directory:
        run = llmdbg.init(project="overhead", dir=directory)
        watch = llmdbg.watch(pairs[1][0], pairs[1][1], every=given.every)
        for _ in range(WARMUP):
            step(1)
        every = watch.every
        watch.close()
        watch = llmdbg.watch(pairs[1][0], pairs[1][1], every=every)
        for _ in range(WARMUP // 10):
            for which in range(3):
                step(which)
        sent_before = thread_seconds()
        windows: List[List[float]] = [[], [], []]
        single: List[float] = []
        for index in range(given.steps):
            if index % WINDOW == 0:
                for window in windows:
                    window.append(0.0)
            order = [0, 1, 2]
            random.shuffle(order)
            for which in order:
                taken = step(which)
                windows[which][-1] += taken
                if which == 0:
                    single.append(taken)
        sent = thread_seconds() - sent_before
        run.flush(30)
        layers = watch.config["llmdbg.watch.layers"]
        llmdbg.finish(timeout=30)
    parameters = sum(p.numel() for p in pairs[0][0].parameters())
    print(f"PyTorch {torch.__version__}, 1 thread of {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"{given.model}: {parameters / 1e6:.2f} M parameters, {batch} x {sizes['length']} tokens, "
        f"{statistics.median(single) * 1000:.1f} ms a step; {layers} layers, every {watch.every} steps"
    )
    for name, which in (("watched against bare", 1), ("bare against bare", 2)):
        print("%s: %+.2f %% [%+.2f, %+.2f] of processor time, %d steps" % (name, *interval(windows[which], windows[0]), given.steps))
    print(f"the sending thread: {sent / sum(windows[1]) * 100:.2f} % of the watched loop")


if __name__ == "__main__":
    main()
