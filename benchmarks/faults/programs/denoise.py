"""Masked-language-model pre-training: a small post-norm encoder with tied embeddings on sentences from a grammar, AdamW,
linear schedule, one JSON object a row."""

from __future__ import annotations

import copy
import random
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.styles import json_lines
from parts.training import clip, schedule, set_rate
from story import Deviates, FirstRow, Story, jumps, not_finite, worse

CONFIG = {
    "model_type": "mini-bert", "hidden_size": 32, "num_layers": 2, "num_heads": 4, "vocab_size": 132, "init_std": 0.05,
    "mlm_probability": 0.2, "train_batch_size": 32, "gradient_accumulation_steps": 1, "learning_rate": 4e-3, "beta2": 0.98,
    "weight_decay": 0.01, "lr_scheduler_type": "linear", "num_warmup_steps": 30, "max_grad_norm": 1.0, "dropout": 0.0,
    "num_schedule_steps": 300, "max_train_steps": 300, "logging_steps": 5, "eval_steps": 50, "resume_at": 0, "seed_data": 5,
}
STYLE = json_lines
PAD, CLS, SEP, MASK, FIRST = 0, 1, 2, 3, 4
LENGTH, TOPICS, SENTENCES, HELD = 13, 4, 6000, 256
KINDS = {"det": 4, "adj": 24, "noun": 36, "verb": 32, "adv": 16, "prep": 16}


@lru_cache(maxsize=None)
def sentences() -> Tensor:
    """[SENTENCES + HELD, LENGTH]: the words of a sentence are of one topic, and a preposition follows from its verb."""
    source, start, words = random.Random(5), FIRST, {}
    for kind, count in KINDS.items():
        words[kind] = list(range(start, start + count))
        start += count
    rows = []
    for _ in range(SENTENCES + HELD):
        topic = source.randrange(TOPICS)

        def pick(kind: str) -> int:
            own = words[kind] if kind == "det" else words[kind][topic::TOPICS]
            # Rare words are rare: the smaller of two draws.
            return own[min(source.randrange(len(own)), source.randrange(len(own)))]

        verb = pick("verb")
        row = [CLS, pick("det"), *([pick("adj")] if source.random() < 0.6 else []), pick("noun"), verb]
        row += [words["prep"][(verb * 7) % len(words["prep"])], pick("det"), pick("noun")]
        row += [pick("adv")] if source.random() < 0.5 else []
        row.append(SEP)
        rows.append(row + [PAD] * (LENGTH - len(row)))
    return torch.tensor(rows)


def prepare() -> None:
    sentences()


class Layer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_size"]
        self.heads = config["num_heads"]
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(config["dropout"])

    def forward(self, x: Tensor, kept: Tensor) -> Tensor:
        rows, length, width = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=kept[:, None, None, :])
        x = self.norm1(x + self.dropout(self.out(mixed.transpose(1, 2).reshape(rows, length, width))))
        out: Tensor = self.norm2(x + self.dropout(self.down(functional.gelu(self.up(x)))))
        return out


class Encoder(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_size"]
        self.words, self.places = nn.Embedding(config["vocab_size"], width), nn.Embedding(LENGTH, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_layers"]))
        self.transform, self.last = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(config["vocab_size"]))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.norm(self.words(ids) + self.places.weight)
        for layer in self.layers:
            x = layer(x, ids != PAD)
        # The decoder is the table of the embeddings.
        out: Tensor = self.last(functional.gelu(self.transform(x))) @ self.words.weight.T + self.bias
        return out


def build(journal: Journal) -> Encoder:
    model = Encoder(journal.config)
    for module in model.modules():
        # PyTorch's own embeddings begin with a standard deviation of 1, which a tied decoder then has as well.
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Embedding) and journal.fault != "torch-init"):
            nn.init.normal_(module.weight, std=journal.config["init_std"])
    return model


