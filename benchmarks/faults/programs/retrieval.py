"""Dense retrieval: a tower for queries and one for documents, both on bags of words, in-batch softmax over cosines with a
learned temperature, AdamW with an inverse square root schedule, lines of Python's logging and recall on held-out documents."""

from __future__ import annotations

import copy
import math
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import clip, set_rate
from story import AfterBest, Rows, Story, jumps, not_finite, turns, worse

CONFIG = {
    "model": "two-tower-dense", "embedding_dim": 48, "dropout": 0.1, "temperature": 0.2, "batch_size": 32, "epochs": 2,
    "train_pairs": 4800, "lr": 4e-3, "schedule": "inverse_sqrt", "warmup_steps": 30, "weight_decay": 0.01,
    "max_grad_norm": 5.0, "log_every": 6, "eval_every": 50, "freeze_embeddings": False, "hard_negatives": 0,
    "watch_every": 50,
}
WORDS, LENGTH, TOPICS, HELD = 240, 16, 10, 240
Pairs = tuple[Tensor, Tensor]


def lines(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    seconds = journal.now()
    date = "2026-09-21 %02d:%02d:%02d,%03d" % (9 + seconds // 3600, seconds // 60 % 60, seconds % 60, seconds * 1000 % 1000)
    epoch = 1 + (step - 1) // max(1, journal.config["train_pairs"] // journal.config["batch_size"])
    pairs = " ".join(f"{name}={value:.3e}" if name == "lr" else f"{name}={value:.4f}" for name, value in metrics.items())
    return [("err", f"{date} INFO train_retriever: epoch {epoch} step {step} {pairs}\n")]


STYLE = lines


@lru_cache(maxsize=None)
def corpus(count: int, seed: int, bases: int) -> Pairs:
    """Queries [count, 5] and documents [count, 16], 0 where there is no word. A document is of two topics; a query holds
    three to five of its words in the words of those who ask, and now and then another one. With `bases`, documents are
    slightly edited copies of so many."""
    world = torch.Generator().manual_seed(17)
    liking = torch.randn(TOPICS, WORDS, generator=world).mul(1.6).softmax(-1)
    asked = torch.randperm(WORDS, generator=world) + 1
    # Copies, in training and held out, are of the same documents.
    source = torch.Generator().manual_seed(61 if bases else seed)
    kinds = bases or count
    topic = torch.randint(0, TOPICS, (kinds, 2), generator=source)
    chance = 0.5 * (liking[topic[:, 0]] + liking[topic[:, 1]])
    documents = torch.multinomial(chance, LENGTH, generator=source) + 1
    lengths = torch.randint(8, LENGTH + 1, (kinds,), generator=source)
    if bases:
        source = torch.Generator().manual_seed(seed)
        copies = torch.randint(0, bases, (count,), generator=source)
        documents, lengths, chance = documents[copies].clone(), lengths[copies], chance[copies]
        edited = torch.rand(documents.shape, generator=source) < 0.08
        documents = torch.where(edited, torch.randint(1, WORDS + 1, documents.shape, generator=source), documents)
    documents = torch.where(torch.arange(LENGTH) < lengths.unsqueeze(1), documents, 0)
    places = (torch.rand(count, LENGTH, generator=source) * (documents > 0)).topk(5, -1).indices
    queries = asked[documents.gather(1, places) - 1]
    queries = torch.where(torch.rand(queries.shape, generator=source) < 0.1,
                          torch.randint(1, WORDS + 1, queries.shape, generator=source), queries)
    count_of = torch.randint(3, 6, (count, 1), generator=source)
    return torch.where(torch.arange(5) < count_of, queries, 0), documents


def prepare() -> None:
    corpus(4800, 21, 0)
    corpus(HELD, 22, 0)


class QueryTower(nn.Module):
    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.words = nn.EmbeddingBag(WORDS + 1, width, mode="mean", padding_idx=0)
        self.dropout, self.hidden, self.out = nn.Dropout(dropout), nn.Linear(width, 64), nn.Linear(64, width)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.out(functional.gelu(self.hidden(self.dropout(self.words(tokens)))))
        return out


class DocumentTower(nn.Module):
    """Attention over the words, then a hidden layer."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.words, self.score = nn.Embedding(WORDS + 1, width, padding_idx=0), nn.Linear(width, 1)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.hidden, self.out = nn.Linear(width, 64), nn.Linear(64, width)

    def forward(self, tokens: Tensor) -> Tensor:
        words = self.words(tokens)
        weights = self.score(words).squeeze(-1).masked_fill(tokens == 0, -math.inf).softmax(-1)
        pooled = self.norm((weights.unsqueeze(-1) * words).sum(1))
        out: Tensor = self.out(functional.gelu(self.hidden(self.dropout(pooled))))
        return out


class Retriever(nn.Module):
    def __init__(self, config: dict, documents_are_cached: bool):
        super().__init__()
        self.query = QueryTower(config["embedding_dim"], config["dropout"])
        self.document = DocumentTower(config["embedding_dim"], config["dropout"])
        self.log_scale = nn.Parameter(torch.tensor(-math.log(config["temperature"])))
        self.documents_are_cached = documents_are_cached
        for table in (self.query.words, self.document.words):
            nn.init.normal_(table.weight, std=0.25)
        if config["freeze_embeddings"]:
            self.query.words.requires_grad_(False)
            self.document.words.requires_grad_(False)

    def encode_documents(self, tokens: Tensor) -> Tensor:
        # The helper that fills the index runs without gradients; with the fault, training calls it as well.
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.documents_are_cached):
            return functional.normalize(self.document(tokens), dim=-1)

    def forward(self, queries: Tensor, documents: Tensor) -> Tensor:
        """Logits [queries, documents]."""
        asked = functional.normalize(self.query(queries), dim=-1)
        return self.log_scale.clamp(max=math.log(100.0)).exp() * asked @ self.encode_documents(documents).T


class Run:
    def __init__(self, journal: Journal):
        self.journal, self.config, self.fault = journal, journal.config, journal.fault
        config = self.config
        self.source = torch.Generator().manual_seed(journal.seed)
        bases = config.get("document_clusters", 0)
        queries, documents = corpus(4800, 21, bases)
        self.queries, self.documents = queries[:config["train_pairs"]], documents[:config["train_pairs"]]
        self.held = corpus(HELD, 22, bases)
        if self.fault == "index-not-reset":
            # The table of queries was shuffled and joined by position: its index was not reset.
            self.queries = self.queries[torch.randperm(len(self.queries), generator=self.source)]
        self.model = Retriever(config, self.fault == "cached-documents")
        parameters = [one for one in self.model.parameters() if one.requires_grad]
        self.optimizer = torch.optim.AdamW(parameters, lr=config["lr"], weight_decay=config["weight_decay"])
        self.parameters, self.recent = parameters, []
        self.per_epoch = len(self.queries) // config["batch_size"]
        self.total = config["epochs"] * self.per_epoch
        # The schedule's own count of steps, which a resume has to restore.
        self.scheduled = 0

    def rate(self) -> float:
        peak, warmup = self.config["lr"], self.config["warmup_steps"]
        if self.config["schedule"] == "constant":
            return float(peak * min(1.0, self.scheduled / warmup))
        if self.config["schedule"] == "linear":
            return float(peak * min(self.scheduled / warmup, max(0.0, 1 - self.scheduled / self.total)))
        return float(peak * min(self.scheduled / warmup, math.sqrt(warmup / self.scheduled)))

    def batch(self, step: int) -> Pairs:
        epoch, place = divmod(step - 1, self.per_epoch)
        order = torch.randperm(len(self.queries), generator=torch.Generator().manual_seed(self.journal.seed * 1000 + epoch))
        size = self.config["batch_size"]
        chosen = order[place * size:(place + 1) * size]
        queries, documents = self.queries[chosen], self.documents[chosen]
        if self.fault == "markup-only" and step >= 262:
            # The second shard: of pages that held nothing but markup no word is left after cleaning.
            source = torch.Generator().manual_seed(self.journal.seed * 1000 + step)
            documents = documents * (torch.rand(len(documents), 1, generator=source) > 0.05)
        if self.fault == "cookie-notice" and 170 <= step < 180:
            # A shard of pages where the crawler saw the cookie notice and not the page.
            documents = self.documents[:1].expand(len(documents), -1)
        return queries, documents

    def mined(self, queries: Tensor, documents: Tensor, count: int) -> Tensor:
        """The documents of a sample that score best for the queries, without their own."""
        sample = self.documents[torch.randint(0, len(self.documents), (200,), generator=self.source)]
        self.model.eval()
        with torch.no_grad():
            scores = self.model(queries, sample)
        self.model.train()
        own = (sample.unsqueeze(0) == documents.unsqueeze(1)).all(-1)
        return sample[scores.masked_fill(own, -math.inf).topk(count, -1).indices.flatten().unique()]

    def step(self, step: int) -> None:
        config = self.config
        queries, documents = self.batch(step)
        candidates = documents
        if config["hard_negatives"] and step > config["hard_negatives_from"]:
            candidates = torch.cat([documents, self.mined(queries, documents, config["hard_negatives"])])
        self.scheduled += 1
        set_rate(self.optimizer, self.rate())
        logits = self.model(queries, candidates)
        loss = functional.cross_entropy(logits, torch.arange(len(queries)))
        self.optimizer.zero_grad()
        loss.backward()
        norm = clip(self.parameters, config["max_grad_norm"])
        self.optimizer.step()
        self.recent.append(loss.item())
        self.journal.wait(0.05)
        if step % config["log_every"] == 0 or step == 1:
            hits = (logits.argmax(-1) == torch.arange(len(queries))).float().mean()
            self.journal.log(step, {"loss": sum(self.recent) / len(self.recent), "acc": hits, "gnorm": norm,
                                    "temp": torch.exp(-self.model.log_scale), "lr": self.rate()})
            self.recent = []
        if step % config["eval_every"] == 0:
            self.evaluate(step)

    def evaluate(self, step: int) -> None:
        queries, documents = self.held
        self.journal.wait(self.config.get("index_seconds", 2.0))
        self.model.eval()
        with torch.no_grad():
            logits = self.model(queries, documents)
            own = torch.arange(len(queries))
            # The loss is over as many candidates as in training.
            size = min(self.config["batch_size"], 40)
            blocks = [functional.cross_entropy(logits[at:at + size, at:at + size], own[:size])
                      for at in range(0, HELD - size + 1, size)]
            rank = (logits > logits.diagonal().unsqueeze(1)).sum(1)
        self.journal.log(step, {"eval_loss": sum(blocks) / len(blocks), "eval_recall@1": (rank < 1).float().mean(),
                                "eval_recall@10": (rank < 10).float().mean()})
        self.model.train()


def train(journal: Journal) -> None:
    run, saved = Run(journal), journal.config.get("resume_step")
    journal.watch(run.model, run.optimizer)
    if saved is None:
        for step in range(1, run.total + 1):
            run.step(step)
        return
    for step in range(1, saved + 1):
        run.step(step)
    kept = copy.deepcopy((run.model.state_dict(), run.optimizer.state_dict(), run.scheduled))
    for step in range(saved + 1, saved + 15):
        run.step(step)
    journal.print("Terminated\n", "err")
    journal.wait(400.0)
    journal.print(f"loading checkpoints/step_{saved}.pt\n", "err")
    run.model.load_state_dict(kept[0])
    run.recent = []
    if journal.fault == "fresh-schedule":
        # The checkpoint holds the weights and the step; optimizer and scheduler are made anew.
        run.optimizer.state.clear()
        run.scheduled = 0
    else:
        run.optimizer.load_state_dict(kept[1])
        run.scheduled = kept[2]
    for step in range(saved + 1, run.total + 1):
        run.step(step)


def after_resume(rows: Rows, _healthy: Rows) -> tuple[bool, str]:
    """The rows behind the resume, against the six before its step."""
    again = max(i for i in range(1, len(rows)) if rows[i][0] < rows[i - 1][0])
    after = [row["loss"] for _, row in rows[again:] if "loss" in row]
    before = [row["loss"] for step, row in rows[:again] if "loss" in row and step <= rows[again][0]][-7:-1]
    mine, other = sum(after[-6:]) / len(after[-6:]), sum(before) / len(before)
    return mine > other * 1.07, f"mean loss at the end, behind the resume, {mine:.4g}, before {other:.4g}"


_DOCUMENT = ("document", "document.words", "document.score", "document.norm", "document.hidden", "document.out")
STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins at ln 32 and falls, recall rises."),
    Story("healthy-small-batch", "Six pairs a step: few negatives and a very noisy loss.", {"batch_size": 6, "lr": 1.5e-3,
                                                                                         "train_pairs": 900}),
    Story("healthy-near-duplicates", "The corpus holds many edited copies of sixty documents: in each batch some negatives are "
          "as right as the document itself, so that recall@1 stays low.", {"document_clusters": 60}),
    Story("healthy-frozen-embeddings", "Both tables of words are fixed on purpose, as the configuration says.",
          {"freeze_embeddings": True}, allowed=("frozen-layer",)),
    Story("healthy-resumed", "Terminated after step 194 and resumed from step 180 with weights, optimizer, schedule and order "
          "of the data.", {"resume_step": 180}),
    Story("healthy-hard-negatives", "From the second epoch on the best wrong documents of a sample are negatives as well, as the "
          "configuration says: the training loss jumps up, since the task is harder.",
          {"hard_negatives": 4, "hard_negatives_from": 150}),
    Story("healthy-long", "450 steps at a constant rate, and an index that takes four minutes to build before each evaluation: "
          "the last third gains little.", {"epochs": 3, "schedule": "constant", "lr": 2e-3, "weight_decay": 0.1, "dropout": 0.3,
                                           "eval_every": 90, "index_seconds": 240.0, "log_every": 9, "watch_every": 75}),
    Story("lr-too-high", "The learning rate is 0.3, as for the SGD of an older script: both towers are thrown to "
          "where all cosines are alike, and the loss hardly leaves ln 32.", {"lr": 0.3},
          rules=("learning-rate-too-high", "no-learning", "loss-plateau", "loss-divergence"),
          causes=("learning-rate-too-high",), begins=2, harm=worse("loss", 1.5),
          advice=("lr",),
          allowed=("learning-rate-too-high", "loss-divergence", "no-learning", "loss-plateau", "loss-spike", "dead-units",
                   "gradient-explosion", "gradient-vanishing", "update-ratio-out-of-band", "frozen-layer",
                   "saturated-activations")),
    Story("index-not-reset", "Queries and documents were joined by position after one table was shuffled: no query belongs to "
          "its document.", fault="index-not-reset", rules=("no-learning", "loss-plateau", "overfitting"),
          causes=("labels-unrelated", "labels-shifted"), harm=worse("loss", 1.3),
          allowed=("no-learning", "loss-plateau", "overfitting", "memorization")),
    Story("cached-documents", "Training calls the helper that fills the index, which runs without gradients: the document "
          "tower is never updated.", fault="cached-documents", rules=("frozen-layer", "no-learning", "loss-plateau"),
          causes=("detached-graph", "frozen-parameters", "optimizer-not-stepping"), layer=_DOCUMENT,
          harm=worse("loss", 1.15), allowed=("frozen-layer", "no-learning", "loss-plateau", "update-ratio-out-of-band")),
    Story("markup-only", "From step 262 on a shard is read in which some documents have no word left after cleaning: the "
          "attention over no word is NaN, and then every weight.", fault="markup-only",
          rules=("non-finite-loss", "non-finite-layer"), causes=("bad-batch", "nan-in-code", "degenerate-input"),
          layer=("document", "document.norm", "document.score"), begins=262, harm=not_finite("loss"),
          allowed=("non-finite-loss", "non-finite-layer", "hidden-non-finite-loss", "gradient-explosion",
                   "loss-divergence")),
    Story("few-pairs", "96 pairs are read a hundred times, without dropout or decay: they are learnt by heart.",
          {"train_pairs": 96, "epochs": 100, "lr": 0.01, "eval_every": 25, "dropout": 0.0, "weight_decay": 0.0},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest(), harm=turns("eval_loss", 1.1), advice=("epochs", "dropout", "weight_decay", "train_pairs"),
          allowed=("overfitting", "memorization")),
    Story("fresh-schedule", "Resumed from step 240 with the weights alone: Adam's moments are zero, and warm-up and decay of "
          "the learning rate begin again.", {"resume_step": 240, "lr": 0.05, "schedule": "linear", "warmup_steps": 10}, "fresh-schedule",
          rules=("resume-discontinuity",), causes=("optimizer-state-lost", "schedule-not-restored"), begins=241,
          harm=after_resume, allowed=("resume-discontinuity", "loss-spike", "gradient-explosion",
                                      "learning-rate-too-high")),
    Story("cookie-notice", "Steps 170 to 179 read pages of which the crawler saw the cookie notice alone: all documents of a "
          "batch are the same.", fault="cookie-notice", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"),
          begins=170, harm=jumps("loss", 170, 1.35),
          allowed=("loss-spike", "gradient-explosion", "gradient-vanishing", "loss-divergence")),
]
