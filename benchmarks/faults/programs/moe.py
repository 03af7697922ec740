"""Pre-training of a small mixture of experts (top 2 of 6, a load-balancing loss on the router) on documents of
four kinds, AdamW, a cosine, lines as Megatron-LM prints them."""

from __future__ import annotations

import copy
import random
import time
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import STARTED_AT, Journal
from parts.training import LossScaler, clip, schedule, set_rate
from story import Deviates, FirstRow, Rows, Story, grows, jumps, not_finite, worse

CONFIG = {
    "num_layers": 2, "hidden_size": 32, "ffn_hidden_size": 32, "num_attention_heads": 4, "seq_length": 32, "num_experts": 6,
    "moe_router_topk": 2, "moe_aux_loss_coeff": 0.01, "moe_z_loss_coeff": 0.0, "moe_expert_capacity_factor": None,
    "moe_router_frozen": False, "micro_batch_size": 16, "global_batch_size": 16, "rampup_batch_size": None, "lr": 5e-3,
    "min_lr": 5e-4, "lr_decay_style": "cosine", "lr_warmup_iters": 16, "lr_decay_iters": 240, "train_iters": 240,
    "weight_decay": 0.05, "adam_beta2": 0.95, "clip_grad": 1.0, "fp16": False, "initial_loss_scale": 2.0 ** 22, "log_interval": 6,
    "eval_interval": 60, "save_interval": 0, "blend": "0.25 0.25 0.25 0.25", "second_blend_at": None, "watch_every": 60,
}
DOMAINS, STATES = 5, 56
VOCABULARY = DOMAINS + STATES


def stamp(journal: Journal) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(STARTED_AT / 1000 + journal.now()))


def megatron(journal: Journal, step: int, row: dict[str, float]) -> list[tuple[str, str]]:
    if "valid_loss" in row:
        text = f" validation loss at iteration {step} | lm loss value: {row['valid_loss']:.6E} | lm loss PPL: {row['valid_ppl']:.6E} | "
        return [("out", "-" * (len(text) + 1) + "\n" + text + "\n" + "-" * (len(text) + 1) + "\n")]
    text = f" [{stamp(journal)}] iteration {step:8d}/{journal.config['train_iters']:8d} |"
    text += f" consumed samples: {int(row['consumed']):12d} | elapsed time per iteration (ms): {row['elapsed_ms']:.1f} |"
    text += f" learning rate: {row['learning_rate']:.6E} | global batch size: {int(row['batch']):5d} |"
    for name, metric in (("lm loss", "loss"), ("load_balancing_loss", "load_balancing"), ("z_loss", "z_loss")):
        if metric in row:
            text += f" {name}: {row[metric]:.6E} |"
    text += f" loss scale: {row['loss_scale']:.1f} |"
    if "grad_norm" in row:
        text += f" grad norm: {row['grad_norm']:.3f} |"
    return [("out", text + f" number of skipped iterations: {int(row['skipped']):3d} | number of nan iterations:   0 |\n")]


STYLE = megatron


@lru_cache(maxsize=None)
def chains() -> Tensor:
    """[DOMAINS, STATES, 4]: what may follow a token, in each kind of document."""
    source = torch.Generator().manual_seed(77)
    return torch.stack([torch.stack([torch.randperm(STATES, generator=source)[:4] for _ in range(STATES)])
                        for _ in range(DOMAINS)])


def documents(kinds: Tensor, length: int, source: torch.Generator) -> Tensor:
    """[len(kinds), length + 1]: the first token says which kind it is."""
    state = torch.randint(0, STATES, kinds.shape, generator=source)
    columns, odds = [kinds, state + DOMAINS], torch.tensor([0.7, 0.15, 0.1, 0.05])
    for _ in range(length - 1):
        state = chains()[kinds, state, torch.multinomial(odds.expand(len(kinds), 4), 1, generator=source)[:, 0]]
        columns.append(state + DOMAINS)
    return torch.stack(columns, 1)


@lru_cache(maxsize=None)
def held_out() -> Tensor:
    return documents(torch.arange(64) % 4, 32, torch.Generator().manual_seed(9))


def prepare() -> None:
    held_out()


