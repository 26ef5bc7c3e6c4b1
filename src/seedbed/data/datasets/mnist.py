"""MNIST and Fashion-MNIST, from idx files in a folder or by download."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from seedbed.data.datasets.download import cache_folder, fetch_file
from seedbed.data.samples import TensorSamples
from seedbed.data.source import Source
from seedbed.errors import DataError

FASHION_CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
FASHION_CLASSES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


@dataclass(frozen=True)
class Files:
    """The four files of a data set: checksums of the .gz files and where they are."""

    folder: str
    mirrors: tuple[str, ...]
    sha256: dict[str, str]


MNIST_FILES = Files(
    folder="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    sha256={
        "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
)
FASHION_FILES = Files(
    folder="fashion-mnist",
    mirrors=(
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    sha256={
        "train-images-idx3-ubyte": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)


def MNIST(*, root: str | None = None, download: bool = True, flatten: bool = False) -> Source:
    """Handwritten digits, 28×28 grey, ten classes, 60,000 + 10,000 (LeCun, Cortes and Burges; CC BY-SA 3.0).

    Read from ``root``, else from ``$SEEDBED_DATA/mnist``, else from the cache, else downloaded there.

    Args:
        root: Folder with the four idx files, packed (.gz) or not.
        download: Whether a download is allowed.
        flatten: Inputs of shape (784,) instead of (1, 28, 28).
    """
    names = [str(digit) for digit in range(10)]
    return _source("MNIST", MNIST_FILES, names, root=root, download=download, flatten=flatten)


def FashionMNIST(*, root: str | None = None, download: bool = True, flatten: bool = False) -> Source:
    """Pictures of clothes, 28×28 grey, ten classes, 60,000 + 10,000 (Xiao, Rasul and Vollgraf, 2017; MIT).

    Read from ``root``, else from ``$SEEDBED_DATA/fashion-mnist``, else from the cache, else downloaded there.

    Args:
        root: Folder with the four idx files, packed (.gz) or not.
        download: Whether a download is allowed.
        flatten: Inputs of shape (784,) instead of (1, 28, 28).
    """
    return _source("FashionMNIST", FASHION_FILES, FASHION_CLASSES, root=root, download=download, flatten=flatten)


def _source(name: str, files: Files, classes: list[str], *, root: str | None, download: bool, flatten: bool) -> Source:
    arrays = {file: read_idx(locate(name, files, file, root, download)) for file in files.sha256}
    splits = []
    for part in ("train", "t10k"):
        images, labels = arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise DataError(
                f"{name}: {part} has images {images.shape} and labels {labels.shape}; the files don't match"
            )
        pixels = torch.from_numpy(images)
        pixels = pixels.reshape(len(pixels), -1) if flatten else pixels[:, None]
        splits.append(TensorSamples(pixels, torch.from_numpy(labels.astype(np.int64)), name=name))
    info = {
        "task": "classification",
        "num_classes": 10,
        "class_names": classes,
        "input_shape": list(splits[0].inputs.shape[1:]),
    }
    return Source(name=name, train=splits[0], test=splits[1], info=info)


def locate(name: str, files: Files, file: str, root: str | None, download: bool) -> Path:
    """The path of one of the four files, downloaded if need be.

    Raises:
        DataError: It is nowhere and cannot, or may not, be downloaded.
    """
    common = os.environ.get("SEEDBED_DATA")
    places = [Path(root).expanduser()] if root else [Path(common) / files.folder] if common else []
    for place in places:
        for folder in (place, place / name / "raw"):
            for path in (folder / f"{file}.gz", folder / file):
                if path.is_file():
                    return path
    advice = (
        f"Without a network, put the four {name} idx files into a folder and say root=FOLDER, or into "
        f"$SEEDBED_DATA/{files.folder}"
    )
    if root:
        raise DataError(f"{name}: no {file} or {file}.gz in {places[0]}; leave root out to download it")
    kept = cache_folder() / files.folder / f"{file}.gz" if download else None
    if kept is None:
        where = f" in {places[0]}" if places else ""
        raise DataError(f"{name}: no {file}.gz{where} and download=False. {advice}")
    return fetch_file(f"{file}.gz", files.mirrors, files.sha256[file], kept.parent, advice)


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """The array in an idx file of bytes, packed with gzip or not.

    The format: two zero bytes, type 8, number of dimensions, then each dimension as a big-endian 32-bit integer.
    """
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); remove it and get it again") from error
    if len(raw) < 4 or raw[:3] != b"\0\0\x08":
        raise DataError(f"{path} is not an idx file of bytes; remove it and get it again")
    num_dims = raw[3]
    start = 4 + 4 * num_dims
    shape = tuple(int.from_bytes(raw[4 + 4 * d : 8 + 4 * d], "big") for d in range(num_dims))
    if len(raw) != start + math.prod(shape):
        raise DataError(f"{path} should have {math.prod(shape)} values and has {len(raw) - start}; get it again")
    return np.frombuffer(bytearray(raw), dtype=np.uint8, offset=start).reshape(shape)
