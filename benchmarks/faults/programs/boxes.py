"""Detection of drawn shapes: a small residual network over a grid of anchors, complete IoU, objectness and classes, SGD with
Nesterov momentum, a warm-up and a linear schedule, printed as YOLOv5's train.py prints its epochs: no rate, no gradient, no total."""

from __future__ import annotations

import copy
import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.styles import clock
from story import Deviates, FirstRow, Story, jumps, not_finite, worse

# The options and hyperparameters in the order in which train.py prints them.
CONFIG = {
    "weights": "", "cfg": "shapes.yaml", "data": "shapes.yaml", "epochs": 32, "batch_size": 16, "imgsz": 32, "optimizer": "SGD",
    "workers": 4, "patience": 100, "lr0": 0.01, "lrf": 0.01, "momentum": 0.937, "weight_decay": 0.0005, "warmup_epochs": 3.0,
    "warmup_momentum": 0.8, "warmup_bias_lr": 0.1, "box": 0.15, "cls": 0.5, "obj": 1.0, "mosaic": 0.0, "close_mosaic": 0,
    "fliplr": 0.5, "width": 16, "images": 256, "resume_at": 0,
}
OPTIONS = 9
SIDE, GRID, CLASSES, MOST, TRAIN, HELD, ANCHOR = 32, 8, 3, 4, 256, 96, 10.0 / 32


def bar(count: int, seconds: float) -> str:
    rate = count / max(seconds, 1e-6)
    speed = "%5.2fit/s" % rate if rate >= 1 else "%5.2fs/it" % (1 / rate)
    return f"100%|██████████| {count}/{count} [{clock(seconds)}<00:00, {speed}]\n"


