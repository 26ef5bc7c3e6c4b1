"""Tensors as a safetensors file: what the library reads, and what we read back."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from seedbed.checkpoint.pack import CODES, pack, tensor_digest, unpack, view_bytes
from seedbed.checkpoint.saver import weights_sha256
from seedbed.errors import CheckpointError

TENSORS = {
    "b.weight": torch.arange(6.0).reshape(2, 3),
    "a.flag": torch.tensor([True, False, True]),
    "half": torch.tensor([1.5, float("nan")], dtype=torch.bfloat16),
    "counter": torch.tensor(7),
    "empty": torch.empty(0, 3),
    "turned": torch.arange(6, dtype=torch.int16).reshape(2, 3).T,
    "name with spaces/ü\"'\\\n重み": torch.tensor([1, -1], dtype=torch.int8),
    "complex": torch.tensor([1 + 2j]),
}


def test_the_library_reads_what_we_write() -> None:
    found = safetensors.torch.load(b"".join(pack(TENSORS)))
    assert found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0, equal_nan=True)


def test_we_read_what_the_library_writes() -> None:
    data = safetensors.torch.save({name: tensor.contiguous() for name, tensor in TENSORS.items()}, {"note": "x"})
    found = unpack(data)
    assert {name: tensor_digest(tensor) for name, tensor in found.items()} == {
        name: tensor_digest(tensor) for name, tensor in TENSORS.items()
    }


def test_equal_tensors_give_equal_files_in_whatever_order_they_come() -> None:
    assert b"".join(pack(TENSORS)) == b"".join(pack(dict(reversed(TENSORS.items()))))


def test_each_tensor_is_read_into_aligned_memory_of_its_own() -> None:
    data = b"".join(pack({"flag": torch.tensor(True), "w": torch.randn(3), "v": torch.randn(3)}))
    found = unpack(data)
    assert all(tensor.data_ptr() % 64 == 0 for tensor in found.values())
    found["w"].fill_(0)
    assert torch.equal(unpack(data)["v"], found["v"])


def test_in_the_file_each_tensor_is_aligned_to_its_type() -> None:
    data = b"".join(pack(TENSORS))
    size = int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            assert (8 + size + entry["data_offsets"][0]) % TENSORS[name].element_size() == 0


def test_every_truncation_of_a_file_is_refused() -> None:
    data = b"".join(pack({"w": torch.randn(3), "v": torch.tensor(1)}))
    for size in range(len(data)):
        with pytest.raises(CheckpointError, match="not a whole safetensors file"):
            unpack(data[:size])


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]},
        {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "more": 1},
        [],
    ],
)
def test_a_header_that_does_not_fit_is_refused(entry: object) -> None:
    text = json.dumps({"w": entry}).encode()
    with pytest.raises(CheckpointError):
        unpack(len(text).to_bytes(8, "little") + text + b"\0" * 4)


def test_a_digest_tells_bits_shapes_and_types_apart() -> None:
    zero = torch.zeros(2, 2)
    others = [zero.reshape(4), zero.int(), -zero, torch.zeros(2, 3), zero + 1e-45]
    assert len({tensor_digest(tensor) for tensor in [zero, *others]}) == 6
    assert tensor_digest(torch.arange(4).reshape(2, 2).T) == tensor_digest(torch.tensor([[0, 2], [1, 3]]))


def test_the_digest_of_the_weights_is_that_of_the_file(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    data = b"".join(pack(model.state_dict()))
    assert weights_sha256(model.state_dict()) == hashlib.sha256(data).hexdigest()
    shuffled = dict(reversed(model.state_dict().items()))
    assert weights_sha256(shuffled) == weights_sha256(model.state_dict())
    with torch.no_grad():
        model[0].weight[0, 0] = torch.nextafter(model[0].weight[0, 0], torch.tensor(9.0))
    assert weights_sha256(shuffled) != hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("dtype", sorted(CODES, key=str), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (1, 4, 2), (2, 0, 3)])
def test_a_tensors_bytes_are_those_in_row_major_order(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    numbers = torch.randint(0, 2, (math.prod(shape), 2, dtype.itemsize), dtype=torch.uint8)  # also of truth values
    expected = bytes(numbers[:, 1].flatten().tolist())
    every_second = numbers.flatten().view(dtype).reshape(*shape, 2)[..., 1]
    for tensor in (every_second, every_second.contiguous(), nn.Parameter(every_second, requires_grad=False)):
        found = view_bytes(tensor)
        assert (found.ndim, found.itemsize) == (1, 1)
        assert bytes(found) == expected
