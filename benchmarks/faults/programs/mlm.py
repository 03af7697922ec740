"""Masked-language-model pre-training of a small BERT (post-norm, GELU, tied output) on made-up sentences, with accelerate,
AdamW, warm-up and a polynomial decay, one JSON object a row."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import LossScaler, set_rate
from story import AfterBest, Deviates, Rows, Story, not_finite, turns, values, worse

CONFIG = {
    "model_type": "bert", "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
    "vocab_size": 132, "max_length": 18, "per_device_train_batch_size": 32, "gradient_accumulation_steps": 1,
    "learning_rate": 4e-3, "lr_scheduler_type": "polynomial", "power": 1.0, "num_warmup_steps": 40, "max_train_steps": 300,
    "weight_decay": 0.01, "max_grad_norm": 5.0, "mlm_probability": 0.2, "mixed_precision": "no", "logging_steps": 5,
    "eval_steps": 50, "train_sentences": 9600, "initializer_range": 0.02,
}
PAD, CLS, SEP, MASK, FIRST = 0, 1, 2, 3, 4
TOPICS, KINDS, WORDS = 8, 8, 16


def lines(_journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    shown = {name: float("%.4g" % value) if math.isfinite(value) else value for name, value in metrics.items()}
    shown.update({name: round(metrics[name]) for name in ("loss_scale", "skipped_steps") if name in metrics})
    return [("out", json.dumps({"step": step, **shown}) + "\n")]


STYLE = lines


@lru_cache(maxsize=None)
def sentences(seed: int, count: int, is_foreign: bool = False) -> Tensor:
    """[count, 18]: words of eight kinds in one of several orders. Of the sixteen words of a kind a topic uses two, so that
    the words around a masked one say which they are."""
    world = torch.Generator().manual_seed(41)
    orders = [torch.randint(0, KINDS, (16,), generator=world) for _ in range(6)]
    source = torch.Generator().manual_seed(seed)
    rows = torch.full((count, 18), PAD)
    topic = torch.randint(0, TOPICS, (count,), generator=source)
    order = torch.stack(orders)[torch.randint(0, 6, (count,), generator=source)]
    length = torch.randint(6, 17, (count,), generator=source)
    word = 2 * topic.unsqueeze(1) + torch.randint(0, 2, (count, 16), generator=source)
    # One word in ten is of any topic.
    word = torch.where(torch.rand(count, 16, generator=source) < 0.1, torch.randint(0, WORDS, (count, 16), generator=source), word)
    text = FIRST + order * WORDS + word
    if is_foreign:
        text = torch.randint(FIRST, FIRST + KINDS * WORDS, (count, 16), generator=source)
    places = torch.arange(16)
    rows[:, 0] = CLS
    rows[:, 1:17] = torch.where(places < length.unsqueeze(1), text, PAD)
    rows[torch.arange(count), length + 1] = SEP
    return rows


def prepare() -> None:
    sentences(51, 9600)
    sentences(52, 256)
    sentences(53, 400, True)


class Layer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width, self.heads = config["hidden_size"], config["num_attention_heads"]
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.attention_norm, self.output_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.intermediate, self.dense = nn.Linear(width, config["intermediate_size"]), nn.Linear(config["intermediate_size"], width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        query, key, value = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        x = self.attention_norm(x + self.output(mixed.transpose(1, 2).reshape(batch, length, width)))
        return self.output_norm(x + self.dense(functional.gelu(self.intermediate(x))))


class Bert(nn.Module):
    def __init__(self, config: dict, is_initialized: bool):
        super().__init__()
        width = config["hidden_size"]
        self.words = nn.Embedding(config["vocab_size"], width)
        self.positions = nn.Embedding(config["max_length"], width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.transform, self.transform_norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(config["vocab_size"]))
        if is_initialized:
            for module in self.modules():
                if isinstance(module, (nn.Linear, nn.Embedding)):
                    nn.init.normal_(module.weight, std=config["initializer_range"])

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.norm(self.words(tokens) + self.positions(torch.arange(tokens.shape[1])))
        for layer in self.layers:
            x = layer(x, tokens != PAD)
        hidden = self.transform_norm(functional.gelu(self.transform(x)))
        return hidden @ self.words.weight.T + self.bias


class Collator:
    """Masks as BERT does: of the chosen words eight in ten become [MASK], one another word, one stays."""

    def __init__(self, run: "Run"):
        self.run = run

    def rate(self, step: int) -> float:
        config = self.run.config
        first = float(config["mlm_probability"])
        if "mlm_probability_end" not in config:
            return first
        return first + (config["mlm_probability_end"] - first) * min(1.0, step / config["mlm_anneal_steps"])

    def __call__(self, rows: Tensor, step: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
        is_word = rows >= FIRST
        counts = (self.rate(step) * is_word.sum(1)).round()
        if self.run.fault != "no-minimum":
            counts = counts.clamp(min=1)
        score = torch.rand(rows.shape, generator=source).masked_fill(~is_word, 2.0)
        rank = score.argsort(-1).argsort(-1)
        chosen = rank < counts.unsqueeze(1)
        kind = torch.rand(rows.shape, generator=source)
        inputs = torch.where(chosen & (kind < 0.8), MASK, rows)
        other = torch.randint(FIRST, FIRST + KINDS * WORDS, rows.shape, generator=source)
        inputs = torch.where(chosen & (kind >= 0.9), other, inputs)
        return inputs, torch.where(chosen, rows, -100)


class Run:
    def __init__(self, journal: Journal):
        self.journal, self.config, self.fault = journal, journal.config, journal.fault
        config = self.config
        self.accelerator = Accelerator(cpu=True)
        self.rows, self.held, self.foreign = sentences(51, 9600), sentences(52, 256), sentences(53, 400, True)
        self.rows = self.rows[:config["train_sentences"]]
        # With the fault, the words keep the default of nn.Embedding, a deviation of 1, and are the output's weights as well.
        model = Bert(config, is_initialized=self.fault != "default-init")
        optimizer = torch.optim.AdamW(model.parameters(), lr=config["learning_rate"], betas=(0.9, 0.98),
                                      weight_decay=config["weight_decay"])
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        self.collate = Collator(self)
        self.scaler = None
        if config["mixed_precision"] == "fp16":
            self.scaler = LossScaler(scale=config.get("loss_scale", 0) or 2.0 ** 20, interval=80)
        self.skipped, self.consumed = 0, 0
        self.cache: list[Tensor] = []
        trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
        journal.print(json.dumps({"trainable_params": trained, "train_sentences": len(self.rows), "num_processes": 1,
                                  "total_batch_size": config["per_device_train_batch_size"]
                                  * config["gradient_accumulation_steps"]}) + "\n")

    def rate(self, step: int) -> float:
        config = self.config
        if step <= config["num_warmup_steps"]:
            return float(config["learning_rate"] * step / config["num_warmup_steps"])
        if config["lr_scheduler_type"] == "constant_with_warmup":
            return float(config["learning_rate"])
        left = (config["max_train_steps"] - step) / (config["max_train_steps"] - config["num_warmup_steps"])
        return float(config["learning_rate"] * max(0.0, left) ** config["power"])

    def micro_batch(self, step: int, index: int, source: torch.Generator) -> Tensor:
        config = self.config
        size = config["per_device_train_batch_size"]
        place = (step - 1) * config["gradient_accumulation_steps"] + index
        if self.fault == "stream-reopened":
            # The stream is opened anew behind each log line, and begins with its first sentences.
            place %= config["logging_steps"]
        epoch, begin = divmod(place * size, len(self.rows) // size * size)
        order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(self.journal.seed * 1000 + epoch))
        rows = self.rows[order[begin:begin + size]]
        if config.get("foreign_every") and step % config["foreign_every"] == 0:
            rows = rows.clone()
            half = size // 2
            rows[:half] = self.foreign[torch.randint(0, len(self.foreign), (half,), generator=source)]
        if self.fault == "seen-before":
            # Every batch is compared with all that were seen, so that no sentence is taken twice.
            for kept in self.cache:
                (kept.unsqueeze(0) == rows.unsqueeze(1)).all(-1).any()
            self.cache.append(rows)
        return rows

    def memory(self, step: int) -> float:
        """Gigabytes of the host, as they would be with a real corpus: what the loader's cache holds, and the rest."""
        return 6.2 + 0.21 * len(self.cache) + 0.02 * (step % 3)

    def step(self, step: int) -> None:
        config, journal = self.config, self.journal
        source = torch.Generator().manual_seed(journal.seed * 100_000 + step)
        parts = config["gradient_accumulation_steps"]
        rate = self.rate(step)
        set_rate(self.optimizer.optimizer, rate)
        total, hits, count = 0.0, 0.0, 0
        for index in range(parts):
            inputs, labels = self.collate(self.micro_batch(step, index, source), step, source)
            logits = self.model(inputs)
            loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
            if self.fault != "not-divided":
                loss = loss / parts
            self.accelerator.backward(loss)
            total += loss.item()
            hits += float((logits.argmax(-1) == labels).sum())
            count += int((labels >= 0).sum())
        parameters = [one for one in self.model.parameters() if one.grad is not None]
        is_fit = self.scaler is None or self.scaler.fits(parameters)
        norm = float(self.accelerator.clip_grad_norm_(parameters, config["max_grad_norm"] or math.inf))
        if is_fit:
            self.optimizer.step()
        self.optimizer.zero_grad()
        if self.scaler is not None:
            self.skipped += not is_fit
            norm = norm if is_fit else math.inf
            if not config.get("loss_scale"):
                self.scaler.update(is_fit)
                if not is_fit:
                    journal.print(f"Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to "
                                  f"{self.scaler.scale}\n", "err")
        journal.wait(0.04)
        if step % config["logging_steps"] == 0 or step == 1:
            row = {"loss": total, "mlm_acc": hits / count if count else 0.0, "grad_norm": norm, "lr": rate,
                   "epoch": step * config["per_device_train_batch_size"] * parts / len(self.rows)}
            if "mlm_probability_end" in config:
                row["mlm_probability"] = self.collate.rate(step)
            if self.scaler is not None:
                row.update(loss_scale=self.scaler.scale, skipped_steps=self.skipped)
            row["host_mem_gb"] = self.memory(step)
            now = journal.now()
            row["sec_per_step"] = (now - self.logged_at) / (1 if step == 1 else config["logging_steps"] - (step == 5))
            self.logged_at = now
            journal.log(step, row)
        if step % config["eval_steps"] == 0:
            self.evaluate(step)
            self.logged_at = journal.now()

    logged_at = 0.0

    def evaluate(self, step: int) -> None:
        self.model.eval()
        # The same masks each time.
        inputs, labels = Collator.__call__(_fixed(self), self.held, 0, torch.Generator().manual_seed(9))
        with torch.no_grad():
            logits = self.model(inputs)
            loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        self.journal.log(step, {"eval_loss": loss, "eval_mlm_acc": (logits.argmax(-1) == labels).sum() / (labels >= 0).sum()})
        self.model.train()
        self.journal.wait(self.config.get("checkpoint_seconds", 1.0))


