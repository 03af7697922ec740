"""A two-tower recommender: users and items as embeddings with a small network on each side, pairwise loss with
sampled negatives, Adagrad, one JSON object a row."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.training import clip, set_rate
from story import AfterBest, Deviates, FirstRow, Story, jumps, not_finite, turns, worse

STYLE = styles.json_lines
CONFIG = {
    "model": "two-tower", "dimension": 16, "batch_size": 64, "learning_rate": 0.1, "l2": 1e-5, "steps": 240,
    "log_every": 4, "eval_every": 40, "negatives": 4, "clip": 0.0, "interactions": 8000, "temperature": 1.0,
    "features": True, "decay": 0.0, "freeze_items": False, "watch_every": 20,
}
USERS, ITEMS, TASTES = 200, 150, 8


@lru_cache(maxsize=None)
def world() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Interactions (user, item) of people with tastes, popular items more often; and a feature of each item."""
    source = torch.Generator().manual_seed(4)
    users = torch.randn(USERS, TASTES, generator=source)
    items = torch.randn(ITEMS, TASTES, generator=source)
    popularity = torch.randn(ITEMS, generator=source)
    score = users @ items.T * 0.9 + popularity
    who = torch.randint(0, USERS, (10_000,), generator=source)
    what = torch.multinomial(score.softmax(-1)[who], 1, generator=source).squeeze(1)
    pairs = torch.stack([who, what], 1)
    price = (popularity * 0.3 + torch.rand(ITEMS, generator=source)).unsqueeze(1)
    return pairs[:8000], pairs[8000:], price, popularity


def prepare() -> None:
    world()


class Towers(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.users, self.items = nn.Embedding(USERS, width), nn.Embedding(ITEMS, width)
        self.user_tower = nn.Sequential(nn.Linear(width, 24), nn.ReLU(), nn.Linear(24, width))
        self.item_tower = nn.Sequential(nn.Linear(width + 1, 24), nn.ReLU(), nn.Linear(24, width))
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.1)

    def user(self, ids: Tensor) -> Tensor:
        out: Tensor = self.user_tower(self.users(ids))
        return out

    def item(self, ids: Tensor, price: Tensor) -> Tensor:
        out: Tensor = self.item_tower(torch.cat([self.items(ids), price[ids]], -1))
        return out

    def forward(self, who: Tensor, what: Tensor, price: Tensor) -> Tensor:
        """Scores of items [batch, count] for users [batch]."""
        return (self.user(who).unsqueeze(1) * self.item(what, price)).sum(-1)


def loss_of(journal: Journal, scores: Tensor, step: int) -> Tensor:
    """The first column is the item that was chosen."""
    margins = (scores[:, :1] - scores[:, 1:]) / journal.config["temperature"]
    if journal.fault == "log-of-zero" and step >= 140:
        # Written out: the sigmoid of a margin far below zero is 0 in half precision, and its log -inf.
        return -torch.log(torch.sigmoid(4 * margins - 16).half().float()).mean() / 4
    return -functional.logsigmoid(margins).mean()


