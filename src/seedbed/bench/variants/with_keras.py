"""Keras's ``fit`` on its torch backend, with the same torch model as a layer; a checkpoint every epoch."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"  # it is read when keras is imported

from typing import Any

import keras
from torch import Tensor, nn

from seedbed.bench.variants.by_hand import loader
from seedbed.bench.workloads import Task


class Module(keras.Model):  # type: ignore[misc,unused-ignore]
    """A torch model as a Keras model: Keras's own wrapper for torch modules, and nothing around it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.inner = keras.layers.TorchModuleWrapper(model)

    def call(self, inputs: Tensor) -> Tensor:
        """The model's outputs."""
        outputs: Tensor = self.inner(inputs)
        return outputs


def train(task: Task) -> float:
    """Train; returns the last validation accuracy."""
    keras.config.set_image_data_format("channels_first")
    with keras.device("cpu"):
        model: Any = Module(task.model)
        model.compile(
            optimizer=keras.optimizers.Adam(task.lr),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        saver = keras.callbacks.ModelCheckpoint(str(task.folder / "keras.weights.h5"), save_weights_only=True)
        history = model.fit(
            loader(task, task.train, shuffle=True),
            validation_data=loader(task, task.val, shuffle=False),
            epochs=task.epochs,
            callbacks=[saver],
            verbose=0,
        )
    return float(history.history["val_accuracy"][-1])