class _Plain:
    """Evaluation masks a fifth, whatever the training does."""

    fault = None
    config: dict[str, Any] = {"mlm_probability": 0.2}


def _fixed(_run: Run) -> Collator:
    return Collator(_Plain())  # type: ignore[arg-type]


def train(journal: Journal) -> None:
    run, total = Run(journal), journal.config["max_train_steps"]
    run.logged_at = journal.now()
    for step in range(1, total + 1):
        run.step(step)
        if run.memory(step) > 62.0:
            # 64 GB of the host are full; the kernel ends the process.
            journal.wait(25.0)
            journal.killed = True
            return


def cut_short(rows: Rows, healthy: Rows) -> tuple[bool, str]:
    slow, usual = values(rows, "sec_per_step"), values(healthy, "sec_per_step")
    last, other = slow[-1][1], usual[len(usual) // 2][1]
    return slow[-1][0] < usual[-1][0] and last > 1.4 * other, (
        f"the last row is of step {slow[-1][0]} with {last:.3g} s a step; healthy: {usual[-1][0]}, {other:.3g}")


def first_loss(rows: Rows, healthy: Rows) -> tuple[bool, str]:
    ours, theirs = rows[0][1]["loss"], healthy[0][1]["loss"]
    return ours > 1.5 * theirs, f"first loss {ours:.4g}, healthy {theirs:.4g}"


STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins at ln 132, halts where only the order of the kinds is known, and falls."),
    Story("healthy-small-batch", "Eight sentences a step, some eighteen labels: the loss is very noisy.",
          {"per_device_train_batch_size": 8, "learning_rate": 3e-3, "max_train_steps": 400}),
    Story("healthy-fp16", "Half precision (emulated): the loss scale begins too high and is raised again now and then; some steps "
          "overflow and are left out.", {"mixed_precision": "fp16"}),
    Story("healthy-foreign-text", "Every 45 steps half of the batch is of another domain: the loss jumps for one step.",
          {"foreign_every": 45}),
    Story("healthy-late", "A small rate and a long warm-up: the loss halts for a long time before it falls.",
          {"learning_rate": 1.5e-3, "num_warmup_steps": 120, "max_train_steps": 320}),
    Story("healthy-accumulation", "Four micro-batches a step, scaled as they should be, and a checkpoint that takes two "
          "minutes.", {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 10, "checkpoint_seconds": 120.0}),
    Story("healthy-more-masks", "From step 1 to 250 the masked share grows from a tenth to two fifths, as the configuration "
          "says: the task gets harder, and the training loss hardly falls in the end.",
          {"mlm_probability": 0.1, "mlm_probability_end": 0.4, "mlm_anneal_steps": 250}),
    Story("no-warmup", "The learning rate is 0.05 from the first step on, without warm-up or clipping, under post-norm blocks.",
          {"learning_rate": 0.05, "num_warmup_steps": 0, "max_grad_norm": 0.0},
          rules=("learning-rate-too-high", "loss-plateau", "no-learning", "loss-divergence"),
          causes=("learning-rate-too-high", "no-warmup", "no-gradient-clipping"), begins=2, harm=worse("loss", 1.5),
          advice=("learning_rate", "num_warmup_steps"),
          allowed=("learning-rate-too-high", "loss-plateau", "no-learning", "loss-divergence", "loss-spike",
                   "gradient-explosion", "gradient-vanishing", "initial-loss-mismatch")),
    Story("no-minimum", "The masked share is annealed from 0.3 to 0 and at least one mask a sentence is no longer asked for: "
          "in the end no word has a label, and the loss is a mean over nothing.",
          {"mlm_probability": 0.3, "mlm_probability_end": 0.0, "mlm_anneal_steps": 260}, "no-minimum",
          rules=("non-finite-loss", "masked-labels", "hidden-non-finite-loss"), causes=("labels-all-masked", "nan-in-code", "bad-batch"),
          begins=233, harm=not_finite("loss"), advice=("mlm_probability_end", "mlm_anneal_steps"),
          allowed=("non-finite-loss", "masked-labels", "hidden-non-finite-loss", "gradient-explosion",
                   "loss-divergence")),
    Story("not-divided", "The losses of four micro-batches are added and not divided by four, and so are their gradients.",
          {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 10}, "not-divided",
          rules=("accumulation-scaling", "initial-loss-mismatch"), causes=("accumulation-not-divided", "loss-not-averaged"),
          harm=first_loss, allowed=("accumulation-scaling", "initial-loss-mismatch", "clipping-dominates",
                                    "gradient-explosion")),
    Story("static-scale", "The loss scale of half precision is fixed at 2^24: nearly every step overflows and is left out.",
          {"mixed_precision": "fp16", "loss_scale": 2.0 ** 24},
          rules=("loss-scale-collapse", "no-learning", "loss-plateau"),
          causes=("wrong-loss-scale", "skipped-overflow", "optimizer-not-stepping"), harm=worse("loss", 1.5), advice=("loss_scale",),
          allowed=("loss-scale-collapse", "no-learning", "loss-plateau", "gradient-explosion", "non-finite-layer",
                   "frozen-layer")),
    Story("stream-reopened", "The stream of sentences is opened anew behind each log line: its first sentences come again and "
          "again, in what counts as the first epoch.",
          {"per_device_train_batch_size": 6, "max_train_steps": 450, "learning_rate": 5e-3, "weight_decay": 0.0,
           "lr_scheduler_type": "constant_with_warmup"}, "stream-reopened",
          rules=("overfitting", "data-repeated", "memorization"),
          causes=("data-seen-again", "too-many-epochs", "too-little-regularisation"), onset=AfterBest(),
          harm=turns("eval_loss", 1.1), allowed=("overfitting", "data-repeated", "memorization")),
    Story("seen-before", "Each batch is compared with all before, which are kept: steps take longer and longer, memory grows, "
          "and the kernel kills the process.", fault="seen-before", rules=("throughput-drop", "stalled-run"),
          causes=("growing-state", "out-of-memory"), begins=1, onset=Deviates("sec_per_step", "above", 0.35), harm=cut_short,
          allowed=("throughput-drop", "stalled-run", "input-bound")),
    Story("default-init", "The weights of the words are never initialised: they keep the deviation of 1 of nn.Embedding, and "
          "are the output's as well. The first loss is many times ln 132.", fault="default-init",
          rules=("initial-loss-mismatch",), causes=("initialization-too-large",), harm=first_loss,
          allowed=("initial-loss-mismatch", "clipping-dominates", "gradient-explosion", "loss-plateau", "no-learning")),
]