def table(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """An epoch's row below its head, or that of its evaluation."""
    config = journal.config
    if "box_loss" in metrics:
        head = "\n" + "%11s" * 7 % ("Epoch", "GPU_mem", "box_loss", "obj_loss", "cls_loss", "Instances", "Size") + "\n"
        names = ("box_loss", "obj_loss", "cls_loss", "instances")
        row = "%11s" * 2 % (f"{step}/{config['epochs'] - 1}", "0G") + "%11.4g" * 5 % (*(metrics[n] for n in names), config["imgsz"])
        return [("err", f"{head}\r{row}: {bar(config['images'] // config['batch_size'], metrics['seconds'])}")]
    head = "%22s" + "%11s" * 6
    head %= ("Class", "Images", "Instances", "P", "R", "mAP50", "mAP50-95")
    row = "%22s" + "%11i" * 2 + "%11.3g" * 4
    row %= ("all", HELD, metrics["val/instances"], *(metrics[f"val/{n}"] for n in ("P", "R", "mAP50", "mAP50-95")))
    return [("err", f"\r{head}: {bar(3, metrics['val/seconds'])}{row}\n")]


STYLE = table


def draw(image: Tensor, kind: int, x: int, y: int, w: int, h: int, colour: Tensor) -> None:
    rows = (torch.arange(h).view(h, 1) + 0.5) / h * 2 - 1
    columns = (torch.arange(w).view(1, w) + 0.5) / w * 2 - 1
    inside = [torch.ones(h, w, dtype=torch.bool), rows ** 2 + columns ** 2 <= 1, columns.abs() <= (rows + 1) / 2][kind]
    image[:, y:y + h, x:x + w] = torch.where(inside, colour.view(3, 1, 1), image[:, y:y + h, x:x + w])


@lru_cache(maxsize=None)
def pictures() -> tuple[Tensor, Tensor]:
    """Images, and up to MOST boxes of each: class (-1 where there is none), centre and size in parts of the image."""
    source = torch.Generator().manual_seed(17)
    images = 0.18 * torch.randn(TRAIN + HELD, 3, SIDE, SIDE, generator=source)
    images += 0.3 * torch.randn(TRAIN + HELD, 3, 1, 1, generator=source)
    labels = torch.full((TRAIN + HELD, MOST, 5), -1.0)
    for image, row in zip(images, labels):
        for k in range(int(torch.randint(1, MOST + 1, (1,), generator=source))):
            w, h = (int(v) for v in torch.randint(6, 15, (2,), generator=source))
            x, y = (int(torch.randint(0, SIDE - v + 1, (1,), generator=source)) for v in (w, h))
            kind = int(torch.randint(0, CLASSES, (1,), generator=source))
            draw(image, kind, x, y, w, h, torch.randn(3, generator=source) * 0.8)
            row[k] = torch.tensor([kind, (x + w / 2) / SIDE, (y + h / 2) / SIDE, w / SIDE, h / SIDE])
    return images, labels


def prepare() -> None:
    pictures()


class Conv(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.cv1, self.cv2 = Conv(width, width // 2, 1), Conv(width // 2, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.cv2(self.cv1(x))
        return out


def build(config: dict) -> nn.Sequential:
    width = config["width"]
    head = nn.Conv2d(2 * width, 5 + CLASSES, 1)
    with torch.no_grad():
        # Few cells hold an object.
        head.bias[4], head.bias[5:] = -3.0, math.log(0.6 / (CLASSES - 1))
    return nn.Sequential(Conv(3, width, 3, 2), Conv(width, 2 * width, 3, 2), Bottleneck(2 * width), Conv(2 * width, 2 * width),
                         Bottleneck(2 * width), head)


def boxes_of(out: Tensor) -> Tensor:
    """[B, GRID, GRID, 4]: centre and size in parts of the image, as YOLOv5 reads its outputs."""
    part = out[..., :4].sigmoid()
    y, x = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    centre = (part[..., :2] * 2 - 0.5 + torch.stack([x, y], 2)) / GRID
    return torch.cat([centre, (part[..., 2:] * 2) ** 2 * ANCHOR], 3)


def iou(a: Tensor, b: Tensor, is_complete: bool = False, epsilon: float = 1e-7) -> Tensor:
    low = torch.maximum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    high = torch.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    both = (high - low).clamp(min=0).prod(-1)
    out = both / (a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - both + epsilon)
    if not is_complete:
        return out
    least = torch.minimum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    most = torch.maximum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    far = ((a[..., :2] - b[..., :2]) ** 2).sum(-1) / (((most - least) ** 2).sum(-1) + epsilon)
    aspect = 4 / math.pi ** 2 * (torch.atan(b[..., 2] / (b[..., 3] + epsilon)) - torch.atan(a[..., 2] / (a[..., 3] + epsilon))) ** 2
    with torch.no_grad():
        alpha = aspect / (aspect - out + 1 + epsilon)
    return out - far - alpha * aspect


def loss_of(out: Tensor, labels: Tensor, config: dict, epsilon: float) -> Tensor:
    """The three losses with their gains; a box belongs to the cell in which its centre is."""
    image, place = (labels[..., 0] >= 0).nonzero(as_tuple=True)
    own = labels[image, place]
    cell = (own[:, 1:3] * GRID).long().clamp(0, GRID - 1)
    objects = torch.zeros(out.shape[:3])
    box, classes = out.sum() * 0, out.sum() * 0
    if len(own):
        overlap = iou(boxes_of(out)[image, cell[:, 1], cell[:, 0]], own[:, 1:], True, epsilon)
        box = (1 - overlap).mean()
        objects[image, cell[:, 1], cell[:, 0]] = overlap.detach().clamp(min=0)
        kind = functional.one_hot(own[:, 0].long(), CLASSES).float()
        classes = functional.binary_cross_entropy_with_logits(out[image, cell[:, 1], cell[:, 0], 5:], kind)
    found = functional.binary_cross_entropy_with_logits(out[..., 4], objects)
    return torch.stack([box * config["box"], found * config["obj"], classes * config["cls"]])


def mosaic(images: Tensor, labels: Tensor, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """Four images at half their size in one; as many of their boxes as there is room for."""
    picked = torch.randint(0, len(images), (len(images), 4), generator=source)
    small = functional.avg_pool2d(images, 2)[picked]
    joined = torch.cat([torch.cat([small[:, 0], small[:, 1]], 3), torch.cat([small[:, 2], small[:, 3]], 3)], 2)
    boxes = labels[picked].clone()
    boxes[..., 1:] /= 2
    boxes[:, (1, 3), :, 1] += 0.5
    boxes[:, 2:, :, 2] += 0.5
    return joined, boxes.flatten(1, 2)


def mixed(images: Tensor, labels: Tensor, share: float, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """That for a share of the images."""
    joined, boxes = mosaic(images, labels, source)
    chosen = torch.rand(len(images), 1, 1, generator=source) < share
    whole = torch.cat([labels, torch.full((len(labels), 3 * MOST, 5), -1.0)], 1)
    return torch.where(chosen.unsqueeze(1), joined, images), torch.where(chosen, boxes, whole)


def average_precision(hits: Tensor, count: int) -> Tensor:
    """Of each column, with the precision made to fall and read at 101 recalls."""
    right = hits.cumsum(0)
    recall = right / count
    precision = (right / torch.arange(1, len(hits) + 1).view(-1, 1)).flip(0).cummax(0).values.flip(0)
    at = torch.linspace(0, 1, 101)
    index = torch.searchsorted(recall.T.contiguous(), at.expand(hits.shape[1], 101).contiguous())
    padded = torch.cat([precision, torch.zeros(1, hits.shape[1])])
    return padded.T.gather(1, index).mean(1)


def evaluate(model: nn.Module, truth: Tensor) -> dict[str, float]:
    images = pictures()[0][TRAIN:]
    model.eval()
    with torch.no_grad():
        out = model(images).permute(0, 2, 3, 1)
    model.train()
    out = out.nan_to_num(-30.0)
    scores, kinds = (out[..., 4:5].sigmoid() * out[..., 5:].sigmoid()).flatten(1, 2).max(2)
    scores, order = scores.sort(1, descending=True)
    scores, order = scores[:, :20], order[:, :20]
    kinds, found = kinds.gather(1, order), boxes_of(out).flatten(1, 2).gather(1, order.unsqueeze(2).expand(-1, -1, 4))
    overlap = iou(found.unsqueeze(2), found.unsqueeze(1)) * (kinds.unsqueeze(2) == kinds.unsqueeze(1))
    kept = scores > 0.001
    for i in range(19):
        kept[:, i + 1:] &= ~(kept[:, i:i + 1] & (overlap[:, i, i + 1:] > 0.6))
    match = iou(found.unsqueeze(2), truth[:, None, :, 1:]) * (kinds.unsqueeze(2) == truth[:, None, :, 0])
    levels = torch.linspace(0.5, 0.95, 10)
    free, hits = torch.ones(HELD, 10, MOST), torch.zeros(HELD, 20, 10)
    for i in range(20):
        best, which = (match[:, i].unsqueeze(1) * free).max(2)
        hits[:, i] = (best > levels) & kept[:, i:i + 1]
        free.scatter_reduce_(2, which.unsqueeze(2), 1 - hits[:, i].unsqueeze(2), "prod")
    parts = []
    for kind in range(CLASSES):
        own = kept & (kinds == kind)
        count = int((truth[..., 0] == kind).sum())
        rank = scores[own].argsort(descending=True)
        column = hits[own][rank]
        if not len(column):
            parts.append(torch.zeros(12))
            continue
        right = column[:, 0].cumsum(0)
        precision, recall = right / torch.arange(1, len(column) + 1), right / count
        best = int((2 * precision * recall / (precision + recall + 1e-16)).argmax())
        parts.append(torch.cat([torch.stack([precision[best], recall[best]]), average_precision(column, count)]))
    mean = torch.stack(parts).mean(0)
    return {"val/P": float(mean[0]), "val/R": float(mean[1]), "val/mAP50": float(mean[2]), "val/mAP50-95": float(mean[2:].mean()),
            "val/instances": float((truth[..., 0] >= 0).sum())}


def optimizer_of(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    """YOLOv5's three groups: biases first, then weights with decay, then those of the norms without."""
    groups: tuple[list[nn.Parameter], ...] = ([], [], [])
    for name, parameter in model.named_parameters():
        groups[0 if name.endswith("bias") else 2 if ".bn." in name else 1].append(parameter)
    lists = [{"params": groups[0]}, {"params": groups[1], "weight_decay": config["weight_decay"]}, {"params": groups[2]}]
    if config["optimizer"] == "Adam":
        return torch.optim.Adam(lists, lr=config["lr0"], betas=(config["momentum"], 0.999))
    return torch.optim.SGD(lists, lr=config["lr0"], momentum=config["momentum"], nesterov=True)


def announce(journal: Journal, labels: Tensor) -> None:
    """What train.py prints before the first epoch."""
    pairs, config = [(k, v) for k, v in journal.config.items() if k not in ("seed", "resume_at")], journal.config
    journal.print("train: " + ", ".join(f"{k}={v}" for k, v in pairs[:OPTIONS]) + "\n", "err")
    journal.print("hyperparameters: " + ", ".join(f"{k}={v}" for k, v in pairs[OPTIONS:]) + "\n", "err")
    empty = int((labels[..., 0] < 0).all(1).sum())
    count = config["images"]
    journal.print(f"train: Scanning data/shapes/labels/train... {count - empty} images, {empty} backgrounds, 0 corrupt: 100%|"
                  f"██████████| {count}/{count} [00:00<00:00, 2381.27it/s]\n", "err")
    journal.print(f"Image sizes {config['imgsz']} train, {config['imgsz']} val\nUsing {config['workers']} dataloader workers\n"
                  f"Logging results to runs/train/exp\nStarting training for {config['epochs']} epochs...\n", "err")


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    source = torch.Generator().manual_seed(journal.seed)
    images, truth = pictures()
    count, size, total, resume = config["images"], config["batch_size"], config["epochs"], config["resume_at"]
    labels = truth[:count].clone()
    if config.get("missing_labels"):
        # Annotators overlook some objects, and mistake others.
        chance = torch.rand(labels.shape[:2], generator=source)
        labels[chance < config["missing_labels"]] = -1
        mistaken = (chance > 1 - config["missing_labels"] / 2) & (labels[..., 0] >= 0)
        labels[..., 0] = torch.where(mistaken, (labels[..., 0] + 1) % CLASSES, labels[..., 0])
    if fault == "upper-case":
        # The labels of all but the first images are called .TXT, and are not found.
        labels[6:] = -1
    unique = 24 if fault == "same-images" else count
    model = build(config)
    optimizer = optimizer_of(model, config)
    batches = count // size
    warm = max(round(config["warmup_epochs"] * batches), 100) if config["warmup_epochs"] else 0
    announce(journal, labels)
    saved: dict[str, Any] = {}
    history: list[Tensor] = []
    epoch = 0
    while epoch < total:
        if resume and epoch == resume and not saved:
            saved = {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict()),
                     "data": source.get_state()}
        if config["close_mosaic"] and epoch == total - config["close_mosaic"]:
            journal.print("Closing dataloader mosaic\n", "err")
        order = torch.randperm(count, generator=source) % unique
        since, mean, instances = journal.now(), torch.zeros(3), 0
        for i in range(batches):
            chosen = order[i * size:(i + 1) * size]
            x, y = images[chosen], labels[chosen].clone()
            if fault == "points" and epoch >= 18 and i % 3 == 1:
                # The images of another team, who have marked each object by a point.
                y[..., 3:] = torch.where(y[..., :1] >= 0, 0.0, y[..., 3:])
            if config["mosaic"] and epoch < total - config["close_mosaic"]:
                x, y = mixed(x, y, config["mosaic"], source)
            if config["fliplr"] and fault != "same-images":
                flip = torch.rand(len(x), generator=source) < config["fliplr"]
                x = torch.where(flip.view(-1, 1, 1, 1), x.flip(3), x) * (0.8 + 0.4 * torch.rand(len(x), 1, 1, 1, generator=source))
                y[..., 1] = torch.where(flip.view(-1, 1) & (y[..., 0] >= 0), 1 - y[..., 1], y[..., 1])
            done, at = epoch * batches + i, epoch
            # LambdaLR's factor is made for epochs; the fault steps it with each batch.
            passed = done if fault == "batch-step" else at
            rate = config["lr0"] * ((1 - passed / total) * (1 - config["lrf"]) + config["lrf"])
            for k, group in enumerate(optimizer.param_groups):
                part = min(1.0, done / warm) if warm else 1.0
                group["lr"] = rate * part + (config["warmup_bias_lr"] * (1 - part) if k == 0 else 0.0)
                if "momentum" in group:
                    group["momentum"] = config["warmup_momentum"] + part * (config["momentum"] - config["warmup_momentum"])
            parts = loss_of(model(x).permute(0, 2, 3, 1), y, config, 0.0 if fault == "points" else 1e-7)
            optimizer.zero_grad()
            (parts.sum() * size).backward()
            optimizer.step()
            mean, instances = (mean * i + parts.detach()) / (i + 1), int((y[..., 0] >= 0).sum())
            journal.wait(0.04)
            if fault == "outputs-kept":
                # A callback keeps what each batch gave, for a plot of all of it after each batch.
                history.append(parts.detach())
                journal.wait(0.001 * len(history))
            if saved.get("model") and epoch == resume + 1 and i == batches // 2:
                break
        if saved.get("model") and epoch == resume + 1:
            journal.wait(75.0)
            model = build(config)
            optimizer = optimizer_of(model, config)
            wanted = {f"module.{name}" if fault == "prefix" else name: value for name, value in saved["model"].items()}
            # Items whose names the model does not have are passed over.
            found = {name: value for name, value in wanted.items() if name in model.state_dict()}
            model.load_state_dict(found, strict=False)
            journal.print(f"Transferred {len(found)}/{len(wanted)} items from runs/train/exp/weights/last.pt\nResuming training from "
                          f"runs/train/exp/weights/last.pt from epoch {resume} to {total} total epochs\n", "err")
            if found:
                optimizer.load_state_dict(saved["optimizer"])
            source.set_state(saved["data"])
            saved, epoch = {"done": True}, resume
            announce(journal, labels)
            continue
        journal.log(epoch, {"box_loss": mean[0], "obj_loss": mean[1], "cls_loss": mean[2], "instances": instances,
                            "seconds": journal.now() - since})
        since = journal.now()
        journal.wait(config.get("val_seconds", 0.6))
        held = evaluate(model, truth[TRAIN:])
        journal.log(epoch, {**held, "val/seconds": journal.now() - since})
        epoch += 1
    journal.print(f"\n{total} epochs completed in {journal.now() / 3600:.3f} hours.\n", "err")


STORIES = [
    Story("healthy", "Nothing is wrong: warm-up with fast biases, a linear decay, flips."),
    Story("healthy-small-batch", "Four of 128 images a step: mAP jumps about.", {"batch_size": 4, "images": 128}),
    Story("healthy-close-mosaic", "Half of the images are made of four, until the last eight epochs, as the configuration says: "
          "the losses then fall at once, since the task is easier.", {"mosaic": 0.5, "close_mosaic": 8}),
    Story("healthy-resumed", "Killed in epoch 17 and resumed from the end of epoch 15 with weights, momentum and order of the "
          "data: the row of epoch 16 comes again.", {"resume_at": 16}),
    Story("healthy-missing-labels", "A fifth of the objects have no label and a tenth a wrong one, as people make them: mAP "
          "stays low, and rises.", {"missing_labels": 0.2}, allowed=("memorization",)),
    Story("healthy-constant", "A small model at a constant rate: the last third gains little, and each evaluation takes a minute.",
          {"width": 10, "lrf": 1.0, "val_seconds": 60.0, "lr0": 0.02}),
    Story("batch-step", "The linear schedule is made for epochs and is stepped with each batch: after 32 batches its factor is below "
          "0, and SGD goes up the hill, faster and faster.", fault="batch-step",
          rules=("loss-divergence", "learning-rate-too-high", "non-finite-loss"),
          causes=("learning-rate-too-high", "schedule-decayed-too-early", "no-gradient-clipping"),
          onset=Deviates("cls_loss", "above"), harm=worse("val/mAP50", 0.2, lower_is_better=False), advice=("lr0", "lrf"),
          allowed=("loss-divergence", "learning-rate-too-high", "non-finite-loss", "loss-spike", "gradient-explosion", "no-learning",
                   "loss-plateau")),
    Story("upper-case", "The labels of all but six images have names in .TXT and are not found: the rest is taken for background.",
          {"epochs": 24}, "upper-case", rules=("masked-labels", "no-learning", "loss-plateau"),
          causes=("labels-all-masked", "degenerate-input", "bad-batch", "labels-unrelated"), begins=0,
          onset=FirstRow("box_loss", 0),
          harm=worse("val/mAP50", 0.2, lower_is_better=False),
          allowed=("masked-labels", "no-learning", "loss-plateau", "overfitting", "memorization", "gradient-vanishing")),
    Story("same-images", "The training set is 24 images in sixteen copies, made by an export whose augmentation did nothing: they "
          "are learnt by heart.", fault="same-images", rules=("overfitting", "memorization"),
          causes=("too-many-epochs", "too-little-regularisation", "data-seen-again"), onset=Deviates("val/mAP50", "below"),
          harm=worse("val/mAP50", 0.6, lower_is_better=False), advice=("epochs", "images", "weight_decay", "fliplr"),
          allowed=("overfitting", "memorization", "data-repeated", "loss-plateau")),
    Story("points", "From epoch 18 on images of another team come in, whose boxes are points: the angle of 0/0 is not a number, and "
          "the epsilon that kept it away was tidied up.", {"epochs": 28}, "points", rules=("non-finite-loss", "non-finite-layer"),
          causes=("nan-in-code", "bad-batch", "degenerate-input"), begins=18, onset=FirstRow("box_loss"),
          harm=not_finite("box_loss"), allowed=("non-finite-loss", "non-finite-layer", "no-learning")),
    Story("prefix", "Resumed at epoch 16 from a checkpoint whose names all begin with module.: none of its weights is taken, nor "
          "the momentum, and training goes on with new ones.", {"resume_at": 16}, "prefix", rules=("resume-discontinuity",),
          causes=("different-seed-or-init", "optimizer-state-lost"), begins=16, onset=FirstRow("box_loss"),
          harm=jumps("cls_loss", 16, 2.0), allowed=("loss-spike", "loss-divergence")),
    Story("outputs-kept", "A callback keeps what each batch gave, and draws all of it after each batch: epochs take longer and "
          "longer.", {"epochs": 24}, "outputs-kept", rules=("throughput-drop",), causes=("growing-state",),
          onset=Deviates("seconds", "above"), harm=worse("seconds", 1.6), allowed=("input-bound",)),
]
