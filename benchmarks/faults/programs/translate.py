"""The translator of examples/translate, smaller: encoder and decoder, ReLU, AdamW, linear schedule, the
arithmetic and the log of Hugging Face's Trainer."""

from __future__ import annotations

import copy
import math
import random
from functools import lru_cache
from typing import Any

import torch
from corpus import PAD, START, Vocabulary, build_corpus
from model import Translator
from torch import Tensor
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.training import clip, schedule, set_rate
from story import AfterBest, FirstRow, LastRow, Story, ends_early, jumps, not_finite, turns, worse

STYLE = styles.hugging_face
IGNORED = -100
CONFIG = {
    "model": "translator", "d_model": 32, "num_layers": 1, "dropout": 0.0, "per_device_train_batch_size": 16,
    "gradient_accumulation_steps": 1, "learning_rate": 1e-2, "warmup_steps": 20, "lr_scheduler_type": "linear",
    "max_steps": 160, "logging_steps": 5, "eval_steps": 40, "save_steps": 100, "max_grad_norm": 1.0,
    "adam_beta1": 0.9, "adam_beta2": 0.98, "adam_epsilon": 1e-8, "weight_decay": 0.01,
    "logging_nan_inf_filter": True, "train_examples": 3200, "steps_per_epoch": 200, "watch_every": 20,
}
Pair = tuple[list[int], list[int]]


@lru_cache(maxsize=None)
def data() -> tuple[int, list[Pair], list[Pair]]:
    words = Vocabulary(2000)
    train, held_out = build_corpus(CONFIG["train_examples"], 64, 0)
    pairs = [[(words.encode(en), words.encode(de)) for en, de, _ in part] for part in (train, held_out)]
    return len(words), pairs[0], pairs[1]


def prepare() -> None:
    data()


def pad(rows: list[list[int]]) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def collate(pairs: list[Pair]) -> dict[str, Tensor]:
    source = pad([source for source, _ in pairs])
    target = pad([[START, *target] for _, target in pairs])
    labels = target[:, 1:].masked_fill(target[:, 1:] == PAD, IGNORED)
    return {"source": source, "mask": source != PAD, "target": target[:, :-1], "labels": labels}


