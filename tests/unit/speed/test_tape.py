"""What a kernel is replayed by: a shorter way to it, only where that gives the very same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from seedbed.speed.tape import shortest_way

aten = torch.ops.aten
MATRIX = torch.arange(12.0).view(3, 4)


@pytest.mark.parametrize(
    ("kernel", "args", "binding"),
    [
        (aten.mm.default, (MATRIX, MATRIX.t()), torch.mm),
        (aten.sum.dim_IntList, (MATRIX, [0], True), torch.sum),
        (aten.t.default, (MATRIX,), torch.t),
        (aten.view.default, (MATRIX, [12]), Tensor.view),
        (aten._log_softmax.default, (MATRIX, 1, False), torch._log_softmax),
    ],
)
def test_a_binding_with_the_same_result_is_the_way(kernel: Any, args: tuple[Any, ...], binding: Any) -> None:
    assert shortest_way(kernel, args, {}, kernel(*args)) is binding


@pytest.mark.parametrize(
    ("kernel", "args"), [(aten.bernoulli.default, (torch.full((8,), 0.5),)), (aten.add_.Tensor, (MATRIX, MATRIX))]
)
def test_what_draws_or_writes_is_not_tried_a_second_time(kernel: Any, args: tuple[Any, ...]) -> None:
    before, values = torch.get_rng_state(), MATRIX.clone()
    way = shortest_way(kernel, args, {}, MATRIX)
    assert way not in (torch.bernoulli, Tensor.add_)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(MATRIX, values)


def test_a_kernel_that_writes_to_its_arguments_unsaid_writes_once() -> None:
    mean, var = torch.zeros(4), torch.ones(4)
    args = (MATRIX, None, None, mean, var, True, 0.1, 1e-5)
    result = aten.native_batch_norm.default(*args)
    once = mean.clone(), var.clone()
    shortest_way(aten.native_batch_norm.default, args, {}, result)
    assert torch.equal(mean, once[0])
    assert torch.equal(var, once[1])


def test_a_binding_that_gives_something_else_is_not_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "mm", lambda a, b: (a @ b) + 1e-6)
    args = (MATRIX, MATRIX.t())
    assert shortest_way(aten.mm.default, args, {}, aten.mm.default(*args)) is Tensor.mm
    monkeypatch.setattr(torch, "t", lambda a: a.T.clone())
    assert shortest_way(aten.t.default, (MATRIX,), {}, MATRIX.t()) is Tensor.t
