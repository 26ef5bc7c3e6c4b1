"""Ignite's engines with its own metrics and a checkpoint every epoch."""

from __future__ import annotations

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import ModelCheckpoint
from ignite.metrics import Accuracy, Loss

from seedbed.bench.variants.by_hand import loader, loss_of
from seedbed.bench.workloads import Task


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    optimizer = torch.optim.Adam(task.model.parameters(), lr=task.lr)
    both = {"accuracy": Accuracy(lambda output: flat(*output)), "loss": Loss(loss_of)}
    trainer = create_supervised_trainer(
        task.model, optimizer, loss_of, output_transform=lambda x, y, outputs, loss: (outputs, y)
    )
    Accuracy(lambda output: flat(*output)).attach(trainer, "accuracy")
    Loss(loss_of).attach(trainer, "loss")
    evaluator = create_supervised_evaluator(task.model, metrics=both)
    val_loader = loader(task, task.val, shuffle=False)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run(val_loader))
    saver = ModelCheckpoint(str(task.folder), "ignite", n_saved=1, require_empty=False)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, saver, {"model": task.model, "optimizer": optimizer})
    trainer.run(loader(task, task.train, shuffle=True), max_epochs=task.epochs)
    return float(evaluator.state.metrics["accuracy"])


def flat(outputs: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Every place of a sequence as a sample."""
    return outputs.flatten(0, -2), targets.flatten()