class Trainer:
    def __init__(self, journal: Journal):
        self.journal, self.config = journal, journal.config
        vocabulary, train, self.held_out = data()
        self.train = train[:self.config["train_examples"]]
        size = self.config["per_device_train_batch_size"] * self.config["gradient_accumulation_steps"]
        self.size, self.per_epoch = size, max(1, len(self.train) // size)
        self.config["steps_per_epoch"] = self.per_epoch
        self.model = Translator(vocabulary, width=self.config["d_model"], heads=4, inner=2 * self.config["d_model"],
                                layers=self.config["num_layers"], dropout=self.config["dropout"], longest=64)
        if journal.fault == "frozen":
            # A pattern meant for the adapters matches one bias.
            for name, parameter in self.model.named_parameters():
                parameter.requires_grad_("encoder.0.attention.query.bias" in name)
        if journal.fault == "encoder-detached":
            for name, parameter in self.model.named_parameters():
                parameter.requires_grad_(not name.startswith("decoder.0.feed"))
        if self.config.get("freeze_encoder"):
            for part in (self.model.encoder, self.model.encoder_norm, self.model.encoder_places):
                part.requires_grad_(False)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = self.new_optimizer()
        journal.watch(self.model, self.optimizer)
        self.since: list[float] = []

    def new_optimizer(self) -> torch.optim.AdamW:
        config = self.config
        return torch.optim.AdamW(self.parameters, lr=config["learning_rate"], eps=config["adam_epsilon"], fused=True,
                                 betas=(config["adam_beta1"], config["adam_beta2"]), weight_decay=config["weight_decay"])

    def batches(self, step: int) -> list[dict[str, Tensor]]:
        """A function of seed and step alone, so that a resumed run sees what the unbroken one would have seen."""
        epoch, place = divmod(step - 1, self.per_epoch)
        order = list(range(len(self.train)))
        random.Random(f"{self.config['seed']}/{epoch}").shuffle(order)
        chosen = [self.train[i] for i in order[place * self.size:(place + 1) * self.size]]
        each = self.config["per_device_train_batch_size"]
        found = [collate(chosen[start:start + each]) for start in range(0, len(chosen), each)]
        for batch in found:
            self.spoil(batch, step)
        return found

    def spoil(self, batch: dict[str, Tensor], step: int) -> None:
        fault = self.journal.fault
        if fault == "empty-source" and step >= 90:
            # A sentence that is empty after cleaning: the softmax of only -inf is NaN.
            batch["mask"][0] = False
        if fault == "masked-labels":
            batch["labels"][:] = IGNORED
        if fault == "noise" and 120 <= step < 123:
            labels = batch["labels"]
            batch["labels"] = torch.where(labels == IGNORED, labels, torch.randint(4, 150, labels.shape))

    def loss(self, batch: dict[str, Tensor], items: Tensor | None) -> Tensor:
        logits = self.model(batch["source"], batch["mask"], batch["target"])
        loss = functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED,
                                        reduction="mean" if items is None else "sum")
        return loss if items is None else loss / items

    def step(self, step: int, rate: float) -> float:
        set_rate(self.optimizer, rate)
        self.optimizer.zero_grad()
        batches = self.batches(step)
        items = sum((batch["labels"] != IGNORED).sum() for batch in batches)
        total = 0.0
        for batch in batches:
            loss = self.loss(batch, None if self.journal.fault == "accumulation" else items)
            loss.backward()
            total += loss.item()
        if self.config["logging_nan_inf_filter"] and not math.isfinite(total):
            total = sum(self.since) / (len(self.since) + 1)
        self.since.append(total)
        norm = clip(self.parameters, self.config["max_grad_norm"])
        self.optimizer.step()
        return norm

    @torch.no_grad()
    def evaluate(self) -> float:
        self.model.eval()
        batch = collate(self.held_out)
        if self.journal.fault == "masked-labels":
            batch["labels"][:] = IGNORED
        loss = float(self.loss(batch, None))
        self.model.train()
        return loss

    def run(self, first: int, last: int) -> None:
        config = self.config
        factor = schedule(config["lr_scheduler_type"], config["warmup_steps"], config["max_steps"])
        if self.journal.fault == "resume-weights-only" and first > 1:
            factor = schedule("constant", 0, config["max_steps"])
        for step in range(first, last + 1):
            if self.journal.fault == "dead-worker" and step == 100:
                # The loader waits for a worker that has died; a person kills the job an hour later.
                self.journal.wait(3600.0)
                self.journal.killed = True
                return
            rate = config["learning_rate"] * factor(step)
            norm = self.step(step, rate)
            if step % config["logging_steps"] == 0 or step == 1:
                self.journal.log(step, {"loss": sum(self.since) / len(self.since), "grad_norm": norm,
                                        "learning_rate": rate})
                self.since = []
            if step % config["eval_steps"] == 0:
                if config.get("slow_eval"):
                    self.journal.wait(config["slow_eval"])
                self.journal.log(step, {"eval_loss": self.evaluate()})


def announce(journal: Journal) -> None:
    config = journal.config
    size = config["per_device_train_batch_size"]
    accumulation = config["gradient_accumulation_steps"]
    journal.print("***** Running training *****\n"
                  f"  Num examples = {config['train_examples']:,}\n"
                  f"  Instantaneous batch size per device = {size}\n"
                  f"  Total train batch size (w. parallel, distributed & accumulation) = {size * accumulation}\n"
                  f"  Gradient Accumulation steps = {accumulation}\n"
                  f"  Total optimization steps = {config['max_steps']:,}\n", "err")


def train(journal: Journal) -> None:
    trainer = Trainer(journal)
    announce(journal)
    total = journal.config["max_steps"]
    checkpoint = journal.config.get("resume_at")
    if checkpoint is None:
        trainer.run(1, total)
        return
    # Killed some steps behind its last checkpoint, and resumed from that.
    trainer.run(1, checkpoint)
    kept: dict[str, Any] = copy.deepcopy({"model": trainer.model.state_dict(), "optimizer": trainer.optimizer.state_dict()})
    trainer.run(checkpoint + 1, checkpoint + 13)
    trainer.since = []
    journal.print("\nKilled\n", "err")
    journal.wait(90.0)
    announce(journal)
    journal.print(f"  Continuing training from checkpoint, will skip to saved global_step\n"
                  f"  Continuing training from global step {checkpoint}\n", "err")
    trainer.model.load_state_dict(kept["model"])
    if journal.fault == "resume-weights-only":
        trainer.optimizer.state.clear()
    else:
        trainer.optimizer.load_state_dict(kept["optimizer"])
    trainer.run(checkpoint + 1, total)


