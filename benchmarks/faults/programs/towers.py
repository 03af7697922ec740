"""Two-tower retrieval: a user's history and profile, an item's id and category, in-batch softmax over cosine scores, AdamW,
printed by Python's logging."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import clip, schedule, set_rate
from story import AfterBest, Deviates, FirstRow, Story, turns, worse

CONFIG = {
    "model": "two-tower", "embedding_dim": 24, "tower_dim": 48, "temperature": 0.15, "batch_size": 64, "lr": 4e-3,
    "weight_decay": 1e-3, "warmup_steps": 20, "lr_schedule": "cosine", "grad_clip": 1.0, "dropout": 0.1,
    "total_steps": 330, "log_every": 6, "eval_every": 55, "train_pairs": 5632, "freeze_item_ids": False,
    "loss_dtype": "float32", "negatives": "in-batch", "watch_every": 55,
}
ITEMS, CATEGORIES, COUNTRIES, AGES, HISTORY = 300, 12, 8, 6, 8
PAIRS, HELD = 5632, 1024


def lines(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """`2026-09-21 12:00:07,120 INFO towers: epoch 3 step 120 loss=2.31 lr=0.004`"""
    seconds = journal.now()
    date = "2026-09-21 12:%02d:%02d,%03d" % (seconds // 60 % 60, seconds % 60, seconds * 1000 % 1000)
    epoch = (step - 1) // journal.config["steps_per_epoch"]
    pairs = " ".join("%s=%.4g" % pair for pair in metrics.items())
    word = "eval epoch" if "val_loss" in metrics else "epoch"
    return [("err", f"{date} INFO towers: {word} {epoch} step {step} {pairs}\n")]


STYLE = lines


@lru_cache(maxsize=None)
def shop() -> dict[str, Tensor]:
    """Users with a taste, items with a place in the same space; histories and clicks are drawn by their product."""
    source = torch.Generator().manual_seed(29)
    category = torch.randint(0, CATEGORIES, (ITEMS,), generator=source)
    item = torch.randn(CATEGORIES, 6, generator=source)[category] + 0.5 * torch.randn(ITEMS, 6, generator=source)
    country = torch.randint(0, COUNTRIES, (PAIRS + HELD,), generator=source)
    age = torch.randint(0, AGES, (PAIRS + HELD,), generator=source)
    taste = torch.randn(COUNTRIES, 6, generator=source)[country] * 0.5 + torch.randn(PAIRS + HELD, 6, generator=source)
    taste = taste + 0.4 * torch.randn(AGES, 6, generator=source)[age]
    chance = (taste @ item.T * 1.2).softmax(1)
    drawn = torch.multinomial(chance, HISTORY + 1, generator=source)
    length = torch.randint(2, HISTORY + 1, (PAIRS + HELD, 1), generator=source)
    history = torch.where(torch.arange(HISTORY) < length, drawn[:, :HISTORY] + 1, 0)
    return {"history": history, "country": country, "age": age, "target": drawn[:, HISTORY], "category": category,
            "item": item}


def prepare() -> None:
    shop()


class History(nn.Module):
    """The mean of the items a user has looked at; 0 is padding."""

    def __init__(self, dim: int):
        super().__init__()
        self.items = nn.Embedding(ITEMS + 1, dim, padding_idx=0)

    def forward(self, history: Tensor) -> Tensor:
        kept = (history > 0).unsqueeze(2)
        out: Tensor = (self.items(history) * kept).sum(1) / kept.sum(1).clamp(min=1)
        return out


class UserTower(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, width = config["embedding_dim"], config["tower_dim"]
        self.history = History(dim)
        self.country, self.age = nn.Embedding(COUNTRIES, dim), nn.Embedding(AGES, dim)
        self.mlp = nn.Sequential(nn.Linear(3 * dim, width), nn.ReLU(), nn.Dropout(config["dropout"]), nn.Linear(width, dim))

    def forward(self, history: Tensor, country: Tensor, age: Tensor) -> Tensor:
        out: Tensor = self.mlp(torch.cat([self.history(history), self.country(country), self.age(age)], 1))
        return functional.normalize(out, dim=1)


class ItemTower(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, width = config["embedding_dim"], config["tower_dim"]
        self.ids, self.category = nn.Embedding(ITEMS, dim), nn.Embedding(CATEGORIES, dim)
        self.mlp = nn.Sequential(nn.Linear(2 * dim, width), nn.ReLU(), nn.Dropout(config["dropout"]), nn.Linear(width, dim))

    def forward(self, ids: Tensor, category: Tensor) -> Tensor:
        out: Tensor = self.mlp(torch.cat([self.ids(ids), self.category(category)], 1))
        return functional.normalize(out, dim=1)


class TwoTower(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.user_tower, self.item_tower = UserTower(config), ItemTower(config)


def build(journal: Journal) -> TwoTower:
    model = TwoTower(journal.config)
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.3)
    if journal.config["freeze_item_ids"]:
        # Vectors of the items' texts, made beforehand.
        item = shop()["item"]
        with torch.no_grad():
            model.item_tower.ids.weight.copy_(item @ torch.randn(6, journal.config["embedding_dim"]) * 0.2)
        model.item_tower.ids.requires_grad_(False)
    return model


def in_batch_loss(scores: Tensor, fault: str | None) -> Tensor:
    target = torch.arange(len(scores))
    if fault == "exp-in-half":
        # Softmax by hand, in the precision of the scores and without taking the largest away first.
        powers = scores.half().exp()
        return -(powers.diagonal() / powers.sum(1)).float().log().mean()
    return functional.cross_entropy(scores, target)


def evaluate(model: TwoTower, config: dict) -> dict[str, float]:
    data, held = shop(), slice(PAIRS, PAIRS + HELD)
    model.eval()
    with torch.no_grad():
        users = model.user_tower(data["history"][held], data["country"][held], data["age"][held])
        items = model.item_tower(torch.arange(ITEMS), data["category"])
        target = data["target"][held]
        batches = users.split(config["batch_size"]), target.split(config["batch_size"])
        losses = [functional.cross_entropy(u @ items[t].T / config["temperature"], torch.arange(len(t)))
                  for u, t in zip(*batches) if len(t) == config["batch_size"]]
        scores = users @ items.T
        best = scores.nan_to_num(-2).topk(10, dim=1).indices
        recall = (best == target.unsqueeze(1)).any(1).float().mean()
    model.train()
    return {"val_loss": float(torch.stack(losses).mean()), "recall@10": float(recall)}


def train(journal: Journal) -> None:
    config, fault, data = journal.config, journal.fault, shop()
    source = torch.Generator().manual_seed(journal.seed)
    model = build(journal)
    tower = model.user_tower if fault == "one-tower" else model
    parameters = [one for one in tower.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=config["lr"], weight_decay=config["weight_decay"])
    journal.watch(model, optimizer)
    size, count = config["batch_size"], config["train_pairs"]
    config["steps_per_epoch"] = count // size
    if config["lr_schedule"] == "warm_restarts":
        third = config["total_steps"] // 3
        # The first cycle holds the warm-up.
        factor = lambda step: min(1.0, step / max(1, config["warmup_steps"])) * 0.5 * (
            1 + math.cos(math.pi * ((step - 1) % third) / third))
    else:
        factor = schedule(config["lr_schedule"], config["warmup_steps"], config["total_steps"])
    target = data["target"][:PAIRS].clone()
    if config.get("accidental_clicks"):
        wrong = torch.rand(PAIRS, generator=source) < config["accidental_clicks"]
        target = torch.where(wrong, torch.randint(0, ITEMS, (PAIRS,), generator=source), target)
    if fault == "sorted-apart":
        # Clicks are sorted by time and profiles by user: the rows do not belong together.
        target = target[torch.randperm(PAIRS, generator=source)]
    order, place = torch.randperm(count, generator=source), 0
    recent: list[float] = []
    since = journal.now()
    journal.print(f"2026-09-21 12:00:00,000 INFO towers: {sum(p.numel() for p in model.parameters())} parameters, "
                  f"{count} pairs, {config['steps_per_epoch']} steps an epoch\n", "err")
    for step in range(1, config["total_steps"] + 1):
        if place + size > count:
            order, place = torch.randperm(count, generator=source), 0
        rows = order[place:place + size]
        place += size
        rate = config["lr"] * factor(step)
        set_rate(optimizer, rate)
        users = model.user_tower(data["history"][rows], data["country"][rows], data["age"][rows])
        items = model.item_tower(target[rows], data["category"][target[rows]])
        loss = in_batch_loss(users @ items.T / config["temperature"], fault)
        optimizer.zero_grad()
        loss.backward()
        norm = clip([p for p in model.parameters() if p.grad is not None], config["grad_clip"])
        optimizer.step()
        recent.append(loss.item())
        journal.wait(0.05)
        if fault == "seen-list":
            # Each pair of a batch is looked up in a list of all pairs seen so far.
            journal.wait(0.0022 * step)
        if step % config["log_every"] == 0 or step == 1:
            now = journal.now()
            journal.log(step, {"loss": sum(recent) / len(recent), "lr": rate, "grad_norm": norm,
                               "examples_per_sec": size * len(recent) / (now - since)})
            recent, since = [], now
        if step % config["eval_every"] == 0:
            before = journal.now()
            journal.wait(config.get("eval_seconds", 2.0))
            journal.log(step, evaluate(model, config))
            since += journal.now() - before


STORIES = [
    Story("healthy", "Nothing is wrong: cosine schedule with warm-up, clipping; the other items of the batch are the "
          "negatives."),
    Story("healthy-small-batch", "Twelve pairs a step: few negatives, so a low and very noisy loss.",
          {"batch_size": 12, "lr": 2e-3, "eval_every": 110}),
    Story("healthy-accidental-clicks", "A third of the clicks are accidents: the loss stays high.",
          {"accidental_clicks": 0.35}),
    Story("healthy-warm-restarts", "Three cosines, each from the peak, on which the loss rises a little.",
          {"lr_schedule": "warm_restarts", "grad_clip": 0.0}),
    Story("healthy-frozen-ids", "Vectors of the items are made beforehand and fixed, as the configuration says.",
          {"freeze_item_ids": True}, allowed=("frozen-layer",)),
    Story("healthy-long", "A small model at a constant rate: the second half gains little, and evaluations take minutes.",
          {"lr_schedule": "constant", "tower_dim": 16, "embedding_dim": 8, "temperature": 0.3, "lr": 6e-3, "total_steps": 396,
           "log_every": 8, "eval_seconds": 240.0, "weight_decay": 3e-2, "eval_every": 66}),
    Story("sorted-apart", "Clicks and profiles were sorted by different columns: an item does not belong to the user beside "
          "it.", fault="sorted-apart", rules=("no-learning", "loss-plateau"), causes=("labels-unrelated", "labels-shifted"),
          onset=FirstRow(), harm=worse("recall@10", 0.5, lower_is_better=False),
          allowed=("no-learning", "loss-plateau", "overfitting", "memorization", "update-ratio-out-of-band")),
    Story("one-tower", "The optimizer got the parameters of the user tower only; the item tower stays as it was drawn.",
          fault="one-tower", rules=("frozen-layer",), causes=("frozen-parameters", "optimizer-not-stepping"),
          layer=("item_tower", "item_tower.ids", "item_tower.category", "item_tower.mlp", "item_tower.mlp.0",
                 "item_tower.mlp.3"),
          onset=FirstRow(), harm=worse("val_loss", 1.05),
          allowed=("loss-plateau", "no-learning", "update-ratio-out-of-band", "clipping-dominates")),
    Story("warmup-too-long", "The warm-up of 20,000 steps was made for another run: after 330 the rate is at a sixtieth of its "
          "peak.", {"warmup_steps": 20_000}, rules=("no-learning", "loss-plateau", "update-ratio-out-of-band"),
          causes=("learning-rate-too-low",), onset=FirstRow(), harm=worse("recall@10", 0.6, lower_is_better=False),
          advice=("warmup_steps", "lr"), allowed=("no-learning", "loss-plateau", "update-ratio-out-of-band")),
    Story("few-pairs", "640 pairs are read 33 times, without dropout: the training loss falls on and the evaluation turns.",
          {"train_pairs": 640, "dropout": 0.0, "weight_decay": 0.0, "eval_every": 30},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest("val_loss"), harm=turns("val_loss", 1.1),
          advice=("total_steps", "dropout", "weight_decay", "train_pairs"), allowed=("memorization", "overfitting")),
    Story("exp-in-half", "The softmax is written by hand in half precision: once a score passes 11, its power is infinite.",
          {"loss_dtype": "float16", "temperature": 0.085}, "exp-in-half", rules=("non-finite-loss", "non-finite-layer"),
          causes=("nan-in-code", "forward-overflow"), onset=Deviates("loss", "above", 9.0),
          harm=worse("recall@10", 0.5, lower_is_better=False),
          allowed=("non-finite-layer", "non-finite-loss", "dead-units", "frozen-layer", "no-learning", "throughput-drop")),
    Story("seen-list", "Each batch is compared with a list of all pairs seen so far, which grows: steps take longer and "
          "longer.", fault="seen-list", rules=("throughput-drop",), causes=("growing-state",),
          onset=Deviates("examples_per_sec", "below"), harm=worse("examples_per_sec", 0.6, lower_is_better=False),
          allowed=("input-bound",)),
]
