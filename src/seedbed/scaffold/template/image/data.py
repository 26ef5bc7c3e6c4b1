"""The data: anything that gives images (C, H, W) and class numbers.

Return a torch ``Dataset``, a dict ``{"train": …, "val": …, "test": …}`` of them, pairs of tensors, or one of seedbed's
own sources, as here.
"""

from __future__ import annotations

from seedbed.data.datasets.digits import Digits
from seedbed.data.datasets.mnist import MNIST, FashionMNIST

SETS = {"digits": Digits, "mnist": MNIST, "fashion-mnist": FashionMNIST}


def load_images(*, dataset: str = "digits"):
    """Handwritten digits (1797 images of 8×8, part of the package), MNIST or Fashion-MNIST (downloaded once)."""
    return SETS[dataset]()
