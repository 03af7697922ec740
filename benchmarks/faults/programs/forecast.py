"""Forecasting of the load of power stations, eight hours ahead: a gated temporal convolution network (WaveNet's kind),
Huber loss, NAdam, a one-cycle schedule, lines of Python's logging that count epochs and batches."""

from __future__ import annotations

import copy
import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.training import clip, shuffled
from story import AfterBest, FirstRow, Row, Story, grows, not_finite, turns, worse

WINDOW, HORIZON, STATIONS = 36, 8, 5
FEATURES = ("load", "temperature", "pressure", "hour_sin", "hour_cos")
CONFIG = {
    "model": "gated-tcn", "channels": 16, "kernel_size": 2, "dilations": "2,8", "dropout": 0.0, "loss": "huber",
    "huber_delta": 1.0, "target_unit": "standardised", "optimizer": "nadam", "lr": 4e-3, "momentum_decay": 4e-3,
    "weight_decay": 1e-4, "scheduler": "onecycle", "pct_start": 0.25, "batch_size": 32, "epochs": 8,
    "train_windows": 1280, "grad_clip": 1.0, "log_interval": 8, "num_workers": 2, "freeze": "", "watch_every": 40,
}


def stamp(journal: Journal) -> str:
    seconds = journal.now()
    return "2026-09-21 08:%02d:%02d,%03d" % (14 + seconds // 60, seconds % 60, seconds * 1000 % 1000)


def style(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    config = journal.config
    per_epoch = config["batches_per_epoch"]
    epoch, batch = (step - 1) // per_epoch + 1, (step - 1) % per_epoch + 1
    head = f"{stamp(journal)} [INFO] forecast: "
    if "val_loss" in metrics:
        return [("err", "%sepoch %d/%d validation: val_loss=%.4f val_mae=%.4f\n" % (
            head, epoch, config["epochs"], metrics["val_loss"], metrics["val_mae"]))]
    return [("err", "%sepoch %d/%d batch %d/%d: loss=%.4f grad_norm=%.3f lr=%.2e data_time=%.3fs batch_time=%.3fs\n" % (
        head, epoch, config["epochs"], batch, per_epoch, metrics["loss"], metrics["grad_norm"], metrics["lr"],
        metrics["data_time"], metrics["batch_time"]))]


STYLE = style


@lru_cache(maxsize=None)
def series(seed: int, hours: int) -> tuple[Tensor, Tensor]:
    """(station, hour) of the load, standardised, and (station, feature, hour) of all features."""
    source = torch.Generator().manual_seed(seed)
    hour = torch.arange(hours, dtype=torch.float32)
    day, week = 2 * math.pi * hour / 24, 2 * math.pi * hour / 168
    loads, features = [], []
    for station in range(STATIONS):
        steps = torch.randn(hours, generator=source)
        slow = torch.zeros(hours)
        for i in range(1, hours):
            slow[i] = 0.97 * slow[i - 1] + 0.2 * steps[i]
        temperature = 0.8 * (day - 2.2).sin() + slow
        load = (1.2 * (day - 1.0 - 0.1 * station).sin() + 0.5 * (2 * day).cos() + 0.4 * week.sin()
                - 0.6 * functional.pad(temperature, (3, 0))[:hours] + 0.2 * torch.randn(hours, generator=source))
        pressure = -0.7 * slow + 0.7 * torch.randn(hours, generator=source)
        load = (load - load.mean()) / load.std()
        loads.append(load)
        features.append(torch.stack([load, temperature / 1.2, pressure, day.sin(), day.cos()]))
    return torch.stack(loads), torch.stack(features)


@lru_cache(maxsize=None)
def windows(seed: int, count: int) -> tuple[Tensor, Tensor]:
    """(window, feature, hour) and (window, hour ahead)."""
    load, features = series(seed, 24 * 90)
    source = torch.Generator().manual_seed(seed + 1)
    starts = torch.randint(0, load.shape[1] - WINDOW - HORIZON, (count,), generator=source).tolist()
    stations = torch.randint(0, STATIONS, (count,), generator=source).tolist()
    past = torch.stack([features[s, :, at:at + WINDOW] for s, at in zip(stations, starts)])
    ahead = torch.stack([load[s, at + WINDOW:at + WINDOW + HORIZON] for s, at in zip(stations, starts)])
    return past, ahead


def prepare() -> None:
    windows(21, CONFIG["train_windows"])
    windows(22, 256)


class GatedBlock(nn.Module):
    def __init__(self, channels: int, kernel: int, dilation: int):
        super().__init__()
        self.reach = (kernel - 1) * dilation
        self.conv = nn.Conv1d(channels, 2 * channels, kernel, dilation=dilation)
        self.tanh, self.gate = nn.Tanh(), nn.Sigmoid()
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.conv(functional.pad(x, (self.reach, 0))).chunk(2, 1)
        return x + self.mix(self.tanh(value) * self.gate(gate))


class Forecaster(nn.Module):
    def __init__(self, config: dict[str, Any]):
        super().__init__()
        channels = config["channels"]
        self.stem = nn.Conv1d(len(FEATURES), channels, 1)
        self.blocks = nn.Sequential(*(GatedBlock(channels, config["kernel_size"], int(dilation))
                                      for dilation in config["dilations"].split(",")))
        self.drop = nn.Dropout(config["dropout"])
        self.head = nn.Linear(2 * channels, HORIZON)
        self.center, self.spread = config.get("target_mean", 0.0), config.get("target_std", 1.0)

    def forward(self, past: Tensor) -> Tensor:
        hidden = self.blocks(self.stem(past))
        out: Tensor = self.head(self.drop(torch.cat([hidden[:, :, -1], hidden.mean(-1)], 1)))
        return out * self.spread + self.center


class Run:
    def __init__(self, journal: Journal):
        self.journal, self.config, self.fault = journal, journal.config, journal.fault
        config = self.config
        past, ahead = windows(21, CONFIG["train_windows"])
        self.past, self.ahead = past[:config["train_windows"]].clone(), ahead[:config["train_windows"]].clone()
        self.held_past, self.held_ahead = windows(22, 256)
        if config["target_unit"] == "MW":
            self.ahead = self.ahead * config["target_std"] + config["target_mean"]
            self.held_ahead = self.held_ahead * config["target_std"] + config["target_mean"]
        if config.get("meter_noise"):
            source = torch.Generator().manual_seed(journal.seed)
            self.ahead = self.ahead + config["meter_noise"] * torch.randn(self.ahead.shape, generator=source)
        if self.fault == "raw-pressure":
            # The scaler's list of columns has "temp" and "load": the pressure stays in Pascal.
            self.past, self.held_past = self.past.clone(), self.held_past.clone()
            for part in (self.past, self.held_past):
                part[:, 2] = 101_325 + 900 * part[:, 2]
        self.per_epoch = len(self.past) // config["batch_size"]
        config["batches_per_epoch"] = self.per_epoch
        self.total = self.per_epoch * config["epochs"]
        self.model = Forecaster(config)
        if config["freeze"] or config.get("unfreeze_at_epoch"):
            self.set_frozen(True)
        chosen = list(self.model.parameters())
        if self.fault == "never-unfrozen":
            # Filtered when the optimizer is made, as recipes for fine-tuning have it; unfrozen later, and never added.
            chosen = [one for one in chosen if one.requires_grad]
        self.optimizer = torch.optim.NAdam(chosen, lr=config["lr"], weight_decay=config["weight_decay"],
                                           momentum_decay=config["momentum_decay"])
        self.scheduler = self.new_scheduler()
        self.batches = shuffled(len(self.past), config["batch_size"], torch.Generator().manual_seed(journal.seed))
        self.since = (journal.now(), 0.0)

    def set_frozen(self, is_frozen: bool) -> None:
        for part in (self.model.stem, self.model.blocks):
            part.requires_grad_(not is_frozen)

    def new_scheduler(self) -> Any:
        config, kinds = self.config, torch.optim.lr_scheduler
        if config["scheduler"] == "onecycle":
            return kinds.OneCycleLR(self.optimizer, config["lr"], total_steps=self.total + 1, cycle_momentum=False,
                                    pct_start=config["pct_start"])
        if config["scheduler"] == "warm_restarts":
            return kinds.CosineAnnealingWarmRestarts(self.optimizer, config["restart_epochs"] * self.per_epoch)
        if config["scheduler"] == "exponential":
            return kinds.ExponentialLR(self.optimizer, config["gamma"])
        assert config["scheduler"] == "constant"
        return kinds.LambdaLR(self.optimizer, lambda _: 1.0)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        chosen = next(self.batches)
        past, ahead = self.past[chosen], self.ahead[chosen]
        every = self.config.get("holiday_every")
        if every and step % every == 0:
            # A public holiday: an eighth of the windows is followed by hours unlike all others.
            ahead = ahead.clone()
            ahead[:4] = 6 + ahead[:4] * -3
        if self.fault == "meter-gap" and step >= 141 and step % 3 == 0:
            # The file of a new station: hours for which its meter sent nothing are NaN, and nobody fills them.
            past = past.clone()
            past[:2, 0, 5:9] = math.nan
        if self.fault == "remote-files" and step > 160:
            # The windows that fitted into the cache are used up; each is now opened and parsed on the share.
            self.journal.wait(0.5 + 0.4 * (step * 7 % 5) / 5)
        else:
            self.journal.wait(0.01)
        return past, ahead

    def loss(self, out: Tensor, ahead: Tensor) -> Tensor:
        if self.config["loss"] == "mse":
            return functional.mse_loss(out, ahead)
        return functional.huber_loss(out, ahead, delta=self.config["huber_delta"])

    def step(self, step: int) -> None:
        config, journal = self.config, self.journal
        began = journal.now()
        past, ahead = self.batch(step)
        waited = journal.now() - began
        loss = self.loss(self.model(past), ahead)
        self.optimizer.zero_grad()
        loss.backward()
        norm = clip(self.model.parameters(), config["grad_clip"])
        self.optimizer.step()
        rate = self.optimizer.param_groups[0]["lr"]
        if config["scheduler"] != "exponential" or self.fault == "decay-per-batch" or step % self.per_epoch == 0:
            self.scheduler.step()
        journal.wait(0.12)
        start, data = self.since
        self.since = start, data + waited
        if step % config["log_interval"] == 0:
            count = config["log_interval"]
            journal.log(step, {"loss": loss.item(), "grad_norm": norm, "lr": rate, "data_time": (data + waited) / count,
                               "batch_time": (journal.now() - start) / count})
            self.since = journal.now(), 0.0

    def validate(self, step: int) -> None:
        self.model.eval()
        with torch.no_grad():
            out = self.model(self.held_past)
            self.journal.log(step, {"val_loss": self.loss(out, self.held_ahead).item(),
                                    "val_mae": (out - self.held_ahead).abs().mean().item()})
        self.model.train()
        self.journal.wait(1.5)
        self.since = self.journal.now(), 0.0

    def run(self) -> None:
        config = self.config
        for epoch in range(1, config["epochs"] + 1):
            if epoch == config.get("unfreeze_at_epoch"):
                self.journal.print(f"{stamp(self.journal)} [INFO] forecast: epoch {epoch}: unfreezing stem and blocks\n", "err")
                self.set_frozen(False)
            for place in range(1, self.per_epoch + 1):
                self.step((epoch - 1) * self.per_epoch + place)
            if epoch % config.get("val_every", 1) == 0:
                self.validate(epoch * self.per_epoch)


def train(journal: Journal) -> None:
    run = Run(journal)
    count = sum(one.numel() for one in run.model.parameters())
    journal.print(f"{stamp(journal)} [INFO] forecast: {len(run.past)} training windows, {len(run.held_past)} validation "
                  f"windows, {count} parameters\n", "err")
    journal.watch(run.model, run.optimizer)
    run.run()


def stuck_from(step: int, metric: str = "val_loss") -> Any:
    """Behind the step the metric hardly falls any more, and stays above that of the healthy run."""

    def judge(rows: list[Row], healthy: list[Row]) -> tuple[bool, str]:
        ours = [row[metric] for at, row in rows if metric in row and at >= step]
        theirs = [row[metric] for at, row in healthy if metric in row]
        return (ours[-1] > 0.9 * ours[0] and ours[-1] > 1.2 * theirs[-1],
                f"{metric} {ours[0]:.4g} from step {step} on, {ours[-1]:.4g} at the end, healthy {theirs[-1]:.4g}")

    return judge


_BODY = ("stem", "blocks", *(f"blocks.{i}{part}" for i in range(2) for part in ("", ".conv", ".mix")))
_GATES = tuple(f"blocks.{i}{part}" for i in range(2) for part in ("", ".conv", ".tanh", ".gate"))

STORIES = [
    Story("healthy", "Nothing is wrong: one cycle of the learning rate, clipping at 1."),
    Story("healthy-small-batch", "Four windows a step: the loss is very noisy.",
          {"batch_size": 4, "lr": 2e-3, "epochs": 2, "train_windows": 640}),
    Story("healthy-holidays", "Every 35 steps an eighth of the windows is of a public holiday: the loss jumps for one step.",
          {"holiday_every": 35, "log_interval": 5}),
    Story("healthy-plateau", "Noisy meters and a constant rate over twelve epochs: the loss reaches the noise and stays "
          "there.", {"meter_noise": 0.8, "scheduler": "constant", "lr": 2e-3, "epochs": 12}),
    Story("healthy-unfrozen", "The body is frozen for two epochs, as the configuration says, and then trained: the loss "
          "falls, flattens and falls again.", {"unfreeze_at_epoch": 3, "scheduler": "constant", "lr": 3e-3},
          allowed=("frozen-layer",)),
    Story("healthy-restarts", "A cosine that begins again every two epochs, without clipping: the loss rises a little at "
          "each.", {"scheduler": "warm_restarts", "restart_epochs": 2, "grad_clip": 0.0, "lr": 6e-3}),
    Story("healthy-megawatts", "Targets in megawatts and a squared error, without clipping: losses in the thousands, and "
          "all is well.", {"target_unit": "MW", "target_mean": 540.0, "target_std": 85.0, "loss": "mse",
                           "grad_clip": 0.0}),
    Story("lr-too-high", "The learning rate is 0.3, taken over from a run with SGD, constant and not clipped.",
          {"lr": 0.3, "scheduler": "constant", "grad_clip": 0.0},
          rules=("learning-rate-too-high", "loss-divergence", "no-learning"),
          causes=("learning-rate-too-high", "no-gradient-clipping", "no-warmup"), begins=2,
          onset=FirstRow("loss"), harm=worse("val_loss", 1.5), advice=("lr",),
          allowed=("loss-divergence", "no-learning", "learning-rate-too-high", "gradient-explosion", "loss-spike",
                   "loss-plateau", "update-ratio-out-of-band", "saturated-activations", "gradient-vanishing",
                   "initial-loss-mismatch", "frozen-layer", "dead-units")),
    Story("meter-gap", "From step 141 on the batches hold a new station whose meter sent nothing for some hours: NaN in the "
          "inputs, which nobody fills.", fault="meter-gap", rules=("non-finite-loss", "non-finite-layer"),
          causes=("bad-batch", "degenerate-input", "nan-in-code"), begins=141, onset=FirstRow("loss"),
          harm=not_finite("loss"), allowed=("non-finite-layer", "non-finite-loss", "gradient-explosion")),
    Story("raw-pressure", "One column was forgotten by the scaler: the pressure goes in as 101,325 Pascal, and every gate "
          "is saturated.", fault="raw-pressure",
          rules=("saturated-activations", "no-learning", "loss-plateau", "initial-loss-mismatch", "gradient-explosion",
                 "clipping-dominates"),
          causes=("degenerate-input", "saturating-activation", "initialization-too-large",
                  "clip-below-usual-norm"), layer=("stem", *_GATES),
          onset=FirstRow("loss"), harm=worse("val_loss", 1.5),
          allowed=("no-learning", "loss-plateau", "gradient-vanishing", "clipping-dominates", "update-ratio-out-of-band",
                   "initial-loss-mismatch", "gradient-explosion", "loss-divergence", "loss-spike",
                   "saturated-activations", "learning-rate-too-high", "frozen-layer")),
    Story("never-unfrozen", "The body is to be trained from epoch 3 on; the optimizer was made while it was frozen and never "
          "got its parameters.", {"unfreeze_at_epoch": 3, "scheduler": "constant", "lr": 3e-3}, "never-unfrozen",
          rules=("frozen-layer", "no-learning", "loss-plateau"), causes=("frozen-parameters", "optimizer-not-stepping"),
          layer=_BODY, begins=81, onset=FirstRow("loss"), harm=worse("val_loss", 1.3),
          allowed=("no-learning", "loss-plateau", "update-ratio-out-of-band", "frozen-layer")),
    Story("few-windows", "64 windows, read again and again without decay, by a network of four times the width.",
          {"train_windows": 64, "epochs": 150, "batch_size": 32, "weight_decay": 0.0, "channels": 48, "scheduler": "constant",
           "log_interval": 10, "val_every": 10}, rules=("overfitting", "memorization"),
          causes=("too-many-epochs", "too-little-regularisation"), onset=AfterBest("val_loss"),
          harm=turns("val_loss", 1.15), advice=("epochs", "weight_decay", "train_windows"),
          allowed=("memorization", "overfitting")),
    Story("decay-per-batch", "The exponential decay of 0.85 was meant for each epoch and is applied after each batch: from "
          "the second epoch on the rate is all but 0.", {"scheduler": "exponential", "gamma": 0.85}, "decay-per-batch",
          rules=("loss-plateau", "no-learning"), causes=("schedule-decayed-too-early", "learning-rate-too-low"),
          # At step 24 the rate is below a fortieth of its start.
          begins=24, onset=FirstRow("loss"), harm=stuck_from(40), advice=("scheduler", "gamma"),
          allowed=("no-learning", "loss-plateau", "frozen-layer", "update-ratio-out-of-band")),
    Story("remote-files", "From step 161 on the windows are no longer in the cache, and each batch is read from a share.",
          fault="remote-files", rules=("input-bound", "throughput-drop"), causes=("data-loader-slow",), begins=161,
          onset=FirstRow("data_time"), harm=grows("batch_time", 161, 1.5), advice=("num_workers",),
          allowed=("throughput-drop", "input-bound")),
]
