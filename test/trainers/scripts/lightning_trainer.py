"""Learns a noisy line with Lightning, logging to a CSV file and a progress bar."""

import json
import os

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger

inputs = torch.randn(512, 16, generator=torch.Generator().manual_seed(1))
targets = inputs @ torch.linspace(-1, 1, 16).unsqueeze(1)


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))

    def training_step(self, batch, _):
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]), prog_bar=True)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=5e-3)


def main():
    lightning.seed_everything(1)
    data = torch.utils.data.TensorDataset(inputs, targets)
    train, held_out = torch.utils.data.Subset(data, range(448)), torch.utils.data.Subset(data, range(448, 512))
    trainer = lightning.Trainer(
        max_epochs=6,
        accelerator="cpu",
        devices=1,
        logger=CSVLogger("logs"),
        log_every_n_steps=4,
        enable_checkpointing=False,
    )
    trainer.fit(
        Line(),
        torch.utils.data.DataLoader(train, batch_size=16, shuffle=True),
        torch.utils.data.DataLoader(held_out, batch_size=16),
    )
    with open(os.environ["HISTORY"], "w") as file:
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        json.dump({"step": trainer.global_step, "csv": trainer.logger.experiment.metrics_file_path, "last": metrics}, file)


main()
