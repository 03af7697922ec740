"""Classification of short texts with an LSTM and attention pooling, Adam, a one-cycle schedule, and lines of
Python's logging."""

from __future__ import annotations

import random
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.training import LossScaler, clip, set_rate
from story import AfterBest, Story, jumps, turns, worse

STYLE = styles.logger
CONFIG = {
    "model": "lstm-topics", "embedding_dim": 24, "hidden_dim": 32, "classes": 5, "batch_size": 20, "lr": 0.01,
    "epsilon": 1e-8, "beta2": 0.999, "l2": 0.0, "dropout": 0.0, "steps": 200, "log_interval": 5, "eval_interval": 25,
    "clip_norm": 5.0, "train_size": 3000, "head_depth": 1, "head_activation": "tanh", "mixed_precision": False,
    "head_norm": True, "one_cycle": True, "freeze_embeddings": False, "watch_every": 20,
}
WORDS, LENGTH, CLASSES = 120, 14, 5


@lru_cache(maxsize=None)
def texts(seed: int, count: int) -> tuple[Tensor, Tensor]:
    """Each topic has eight words of its own; three to five of them stand among words of all topics."""
    source = random.Random(seed)
    rows, topics = [], []
    for _ in range(count):
        topic = source.randrange(CLASSES)
        words = [source.randrange(40, WORDS) for _ in range(LENGTH)]
        for place in source.sample(range(LENGTH), source.randint(2, 4)):
            words[place] = topic * 8 + source.randrange(8)
        # A word of another topic misleads.
        words[source.randrange(LENGTH)] = source.randrange(40)
        rows.append(words)
        topics.append(topic)
    return torch.tensor(rows), torch.tensor(topics)


def prepare() -> None:
    texts(1, 3000)
    texts(2, 200)


