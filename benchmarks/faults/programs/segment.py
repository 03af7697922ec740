"""Semantic segmentation of drawn scenes: a small U-Net, SGD with momentum, a polynomial schedule stepped with each batch, and
the lines of torchvision's references/segmentation, from which the script was made."""

from __future__ import annotations

import copy
import datetime
import math
from functools import lru_cache
from statistics import median_low
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from story import AfterBest, Deviates, FirstRow, Story, grows, not_finite, turns, worse

CONFIG = {
    "data_path": "/datasets/scenes", "dataset": "scenes", "model": "unet", "aux_loss": False, "device": "cpu", "batch_size": 8,
    "epochs": 10, "workers": 8, "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4, "lr_warmup_epochs": 0, "print_freq": 10,
    "output_dir": "runs/unet", "resume": "", "start_epoch": 0, "border_weight": 2.0, "base_size": 40, "crop_size": 32,
    "hflip_prob": 0.5, "jitter": 0.1, "width": 8, "watch_every": 60,
}
SIZE, CLASSES, VOID, TRAIN, HELD, EMPTY = 40, 5, 255, 192, 48, 48
# Objects of a kind have like colours, which are not enough to tell them by.
PALETTE = torch.tensor([[0.0, 0.0, 0.0], [0.9, 0.1, -0.5], [-0.6, 0.9, 0.1], [0.1, -0.6, 0.9], [-0.9, -0.9, -0.9]])


# ---- the lines


class SmoothedValue:
    """The last twenty values, and all of them."""

    def __init__(self) -> None:
        self.values: list[float] = []

    @property
    def median(self) -> float:
        window = self.values[-20:]
        # torch's median: the lower of two, and not a number where one is not.
        return math.nan if any(math.isnan(value) for value in window) else median_low(window)

    @property
    def avg(self) -> float:
        return sum(self.values[-20:]) / len(self.values[-20:])

    @property
    def global_avg(self) -> float:
        return sum(self.values) / len(self.values)


def line(head: str, i: int, count: int, meters: str, seconds: SmoothedValue, data: SmoothedValue) -> str:
    eta = datetime.timedelta(seconds=int(seconds.global_avg * (count - i)))
    place = f"[{i:{len(str(count))}d}/{count}]"
    return "  ".join([head, place, f"eta: {eta}", meters, f"time: {seconds.avg:.4f}", f"data: {data.avg:.4f}"]) + "\n"


