"""A small residual network with batch norm on drawn shapes, trained by Lightning's Trainer: SGD with Nesterov momentum, a
one-cycle schedule, and what Lightning's progress bar prints where the output is no terminal."""

from __future__ import annotations

import logging
import warnings
from functools import lru_cache
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm, TQDMProgressBar
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Sampler

from journal import Journal
from story import AfterBest, FirstRow, Rows, Story, not_finite, turns, values, worse

CONFIG = {
    "model": "resnet-mini", "width": 10, "num_classes": 6, "batch_size": 24, "lr": 0.1, "momentum": 0.9,
    "weight_decay": 5e-4, "scheduler": "one_cycle", "max_epochs": 8, "train_images": 720, "augment": "none",
    "label_smoothing": 0.0, "gradient_clip_val": 0.0, "freeze": "none", "check_val_every_n_epoch": 1, "refresh_rate": 5,
    "watch_every": 60,
}
CLASSES, SIDE, HELD = 6, 12, 192


def lines(journal: Journal, step: int, _metrics: dict[str, float]) -> list[tuple[str, str]]:
    """The bar as it stands: the metrics of this step and those of the last evaluation."""
    return [("out", journal.bar.line(step))]  # type: ignore[attr-defined]


STYLE = lines


@lru_cache(maxsize=None)
def shapes(seed: int, count: int) -> tuple[Tensor, Tensor]:
    """Discs, rings, squares, frames, crosses and stripes in a colour, on an empty ground; the paint is noisy, the ground is
    not."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (count,), generator=source)
    centre = 3.5 + 4 * torch.rand(count, 2, 1, 1, generator=source)
    size = (1.8 + 1.6 * torch.rand(count, generator=source)).view(-1, 1, 1)
    y, x = torch.meshgrid(torch.arange(SIDE).float(), torch.arange(SIDE).float(), indexing="ij")
    dy, dx = (y - centre[:, 0]).abs(), (x - centre[:, 1]).abs()
    round_, square = (dx ** 2 + dy ** 2).sqrt(), torch.maximum(dx, dy)
    masks = torch.stack([round_ <= size, (round_ <= size) & (round_ > size - 1.2), square <= size * 0.85,
                         (square <= size * 0.85) & (square > size * 0.85 - 1.2),
                         (square <= size) & (torch.minimum(dx, dy) < 0.8), (square <= size) & ((x + y) % 3 < 1.5)], 1)
    mask = masks[torch.arange(count), labels].float().unsqueeze(1)
    colour = 0.3 + 0.7 * torch.rand(count, 3, 1, 1, generator=source)
    paint = (colour + 0.5 * torch.randn(count, 3, SIDE, SIDE, generator=source)).clamp(min=0.05)
    return mask * paint, labels


def prepare() -> None:
    shapes(31, 720)
    shapes(32, HELD)
    from llmdbg._watch import torch_watch  # noqa: F401


class Shapes(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, journal: Journal, images: Tensor, labels: Tensor, is_training: bool):
        self.journal, self.images, self.labels, self.is_training = journal, images, labels, is_training
        self.config, self.epoch = journal.config, 0
        self.source = torch.Generator().manual_seed(journal.seed + 50)

    def __len__(self) -> int:
        return len(self.images)

    def augmented(self, image: Tensor) -> Tensor:
        if self.config["augment"] == "flip+erase":
            image = image.flip(-1) if torch.rand(1, generator=self.source) < 0.5 else image
            top, left = (int(torch.randint(0, SIDE - 5, (1,), generator=self.source)) for _ in range(2))
            image = image.clone()
            image[:, top:top + 5, left:left + 5] = 0.3 * torch.randn(3, 5, 5, generator=self.source)
        if self.config["augment"] == "crop" and self.epoch >= self.config["augment_from_epoch"]:
            if torch.rand(1, generator=self.source) < 0.3:
                top, left = (int(torch.randint(0, SIDE - 6, (1,), generator=self.source)) for _ in range(2))
                crop = image[:, top:top + 6, left:left + 6]
                image = functional.interpolate(crop.unsqueeze(0), size=SIDE).squeeze(0)
        return image

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = self.images[index]
        if self.is_training:
            image = self.augmented(image)
        # Each image by its own mean and deviation. A crop without paint has none of it.
        epsilon = 0.0 if self.journal.fault == "no-epsilon" else 1e-3
        return (image - image.mean()) / (image.std() + epsilon), self.labels[index]


class Order(Sampler[int]):
    """A new order each epoch, of the run's own seed."""

    def __init__(self, count: int, seed: int):
        self.count, self.source = count, torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        return iter(torch.randperm(self.count, generator=self.source).tolist())


