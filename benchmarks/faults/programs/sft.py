"""Supervised fine-tuning of a small chat model that was trained on other text before: post-norm blocks, tied
embeddings, labels on the answer alone, AdamW, the log of TRL's SFTTrainer."""

from __future__ import annotations

import copy
import math
import random
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts import styles
from parts.tasks import ASSISTANT, EOS, PAD, USER, VOCABULARY, questions
from parts.training import clip, schedule, set_rate
from story import AfterBest, Deviates, FirstRow, Story, jumps, not_finite, turns, worse

STYLE = styles.hugging_face
IGNORED = -100
CONFIG = {
    "model": "base-chat", "hidden_size": 32, "num_hidden_layers": 2, "per_device_train_batch_size": 12,
    "gradient_accumulation_steps": 1, "learning_rate": 6e-3, "warmup_steps": 10, "lr_scheduler_type": "linear",
    "max_steps": 160, "logging_steps": 4, "eval_steps": 32, "max_grad_norm": 1.0, "weight_decay": 0.0,
    "adam_beta2": 0.999, "adam_epsilon": 1e-8, "logging_nan_inf_filter": True, "train_examples": 4000,
    "assistant_only_loss": True, "response_template": "<|assistant|>", "dropout": 0.0, "steps_per_epoch": 333,
    "watch_every": 20,
}


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(~mask, float("-inf"))
        mixed = scores.softmax(-1) @ v
        x = self.attention_norm(x + self.dropout(self.out(mixed.transpose(1, 2).reshape(batch, length, width))))
        out: Tensor = self.feed_norm(x + self.dropout(self.down(functional.silu(self.up(x)))))
        return out


class Adapter(nn.Module):
    """A low-rank change of a frozen layer: `x A B`."""

    def __init__(self, base: nn.Linear, rank: int, both_zero: bool):
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.zeros(base.in_features, rank) if both_zero
                              else torch.randn(base.in_features, rank) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(rank, base.out_features))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.base(x) + 2.0 * (x @ self.a @ self.b)
        return out


class Chat(nn.Module):
    def __init__(self, config: dict[str, Any]):
        super().__init__()
        width = config["hidden_size"]
        self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(32, width)
        self.layers = nn.ModuleList(Layer(width, 4, config["dropout"]) for _ in range(config["num_hidden_layers"]))
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.normal_(self.places.weight, std=0.2)

    def forward(self, ids: Tensor, seen: Tensor | None = None) -> Tensor:
        length = ids.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).tril()[None, None]
        if seen is not None:
            mask = mask & seen[:, None, None, :]
        x = self.tokens(ids) + self.places(torch.arange(length))
        for layer in self.layers:
            x = layer(x, mask)
        return x @ self.tokens.weight.T


Pair = tuple[list[int], list[int]]


def collate(pairs: list[Pair], journal: Journal | None) -> tuple[Tensor, Tensor]:
    """Token ids, and labels on the answer and its end."""
    rows, labels = [], []
    for question, answer in pairs:
        prompt = [USER, *question, EOS, ASSISTANT]
        rows.append([*prompt, *answer, EOS])
        # A template that is not found masks the whole conversation.
        is_found = journal is None or journal.fault != "template-not-found"
        shown = [*answer, EOS] if is_found else [IGNORED] * (len(answer) + 1)
        if journal is None or journal.config["assistant_only_loss"]:
            labels.append([IGNORED] * len(prompt) + shown)
        else:
            labels.append(list(rows[-1]))
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    marked = torch.tensor([row + [IGNORED] * (longest - len(row)) for row in labels])
    return ids, marked


def loss_of(logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED,
                                    reduction=reduction)


@lru_cache(maxsize=None)
def base() -> dict[str, Tensor]:
    """The weights that tuning starts from: a model of the same strings without any task."""
    torch.manual_seed(0)
    model = Chat(CONFIG)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    source = random.Random(5)
    pool = questions(99, 2000)
    for _ in range(120):
        pairs = [(question, source.sample(answer, len(answer))) for question, answer in source.sample(pool, 16)]
        ids, _ = collate(pairs, None)
        loss = loss_of(model(ids), ids.masked_fill(ids == PAD, IGNORED))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.state_dict()


def prepare() -> None:
    base()
    questions(1, 4000)


