"""Direct preference optimisation of a recurrent language model: pairs of a right and a wrong answer, RMSprop
as in the method's first code, TRL's metric names in lines as ms-swift prints them."""

from __future__ import annotations

import copy
import random
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.tasks import ASSISTANT, EOS, FIRST_SYMBOL, PAD, SYMBOLS, USER, VOCABULARY, questions
from parts.training import clip, schedule, set_rate
from story import Deviates, FirstRow, Story, not_finite, reaches, worse

STYLE = styles.swift
CONFIG = {
    "model": "gru-chat", "rlhf_type": "dpo", "hidden_size": 40, "beta": 0.1, "learning_rate": 5e-4, "warmup_steps": 10,
    "lr_scheduler_type": "linear", "max_steps": 150, "logging_steps": 3, "eval_steps": 30, "max_grad_norm": 10.0,
    "per_device_train_batch_size": 16, "train_pairs": 3000, "label_smoothing": 0.0, "rpo_alpha": 0.0,
    "max_length": 24,
}
# Question, answer that is preferred, answer that is not.
Triple = tuple[list[int], list[int], list[int]]


class Model(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.rnn(self.embed(ids))[0]))
        return logits


def spoilt(answer: list[int], source: random.Random) -> list[int]:
    """A wrong answer: one or two symbols are others."""
    wrong = list(answer)
    for _ in range(source.choice((1, 2))):
        place = source.randrange(len(wrong))
        wrong[place] = FIRST_SYMBOL + (wrong[place] - FIRST_SYMBOL + source.randrange(1, SYMBOLS)) % SYMBOLS
    return wrong


@lru_cache(maxsize=None)
def triples(seed: int, count: int) -> list[Triple]:
    source = random.Random(seed)
    return [(question, answer, spoilt(answer, source)) for question, answer in questions(seed, count)]


def batch_of(rows: list[tuple[list[int], list[int]]], longest: int) -> tuple[Tensor, Tensor]:
    """Ids, and which of them are answers."""
    ids, marks = [], []
    for question, answer in rows:
        prompt = [USER, *question, EOS, ASSISTANT]
        ids.append([*prompt, *answer, EOS][:longest])
        marks.append(([False] * len(prompt) + [True] * (len(answer) + 1))[:longest])
    width = max(len(row) for row in ids)
    return (torch.tensor([row + [PAD] * (width - len(row)) for row in ids]),
            torch.tensor([row + [False] * (width - len(row)) for row in marks]))


def log_probability(model: Model, ids: Tensor, marks: Tensor, average: bool = False) -> Tensor:
    log_p = model(ids[:, :-1]).log_softmax(-1).gather(-1, ids[:, 1:].unsqueeze(-1)).squeeze(-1)
    weight = marks[:, 1:].float()
    total = (log_p * weight).sum(1)
    return total / weight.sum(1) if average else total


@lru_cache(maxsize=None)
def base() -> dict[str, Tensor]:
    """Supervised training on answers of which a third are wrong: what preference tuning starts from."""
    torch.manual_seed(0)
    model = Model(CONFIG["hidden_size"])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    source, pool = random.Random(3), triples(11, 3000)
    for _ in range(250):
        rows = [(question, good if source.random() < 0.67 else bad) for question, good, bad in source.sample(pool, 24)]
        ids, marks = batch_of(rows, 24)
        loss = -log_probability(model, ids, marks).sum() / marks.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.state_dict()


def prepare() -> None:
    base()
    triples(1, 3000)


