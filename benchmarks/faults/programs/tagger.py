"""Tagging of words in made-up sentences with a bidirectional GRU, SGD with momentum, a rate that falls from epoch to
epoch, and Keras' line for each epoch."""

from __future__ import annotations

import copy
import math
import random
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from story import AfterBest, Deviates, FirstRow, Story, grows, jumps, not_finite, turns, worse

EPOCH_STEPS = 4
CONFIG = {
    "model": "bigru-tagger", "embedding_dim": 20, "units": 20, "tags": 7, "batch_size": 12, "learning_rate": 0.2,
    "momentum": 0.9, "nesterov": False, "decay": 0.985, "schedule": "exponential", "epochs": 80, "clipnorm": 1.0,
    "dropout": 0.0, "sentences": 1200, "steps_per_epoch": EPOCH_STEPS, "tag_noise": 0.0, "batch_ms": 60,
}
TAGS, WORDS, LONGEST, IGNORED = 7, 90, 12, -100


def keras(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """Keras 3 with verbose=2: a heading, and a line of means with the validation behind."""
    config = journal.config
    per_epoch = config["steps_per_epoch"]
    held = next((row for at, row in reversed(journal.rows) if at == step and "val_loss" in row), {})
    seconds = metrics["_seconds"]
    shown = {**metrics, **held}
    order = ["accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"]
    pairs = " - ".join("%s: %.4f" % (name, shown[name]) if abs(shown[name]) > 1e-3 or shown[name] == 0
                       or not math.isfinite(shown[name]) else "%s: %.4e" % (name, shown[name])
                       for name in order if name in shown)
    return [("out", f"Epoch {step // per_epoch}/{config['epochs']}\n"),
            ("out", f"{per_epoch}/{per_epoch} - {seconds:.0f}s - {1000 * seconds / per_epoch:.0f}ms/step - {pairs}\n")]


STYLE = keras


def tag_of(word: int, before: int) -> int:
    """Two thirds of the words always have one tag; the others have one of two, which the word before decides."""
    if word < 60:
        return word % TAGS
    return (word + (before % 3)) % TAGS


@lru_cache(maxsize=None)
def sentences(seed: int, count: int, is_skewed: bool = False) -> tuple[Tensor, Tensor]:
    source = random.Random(seed)
    words, tags = torch.zeros(count, LONGEST, dtype=torch.long), torch.full((count, LONGEST), IGNORED)
    for row in range(count):
        before = 0
        for place in range(source.randint(6, LONGEST)):
            word = 1 + source.randrange(WORDS - 1)
            if is_skewed and source.random() < 0.8:
                # Most words are outside of any name, as in named entities.
                word = 7 * source.randint(1, 8)
            words[row, place], tags[row, place] = word, tag_of(word, before)
            before = word
    return words, tags


def prepare() -> None:
    for skewed in (False, True):
        sentences(1, CONFIG["sentences"], skewed)
        sentences(2, 150, skewed)


class Tagger(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, config["embedding_dim"], padding_idx=0)
        self.gru = nn.GRU(config["embedding_dim"], config["units"], batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config["dropout"])
        self.output = nn.Linear(2 * config["units"], TAGS)

    def forward(self, words: Tensor) -> Tensor:
        logits: Tensor = self.output(self.dropout(self.gru(self.embedding(words))[0]))
        return logits


class Fit:
    """What model.fit does, with what has to survive a restart."""

    def __init__(self, journal: Journal):
        self.journal, self.config, self.fault = journal, journal.config, journal.fault
        skewed = bool(self.config.get("skewed"))
        words, tags = sentences(1, CONFIG["sentences"], skewed)
        self.words, self.tags = words[:self.config["sentences"]], tags[:self.config["sentences"]].clone()
        self.held = sentences(2, 150, skewed)
        source = torch.Generator().manual_seed(journal.seed)
        if self.fault == "tags-shuffled":
            # Two files were shuffled with different seeds: each sentence has the tags of another.
            self.tags = self.tags[torch.randperm(len(self.tags), generator=source)]
        if self.config["tag_noise"]:
            wrong = (torch.rand(self.tags.shape, generator=source) < self.config["tag_noise"]) & (self.tags != IGNORED)
            self.tags = torch.where(wrong, torch.randint(0, TAGS, self.tags.shape, generator=source), self.tags)
        self.model = Tagger(self.config)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=self.config["learning_rate"],
                                         momentum=self.config["momentum"], nesterov=self.config["nesterov"])
        self.kept: list[Tensor] = []

    def rate(self, epoch: int) -> float:
        peak, progress = self.config["learning_rate"], (epoch - 1) / self.config["epochs"]
        if self.config["schedule"] == "constant":
            return float(peak)
        if self.config["schedule"] == "restarts":
            return float(peak * (0.02 + 0.49 * (1 + math.cos(math.pi * (progress * 4 % 1.0)))))
        return float(peak * self.config["decay"] ** (epoch - 1))

    def batch(self, epoch: int, place: int) -> tuple[Tensor, Tensor]:
        """A function of seed, epoch and place alone, so that a resumed run sees the same."""
        source = torch.Generator().manual_seed(self.journal.seed * 100_000 + epoch * 10 + place)
        chosen = torch.randint(0, len(self.words), (self.config["batch_size"],), generator=source)
        words, tags = self.words[chosen], self.tags[chosen]
        if self.config.get("foreign_every") and epoch % self.config["foreign_every"] == 0 and place == 1:
            # A few sentences of another language: their words are the same numbers and mean other things.
            foreign = torch.randint(1, WORDS, words.shape, generator=source)
            words = torch.where((torch.arange(len(words)) < 6).unsqueeze(1) & (words > 0), foreign, words)
        return words, tags

    def loss(self, logits: Tensor, tags: Tensor, epoch: int) -> Tensor:
        if self.fault == "rebalanced" and epoch >= 45:
            # Each tag counts by the inverse of its frequency in the batch, over all rows of a table that has one tag more
            # than are in use: 0 / 0 in the mean of the unused one.
            counts = torch.bincount(tags[tags != IGNORED], minlength=TAGS + 1).float()
            share = counts / counts.sum()
            each = [functional.cross_entropy(logits[tags == tag], tags[tags == tag]) if tag < TAGS else
                    logits[tags == tag].mean() for tag in range(TAGS + 1)]
            return (torch.stack(each) * share).sum()
        return functional.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=IGNORED)

    def run(self, first: int, last: int) -> None:
        per_epoch = self.config["steps_per_epoch"]
        for epoch in range(first, last + 1):
            began, losses, right, count = self.journal.now(), [], 0, 0
            rate = self.rate(epoch)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            for place in range(per_epoch):
                words, tags = self.batch(epoch, place)
                logits = self.model(words)
                loss = self.loss(logits, tags, epoch)
                self.optimizer.zero_grad()
                loss.backward()
                if self.config["clipnorm"]:
                    nn.utils.clip_grad_norm_(self.model.parameters(), self.config["clipnorm"])
                self.optimizer.step()
                losses.append(loss.item())
                mask = tags != IGNORED
                right += int(((logits.argmax(-1) == tags) & mask).sum())
                count += int(mask.sum())
                self.journal.wait(self.config["batch_ms"] / 1000)
                if self.fault == "kept-outputs" and epoch >= 30:
                    # A report over all outputs so far is made after every batch.
                    self.kept.append(logits.detach())
                    self.journal.wait(0.03 * len(self.kept))
            if self.config.get("checkpoint_every") and epoch % self.config["checkpoint_every"] == 0:
                self.journal.wait(25.0)
            self.evaluate(epoch * per_epoch)
            self.journal.log(epoch * per_epoch, {"accuracy": right / count, "loss": sum(losses) / len(losses),
                                                 "learning_rate": rate, "_seconds": self.journal.now() - began})

    def evaluate(self, step: int) -> None:
        """Kept beside the rows; the style prints it at the end of the epoch's line."""
        words, tags = self.held
        self.model.eval()
        with torch.no_grad():
            logits = self.model(words)
            loss = functional.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
            mask = tags != IGNORED
            accuracy = ((logits.argmax(-1) == tags) & mask).sum() / mask.sum()
        self.model.train()
        self.journal.rows.append((step, {"val_loss": float(loss), "val_accuracy": float(accuracy)}))