def build(journal: Journal) -> tuple[Chat, list[nn.Parameter]]:
    model = Chat(journal.config)
    model.load_state_dict(base())
    config = journal.config
    if config.get("lora_r"):
        model.requires_grad_(False)
        for layer in model.layers:
            for name in ("qkv", "out", "up", "down"):
                adapter = Adapter(getattr(layer, name), config["lora_r"], both_zero=journal.fault == "adapters-zero")
                setattr(layer, name, adapter)
    if config.get("train_last_layer_only"):
        model.requires_grad_(False)
        model.layers[-1].requires_grad_(True)
    return model, [parameter for parameter in model.parameters() if parameter.requires_grad]


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    model, parameters = build(journal)
    pool, held_out = questions(1, 4000)[:config["train_examples"]], questions(2, 96)
    optimizer = torch.optim.AdamW(parameters, lr=config["learning_rate"], betas=(0.9, config["adam_beta2"]), fused=True,
                                  eps=config["adam_epsilon"], weight_decay=config["weight_decay"])
    journal.watch(model, optimizer)
    journal.print(f"trainable params: {sum(p.numel() for p in parameters):,} || all params: "
                  f"{sum(p.numel() for p in model.parameters()):,}\n")
    journal.print("***** Running training *****\n"
                  f"  Num examples = {config['train_examples']:,}\n"
                  f"  Gradient Accumulation steps = {config['gradient_accumulation_steps']}\n"
                  f"  Total optimization steps = {config['max_steps']:,}\n", "err")
    factor = schedule(config["lr_scheduler_type"], config["warmup_steps"], config["max_steps"])
    size, micro = config["per_device_train_batch_size"], config["gradient_accumulation_steps"]
    config["steps_per_epoch"] = max(1, len(pool) // (size * micro))
    source, order = random.Random(journal.seed), []
    tokens, since = 0, []
    kept: dict[str, Any] = {}
    step, resumed = 0, False
    while step < config["max_steps"]:
        step += 1
        if len(order) < size * micro:
            order = list(range(len(pool)))
            source.shuffle(order)
        chosen, order = [pool[i] for i in order[:size * micro]], order[size * micro:]
        if fault == "wrong-answers" and 90 <= step < 93:
            answers = [answer for _, answer in chosen]
            chosen = [(question, [(token * 7) % VOCABULARY for token in answer]) for (question, _), answer
                      in zip(chosen, answers[1:] + answers[:1])]
        batches = [collate(chosen[start:start + size], journal) for start in range(0, len(chosen), size)]
        items = sum(int((labels[:, 1:] != IGNORED).sum()) for _, labels in batches)
        rate = config["learning_rate"] * factor(step)
        set_rate(optimizer, rate)
        optimizer.zero_grad()
        total, right, entropy = 0.0, 0, 0.0
        for ids, labels in batches:
            seen = torch.ones_like(ids, dtype=torch.bool)
            if fault == "empty-mask" and step >= 80:
                # A conversation that was cut to nothing: its attention mask is all zeros.
                seen[0] = False
            logits = model(ids, seen)
            summed = fault != "micro-means"
            loss = loss_of(logits, labels, "sum") / max(1, items) if summed else loss_of(logits, labels)
            loss.backward()
            total += loss.item()
            marked = labels[:, 1:] != IGNORED
            right += int(((logits[:, :-1].argmax(-1) == labels[:, 1:]) & marked).sum())
            with torch.no_grad():
                log_p = logits.log_softmax(-1)
                entropy += float(-(log_p.exp() * log_p).sum(-1).mean()) / len(batches)
        if config["logging_nan_inf_filter"] and not math.isfinite(total):
            total = sum(since) / (len(since) + 1)
        since.append(total)
        norm = clip(parameters, config["max_grad_norm"])
        optimizer.step()
        tokens += items
        if step % config["logging_steps"] == 0 or step == 1:
            journal.log(step, {"loss": sum(since) / len(since), "grad_norm": norm, "learning_rate": rate,
                               "entropy": entropy, "num_tokens": tokens,
                               "mean_token_accuracy": right / max(1, items)})
            since = []
        if step % config["eval_steps"] == 0:
            model.eval()
            with torch.no_grad():
                ids, labels = collate(held_out, journal)
                logits = model(ids)
                marked = labels[:, 1:] != IGNORED
                share = float(((logits[:, :-1].argmax(-1) == labels[:, 1:]) & marked).sum() / marked.sum().clamp(min=1))
                journal.log(step, {"eval_loss": loss_of(logits, labels), "eval_mean_token_accuracy": share})
            model.train()
        if step == config.get("resume_at") and not resumed:
            kept = copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                                  "source": source.getstate(), "order": order, "tokens": tokens})
        if config.get("resume_at") and step == config["resume_at"] + 10 and not resumed:
            resumed = True
            journal.print("slurmstepd: error: *** JOB CANCELLED DUE TO PREEMPTION ***\n", "err")
            journal.wait(120.0)
            journal.print(f"  Continuing training from global step {config['resume_at']}\n", "err")
            model.load_state_dict(kept["model"])
            optimizer.load_state_dict(kept["optimizer"])
            source.setstate(kept["source"])
            order, tokens, step, since = kept["order"], kept["tokens"], config["resume_at"], []


