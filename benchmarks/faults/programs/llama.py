"""Pre-training of a small Llama: RMSNorm, rotary positions, SwiGLU, grouped queries, a warm-up, stable and decay
schedule, an optimizer of Adafactor's kind, lines as torchtitan prints them. With `dp_degree` two replicas train
on halves of the batch and average their gradients."""

from __future__ import annotations

import copy
import random

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.training import LossScaler, clip, schedule, set_rate
from story import Deviates, FirstRow, LastRow, Story, ends_early, jumps, not_finite, reaches, worse

STYLE = styles.titan
CONFIG = {
    "model": "llama-debug", "dim": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "seq_len": 32,
    "local_batch_size": 8, "lr": 5e-3, "warmup_steps": 16, "decay": "wsd", "steps": 180, "log_freq": 3,
    "validator_freq": 45, "max_norm": 1.0, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.01, "dp_degree": 1,
    "dtype": "float32", "init_std": 0.08, "optimizer": "AdamW", "watch_every": 20,
}
WORDS = 64


class RMSNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x: Tensor) -> Tensor:
    """Rotary positions on the halves of each head."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2]).unsqueeze(1) * (10_000.0 ** (-torch.arange(half) / half))
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


class Attention(nn.Module):
    def __init__(self, config: dict, scaled: bool):
        super().__init__()
        width, self.heads, self.kv = config["dim"], config["n_heads"], config["n_kv_heads"]
        self.size, self.scaled = width // self.heads, scaled
        self.wq = nn.Linear(width, width, bias=False)
        self.wk = nn.Linear(width, self.kv * self.size, bias=False)
        self.wv = nn.Linear(width, self.kv * self.size, bias=False)
        self.wo = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q = rotate(self.wq(x).view(batch, length, self.heads, self.size).transpose(1, 2))
        k = rotate(self.wk(x).view(batch, length, self.kv, self.size).transpose(1, 2))
        v = self.wv(x).view(batch, length, self.kv, self.size).transpose(1, 2)
        k, v = (part.repeat_interleave(self.heads // self.kv, 1) for part in (k, v))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=None if self.scaled else 1.0)
        out: Tensor = self.wo(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class FeedForward(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.w1, self.w3 = nn.Linear(width, 80, bias=False), nn.Linear(width, 80, bias=False)
        self.w2 = nn.Linear(80, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.w2(functional.silu(self.w1(x)) * self.w3(x))
        return out


class Block(nn.Module):
    def __init__(self, config: dict, scaled: bool):
        super().__init__()
        self.attention, self.feed_forward = Attention(config, scaled), FeedForward(config["dim"])
        self.attention_norm, self.ffn_norm = RMSNorm(config["dim"]), RMSNorm(config["dim"])

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        out: Tensor = x + self.feed_forward(self.ffn_norm(x))
        return out


class Llama(nn.Module):
    def __init__(self, config: dict, scaled: bool = True):
        super().__init__()
        self.tok_embeddings = nn.Embedding(WORDS, config["dim"])
        self.layers = nn.ModuleList(Block(config, scaled) for _ in range(config["n_layers"]))
        self.norm, self.output = RMSNorm(config["dim"]), nn.Linear(config["dim"], WORDS, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=config["init_std"])
        nn.init.normal_(self.output.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok_embeddings(ids)
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.output(self.norm(x))
        return logits


def corpus(seed: int, length: int) -> Tensor:
    """A chain over 64 words in which each word has four likely successors, and now and then a word comes again
    that stood eight places before."""
    source = random.Random(17)
    follows = [[source.randrange(WORDS) for _ in range(4)] for _ in range(WORDS)]
    source = random.Random(seed)
    words = [source.randrange(WORDS) for _ in range(8)]
    while len(words) < length:
        chance = source.random()
        words.append(words[-8] if chance < 0.25 else source.choice(follows[words[-1]]) if chance < 0.95
                     else source.randrange(WORDS))
    return torch.tensor(words)


DATA: dict[int, Tensor] = {}


def prepare() -> None:
    DATA.update({seed: corpus(seed, 40_000 if seed == 1 else 4_000) for seed in (1, 2)})


def build(journal: Journal) -> Llama:
    model = Llama(journal.config, scaled=journal.fault != "unscaled")
    with torch.no_grad():
        if journal.fault == "unscaled":
            model.layers[0].attention.wq.weight.mul_(20.0)
            model.layers[0].attention.wk.weight.mul_(20.0)
        if journal.fault == "embedding-init":
            model.tok_embeddings.weight.mul_(10.0)
            model.output.weight.mul_(120.0)
    return model


def checksum(model: nn.Module) -> int:
    total = 0
    for parameter in model.parameters():
        bits = parameter.detach().contiguous().view(torch.int32).to(torch.int64).flatten()
        total = (total * 31 + int((bits * (torch.arange(1, len(bits) + 1) * 2654435761)).sum())) & 0xFFFFFFFFFFFF
    return total


class Trainer:
    def __init__(self, journal: Journal):
        self.journal, self.config, self.fault = journal, journal.config, journal.fault
        model = build(journal)
        self.replicas = [model, *(copy.deepcopy(model) for _ in range(self.config["dp_degree"] - 1))]
        if self.fault == "ranks-differ":
            # The seed was offset by the rank before the model was made, not after.
            torch.manual_seed(self.config["seed"] + 1000)
            self.replicas[1] = build(journal)
        self.optimizers = [self.optimizer(one) for one in self.replicas]
        self.scaler = LossScaler(scale=2.0 ** 17, interval=60) if self.config["dtype"] == "float16" else None
        self.source = torch.Generator().manual_seed(journal.seed)
        journal.watch(model, self.optimizers[0])

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        config = self.config
        if config["optimizer"] == "Adafactor":
            return torch.optim.Adafactor(model.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])
        return torch.optim.AdamW(model.parameters(), lr=config["lr"], betas=(0.9, config["beta2"]), eps=config["eps"],
                                 weight_decay=config["weight_decay"], fused=True)

    def batch(self, step: int) -> Tensor:
        size, length = self.config["local_batch_size"], self.config["seq_len"] + 1
        starts = torch.randint(0, len(DATA[1]) - length, (size,), generator=self.source)
        ids = torch.stack([DATA[1][start:start + length] for start in starts.tolist()])
        if self.fault == "corrupt-shard" and 100 <= step < 103:
            ids = torch.randint(0, WORDS, ids.shape, generator=self.source)
            # Padding that was not masked fills half of it.
            ids[:, length // 2:] = int(ids[0, 0])
        if self.config.get("odd_documents") and step % 50 == 20:
            ids[:2] = torch.randint(0, WORDS, ids[:2].shape, generator=self.source)
        return ids

    def backward(self, ids: Tensor, step: int) -> float:
        total = 0.0
        for model, part in zip(self.replicas, ids.chunk(len(self.replicas))):
            logits = model(part[:, :-1])
            loss = functional.cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten())
            if self.fault == "perplexity" and step >= 90:
                # A term on the spread of the logits, whose root is taken of a variance that rounding makes negative.
                spread = logits.pow(2).mean(-1) - (logits.pow(2).mean(-1) + 1e-3)
                loss = loss + 1e-3 * spread.sqrt().mean()
            (loss * (40.0 if self.fault == "tokens-summed" else 1.0)).backward()
            total += loss.item() * (40.0 if self.fault == "tokens-summed" else 1.0)
        if len(self.replicas) > 1:
            for group in zip(*(model.parameters() for model in self.replicas)):
                mean = torch.stack([parameter.grad for parameter in group]).mean(0)
                for parameter in group:
                    parameter.grad = mean.clone()
            # One process trains the replicas one after the other.
        return total / len(self.replicas)

    def step(self, step: int, rate: float) -> tuple[float, float]:
        for optimizer in self.optimizers:
            set_rate(optimizer, rate)
            optimizer.zero_grad()
        loss = self.backward(self.batch(step), step)
        norms = [clip(model.parameters(), self.config["max_norm"]) for model in self.replicas]
        is_fit = self.scaler is None or self.scaler.fits(list(self.replicas[0].parameters()))
        if self.fault == "static-overflow" and step >= 110:
            # A layer whose fp16 kernel overflows from now on, whatever the scale: nothing fits any more.
            is_fit = False
        if is_fit:
            for optimizer in self.optimizers:
                optimizer.step()
        if self.scaler is not None:
            self.scaler.update(is_fit)
        return loss, norms[0]

    def run(self) -> None:
        config, journal = self.config, self.journal
        factor = schedule(config["decay"], config["warmup_steps"], config["steps"])
        recent: list[float] = []
        journal.print(f"[rank0]:[titan] 2026-09-21 12:00:00,000 - root - INFO - Training starts at step 1, "
                      f"{config['steps']} steps, warmup {config['warmup_steps']}\n", "err")
        for step in range(1, config["steps"] + 1):
            began = journal.now()
            if self.fault == "lost-node" and step == 112:
                journal.wait(5400.0)
                journal.killed = True
                return
            if self.fault == "throttled" and step >= 100:
                # The card is too hot and runs at a third of its clock.
                journal.wait(0.9)
            rate = config["lr"] * factor(step)
            loss, norm = self.step(step, rate)
            recent.append(loss)
            if len(self.replicas) > 1 and step % 6 == 0:
                journal.emit(step, 0, [("parameters/hash", {"rank": str(rank)}, float(checksum(model)))
                                       for rank, model in enumerate(self.replicas)])
            if step % config["log_freq"] == 0 or step == 1:
                tokens = config["local_batch_size"] * config["seq_len"]
                row = {"loss": sum(recent) / len(recent), "grad_norm": norm, "lr": rate,
                       "tps": tokens / max(1e-3, journal.now() - began)}
                if self.scaler is not None:
                    row["loss_scale"] = self.scaler.scale
                journal.log(step, row)
                recent = []
            if step % config["validator_freq"] == 0:
                with torch.no_grad():
                    ids = DATA[2][:33 * 60].view(60, 33)
                    logits = self.replicas[0](ids[:, :-1])
                    journal.log(step, {"val_loss": functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())})


def train(journal: Journal) -> None:
    Trainer(journal).run()


STORIES = [
    Story("healthy", "Nothing is wrong: warm-up, a stable stretch, a decay at the end at which the loss falls once more."),
    Story("healthy-small-batch", "Two sequences a step: the loss is noisy.", {"local_batch_size": 2, "lr": 2e-3}),
    Story("healthy-odd-documents", "Every fifty steps two sequences are noise: the gradient jumps for one step and the loss "
          "recovers.", {"odd_documents": True, "max_norm": 0.5}),
    Story("healthy-adafactor", "Adafactor instead of AdamW.", {"optimizer": "Adafactor", "lr": 2e-2}),
    Story("healthy-replicas", "Two replicas that stay the same.", {"dp_degree": 2}),
    Story("healthy-fp16", "Half precision (emulated): the first steps overflow until the scale fits.", {"dtype": "float16"}),
    Story("healthy-long-warmup", "A third of the run is warm-up.", {"warmup_steps": 60}),
    Story("healthy-plateau", "A constant rate to the end: the last third gains little.", {"decay": "constant", "steps": 260,
                                                                                       "warmup_steps": 10}),
    Story("healthy-no-clipping", "Nothing is clipped; the gradient norm is steady by itself.", {"max_norm": 0.0}),
    Story("no-warmup", "A learning rate of 0.5 at once, without warm-up or clipping.",
          {"lr": 0.5, "warmup_steps": 0, "max_norm": 0.0},
          rules=("loss-divergence", "learning-rate-too-high", "no-learning"),
          causes=("no-warmup", "learning-rate-too-high", "no-gradient-clipping"),
          begins=2, onset=Deviates("loss", "above"), harm=worse("loss", 1.25), advice=("warmup_steps", "lr"),
          allowed=("gradient-explosion", "loss-spike", "loss-plateau", "update-ratio-out-of-band", "no-learning",
                   "attention-logit-growth", "gradient-vanishing", "clipping-dominates", "frozen-layer")),
    Story("unscaled", "The first layer's scores are not divided by the root of the head's size, and its query and key begin "
          "twenty times too large.", fault="unscaled", rules=("attention-logit-growth",),
          causes=("qk-norm-missing", "initialization-too-large"),
          layer=("layers.0.attention", "layers.0.attention.wq", "layers.0.attention.wk"),
          harm=worse("layer/attention_logit_max", 20.0),
          allowed=("loss-plateau", "gradient-explosion", "loss-spike", "update-ratio-out-of-band", "clipping-dominates")),
    Story("corrupt-shard", "Steps 100 to 102 read noise and unmasked padding; nothing is clipped.", {"max_norm": 0.0},
          "corrupt-shard", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"), begins=100,
          harm=jumps("loss", 100, 1.3), advice=("max_norm",), allowed=("gradient-explosion",)),
    Story("perplexity", "From step 90 on the loss holds the root of a variance that is below 0.", fault="perplexity",
          rules=("non-finite-loss", "non-finite-layer"), causes=("nan-in-code",), begins=90, harm=not_finite("loss"),
          allowed=("non-finite-layer", "loss-divergence", "gradient-explosion", "hidden-non-finite-loss")),
    Story("ranks-differ", "The second replica began from other weights, since its seed was set too early: gradients are "
          "averaged, weights never.", {"dp_degree": 2}, "ranks-differ", rules=("desynchronised-ranks",),
          causes=("different-seed-or-init", "no-weight-sync"), onset=FirstRow(earliest=6), harm=worse("loss", 1.01),
          allowed=("loss-plateau",)),
    Story("embedding-init", "Embeddings and output begin far too large: the first loss is several times that of a guess.",
          fault="embedding-init", rules=("initial-loss-mismatch",), causes=("initialization-too-large",),
          layer=("output", "tok_embeddings"),
          harm=lambda rows, healthy: (rows[0][1]["loss"] > 1.5 * healthy[0][1]["loss"],
                                      f"first loss {rows[0][1]['loss']:.3g}, healthy {healthy[0][1]['loss']:.3g}"),
          allowed=("clipping-dominates", "gradient-explosion", "update-ratio-out-of-band")),
    Story("static-overflow", "Half precision; from step 110 on a kernel overflows at any scale: every step is left out and "
          "the scale falls to its floor.", {"dtype": "float16"}, "static-overflow", rules=("loss-scale-collapse",),
          causes=("fp16-overflow",), begins=110, onset=FirstRow("loss_scale"),
          harm=reaches("loss_scale", 2.0, above=False),
          allowed=("no-learning", "loss-plateau", "frozen-layer", "update-ratio-out-of-band")),
    Story("tokens-summed", "The loss is a sum over part of the tokens and not a mean: it and its gradients are forty times too "
          "large.", fault="tokens-summed", rules=("initial-loss-mismatch", "clipping-dominates", "accumulation-scaling"),
          causes=("loss-not-averaged", "wrong-loss-scale", "accumulation-not-divided"),
          harm=worse("loss", 2.0), allowed=("clipping-dominates", "accumulation-scaling", "initial-loss-mismatch")),
    Story("lost-node", "Step 112 waits for a node that has gone: nothing is printed any more, and after 90 minutes the job is "
          "killed.", fault="lost-node", rules=("stalled-run",), causes=("slow-node", "data-loader-slow"), begins=112,
          onset=LastRow(), harm=ends_early()),
    Story("throttled", "From step 100 on the card runs at a third of its clock.", fault="throttled",
          rules=("throughput-drop",), causes=("slow-node", "neighbour-load"), begins=100, onset=FirstRow("tps"),
          harm=worse("tps", 0.7, lower_is_better=False)),
]
