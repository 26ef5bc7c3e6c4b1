"""Lightning's Trainer with its defaults; progress bar and logger off, because terminals and files have a pace too."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor

from seedbed.bench.variants.by_hand import loader, loss_of
from seedbed.bench.workloads import Task


class Module(lightning.LightningModule):  # type: ignore[misc,unused-ignore]
    """The model with its loss, its accuracy and its optimizer."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.model, self.lr = task.model, task.lr

    def measure(self, batch: tuple[Tensor, Tensor], name: str, *, on_step: bool) -> Tensor:
        """Loss and accuracy of a batch, logged."""
        inputs, targets = batch
        outputs = self.model(inputs)
        loss = loss_of(outputs, targets)
        accuracy = (outputs.argmax(-1) == targets).float().mean()
        self.log(f"{name}_loss", loss, on_step=on_step, on_epoch=True)
        self.log(f"{name}_accuracy", accuracy, on_step=False, on_epoch=True)
        return loss

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """One update's loss."""
        return self.measure(batch, "train", on_step=True)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """One validation batch."""
        self.measure(batch, "val", on_step=False)

    def configure_optimizers(self) -> Any:
        """Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    trainer = lightning.Trainer(
        max_epochs=task.epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=task.folder,
    )
    trainer.fit(Module(task), loader(task, task.train, shuffle=True), loader(task, task.val, shuffle=False))
    return float(trainer.callback_metrics["val_accuracy"])
