"""Pre-training of a character GPT: pre-norm blocks, GELU, learned positions, AdamW, cosine schedule."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.text import story as make_text
from parts.training import LossScaler, clip, schedule, set_rate
from story import Deviates, FirstRow, Story, jumps, not_finite, reaches, worse

STYLE = styles.key_value
CONFIG = {
    "model": "char-gpt", "n_layer": 2, "n_head": 4, "n_embd": 32, "block_size": 32, "batch_size": 8,
    "learning_rate": 6e-3, "warmup_steps": 20, "lr_scheduler_type": "cosine", "max_steps": 200, "logging_steps": 2,
    "eval_steps": 40, "max_grad_norm": 1.0, "beta1": 0.9, "beta2": 0.95, "adam_epsilon": 1e-8, "weight_decay": 0.1,
    "fp16": False, "z_loss": 0.0, "dropout": 0.0, "train_characters": 40_000, "watch_every": 20,
}


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, scaled: bool):
        super().__init__()
        self.heads, self.scaled = heads, scaled
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (part(x).view(batch, length, self.heads, -1).transpose(1, 2)
                   for part in (self.query, self.key, self.value))
        logits = q @ k.transpose(-2, -1)
        if self.scaled:
            logits = logits / math.sqrt(q.shape[-1])
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        mixed = logits.masked_fill(~mask, float("-inf")).softmax(-1) @ v
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class RootNorm(nn.Module):
    """A hand-written norm of which the gradient at the zero vector is infinite: no epsilon under the root."""

    def forward(self, x: Tensor) -> Tensor:
        return x / x.pow(2).mean(-1, keepdim=True).sqrt().clamp(min=1e-6)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, scaled: bool):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads, scaled)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class GPT(nn.Module):
    def __init__(self, vocab: int, config: dict, scaled: bool = True):
        super().__init__()
        width = config["n_embd"]
        self.wte, self.wpe = nn.Embedding(vocab, width), nn.Embedding(config["block_size"], width)
        self.blocks = nn.ModuleList(Block(width, config["n_head"], scaled) for _ in range(config["n_layer"]))
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocab, bias=False)
        self.root_norm: nn.Module | None = None
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Embedding) else 0.08)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.lm_head.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        if self.root_norm is not None:
            x = self.root_norm(x)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.lm_head(self.ln_f(x))
        return logits


def build(journal: Journal, vocab: int) -> GPT:
    config, fault = journal.config, journal.fault
    model = GPT(vocab, config, scaled=fault != "attention-logits")
    with torch.no_grad():
        if fault == "attention-logits":
            # "Wider is better": the query and key of one block begin thirty times too large.
            for part in (model.blocks[0].attn.query, model.blocks[0].attn.key):
                part.weight.mul_(30.0)
        if fault == "head-init":
            nn.init.normal_(model.lm_head.weight, std=3.0)
    return model


def loss_of(journal: Journal, model: nn.Module, ids: Tensor, step: int) -> Tensor:
    logits = model(ids[:, :-1])
    targets = ids[:, 1:]
    if journal.fault == "log-of-zero" and step >= 130:
        # The "faster" loss of a refactoring: the probability of the target may be 0, its log is -inf.
        probability = (logits * 12).softmax(-1).gather(-1, targets.unsqueeze(-1))
        return -(probability.half().float().log()).mean() / 12
    loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    if journal.config["z_loss"]:
        loss = loss + journal.config["z_loss"] * logits.logsumexp(-1).pow(2).mean()
    return loss


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    text = make_text(0, config["train_characters"])
    letters = sorted(set(text))
    journal.print(f"vocab_size={len(letters)} train_characters={len(text)}\n")
    place = {letter: i for i, letter in enumerate(letters)}
    data = torch.tensor([place[letter] for letter in text])
    cut = len(data) * 9 // 10
    source = torch.Generator().manual_seed(journal.seed)
    size, length = config["batch_size"], config["block_size"] + 1

    def batch(part: Tensor, count: int) -> Tensor:
        starts = torch.randint(0, len(part) - length, (count,), generator=source)
        return torch.stack([part[start:start + length] for start in starts.tolist()])

    model = build(journal, len(letters))
    parameters = list(model.parameters())
    optimized = parameters
    if fault == "stale-optimizer":
        # The model is made again after the optimizer, as happens when weights are loaded late.
        optimized = list(build(journal, len(letters)).parameters())
    optimizer = torch.optim.AdamW(optimized, lr=config["learning_rate"], betas=(config["beta1"], config["beta2"]),
                                  eps=config["adam_epsilon"], weight_decay=config["weight_decay"], fused=True)
    journal.watch(model, optimizer)
    scaler = LossScaler() if config["fp16"] else None
    total = config["max_steps"]
    factor = schedule(config["lr_scheduler_type"], config["warmup_steps"],
                      config.get("decay_steps", total))
    recent: list[float] = []
    for step in range(1, total + 1):
        ids = batch(data[:cut], size)
        if fault == "bad-batch" and 120 <= step < 123:
            ids = torch.randint(0, len(letters), ids.shape, generator=source)
        if fault == "small-spikes" and step % 60 == 31:
            # A document of another kind: harmless, the gradient jumps once.
            ids[:3] = ids[:3].flip(1)
        if fault == "zero-vector" and step == 120:
            model.root_norm = RootNorm()
            with torch.no_grad():
                # A pruned token: its embedding and the position's are exactly zero.
                model.wte.weight[letters.index(" ")] = 0.0
                model.wpe.weight.zero_()
        rate = config["learning_rate"] * factor(step)
        set_rate(optimizer, rate)
        loss = loss_of(journal, model, ids, step)
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        if scaler is None:
            norm = clip(parameters, config["max_grad_norm"])
            optimizer.step()
        else:
            is_fit = scaler.fits(parameters)
            norm = clip(parameters, config["max_grad_norm"])
            if is_fit:
                optimizer.step()
            else:
                journal.print(f"OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {scaler.scale:.0f}, reducing to "
                              f"{max(scaler.lowest, scaler.scale / 2):.0f}\n", "err")
            scaler.update(is_fit)
        recent.append(loss.item())
        if step % config["logging_steps"] == 0 or step == 1:
            row = {"loss": sum(recent) / len(recent), "grad_norm": norm, "lr": rate}
            if scaler is not None:
                row["loss_scale"] = scaler.scale
            journal.log(step, row)
            recent = []
        if step % config["eval_steps"] == 0:
            model.eval()
            with torch.no_grad():
                held_out = torch.Generator().manual_seed(7)
                starts = torch.randint(0, len(data) - cut - length, (48,), generator=held_out).tolist()
                ids = torch.stack([data[cut + start:cut + start + length] for start in starts])
                logits = model(ids[:, :-1])
                journal.log(step, {"val_loss": float(functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()))})
            model.train()


STORIES = [
    Story("healthy", "Nothing is wrong: cosine schedule, warm-up, clipping."),
    Story("healthy-small-batch", "Four sequences a step: the loss is noisy and falls.",
          {"batch_size": 4, "learning_rate": 2e-3}),
    Story("healthy-fp16", "Half precision (emulated): the loss scale begins too high, a few steps overflow and are "
          "left out, as they should be.", {"fp16": True}),
    Story("healthy-spikes", "Every sixty steps three sequences are of another kind: the gradient jumps for one step and "
          "the loss recovers at once.", fault="small-spikes"),
    Story("healthy-plateau", "The schedule is constant and the model small: the loss reaches what this text allows and "
          "stays there.", {"lr_scheduler_type": "constant", "max_steps": 300, "learning_rate": 3e-3}),
    Story("healthy-no-clipping", "Nothing is clipped, and half of the run is warm-up.",
          {"max_grad_norm": 0.0, "warmup_steps": 100}),
    Story("healthy-z-loss", "With a term that keeps the logits' sum near 1, and a linear schedule to 0.",
          {"z_loss": 1e-3, "lr_scheduler_type": "linear"}),
    Story("healthy-restarts", "A cosine that begins again twice.", {"lr_scheduler_type": "cosine_with_restarts"}),
    Story("healthy-short", "A try of 40 steps: twenty rows.", {"max_steps": 40, "eval_steps": 20}),
    Story("lr-too-high", "The learning rate is 0.6, 150 times too high, and nothing is clipped.",
          {"learning_rate": 0.6, "max_grad_norm": 0.0},
          rules=("loss-divergence", "learning-rate-too-high"),
          causes=("learning-rate-too-high", "no-gradient-clipping"), onset=Deviates("loss", "above"),
          harm=worse("loss", 1.3), advice=("learning_rate",),
          allowed=("gradient-explosion", "loss-spike", "no-learning", "clipping-dominates", "loss-plateau",
                   "update-ratio-out-of-band", "attention-logit-growth")),
    Story("bad-batch", "Steps 120 to 122 read a corrupt shard, random characters; nothing is clipped.",
          {"max_grad_norm": 0.0}, "bad-batch",
          rules=("loss-spike",), causes=("bad-batch", "degenerate-input"), begins=120,
          harm=jumps("loss", 120, 1.5), advice=("max_grad_norm",), allowed=("gradient-explosion",)),
    Story("attention-logits", "The scores of attention are not divided by the root of the head's size, and query and key "
          "of the first block begin thirty times too large.", fault="attention-logits",
          rules=("attention-logit-growth",), causes=("qk-norm-missing", "initialization-too-large"),
          layer=("blocks.0.attn", "blocks.0.attn.query", "blocks.0.attn.key"), harm=worse("layer/attention_logit_max", 20.0),
          allowed=("loss-plateau", "gradient-explosion", "loss-spike", "update-ratio-out-of-band", "clipping-dominates")),
    Story("log-of-zero", "From step 130 on the loss takes the logarithm of a probability in half precision, which is 0 "
          "for unlikely targets.", fault="log-of-zero",
          rules=("non-finite-loss", "non-finite-layer"), causes=("nan-in-code",), begins=130, harm=not_finite("loss"),
          allowed=("loss-divergence", "gradient-explosion", "hidden-non-finite-loss")),
    Story("stale-optimizer", "The model is built again after the optimizer, which goes on updating the first one.",
          fault="stale-optimizer", rules=("no-learning", "frozen-layer"),
          causes=("optimizer-not-stepping", "frozen-parameters"), harm=worse("loss", 1.5),
          allowed=("loss-plateau", "update-ratio-out-of-band", "frozen-layer")),
    Story("loss-scale", "Half precision; from step 120 on a norm without epsilon meets zero vectors, its gradient is not "
          "finite, each step is left out and the loss scale falls to its floor.", {"fp16": True}, "zero-vector",
          rules=("loss-scale-collapse", "non-finite-layer"), causes=("fp16-overflow", "nan-in-code"), begins=120,
          onset=FirstRow("loss_scale"), harm=reaches("loss_scale", 2.0, above=False),
          allowed=("non-finite-loss", "no-learning", "gradient-explosion", "loss-plateau", "frozen-layer", "loss-spike",
                   "hidden-non-finite-loss", "loss-divergence")),
    Story("head-init", "The output layer begins with a standard deviation of 3: the first loss is far above that of a "
          "uniform guess.", fault="head-init",
          rules=("initial-loss-mismatch",), causes=("initialization-too-large",), layer="lm_head",
          harm=lambda rows, healthy: (rows[0][1]["loss"] > 1.5 * healthy[0][1]["loss"],
                                      f"first loss {rows[0][1]['loss']:.3g}, healthy {healthy[0][1]['loss']:.3g}"),
          allowed=("clipping-dominates", "gradient-explosion", "update-ratio-out-of-band")),
    Story("schedule-too-short", "The cosine was made for 40 steps of 200: from step 40 on the learning rate is 0.",
          {"decay_steps": 40}, rules=("loss-plateau", "no-learning"), causes=("schedule-decayed-too-early",
                                                                             "learning-rate-too-low"),
          begins=40, harm=worse("loss", 1.2), advice=("max_steps", "decay_steps"), allowed=("update-ratio-out-of-band",
                                                                                            "no-learning")),
]