class Router(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.randn(config["num_experts"], config["hidden_size"]) * 0.05)
        self.renormalises, self.losses = False, (torch.zeros(()), torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """[tokens, experts]: the weights of the chosen experts, 0 for all others."""
        count, top = self.config["num_experts"], self.config["moe_router_topk"]
        logits = x @ self.weight.T
        odds = logits.softmax(-1)
        chosen = torch.zeros_like(odds).scatter(1, odds.topk(top, -1).indices, 1.0)
        self.losses = (count * (chosen.mean(0) / top * odds.mean(0)).sum(), logits.logsumexp(-1).square().mean())
        if self.config["moe_expert_capacity_factor"]:
            capacity = int(self.config["moe_expert_capacity_factor"] * len(x) * top / count)
            chosen = chosen * (chosen.cumsum(0) <= capacity)
        kept = odds * chosen
        if not self.renormalises:
            # Of the two chosen, also where one of them had no place left.
            return kept / (odds.topk(top, -1).values.sum(-1, keepdim=True))
        return kept / kept.sum(-1, keepdim=True)


class Experts(nn.Module):
    """All experts of a layer in two stacked matrices."""

    def __init__(self, config: dict):
        super().__init__()
        count, width, inner = config["num_experts"], config["hidden_size"], config["ffn_hidden_size"]
        self.w1 = nn.Parameter(torch.randn(count, width, inner) * width ** -0.5)
        self.w2 = nn.Parameter(torch.randn(count, inner, width) * inner ** -0.5 * 0.5)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        inner = functional.silu(torch.einsum("td,edh->teh", x, self.w1))
        return torch.einsum("teh,ehd,te->td", inner, self.w2, weights)


class Mlp(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.router, self.experts = Router(config), Experts(config)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, 1)
        out: Tensor = self.experts(flat, self.router(flat)).view_as(x)
        return out


class Layer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.qkv, self.proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.norm1, self.norm2 = nn.RMSNorm(width), nn.RMSNorm(width)
        self.mlp = Mlp(config)

    def forward(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(mixed.transpose(1, 2).reshape(rows, length, width))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class Model(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_size"]
        self.words, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(config["seq_length"], width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_layers"]))
        self.norm, self.output = nn.RMSNorm(width), nn.Linear(width, VOCABULARY, bias=False)
        for module in (self.words, self.places, self.output):
            nn.init.normal_(module.weight, std=0.1)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids) + self.places.weight
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.output(self.norm(x))
        return out


def optimizer_of(model: Model, journal: Journal) -> torch.optim.Optimizer:
    config = journal.config
    owned = [p for p in model.parameters() if p.requires_grad]
    # Matrices decay, norms do not; whoever writes == forgets that stacked experts have three dimensions.
    decayed = [p for p in owned if (p.dim() == 2 if journal.fault == "two-dimensions" else p.dim() >= 2)]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": config["weight_decay"]},
                              {"params": [p for p in owned if p.dim() < 2], "weight_decay": 0.0}],
                             lr=config["lr"], betas=(0.9, config["adam_beta2"]))


def batch_of(journal: Journal, step: int, source: torch.Generator) -> Tensor:
    config, fault = journal.config, journal.fault
    size, second = config["global_batch_size"], config["second_blend_at"]
    if config["rampup_batch_size"]:
        start, increment, every = (int(part) for part in config["rampup_batch_size"].split())
        size = min(size, start + (step - 1) // every * increment)
    shares = torch.tensor([float(part) for part in config["blend"].split()] + [0.0])
    if second and step > second:
        # The second stage: a third of it is a kind of document that the first did not have.
        shares = torch.tensor([0.165, 0.165, 0.165, 0.165, 0.34])
    kinds = torch.multinomial(shares, size, replacement=True, generator=source)
    if fault == "blend-in-order":
        # The index of the blend was built without shuffling: one data set is read behind the other.
        kinds = torch.full((size,), (step - 1) * 4 // config["train_iters"])
    ids = documents(kinds, config["seq_length"], source)
    if fault == "capacity-share" and 150 <= step < 154:
        # Scanned tables of contents: rows of dots.
        ids = torch.full_like(ids, DOMAINS + 3)
    return ids


def validate(journal: Journal, model: Model, step: int) -> None:
    model.eval()
    with torch.no_grad():
        ids = held_out()
        loss = functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    model.train()
    journal.wait(1.0)
    journal.log(step, {"valid_loss": float(loss), "valid_ppl": float(loss.exp())})


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    source = torch.Generator().manual_seed(journal.seed)
    model = Model(config)
    for layer in model.layers:
        layer.mlp.router.renormalises = fault == "capacity-share"
        layer.mlp.router.requires_grad_(not config["moe_router_frozen"])
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = optimizer_of(model, journal)
    journal.watch(model, optimizer)
    decay = schedule(config["lr_decay_style"], config["lr_warmup_iters"], config["lr_decay_iters"])
    scaler = LossScaler(config["initial_loss_scale"], 60) if config["fp16"] else None
    journal.print("------------------------ arguments ------------------------\n" + "".join(
        f"  {name} {'.' * (47 - len(name))} {value}\n" for name, value in sorted(config.items()))
        + f"-------------------- end of arguments ---------------------\n > padded vocab (size: {VOCABULARY})\n")
    saved: dict[str, Any] = {}
    sums: dict[str, float] = {}
    consumed, kept, steps_since, began, skipped, step, offset = 0, 0, 0, journal.now(), 0, 1, 0
    resume = config["save_interval"]
    while step <= config["train_iters"]:
        if step - 1 == config["second_blend_at"]:
            journal.print("> building train datasets of the second stage: blend 0.165 0.165 0.165 0.165 0.34\n")
        if resume and step == resume + 1 and not saved:
            saved = copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "data": source.get_state(),
                                   "consumed": consumed})
            journal.print(f"saving checkpoint at iteration {resume:7d} to ckpt in torch_dist format\n"
                          f"  successfully saved checkpoint from iteration {resume:7d} to ckpt [ t 1/1, p 1/1 ]\n")
        if resume and step == resume + 15 and "model" in saved:
            journal.print("srun: error: gpu-c12: task 0: Terminated\n", "err")
            journal.wait(140.0)
            journal.print(f" loading distributed checkpoint from ckpt at iteration {resume}\n"
                          f"  successfully loaded checkpoint from ckpt [ t 1/1, p 1/1 ] at iteration {resume}\n")
            model.load_state_dict(saved["model"])
            if fault == "no-load-optim":
                # Neither the moments nor the scheduler are read from the checkpoint.
                optimizer.state.clear()
                offset = resume
            else:
                optimizer.load_state_dict(saved["optimizer"])
            source.set_state(saved["data"])
            consumed, step, saved = saved["consumed"], resume + 1, {"done": True}
            sums, kept, steps_since, began = {}, 0, 0, journal.now()
            continue
        ids = batch_of(journal, step, source)
        rate = config["min_lr"] + (config["lr"] - config["min_lr"]) * decay(step - offset)
        if step - offset <= config["lr_warmup_iters"]:
            rate = config["lr"] * decay(step - offset)
        set_rate(optimizer, rate)
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        routers = [layer.mlp.router.losses for layer in model.layers]
        balance, z_loss = (torch.stack(part).mean() for part in zip(*routers))
        (loss + config["moe_aux_loss_coeff"] * balance + config["moe_z_loss_coeff"] * z_loss).backward()
        extra = (("z_loss", z_loss),) if config["moe_z_loss_coeff"] else ()
        fits = scaler is None or scaler.fits(parameters)
        norm = clip(parameters, config["clip_grad"]) if fits else None
        if scaler:
            scaler.update(fits)
        consumed, steps_since = consumed + len(ids), steps_since + 1
        journal.wait(0.02 * len(ids))
        if fault == "routing-history":
            # The tokens of each expert are counted anew over the stored routing maps of all steps so far.
            journal.wait(0.008 * step)
        if fits:
            optimizer.step()
            kept += 1
            for name, value in (("loss", loss), ("load_balancing", balance), *extra):
                sums[name] = sums.get(name, 0.0) + float(value.detach())
        skipped += not fits
        if step % config["log_interval"] == 0:
            row = {"consumed": consumed, "elapsed_ms": 1000 * (journal.now() - began) / steps_since, "learning_rate": rate,
                   "batch": len(ids), **{name: value / kept for name, value in sums.items()},
                   "loss_scale": scaler.scale if scaler else 1.0, "skipped": skipped}
            journal.log(step, {**row, **({} if norm is None else {"grad_norm": norm})})
            sums, kept, steps_since, skipped, began = {}, 0, 0, 0, journal.now()
        if step % config["eval_interval"] == 0:
            validate(journal, model, step)
            began = journal.now()
        step += 1


STORIES = [
    Story("healthy", "Nothing is wrong: warm-up, a cosine to a tenth, clipping at 1, a router that is balanced; the loss begins near "
          "ln 61."),
    Story("healthy-small-batch", "Three documents a step: the loss is noisy, and so is the balance of the experts.",
          {"global_batch_size": 3, "micro_batch_size": 3, "lr": 3e-3, "min_lr": 3e-4, "log_interval": 6}),
    Story("healthy-rampup", "The batch grows from 4 to 20 documents by the configuration: a step takes five times as long in the end, "
          "since it has five times the work.", {"global_batch_size": 20, "micro_batch_size": 4, "rampup_batch_size": "4 4 48"}),
    Story("healthy-fp16", "Half precision (emulated): the loss scale begins too high and is raised now and then; some steps overflow "
          "and are skipped. A z-loss on the router.", {"fp16": True, "moe_z_loss_coeff": 0.001}),
    Story("healthy-resumed", "Terminated after iteration 134 and resumed from the checkpoint of iteration 120 with everything: the "
          "iterations behind it come again.", {"save_interval": 120}),
    Story("healthy-second-blend", "From iteration 163 on the second stage reads a blend of which a third is of a new kind, as the "
          "configuration says: the loss jumps, and falls again.", {"second_blend_at": 162}),
    Story("two-dimensions", "Weights with two dimensions and with one are given to the optimizer; the stacked experts have three and "
          "stay as they began.", fault="two-dimensions", rules=("frozen-layer",),
          causes=("frozen-parameters", "optimizer-not-stepping"),
          layer=("layers.0.mlp.experts", "layers.1.mlp.experts", "layers.0.mlp", "layers.1.mlp"),
          onset=Deviates("loss", "above", 0.03), harm=worse("valid_loss", 1.04)),
    Story("warmup-in-samples", "lr_warmup_iters is 8000, a number of samples: the learning rate is hardly more than nothing until the "
          "end.", {"lr_warmup_iters": 8000, "lr_decay_iters": 16000}, rules=("no-learning", "loss-plateau"),
          causes=("learning-rate-too-low",), onset=Deviates("loss", "above"), harm=worse("valid_loss", 2.0),
          advice=("lr_warmup_iters", "lr"), allowed=("no-learning", "loss-plateau", "frozen-layer", "update-ratio-out-of-band")),
    Story("blend-in-order", "The index of the blend was built without shuffling: the four kinds of documents are read one behind the "
          "other, sixty iterations each.", fault="blend-in-order",
          rules=("loss-spike", "overfitting", "loss-divergence"), causes=("data-order-not-shuffled", "different-data"),
          begins=61, onset=FirstRow("loss"), harm=worse("valid_loss", 1.5),
          allowed=("overfitting", "loss-spike", "loss-divergence", "gradient-explosion", "no-learning", "memorization")),
    Story("capacity-share", "Experts have a capacity, and the weights that are left are divided by their sum: a token that both of its "
          "experts refuse gets 0/0. It comes at iteration 150 with a shard of rows of dots, which go all to the same two, or before, "
          "while the router is not yet balanced.", {"moe_expert_capacity_factor": 2.0},
          "capacity-share", rules=("non-finite-loss", "non-finite-layer"), causes=("nan-in-code", "bad-batch", "degenerate-input"),
          layer=("layers.0.mlp.router", "layers.0.mlp", "layers.0", "layers.0.mlp.experts", "layers.1.mlp.router",
                 "layers.1.mlp", "layers.1", "layers.1.mlp.experts"), onset=Deviates("loss", "above", 9.0),
          harm=not_finite("loss"), advice=("moe_expert_capacity_factor",), allowed=("non-finite-layer", "non-finite-loss")),
    Story("routing-history", "The tokens of each expert are counted anew in each step over the stored routing of all steps so far: "
          "steps take longer and longer.", fault="routing-history", rules=("throughput-drop",), causes=("growing-state",),
          onset=Deviates("elapsed_ms", "above"), harm=grows("elapsed_ms", 120, 1.5), allowed=("input-bound",)),
    Story("no-load-optim", "Terminated after iteration 194 and resumed from iteration 180 with --no-load-optim, left over from a "
          "fine-tuning: the moments are zero, and the cosine begins anew.",
          {"save_interval": 180, "no_load_optim": True, "lr_warmup_iters": 0, "lr": 8e-3}, "no-load-optim", rules=("resume-discontinuity",),
          causes=("optimizer-state-lost", "schedule-not-restored"), begins=181, onset=FirstRow("loss"),
          harm=jumps("loss", 181, 1.06, rows_before=2), advice=("no_load_optim",), allowed=("loss-spike", "gradient-explosion")),
]
