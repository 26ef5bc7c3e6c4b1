"""Checkpoints that torch.save wrote elsewhere: read as data, nothing in them is run.

``torch.load(weights_only=True)`` comes first. It refuses the files of pytorch-template, which hold a pickled
``ConfigParser`` and NumPy numbers, so what it refuses goes through a reader of our own: an unpickler that knows a short
list of names, each of which stands for an inert record. Tensors are made from these records afterwards, with bounds
checked, and anything that is not a tensor or a plain value is an error.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

from seedbed.errors import CheckpointError

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
MAX_DEPTH = 200
MAX_EXPANDED = 2**32
STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "UntypedStorage": torch.uint8,
}
NUMPY_SCALARS = {
    "f2": "e",
    "f4": "f",
    "f8": "d",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "b1": "?",
}
# Objects of these classes become the plain values that they carry.
OPAQUE = {("parse_config", "ConfigParser")}
PATHS = {
    (module, name)
    for module in ("pathlib", "pathlib._local")
    for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
}


class _RefusedError(Exception):
    """Something in the file that this reader does not know."""


@dataclass(frozen=True, eq=False)
class _StorageType:
    dtype: torch.dtype


@dataclass(eq=False)
class _Storage:
    """Flat values of one storage; legacy files bring them after the structure."""

    dtype: torch.dtype
    num_elements: int
    values: torch.Tensor | None = None


@dataclass(frozen=True, eq=False)
class _Tensor:
    storage: Any
    offset: Any
    size: Any
    stride: Any


@dataclass(frozen=True, eq=False)
class _Dtype:
    code: Any

    def __setstate__(self, state: Any) -> None:
        """NumPy sends the byte order and more; the order is checked, nothing is stored."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in {"<", "|", "="}:
            raise _RefusedError("a number with another byte order")


class _Opaque:
    """Stands for an object whose class is not here: keeps its state, has no behaviour."""

    def __init__(self, *args: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _make_path(*parts: Any) -> str:
    return "/".join(str(part) for part in parts if isinstance(part, str)) or "."


def _make_bytes(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in {"latin1", "latin-1"}:
        raise _RefusedError("bytes in another encoding")
    return text.encode("latin1")


def _make_number(dtype: Any, data: Any = b"") -> int | float | bool:
    """A NumPy scalar as a Python number."""
    code = NUMPY_SCALARS.get(str(getattr(dtype, "code", "")).lstrip("<=|"))
    if not isinstance(dtype, _Dtype) or code is None or not isinstance(data, bytes):
        raise _RefusedError("a NumPy value that is not a number")
    if len(data) != struct.calcsize("<" + code):
        raise _RefusedError("a NumPy number of the wrong length")
    value: int | float | bool = struct.unpack("<" + code, data)[0]
    return value


def _make_dtype(code: Any, *_: Any) -> _Dtype:
    return _Dtype(code)


def _make_tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, size, stride)


def _make_parameter(data: Any, *_: Any) -> Any:
    return data


def _make_size(values: Any = ()) -> list[Any]:
    return list(values) if isinstance(values, tuple | list) else []


def _make_dict(items: Any = ()) -> dict[Any, Any]:
    return OrderedDict((pair[0], pair[1]) for pair in items if isinstance(pair, tuple | list) and len(pair) == 2)


KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _make_dict,
    ("torch._utils", "_rebuild_tensor_v2"): _make_tensor,
    ("torch._utils", "_rebuild_tensor"): _make_tensor,
    ("torch._utils", "_rebuild_parameter"): _make_parameter,
    ("torch", "Size"): _make_size,
    ("_codecs", "encode"): _make_bytes,
    ("numpy", "dtype"): _make_dtype,
    ("numpy.core.multiarray", "scalar"): _make_number,
    ("numpy._core.multiarray", "scalar"): _make_number,
    **dict.fromkeys(PATHS, _make_path),
}