class Block(nn.Module):
    def __init__(self, width: int, out: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.shortcut = nn.Conv2d(width, out, 1, stride, bias=False) if stride > 1 or width != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, 1, 1)
        self.layer1, self.layer2 = Block(width, width, 1), Block(width, 2 * width, 2)
        self.head = nn.Linear(2 * width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.layer2(self.layer1(functional.relu(self.stem(x)))).mean((-2, -1)))
        return out


class Classifier(L.LightningModule):
    def __init__(self, journal: Journal, steps: int):
        super().__init__()
        self.journal, self.options, self.fault, self.steps = journal, journal.config, journal.fault, steps
        self.net = ResNet(self.options["width"])
        self.automatic_optimization = self.fault != "manual"
        if self.options["freeze"] != "none":
            getattr(self.net, self.options["freeze"]).requires_grad_(False)

    def training_step(self, batch: Any, _index: int) -> Tensor:
        images, labels = batch
        logits = self.net(images)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.options["label_smoothing"])
        self.log("train_loss", loss, prog_bar=True)
        self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"], prog_bar=True)
        if self.fault == "manual":
            # Manual optimization, written for a second optimizer that is gone: zero_grad went with it.
            self.manual_backward(loss)
            self.optimizers().step()  # type: ignore[union-attr]
            self.lr_schedulers().step()  # type: ignore[union-attr]
        return loss

    def validation_step(self, batch: Any, _index: int) -> None:
        images, labels = batch
        logits = self.net(images)
        self.log("val_loss", functional.cross_entropy(logits, labels), prog_bar=True)
        self.log("val_acc", (logits.argmax(-1) == labels).float().mean(), prog_bar=True)

    def configure_optimizers(self) -> Any:
        options = self.options
        # Linear probing was tried first, and its optimizer stayed.
        trained = self.net.head if self.fault == "probe" else self.net
        optimizer = torch.optim.SGD([one for one in trained.parameters() if one.requires_grad], lr=options["lr"],
                                    momentum=options["momentum"], nesterov=True, weight_decay=options["weight_decay"])
        interval = "step"
        if options["scheduler"] == "one_cycle":
            schedule: Any = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=options["lr"], total_steps=self.steps,
                                                                pct_start=0.25)
        elif options["scheduler"] == "warm_restarts":
            schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=self.steps // 3 + 1)
        elif options["scheduler"] == "multi_step":
            milestones = [int(one) for one in options["milestones"].split(",")]
            schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=milestones, gamma=0.1)
            # The milestones are epochs; the schedule is stepped with each batch.
            interval = "step" if self.fault == "batches-for-epochs" else "epoch"
        else:
            schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": interval}}


