"""Pre-training of a byte GPT on packed documents of four kinds, read in several passes; AdamW, a constant rate after
warm-up, a weighted z-loss."""

from __future__ import annotations

import random
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.text import story as make_text
from parts.training import clip, set_rate
from story import Deviates, FirstRow, Rows, Story, values, worse

STYLE = styles.titan
BYTES, KINDS = 128, 4
CONFIG = {
    "model": "byte-gpt", "layers": 2, "heads": 2, "dim": 32, "sequence_length": 40, "batch_size": 8,
    "learning_rate": 4e-3, "warmup_steps": 15, "lr_scheduler_type": "constant", "max_steps": 240, "logging_steps": 2,
    "steps_per_epoch": 40, "max_grad_norm": 1.0, "beta1": 0.9, "beta2": 0.95, "adam_epsilon": 1e-8, "weight_decay": 0.0,
    "z_loss": 1e-4, "shuffle": True, "watch_every": 20,
}


@lru_cache(maxsize=None)
def documents() -> Tensor:
    """Rows of bytes, one document each, the kinds one after the other: prose, prose in capitals, digits, a cipher."""
    length = CONFIG["sequence_length"] + 1
    each = CONFIG["batch_size"] * CONFIG["steps_per_epoch"] // KINDS
    rows: list[list[int]] = []
    for kind in range(KINDS):
        source = random.Random(kind)
        text = make_text(kind, each * length + length)
        for start in range(0, each * length, length):
            part = text[start:start + length]
            if kind == 1:
                part = part.upper()
            elif kind == 2:
                first = source.randint(10, 60)
                part = " ".join(str(first + i * (1 + first % 3)) for i in range(length))[:length]
            elif kind == 3:
                part = "".join(chr((ord(letter) - 97 + 13) % 26 + 97) if letter.isalpha() else letter for letter in part)
            rows.append([ord(letter) for letter in part])
    return torch.tensor(rows)


def prepare() -> None:
    documents()


class Block(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(dim), nn.RMSNorm(dim)
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True, bias=False)
        self.up, self.down = nn.Linear(dim, 4 * dim, bias=False), nn.Linear(4 * dim, dim, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        h = self.norm1(x)
        x = x + self.attention(h, h, h, attn_mask=mask, need_weights=False)[0]
        out: Tensor = x + self.down(functional.silu(self.up(self.norm2(x))))
        return out


class ByteGPT(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim = config["dim"]
        self.tokens, self.places = nn.Embedding(BYTES, dim), nn.Embedding(config["sequence_length"], dim)
        self.layers = nn.ModuleList(Block(dim, config["heads"]) for _ in range(config["layers"]))
        self.norm, self.output = nn.RMSNorm(dim), nn.Linear(dim, BYTES, bias=True)
        for embedding in (self.tokens, self.places):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        length = ids.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).triu(1)
        x = self.tokens(ids) + self.places(torch.arange(length))
        for layer in self.layers:
            x = layer(x, mask)
        logits: Tensor = self.output(self.norm(x))
        return logits


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    data = documents()
    journal.print(f"[titan] vocab_size={BYTES} documents={len(data)} passes={config['max_steps'] // config['steps_per_epoch']}\n")
    source = torch.Generator().manual_seed(journal.seed)
    fixed = torch.randperm(len(data), generator=source)
    model = ByteGPT(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config["learning_rate"], betas=(config["beta1"], config["beta2"]),
                                  eps=config["adam_epsilon"], weight_decay=config["weight_decay"])
    journal.watch(model, optimizer)
    order, recent = fixed, list[float]()
    for step in range(1, config["max_steps"] + 1):
        place = (step - 1) % config["steps_per_epoch"]
        if place == 0:
            if fault == "by-kind":
                # The files are read one after the other, in each pass anew.
                order = torch.arange(len(data))
            elif config["shuffle"]:
                order = torch.randperm(len(data), generator=source)
        ids = data[order[place * config["batch_size"]:(place + 1) * config["batch_size"]]]
        if fault == "foreign" and step % 50 == 0:
            ids = ids.clone()
            ids[:2] = ids[:2].flip(1)
        set_rate(optimizer, config["learning_rate"] * min(1.0, step / max(1, config["warmup_steps"])))
        logits = model(ids[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        total = loss + config["z_loss"] * logits.logsumexp(-1).pow(2).mean()
        optimizer.zero_grad()
        total.backward()
        norm = clip(list(model.parameters()), config["max_grad_norm"])
        optimizer.step()
        recent.append(loss.item())
        if step % config["logging_steps"] == 0 or step == 1:
            journal.log(step, {"loss": sum(recent) / len(recent), "grad_norm": norm,
                               "lr": optimizer.param_groups[0]["lr"], "epoch": step / config["steps_per_epoch"]})
            recent = []


def swings(rows: Rows, healthy: Rows) -> tuple[bool, str]:
    """The range of the loss within the last pass."""
    spans = []
    for run in (rows, healthy):
        last = [value for step, value in values(run, "loss") if step > CONFIG["max_steps"] - CONFIG["steps_per_epoch"]]
        spans.append(max(last) - min(last))
    return spans[0] > 2 * spans[1], f"the loss ranges over {spans[0]:.3g} in the last pass, healthy {spans[1]:.3g}"


STORIES = [
    Story("healthy", "Nothing is wrong: six passes, shuffled anew for each."),
    Story("healthy-same-order", "Mixed once, and then read in that same order in each pass.", {"shuffle": False}),
    Story("healthy-no-z-loss", "Nothing holds the logits, and they come to rest by themselves.", {"z_loss": 0.0}),
    Story("healthy-long-memory", "Adam's second moment remembers a thousand steps, and training is calm.",
          {"beta2": 0.999, "learning_rate": 2e-3}),
    Story("healthy-foreign", "Every fifty steps two documents read backwards: the gradient jumps, the loss recovers.",
          fault="foreign"),
    Story("by-kind", "Files are read one after the other, prose, capitals, numbers, cipher, and never shuffled: the model "
          "forgets one kind while it sees the next.", {"shuffle": False}, "by-kind",
          rules=("data-repeated",), causes=("data-order-not-shuffled",), begins=41, onset=FirstRow("loss"), harm=swings,
          allowed=("loss-spike", "loss-plateau", "loss-divergence", "overfitting", "memorization", "gradient-explosion",
                   "clipping-dominates")),
    Story("z-loss-sign", "The z-loss has the wrong sign, and pushes the sum of the logits away instead of holding it.",
          {"z_loss": -0.1}, rules=("output-logit-drift",), causes=("no-z-loss",), onset=Deviates("loss", "above"),
          harm=worse("loss", 1.5),
          allowed=("loss-divergence", "loss-plateau", "gradient-explosion", "loss-spike", "clipping-dominates",
                   "update-ratio-out-of-band")),
]
