"""Image classification: drawn shapes, a convolutional network with batch norm, SGD with momentum, a stepped
learning rate, printed as a Lightning callback does. With `replicas` the batch is split over copies of the
model whose gradients are averaged, as DistributedDataParallel does over processes."""

from __future__ import annotations

import copy
import time
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import CLOCK_SCALE, Journal
from parts import styles
from parts.training import clip, schedule, set_rate
from story import AfterBest, Deviates, FirstRow, Story, grows, turns, worse

STYLE = styles.lightning
CONFIG = {
    "model": "shapes-cnn", "channels": 12, "hidden_layers": 1, "activation": "relu", "norm": "batch", "batch_size": 24,
    "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "schedule": "step", "warmup_steps": 0, "max_steps": 180,
    "log_every_n_steps": 3, "val_check_interval": 40, "gradient_clip_val": 0.0, "train_images": 1200,
    "steps_per_epoch": 50, "replicas": 1, "watch_every": 20, "noise": 0.5,
}
CLASSES, SIDE = 6, 12


@lru_cache(maxsize=None)
def images(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Squares, frames, crosses, diagonals, bars and discs at random places, without noise."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (count,), generator=source)
    places = torch.randint(0, SIDE - 7, (count, 2), generator=source)
    pictures = torch.zeros(count, 1, SIDE, SIDE)
    y, x = torch.meshgrid(torch.arange(7), torch.arange(7), indexing="ij")
    shapes = torch.stack([
        torch.ones(7, 7), ((y % 6 == 0) | (x % 6 == 0)).float(), ((y == 3) | (x == 3)).float(),
        ((y == x) | (y + x == 6)).float(), (y % 2 == 0).float(), ((y - 3) ** 2 + (x - 3) ** 2 <= 8).float()])
    for i in range(count):
        top, left = places[i].tolist()
        pictures[i, 0, top:top + 7, left:left + 7] = shapes[labels[i]]
    return pictures, labels


def prepare() -> None:
    images(1200, 1)
    images(200, 2)


class Net(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width, normed = config["channels"], config["norm"] == "batch"
        act = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}[config["activation"]]
        features: list[nn.Module] = []
        for before, after in ((1, width), (width, width), (width, 2 * width)):
            features += [nn.Conv2d(before, after, 3, padding=1)]
            features += [nn.BatchNorm2d(after)] if normed else []
            features += [act()]
            features += [nn.MaxPool2d(2)] if after == 2 * width or before == 1 else []
        self.features = nn.Sequential(*features)
        hidden: list[nn.Module] = []
        size = 2 * width * 9
        for _ in range(config["hidden_layers"]):
            hidden += [nn.Linear(size, 32), act()]
            size = 32
        self.hidden = nn.Sequential(*hidden)
        self.head = nn.Linear(size, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.hidden(self.features(x).flatten(1)))
        return out


def build(journal: Journal) -> Net:
    model = Net(journal.config)
    with torch.no_grad():
        if journal.fault == "negative-bias":
            # A bias meant for the detector's head: no unit of this layer is ever above zero.
            model.hidden[0].bias.fill_(-60.0)
        if journal.fault == "large-init":
            for module in model.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    nn.init.normal_(module.weight, std=0.3)
    return model


class Replicas:
    """Copies of the model, each with its own part of the batch."""

    def __init__(self, journal: Journal, model: Net):
        self.journal = journal
        self.copies = [model, *(copy.deepcopy(model) for _ in range(journal.config["replicas"] - 1))]

    def backward(self, x: Tensor, labels: Tensor, step: int) -> tuple[float, float, list[float], float]:
        """Loss, accuracy, seconds of each rank, and the seconds that the others waited for the slowest."""
        losses, seconds, right, computed = [], [], 0, 0.0
        for rank, (part, answer) in enumerate(zip(x.chunk(len(self.copies)), labels.chunk(len(self.copies)))):
            began = time.process_time()
            logits = self.copies[rank](part)
            loss = functional.cross_entropy(logits, answer)
            loss.backward()
            losses.append(loss.item())
            right += int((logits.argmax(-1) == answer).sum())
            seconds.append((time.process_time() - began) * CLOCK_SCALE)
            computed += seconds[rank]
            if self.journal.fault == "slow-rank" and step >= 90 and rank == 2:
                # A neighbour takes two thirds of this machine's processor.
                seconds[rank] *= 3.0
        self.average(step)
        # One process computes the ranks one after the other; on machines of their own they would overlap.
        self.journal.wait(max(seconds) - computed)
        return sum(losses) / len(losses), right / len(labels), seconds, max(seconds)

    def average(self, step: int) -> None:
        if len(self.copies) == 1:
            return
        names = [name for name, _ in self.copies[0].named_parameters()]
        groups = zip(*(model.parameters() for model in self.copies))
        for name, group in zip(names, groups):
            if self.journal.fault == "skips-sync" and step >= 90 and name.startswith("head"):
                # A parameter that DDP was told to ignore: each rank trains its own.
                continue
            mean = torch.stack([parameter.grad for parameter in group]).mean(0)
            for parameter in group:
                parameter.grad = mean.clone()

    def hashes(self) -> list[int]:
        found = []
        for model in self.copies:
            total = 0
            for parameter in model.parameters():
                bits = parameter.detach().view(torch.int32).to(torch.int64).flatten()
                places = torch.arange(1, len(bits) + 1) * 2654435761
                total = (total * 31 + int((bits * places).sum())) & 0xFFFFFFFFFFFF
            found.append(total)
        return found


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    pictures, labels = images(1200, 1)
    pictures, labels = pictures[:config["train_images"]], labels[:config["train_images"]]
    held_pictures, held_labels = images(200, 2)
    source = torch.Generator().manual_seed(journal.seed)
    if fault == "labels-shuffled":
        labels = labels[torch.randperm(len(labels), generator=source)]
    if config.get("label_noise"):
        wrong = torch.rand(len(labels), generator=source) < config["label_noise"]
        labels = torch.where(wrong, torch.randint(0, CLASSES, labels.shape, generator=source), labels)
    noise = torch.Generator().manual_seed(3)
    held_pictures = held_pictures + config["noise"] * torch.randn(held_pictures.shape, generator=noise)
    fixed = pictures + config["noise"] * torch.randn(pictures.shape, generator=noise)
    model = build(journal)
    replicas = Replicas(journal, model)
    optimizers = [torch.optim.SGD(one.parameters(), lr=config["lr"], momentum=config["momentum"],
                                  weight_decay=config["weight_decay"], nesterov=True) for one in replicas.copies]
    journal.watch(model, optimizers[0])
    factor = schedule(config["schedule"], config["warmup_steps"], config["max_steps"])
    size = config["batch_size"]
    per_epoch = config["steps_per_epoch"] = max(1, len(pictures) // size)
    order = torch.randperm(len(pictures), generator=source)
    for step in range(1, config["max_steps"] + 1):
        began = journal.now()
        place = (step - 1) % per_epoch
        if place == 0:
            order = torch.randperm(len(pictures), generator=source)
        chosen = order[place * size:(place + 1) * size]
        # A healthy loader reads ahead: its work hides behind the step. This one has lost its workers.
        loading = 0.02 if not (fault == "slow-loader" and step >= 100) else 1.2
        journal.wait(loading)
        batch = fixed[chosen]
        if config.get("augment"):
            batch = pictures[chosen] + config["noise"] * torch.randn(batch.shape, generator=source)
        data_time = journal.now() - began if fault == "slow-loader" and step >= 100 else loading
        rate = config["lr"] * factor(step)
        if fault != "gradients-kept":
            for optimizer in optimizers:
                optimizer.zero_grad()
        for optimizer in optimizers:
            set_rate(optimizer, rate)
        loss, accuracy, seconds, slowest = replicas.backward(batch, labels[chosen], step)
        norm = clip(model.parameters(), config["gradient_clip_val"])
        for optimizer in optimizers:
            optimizer.step()
        step_time = journal.now() - began
        if config["replicas"] > 1 and step % 6 == 0:
            points = [("step_time", {"rank": str(rank)}, one) for rank, one in enumerate(seconds)]
            points += [("parameters/hash", {"rank": str(rank)}, float(one)) for rank, one in enumerate(replicas.hashes())]
            journal.emit(step, 0, points)
        if step % config["log_every_n_steps"] == 0 or step == 1:
            journal.log(step, {"train_loss": loss, "train_acc": accuracy, "grad_norm": norm, "lr": rate,
                               "data_time": data_time, "step_time": step_time})
        if step % config["val_check_interval"] == 0:
            model.eval()
            with torch.no_grad():
                logits = model(held_pictures)
                journal.log(step, {"val_loss": float(functional.cross_entropy(logits, held_labels)),
                                   "val_acc": float((logits.argmax(-1) == held_labels).float().mean())})
            model.train()


_LOSS = FirstRow("train_loss")
STORIES = [
    Story("healthy", "Nothing is wrong: batch norm, momentum, a stepped learning rate.", {"augment": True}),
    Story("healthy-noisy-labels", "A fifth of the labels are wrong, as in real data: the loss stays high and noisy.",
          {"augment": True, "label_noise": 0.2}),
    Story("healthy-small-batch", "Six images a step: loss and gradients are noisy.",
          {"augment": True, "batch_size": 6, "lr": 0.02, "max_steps": 210}),
    Story("healthy-replicas", "Three replicas that stay the same and are as fast as each other.",
          {"augment": True, "replicas": 3}),
    Story("healthy-restarts", "A cosine with two warm restarts: the loss rises a little at each.",
          {"augment": True, "schedule": "cosine_with_restarts", "lr": 0.05}),
    Story("healthy-tanh", "Tanh instead of ReLU, with batch norm and a cosine.",
          {"augment": True, "activation": "tanh", "schedule": "cosine"}),
    Story("healthy-clipping", "Gradients are clipped at 1, with a warm-up over a third of the run.",
          {"augment": True, "gradient_clip_val": 1.0, "warmup_steps": 60}),
    Story("healthy-loud-images", "Images with twice the noise: the accuracy rises slowly and stays low.",
          {"augment": True, "noise": 0.9}),
    Story("healthy-short", "A try of 36 steps.", {"augment": True, "max_steps": 36, "val_check_interval": 12}),
    Story("dead-relu", "The bias of the hidden layer begins at -60: none of its units is ever active.",
          {"augment": True, "lr": 0.02}, "negative-bias", rules=("dead-units", "no-learning", "gradient-vanishing"),
          causes=("dead-relu",), layer="hidden.1", onset=_LOSS, harm=worse("train_loss", 1.5),
          allowed=("no-learning", "frozen-layer", "gradient-vanishing", "loss-plateau", "update-ratio-out-of-band")),
    Story("sigmoid-deep", "Five hidden layers of sigmoids without normalisation: their gradients vanish.",
          {"augment": True, "activation": "sigmoid", "norm": "none", "hidden_layers": 5, "lr": 0.05},
          rules=("gradient-vanishing", "no-learning", "saturated-activations"),
          causes=("saturating-activation", "missing-normalisation"), onset=_LOSS, harm=worse("train_loss", 1.5),
          advice=("activation", "norm"),
          allowed=("no-learning", "frozen-layer", "gradient-vanishing", "loss-plateau", "update-ratio-out-of-band",
                   "saturated-activations")),
    Story("large-init", "Without normalisation all weights begin with a standard deviation of 0.3.",
          {"augment": True, "norm": "none", "lr": 0.02}, "large-init",
          rules=("initial-loss-mismatch", "gradient-explosion", "loss-divergence", "non-finite-loss"),
          causes=("initialization-too-large", "missing-normalisation"), onset=_LOSS,
          harm=lambda rows, healthy: (rows[0][1]["train_loss"] > 2 * healthy[0][1]["train_loss"],
                                      f"first loss {rows[0][1]['train_loss']:.3g}"),
          allowed=("gradient-explosion", "loss-divergence", "non-finite-loss", "initial-loss-mismatch", "dead-units",
                   "no-learning", "loss-spike", "non-finite-layer", "update-ratio-out-of-band", "loss-plateau",
                   "gradient-vanishing", "frozen-layer", "learning-rate-too-high")),
    Story("labels-shuffled", "The labels were sorted apart from the images: there is nothing to learn.",
          {"augment": True}, "labels-shuffled", rules=("no-learning", "loss-plateau"), causes=("labels-unrelated",),
          onset=_LOSS, harm=worse("train_loss", 1.5), allowed=("loss-plateau", "overfitting")),
    Story("gradients-kept", "zero_grad is never called: each step adds the gradients of all before.",
          {"augment": True}, "gradients-kept", rules=("gradient-explosion", "loss-divergence", "non-finite-loss"),
          causes=("gradients-not-cleared",), begins=2, onset=Deviates("grad_norm", "above"),
          harm=worse("train_loss", 1.5),
          allowed=("gradient-explosion", "loss-divergence", "non-finite-loss", "loss-spike", "no-learning",
                   "non-finite-layer", "update-ratio-out-of-band", "loss-plateau", "dead-units",
                   "learning-rate-too-high")),
    Story("slow-loader", "From step 100 on the loader decodes in the main process: each step waits for its batch.",
          {"augment": True}, "slow-loader", rules=("input-bound", "throughput-drop"), causes=("data-loader-slow",),
          begins=100, onset=FirstRow("data_time"), harm=worse("step_time", 1.5),
          allowed=("throughput-drop", "input-bound")),
    Story("straggler", "From step 90 on one of three replicas is three times slower than the others.",
          {"augment": True, "replicas": 3}, "slow-rank", rules=("straggler-rank",), causes=("slow-node", "neighbour-load"),
          begins=90, onset=FirstRow("train_loss"), harm=grows("step_time", 90, 1.2), allowed=("throughput-drop",)),
    Story("desync", "From step 90 on the gradients of the head are not averaged over the three replicas.",
          {"augment": True, "replicas": 3}, "skips-sync", rules=("desynchronised-ranks",),
          causes=("no-weight-sync", "different-seed-or-init"), layer="head", begins=90,
          onset=FirstRow("train_loss"), harm=lambda rows, healthy: (True, "the hashes of the ranks differ")),
    Story("overfit", "48 images, fifty times each, without augmentation or weight decay.",
          {"train_images": 48, "weight_decay": 0.0, "noise": 1.2, "schedule": "constant", "val_check_interval": 12,
           "lr": 0.05}, rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest("val_loss"), harm=turns("val_loss", 1.15), allowed=("memorization",)),
]