def evaluate(model: Towers, held_out: Tensor, price: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        scores = model.user(held_out[:, 0]) @ model.item(torch.arange(ITEMS), price).T
        chosen = scores.gather(1, held_out[:, 1:])
        fixed = torch.randint(0, ITEMS, (len(held_out), 4), generator=torch.Generator().manual_seed(8))
        loss = -functional.logsigmoid(chosen - scores.gather(1, fixed)).mean()
        return {"eval_loss": loss, "eval_recall@10": ((scores > chosen).sum(1) < 10).float().mean()}


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    pairs, held_out, price, popularity = world()
    pairs = pairs[:config["interactions"]]
    source = torch.Generator().manual_seed(journal.seed)
    if fault == "items-shuffled":
        # The table of items was sorted again after the interactions were written.
        pairs = torch.stack([pairs[:, 0], torch.randint(0, ITEMS, (len(pairs),), generator=source)], 1)
    model = Towers(config["dimension"])
    if config["freeze_items"]:
        model.items.requires_grad_(False)
    if fault == "embeddings-detached":
        # Loaded as a buffer of fixed features: both tables get no gradient, and they are all but zero.
        for table in (model.users, model.items):
            table.requires_grad_(False)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adagrad(parameters, lr=config["learning_rate"], weight_decay=config["l2"],
                                    lr_decay=config["decay"], initial_accumulator_value=0.1)
    journal.watch(model, optimizer)
    size, recent = config["batch_size"], []
    for step in range(1, config["steps"] + 1):
        chosen = pairs[torch.randint(0, len(pairs), (size,), generator=source)]
        negatives = torch.randint(0, ITEMS, (size, config["negatives"]), generator=source)
        if fault == "negatives-are-positives" and step >= 1:
            # The cache of negatives was filled with the users' own items.
            shuffled = pairs[torch.randint(0, len(pairs), (size * config["negatives"],), generator=source), 1]
            negatives = shuffled.view(size, -1)
        prices = price
        if fault == "raw-price" and 130 <= step < 134:
            # A shard in cents instead of units.
            prices = price * 100
        if config.get("heavy_tail"):
            prices = price * (1 + 3 * torch.rand(1, generator=source).pow(8))
        set_rate(optimizer, config["learning_rate"] * (0.2 if config.get("late_drop") and step > 160 else 1.0))
        scores = model(chosen[:, 0], torch.cat([chosen[:, 1:], negatives], 1), prices)
        loss = loss_of(journal, scores, step)
        optimizer.zero_grad()
        loss.backward()
        norm = clip(parameters, config["clip"])
        optimizer.step()
        recent.append(loss.item())
        data_time = 0.03
        if fault == "lookup-over-network" and step >= 120:
            # Features come from a service now, one request for each item.
            data_time = 0.9
        if config.get("slow_eval") and step % config["eval_every"] == 0:
            journal.wait(120.0)
        journal.wait(data_time)
        if step % config["log_every"] == 0 or step == 1:
            journal.log(step, {"loss": sum(recent) / len(recent), "grad_norm": norm, "lr": optimizer.param_groups[0]["lr"],
                               "auc": ((scores[:, :1] > scores[:, 1:]).float().mean()), "data_time": data_time})
            recent = []
        if step % config["eval_every"] == 0:
            journal.log(step, evaluate(model, held_out, price))


STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins at ln 2 and falls."),
    Story("healthy-small-batch", "Eight interactions and one negative a step: the loss is very noisy.",
          {"batch_size": 8, "negatives": 1, "learning_rate": 0.05}),
    Story("healthy-heavy-tail", "The price feature has a heavy tail: now and then the gradient is large for one step.",
          {"heavy_tail": True}),
    Story("healthy-frozen-items", "The items' embeddings are fixed on purpose, as the configuration says.",
          {"freeze_items": True}, allowed=("frozen-layer",)),
    Story("healthy-slow-eval", "Each evaluation takes two minutes.", {"slow_eval": True}),
    Story("healthy-rate-drop", "The learning rate falls to a fifth at step 160, and the loss flattens.", {"late_drop": True}),
    Story("healthy-many-negatives", "Sixteen negatives, a loss that is smooth.", {"negatives": 16}),
    Story("healthy-short", "A try of 40 steps.", {"steps": 40, "eval_every": 20}),
    Story("healthy-long", "400 steps: the last ones gain little, as at the end of any run.", {"steps": 400, "l2": 1e-4}),
    Story("lr-too-high", "The learning rate is 30.", {"learning_rate": 30.0},
          rules=("loss-divergence", "learning-rate-too-high", "gradient-explosion"),
          causes=("learning-rate-too-high", "no-gradient-clipping"), begins=2, onset=Deviates("loss", "above"),
          harm=worse("loss", 1.5), advice=("learning_rate",),
          allowed=("gradient-explosion", "loss-spike", "no-learning", "loss-divergence", "loss-plateau", "dead-units",
                   "update-ratio-out-of-band", "frozen-layer", "gradient-vanishing", "learning-rate-too-high",
                   "non-finite-loss")),
    Story("lr-too-low", "The learning rate is 1e-5, copied from a transformer.", {"learning_rate": 1e-5},
          rules=("no-learning", "update-ratio-out-of-band"), causes=("learning-rate-too-low",), harm=worse("loss", 1.3),
          advice=("learning_rate",), allowed=("loss-plateau", "no-learning", "update-ratio-out-of-band", "frozen-layer")),
    Story("items-shuffled", "The items' numbers are not those of the interactions: nothing relates users and items.",
          fault="items-shuffled", rules=("no-learning", "loss-plateau", "overfitting"), causes=("labels-unrelated",),
          harm=worse("loss", 1.2), allowed=("loss-plateau", "overfitting", "no-learning")),
    Story("embeddings-detached", "Both embedding tables were loaded as fixed features and are never updated.",
          fault="embeddings-detached", rules=("frozen-layer", "no-learning", "loss-plateau"),
          causes=("frozen-parameters", "optimizer-not-stepping"), layer=("users", "items"), harm=worse("loss", 1.15),
          allowed=("no-learning", "loss-plateau", "frozen-layer", "update-ratio-out-of-band")),
    Story("negatives-are-positives", "The sampled negatives are items that were chosen, in proportion to how often: the "
          "popularity that most of the score comes from is cancelled.", fault="negatives-are-positives",
          rules=("overfitting", "loss-plateau", "no-learning"), causes=("labels-unrelated", "degenerate-input"),
          harm=worse("loss", 1.15), allowed=("overfitting", "loss-plateau", "no-learning")),
    Story("log-of-zero", "From step 140 on the loss is written out, and takes the logarithm of a sigmoid that is 0.",
          fault="log-of-zero", rules=("non-finite-loss", "non-finite-layer"), causes=("nan-in-code",), begins=140,
          harm=not_finite("loss"), allowed=("non-finite-layer", "loss-divergence", "gradient-explosion",
                                            "hidden-non-finite-loss")),
    Story("raw-price", "Steps 130 to 133 read a shard with prices in cents.", fault="raw-price", rules=("loss-spike",),
          causes=("bad-batch", "degenerate-input"), begins=130, harm=jumps("loss", 130, 1.5),
          allowed=("gradient-explosion",)),
    Story("no-regularisation", "300 interactions, wide embeddings and no weight decay: the pairs are learnt by heart.",
          {"interactions": 300, "l2": 0.0, "dimension": 48, "learning_rate": 0.3, "eval_every": 20},
          rules=("overfitting", "memorization"), causes=("too-little-regularisation", "too-many-epochs"),
          onset=AfterBest(), harm=turns("eval_loss", 1.15), advice=("l2",), allowed=("memorization",)),
    Story("lookup-over-network", "From step 120 on item features are fetched one by one over the network.",
          fault="lookup-over-network", rules=("input-bound", "throughput-drop"), causes=("data-loader-slow",), begins=120,
          onset=FirstRow("data_time"), harm=worse("data_time", 2.0), allowed=("throughput-drop", "input-bound")),
]
