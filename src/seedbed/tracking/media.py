"""What is shown besides numbers, made ready for any tracker: weight histograms, labelled pictures, text samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from seedbed.errors import require
from seedbed.tracking.tracker import Tracker

RIGHT, WRONG, PLAIN = (22, 130, 60), (200, 30, 30), (60, 60, 60)
CAPTION = 14


def write_histograms(tracker: Tracker, model: nn.Module, step: int) -> None:
    """Histograms of every weight, and of its gradient where there is one."""
    for name, parameter in model.named_parameters():
        tracker.media("histogram", f"weights/{name}", parameter.detach(), step)
        if parameter.grad is not None:
            tracker.media("histogram", f"gradients/{name}", parameter.grad, step)


def write_pictures(
    tracker: Tracker,
    images: Tensor,
    truth: Sequence[Any],
    predicted: Sequence[Any],
    step: int,
    *,
    name: str = "samples/predictions",
    classes: Sequence[str] | None = None,
) -> None:
    """Sample inputs with prediction and truth, as one labelled grid.

    Args:
        tracker: Whom to show it.
        images: (N, C, H, W) with 1 or 3 channels, or (N, H, W); any range, each image is stretched to its own.
        truth: N class numbers or texts.
        predicted: N class numbers or texts.
        step: Number of updates made.
        name: Name to show it under.
        classes: Names of the classes.
    """
    captions, colours = [], []
    for true, guess in zip(truth, predicted, strict=True):
        right = true == guess
        captions.append(_label(guess, classes) + ("" if right else f" (is {_label(true, classes)})"))
        colours.append(RIGHT if right else WRONG)
    tracker.media("image", name, labelled_grid(images, captions, colours), step)


def labelled_grid(
    images: Tensor,
    captions: Sequence[str],
    colours: Sequence[tuple[int, int, int]] | None = None,
    *,
    cell: int = 96,
) -> npt.NDArray[np.uint8]:
    """Pictures in rows with a caption under each, H×W×3.

    Args:
        images: (N, C, H, W) with 1 or 3 channels, or (N, H, W); each is stretched to its own range.
        captions: N texts.
        colours: N colours of the texts; grey if absent.
        cell: Smallest width of a picture in pixels; smaller ones are enlarged by a whole factor.
    """
    require("PIL", "tensorboard", "drawing pictures")
    from PIL import Image, ImageDraw

    pictures = [enlarge(stretch(image), cell) for image in images]
    height, width = pictures[0].shape[:2]
    count = min(len(pictures), max(1, int(np.ceil(np.sqrt(len(pictures))))))
    rows = -(-len(pictures) // count)
    gap = 4
    sheet = Image.new("RGB", (count * (width + gap) + gap, rows * (height + CAPTION + gap) + gap), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    draw.fontmode = "1"  # small letters are clearer without soft edges
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = gap + number % count * (width + gap), gap + number // count * (height + CAPTION + gap)
        sheet.paste(Image.fromarray(picture), (x, y))
        # the built-in font knows Latin-1 only
        text = caption.encode("latin-1", "replace").decode("latin-1")
        while text and draw.textlength(text) > width:
            text = text[:-1]
        draw.text((x, y + height + 1), text, fill=colours[number] if colours else PLAIN)
    return np.asarray(sheet, dtype=np.uint8)


def stretch(image: Tensor) -> npt.NDArray[np.uint8]:
    """One picture as H×W×3 uint8, its own smallest value black and its largest white."""
    values = image.detach().float().cpu()
    if values.ndim == 2:
        values = values[None]
    if values.shape[0] not in (1, 3):
        values = values.mean(0, keepdim=True)
    values = torch.nan_to_num(values)
    low, high = values.min(), values.max()
    scaled = (values - low) / (high - low) if high > low else torch.zeros_like(values)
    return (scaled * 255).round().to(torch.uint8).expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()


def enlarge(picture: npt.NDArray[np.uint8], cell: int) -> npt.NDArray[np.uint8]:
    """Repeat pixels by a whole factor until the picture is ``cell`` pixels wide."""
    factor = max(1, -(-cell // picture.shape[1]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def as_code(text: str) -> str:
    """Text as a Markdown block that keeps its lines, for configs and samples."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _label(value: Any, classes: Sequence[str] | None) -> str:
    if isinstance(value, Tensor):
        value = value.item()
    if classes is not None and isinstance(value, int) and 0 <= value < len(classes):
        return str(classes[value])
    return str(value)