class _Reader(pickle.Unpickler):
    """Knows the names in KNOWN, OPAQUE and STORAGES, none of which does anything."""

    def __init__(self, stream: BinaryIO, load_storage: Callable[[_StorageType, str, int], _Storage]) -> None:
        super().__init__(stream, encoding="utf-8")
        self._load_storage = load_storage

    def find_class(self, module: str, name: str) -> Any:
        """The inert stand-in for a name in the file."""
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if (module, name) in OPAQUE:
            return type(name, (_Opaque,), {})  # fresh, so that a file cannot change a class that others use
        if module in {"torch", "torch.storage"} and name in STORAGES:
            return _StorageType(STORAGES[name])
        raise _RefusedError(f"the name {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """The storage that a tensor in the file refers to."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise _RefusedError("a reference that is not a tensor's storage")
        _, kind, key, _, count = pid[:5]
        if not isinstance(kind, _StorageType) or not isinstance(key, str) or not isinstance(count, int) or count < 0:
            raise _RefusedError("a malformed reference to a tensor's storage")
        if len(pid) > 5 and pid[5] is not None:
            raise _RefusedError("a view of a storage (a file of torch before 0.4)")
        return self._load_storage(kind, key, count)


def read_foreign(path: str | Path) -> dict[str, Any]:
    """The contents of a ``.pth`` or ``.pt`` file: tensors on the CPU in plain containers.

    A pytorch-template checkpoint comes out with ``config`` as the plain state of its ConfigParser.

    Args:
        path: File that ``torch.save`` wrote, in its zip format or the older one.

    Raises:
        CheckpointError: The file is missing or damaged, or holds anything but tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such file")
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # refused or damaged: the reader below tells which, in one sentence
        return _require_dict(_read(path), path)
    try:
        return _require_dict(_finish(contents, set(), {}, 0), path)
    except _RefusedError as error:
        raise CheckpointError(f"{path}: the file holds {error}, which is neither a tensor nor a plain value") from None


def _require_dict(contents: Any, path: Path) -> dict[str, Any]:
    if not isinstance(contents, dict):
        raise CheckpointError(f"{path}: the file holds a {type(contents).__name__}, not a dictionary of tensors")
    return contents


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as stream:
            contents = _read_zip(path) if stream.read(4) == b"PK\x03\x04" else _read_legacy(path)
        return _finish(contents, set(), {}, 0)
    except _RefusedError as error:
        raise CheckpointError(
            f"{path}: the file holds {error}, which is neither a tensor nor a plain value, so it was not read; "
            "save the state_dict alone with torch.save(model.state_dict(), …) where the file was made"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path}: the file cannot be read: {error.strerror or error}") from None
    except (Exception, RecursionError) as error:
        kind = type(error).__name__
        raise CheckpointError(f"{path}: not a whole file of torch.save ({kind}: {str(error)[:100]})") from None


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        structure = next((name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")), None)
        if structure is None:
            raise _RefusedError("no data.pkl")
        folder = structure.removesuffix("data.pkl")
        if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
            raise _RefusedError("big-endian numbers")
        storages: dict[str, _Storage] = {}

        def load_storage(kind: _StorageType, key: str, count: int) -> _Storage:
            if key not in storages:
                entry = archive.getinfo(f"{folder}data/{key}")
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > path.stat().st_size:
                    raise _RefusedError("a compressed tensor")
                storages[key] = _fill(_Storage(kind.dtype, count), archive.read(entry))
            return _retype(storages[key], kind.dtype, count)

        if archive.getinfo(structure).file_size > path.stat().st_size:
            raise _RefusedError("a compressed structure")
        return _Reader(io.BytesIO(archive.read(structure)), load_storage).load()


def _read_legacy(path: Path) -> Any:
    """Four pickles (magic number, protocol, system, structure), the keys of the storages, then their bytes."""
    size = path.stat().st_size
    storages: dict[str, _Storage] = {}

    def load_storage(kind: _StorageType, key: str, count: int) -> _Storage:
        if count * kind.dtype.itemsize > size:
            raise _RefusedError("a tensor that is larger than the file")
        return _retype(storages.setdefault(key, _Storage(kind.dtype, count)), kind.dtype, count)

    with path.open("rb") as stream:
        if _Reader(stream, load_storage).load() != LEGACY_MAGIC:
            raise _RefusedError("another magic number than torch's")
        if _Reader(stream, load_storage).load() != LEGACY_PROTOCOL:
            raise _RefusedError("another protocol than torch's")
        system = _Reader(stream, load_storage).load()
        if isinstance(system, dict) and system.get("little_endian") is False:
            raise _RefusedError("big-endian numbers")
        contents = _Reader(stream, load_storage).load()
        keys = _Reader(stream, load_storage).load()
        if not isinstance(keys, list) or not all(isinstance(key, str) and key in storages for key in keys):
            raise _RefusedError("a list of storages that does not fit")
        for key in keys:
            storage = storages[key]
            (count,) = struct.unpack("<q", stream.read(8))
            if count != storage.num_elements:
                raise _RefusedError("a storage of another length than announced")
            _fill(storage, stream.read(count * storage.dtype.itemsize))
    return contents


def _retype(storage: _Storage, dtype: torch.dtype, count: int) -> _Storage:
    if storage.dtype != dtype or storage.num_elements != count:
        raise _RefusedError("one storage with two types")
    return storage


def _fill(storage: _Storage, data: bytes) -> _Storage:
    if len(data) != storage.num_elements * storage.dtype.itemsize:
        raise _RefusedError("a storage of the wrong length")
    storage.values = (
        torch.frombuffer(bytearray(data), dtype=storage.dtype) if data else torch.empty(0, dtype=storage.dtype)
    )
    return storage


def _finish(value: Any, parents: set[int], done: dict[int, Any], depth: int) -> Any:
    """Records become tensors, containers become plain; each object once, however often it is referred to."""
    if value is None or type(value) in {bool, int, float, str, bytes, torch.dtype, torch.device}:
        return value
    if id(value) in done:
        return done[id(value)][1]
    if id(value) in parents or depth > MAX_DEPTH:
        raise _RefusedError("a container that contains itself, or one nested too deep")
    parents.add(id(value))
    result: Any
    if isinstance(value, torch.Tensor):
        result = value.detach()
    elif isinstance(value, torch.Size):
        result = list(value)
    elif isinstance(value, _Tensor):
        result = _build_tensor(value)
    elif isinstance(value, _Opaque):
        state = value.state if isinstance(value.state, dict) else vars(value)
        result = _finish(state, parents, done, depth + 1)
    elif type(value) in {dict, OrderedDict}:
        result = {_finish_key(key): _finish(item, parents, done, depth + 1) for key, item in value.items()}
    elif type(value) in {list, tuple}:
        result = type(value)(_finish(item, parents, done, depth + 1) for item in value)
    elif type(value) in {set, frozenset}:
        result = type(value)(_finish_key(item) for item in value)
    else:
        raise _RefusedError(f"a {type(value).__name__.lstrip('_')}")
    parents.discard(id(value))
    done[id(value)] = (value, result)  # with the value itself, so that its id stays its own
    return result


def _finish_key(key: Any) -> Any:
    if key is None or type(key) in {bool, int, float, str, bytes}:
        return key
    if type(key) is tuple:
        return tuple(_finish_key(item) for item in key)
    raise _RefusedError(f"a {type(key).__name__.lstrip('_')} as a key")


def _build_tensor(record: _Tensor) -> torch.Tensor:
    """A tensor that owns its values; sizes and strides outside of the storage are refused."""
    storage, offset = record.storage, record.offset
    if not isinstance(storage, _Storage) or storage.values is None:
        raise _RefusedError("a tensor without values")
    size, stride = record.size, record.stride
    numbers = [offset, *size, *stride] if isinstance(size, tuple | list) and isinstance(stride, tuple | list) else [-1]
    if not all(type(number) is int and number >= 0 for number in numbers) or len(size) != len(stride):
        raise _RefusedError("a tensor of impossible shape")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if math.prod(size) and last >= storage.num_elements:
        raise _RefusedError("a tensor that reaches past its storage")
    if math.prod(size) > MAX_EXPANDED:
        raise _RefusedError("a tensor of impossible size")
    tensor = torch.as_strided(storage.values, tuple(size), tuple(stride), offset)
    # An expanded tensor stays a view: to copy it would let a small file fill the memory.
    return tensor if math.prod(size) > storage.num_elements else tensor.clone()