class Objective:
    def __init__(self, journal: Journal):
        self.config, self.fault = journal.config, journal.fault
        self.policy = Model(self.config["hidden_size"])
        self.policy.load_state_dict(base())
        self.reference = copy.deepcopy(self.policy).requires_grad_(False)
        if self.fault == "other-reference":
            with torch.no_grad():
                # The reference was loaded from another checkpoint, long before the one that is tuned.
                for parameter in self.reference.parameters():
                    parameter.add_(0.25 * torch.randn_like(parameter))

    def __call__(self, chosen: list[Triple], step: int) -> tuple[Tensor, dict[str, Any]]:
        longest = self.config["max_length"]
        good = batch_of([(question, right) for question, right, _ in chosen], longest)
        bad = batch_of([(question, wrong) for question, _, wrong in chosen], longest)
        # Mean per token, as SimPO has it: an answer that was cut away has no token, and 0 / 0 is NaN.
        average = self.fault == "empty-answers" and step >= 70
        if average:
            good[1][0] = False
        ours = [log_probability(self.policy, *side, average) for side in (good, bad)]
        with torch.no_grad():
            theirs = [log_probability(self.reference, *side, average) for side in (good, bad)]
        beta = self.config["beta"]
        rewards = [beta * (a - b) for a, b in zip(ours, theirs)]
        margin = rewards[0] - rewards[1]
        smooth = self.config["label_smoothing"]
        loss = -(1 - smooth) * functional.logsigmoid(margin).mean() - smooth * functional.logsigmoid(-margin).mean()
        if self.config["rpo_alpha"]:
            loss = loss - self.config["rpo_alpha"] * (ours[0] / good[1].sum(1)).mean()
        return loss, {
            "rewards/chosen": rewards[0].mean(), "rewards/rejected": rewards[1].mean(),
            "rewards/accuracies": (margin > 0).float().mean(), "rewards/margins": margin.mean(),
            "logps/chosen": ours[0].mean(), "logps/rejected": ours[1].mean()}


def spoil(pairs: list[Triple], journal: Journal) -> list[Triple]:
    source = random.Random(journal.seed)
    if journal.fault == "pairs-swapped":
        return [(question, bad, good) for question, good, bad in pairs]
    if journal.fault == "pairs-random":
        return [(q, a, b) if source.random() < 0.5 else (q, b, a) for q, a, b in pairs]
    if journal.fault == "pairs-equal":
        # Both sides were generated without sampling: they are the same text.
        return [(question, good, list(good)) for question, good, _ in pairs]
    if journal.config.get("pair_noise"):
        return [(q, b, a) if source.random() < journal.config["pair_noise"] else (q, a, b) for q, a, b in pairs]
    return pairs


def train(journal: Journal) -> None:
    config = journal.config
    objective = Objective(journal)
    pairs, held_out = spoil(triples(1, 3000)[:config["train_pairs"]], journal), triples(2, 96)
    parameters = list(objective.policy.parameters())
    optimizer = torch.optim.RMSprop(parameters, lr=config["learning_rate"])
    factor = schedule(config["lr_scheduler_type"], config["warmup_steps"], config["max_steps"])
    source, size = random.Random(journal.seed), config["per_device_train_batch_size"]
    order: list[int] = []
    for step in range(1, config["max_steps"] + 1):
        if len(order) < size:
            order = list(range(len(pairs)))
            source.shuffle(order)
        chosen, order = [pairs[i] for i in order[:size]], order[size:]
        rate = config["learning_rate"] * factor(step)
        set_rate(optimizer, rate)
        loss, metrics = objective(chosen, step)
        optimizer.zero_grad()
        loss.backward()
        norm = clip(parameters, config["max_grad_norm"])
        optimizer.step()
        if step % config["logging_steps"] == 0 or step == 1:
            journal.log(step, {"loss": loss, **metrics, "grad_norm": norm, "learning_rate": rate})
        if step % config["eval_steps"] == 0:
            with torch.no_grad():
                loss, metrics = objective(held_out, 0)
            journal.log(step, {"eval_loss": loss, **{f"eval_{name}": value for name, value in metrics.items()}})


STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins at ln 2, margins and accuracies rise."),
    Story("healthy-both-fall", "Margins rise while the rewards of both sides fall, which is normal for DPO.",
          {"learning_rate": 1.5e-3, "beta": 0.2, "max_steps": 150}),
    Story("healthy-small-batch", "Four pairs a step: accuracies jump by quarters and the loss is noisy.",
          {"per_device_train_batch_size": 4, "learning_rate": 3e-4}),
    Story("healthy-noisy-pairs", "A seventh of the pairs are labelled the wrong way round, as people do: accuracies stay "
          "below 1.", {"pair_noise": 0.15}),
    Story("healthy-smoothing", "Label smoothing of 0.1: the loss cannot fall below 0.33.", {"label_smoothing": 0.1}),
    Story("healthy-rpo", "With a supervised term on the preferred answer, whose likelihood stays up.", {"rpo_alpha": 0.5}),
    Story("healthy-small-beta", "beta is 0.05, with a constant rate after the warm-up.",
          {"beta": 0.05, "lr_scheduler_type": "constant"}),
    Story("healthy-short", "A try of 36 steps.", {"max_steps": 36, "eval_steps": 12}),
    Story("pairs-swapped", "The columns of the training pairs are swapped: the wrong answers are preferred. Training looks "
          "splendid, the held-out pairs are right and get worse.", fault="pairs-swapped",
          rules=("preference-degeneration", "overfitting"), causes=("pairs-swapped",),
          onset=FirstRow("eval_loss"), harm=reaches("eval_rewards/accuracies", 0.4, above=False),
          allowed=("overfitting",)),
    Story("pairs-random", "Which side is preferred was drawn by chance: there is nothing to learn.",
          {"learning_rate": 1e-4}, "pairs-random",
          rules=("no-learning", "preference-degeneration", "loss-plateau"),
          causes=("pairs-indistinguishable", "pairs-swapped", "labels-unrelated"),
          harm=worse("loss", 1.15), allowed=("loss-plateau", "overfitting", "no-learning")),
    Story("pairs-equal", "Both sides of each pair are the same text: the loss stays at ln 2.", fault="pairs-equal",
          rules=("preference-degeneration", "no-learning", "reward-signal-lost", "gradient-vanishing"),
          causes=("pairs-indistinguishable",), harm=worse("loss", 1.15),
          allowed=("no-learning", "gradient-vanishing", "loss-plateau", "reward-signal-lost")),
    Story("collapse", "A learning rate of 0.02 with beta 0.01: margins grow while the preferred answers become impossible "
          "too.", {"learning_rate": 0.02, "beta": 0.01, "max_grad_norm": 0.0},
          rules=("preference-degeneration", "learning-rate-too-high", "loss-divergence"),
          causes=("beta-too-low", "learning-rate-too-high", "chosen-likelihood-collapse"),
          onset=Deviates("logps/chosen", "below"), harm=worse("logps/chosen", 3.0, lower_is_better=False),
          advice=("beta", "learning_rate"),
          allowed=("loss-spike", "gradient-explosion", "loss-divergence", "learning-rate-too-high", "no-learning",
                   "loss-plateau", "kl-blowup", "overfitting")),
    Story("other-reference", "The reference is another checkpoint: rewards are far from 0 before the first update.",
          fault="other-reference", rules=("reference-mismatch",), causes=("wrong-reference-model",),
          onset=FirstRow("rewards/chosen"),
          harm=lambda rows, healthy: (abs(rows[0][1]["rewards/chosen"]) > 0.1,
                                      f"first rewards/chosen {rows[0][1]['rewards/chosen']:.3g}, healthy "
                                      f"{healthy[0][1]['rewards/chosen']:.3g}"),
          allowed=("preference-degeneration", "initial-loss-mismatch")),
    Story("empty-answers", "From step 70 on log-probabilities are averaged over tokens, and one answer of each batch has "
          "none: 0 / 0.", fault="empty-answers", rules=("non-finite-loss",), causes=("nan-in-code", "degenerate-input"),
          begins=70, harm=not_finite("loss"), allowed=("hidden-non-finite-loss", "loss-divergence", "gradient-explosion")),
    Story("lr-too-high", "The learning rate is 0.5: the first updates destroy the model.",
          {"learning_rate": 0.5, "warmup_steps": 0, "max_grad_norm": 0.0},
          rules=("loss-divergence", "learning-rate-too-high", "preference-degeneration", "gradient-explosion"),
          causes=("learning-rate-too-high", "no-warmup", "no-gradient-clipping"), onset=Deviates("loss", "above"),
          harm=worse("loss", 1.5), advice=("learning_rate",),
          allowed=("loss-spike", "gradient-explosion", "loss-divergence", "learning-rate-too-high", "no-learning",
                   "preference-degeneration", "non-finite-loss", "kl-blowup", "loss-plateau")),
]
