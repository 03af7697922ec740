"""Speech recognition with CTC on drawn spectrograms: convolutions that halve the frames, a bidirectional LSTM, Adam with
ESPnet's WarmupLR, and the lines of ESPnet's trainer and reporter."""

from __future__ import annotations

import copy
import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import set_rate
from story import AfterBest, Deviates, FirstRow, Story, grows, jumps, not_finite, worse

CONFIG = {
    "encoder": "vgg_rnn", "encoder_conf.hidden_size": 40, "encoder_conf.dropout": 0.0, "token_list": 17, "n_mels": 20,
    "ctc_conf.ctc_type": "builtin", "ctc_conf.zero_infinity": False, "optim": "adam", "optim_conf.lr": 0.005,
    "scheduler": "warmuplr", "scheduler_conf.warmup_steps": 60, "grad_clip": 5.0, "batch_size": 16, "max_epoch": 6,
    "num_iters_per_epoch": 60, "log_interval": 10, "sort_first_epoch": False, "specaug": "none", "noise": 0.5,
    "resume_at": 0, "watch_every": 60,
}
BLANK, TOKENS, MELS, UTTERANCES, HELD, LONGEST = 0, 16, 20, 960, 80, 7


def stamp(journal: Journal, line: int, name: str = "trainer", level: str = "INFO") -> str:
    seconds = journal.now()
    return "[node07] 2026-09-21 12:%02d:%02d,%03d (%s:%d) %s: " % (
        seconds // 60 % 60, seconds % 60, seconds * 1000 % 1000, name, line, level)


def shown(metrics: dict[str, float]) -> str:
    """Three digits, as ESPnet's reporter has it."""
    return ", ".join(f"{name}={value:.3f}" if 1e-3 < abs(value) <= 1e3 else f"{name}={value:.3e}"
                     for name, value in metrics.items())


def espnet(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """`1epoch:train:1-10batch: iter_time=...` for a row, `1epoch results: [train] ..., [valid] ...` after an epoch."""
    per, every = journal.config["num_iters_per_epoch"], journal.config["log_interval"]
    epoch, batch = (step - 1) // per + 1, (step - 1) % per + 1
    if "iter_time" in metrics:
        return [("err", f"{stamp(journal, 793)}{epoch}epoch:train:{batch - every + 1}-{batch}batch: {shown(metrics)}\n")]
    halves = []
    for key, count in (("train", step), ("valid", epoch * 5)):
        own = {name[6:]: value for name, value in metrics.items() if name.startswith(key)}
        seconds = own.pop("time")
        time = "%d minutes and %.2f seconds" % (seconds // 60, seconds % 60) if seconds >= 60 else "%.2f seconds" % seconds
        halves.append(f"[{key}] {shown(own)}, time={time}, total_count={count}")
    return [("err", f"{stamp(journal, 365)}{epoch}epoch results: {', '.join(halves)}\n")]


STYLE = espnet


def speak(tokens: Tensor, frames: Tensor, shape: Tensor, source: torch.Generator) -> Tensor:
    """[T, MELS]: each token's envelope for as many frames, smoothed over the borders, with the speaker's tilt."""
    clean = shape[tokens - 1].repeat_interleave(frames, 0)
    clean = functional.avg_pool1d(clean.T.unsqueeze(0), 3, 1, 1, count_include_pad=False)[0].T
    tilt = torch.linspace(-1, 1, MELS) * 0.5 * torch.randn(1, generator=source)
    return clean + tilt + 0.4 * torch.randn(1, generator=source)


def draw(count: int, quickest: int, slowest: int, source: torch.Generator, shape: Tensor) -> list[tuple[Tensor, Tensor]]:
    rows = []
    for _ in range(count):
        length = int(torch.randint(3, LONGEST + 1, (1,), generator=source))
        tokens = torch.randint(1, TOKENS + 1, (length,), generator=source)
        frames = torch.randint(quickest, slowest + 1, (length,), generator=source)
        rows.append((speak(tokens, frames, shape, source), tokens))
    return rows


@lru_cache(maxsize=None)
def corpus() -> dict[str, list[tuple[Tensor, Tensor]]]:
    source = torch.Generator().manual_seed(41)
    shape = functional.avg_pool1d(torch.randn(TOKENS, 1, MELS + 4, generator=source) * 2.2, 5, 1)[:, 0]
    rows = draw(UTTERANCES + HELD, 5, 9, source, shape)
    # News that is read fast: a character for one or two frames.
    return {"train": rows[:UTTERANCES], "valid": rows[UTTERANCES:], "news": draw(256, 1, 2, source, shape)}


def prepare() -> None:
    corpus()


class Embed(nn.Module):
    """Two convolutions over time, of which the first leaves out every second frame."""

    def __init__(self, width: int):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv1d(MELS, width, 3, stride=2, padding=1), nn.LayerNorm(width)
        self.conv2, self.norm2 = nn.Conv1d(width, width, 3, padding=1), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm1(self.conv1(x.transpose(1, 2)).transpose(1, 2)))
        out: Tensor = functional.relu(self.norm2(self.conv2(x.transpose(1, 2)).transpose(1, 2)))
        return out


class Encoder(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["encoder_conf.hidden_size"]
        self.embed = Embed(width)
        self.rnn = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.proj, self.dropout = nn.Linear(2 * width, width), nn.Dropout(config["encoder_conf.dropout"])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.dropout(torch.tanh(self.proj(self.rnn(self.embed(x))[0])))
        return out


class ESPnetASRModel(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.encoder = Encoder(config)
        self.ctc_lo = nn.Linear(config["encoder_conf.hidden_size"], TOKENS + 1)
        self.is_detached = False

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.encoder(x)
        out: Tensor = self.ctc_lo(hidden.detach() if self.is_detached else hidden).log_softmax(2)
        return out


def collate(rows: list[tuple[Tensor, Tensor]], noise: float, source: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    sizes = torch.tensor([len(x) for x, _ in rows])
    batch = torch.zeros(len(rows), int(sizes.max()), MELS)
    for i, (x, _) in enumerate(rows):
        batch[i, :len(x)] = x
    batch = batch + noise * torch.randn(batch.shape, generator=source)
    return batch, (sizes + 1) // 2, torch.cat([y for _, y in rows]), torch.tensor([len(y) for _, y in rows])


def ctc(model: nn.Module, batch: tuple[Tensor, Tensor, Tensor, Tensor], config: dict) -> tuple[Tensor, Tensor]:
    x, sizes, tokens, lengths = batch
    scores = model(x)
    total = functional.ctc_loss(scores.transpose(0, 1), tokens, sizes, lengths, blank=BLANK, reduction="sum",
                                zero_infinity=config["ctc_conf.zero_infinity"])
    return total / len(x), scores


def distance(a: list[int], b: list[int]) -> int:
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (left != right))
    return row[-1]


def evaluate(model: nn.Module, config: dict) -> dict[str, float]:
    source, held = torch.Generator().manual_seed(3), corpus()["valid"]
    model.eval()
    losses, wrong = [], 0
    with torch.no_grad():
        for start in range(0, HELD, 16):
            rows = held[start:start + 16]
            batch = collate(rows, config["noise"], source)
            loss, scores = ctc(model, batch, config)
            losses.append(float(loss))
            for path, size, (_, tokens) in zip(scores.argmax(2), batch[1], rows):
                kept = [int(t) for t in torch.unique_consecutive(path[:size]) if t != BLANK]
                wrong += distance(kept, tokens.tolist())
    model.train()
    mean = sum(losses) / len(losses)
    return {"valid.loss_ctc": mean, "valid.cer_ctc": wrong / sum(len(y) for _, y in held), "valid.loss": mean}


def rate_at(config: dict, step: int) -> float:
    peak, warm = config["optim_conf.lr"], config["scheduler_conf.warmup_steps"]
    if config["scheduler"] == "lr_finder":
        # Multiplied at each step, as in the test of rates that it was written for.
        return float(peak * config["scheduler_conf.gamma"] ** step)
    return float(peak * math.sqrt(warm) * min(step ** -0.5, step * warm ** -1.5))


def masked(x: Tensor, source: torch.Generator) -> Tensor:
    """SpecAugment: a band of frequencies and two stretches of frames are put out."""
    x = x.clone()
    for row in x:
        low, width = int(torch.randint(0, MELS - 5, (1,), generator=source)), int(torch.randint(0, 6, (1,), generator=source))
        row[:, low:low + width] = 0
        for _ in range(2):
            at = int(torch.randint(0, x.shape[1] - 6, (1,), generator=source))
            row[at:at + int(torch.randint(0, 6, (1,), generator=source))] = 0
    return x


class Means:
    """ESPnet's reporter: values that are not finite are left out of a mean."""

    def __init__(self) -> None:
        self.kept: dict[str, list[float]] = {}

    def add(self, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            self.kept.setdefault(name, []).append(value)

    def last(self, count: int) -> dict[str, float]:
        out = {}
        for name, values in self.kept.items():
            finite = [value for value in values[-count:] if math.isfinite(value)]
            out[name] = sum(finite) / len(finite) if finite else math.nan
        return out


def train(journal: Journal) -> None:
    config, fault, data = journal.config, journal.fault, corpus()
    source = torch.Generator().manual_seed(journal.seed)
    model = ESPnetASRModel(config)
    model.is_detached = fault == "detached-encoder"
    optimizer = torch.optim.Adam(model.parameters(), lr=config["optim_conf.lr"], betas=(0.9, 0.98), weight_decay=1e-6)
    journal.watch(model, optimizer)
    rows = list(data["train"])
    if fault == "other-locale":
        # wav.scp and text were sorted under two locales and read line by line.
        texts = torch.randperm(UTTERANCES, generator=source)
        rows = [(x, rows[int(i)][1]) for (x, _), i in zip(rows, texts)]
    count = sum(p.numel() for p in model.parameters())
    journal.print(f"{stamp(journal, 1369, 'abs_task')}Model summary:\n    Class Name: ESPnetASRModel\n    Total Number of model "
                  f"parameters: {count / 1e3:.2f} K\n    Number of trainable parameters: {count / 1e3:.2f} K (100.0%)\n", "err")
    journal.print(f"{stamp(journal, 1373, 'abs_task')}Scheduler: {config['scheduler']}("
                  f"{', '.join(f'{k[15:]}={v}' for k, v in config.items() if k.startswith('scheduler_conf.'))})\n", "err")
    per, size, every = config["num_iters_per_epoch"], config["batch_size"], config["log_interval"]
    saved: dict[str, Any] = {}
    epoch, step = 1, 0
    while epoch <= config["max_epoch"]:
        if config["resume_at"] and epoch == config["resume_at"] + 1 and not saved:
            saved = {"model": copy.deepcopy(model.state_dict()), "optim": copy.deepcopy(optimizer.state_dict()),
                     "data": source.get_state()}
        journal.print(f"{stamp(journal, 318)}{epoch}/{config['max_epoch']}epoch started\n", "err")
        order = torch.randperm(UTTERANCES, generator=source).tolist()
        if epoch == 1 and config["sort_first_epoch"]:
            order.sort(key=lambda i: len(rows[i][0]))
        means, began, is_valid, is_killed = Means(), journal.now(), False, False
        for batch_number in range(per):
            step += 1
            since = journal.now()
            journal.wait(0.004 if fault != "nfs" or step < 225 else 0.55 + 0.5 * float(torch.rand(1)))
            chosen = [rows[i] for i in order[batch_number * size:(batch_number + 1) * size]]
            if fault == "fast-news" and epoch >= 4:
                # The second half of the corpus is added.
                chosen[::4] = [data["news"][int(i)] for i in torch.randint(0, 256, (len(chosen[::4]),), generator=source)]
            loud = config.get("street_every") and step > 60 and step % config["street_every"] == 0
            batch = collate(chosen, config["noise"] * (6 if loud else 1), source)
            if fault == "eight-kilohertz" and 265 <= step < 277:
                # Telephone speech, taken for sixteen kilohertz: the bands above the middle are empty and the rest is stretched.
                x = batch[0][:, :, :MELS // 2].repeat_interleave(2, 2)
                batch = (torch.cat([x[:, :, 6:], torch.full_like(x[:, :, :6], -3.0)], 2), *batch[1:])
            if config["specaug"] != "none":
                batch = (masked(batch[0], source), *batch[1:])
            ready = journal.now()
            rate = rate_at(config, step)
            set_rate(optimizer, rate)
            loss, _ = ctc(model, batch, config)
            forward = journal.now()
            optimizer.zero_grad()
            loss.backward()
            norm = float(nn.utils.clip_grad_norm_(model.parameters(), config["grad_clip"]))
            backward = journal.now()
            numbers = {"iter_time": ready - since, "forward_time": forward - ready, "loss_ctc": loss.item(), "loss": loss.item(),
                       "backward_time": backward - forward}
            if math.isfinite(norm):
                is_valid = True
                optimizer.step()
                journal.wait(0.02)
                numbers.update({"grad_norm": norm, "clip": 100.0 * (norm > config["grad_clip"]), "loss_scale": 1.0})
            else:
                journal.print(f"{stamp(journal, 657, level='WARNING')}The grad norm is {norm}. Skipping updating the model.\n", "err")
                numbers.update({"grad_norm": math.nan, "clip": math.nan, "loss_scale": math.nan})
            numbers.update({"optim_step_time": journal.now() - backward, "optim0_lr0": rate, "train_time": journal.now() - since})
            means.add(numbers)
            if step % every == 0:
                journal.log(step, means.last(every))
            is_killed = bool(saved.get("model")) and batch_number == 19
            if is_killed:
                break
        if is_killed:
            # Preempted; the queue starts the job again, which goes on from the end of the last epoch.
            journal.wait(140.0)
            journal.print(f"{stamp(journal, 212)}The training was resumed using exp/asr_train_ctc/checkpoint.pth\n", "err")
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optim"])
            source.set_state(saved["data"])
            saved, step = {"done": True}, (epoch - 1) * per
            journal._watch.step = step + 1
            continue
        train_time, at = journal.now() - began, journal.now()
        journal.wait(config.get("decode_seconds", 3.0))
        held = {**evaluate(model, config), "valid.time": journal.now() - at}
        journal.log(step, {**{f"train.{k}": v for k, v in means.last(per).items()}, "train.time": train_time, **held})
        if not is_valid:
            journal.print(f"{stamp(journal, 378, level='WARNING')}The gradients at all steps are invalid in this epoch. Something "
                          f"seems wrong. This training was stopped at {epoch}epoch\n", "err")
            break
        epoch += 1
    journal.print(f"{stamp(journal, 509)}The training was finished at {min(epoch, config['max_epoch'])} epochs \n", "err")


STORIES = [
    Story("healthy", "Nothing is wrong: the loss of CTC falls to that of nothing but blanks, stays there a while, and falls on."),
    Story("healthy-small-batch", "Four utterances a step: loss and gradients are very noisy, and are clipped most of the time.",
          {"batch_size": 4, "optim_conf.lr": 0.004}),
    Story("healthy-sortagrad", "The first epoch goes from the shortest utterance to the longest: its loss rises with their length, "
          "and then falls.", {"sort_first_epoch": True, "max_epoch": 5}),
    Story("healthy-specaug", "SpecAugment and dropout: the training loss stays above that of the evaluation.",
          {"specaug": "specaug", "encoder_conf.dropout": 0.1}),
    Story("healthy-resumed", "Preempted in epoch 4 and resumed from the end of epoch 3 with weights, optimizer and order of the "
          "data: its first rows come again.", {"resume_at": 3}),
    Story("healthy-street", "Every 50 steps a batch is from the street, six times as noisy: the loss jumps and recovers at once; "
          "nothing is clipped, and decoding takes minutes.",
          {"street_every": 50, "grad_clip": 100.0, "decode_seconds": 150.0, "scheduler_conf.warmup_steps": 100}),
    Story("lr-finder", "The rate is multiplied by 1.02 at each step, left over from a test of learning rates.",
          {"scheduler": "lr_finder", "optim_conf.lr": 0.0006, "scheduler_conf.gamma": 1.02},
          rules=("learning-rate-too-high", "loss-divergence"), causes=("learning-rate-too-high",),
          onset=AfterBest("loss"), harm=worse("loss", 3.0), advice=("optim_conf.lr", "scheduler"),
          allowed=("learning-rate-too-high", "loss-divergence", "no-learning", "loss-plateau", "loss-spike", "gradient-explosion",
                   "gradient-vanishing", "saturated-activations", "dead-units", "update-ratio-out-of-band", "clipping-dominates")),
    Story("other-locale", "wav.scp and text were sorted under two locales and read line by line: no transcript belongs to its "
          "audio.", fault="other-locale", rules=("no-learning", "loss-plateau"), causes=("labels-unrelated", "labels-shifted"),
          onset=Deviates("loss", "above", 0.05), harm=worse("valid.cer_ctc", 2.0),
          allowed=("no-learning", "loss-plateau", "overfitting", "memorization", "gradient-vanishing")),
    Story("eight-kilohertz", "Steps 265 to 276 read a shard of telephone speech as if it had sixteen kilohertz.",
          fault="eight-kilohertz", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"), begins=265,
          onset=FirstRow(), harm=jumps("loss", 265, 1.4), allowed=("gradient-explosion",)),
    Story("fast-news", "From epoch 4 on news is added that is read so fast that its characters outnumber the frames: the loss of "
          "CTC is infinite, and each update is left out.", fault="fast-news", rules=("non-finite-loss", "hidden-non-finite-loss"),
          causes=("bad-batch", "degenerate-input", "nan-in-code", "filter-hides-nan"), begins=181, onset=FirstRow(),
          harm=not_finite("loss"), advice=("ctc_conf.zero_infinity",),
          allowed=("hidden-non-finite-loss", "non-finite-loss", "non-finite-layer", "no-learning", "loss-plateau",
                   "frozen-layer")),
    Story("nfs", "From step 225 on features are read from a network drive: each step waits for its batch.", {"max_epoch": 5}, "nfs",
          rules=("input-bound", "throughput-drop"), causes=("data-loader-slow", "neighbour-load"), begins=225,
          onset=FirstRow("iter_time"), harm=grows("train_time", 225, 2.0), allowed=("throughput-drop", "input-bound")),
    Story("detached-encoder", "The encoder's output is detached, for a probe that somebody once trained on it: the output layer "
          "alone learns.", {"max_epoch": 5}, "detached-encoder", rules=("frozen-layer", "no-learning", "loss-plateau"),
          causes=("detached-graph", "frozen-parameters", "optimizer-not-stepping"),
          layer=("encoder", "encoder.embed", "encoder.embed.conv1", "encoder.embed.norm1", "encoder.embed.conv2",
                 "encoder.embed.norm2", "encoder.rnn", "encoder.proj"),
          onset=FirstRow(), harm=worse("valid.cer_ctc", 1.5),
          allowed=("frozen-layer", "no-learning", "loss-plateau", "gradient-vanishing", "update-ratio-out-of-band")),
]
