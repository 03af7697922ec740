"""Prediction of clicks on advertisements: embeddings of five fields and three counters into a ReLU network, log loss, AUC on
held-out days, Adam at a constant rate, a logger of its own."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import clip, set_rate
from story import AfterBest, Deviates, FirstRow, Story, grows, jumps, turns, worse

CONFIG = {
    "network": "embed-mlp", "embed_dim": 8, "layers": "40,20", "batch_rows": 96, "adam_lr": 2e-3, "adam_wd": 1e-5,
    "max_grad": 0.0, "passes": 1, "train_rows": 40_000, "batches": 310, "report_every": 5, "auc_every": 40,
    "dropout_p": 0.0, "freeze_sites": False, "downsampled": 1.0, "watch_every": 100,
}
FIELDS = (300, 150, 30, 24, 4)
COUNTERS = 3
DATA_ROWS = 44_000


def lines(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """`ctr-train | batch 40/310 | 12.3s | train_logloss=0.51 ...`"""
    kind = "eval" if any(name.startswith("eval") for name in metrics) else "train"
    pairs = " ".join("%s=%.5f" % (name, value) if 1e-3 < abs(value) < 1e4 else "%s=%.5g" % (name, value)
                     for name, value in metrics.items())
    return [("err", f"ctr-{kind} | batch {step}/{journal.config['batches']} | {journal.now():.1f}s | {pairs}\n")]


STYLE = lines


@lru_cache(maxsize=None)
def log_of_clicks() -> tuple[Tensor, Tensor, Tensor]:
    """Fields [rows, 5], counters [rows, 3] as log(1 + n), clicks. One in four or so is clicked."""
    source = torch.Generator().manual_seed(17)
    fields = torch.stack([torch.randint(0, size, (DATA_ROWS,), generator=source) for size in FIELDS], 1)
    users, ads = (torch.randn(size, 3, generator=source) for size in FIELDS[:2])
    sites = torch.randn(FIELDS[2], generator=source)
    counts = torch.randn(DATA_ROWS, COUNTERS, generator=source).mul(1.2).exp().mul(3).floor()
    score = (users[fields[:, 0]] * ads[fields[:, 1]]).sum(1) * 0.7 + 1.6 * sites[fields[:, 2]]
    score = score + 1.1 * (counts[:, 0] + 1).log() - 0.9 * (counts[:, 1] + 1).log() - 1.9
    score = score + 0.8 * (fields[:, 3] > 17).float() * (fields[:, 4] == 1).float()
    clicks = (torch.rand(DATA_ROWS, generator=source) < score.sigmoid()).float()
    return fields, counts.log1p(), clicks


def prepare() -> None:
    log_of_clicks()


class Network(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["embed_dim"]
        self.user, self.ad, self.site, self.hour, self.device = (nn.Embedding(size, width) for size in FIELDS)
        for table in (self.user, self.ad, self.site, self.hour, self.device):
            nn.init.normal_(table.weight, std=0.2)
        layers: list[nn.Module] = []
        size = width * len(FIELDS) + COUNTERS
        for hidden in (int(one) for one in config["layers"].split(",")):
            layers += [nn.Linear(size, hidden), nn.ReLU(), nn.Dropout(config["dropout_p"])]
            size = hidden
        self.mlp, self.logit = nn.Sequential(*layers), nn.Linear(size, 1)

    def forward(self, fields: Tensor, counters: Tensor) -> Tensor:
        tables = (self.user, self.ad, self.site, self.hour, self.device)
        parts = [table(fields[:, i]) for i, table in enumerate(tables)]
        out: Tensor = self.logit(self.mlp(torch.cat([*parts, counters], 1))).squeeze(1)
        return out


def build(journal: Journal) -> Network:
    network = Network(journal.config)
    with torch.no_grad():
        if journal.fault == "prior-in-wrong-bias":
            # The prior of the clicks, a large negative number, goes into the first layer's bias and not into the last one's.
            network.mlp[0].bias.fill_(-25.0)
    if journal.config["freeze_sites"]:
        network.site.requires_grad_(False)
    return network


def auc_of(scores: Tensor, clicks: Tensor) -> float:
    ranks = torch.empty(len(scores))
    ranks[scores.argsort()] = torch.arange(1, len(scores) + 1).float()
    positive = float(clicks.sum())
    negative = len(clicks) - positive
    return (float(ranks[clicks > 0.5].sum()) - positive * (positive + 1) / 2) / (positive * negative)


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    fields, counters, clicks = log_of_clicks()
    held = slice(40_000, DATA_ROWS)
    source = torch.Generator().manual_seed(journal.seed)
    network = build(journal)
    parameters = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=config["adam_lr"], weight_decay=config["adam_wd"])
    journal.watch(network, optimizer)
    size, rows = config["batch_rows"], config["train_rows"]
    order, place = torch.randperm(rows, generator=source), 0
    recent: list[float] = []
    for step in range(1, config["batches"] + 1):
        if place + size > rows:
            order, place = torch.randperm(rows, generator=source), 0
        chosen = order[place:place + size]
        place += size
        x, counts, y = fields[chosen], counters[chosen], clicks[chosen]
        reading = 0.04
        if fault == "remote-features" and step >= 170:
            # The cache of features was lost: each batch is read from a store far away.
            reading = 0.7 + 0.3 * float(torch.rand(1, generator=source))
        if fault == "raw-counters" and 150 <= step < 153:
            # Logs of a client that sends counts, and not their logarithms, times its sampling rate.
            counts = counts.expm1() * 10
        if config.get("bots_every") and step % config["bots_every"] == 0:
            # A burst of bots: an eighth of the batch has counters that people never reach and clicks nothing.
            counts, y = counts.clone(), y.clone()
            counts[:size // 8], y[:size // 8] = 7.0, 0.0
        if config.get("drift"):
            # Sites change while the log is read: what was learnt of them is worth less and less.
            shift = min(14, 28 * step // config["batches"])
            x = x.clone()
            x[:, 2] = (x[:, 2] + torch.where(torch.arange(size) % 4 == 0, shift, 0)) % FIELDS[2]
        if config["downsampled"] < 1:
            kept = (y > 0.5) | (torch.rand(size, generator=source) < config["downsampled"])
            x, counts, y = x[kept], counts[kept], y[kept]
        rate = config["adam_lr"] * (0.1 if config.get("drop_at") and step >= config["drop_at"] else 1.0)
        set_rate(optimizer, rate)
        logits = network(x, counts)
        loss = functional.binary_cross_entropy_with_logits(logits, y)
        if fault != "gradients-kept":
            optimizer.zero_grad()
        loss.backward()
        norm = clip(parameters, config["max_grad"])
        optimizer.step()
        recent.append(loss.item())
        journal.wait(reading + 0.03)
        if step % config["report_every"] == 0 or step == 1:
            journal.log(step, {"train_logloss": sum(recent) / len(recent), "grad_norm": norm, "lr": rate,
                               "pred_mean": logits.sigmoid().mean(), "click_rate": y.mean(), "read_time": reading})
            recent = []
        if step % config["auc_every"] == 0:
            if config.get("slow_auc"):
                journal.wait(90.0)
            network.eval()
            with torch.no_grad():
                scores = network(fields[held], counters[held])
                journal.log(step, {"eval_logloss": functional.binary_cross_entropy_with_logits(scores, clicks[held]),
                                   "eval_auc": auc_of(scores, clicks[held])})
            network.train()


_LOSS = FirstRow("train_logloss")
STORIES = [
    Story("healthy", "Nothing is wrong: one pass over the log; the loss begins at ln 2 and falls."),
    Story("healthy-small-batch", "Sixteen rows a step: the loss is very noisy.", {"batch_rows": 16, "adam_lr": 1e-3}),
    Story("healthy-bots", "Every 60 steps an eighth of the batch are bots: the loss and the gradient jump for one step.",
          {"bots_every": 60}),
    Story("healthy-drift", "A quarter of the sites change their meaning while the log is read: the loss falls less.",
          {"drift": True}),
    Story("healthy-downsampled", "A third of the rows without a click are kept: another rate of clicks than held out, and so "
          "another loss.", {"downsampled": 0.35, "batch_rows": 160}),
    Story("healthy-frozen-sites", "The sites' embeddings are fixed on purpose, as the configuration says.",
          {"freeze_sites": True}, allowed=("frozen-layer",)),
    Story("healthy-dropout", "A third of the units are dropped, and each AUC takes a minute and a half.",
          {"dropout_p": 0.35, "slow_auc": True}),
    Story("healthy-rate-drop", "The rate falls to a tenth at step 190, and the loss flattens.", {"drop_at": 190}),
    Story("healthy-long", "440 steps at a low rate with decay of the weights: the last third gains little.",
          {"batches": 440, "adam_lr": 1e-3, "adam_wd": 1e-4, "report_every": 6}),
    Story("dead-relu", "The prior of the clicks was written into the bias of the first layer: none of its units is ever "
          "active.", fault="prior-in-wrong-bias", rules=("dead-units", "no-learning", "gradient-vanishing"),
          causes=("dead-relu",), layer=("mlp.1", "mlp.0"), onset=_LOSS, harm=worse("train_logloss", 1.15),
          allowed=("no-learning", "frozen-layer", "gradient-vanishing", "loss-plateau", "update-ratio-out-of-band",
                   "dead-units")),
    Story("gradients-kept", "zero_grad is never called: each step adds the gradients of all before.", {"adam_lr": 2e-2},
          "gradients-kept", rules=("gradient-explosion", "loss-divergence", "no-learning"),
          causes=("gradients-not-cleared",), begins=2, onset=Deviates("grad_norm", "above"),
          harm=worse("train_logloss", 1.15),
          allowed=("gradient-explosion", "loss-divergence", "loss-spike", "no-learning", "loss-plateau", "dead-units",
                   "update-ratio-out-of-band", "learning-rate-too-high", "gradient-vanishing", "frozen-layer")),
    Story("lr-too-low", "The learning rate is 2e-7: a typing error.", {"adam_lr": 2e-7},
          rules=("no-learning", "update-ratio-out-of-band"), causes=("learning-rate-too-low",), onset=_LOSS,
          harm=worse("train_logloss", 1.15), advice=("adam_lr",),
          allowed=("loss-plateau", "no-learning", "update-ratio-out-of-band", "frozen-layer")),
    Story("many-passes", "700 rows are read forty times, with wide embeddings and without decay: users are learnt by heart.",
          {"train_rows": 700, "embed_dim": 24, "adam_wd": 0.0, "passes": 42, "auc_every": 20},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest("eval_logloss"), harm=turns("eval_logloss", 1.15), advice=("passes", "adam_wd", "dropout_p"),
          allowed=("memorization",)),
    Story("raw-counters", "Steps 150 to 152 read the logs of a client that sends counts and not their logarithms.",
          fault="raw-counters", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"), begins=150, onset=_LOSS,
          harm=jumps("train_logloss", 150, 1.5), allowed=("gradient-explosion",)),
    Story("remote-features", "From step 170 on features are read from a store far away.", fault="remote-features",
          rules=("input-bound", "throughput-drop"), causes=("data-loader-slow",), begins=170, onset=FirstRow("read_time"),
          harm=grows("read_time", 170, 3.0), allowed=("throughput-drop", "input-bound")),
]