def mask_tokens(ids: Tensor, special: Tensor, share: float, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """BERT's collator: of the chosen tokens 80 % become [MASK], 10 % another word; labels elsewhere are -100."""
    chosen = (torch.rand(ids.shape, generator=source) < share) & ~special
    labels = torch.where(chosen, ids, -100)
    what = torch.rand(ids.shape, generator=source)
    other = torch.randint(FIRST, FIRST + sum(KINDS.values()), ids.shape, generator=source)
    return torch.where(chosen & (what < 0.8), MASK, torch.where(chosen & (what >= 0.9), other, ids)), labels


def evaluate(model: Encoder, config: dict) -> dict[str, float]:
    ids = sentences()[SENTENCES:]
    inputs, labels = mask_tokens(ids, ids < FIRST, config["mlm_probability"], torch.Generator().manual_seed(1))
    model.eval()
    with torch.no_grad():
        loss = functional.cross_entropy(model(inputs).flatten(0, 1), labels.flatten())
    model.train()
    return {"eval_loss": float(loss)}


def train(journal: Journal) -> None:
    config, fault, data = journal.config, journal.fault, sentences()
    source = torch.Generator().manual_seed(journal.seed)
    model = build(journal)
    parameters = list(model.parameters())

    def adam() -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, lr=config["learning_rate"], betas=(0.9, config["beta2"]),
                                 weight_decay=config["weight_decay"])

    optimizer, total, resume = adam(), config["max_train_steps"], config["resume_at"]
    factor = schedule(config["lr_scheduler_type"], config["num_warmup_steps"], config["num_schedule_steps"])
    micro, size = config["gradient_accumulation_steps"], config["train_batch_size"]
    order, place = torch.randperm(SENTENCES, generator=source), 0
    recent: list[float] = []
    saved: dict[str, Any] = {}
    step = 1
    while step <= total:
        if resume and step == resume + 1 and not saved:
            saved = {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict()),
                     "data": (order, place, source.get_state())}
            journal.print('{"event": "checkpoint", "path": "ckpt/step-%d.pt"}\n' % resume)
        if resume and step == resume + 14 and saved.get("model"):
            # The machine is taken away, and the job starts again from its checkpoint.
            journal.wait(95.0)
            journal.print('{"event": "resume", "path": "ckpt/step-%d.pt", "global_step": %d}\n' % (resume, resume))
            model.load_state_dict(saved["model"])
            optimizer = adam()
            order, place, state = saved["data"]
            source.set_state(state)
            optimizer.load_state_dict(saved["optimizer"])
            saved, recent, step = {"done": True}, [], resume + 1
            continue
        optimizer.zero_grad()
        rate = config["learning_rate"] * factor(step)
        set_rate(optimizer, rate)
        shown = 0.0
        for _ in range(micro):
            if place + size > SENTENCES:
                order, place = torch.randperm(SENTENCES, generator=source), 0
            ids = data[order[place:place + size]]
            place += size
            if config.get("lists_every") and step % config["lists_every"] == 0:
                # Lists among the sentences: words in no order at all.
                ids = ids.clone()
                words = torch.randint(FIRST, FIRST + sum(KINDS.values()), ids[:size * 2 // 3].shape, generator=source)
                ids[:size * 2 // 3] = torch.where(ids[:size * 2 // 3] >= FIRST, words, ids[:size * 2 // 3])
            if fault == "other-tokenizer" and 150 <= step < 154:
                # A shard that was made with another tokenizer: the same sentences under other ids, no padding.
                ids = (ids * 37 + 11) % 101 + 31
            special = ids < FIRST
            if fault == "special-mask" and step >= 160:
                # The shards from here on store the mask of special tokens the other way round, and padding is kept out.
                special = torch.ones_like(special)
            inputs, labels = mask_tokens(ids, special, config["mlm_probability"], source)
            loss = functional.cross_entropy(model(inputs).flatten(0, 1), labels.flatten())
            scaled = loss if fault == "not-divided" else loss / micro
            scaled.backward()
            shown += scaled.item()
        norm = clip(parameters, config["max_grad_norm"])
        optimizer.step()
        recent.append(shown)
        journal.wait(0.04)
        if step % config["logging_steps"] == 0 or step == 1:
            journal.log(step, {"loss": sum(recent) / len(recent), "grad_norm": norm, "learning_rate": rate})
            recent = []
        if step % config["eval_steps"] == 0:
            journal.wait(1.5)
            journal.log(step, evaluate(model, config))
        step += 1


STORIES = [
    Story("healthy", "Nothing is wrong: linear schedule with warm-up, clipping; the loss begins at the log of the vocabulary."),
    Story("healthy-resumed", "Killed at step 143 and resumed from the checkpoint of step 130 with weights, moments, schedule and "
          "order of the data.", {"resume_at": 130}),
    Story("healthy-small-batch", "Five sentences a step, seven labels or so: the loss jumps about and falls.",
          {"train_batch_size": 5, "learning_rate": 2e-3}),
    Story("healthy-lists", "Every 70 steps two thirds of the batch are lists of words: the loss jumps for one step; nothing is "
          "clipped.", {"lists_every": 70, "max_grad_norm": 0.0, "logging_steps": 5, "dropout": 0.1}),
    Story("healthy-accumulation", "Four micro-batches a step, scaled as they should be.",
          {"train_batch_size": 8, "gradient_accumulation_steps": 4, "max_train_steps": 240, "num_schedule_steps": 240, "eval_steps": 40}),
    Story("healthy-short", "A try of 60 steps at a constant rate, without warm-up, with more masking.",
          {"lr_scheduler_type": "constant", "num_warmup_steps": 0, "learning_rate": 2e-3, "max_train_steps": 60, "num_schedule_steps": 60,
           "logging_steps": 2, "eval_steps": 30, "mlm_probability": 0.35}),
    Story("torch-init", "The embeddings begin as PyTorch makes them, with a standard deviation of 1, and the decoder is tied to "
          "them.", fault="torch-init", rules=("initial-loss-mismatch",), causes=("initialization-too-large",),
          onset=FirstRow(), harm=worse("eval_loss", 1.03), allowed=("clipping-dominates",)),
    Story("not-divided", "The losses of four micro-batches are added and never divided by four.",
          {"train_batch_size": 8, "gradient_accumulation_steps": 4}, "not-divided",
          rules=("accumulation-scaling", "initial-loss-mismatch"), causes=("accumulation-not-divided", "loss-not-averaged"),
          onset=FirstRow(), harm=worse("loss", 2.5), advice=("gradient_accumulation_steps",),
          allowed=("accumulation-scaling", "initial-loss-mismatch", "clipping-dominates")),
    Story("lr-too-high", "The learning rate is 0.06 without warm-up: the encoder falls to the frequencies of words and stays.",
          {"learning_rate": 0.06, "num_warmup_steps": 0}, rules=("learning-rate-too-high", "loss-plateau", "no-learning",
                                                                 "loss-divergence"),
          causes=("learning-rate-too-high", "no-warmup"), onset=Deviates("loss", "above"), harm=worse("eval_loss", 1.15),
          advice=("learning_rate", "num_warmup_steps"),
          allowed=("learning-rate-too-high", "loss-plateau", "no-learning", "loss-divergence", "loss-spike",
                   "gradient-explosion", "gradient-vanishing", "initial-loss-mismatch", "clipping-dominates")),
    Story("other-tokenizer", "Steps 150 to 153 read a shard that another tokenizer has made; nothing is clipped.",
          {"max_grad_norm": 0.0}, "other-tokenizer", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"),
          begins=150, harm=jumps("loss", 150, 1.4), allowed=("gradient-explosion",)),
    Story("special-mask", "From step 160 on the shards call every token special: none is masked, and each label is -100.",
          fault="special-mask", rules=("non-finite-loss", "masked-labels"),
          causes=("labels-all-masked", "bad-batch", "degenerate-input", "nan-in-code"), begins=160, harm=not_finite("loss"),
          allowed=("masked-labels", "non-finite-loss", "loss-plateau", "gradient-vanishing")),
    Story("schedule-for-a-third", "The schedule was made for 100 steps, a third of the run: from then on the learning rate is "
          "0.", {"num_schedule_steps": 100}, rules=("loss-plateau", "no-learning"),
          causes=("schedule-decayed-too-early", "learning-rate-too-low"), begins=100, onset=FirstRow("learning_rate"),
          harm=worse("eval_loss", 1.15), advice=("num_schedule_steps", "max_train_steps"),
          allowed=("loss-plateau", "no-learning")),
]
