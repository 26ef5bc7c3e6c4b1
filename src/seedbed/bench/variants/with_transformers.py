"""Hugging Face's Trainer: its loop, its optimizer, a validation and a checkpoint every epoch; no reports, no bars."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EvalPrediction, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from seedbed.bench.variants.by_hand import loader, loss_of
from seedbed.bench.workloads import Task


class Module(nn.Module):
    """A model whose forward returns the loss with the outputs, which is what the Trainer asks of one."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.model(inputs)
        return loss_of(outputs, labels), outputs


def collate(items: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Samples as a batch, by the names of the forward's arguments."""
    return {"inputs": torch.stack([x for x, _ in items]), "labels": torch.stack([y for _, y in items])}


def accuracy_of(found: EvalPrediction) -> dict[str, float]:
    """The share of hits; classes were chosen batch by batch."""
    return {"accuracy": float(np.mean(np.asarray(found.predictions) == np.asarray(found.label_ids)))}


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    options: dict[str, Any] = {
        "output_dir": tempfile.mkdtemp(dir=task.folder),
        "num_train_epochs": task.epochs,
        "per_device_train_batch_size": task.workload.batch_size,
        "per_device_eval_batch_size": task.workload.batch_size,
        "learning_rate": task.lr,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 0.0,  # by hand clips nothing either
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "logging_strategy": "epoch",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "dataloader_pin_memory": False,
    }
    trainer = Trainer(
        model=Module(task.model),
        args=TrainingArguments(**options),
        data_collator=collate,
        train_dataset=loader(task, task.train, shuffle=True).dataset,
        eval_dataset=loader(task, task.val, shuffle=False).dataset,
        compute_metrics=accuracy_of,
        preprocess_logits_for_metrics=lambda outputs, labels: outputs.argmax(-1),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return float([entry["eval_accuracy"] for entry in trainer.state.log_history if "eval_accuracy" in entry][-1])
