"""Images in folders, one folder per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seedbed.data.collate import image_to_tensor
from seedbed.data.samples import DatasetSamples, Samples, TensorSamples
from seedbed.data.source import Source
from seedbed.errors import ConfigError, DataError, require

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def ImageFolder(
    *, root: str, size: int | Sequence[int] | None = None, grayscale: bool = False, in_memory: bool = False
) -> Source:
    """``root/<class>/<image>``, or ``root/train/<class>/…`` with ``root/val`` and ``root/test`` beside it.

    Images are float tensors C×H×W in 0..1. Classes are the folders' names, sorted; files are sorted too.

    Args:
        root: The folder.
        size: Height and width (or one number for both) to which images are resized; as they are if absent.
        grayscale: One channel instead of three.
        in_memory: Read everything once and keep it as bytes; needs ``size`` unless all images have one.
    """
    require("PIL.Image", "data", "reading images")
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise DataError(f"there is no folder {root}")
    shape = _shape(size)
    parts = {name: folder / name for name in ("train", "val", "test") if (folder / name).is_dir()}
    if "train" not in parts:
        parts = {"train": folder}
    classes = sorted(path.name for path in parts["train"].iterdir() if path.is_dir() and not path.name.startswith("."))
    if not classes:
        raise DataError(f"{parts['train']} has no folders; images must be in one folder per class")
    made: dict[str, Samples] = {}
    for name, part in parts.items():
        files = ImageFiles(part, classes, shape, grayscale)
        made[name] = files.load() if in_memory else DatasetSamples(files, name=str(part))
    info: dict[str, Any] = {"task": "classification", "num_classes": len(classes), "class_names": classes}
    if shape is not None:
        info["input_shape"] = [1 if grayscale else 3, *shape]
    return Source(name=folder.name, train=made["train"], val=made.get("val"), test=made.get("test"), info=info)


class ImageFiles:
    """A map-style data set of image files; ``targets`` are the classes' numbers.

    Args:
        folder: With one folder per class.
        classes: Names of the classes, in the order of their numbers.
        shape: (height, width) to resize to, or None.
        grayscale: One channel instead of three.
    """

    def __init__(self, folder: Path, classes: Sequence[str], shape: tuple[int, int] | None, grayscale: bool) -> None:
        unknown = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name not in classes and p.name[0] != ".")
        if unknown:
            raise DataError(f"{folder} has the class {unknown[0]!r}, which the training images don't have")
        self.paths: list[Path] = []
        self.targets: list[int] = []
        for number, name in enumerate(classes):
            found = sorted(path for path in (folder / name).rglob("*") if path.suffix.lower() in SUFFIXES)
            self.paths += found
            self.targets += [number] * len(found)
        if not self.paths:
            raise DataError(f"{folder} has no images ({', '.join(sorted(SUFFIXES))}) in its folders")
        self.shape, self.grayscale = shape, grayscale

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return image_to_tensor(self.open(index)), self.targets[index]

    def open(self, index: int) -> Any:
        """The PIL image, converted and resized."""
        from PIL import Image

        path = self.paths[index]
        try:
            with Image.open(path) as image:
                converted = image.convert("L" if self.grayscale else "RGB")
        except (OSError, ValueError, SyntaxError) as error:
            raise DataError(f"{path} cannot be read as an image ({error}); remove or replace it") from error
        if self.shape is None:
            return converted
        height, width = self.shape
        return converted.resize((width, height), Image.Resampling.BILINEAR)

    def load(self) -> TensorSamples:
        """All images as one tensor of bytes."""
        pixels: list[npt.NDArray[np.uint8]] = []
        for index in range(len(self)):
            array = np.asarray(self.open(index))
            array = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
            if pixels and array.shape != pixels[0].shape:
                raise DataError(
                    f"{self.paths[index]} has shape {array.shape}, {self.paths[0]} {pixels[0].shape}; "
                    "give size=… to resize, or in_memory=False"
                )
            pixels.append(array)
        name = str(self.paths[0].parent.parent)
        return TensorSamples(torch.from_numpy(np.stack(pixels)), torch.tensor(self.targets), name=name)


def _shape(size: int | Sequence[int] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or any(isinstance(side, bool) or not isinstance(side, int) or side < 1 for side in pair):
        raise ConfigError(f"size is {size!r}; give pixels (64) or [height, width]")
    return pair[0], pair[1]
