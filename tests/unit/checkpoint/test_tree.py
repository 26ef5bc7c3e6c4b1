"""A training state as JSON and tensors: nothing is lost on the way."""

from __future__ import annotations

import json
import math
import struct
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.checkpoint.pack import DTYPES, pack, unpack
from seedbed.checkpoint.tree import join_tensors, split_tensors
from seedbed.errors import CheckpointError

floats = st.floats(allow_nan=True, allow_infinity=True)
texts = st.text(st.characters(codec=None), max_size=4) | st.sampled_from(
    ["$tensor", "$", "$items", "__metadata__", "a/b", "", "gewicht-ü", "重み", "x" * 300]
)
keys = texts | st.integers() | st.booleans() | st.none() | st.tuples(st.integers(), texts)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    dtype = draw(st.sampled_from([*DTYPES.values(), torch.complex128]))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    size = math.prod(shape) * torch.empty((), dtype=dtype).element_size()
    data = draw(st.binary(min_size=size, max_size=size))
    tensor = torch.empty(shape, dtype=dtype)
    if size:
        if dtype == torch.bool:
            data = bytes(byte % 2 for byte in data)
        tensor.view(-1).view(torch.uint8).copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    return tensor.transpose(0, -1) if tensor.ndim > 1 and draw(st.booleans()) else tensor


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | floats
    | st.complex_numbers()
    | texts
    | st.binary(max_size=4)
    | st.sets(st.integers() | texts, max_size=3)
    | tensors()
)
states = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)


def same(a: Any, b: Any) -> bool:
    """Whether two trees are of equal types and bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        if (a.dtype, a.shape) != (b.dtype, b.shape):
            return False
        flat = [t.contiguous().reshape(-1) for t in (a, b)]
        return not a.numel() or torch.equal(*[t.view(torch.uint8) for t in flat])
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(map(repr, a)) == list(map(repr, b)) and all(
            same(x, y) for x, y in zip(a.values(), b.values(), strict=True)
        )
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, complex):
        return same([a.real, a.imag], [b.real, b.imag])
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    return bool(a == b)


def round_trip(state: Any) -> Any:
    tree, found = split_tensors(state)
    text = json.dumps(tree, allow_nan=False).encode()
    data = b"".join(pack(found))
    return join_tensors(json.loads(text), unpack(data))


@given(states)
def test_any_state_comes_back_with_its_types_and_bits(state: Any) -> None:
    assert same(round_trip(state), state)


def test_two_tensors_whose_paths_read_the_same_stay_two() -> None:
    one, two, three = (torch.tensor(value) for value in (1, 2, 3))
    state = {"a": {"b": one}, "a/b": two, "c": {1: one, "1": two}, "": three, "__metadata__": one}
    assert same(round_trip(state), state)


def test_tied_and_overlapping_tensors_stay_equal() -> None:
    weight = torch.randn(4, 3)
    state = round_trip(
        {"in": weight, "out": weight, "part": weight[1:3], "turned": weight.T, "twice": weight[:1].expand(2, 3)}
    )
    assert torch.equal(state["in"], state["out"])
    assert torch.equal(state["part"], weight[1:3])
    assert torch.equal(state["turned"], weight.T)
    assert torch.equal(state["twice"], weight[:1].expand(2, 3))


def test_a_tensor_that_needs_a_gradient_and_a_lazy_view_are_saved_by_value() -> None:
    parameter = torch.nn.Parameter(torch.randn(3))
    lazy = torch.randn(3, dtype=torch.complex64)
    state = round_trip({"p": parameter, "conj": lazy.conj(), "neg": lazy.conj().imag, "double": lazy.cdouble().conj()})
    assert torch.equal(state["p"], parameter.detach())
    assert not state["p"].requires_grad
    assert torch.equal(state["conj"], lazy.conj())
    assert torch.equal(state["neg"], lazy.conj().imag)
    assert torch.equal(state["double"], lazy.cdouble().conj())


def test_numpy_arrays_come_back_as_arrays_and_their_scalars_as_numbers() -> None:
    array = np.arange(6, dtype=np.uint32).reshape(2, 3)
    state = round_trip(
        {"array": array, "turned": array.T, "one": np.float32(0.1), "flag": np.True_, "count": np.int64(3)}
    )
    assert same(state["array"], array)
    assert same(state["turned"], np.ascontiguousarray(array.T))
    assert (state["one"], state["flag"], state["count"]) == (float(np.float32(0.1)), True, 3)


def test_an_ordered_dict_keeps_its_order() -> None:
    assert list(round_trip(OrderedDict(b=1, a=2))) == ["b", "a"]


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    "value",
    [
        object(),
        lambda: 1,
        Pair(1, 2),
        frozenset([1]),
        np.array(["text"]),
        np.array([1], dtype=">i4"),
        np.datetime64("2020-01-01"),
        torch.eye(2).to_sparse(),
        torch.empty(2, device="meta"),
        torch.float32,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_saved_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(CheckpointError, match=r"at optimizer/0/x; only tensors.*can be saved"):
        split_tensors({"optimizer": [{"x": value}]})


def test_a_state_that_holds_itself_is_refused() -> None:
    state: dict[str, Any] = {}
    state["again"] = state
    with pytest.raises(CheckpointError, match="nested too deeply, or holds itself"):
        split_tensors(state)


@pytest.mark.parametrize("tree", [{"$tensor": "absent"}, {"$python": "os.system"}])
def test_a_reference_to_nothing_and_an_unknown_form_are_refused(tree: Any) -> None:
    with pytest.raises(CheckpointError):
        join_tensors(tree, {})