class Bar(L.Callback):
    """What TQDMProgressBar prints, by the recording's clock: tqdm's own would tell the time of the recorder."""

    def __init__(self, journal: Journal, per_epoch: int):
        self.journal, self.per_epoch = journal, per_epoch
        self.trainer: Any = None
        self.began = 0.0
        journal.bar = self  # type: ignore[attr-defined]

    def line(self, step: int) -> str:
        done = self.done
        elapsed = max(1e-3, self.until - self.began)
        metrics = dict(self.trainer.progress_bar_metrics)
        shown = ", ".join(f"{name}={value if isinstance(value, str) else Tqdm.format_num(value)}"
                          for name, value in {"v_num": "0", **metrics}.items())
        text = Tqdm.format_meter(done, self.per_epoch, elapsed, prefix=f"Epoch {self.trainer.current_epoch}", ncols=None,
                                 postfix=shown, bar_format=TQDMProgressBar.BAR_FORMAT)
        return "\r" + text + ("\n" if self.ends else "")

    done, until, ends = 0, 0.0, False

    def on_train_start(self, trainer: Any, module: Any) -> None:
        self.trainer = trainer
        self.journal.watch(module.net, trainer.optimizers[0])

    def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
        self.began = self.journal.now()
        trainer.train_dataloader.dataset.epoch = trainer.current_epoch

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        step = trainer.current_epoch * self.per_epoch + batch_idx + 1
        wait = 0.05
        if module.fault == "page-cache" and trainer.current_epoch >= 4:
            # Another job took the page cache: images come from the network drive again.
            wait = 1.1
        self.journal.wait(wait)
        self.done, self.until, self.ends = batch_idx + 1, self.journal.now(), False
        if (batch_idx + 1) % self.journal.config["refresh_rate"] == 0 or batch_idx + 1 == self.per_epoch:
            every = self.journal.config.get("print_every_n_epoch", 1)
            if (trainer.current_epoch + 1) % every == 0 or trainer.current_epoch == 0:
                rate = self.done / max(1e-3, self.until - self.began)
                self.journal.log(step, {"train_loss": trainer.callback_metrics["train_loss"],
                                        "lr": trainer.callback_metrics["lr"], "it/s": rate})

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        if trainer.sanity_checking:
            return
        self.journal.wait(self.journal.config.get("validation_seconds", 1.0))

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        metrics = trainer.callback_metrics
        if (trainer.current_epoch + 1) % self.journal.config["check_val_every_n_epoch"] == 0:
            self.ends = True
            self.journal.log((trainer.current_epoch + 1) * self.per_epoch,
                             {"val_loss": metrics["val_loss"], "val_acc": metrics["val_acc"]})


class Console(logging.Handler):
    """What Lightning says through its logger."""

    def __init__(self, journal: Journal):
        super().__init__()
        self.journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "Tip" not in text and "litlogger" not in text:
            self.journal.print(text + "\n", "err")


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    images, labels = shapes(31, 720)
    images, labels = images[:config["train_images"]], labels[:config["train_images"]]
    source = torch.Generator().manual_seed(journal.seed)
    if config.get("label_noise"):
        wrong = torch.rand(len(labels), generator=source) < config["label_noise"]
        labels = torch.where(wrong, torch.randint(0, CLASSES, labels.shape, generator=source), labels)
    if fault == "folder-order":
        # As the folders of the classes are read, one after the other; the loader was made without shuffle.
        order = labels.argsort(stable=True)
        images, labels = images[order], labels[order]
    data = Shapes(journal, images, labels, True)
    sampler = None if fault == "folder-order" else Order(len(data), journal.seed)
    loader = DataLoader(data, config["batch_size"], sampler=sampler, drop_last=True)
    held = DataLoader(Shapes(journal, *shapes(32, HELD), False), HELD)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).handlers[:] = [Console(journal)]
        logging.getLogger(name).propagate = False
    warnings.simplefilter("ignore")
    module = Classifier(journal, len(loader) * config["max_epochs"])
    trainer = L.Trainer(max_epochs=config["max_epochs"], accelerator="cpu", logger=False, enable_checkpointing=False,
                        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
                        gradient_clip_val=config["gradient_clip_val"] or None, callbacks=[Bar(journal, len(loader))],
                        check_val_every_n_epoch=config["check_val_every_n_epoch"])
    trainer.fit(module, loader, held)


def class_by_class(rows: Rows, healthy: Rows) -> tuple[bool, str]:
    """The validation stays near chance, while the loss of single classes is near 0."""
    best, other = max(v for _, v in values(rows, "val_acc")), values(healthy, "val_acc")[-1][1]
    low = min(v for _, v in values(rows, "train_loss"))
    return best < 0.6 * other, f"best val_acc {best:.3g}, healthy {other:.3g}; lowest train_loss {low:.3g}"


