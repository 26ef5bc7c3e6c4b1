"""Tensors as a safetensors file, and back: https://github.com/huggingface/safetensors#format.

Written here rather than by the library, because then a tensor's bytes go to the disk and into the digests from where
they are (no copy), the order is canonical (equal tensors give equal files), and what is read is put into memory that
torch has aligned: kernels may sum in another order on memory that is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
import xxhash

from seedbed.errors import CheckpointError

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
# nearly every tensor; numpy shows the bytes of these as they are, for others torch must reinterpret them
USUAL = {torch.float32, torch.float64, torch.int64, torch.uint8}


def view_bytes(tensor: torch.Tensor) -> memoryview:
    """A tensor's bytes in row-major order; not a copy where the tensor lies on the CPU like this already."""
    data = tensor.detach()
    if data.device.type != "cpu" or data.is_conj() or data.is_neg() or not data.is_contiguous():
        data = data.cpu().resolve_conj().resolve_neg().contiguous()
    if not data.numel():
        return memoryview(b"")
    if data.dtype in USUAL:
        return data.numpy().data.cast("B")
    return data.reshape(-1).view(torch.uint8).numpy().data


def in_file_order(tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """Their names: the largest types first, so that each tensor is aligned to its type; within a type, by name."""
    return sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))


def pack(tensors: Mapping[str, torch.Tensor]) -> list[memoryview]:
    """A safetensors file in pieces: the header, then each tensor's bytes ``in_file_order``.

    Tensors that share memory (tied weights) are written under each of their names.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    pieces, position = [], 0
    for name in in_file_order(tensors):
        tensor = tensors[name]
        piece = view_bytes(tensor)
        end = position + len(piece)
        header[name] = {
            "dtype": CODES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [position, end],
        }
        pieces.append(piece)
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return [memoryview(len(text).to_bytes(8, "little") + text), *pieces]


def unpack(data: bytes) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, each in memory of its own.

    Raises:
        CheckpointError: It is not such a file, or holds a type that is not known here.
    """
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        return {name: read_tensor(memoryview(data)[start:], **entry) for name, entry in header.items()}
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"not a whole safetensors file: {error}") from None


def read_tensor(data: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> torch.Tensor:
    """One tensor of a safetensors file's data."""
    start, end = data_offsets
    tensor = torch.empty(shape, dtype=DTYPES[dtype])
    if end - start != tensor.numel() * tensor.element_size() or not 0 <= start <= end <= len(data):
        raise ValueError(f"{end - start} bytes from {start} for a tensor of {dtype} {shape}")
    if tensor.numel():
        tensor.view(-1).view(torch.uint8).numpy().data[:] = data[start:end]
    return tensor


def tensor_digest(tensor: torch.Tensor, data: memoryview | None = None) -> str:
    """xxh3-128 over a tensor's dtype, shape and bytes; ``data`` are its bytes where they are at hand."""
    digest = xxhash.xxh3_128(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
    digest.update(view_bytes(tensor) if data is None else data)
    return digest.hexdigest()


def tensor_digests(tensors: Mapping[str, torch.Tensor], pieces: Sequence[memoryview]) -> dict[str, str]:
    """``tensor_digest`` of each; ``pieces`` are what ``pack`` made of them."""
    return {
        name: tensor_digest(tensors[name], data) for name, data in zip(in_file_order(tensors), pieces[1:], strict=True)
    }


def fast_digest(pieces: Iterable[bytes | memoryview]) -> str:
    """xxh3-128 over a file's bytes."""
    digest = xxhash.xxh3_128()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
