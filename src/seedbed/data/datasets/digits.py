"""The digits that come with the package: 1797 real images, 8×8."""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch

from seedbed.data.samples import TensorSamples
from seedbed.data.source import Source
from seedbed.data.split import split_stratified

TEST_SIZE = 360
TEST_SEED = 0


def Digits(*, flatten: bool = False) -> Source:
    """Handwritten digits, 8×8 grey pixels in 0..1, ten classes (Alpaydin and Kaynak, 1998; see ``data/files``).

    1437 training and 360 test images; the test images are a stratified draw under seed 0, always the same ones.

    Args:
        flatten: Inputs of shape (64,) instead of (1, 8, 8).
    """
    file = resources.files("seedbed.data").joinpath("files/digits.npz")
    with resources.as_file(file) as path, np.load(path, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    pixels = torch.from_numpy(images.astype(np.float32)) / 16.0
    pixels = pixels.reshape(-1, 64) if flatten else pixels[:, None]
    every = TensorSamples(pixels, torch.from_numpy(labels.astype(np.int64)), name="Digits")
    train, test = split_stratified(labels, [TEST_SIZE], seed=TEST_SEED)
    info = {
        "task": "classification",
        "num_classes": 10,
        "class_names": [str(digit) for digit in range(10)],
        "input_shape": list(pixels.shape[1:]),
    }
    return Source(name="Digits", train=every.subset(train), test=every.subset(test), info=info)
