"""numpy arrays from .npz and .npy files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seedbed.data.datasets.adapt import from_tensors
from seedbed.data.source import Source
from seedbed.errors import DataError


def Arrays(*, path: str, inputs: str = "x", targets: str | None = "y") -> Source:
    """Arrays in an .npz file, or inputs in one .npy file and targets in another.

    In an .npz file ``x`` and ``y`` are the training arrays; with ``x_train``/``y_train``, ``x_val``/``y_val`` and
    ``x_test``/``y_test`` it brings its own splits. Floats become float32; whole numbers int64, bytes stay.

    Args:
        path: The .npz file, or the .npy file with the inputs.
        inputs: Name of the inputs' array in an .npz file.
        targets: Name of the targets' array, or path of the .npy file with the targets; None for none.
    """
    file = Path(path).expanduser()
    if file.suffix == ".npy":
        other = None if targets is None or targets == "y" else load_arrays(Path(targets).expanduser())
        y = None if other is None else convert_array(other, str(targets))
        return from_tensors(convert_array(load_arrays(file), path), y, name=file.name)
    arrays = load_arrays(file)
    if not isinstance(arrays, dict):
        raise DataError(f"{path} is not an .npz file")

    def pair(suffix: str) -> tuple[Any, Any] | None:
        if inputs + suffix not in arrays:
            return None
        if targets is not None and targets + suffix not in arrays:
            raise DataError(f"{path} has {inputs + suffix!r} but no {targets + suffix!r}; it has: {', '.join(arrays)}")
        y = None if targets is None else convert_array(arrays[targets + suffix], f"{path}[{targets + suffix}]")
        return convert_array(arrays[inputs + suffix], f"{path}[{inputs + suffix}]"), y

    train = pair("") or pair("_train")
    if train is None:
        raise DataError(f"{path} has no array {inputs!r} or {inputs + '_train'!r}; it has: {', '.join(arrays)}")
    return from_tensors(*train, val=pair("_val"), test=pair("_test"), name=file.name)


def load_arrays(file: Path) -> Any:
    """An array, or a dict of arrays; never a pickle.

    Raises:
        DataError: It cannot be read.
    """
    try:
        loaded = np.load(file, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{file} is not a plain numpy file ({error}); save it with numpy.savez, without Python objects"
        ) from error


def convert_array(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Floats as float32, whole numbers as int64, bytes and truth values as they are.

    Raises:
        DataError: It holds no numbers.
    """
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype.kind in "iu" and array.dtype != np.uint8:
        return array.astype(np.int64)
    if array.dtype.kind not in "bu":
        raise DataError(f"{where} has dtype {array.dtype}; only numbers can be used")
    return array
