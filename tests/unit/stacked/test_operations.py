"""Each operation of a stack gives what it gives member by member, gradients too, by its own kernel or by vmap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from seedbed.stacked.operations import drawing
from seedbed.stacked.tensor import QUICK, Stacked, unwrap, wrap

N, B = 3, 5


def random(*shape: int) -> Tensor:
    return torch.randn(N, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


CASES: dict[str, tuple[Callable[..., Any], list[Tensor]]] = {
    "linear": (F.linear, [random(B, 4), random(6, 4), random(6)]),
    "linear without bias, on sequences": (F.linear, [random(B, 7, 4), random(6, 4)]),
    "conv2d": (
        lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1),
        [random(B, 2, 6, 6), random(3, 2, 3, 3), random(3)],
    ),
    "conv2d in groups": (lambda x, w: F.conv2d(x, w, groups=2), [random(B, 4, 5, 5), random(6, 2, 3, 3)]),
    "conv1d": (F.conv1d, [random(B, 2, 9), random(3, 2, 3), random(3)]),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), [random(B, 2, 6, 6)]),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 2), [random(B, 2, 6)]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), [random(B, 7, 4), random(4), random(4)]),
    "flatten": (lambda x: torch.flatten(x, 1), [random(B, 2, 3)]),
    "flatten from the back": (lambda x: x.flatten(-2), [random(B, 2, 3)]),
    "view": (lambda x: x.view(-1, 6), [random(B, 2, 3)]),
    "reshape after transpose": (lambda x: x.transpose(1, 2).reshape(x.size(0), 6), [random(B, 2, 3)]),
    "addition of one shape": (lambda x, y: x + 2 * y, [random(B, 4), random(B, 4)]),
    "addition that broadcasts": (lambda x, y: x * y + 1, [random(B, 4), random(4)]),
    "softmax": (lambda x: F.softmax(x, dim=-1), [random(B, 4)]),
    "mean": (lambda x: x.mean(1), [random(B, 4)]),
    "indexing": (lambda x: x[:, -1], [random(B, 4)]),
    "gelu": (F.gelu, [random(B, 4)]),
    "attention": (F.scaled_dot_product_attention, [random(B, 2, 4), random(B, 2, 4), random(B, 2, 4)]),
    "mse_loss": (F.mse_loss, [random(B, 2), random(B, 2)]),
    "huber_loss": (lambda x, y: F.huber_loss(x, y, delta=0.5), [random(B, 2), random(B, 2)]),
}


@pytest.mark.parametrize(("function", "tensors"), CASES.values(), ids=CASES)
def test_an_operation_on_a_stack_is_that_on_each_member(function: Callable[..., Any], tensors: list[Tensor]) -> None:
    together = [tensor.clone().requires_grad_() for tensor in tensors]
    result = function(*(wrap(tensor) for tensor in together))
    assert isinstance(result, Stacked)
    alone = [tensor.clone().requires_grad_() for tensor in tensors]
    expected = torch.stack([function(*(tensor[i] for tensor in alone)) for i in range(N)])
    assert tuple(result.shape) == tuple(expected.shape[1:])
    torch.testing.assert_close(unwrap(result), expected)
    pull = torch.randn(expected.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (unwrap(result) * pull).sum().backward()
    (expected * pull).sum().backward()
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_leaves_out_what_is_ignored_in_each_member(smoothing: float) -> None:
    scores, targets = random(B, 4), torch.tensor([[0, 1, 2, 3, 0], [-100, 1, -100, 0, 0], [3, 3, 3, -100, 1]])
    found = F.cross_entropy(wrap(scores), wrap(targets), label_smoothing=smoothing)
    expected = [F.cross_entropy(scores[i], targets[i], label_smoothing=smoothing) for i in range(N)]
    torch.testing.assert_close(unwrap(found), torch.stack(expected))


def test_an_embedding_looks_up_each_member_in_its_own_table() -> None:
    ids, table = torch.tensor([[0, 1], [2, 2], [1, 0]]), random(3, 4)
    found = unwrap(F.embedding(wrap(ids), wrap(table)))
    torch.testing.assert_close(found, torch.stack([F.embedding(ids[i], table[i]) for i in range(N)]))


def test_dropout_draws_for_each_member_what_it_draws_alone() -> None:
    x = torch.ones(N, B, 400)
    with drawing([torch.Generator().manual_seed(i) for i in range(N)]):
        found = unwrap(F.dropout(wrap(x), 0.3))
    for i in range(N):
        torch.manual_seed(i)
        assert torch.equal(found[i], F.dropout(x[i], 0.3))


@pytest.mark.parametrize(
    "decide", [bool, float, lambda x: x.item(), lambda x: x.tolist()], ids=["bool", "float", "item", "list"]
)
def test_a_decision_that_depends_on_the_data_is_refused(decide: Callable[[Tensor], Any]) -> None:
    with pytest.raises(RuntimeError):
        decide(wrap(torch.ones(N)))


def test_random_numbers_that_no_member_would_draw_are_refused() -> None:
    with pytest.raises(RuntimeError, match="random"):
        torch.rand_like(wrap(torch.ones(N, B)))
    with pytest.raises(RuntimeError, match="dropout"):
        F.dropout(wrap(torch.ones(N, B)), 0.5)


def test_the_known_operations_are_met_by_their_own_kernels() -> None:
    known = {F.linear, F.conv2d, F.cross_entropy, F.dropout, F.relu, torch.flatten, F.layer_norm}
    assert known <= QUICK.keys()
