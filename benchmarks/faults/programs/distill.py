"""Distillation: a small GPT learns from the outputs of a larger one on the notes of a kitchen, a weighted sum of cross entropy
and KL at a temperature, AdamW with a cosine, printed as a research script does: tqdm's bar with a postfix, and lines of evaluation."""

from __future__ import annotations

import math
import random
from argparse import Namespace
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.hub import captured, load, quiet
from parts.training import schedule, set_rate
from story import AfterBest, Deviates, FirstRow, Story, grows, not_finite, turns, worse

STYLE = quiet
CONFIG = {
    "teacher_layers": 3, "teacher_dim": 64, "student_layers": 1, "student_dim": 32, "init_from_teacher": False, "heads": 4,
    "seq_len": 32, "batch_size": 16, "grad_accum": 1, "lr": 5e-3, "warmup": 20, "total_steps": 400, "weight_decay": 0.01,
    "max_norm": 1.0, "alpha": 0.2, "temperature": 2.0, "stages": "", "train_seqs": 4096, "teacher_logits": "online",
    "log_every": 10, "eval_every": 50,
}
COOKS = "anna omar lena the_chef the_waiter my_aunt".split()
FOODS = {"chops": "onions carrots leeks herbs".split(), "boils": "rice pasta eggs potatoes".split(),
         "bakes": "bread pies cake rolls".split(), "fries": "fish mushrooms peppers sausages".split()}
TOOLS = {"chops": "knife", "boils": "pot", "bakes": "oven", "fries": "pan"}
TIMES = "morning noon evening".split()
WORDS = ["<eos>", *COOKS, *FOODS, *(food for foods in FOODS.values() for food in foods), *TOOLS.values(), *TIMES,
         *"at every and then with a the puts them in washes serves to guests says is ready hot cold . , for".split(),
         *(f"table_{i}" for i in range(1, 9))]
IDS = {word: number for number, word in enumerate(WORDS)}
HELD = 128


def note(source: random.Random) -> list[str]:
    """A few sentences about one cook and one dish: what is said of it first decides what can be said of it later."""
    cook, verb = source.choice(COOKS), source.choice(list(FOODS))
    food = source.choices(FOODS[verb], (6, 3, 2, 1))[0]
    table = f"table_{1 + (COOKS.index(cook) + FOODS[verb].index(food) + source.choice((0, 0, 0, 1))) % 8}"
    words = ["at", source.choice(TIMES), cook, verb, food, "with", source.choice(("a", "the")), TOOLS[verb]]
    if source.random() < 0.5:
        words += [",", "washes", "the", TOOLS[verb]]
    words += ["and", "serves", food, "to", table, "."]
    if source.random() < 0.4:
        words += [cook, "says", "the", food, "is", source.choices(("hot", "ready", "cold"), (4, 2, 1))[0], "for", table, "."]
    return [*words, "<eos>"]


@lru_cache(maxsize=None)
def notes() -> tuple[Tensor, Tensor]:
    """Packed sequences of CONFIG's length and one token more: to train on, and held out."""
    source, length = random.Random(23), CONFIG["seq_len"] + 1
    count = CONFIG["train_seqs"] + HELD
    ids: list[int] = []
    while len(ids) < count * length:
        ids += [IDS[word] for word in note(source)]
    rows = torch.tensor(ids[:count * length]).view(count, length)
    return rows[:CONFIG["train_seqs"]], rows[CONFIG["train_seqs"]:]


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.norm1, self.norm2 = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class GPT(nn.Module):
    def __init__(self, layers: int, width: int, heads: int):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(len(WORDS), width), nn.Embedding(CONFIG["seq_len"], width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, len(WORDS), bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.head(self.norm(x))
        return out


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), target.flatten())