def reference(journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """A row of MetricLogger, or what evaluate prints."""
    if "val/loss" in metrics:
        accuracy, overlap = ([f"{metrics[f'val/{name}{k}']:.1f}" for k in range(CLASSES)] for name in ("acc", "iou"))
        return [("out", f"Test: loss {metrics['val/loss']:.4f}\nglobal correct: {metrics['val/correct']:.1f}\naverage row correct: "
                        f"{accuracy}\nIoU: {overlap}\nmean IoU: {metrics['val/mean_iou']:.1f}\n")]
    count = int(metrics["batches"])
    meters = f"lr: {metrics['lr']}  loss: {metrics['loss']:.4f} ({metrics['loss_avg']:.4f})"
    epoch, i = divmod(step, count)
    return [("out", line(f"Epoch: [{epoch}]", i, count, meters, journal.meters["time"], journal.meters["data"]))]


STYLE = reference


# ---- the scenes


def draw(image: Tensor, mask: Tensor, kind: int, source: torch.Generator) -> None:
    """One disc, square, triangle or wire over what is there, with a border of void."""
    size = image.shape[1]
    y, x = torch.meshgrid(torch.arange(size).float(), torch.arange(size).float(), indexing="ij")
    cx, cy = (torch.rand(2, generator=source) * (size - 8) + 4).tolist()
    radius = float(4 + 4 * torch.rand(1, generator=source))
    angle = float(math.pi * torch.rand(1, generator=source))
    if kind == 1:
        inside = (x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2
    elif kind == 2:
        inside = torch.maximum((x - cx).abs(), (y - cy).abs()) <= radius * 0.85
    elif kind == 3:
        inside = ((x - cx).abs() <= (y - cy + radius) / 2) & ((y - cy).abs() <= radius)
    else:
        along = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
        across = (y - cy) * math.cos(angle) - (x - cx) * math.sin(angle)
        inside = (across.abs() <= 0.8) & (along.abs() <= 1.6 * radius)
    colour = PALETTE[kind].view(3, 1, 1) + 0.4 * torch.randn(3, 1, 1, generator=source)
    image[:] = torch.where(inside, colour, image)
    if kind != 4:
        wide = functional.max_pool2d(inside.float()[None], 3, 1, 1)[0].bool()
        mask[wide & ~inside] = VOID
    mask[inside] = kind


def scenes(count: int, size: int, source: torch.Generator, most: int = 4) -> tuple[Tensor, Tensor]:
    images = torch.zeros(count, 3, size, size)
    masks = torch.zeros(count, size, size, dtype=torch.long)
    ramp = torch.linspace(-1, 1, size)
    for image, mask in zip(images, masks):
        tilt = 0.5 * torch.randn(3, 3, 1, 1, generator=source)
        image += tilt[0] + tilt[1] * ramp.view(1, -1, 1) + tilt[2] * ramp.view(1, 1, -1)
        objects = int(torch.randint(2, most + 1, (1,), generator=source)) if most else 0
        for kind in torch.multinomial(torch.tensor([0.3, 0.3, 0.3, 0.1]), objects, True, generator=source).tolist() if objects else []:
            draw(image, mask, kind + 1, source)
        image += 0.25 * torch.randn(image.shape, generator=source)
    return images, masks


@lru_cache(maxsize=None)
def data() -> dict[str, tuple[Tensor, Tensor]]:
    source = torch.Generator().manual_seed(23)
    large = scenes(8, 60, source, 7)
    # Tiles of eight large scenes, each beside the next by five pixels.
    corners = torch.cartesian_prod(torch.arange(8), torch.arange(0, 20, 5), torch.arange(0, 21, 4)).tolist()
    tiles = tuple(torch.stack([part[k, ..., y:y + SIZE, x:x + SIZE] for k, y, x in corners]) for part in large)
    return {"train": scenes(TRAIN, SIZE, source), "val": scenes(HELD, SIZE, source), "empty": scenes(EMPTY, SIZE, source, 0),
            "tiles": (tiles[0], tiles[1])}


def prepare() -> None:
    data()


def augmented(image: Tensor, mask: Tensor, config: dict, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """Crop, flip and brightness; with a jitter above one half also noise and a square that is put out."""
    size, jitter = config["crop_size"], config["jitter"]
    y, x = torch.randint(0, SIZE - size + 1, (2,), generator=source).tolist()
    image, mask = image[:, y:y + size, x:x + size], mask[y:y + size, x:x + size]
    if float(torch.rand(1, generator=source)) < config["hflip_prob"]:
        image, mask = image.flip(2), mask.flip(1)
    image = image * (1 + jitter * torch.randn(3, 1, 1, generator=source)) + jitter * torch.randn(3, 1, 1, generator=source)
    if jitter > 0.5:
        image = image + 0.25 * torch.randn(image.shape, generator=source)
        y, x = torch.randint(0, size - 10, (2,), generator=source).tolist()
        image[:, y:y + 10, x:x + 10] = 0.0
    return image, mask


# ---- the model


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                         nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Backbone(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.stem, self.down1, self.down2 = block(3, width), block(width, 2 * width), block(2 * width, 4 * width)

    def forward(self, x: Tensor) -> list[Tensor]:
        first = self.stem(x)
        second = self.down1(functional.max_pool2d(first, 2))
        return [first, second, self.down2(functional.max_pool2d(second, 2))]


class Decoder(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.up2, self.up1 = block(6 * width, 2 * width), block(3 * width, width)

    def forward(self, features: list[Tensor]) -> Tensor:
        first, second, third = features
        x = self.up2(torch.cat([functional.interpolate(third, scale_factor=2.0), second], 1))
        out: Tensor = self.up1(torch.cat([functional.interpolate(x, scale_factor=2.0), first], 1))
        return out


class UNet(nn.Module):
    def __init__(self, width: int, has_aux: bool):
        super().__init__()
        self.backbone, self.decoder, self.classifier = Backbone(width), Decoder(width), nn.Conv2d(width, CLASSES, 1)
        self.aux_classifier = nn.Conv2d(4 * width, CLASSES, 1) if has_aux else None

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.backbone(x)
        out = {"out": self.classifier(self.decoder(features))}
        if self.aux_classifier is not None:
            out["aux"] = functional.interpolate(self.aux_classifier(features[2]), scale_factor=4.0, mode="bilinear")
        return out


def border_map(masks: Tensor) -> Tensor:
    """How near each pixel is to the border of an object, softened."""
    objects = ((masks > 0) & (masks != VOID)).float().unsqueeze(1)
    border = functional.max_pool2d(objects, 3, 1, 1) + functional.max_pool2d(-objects, 3, 1, 1)
    return functional.avg_pool2d(border, 5, 1, 2).squeeze(1)


def criterion(out: dict[str, Tensor], masks: Tensor, weight: float, floor: float) -> Tensor:
    """Cross entropy in which pixels near a border count more, as in the paper on U-Net; half of it again for the aux output."""
    border = border_map(masks)
    border = border / border.amax((1, 2), keepdim=True).clamp(min=floor)
    share = (1 + weight * border) * (masks != VOID)
    losses = {name: (functional.cross_entropy(x, masks, ignore_index=VOID, reduction="none") * share).sum() / share.sum()
              for name, x in out.items()}
    return losses["out"] + 0.5 * losses["aux"] if "aux" in losses else losses["out"]


def evaluate(journal: Journal, model: nn.Module, step: int) -> None:
    images, masks = data()["val"]
    size, config = journal.config["crop_size"], journal.config
    images, masks = images[:, :, 4:4 + size, 4:4 + size], masks[:, 4:4 + size, 4:4 + size]
    began, seconds, waits, losses = journal.now(), SmoothedValue(), SmoothedValue(), SmoothedValue()
    table = torch.zeros(CLASSES, CLASSES)
    count = HELD // 8
    model.eval()
    for i in range(count):
        since = journal.now()
        journal.wait(config.get("val_seconds", 0.02))
        waits.values.append(journal.now() - since)
        truth = masks[i * 8:i * 8 + 8]
        with torch.no_grad():
            out = model(images[i * 8:i * 8 + 8])["out"]
            losses.values.append(functional.cross_entropy(out, truth, ignore_index=VOID).item())
        known = truth != VOID
        pairs = CLASSES * truth[known] + out.argmax(1)[known]
        table += torch.bincount(pairs, minlength=CLASSES ** 2).view(CLASSES, CLASSES)
        seconds.values.append(journal.now() - since)
        if i % 100 == 0:
            meters = f"loss: {losses.median:.4f} ({losses.global_avg:.4f})"
            journal.print(line("Test:", i, count, meters, seconds, waits))
    model.train()
    journal.print(f"Test: Total time: {datetime.timedelta(seconds=int(journal.now() - began))}\n")
    right = table.diag()
    accuracy, overlap = 100 * right / table.sum(1), 100 * right / (table.sum(1) + table.sum(0) - right)
    journal.log(step, {"val/loss": losses.global_avg, "val/correct": float(100 * right.sum() / table.sum()),
                       **{f"val/acc{k}": float(accuracy[k]) for k in range(CLASSES)},
                       **{f"val/iou{k}": float(overlap[k]) for k in range(CLASSES)}, "val/mean_iou": float(overlap.mean())})


# ---- the loop


def announce(config: dict) -> str:
    """What the script prints first; only its own arguments."""
    shown = ", ".join(f"{name}={config[name]!r}" for name in CONFIG if name != "watch_every")
    return f"Not using distributed mode\nNamespace({shown})\nStart training\n"


def begin(config: dict, fault: str | None, batches: int) -> tuple[UNet, torch.optim.Optimizer, Any]:
    model = UNet(config["width"], config["aux_loss"])
    parts = [model.backbone, model.decoder, model.classifier]
    if fault == "decoder-left-out":
        # The names of the reference's models, which have no decoder.
        parts = [model.backbone, model.classifier]
    groups = [{"params": [p for p in part.parameters() if p.requires_grad]} for part in parts]
    if model.aux_classifier is not None:
        groups.append({"params": list(model.aux_classifier.parameters())})
    optimizer = torch.optim.SGD(groups, lr=config["lr"], momentum=config["momentum"], weight_decay=config["weight_decay"])
    # The schedule is stepped with each batch; the fault counts epochs.
    total = config["epochs"] if fault == "poly-epochs" else config["epochs"] * batches
    return model, optimizer, torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=total, power=0.9)


def waited(config: dict, fault: str | None, step: int, source: torch.Generator) -> float:
    """Seconds that the loop waits for its batch."""
    chance = float(torch.rand(1, generator=source))
    if fault == "slow-share" and step >= 170:
        return 0.35 + 0.4 * chance
    if config.get("is_cold") and step < TRAIN // config["batch_size"]:
        # The first epoch reads from the network drive, all others what the system has kept of it.
        return 0.3 + 0.4 * chance
    return 0.003 + 0.004 * chance


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    source, other = torch.Generator().manual_seed(journal.seed), torch.Generator().manual_seed(journal.seed)
    images, masks = data()["tiles" if fault == "eight-scenes" else "train"]
    if fault == "natural-sort":
        # Images are sorted as people count and masks as characters go: scene_2 is behind scene_10.
        masks = masks[sorted(range(TRAIN), key=str)]
    size, batches = config["batch_size"], TRAIN // config["batch_size"]
    model, optimizer, scheduler = begin(config, fault, batches)
    journal.watch(model, optimizer)
    saved: dict[str, Any] = {}
    epoch, resume = 0, config.get("resume_at", 0)
    journal.print(announce(config))
    while epoch < config["epochs"]:
        if resume and epoch == resume and not saved:
            saved = {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict()),
                     "lr_scheduler": scheduler.state_dict(), "data": source.get_state()}
        if fault == "empty-crops" and epoch == 6:
            # Scenes with nothing in them, against false alarms.
            images, masks = (torch.cat(parts) for parts in zip((images, masks), data()["empty"]))
        order = torch.randperm(len(images), generator=source)[:batches * size]
        losses, seconds, waits = SmoothedValue(), SmoothedValue(), SmoothedValue()
        journal.meters = {"time": seconds, "data": waits}
        began, is_killed = journal.now(), False
        for i in range(batches):
            since, step = journal.now(), epoch * batches + i
            pairs = [augmented(images[k], masks[k], config, source) for k in order[i * size:(i + 1) * size].tolist()]
            x, y = torch.stack([pair[0] for pair in pairs]), torch.stack([pair[1] for pair in pairs])
            journal.wait(waited(config, fault, step, other))
            waits.values.append(journal.now() - since)
            loss = criterion(model(x), y, config["border_weight"], 0.0 if fault == "empty-crops" else 1e-6)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.values.append(loss.item())
            seconds.values.append(journal.now() - since)
            if i % config["print_freq"] == 0:
                journal.log(step, {"lr": optimizer.param_groups[0]["lr"], "loss": losses.median, "loss_avg": losses.global_avg,
                                   "time": seconds.avg, "data": waits.avg, "batches": batches})
            is_killed = "model" in saved and epoch == resume + 1 and i == 13
            if is_killed:
                break
        if is_killed:
            journal.print("slurmstepd: error: *** JOB 88213 ON node12 CANCELLED DUE TO PREEMPTION ***\n", "err")
            journal.wait(95.0)
            journal.print(announce({**config, "resume": "runs/unet/checkpoint.pth"}))
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            scheduler.load_state_dict(saved["lr_scheduler"])
            source.set_state(saved["data"])
            saved, epoch = {"done": True}, resume
            journal._watch.step = resume * batches + 1
            continue
        journal.print(f"Epoch: [{epoch}] Total time: {datetime.timedelta(seconds=int(journal.now() - began))}\n")
        evaluate(journal, model, epoch * batches + batches - 1)
        epoch += 1
    journal.print(f"Training time {datetime.timedelta(seconds=int(journal.now()))}\n")


STORIES = [
    Story("healthy", "Nothing is wrong: a polynomial schedule, flips and crops; the rare class begins at an IoU of 0."),
    Story("healthy-small-batch", "Two images a step under batch norm: the loss is very noisy, and so is each class's IoU.",
          {"batch_size": 2, "lr": 0.015, "epochs": 4, "print_freq": 12}),
    Story("healthy-aux-loss", "With an auxiliary output, as --aux-loss has it: half of its loss is added, so that the first loss is one and "
          "a half times ln 5.", {"aux_loss": True}),
    Story("healthy-augmented", "Strong changes of colour, noise and squares that are put out: the training loss stays well above that of "
          "the evaluation, and so does its noise.", {"jitter": 0.6}),
    Story("healthy-resumed", "Preempted in epoch 6 and resumed from the end of epoch 4 with weights, momentum, schedule and order of the "
          "data: the rows of epoch 5 and 6 come again.", {"resume_at": 5}),
    Story("healthy-cold-cache", "The first epoch reads from the network drive and is slow, all others read what the system has kept; each "
          "evaluation takes a minute and a half.", {"is_cold": True, "val_seconds": 15.0}),
    Story("poly-epochs", "The polynomial schedule is made for ten steps, the number of epochs, and is stepped with each batch: from the "
          "tenth batch on the learning rate is 0.", fault="poly-epochs", rules=("loss-plateau", "no-learning"),
          causes=("schedule-decayed-too-early", "learning-rate-too-low"), begins=10, onset=FirstRow("loss"),
          harm=worse("val/mean_iou", 0.7, False), advice=("epochs", "lr"),
          allowed=("loss-plateau", "no-learning", "frozen-layer", "update-ratio-out-of-band")),
    Story("empty-crops", "From epoch 6 on scenes with nothing in them are added, against false alarms; the weights near borders are divided "
          "by their highest, which is 0 there.", fault="empty-crops", rules=("non-finite-loss", "non-finite-layer"),
          causes=("nan-in-code", "bad-batch", "degenerate-input"), begins=144, onset=FirstRow("loss"), harm=not_finite("loss"),
          advice=("border_weight",), allowed=("non-finite-loss", "non-finite-layer", "hidden-non-finite-loss", "no-learning")),
    Story("natural-sort", "Images are sorted as people count, masks as characters go: hardly a mask belongs to its image.",
          fault="natural-sort", rules=("no-learning", "loss-plateau"), causes=("labels-unrelated", "labels-shifted"),
          onset=Deviates("loss", "above", 0.05), harm=worse("val/mean_iou", 0.6, False),
          allowed=("no-learning", "loss-plateau", "overfitting", "memorization", "gradient-vanishing")),
    Story("eight-scenes", "All tiles are cut from eight large scenes, each beside the next by five pixels, and are neither cropped nor "
          "flipped nor changed in colour: the same objects are read again and again, and learnt by heart.",
          {"crop_size": 40, "hflip_prob": 0.0, "jitter": 0.0, "weight_decay": 0.0, "lr": 0.03, "epochs": 14}, "eight-scenes",
          rules=("overfitting", "memorization"),
          causes=("too-many-epochs", "too-little-regularisation", "data-seen-again", "different-data"), onset=AfterBest("val/loss"),
          harm=turns("val/loss", 1.1), advice=("hflip_prob", "jitter", "crop_size", "epochs", "weight_decay"),
          allowed=("overfitting", "memorization", "data-repeated"), seeds=(1, 2)),
    Story("slow-share", "From step 170 on another job reads from the same drive: each step waits for its batch as long as it computes.",
          fault="slow-share", rules=("input-bound", "throughput-drop"), causes=("data-loader-slow", "neighbour-load"), begins=170,
          onset=FirstRow("data"), harm=grows("time", 170, 1.5), advice=("workers",), allowed=("throughput-drop", "input-bound")),
    Story("decoder-left-out", "The optimizer is given backbone and classifier, the parts that the reference's models have, and not the "
          "decoder, which stays as it began.", fault="decoder-left-out", rules=("frozen-layer",),
          causes=("frozen-parameters", "optimizer-not-stepping"), layer=("decoder", "decoder.up2", "decoder.up1"),
          onset=FirstRow("loss"), harm=worse("val/loss", 1.1), allowed=("frozen-layer", "update-ratio-out-of-band")),
]
