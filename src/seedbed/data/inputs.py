"""New inputs for a trained model: files and texts in the form that its training data had. Needs no training data.

What the data were is said by their ``info`` (see ``seedbed.data.source``), which a run's manifest keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seedbed.data.collate import image_to_tensor
from seedbed.data.datasets.arrays import convert_array, load_arrays
from seedbed.data.datasets.images import SUFFIXES
from seedbed.data.datasets.table import read_rows
from seedbed.data.datasets.text import read_text
from seedbed.errors import DataError, require

TABLES = {".csv", ".tsv", ".parquet", ".pq"}
ARRAYS = {".npy", ".npz"}


@dataclass(frozen=True)
class Inputs:
    """What one file or text holds: ``tensor`` (B, …) as the model's data were before normalizing, and remarks."""

    name: str
    tensor: Tensor
    notes: tuple[str, ...] = ()


def read_inputs(name: str, info: Mapping[str, Any]) -> Inputs:
    """Read one input: an array (.npy, .npz), a table, an image, or a text for a language model.

    Args:
        name: Path of a file; for a language model also the text itself.
        info: What is known of the training data.

    Raises:
        DataError: It cannot be read, or is not what the model was trained on.
    """
    suffix = Path(name).suffix.lower()
    if info.get("task") == "language":
        return read_prompt(name, info)
    path = Path(name).expanduser()
    if not path.is_file():
        raise DataError(f"{name}: there is no such file; give .npy or .npz arrays, a table or images")
    if suffix in ARRAYS:
        return read_array(path, info)
    if suffix in TABLES:
        if "encoding" not in info:
            raise DataError(
                f"{name}: this run was not trained on a Table, so its columns are unknown; give a .npy file"
            )
        return Inputs(name, read_rows(str(path), info["encoding"]))
    if suffix in SUFFIXES:
        return read_image(path, info)
    raise DataError(
        f"{name}: {suffix or 'a file without an ending'} cannot be read as input; give .npy, .npz, .csv, .parquet or "
        f"an image ({', '.join(sorted(SUFFIXES))})"
    )


def read_array(path: Path, info: Mapping[str, Any]) -> Inputs:
    """Samples (B, …), or one sample without its first dimension."""
    loaded = load_arrays(path)
    if isinstance(loaded, dict):
        name = "x" if "x" in loaded else next(iter(loaded)) if len(loaded) == 1 else None
        if name is None:
            raise DataError(f"{path} holds {', '.join(loaded) or 'nothing'}; call the inputs 'x'")
        loaded = loaded[name]
    tensor = torch.from_numpy(convert_array(loaded, str(path)))
    shape = info.get("input_shape")
    if shape is None:
        return Inputs(str(path), tensor)
    expected = tuple(shape)
    if tuple(tensor.shape) == expected:
        return Inputs(str(path), tensor[None], ("taken as one sample",))
    if tuple(tensor.shape[1:]) != expected:
        raise DataError(
            f"{path} has shape {tuple(tensor.shape)}; the model was trained on samples of shape {expected}, so give "
            f"(N, {', '.join(map(str, expected))})"
        )
    return Inputs(str(path), tensor)


def read_image(path: Path, info: Mapping[str, Any]) -> Inputs:
    """One image in the training images' channels and size; a change of either is said in a note."""
    shape = info.get("input_shape")
    if shape is None or len(shape) != 3 or shape[0] not in (1, 3):
        form = f"have the shape {tuple(shape)}" if shape is not None else "have no known shape"
        raise DataError(f"{path}: this run's samples {form}, so an image has no fixed form for it; give a .npy file")
    require("PIL.Image", "data", "reading images")
    from PIL import Image

    channels, height, width = shape
    mode = "L" if channels == 1 else "RGB"
    try:
        with Image.open(path) as image:
            was, size = image.mode, image.size
            converted = image.convert(mode)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path} cannot be read as an image ({error})") from error
    notes = []
    if was != mode:
        notes.append(f"made {'grey' if channels == 1 else 'RGB'} from {was}, as the training images were")
    if size != (width, height):
        notes.append(f"resized from {size[0]}×{size[1]} to {width}×{height} pixels, as the training images were")
        converted = converted.resize((width, height), Image.Resampling.BILINEAR)
    return Inputs(str(path), image_to_tensor(converted)[None], tuple(notes))


def read_prompt(name: str, info: Mapping[str, Any]) -> Inputs:
    """The characters of a text, or of a .txt file of that name, as token numbers (1, T)."""
    text = read_text(name) if Path(name).suffix == ".txt" else name
    return Inputs(name, encode_text(text, info["vocabulary"]))


def encode_text(text: str, vocabulary: Sequence[str]) -> Tensor:
    """Token numbers (1, T) of a text.

    Raises:
        DataError: It is empty, or has a character that the training text did not have.
    """
    if not text:
        raise DataError("the prompt is empty; give at least one character to go on from")
    place = {character: number for number, character in enumerate(vocabulary)}
    unknown = [character for character in text if character not in place]
    if unknown:
        raise DataError(
            f"the prompt has {unknown[0]!r}, which the training text never had; it had {''.join(vocabulary)!r}"
        )
    return torch.tensor([[place[character] for character in text]])
