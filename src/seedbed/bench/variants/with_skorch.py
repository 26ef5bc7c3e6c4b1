"""skorch's NeuralNetClassifier with its defaults, a split for validation and a checkpoint every epoch."""

from __future__ import annotations

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Checkpoint, EpochScoring
from skorch.helper import predefined_split
from torch import nn

from seedbed.bench.variants.by_hand import loader
from seedbed.bench.workloads import Task


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    net = NeuralNetClassifier(
        task.model,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=task.lr,
        max_epochs=task.epochs,
        batch_size=task.workload.batch_size,
        iterator_train__shuffle=True,
        train_split=predefined_split(loader(task, task.val, shuffle=False).dataset),
        callbacks=[
            EpochScoring("accuracy", name="train_accuracy", on_train=True, lower_is_better=False),
            Checkpoint(dirname=task.folder, monitor=None),
        ],
        verbose=0,
    )
    net.fit(loader(task, task.train, shuffle=True).dataset, task.train[1].numpy())
    return float(net.history[-1, "valid_acc"])