def train(journal: Journal) -> None:
    fit, epochs = Fit(journal), journal.config["epochs"]
    killed = journal.config.get("killed_after")
    if killed is None:
        fit.run(1, epochs)
        return
    saved = killed - 4
    fit.run(1, saved)
    kept = copy.deepcopy((fit.model.state_dict(), fit.optimizer.state_dict()))
    fit.run(saved + 1, killed)
    journal.print("Killed\n", "err")
    journal.wait(45.0)
    journal.print(f"Restoring from ckpt-{saved}.pt, initial_epoch={saved}\n")
    fit.model.load_state_dict(kept[0])
    fit.optimizer.load_state_dict(kept[1])
    fit.run(saved + 1, epochs)


def longest_epoch(rows: list, _healthy: list) -> tuple[bool, str]:
    series = [metrics["_seconds"] for _, metrics in rows if "_seconds" in metrics]
    return series[-1] > 3 * series[10], f"an epoch takes {series[10]:.2g} s first and {series[-1]:.2g} s in the end"


STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins at ln 7 and falls."),
    Story("healthy-small-batch", "Three sentences a step: the loss is noisy.",
          {"batch_size": 3, "learning_rate": 0.08, "epochs": 100}),
    Story("healthy-wrong-tags", "An eighth of the tags are wrong, as people make them: the loss ends high.",
          {"tag_noise": 0.12}),
    Story("healthy-dropout", "Half of the outputs are dropped: the training loss stays above that of the validation.",
          {"dropout": 0.5}),
    Story("healthy-plateau", "A long run at a constant rate with some wrong tags: it reaches its floor and stays there.",
          {"schedule": "constant", "epochs": 120, "tag_noise": 0.06}),
    Story("healthy-restarts", "A cosine with three warm restarts: the loss rises a little at each.",
          {"schedule": "restarts", "learning_rate": 0.3}),
    Story("healthy-foreign-words", "Every 18 epochs six sentences are of another language: the epoch's loss jumps and "
          "recovers at once.", {"foreign_every": 18}),
    Story("healthy-mostly-outside", "Four fifths of the words have one tag: the accuracy is high from the first epochs on.",
          {"skewed": True}),
    Story("healthy-resumed", "Killed after epoch 43 and resumed from the checkpoint of epoch 39 with weights, momentum and "
          "order of the data: the epochs come again as they were. A checkpoint takes long.",
          {"killed_after": 43, "checkpoint_every": 13}),
    Story("lr-too-high", "The learning rate is 20, a hundred times too high, and nothing is clipped.",
          {"learning_rate": 20.0, "clipnorm": 0.0}, rules=("learning-rate-too-high", "loss-divergence", "no-learning"),
          causes=("learning-rate-too-high", "no-gradient-clipping"), begins=2, onset=Deviates("loss", "above"),
          harm=worse("loss", 1.5), advice=("learning_rate", "clipnorm"),
          allowed=("loss-divergence", "no-learning", "learning-rate-too-high", "loss-spike", "loss-plateau",
                   "gradient-explosion", "initial-loss-mismatch")),
    Story("tags-shuffled", "Sentences and tags were shuffled with different seeds: nothing relates them.",
          fault="tags-shuffled", rules=("no-learning", "loss-plateau", "overfitting"), causes=("labels-unrelated",),
          harm=worse("loss", 1.5), allowed=("loss-plateau", "overfitting", "no-learning")),
    Story("rebalanced", "From epoch 45 on each tag's loss is averaged apart, and one of them is in no sentence: 0 / 0.",
          fault="rebalanced", rules=("non-finite-loss",), causes=("nan-in-code",), begins=44 * EPOCH_STEPS + 1,
          harm=not_finite("loss"), allowed=("non-finite-layer", "hidden-non-finite-loss", "loss-divergence")),
    Story("decayed-by-step", "The decay was meant for a thousand steps and is applied to each epoch: after fifteen epochs "
          "the rate is all but 0.", {"decay": 0.6}, rules=("loss-plateau", "no-learning"),
          causes=("schedule-decayed-too-early", "learning-rate-too-low"), begins=10 * EPOCH_STEPS,
          onset=Deviates("loss", "above", 0.05), harm=worse("loss", 1.5), advice=("decay", "schedule"),
          allowed=("loss-plateau", "no-learning")),
    Story("thirty-sentences", "Thirty sentences, read again and again, without dropout.",
          {"sentences": 30, "schedule": "constant"}, rules=("overfitting", "memorization"),
          causes=("too-many-epochs", "too-little-regularisation"), onset=AfterBest("val_loss"),
          harm=turns("val_loss", 1.15), advice=("dropout", "epochs", "sentences"), allowed=("memorization",)),
    Story("kept-outputs", "From epoch 30 on a report over all outputs since then is made after each batch: epochs take longer "
          "and longer.", fault="kept-outputs", rules=("throughput-drop",), causes=("growing-state",),
          begins=29 * EPOCH_STEPS + 1, harm=longest_epoch, allowed=("input-bound",)),
]