@lru_cache(maxsize=None)
def teacher() -> GPT:
    """Trained once, as the script does when teacher.pt is not there yet."""
    torch.manual_seed(2)
    rows, config = notes()[0], CONFIG
    model = GPT(config["teacher_layers"], config["teacher_dim"], config["heads"])
    optimizer, rate = torch.optim.AdamW(model.parameters(), weight_decay=0.01), schedule("cosine", 20, 400)
    for step in range(1, 401):
        ids = rows[torch.randint(0, len(rows), (32,))]
        set_rate(optimizer, 3e-3 * rate(step))
        loss = cross_entropy(model(ids[:, :-1]), ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval().requires_grad_(False)


def prepare() -> None:
    load()
    notes()
    teacher()


def student_of(config: dict) -> GPT:
    model = GPT(config["student_layers"], config["student_dim"], config["heads"])
    if config["init_from_teacher"]:
        # Every other block of the teacher, and its embeddings and norms.
        state = teacher().state_dict()
        own = {name: value for name, value in state.items() if not name.startswith("blocks.")}
        for number in range(config["student_layers"]):
            own.update({f"blocks.{number}.{name.split('.', 2)[2]}": value for name, value in state.items()
                        if name.startswith(f"blocks.{2 * number}.")})
        model.load_state_dict(own)
    return model


def divergence(student: Tensor, taught: Tensor, temperature: float, fault: str | None) -> Tensor:
    """KL from teacher to student at a temperature, times its square, of each token."""
    log_q = (student / temperature).log_softmax(2)
    if fault == "half-probabilities":
        # By hand, with the teacher's probabilities in half precision to save memory.
        p = (taught / temperature).softmax(2).half()
        return (p.float() * (p.log().float() - log_q)).sum(2).mean() * temperature ** 2
    p = (taught / temperature).softmax(2)
    return functional.kl_div(log_q.flatten(0, 1), p.flatten(0, 1), reduction="batchmean") * temperature ** 2


def evaluate(model: GPT, rows: Tensor) -> dict[str, float]:
    model.eval()
    with torch.no_grad():
        ids, target = rows[:, :-1], rows[:, 1:]
        out, taught = model(ids), teacher()(ids)
        kl = functional.kl_div(out.log_softmax(2).flatten(0, 1), taught.softmax(2).flatten(0, 1), reduction="batchmean")
        same = (out.argmax(2) == taught.argmax(2)).float().mean()
        loss = cross_entropy(out, target)
    model.train()
    return {"val_loss": float(loss), "val_kl": float(kl), "val_agree": float(same)}


def stage_at(config: dict, step: int) -> float | None:
    """The temperature of a stage that begins at this step; stages are written as step:temperature."""
    found = dict(part.split(":") for part in config["stages"].split(",") if part)
    return float(found[str(step)]) if str(step) in found else None


def run(journal: Journal) -> None:
    from tqdm import tqdm

    config, fault = journal.config, journal.fault
    args = Namespace(**{name: value for name, value in config.items() if name != "eval_seconds"})
    print(args)
    rows, held = notes()
    rows = rows[:args.train_seqs]
    source = torch.Generator().manual_seed(args.seed)
    model, master = student_of(config), teacher()
    with torch.no_grad():
        loss = cross_entropy(master(held[:, :-1]), held[:, 1:]).item()
    count, least = (sum(p.numel() for p in m.parameters()) for m in (master, model))
    print(f"teacher: {count / 1e3:.1f}k params, val loss {loss:.4f}, ppl {math.exp(loss):.3f}")
    print(f"student: {least / 1e3:.1f}k params ({count / least:.1f}x smaller)")
    cached = None
    if args.teacher_logits != "online":
        with torch.no_grad():
            cached = torch.cat([master(part[:, :-1]).half() for part in rows.split(256)])
        if fault == "cache-shuffled":
            # The loader that made the cache shuffled, as the one that reads it does, each in its own way.
            cached = cached[torch.randperm(len(rows), generator=source)]
        print(f"loaded {args.teacher_logits}: {tuple(cached.shape)} {cached.dtype}")
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    rate, scheduled = schedule("cosine", args.warmup, args.total_steps), 0
    temperature, order, at, micro = args.temperature, torch.randperm(len(rows), generator=source), 0, 0
    kept: list[tuple[float, float, float]] = []
    since = journal.now()
    bar = tqdm(total=args.total_steps, desc="distill")
    for step in range(1, args.total_steps + 1):
        stage = stage_at(config, step)
        if stage is not None:
            temperature = stage
            tqdm.write(f"step {step}: temperature -> {temperature:g}")
        optimizer.zero_grad()
        total = [0.0, 0.0, 0.0]
        for _ in range(args.grad_accum):
            if at + args.batch_size > len(rows):
                order, at = torch.randperm(len(rows), generator=source), 0
            chosen = order[at:at + args.batch_size]
            at, micro = at + args.batch_size, micro + 1
            ids, target = rows[chosen, :-1], rows[chosen, 1:]
            with torch.no_grad():
                taught = master(ids) if cached is None else cached[chosen].float()
            out = model(ids)
            ce, kd = cross_entropy(out, target), divergence(out, taught, temperature, fault)
            loss = args.alpha * ce + (1 - args.alpha) * kd
            (loss / args.grad_accum).backward()
            total = [a + b.item() / args.grad_accum for a, b in zip(total, (loss, ce, kd))]
            if fault == "scheduler-per-micro-batch":
                scheduled += 1
        scheduled = scheduled if fault == "scheduler-per-micro-batch" else step
        set_rate(optimizer, args.lr * rate(scheduled))
        nn.utils.clip_grad_norm_(model.parameters(), args.max_norm)
        optimizer.step()
        if fault == "shared-card" and step >= 211:
            # Somebody else's job runs on the same card.
            journal.wait(0.25 + 0.25 * float(torch.rand(1)))
        kept.append((total[0], total[1], total[2]))
        if step % args.log_every == 0:
            means = [sum(column) / len(kept) for column in zip(*kept)]
            bar.set_postfix(refresh=False, loss=f"{means[0]:.4f}", ce=f"{means[1]:.4f}", kd=f"{means[2]:.4f}",
                            lr=f"{args.lr * rate(scheduled):.2e}")
            bar.update(args.log_every)
            journal.log(step, {"loss": means[0], "ce": means[1], "kd": means[2], "lr": args.lr * rate(scheduled),
                               "seconds": (journal.now() - since) / args.log_every})
            kept, since = [], journal.now()
        if step % args.eval_every == 0:
            journal.wait(config.get("eval_seconds", 1.5))
            found = evaluate(model, held)
            tqdm.write(f"[eval] step {step}: val_loss {found['val_loss']:.4f} ppl {math.exp(found['val_loss']):.3f} "
                       f"kl_to_teacher {found['val_kl']:.4f} top1_agreement {100 * found['val_agree']:.1f}%")
            journal.log(step, found)
            since = journal.now()
    bar.close()
    print(f"saved student to out/student_{args.seed}.pt")


def train(journal: Journal) -> None:
    with captured(journal):
        run(journal)


STORIES = [
    Story("healthy", "Nothing is wrong: cross entropy and KL fall together, fast at first, and the student comes close to its teacher."),
    Story("healthy-small-batch", "Four sequences a step: the loss is noisy, and falls.", {"batch_size": 4, "lr": 3e-3}),
    Story("healthy-stages", "The temperature goes from 4 to 2 and to 1, as the options say: the KL, which is multiplied by its square, "
          "changes its size each time.", {"stages": "1:4,131:2,261:1"}),
    Story("healthy-from-teacher", "The student begins with every other block of the teacher and its embeddings: the loss begins low, and "
          "is at its floor after some ten steps.",
          {"init_from_teacher": True, "student_dim": 64, "student_layers": 2, "lr": 1e-3}),
    Story("healthy-tiny-student", "The student is twelve wide: it stays well away from its teacher, as it must.", {"student_dim": 12}),
    Story("healthy-slow-eval", "Each evaluation writes texts for four minutes; the steps between are as fast as ever.",
          {"eval_seconds": 240.0}),
    Story("cache-shuffled", "The teacher's logits were stored by a loader that shuffles: they belong to other sequences than those "
          "they are read with.", {"teacher_logits": "cache/teacher_logits.pt"}, "cache-shuffled",
          rules=("no-learning", "loss-plateau"), causes=("labels-unrelated", "labels-shifted"), onset=Deviates("loss", "above", 0.05),
          harm=worse("val_loss", 2.0), advice=("teacher_logits",),
          allowed=("no-learning", "loss-plateau", "gradient-vanishing")),
    Story("half-probabilities", "The teacher's probabilities are in half precision; at step 251 the temperature falls to 0.5, and the "
          "smallest become 0, whose logarithm the KL takes.", {"stages": "251:0.5"}, "half-probabilities",
          rules=("non-finite-loss",), causes=("nan-in-code", "fp16-overflow"), begins=251, onset=FirstRow("loss"),
          harm=not_finite("loss"), advice=("stages", "temperature"), allowed=("non-finite-loss", "non-finite-layer")),
    Story("scheduler-per-micro-batch", "The scheduler is called for each of four micro-batches: the cosine is at 0 after a quarter of the "
          "steps, and nothing is learnt any more.", {"grad_accum": 4, "batch_size": 4}, "scheduler-per-micro-batch",
          rules=("loss-plateau", "no-learning"), causes=("schedule-decayed-too-early", "learning-rate-too-low"), begins=101,
          onset=FirstRow("loss"), harm=worse("val_loss", 1.2), advice=("grad_accum", "lr", "total_steps"),
          allowed=("loss-plateau", "no-learning", "update-ratio-out-of-band")),
    Story("few-notes", "The 48 sequences that the script was tried with are left in, and hard labels weigh most: the student learns them "
          "by heart.", {"train_seqs": 48, "alpha": 0.9, "student_dim": 48, "student_layers": 2, "eval_every": 25},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation", "data-seen-again"),
          onset=AfterBest("val_loss"), harm=turns("val_loss", 1.1),
          advice=("train_seqs", "total_steps", "weight_decay", "alpha", "student_dim", "student_layers"),
          allowed=("overfitting", "memorization", "data-repeated")),
    Story("scaled-rate", "The rate is that of the paper times 32, for as many cards, and the run has one.", {"lr": 0.16},
          rules=("learning-rate-too-high", "loss-plateau", "loss-divergence", "no-learning"), causes=("learning-rate-too-high",),
          onset=Deviates("loss", "above", 0.05), harm=worse("val_loss", 1.2), advice=("lr",),
          allowed=("learning-rate-too-high", "loss-plateau", "loss-divergence", "no-learning", "loss-spike", "gradient-explosion",
                   "update-ratio-out-of-band", "clipping-dominates")),
    Story("shared-card", "From step 211 on somebody else's job runs on the same card: each step takes more than twice as long.",
          fault="shared-card", rules=("throughput-drop",), causes=("neighbour-load", "slow-node"), begins=211,
          onset=FirstRow("loss"), harm=grows("seconds", 211, 1.6), allowed=("throughput-drop",)),
]