STORIES = [
    Story("healthy", "Nothing is wrong: linear schedule with warm-up, clipping."),
    Story("healthy-resumed", "Killed at step 113 and resumed from the checkpoint of step 100 with weights, optimizer and "
          "order of the data: the steps are trained again as they were.", {"resume_at": 100}),
    Story("healthy-frozen-encoder", "The encoder is frozen on purpose, and the configuration says so.",
          {"freeze_encoder": True}, allowed=("frozen-layer",)),
    Story("healthy-slow-eval", "Each evaluation takes five minutes; the steps between them are as fast as ever.",
          {"slow_eval": 300.0}),
    Story("healthy-accumulation", "Four micro-batches a step, scaled as they should be.",
          {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 4}),
    Story("healthy-small-batch", "Four sentences a step: the loss is noisy.",
          {"per_device_train_batch_size": 4, "learning_rate": 4e-3, "steps_per_epoch": 800}),
    Story("healthy-dropout", "Dropout of a fifth: the training loss stays above that of the evaluation.", {"dropout": 0.2}),
    Story("healthy-two-cycles", "A cosine with two restarts and no clipping.",
          {"lr_scheduler_type": "cosine_with_restarts", "max_grad_norm": 0.0}),
    Story("no-warmup", "The learning rate begins at 0.3 without warm-up; with clipping off the first steps throw the "
          "weights far away.", {"learning_rate": 0.3, "warmup_steps": 0, "max_grad_norm": 0.0},
          rules=("learning-rate-too-high", "loss-divergence", "no-learning"),
          causes=("no-warmup", "learning-rate-too-high"), begins=2, harm=worse("loss", 1.2),
          advice=("warmup_steps", "learning_rate"),
          allowed=("gradient-explosion", "loss-spike", "loss-plateau", "update-ratio-out-of-band", "dead-units",
                   "attention-logit-growth", "gradient-vanishing")),
    Story("hidden-nan", "From step 90 on a source sentence of each batch is empty, its attention is NaN; "
          "logging_nan_inf_filter prints the loss as 0.", fault="empty-source",
          rules=("hidden-non-finite-loss",), causes=("filter-hides-nan", "nan-in-code", "degenerate-input"), begins=90,
          onset=FirstRow("grad_norm"), layer="encoder.0.attention",
          harm=not_finite("grad_norm"), advice=("logging_nan_inf_filter",),
          allowed=("non-finite-loss", "non-finite-layer", "loss-spike", "masked-labels")),
    Story("masked-labels", "The collator takes the answer for the prompt: every label is -100.", fault="masked-labels",
          rules=("masked-labels",), causes=("labels-all-masked",), onset=FirstRow("loss"),
          harm=lambda rows, _healthy: (rows[0][1]["loss"] == 0 or not math.isfinite(rows[0][1]["loss"]),
                                       f"first loss {rows[0][1]['loss']}"),
          allowed=("no-learning", "non-finite-loss", "gradient-vanishing", "hidden-non-finite-loss", "frozen-layer",
                   "non-finite-layer", "update-ratio-out-of-band", "initial-loss-mismatch")),
    Story("accumulation", "The means of four micro-batches are added and never divided.",
          {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 4}, "accumulation",
          rules=("accumulation-scaling",), causes=("accumulation-not-divided", "loss-not-averaged"),
          harm=worse("loss", 2.0), advice=("gradient_accumulation_steps",),
          allowed=("initial-loss-mismatch", "clipping-dominates")),
    Story("frozen", "A pattern meant to unfreeze the adapters matches one bias; all the rest is frozen.", fault="frozen",
          rules=("no-learning", "frozen-layer"), causes=("frozen-parameters", "optimizer-not-stepping"),
          harm=worse("loss", 1.3), allowed=("gradient-vanishing", "loss-plateau", "frozen-layer",
                                            "update-ratio-out-of-band")),
    Story("overfit", "96 sentences are repeated forty times, without dropout or weight decay.",
          {"train_examples": 96, "weight_decay": 0.0, "max_steps": 200, "eval_steps": 20,
           "lr_scheduler_type": "constant", "d_model": 48},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest(), harm=turns("eval_loss", 1.15), advice=("num_train_epochs", "max_steps"),
          allowed=("memorization",)),
    Story("resume-weights-only", "Killed at step 133 and resumed from the checkpoint of step 120 with the weights alone: "
          "Adam's moments are zero and the decayed learning rate is at its peak again.",
          {"resume_at": 120, "adam_beta2": 0.999, "learning_rate": 0.02}, "resume-weights-only",
          rules=("resume-discontinuity",), causes=("optimizer-state-lost",), begins=121,
          harm=jumps("loss", 121, 1.04, rows_before=3), allowed=("loss-spike", "gradient-explosion")),
    Story("stall", "The loader waits for a worker that has died: nothing is printed after step 99.", fault="dead-worker",
          rules=("stalled-run",), causes=("data-loader-slow", "slow-node"), begins=100, onset=LastRow(),
          harm=ends_early()),
]
