"""A small vision transformer on drawn gratings: patches, pre-norm blocks with GELU, a class token, AdamW without decay on
norms and biases, warm-up and cosine, JSON lines with the names that Lightning's loggers use."""

from __future__ import annotations

import copy
import json
import math
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import LossScaler, clip, schedule, set_rate
from story import FirstRow, Story, jumps, turns, worse

CONFIG = {
    "model": "vit-nano", "width": 24, "depth": 2, "heads": 2, "patch": 4, "global_batch": 16, "base_lr": 4e-3,
    "weight_decay": 0.05, "betas": "0.9,0.99", "warmup_iters": 20, "lr_policy": "cosine", "iters": 190, "print_freq": 3,
    "val_every": 38, "grad_clip": 1.0, "smoothing": 0.0, "amp": "off", "frozen_stem": False, "noise": 0.4,
    "watch_every": 80,
}
CLASSES, SIDE = 8, 16


def lines(_journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    shown = {name: float("%.5g" % value) if math.isfinite(value) else value for name, value in metrics.items()}
    return [("out", json.dumps({"global_step": step, **shown}) + "\n")]


STYLE = lines


@lru_cache(maxsize=None)
def gratings(seed: int, count: int) -> tuple[Tensor, Tensor]:
    """Waves of four directions and two lengths, at random phases and strengths; from 0 to 1."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (count,), generator=source)
    angle = (labels % 4) * math.pi / 4 + 0.16 * torch.randn(count, generator=source)
    length = torch.where(labels < 4, 4.0, 6.5)
    phase = torch.rand(count, generator=source) * 2 * math.pi
    strength = 0.25 + 0.75 * torch.rand(count, generator=source)
    y, x = torch.meshgrid(torch.arange(SIDE).float(), torch.arange(SIDE).float(), indexing="ij")
    along = angle.cos().view(-1, 1, 1) * x + angle.sin().view(-1, 1, 1) * y
    wave = (along * (2 * math.pi / length).view(-1, 1, 1) + phase.view(-1, 1, 1)).sin()
    return 0.5 + 0.5 * strength.view(-1, 1, 1) * wave, labels


def prepare() -> None:
    gratings(5, 2400)
    gratings(6, 200)


class HalfKernel(torch.autograd.Function):
    """A kernel whose backward multiplies by 2^18 in half precision before it divides: it overflows at any loss scale."""

    @staticmethod
    def forward(_context: object, value: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(_context: object, gradient: Tensor) -> Tensor:
        return (gradient.half() * 2.0 ** 15 * 2.0 ** 15 * 2.0 ** 15).float() / 2.0 ** 45


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        query, key, value = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.norm2, self.fc1, self.fc2 = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.act = nn.GELU()
        self.overflows = False

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        hidden = self.act(self.fc1(self.norm2(x)))
        if self.overflows:
            hidden = HalfKernel.apply(hidden)
        return x + self.fc2(hidden)


class ViT(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width, patch = config["width"], config["patch"]
        self.stem = nn.Conv2d(1, width, patch, stride=patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (SIDE // patch) ** 2 + 1, width))
        self.blocks = nn.ModuleList(Block(width, config["heads"]) for _ in range(config["depth"]))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem((images.unsqueeze(1) - 0.5) / 0.35).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x[:, 0]))
        return logits


def build(journal: Journal) -> ViT:
    model = ViT(journal.config)
    if journal.fault == "std-of-one":
        # trunc_normal_ was called without its std, whose default is 1 and not 0.02.
        for module in model.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight)
    if journal.config["frozen_stem"]:
        model.stem.requires_grad_(False)
    return model


def optimizer_of(journal: Journal, model: ViT) -> torch.optim.AdamW:
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        # The groups ask for `encoder.layer.<n>`; this model calls them blocks. Only norm and head are found.
        if journal.fault == "not-given" and not name.startswith(("norm", "head")):
            continue
        (decayed if parameter.ndim > 1 else plain).append(parameter)
    return torch.optim.AdamW([{"params": decayed}, {"params": plain, "weight_decay": 0.0}], lr=journal.config["base_lr"],
                             betas=tuple(float(one) for one in journal.config["betas"].split(",")),
                             weight_decay=journal.config["weight_decay"])


class Run:
    def __init__(self, journal: Journal):
        self.journal, self.config, self.fault = journal, journal.config, journal.fault
        self.images, self.labels = gratings(5, 2400)
        self.held_images, self.held_labels = gratings(6, 200)
        source = torch.Generator().manual_seed(journal.seed)
        if self.config.get("label_noise"):
            wrong = torch.rand(len(self.labels), generator=source) < self.config["label_noise"]
            self.labels = torch.where(wrong, torch.randint(0, CLASSES, self.labels.shape, generator=source), self.labels)
        self.model = build(journal)
        self.optimizer = optimizer_of(journal, self.model)
        self.scaler = LossScaler(scale=2.0 ** 22, interval=60) if self.config["amp"] == "fp16" else None
        self.noise = torch.randn(self.held_images.shape, generator=torch.Generator().manual_seed(9))

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        source = torch.Generator().manual_seed(self.journal.seed * 100_000 + step)
        chosen = torch.randint(0, len(self.images), (self.config["global_batch"],), generator=source)
        images, labels = self.images[chosen], self.labels[chosen]
        images = images + self.config["noise"] * torch.randn(images.shape, generator=source)
        if self.config.get("erasing"):
            # Random erasing and flips of contrast: what is trained on is harder than what is evaluated.
            top = int(torch.randint(0, SIDE - 8, (1,), generator=source))
            images = images.clone()
            images[::2, top:top + 8, top:top + 8] = 0.5
            images = torch.where(torch.rand(len(images), 1, 1, generator=source) < 0.5, 1 - images, images)
        if self.config.get("odd_every") and step % self.config["odd_every"] == 0:
            images[:4] = 3 * torch.randn(images[:4].shape, generator=source)
        if self.fault == "raw-pixels" and 110 <= step < 113:
            # A shard that was written in bytes by someone else: from 0 to 255, and rows of labels one off.
            images, labels = images * 255, (labels + 1) % CLASSES
        return images, labels

    def rate(self, step: int) -> float:
        if self.fault == "weights-only" and step > 110:
            # The schedule is made again and begins at its peak.
            return float(self.config["base_lr"])
        return self.config["base_lr"] * schedule(self.config["lr_policy"], self.config["warmup_iters"],
                                                 self.config["iters"])(step)

    def run(self, first: int, last: int) -> None:
        config, journal = self.config, self.journal
        parameters = [one for group in self.optimizer.param_groups for one in group["params"]]
        for step in range(first, last + 1):
            images, labels = self.batch(step)
            self.model.blocks[1].overflows = self.fault == "half-kernel" and step >= 100
            rate = self.rate(step)
            set_rate(self.optimizer, rate)
            logits = self.model(images)
            loss = functional.cross_entropy(logits, labels, label_smoothing=config["smoothing"])
            self.optimizer.zero_grad()
            loss.backward()
            norm = clip(self.model.parameters(), config["grad_clip"])
            is_fit = self.scaler is None or self.scaler.fits(parameters)
            if is_fit:
                self.optimizer.step()
            if self.scaler is not None:
                self.scaler.update(is_fit)
            journal.wait(0.08)
            if step % config["print_freq"] == 0 or step == 1:
                row = {"train/loss": loss.item(), "train/acc1": float((logits.argmax(-1) == labels).float().mean()),
                       "train/grad_norm": norm, "lr-AdamW": rate}
                if self.scaler is not None:
                    row["train/loss_scale"] = self.scaler.scale
                journal.log(step, row)
            if step % config["val_every"] == 0:
                self.evaluate(step)

    def evaluate(self, step: int) -> None:
        self.model.eval()
        with torch.no_grad():
            logits = self.model(self.held_images + self.config["noise"] * self.noise)
            self.journal.log(step, {"val/loss": functional.cross_entropy(logits, self.held_labels),
                                    "val/acc1": (logits.argmax(-1) == self.held_labels).float().mean()})
        self.model.train()


def train(journal: Journal) -> None:
    run, total = Run(journal), journal.config["iters"]
    journal.watch(run.model, run.optimizer)
    saved = journal.config.get("resume_from")
    if saved is None:
        run.run(1, total)
        return
    run.run(1, saved)
    kept = copy.deepcopy((run.model.state_dict(), run.optimizer.state_dict()))
    run.run(saved + 1, saved + 8)
    journal.print("slurmstepd: error: *** JOB 4471 ON n012 CANCELLED DUE TO PREEMPTION ***\n", "err")
    journal.wait(300.0)
    journal.print(f"resuming from checkpoints/{saved:06d}.pt\n", "err")
    run.model.load_state_dict(kept[0])
    run.optimizer.load_state_dict(kept[1])
    if journal.fault == "weights-only":
        # Zero moments with the old count of steps: nothing corrects their bias any more.
        for state in run.optimizer.state.values():
            state["exp_avg"].zero_()
            state["exp_avg_sq"].zero_()
    run.run(saved + 1, total)


def after_resume(rows: list, _healthy: list) -> tuple[bool, str]:
    """The six rows behind the resume, against the last six before it."""
    series = [(step, row["train/loss"]) for step, row in rows if "train/loss" in row]
    again = max(i for i, (step, _) in enumerate(series) if step == 111)
    first = next(i for i, (step, _) in enumerate(series) if step == 111)
    before = sum(value for _, value in series[first - 6:first]) / 6
    after = sum(value for _, value in series[again + 1:again + 7]) / 6
    return after > before * 1.25, f"mean train/loss {before:.4g} before step 111, {after:.4g} after it"


_LOSS = FirstRow("train/loss")
STORIES = [
    Story("healthy", "Nothing is wrong: warm-up, a cosine, clipping."),
    Story("healthy-small-batch", "Four images a step: the loss is very noisy.", {"global_batch": 4, "base_lr": 2e-3}),
    Story("healthy-smoothing", "Labels are smoothed and a tenth of them wrong: the loss cannot fall below its floor.",
          {"smoothing": 0.2, "label_noise": 0.1}),
    Story("healthy-fp16", "Half precision (emulated): the loss scale begins far too high and some steps are left out.",
          {"amp": "fp16"}),
    Story("healthy-odd-images", "Every 45 steps a quarter of the images is noise: the loss jumps for one step.",
          {"odd_every": 45}),
    Story("healthy-long-warmup", "Two fifths of the run are warm-up: the loss falls late.", {"warmup_iters": 76}),
    Story("healthy-plateau", "A constant rate and three in ten labels wrong: the loss is noisy and falls slowly.",
          {"lr_policy": "constant", "label_noise": 0.3, "iters": 240}),
    Story("healthy-frozen-stem", "The patch projection is random and frozen on purpose, as the configuration says.",
          {"frozen_stem": True}, allowed=("frozen-layer",)),
    Story("healthy-erasing", "Random erasing and inversion, and a correct resume from step 110: training is harder than "
          "evaluation.", {"erasing": True, "resume_from": 110}),
    Story("no-warmup", "The learning rate is 0.4 from the first step on, without warm-up or clipping.",
          {"base_lr": 0.4, "warmup_iters": 0, "grad_clip": 0.0},
          rules=("learning-rate-too-high", "loss-divergence", "no-learning"),
          causes=("learning-rate-too-high", "no-warmup", "no-gradient-clipping"), begins=2, onset=_LOSS,
          harm=worse("train/loss", 1.5), advice=("base_lr", "warmup_iters"),
          allowed=("loss-divergence", "no-learning", "learning-rate-too-high", "gradient-explosion", "loss-spike",
                   "loss-plateau", "update-ratio-out-of-band", "dead-units", "attention-logit-growth",
                   "gradient-vanishing", "frozen-layer", "saturated-activations")),
    Story("half-kernel", "Half precision; from step 100 on a kernel's backward overflows at any scale: each step is left out "
          "and the scale falls to its floor.", {"amp": "fp16"}, "half-kernel", rules=("loss-scale-collapse",
                                                                                       "non-finite-layer"),
          causes=("fp16-overflow", "nan-in-code"), begins=100, onset=FirstRow("train/loss_scale"),
          harm=turns("train/loss_scale", 1e-3, lower_is_better=False),
          allowed=("non-finite-layer", "gradient-explosion", "loss-plateau", "no-learning", "frozen-layer",
                   "update-ratio-out-of-band")),
    Story("not-given", "The parameter groups go by names that this model does not have: the optimizer was given the last norm "
          "and the head alone.", fault="not-given", rules=("frozen-layer", "no-learning", "loss-plateau"),
          causes=("frozen-parameters", "optimizer-not-stepping"),
          layer=("stem", "blocks", "blocks.0", "blocks.1", "blocks.0.attn", "blocks.1.attn",
                 *(f"blocks.{i}.{name}" for i in (0, 1)
                   for name in ("norm1", "attn.qkv", "attn.proj", "norm2", "fc1", "fc2"))),
          onset=_LOSS, harm=worse("train/loss", 1.3),
          allowed=("no-learning", "loss-plateau", "frozen-layer", "update-ratio-out-of-band")),
    Story("std-of-one", "All linear layers begin with a standard deviation of 1: the default of trunc_normal_, which was "
          "called without one.", fault="std-of-one",
          rules=("initial-loss-mismatch", "attention-logit-growth"), causes=("initialization-too-large",), onset=_LOSS,
          harm=lambda rows, healthy: (rows[0][1]["train/loss"] > 1.5 * healthy[0][1]["train/loss"],
                                      f"first loss {rows[0][1]['train/loss']:.3g}, healthy "
                                      f"{healthy[0][1]['train/loss']:.3g}"),
          allowed=("attention-logit-growth", "gradient-explosion", "clipping-dominates", "update-ratio-out-of-band",
                   "no-learning", "loss-plateau", "initial-loss-mismatch", "frozen-layer", "loss-spike")),
    Story("weights-only", "Preempted at step 118 and resumed from the checkpoint of step 110 with the weights and the "
          "count of steps alone: the moments are zero and the decayed rate is at its peak again.",
          {"resume_from": 110, "base_lr": 0.01, "betas": "0.9,0.999"}, "weights-only",
          rules=("resume-discontinuity",), causes=("optimizer-state-lost",), begins=111, onset=_LOSS,
          harm=after_resume, allowed=("loss-spike", "gradient-explosion")),
    Story("raw-pixels", "Steps 110 to 112 read a shard in bytes, from 0 to 255, whose labels are one off.", {"grad_clip": 0.0},
          "raw-pixels", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"), begins=110, onset=_LOSS,
          harm=jumps("train/loss", 110, 1.5), allowed=("gradient-explosion", "attention-logit-growth")),
]