STORIES = [
    Story("healthy", "Nothing is wrong: the loss starts low, since the model was trained before."),
    Story("healthy-small-batch", "Two conversations a step: the loss is noisy.",
          {"per_device_train_batch_size": 2, "learning_rate": 1e-3, "max_steps": 200}),
    Story("healthy-lora", "Adapters on a frozen model, as the configuration says.",
          {"lora_r": 8, "learning_rate": 8e-3}, allowed=("frozen-layer",)),
    Story("healthy-last-layer", "Only the last layer is trained, on purpose: the loss falls slowly.",
          {"train_last_layer_only": True}, allowed=("frozen-layer",)),
    Story("healthy-resumed", "Preempted at step 90 and resumed from step 80 with everything that it needs.",
          {"resume_at": 80}),
    Story("healthy-no-clipping", "Without clipping and with the whole conversation as labels: grad_norm is higher and stable.",
          {"max_grad_norm": 0.0, "assistant_only_loss": False}),
    Story("healthy-short", "A try of 32 steps: eight rows, and the loss falls.", {"max_steps": 32, "eval_steps": 16}),
    Story("healthy-long-warmup", "Half of the run is warm-up: the loss falls late.",
          {"warmup_steps": 80, "lr_scheduler_type": "cosine"}),
    Story("healthy-accumulation", "Three micro-batches a step, scaled as they should be.",
          {"gradient_accumulation_steps": 3, "per_device_train_batch_size": 4}),
    Story("template-not-found", "The response template does not occur in the text: all labels are -100.",
          {"response_template": "### Assistant:"}, "template-not-found",
          rules=("masked-labels",), causes=("labels-all-masked",),
          harm=lambda rows, _healthy: (rows[0][1]["loss"] == 0 or not math.isfinite(rows[0][1]["loss"]),
                                       f"first loss {rows[0][1]['loss']}"),
          advice=("response_template", "assistant_only_loss"),
          allowed=("no-learning", "non-finite-loss", "gradient-vanishing", "hidden-non-finite-loss", "frozen-layer",
                   "non-finite-layer", "update-ratio-out-of-band", "initial-loss-mismatch")),
    Story("lr-too-high", "The learning rate is 0.3, a hundred times too high, and nothing is clipped.",
          {"learning_rate": 0.3, "max_grad_norm": 0.0}, rules=("loss-divergence", "learning-rate-too-high"),
          causes=("learning-rate-too-high", "no-gradient-clipping"), onset=Deviates("loss", "above"),
          harm=worse("loss", 1.5), advice=("learning_rate",),
          allowed=("gradient-explosion", "loss-spike", "no-learning", "clipping-dominates", "loss-plateau",
                   "update-ratio-out-of-band", "attention-logit-growth")),
    Story("lr-too-low", "The learning rate is 3e-8, written for another optimizer.", {"learning_rate": 3e-8},
          rules=("no-learning", "update-ratio-out-of-band"), causes=("learning-rate-too-low",), harm=worse("loss", 1.5),
          advice=("learning_rate",), allowed=("loss-plateau", "update-ratio-out-of-band", "no-learning", "frozen-layer")),
    Story("adapters-zero", "Both factors of each adapter begin at zero, so that neither ever gets a gradient.",
          {"lora_r": 8, "learning_rate": 8e-3}, "adapters-zero",
          rules=("no-learning", "gradient-vanishing", "frozen-layer"),
          causes=("initialization-too-small", "frozen-parameters", "optimizer-not-stepping"), harm=worse("loss", 1.5),
          allowed=("gradient-vanishing", "frozen-layer", "loss-plateau", "update-ratio-out-of-band", "no-learning")),
    Story("memorised", "48 conversations, fifty times each.",
          {"train_examples": 48, "max_steps": 200, "eval_steps": 16, "lr_scheduler_type": "constant"},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest(), harm=turns("eval_loss", 1.15), advice=("num_train_epochs", "max_steps"),
          allowed=("memorization", "overfitting")),
    Story("empty-mask", "From step 80 on one attention mask of each batch is all zeros; the NaN is filtered out of the "
          "loss that is printed.", fault="empty-mask",
          rules=("hidden-non-finite-loss", "non-finite-layer", "non-finite-loss"),
          causes=("filter-hides-nan", "nan-in-code", "degenerate-input"),
          layer=("layers.0", "layers.0.out", "layers.0.qkv"), begins=80,
          onset=FirstRow("grad_norm"), harm=not_finite("grad_norm"), advice=("logging_nan_inf_filter",),
          allowed=("non-finite-loss", "non-finite-layer", "hidden-non-finite-loss", "loss-spike", "masked-labels")),
    Story("micro-means", "The means of four micro-batches are added and never divided.",
          {"gradient_accumulation_steps": 4, "per_device_train_batch_size": 3}, "micro-means",
          rules=("accumulation-scaling",), causes=("accumulation-not-divided", "loss-not-averaged"),
          harm=worse("loss", 2.0), advice=("gradient_accumulation_steps",),
          allowed=("initial-loss-mismatch", "clipping-dominates")),
    Story("wrong-answers", "The answers of steps 90 to 92 belong to other questions and are garbled besides.",
          {"max_grad_norm": 0.0}, "wrong-answers", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"),
          begins=90, harm=jumps("loss", 90, 1.5),
          advice=("max_grad_norm",), allowed=("gradient-explosion",)),
]
