"""Gradient norms and update ratios."""

from __future__ import annotations

import torch
from torch import nn

from seedbed.optim.groups import parameter_groups
from seedbed.optim.optimizers import build_optimizer
from seedbed.optim.statistics import UpdateStatistics, total_norm


def test_norm_and_ratio_are_those_computed_by_hand() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    groups = parameter_groups(net, lr=0.1, groups=[{"match": "1.*", "lr": 0.01}])
    optimizer = build_optimizer(torch.optim.SGD, groups)
    statistics = UpdateStatistics(optimizer)
    net(torch.randn(5, 4)).square().mean().backward()
    old = torch.cat([p.detach().flatten() for p in net[0].parameters()]).clone()
    grad = torch.cat([p.grad.flatten() for p in net[0].parameters() if p.grad is not None])
    statistics.before()
    optimizer.step()
    result = statistics.after()
    assert set(result) == {"grad_norm/default", "grad_norm/1.*", "update_ratio/default", "update_ratio/1.*"}
    torch.testing.assert_close(result["grad_norm/default"], grad.norm())
    torch.testing.assert_close(result["update_ratio/default"], 0.1 * grad.norm() / old.norm(), rtol=1e-4, atol=1e-6)


def test_without_a_copy_of_the_weights_there_is_only_the_norm() -> None:
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    assert UpdateStatistics(optimizer).after() == {}
    net(torch.ones(1, 2)).sum().backward()
    assert list(UpdateStatistics(optimizer).after()) == ["grad_norm/group 0"]


def test_measuring_changes_neither_weights_nor_gradients() -> None:
    net = nn.Linear(3, 2)
    net(torch.ones(1, 3)).sum().backward()
    kept = [(p.detach().clone(), p.grad.clone()) for p in net.parameters() if p.grad is not None]
    statistics = UpdateStatistics(torch.optim.SGD(net.parameters(), lr=0.1))
    statistics.before()
    assert float(statistics.after()["update_ratio/group 0"]) == 0
    for (weight, grad), p in zip(kept, net.parameters(), strict=True):
        assert p.grad is not None
        assert torch.equal(p, weight)
        assert torch.equal(p.grad, grad)


def test_the_norm_of_sparse_gradients_counts_repeated_rows_once_added() -> None:
    net = nn.Embedding(4, 1, sparse=True)
    net(torch.tensor([1, 1, 2])).sum().backward()
    assert net.weight.grad is not None
    torch.testing.assert_close(total_norm([net.weight.grad]), torch.tensor(5.0).sqrt())
