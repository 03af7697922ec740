"""A sequential recommender: SASRec over each user's last views, a sampled softmax over shared negatives drawn by popularity with
the logQ correction, AdamW with a cosine, and the lines of a company's own training script through Python's logging."""

from __future__ import annotations

import copy
import logging
import math
import random
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import clip, schedule, set_rate
from story import AfterBest, Deviates, FirstRow, Story, grows, jumps, not_finite, worse

CONFIG = {
    "model": "sasrec", "hidden_units": 32, "num_blocks": 2, "num_heads": 2, "dropout_rate": 0.1, "maxlen": 20, "batch_size": 64,
    "lr": 4e-3, "lr_schedule": "cosine", "warmup_steps": 20, "max_steps": 400, "weight_decay": 0.01, "clip_norm": 5.0,
    "num_negatives": 64, "negatives_until": 0, "logq_correction": True, "log_every_steps": 10, "eval_every_steps": 50,
    "checkpoint_every_steps": 100, "resume_from_step": 0, "warm_start": "", "sample_users": 0, "watch_every": 50,
}
ITEMS, RELEASES, GENRES, USERS, HELD = 480, 20, 16, 1600, 320
PER_GENRE = ITEMS // GENRES


def logger_of(journal: Journal) -> logging.Logger:
    """Python's own logging, on the journal's clock and console."""

    class Console(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            journal.print(self.format(record) + "\n", "err")

    class Dated(logging.Formatter):
        def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
            seconds = journal.now()
            return "2026-09-21 %02d:%02d:%02d,%03d" % (
                2 + seconds // 3600, seconds // 60 % 60, seconds % 60, seconds * 1000 % 1000)

    root = logging.getLogger("recsys")
    root.setLevel(logging.INFO)
    root.propagate = False
    if not root.handlers:
        handler = Console()
        handler.setFormatter(Dated("%(asctime)s %(levelname)-7s [%(name)s] %(message)s"))
        root.addHandler(handler)
    return root


def lines(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    log = logger_of(journal)
    if "valid_loss" in metrics:
        log.getChild("evaluator").info(
            "valid @ step %d | loss %.4f | ndcg@10 %.4f | hr@10 %.4f | %d users in %.1fs", step, metrics["valid_loss"],
            metrics["valid_ndcg@10"], metrics["valid_hr@10"], HELD, metrics["valid_seconds"])
    else:
        log.getChild("trainer").info(
            "step %d/%d | epoch %.2f | loss %.4f | lr %.3e | grad_norm %.3f | data %.0fms | step %.0fms | %.1f seq/s", step,
            journal.config["max_steps"], metrics["epoch"], metrics["loss"], metrics["lr"], metrics["grad_norm"],
            1000 * metrics["data_seconds"], 1000 * metrics["seconds"], metrics["rate"])
    return []


STYLE = lines


@lru_cache(maxsize=None)
def views(day: int) -> tuple[Tensor, Tensor]:
    """Each user's last views, oldest first, with 0 before the first: those to train on and those of held-out users.

    Items of a genre are parts of series; people go on with a series, or take what is popular in a genre of theirs."""
    world, source = random.Random(5), random.Random(100 + day)
    after: dict[int, int] = {}
    genre_items = []
    for genre in range(GENRES):
        items = list(range(1 + genre * PER_GENRE, 1 + (genre + 1) * PER_GENRE))
        world.shuffle(items)
        genre_items.append(items)
        after.update(zip(items, items[1:] + items[:1]))
    weights = [1 / (1 + rank) ** 0.8 for rank in range(PER_GENRE)]
    width = CONFIG["maxlen"] + 2
    rows = torch.zeros(USERS + HELD, width, dtype=torch.long)
    for row in rows:
        taste = source.sample(range(GENRES), 3)
        length = source.randrange(8, width + 1)
        item, genre = 0, taste[0]
        seen: list[int] = []
        for _ in range(length):
            luck = source.random()
            if item and luck < 0.6:
                item = after[item]
            else:
                genre = genre if luck < 0.8 else source.choice(taste)
                item = source.choices(genre_items[genre], weights)[0]
            seen.append(item)
        row[-length:] = torch.tensor(seen)
    return rows[:USERS], rows[USERS:]


def prepare() -> None:
    views(0)
    yesterday()


class Block(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.ffn = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        query = self.norm1(x)
        x = x + self.attention(query, x, x, attn_mask=mask, need_weights=False)[0]
        out: Tensor = x + self.dropout(self.ffn(self.norm2(x)))
        return out


class SASRec(nn.Module):
    def __init__(self, config: dict, fault: str | None):
        super().__init__()
        width, self.is_causal = config["hidden_units"], fault != "mask-dropped"
        self.item_emb = nn.Embedding(1 + ITEMS + RELEASES, width, padding_idx=0)
        self.pos_emb = nn.Embedding(config["maxlen"] + 1, width)
        self.emb_dropout = nn.Dropout(config["dropout_rate"])
        self.blocks = nn.ModuleList(Block(width, config["num_heads"], config["dropout_rate"]) for _ in range(config["num_blocks"]))
        self.norm = nn.LayerNorm(width)
        if fault != "init-not-called":
            self.apply(self._init)

    @staticmethod
    def _init(module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.trunc_normal_(module.weight, std=0.05)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            nn.init.zeros_(module.weight[0])

    def forward(self, seq: Tensor) -> Tensor:
        length = seq.shape[1]
        x = self.item_emb(seq) * math.sqrt(self.item_emb.embedding_dim) + self.pos_emb(torch.arange(length))
        x = self.emb_dropout(x) * (seq != 0).unsqueeze(2)
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1) if self.is_causal else None
        for block in self.blocks:
            x = block(x, mask)
        out: Tensor = self.norm(x)
        return out


class Negatives:
    """Draws by popularity to the power of 3/4, as counted in the snapshot of the catalogue."""

    def __init__(self, rows: Tensor):
        counts = torch.bincount(rows[rows > 0], minlength=1 + ITEMS + RELEASES).double()
        self.share = (counts ** 0.75 / (counts ** 0.75).sum()).float()

    def draw(self, count: int, source: torch.Generator | None = None) -> Tensor:
        return torch.multinomial(self.share, count, True, generator=source)

    def loss(self, model: SASRec, hidden: Tensor, target: Tensor, negatives: Tensor) -> Tensor:
        """Of the positions that have a target: the softmax over it and the shared negatives."""
        kept = target > 0
        hidden, target = hidden[kept], target[kept]
        right = (hidden * model.item_emb(target)).sum(1) - self.share[target].log()
        wrong = hidden @ model.item_emb(negatives).T - self.share[negatives].log()
        wrong = wrong.masked_fill(target.unsqueeze(1) == negatives, -1e9)
        scores = torch.cat([right.unsqueeze(1), wrong], 1)
        return functional.cross_entropy(scores, torch.zeros(len(target), dtype=torch.long))


def evaluate(model: SASRec, negatives: Negatives, held: Tensor, count: int) -> dict[str, float]:
    """The last view of held-out users, against the whole catalogue; its loss is that of training."""
    model.eval()
    with torch.no_grad():
        hidden, target = model(held[:, 1:-1])[:, -1], held[:, -1]
        loss = negatives.loss(model, hidden, target, negatives.draw(count, torch.Generator().manual_seed(1)))
        scores = hidden @ model.item_emb.weight[1:].T
        own = scores.gather(1, target.unsqueeze(1) - 1)
        rank = (scores > own).sum(1) if bool(torch.isfinite(own).all()) else torch.full((len(held),), ITEMS)
    model.train()
    hit = (rank < 10).float()
    return {"valid_loss": float(loss), "valid_ndcg@10": float((hit / (rank + 2.0).log2()).mean()), "valid_hr@10": float(hit.mean())}


def optimizer_of(model: SASRec, config: dict, fault: str | None) -> torch.optim.Optimizer:
    """Groups by the names of parameters: embeddings and norms without decay."""
    # The tables were called item_embedding and pos_embedding once.
    table = "_embedding." if fault == "renamed-tables" else "_emb."
    decayed, others = [], []
    for name, parameter in model.named_parameters():
        if table in name or (name.startswith(("blocks.", "norm.")) and parameter.ndim == 1):
            others.append(parameter)
        elif name.startswith("blocks."):
            decayed.append(parameter)
    groups = [{"params": decayed, "weight_decay": config["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config["lr"], betas=(0.9, 0.98))


def batch_of(rows: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    seen = rows[chosen]
    return seen[:, :-2], seen[:, 1:-1]


@lru_cache(maxsize=None)
def yesterday() -> dict[str, Tensor]:
    """The model of the day before, for runs that begin with it."""
    torch.manual_seed(77)
    config, rows = CONFIG, views(1)[0]
    model, negatives = SASRec(config, None), Negatives(rows)
    optimizer, rate = optimizer_of(model, config, None), schedule("cosine", 20, 600)
    for step in range(1, 601):
        seq, target = batch_of(rows, torch.randint(0, USERS, (64,)))
        set_rate(optimizer, config["lr"] * rate(step))
        loss = negatives.loss(model, model(seq), target, negatives.draw(64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.state_dict()


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    log = logger_of(journal).getChild("trainer")
    rows, held = views(0)
    rows = rows[:config["sample_users"] or USERS]
    source = torch.Generator().manual_seed(journal.seed)
    size, total, every, resume = config["batch_size"], config["max_steps"], config["log_every_steps"], config["resume_from_step"]
    log.info("config: %s", {name: value for name, value in config.items()
                            if name not in ("watch_every", "eval_seconds")})
    log.info("loaded %d interactions of %d users, %d items in the catalogue", int((rows > 0).sum()), len(rows), ITEMS + RELEASES)
    model = SASRec(config, fault)
    if config["warm_start"]:
        model.load_state_dict(yesterday())
        log.info("warm start: loaded weights from %s", config["warm_start"])
    log.info("model sasrec: %d parameters", sum(p.numel() for p in model.parameters()))
    optimizer, negatives = optimizer_of(model, config, fault), Negatives(rows)
    journal.watch(model, optimizer)
    rate = schedule(config["lr_schedule"], config["warmup_steps"], total)
    order = torch.randperm(len(rows), generator=source)
    saved: dict[str, Any] = {}
    lost: list[float] = []
    norms: list[float] = []
    waited, since, step, at, epoch_steps = 0.0, journal.now(), 0, 0, max(1, len(rows) // size)
    while step < total:
        step += 1
        count = config["num_negatives"]
        if step <= config["negatives_until"]:
            count = config["num_negatives"] // 8
        elif config["negatives_until"] and step == config["negatives_until"] + 1:
            log.info("negatives schedule: num_negatives %d -> %d at step %d", count // 8, count, step)
        if at + size > len(rows):
            order, at = torch.randperm(len(rows), generator=source), 0
        pause = 0.006 + 0.004 * float(torch.rand(1))
        if fault == "feature-store" and step >= 233:
            # The cache of the feature store has expired, and its replica is in another region.
            pause = 0.35 + 0.45 * float(torch.rand(1))
        journal.wait(pause)
        waited += pause
        seq, target = batch_of(rows, order[at:at + size])
        at += size
        if fault == "new-releases" and step >= 271:
            # The views of the new hour hold items that the snapshot of the catalogue has not counted.
            chance = torch.rand(target.shape, generator=source)
            fresh = 1 + ITEMS + torch.randint(0, RELEASES, target.shape, generator=source)
            target = torch.where((chance < 0.01) & (target > 0), fresh, target)
        set_rate(optimizer, config["lr"] * rate(step))
        loss = negatives.loss(model, model(seq), target, negatives.draw(count, source))
        optimizer.zero_grad()
        loss.backward()
        norms.append(clip(model.parameters(), config["clip_norm"]))
        optimizer.step()
        lost.append(loss.item())
        if step % every == 0:
            seconds = (journal.now() - since) / every
            journal.log(step, {"epoch": step / epoch_steps, "loss": sum(lost) / len(lost), "lr": config["lr"] * rate(step),
                               "grad_norm": sum(norms) / len(norms), "data_seconds": waited / every, "seconds": seconds,
                               "rate": size / seconds})
            lost, norms, waited, since = [], [], 0.0, journal.now()
        if step % config["eval_every_steps"] == 0:
            began = journal.now()
            journal.wait(config.get("eval_seconds", 2.0))
            found = evaluate(model, negatives, held, count)
            journal.log(step, {**found, "valid_seconds": journal.now() - began})
            since = journal.now()
        if step % config["checkpoint_every_steps"] == 0:
            log.info("saved checkpoint s3://recsys-models/sasrec/20260921/step_%d.pt", step)
            if step == resume and not saved:
                saved = {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict()),
                         "source": source.get_state(), "order": order, "at": at}
        if saved.get("model") and step == resume + 30:
            log.warning("received SIGTERM, exiting")
            journal.wait(412.0)
            log.info("resuming from s3://recsys-models/sasrec/20260921/step_%d.pt", resume)
            log.info("loaded %d interactions of %d users, %d items in the catalogue", int((rows > 0).sum()), len(rows),
                     ITEMS + RELEASES)
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            source.set_state(saved["source"])
            order, at, saved, step = saved["order"], saved["at"], {"done": True}, resume
            if fault == "ids-remapped":
                # Item ids are numbered in the order in which the partitions are read, which is another one now.
                numbers = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(ITEMS, generator=source)])
                rows, held = numbers[rows], numbers[held]
                negatives = Negatives(rows)
            journal._watch.step = step + 1
            lost, norms, waited, since = [], [], 0.0, journal.now()
    log.info("done: %d steps", total)


STORIES = [
    Story("healthy", "Nothing is wrong: the loss falls fast, then slowly with the cosine, and the ranking gets better."),
    Story("healthy-small-batch", "Eight users a step: the loss is noisy, and gradients are clipped at first.",
          {"batch_size": 8, "lr": 2e-3}),
    Story("healthy-dropout", "Dropout of 0.4, as for a catalogue of this size: the training loss stays above that of the evaluation, which "
          "takes two minutes each time.", {"dropout_rate": 0.4, "eval_seconds": 120.0}),
    Story("healthy-daily", "The run begins with the model of the day before, at a small constant rate: the loss begins low and falls by "
          "little.", {"warm_start": "s3://recsys-models/sasrec/20260920/final.pt", "lr": 4e-4, "lr_schedule": "constant"}),
    Story("healthy-resumed", "Stopped at step 230 and resumed from the checkpoint of step 200 with weights, optimizer and order of the "
          "data: the rows behind it come again.", {"resume_from_step": 200}),
    Story("healthy-more-negatives", "From step 201 on there are eight times as many negatives, as the configuration says: the task gets "
          "harder, and the loss is higher from there on.", {"negatives_until": 200, "num_negatives": 256}),
    Story("init-not-called", "The call that initialises the weights was lost when the model was rewritten: the embeddings begin with a "
          "standard deviation of 1, and scores are far too large.", fault="init-not-called", rules=("initial-loss-mismatch",),
          causes=("initialization-too-large",), layer=("item_emb",), onset=FirstRow("loss"),
          harm=worse("valid_ndcg@10", 0.7, lower_is_better=False),
          allowed=("initial-loss-mismatch", "gradient-explosion", "clipping-dominates", "update-ratio-out-of-band", "loss-plateau")),
    Story("mask-dropped", "The causal mask was dropped: each position sees the view that it is to predict, and the model learns to copy "
          "it, which does not help where there is none.", {"lr_schedule": "constant", "max_steps": 500}, "mask-dropped",
          rules=("overfitting", "memorization"), causes=("different-masking", "labels-shifted"), onset=AfterBest("valid_loss"),
          harm=worse("valid_ndcg@10", 0.92, lower_is_better=False), allowed=("overfitting", "memorization")),
    Story("renamed-tables", "The optimizer's groups go by names, and the tables were renamed: item and position embeddings are in no group, "
          "are never updated, and their gradients never cleared.", fault="renamed-tables",
          rules=("frozen-layer", "no-learning", "loss-plateau"), causes=("optimizer-not-stepping", "frozen-parameters"),
          layer=("item_emb", "pos_emb"), onset=FirstRow("loss"), harm=worse("valid_ndcg@10", 0.8, lower_is_better=False),
          allowed=("frozen-layer", "no-learning", "loss-plateau", "clipping-dominates", "update-ratio-out-of-band")),
    Story("new-releases", "From step 271 on the views hold new releases, which the snapshot of the catalogue has not counted: the logQ "
          "correction takes the logarithm of 0.", fault="new-releases", rules=("non-finite-loss", "non-finite-layer"),
          causes=("nan-in-code", "bad-batch", "degenerate-input"), begins=271, onset=FirstRow("loss"), harm=not_finite("loss"),
          advice=("logq_correction",), allowed=("non-finite-loss", "non-finite-layer")),
    Story("ids-remapped", "Resumed from the checkpoint of step 200, and item ids are numbered anew from partitions read in another order: "
          "each embedding belongs to another item.", {"resume_from_step": 200}, "ids-remapped", rules=("resume-discontinuity",),
          causes=("different-data", "different-seed-or-init"), begins=201, onset=FirstRow("loss"), harm=jumps("loss", 201, 1.5),
          allowed=("loss-spike", "loss-divergence")),
    Story("feature-store", "From step 233 on the cache of the feature store has expired, and each batch is fetched from another region.",
          fault="feature-store", rules=("input-bound", "throughput-drop"), causes=("data-loader-slow", "neighbour-load"), begins=233,
          onset=FirstRow("data_seconds"), harm=grows("seconds", 233, 1.5), allowed=("input-bound", "throughput-drop")),
]