class Classifier(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_dim"]
        self.embedding = nn.Embedding(WORDS, config["embedding_dim"])
        self.lstm = nn.LSTM(config["embedding_dim"], width, batch_first=True)
        self.attention = nn.Linear(width, 1)
        act = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "relu": nn.ReLU}[config["head_activation"]]
        head: list[nn.Module] = [nn.LayerNorm(width)] if config["head_norm"] else []
        for _ in range(config["head_depth"]):
            head += [nn.Linear(width, width), act(), nn.Dropout(config["dropout"])]
        self.head = nn.Sequential(*head)
        self.output = nn.Linear(width, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        states = self.lstm(self.embedding(ids))[0]
        weight = self.attention(states).softmax(1)
        logits: Tensor = self.output(self.head((states * weight).sum(1)))
        return logits


def one_cycle(step: int, total: int) -> float:
    """Up to the peak over a third of the run, then down to nearly nothing."""
    peak = total * 0.3
    return 0.04 + 0.96 * step / peak if step <= peak else max(0.001, 1 - (step - peak) / (total - peak))


def build(journal: Journal) -> Classifier:
    model = Classifier(journal.config)
    with torch.no_grad():
        if journal.fault == "saturated":
            # Weights of a head that was made for normalised inputs, times sixty.
            for module in model.head:
                if isinstance(module, nn.Linear):
                    module.weight.mul_(60.0)
        if journal.fault == "output-init":
            nn.init.normal_(model.output.weight, std=12.0)
        if journal.fault == "dead-head":
            next(module for module in model.head if isinstance(module, nn.Linear)).bias.fill_(-40.0)
    if journal.config["freeze_embeddings"]:
        model.embedding.requires_grad_(False)
    return model


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    ids, topics = texts(1, 3000)
    ids, topics = ids[:config["train_size"]], topics[:config["train_size"]]
    held_ids, held_topics = texts(2, 200)
    source = torch.Generator().manual_seed(journal.seed)
    if fault == "labels-shuffled":
        topics = topics[torch.randperm(len(topics), generator=source)]
    if config.get("label_noise"):
        wrong = torch.rand(len(topics), generator=source) < config["label_noise"]
        topics = torch.where(wrong, torch.randint(0, CLASSES, topics.shape, generator=source), topics)
    model = build(journal)
    # A filter by name that was written for another model: it finds the output layer alone.
    optimized = [parameter for name, parameter in model.named_parameters()
                 if parameter.requires_grad and (fault != "not-given" or name.startswith(("output", "attention")))]
    if fault == "not-given":
        with torch.no_grad():
            model.embedding.weight.mul_(0.05)
    optimizer = torch.optim.Adam(optimized, lr=config["lr"], betas=(0.9, config["beta2"]), eps=config["epsilon"],
                                 weight_decay=config["l2"])
    journal.watch(model, optimizer)
    scaler = LossScaler(interval=40) if config["mixed_precision"] else None
    size, total = config["batch_size"], config["steps"]
    history: list[Tensor] = []
    order = torch.randperm(len(ids), generator=source)
    place, recent = 0, []
    for step in range(1, total + 1):
        if place + size > len(order):
            order, place = torch.randperm(len(ids), generator=source), 0
        chosen = order[place:place + size]
        place += size
        answers = topics[chosen]
        if fault == "wrong-shard" and 110 <= step < 114:
            answers = (answers + 2) % CLASSES
        rate = config["lr"] * (one_cycle(step, total) if config["one_cycle"] else 1.0)
        if config.get("restarts"):
            rate = config["lr"] * (1 - (step % 67) / 67)
        set_rate(optimizer, rate)
        logits = model(ids[chosen])
        loss = functional.cross_entropy(logits, answers, reduction="sum" if fault == "summed" else "mean")
        optimizer.zero_grad()
        loss.backward()
        norm = clip(model.parameters(), config["clip_norm"])
        is_fit = scaler is None or scaler.fits(optimized)
        if is_fit:
            optimizer.step()
        if scaler is not None:
            if not is_fit:
                journal.print(f"Gradient overflow. Skipping step, loss scaler reducing loss scale to {scaler.scale / 2}\n",
                              "err")
            scaler.update(is_fit)
        recent.append(loss.item())
        journal.wait(0.05)
        if fault == "kept-history" and step >= 60:
            # Each step's outputs are kept for a plot and searched for the worst: more work every step.
            history.append(logits.detach())
            journal.wait(0.012 * len(history))
        if config.get("slow_disk") and step % 50 == 0:
            journal.wait(20.0)
        if step % config["log_interval"] == 0 or step == 1:
            row = {"loss": sum(recent) / len(recent), "grad_norm": norm, "lr": rate,
                   "accuracy": float((logits.argmax(-1) == answers).float().mean())}
            if scaler is not None:
                row["loss_scale"] = scaler.scale
            journal.log(step, row)
            recent = []
        if step % config["eval_interval"] == 0:
            model.eval()
            with torch.no_grad():
                logits = model(held_ids)
                journal.log(step, {"val_loss": functional.cross_entropy(logits, held_topics),
                                   "val_accuracy": (logits.argmax(-1) == held_topics).float().mean()})
            model.train()


STORIES = [
    Story("healthy", "Nothing is wrong: one cycle of the learning rate, and the loss falls while it rises."),
    Story("healthy-small-batch", "Four texts a step: the loss is noisy.", {"batch_size": 4, "lr": 0.003, "steps": 240}),
    Story("healthy-noisy-labels", "A quarter of the labels are wrong: the loss ends high, as it must.",
          {"label_noise": 0.25, "l2": 1e-4}),
    Story("healthy-frozen-embeddings", "The embeddings are frozen on purpose, and the configuration says so.",
          {"freeze_embeddings": True}, allowed=("frozen-layer",)),
    Story("healthy-mixed-precision", "Half precision (emulated): the first steps overflow until the scale fits.",
          {"mixed_precision": True}),
    Story("healthy-restarts", "A learning rate that begins again at its peak every 67 steps.",
          {"restarts": True, "lr": 0.006}),
    Story("healthy-dropout", "Half of the head's units are dropped: the training loss stays above that of the evaluation.",
          {"dropout": 0.5}),
    Story("healthy-slow-disk", "Every fifty steps a checkpoint is written and takes twenty seconds.", {"slow_disk": True}),
    Story("healthy-plateau", "A long run at a constant rate: the loss reaches its floor and stays there.",
          {"one_cycle": False, "lr": 0.004, "steps": 320, "l2": 1e-4, "label_noise": 0.1}),
    Story("saturated", "The hidden layer of the head begins sixty times too large: its tanh is at its bounds.",
          fault="saturated", rules=("saturated-activations",),
          causes=("saturating-activation", "initialization-too-large"), layer=("head.2", "head.1"),
          harm=worse("loss", 1.3), allowed=("gradient-vanishing", "gradient-explosion", "clipping-dominates",
                                            "initial-loss-mismatch", "loss-plateau", "no-learning",
                                            "update-ratio-out-of-band")),
    Story("deep-sigmoid", "Six hidden layers of sigmoids without normalisation: gradients vanish on the way down.",
          {"head_depth": 6, "head_activation": "sigmoid", "head_norm": False},
          rules=("gradient-vanishing", "no-learning"), causes=("saturating-activation", "missing-normalisation"),
          harm=worse("loss", 1.5), advice=("head_activation", "head_norm", "head_depth"),
          allowed=("no-learning", "loss-plateau", "gradient-vanishing", "frozen-layer", "update-ratio-out-of-band",
                   "saturated-activations")),
    Story("not-given", "The optimizer was given the attention and the output alone, by a filter for names that this model "
          "does not have.", fault="not-given", rules=("frozen-layer", "no-learning"),
          causes=("frozen-parameters", "optimizer-not-stepping"), layer=("embedding", "lstm", "head.0", "head.1"),
          harm=worse("loss", 1.3), allowed=("no-learning", "loss-plateau", "frozen-layer", "update-ratio-out-of-band")),
    Story("labels-shuffled", "Labels and texts were shuffled apart: nothing can be learnt.", fault="labels-shuffled",
          rules=("no-learning", "loss-plateau"), causes=("labels-unrelated",), harm=worse("loss", 1.5),
          allowed=("loss-plateau", "overfitting", "no-learning")),
    Story("epsilon", "Adam's epsilon is 1: the updates are a hundred times too small.", {"epsilon": 1.0},
          rules=("no-learning", "update-ratio-out-of-band"), causes=("adam-epsilon-too-large", "learning-rate-too-low"),
          harm=worse("loss", 1.5), advice=("epsilon",), allowed=("loss-plateau", "update-ratio-out-of-band",
                                                                 "no-learning", "frozen-layer")),
    Story("output-init", "The output layer begins with a standard deviation of 12: the first loss is far above ln 5.",
          fault="output-init", rules=("initial-loss-mismatch",), causes=("initialization-too-large",), layer="output",
          harm=lambda rows, healthy: (rows[0][1]["loss"] > 1.5 * healthy[0][1]["loss"],
                                      f"first loss {rows[0][1]['loss']:.3g}, healthy {healthy[0][1]['loss']:.3g}"),
          allowed=("clipping-dominates", "gradient-explosion", "update-ratio-out-of-band")),
    Story("wrong-shard", "Steps 110 to 113 read a shard whose labels are off by two.", {"clip_norm": 0.0}, "wrong-shard",
          rules=("loss-spike",), causes=("bad-batch", "labels-unrelated"), begins=110,
          harm=jumps("loss", 110, 1.5), allowed=("gradient-explosion",)),
    Story("overfit", "60 texts, without weight decay or dropout.",
          {"train_size": 60, "one_cycle": False, "lr": 0.005, "eval_interval": 10},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest("val_loss"), harm=turns("val_loss", 1.15), advice=("l2", "dropout"), allowed=("memorization",)),
    Story("kept-history", "From step 60 on each step searches all outputs since then: steps take longer and longer.",
          fault="kept-history", rules=("throughput-drop",), causes=("growing-state",), begins=60,
          harm=lambda rows, _healthy: (True, "the last step takes several times as long as step 59"),
          allowed=("input-bound",)),
]