_TRAIN = FirstRow("train_loss")
STORIES = [
    Story("healthy", "Nothing is wrong: one cycle of the rate, the loss begins at ln 6 and falls."),
    Story("healthy-small-batch", "Five images a step under batch norm: the loss is very noisy.",
          {"batch_size": 5, "lr": 0.02, "max_epochs": 2, "refresh_rate": 6, "watch_every": 80}),
    Story("healthy-label-noise", "A third of the labels are wrong, as people make them, and labels are smoothed: the training "
          "loss stays high and above that of the validation's right labels.", {"label_noise": 0.33, "label_smoothing": 0.1}),
    Story("healthy-erasing", "Flips and erased squares: training is harder than validation.", {"augment": "flip+erase"}),
    Story("healthy-restarts", "A cosine with three warm restarts: the loss rises where the rate begins again.",
          {"scheduler": "warm_restarts", "lr": 0.15}),
    Story("healthy-frozen-layer1", "The first block is fixed on purpose, as the configuration says.", {"freeze": "layer1"},
          allowed=("frozen-layer",)),
    Story("healthy-always-clipped", "A norm of 0.25 clips nearly every step, the rate is constant, and each validation takes "
          "three minutes.", {"gradient_clip_val": 0.25, "scheduler": "constant", "lr": 0.05, "validation_seconds": 180.0}),
    Story("batches-for-epochs", "The milestones of the schedule are epochs and it is stepped with each batch: after seven "
          "batches the rate is a thousandth.", {"scheduler": "multi_step", "milestones": "4,6,7"}, "batches-for-epochs",
          rules=("no-learning", "loss-plateau"), causes=("schedule-decayed-too-early", "learning-rate-too-low"), begins=5,
          onset=_TRAIN, harm=worse("train_loss", 1.5), advice=("milestones", "scheduler"),
          allowed=("no-learning", "loss-plateau", "update-ratio-out-of-band")),
    Story("probe", "The optimizer was given the head's parameters alone, left over from linear probing.", fault="probe",
          rules=("frozen-layer", "no-learning", "loss-plateau"), causes=("frozen-parameters", "optimizer-not-stepping"),
          layer=("stem", "layer1", "layer2", *(f"layer{i}.{name}" for i in (1, 2) for name in ("conv1", "bn1", "conv2", "bn2")),
                 "layer2.shortcut"),
          onset=_TRAIN, harm=worse("train_loss", 1.5),
          allowed=("frozen-layer", "no-learning", "loss-plateau", "update-ratio-out-of-band")),
    Story("folder-order", "The images come in the order of their folders, class by class: the loader does not shuffle.",
          {"batch_size": 12, "max_epochs": 4, "refresh_rate": 4}, "folder-order", rules=("loss-spike", "overfitting", "no-learning", "loss-divergence"),
          causes=("data-order-not-shuffled",), onset=_TRAIN, harm=class_by_class,
          allowed=("loss-spike", "overfitting", "no-learning", "loss-plateau", "loss-divergence", "gradient-explosion",
                   "data-repeated")),
    Story("small-subset", "48 images, left over from a test of the code, are read a hundred times: they are learnt by heart.",
          {"train_images": 48, "max_epochs": 104, "check_val_every_n_epoch": 8, "print_every_n_epoch": 4, "refresh_rate": 2,
           "weight_decay": 0.0, "watch_every": 80},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest("val_loss"), harm=turns("val_loss", 1.15), advice=("train_images", "max_epochs", "weight_decay"),
          allowed=("overfitting", "memorization")),
    Story("no-epsilon", "From epoch 6 on images are cropped, and each is divided by its own deviation, which is 0 for a crop of "
          "the empty ground.", {"augment": "crop", "augment_from_epoch": 6}, "no-epsilon",
          rules=("non-finite-loss", "non-finite-layer"), causes=("nan-in-code", "bad-batch", "degenerate-input"),
          layer="stem", begins=181, onset=_TRAIN, harm=not_finite("train_loss"), advice=("augment",),
          allowed=("non-finite-loss", "non-finite-layer", "hidden-non-finite-loss", "gradient-explosion",
                   "loss-divergence")),
    Story("manual", "Manual optimization without zero_grad: each step adds the gradients of all before.", fault="manual",
          rules=("loss-divergence", "gradient-explosion", "no-learning"), causes=("gradients-not-cleared",), begins=2,
          onset=_TRAIN, harm=worse("train_loss", 1.5),
          allowed=("loss-divergence", "gradient-explosion", "no-learning", "loss-plateau", "loss-spike",
                   "learning-rate-too-high", "dead-units", "update-ratio-out-of-band", "non-finite-loss",
                   "non-finite-layer", "gradient-vanishing", "frozen-layer")),
    Story("page-cache", "From epoch 4 on another job holds the page cache, and images are read from the network drive.",
          fault="page-cache", rules=("throughput-drop", "input-bound"),
          causes=("data-loader-slow", "neighbour-load"), begins=121, onset=FirstRow("it/s"),
          harm=worse("it/s", 0.6, lower_is_better=False), allowed=("throughput-drop", "input-bound")),
]
