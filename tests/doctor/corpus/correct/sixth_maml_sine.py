"""Second-order MAML on sine waves with torch.func; the inner weights are a dict that no optimizer owns."""
from typing import Dict, NamedTuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap


class Tasks(NamedTuple):
    xs: torch.Tensor
    ys: torch.Tensor
    xq: torch.Tensor
    yq: torch.Tensor


def sample_tasks(n, shots=10, queries=15, gen=None):
    amp = torch.rand(n, 1, 1, generator=gen) * 4.9 + 0.1
    phase = torch.rand(n, 1, 1, generator=gen) * torch.pi
    x = torch.rand(n, shots + queries, 1, generator=gen) * 10 - 5
    y = amp * torch.sin(x - phase)
    return Tasks(x[:, :shots], y[:, :shots], x[:, shots:], y[:, shots:])


net = None


def build():
    torch.manual_seed(11)
    return nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))


def loss_of(params: Dict[str, torch.Tensor], x, y):
    return F.mse_loss(functional_call(net, params, (x,)), y)


def adapt(params, xs, ys, inner_lr, steps):
    for _ in range(steps):
        g = grad(loss_of)(params, xs, ys)
        params = {k: v - inner_lr * g[k] for k, v in params.items()}
    return params


def query_loss(params, xs, ys, xq, yq, inner_lr=0.01, steps=1):
    return loss_of(adapt(params, xs, ys, inner_lr, steps), xq, yq)


def meta_loss(params, tasks, steps=1):
    per_task = vmap(lambda *t: query_loss(params, *t, steps=steps))(*tasks)
    return per_task.mean()


def evaluate(params, tasks, steps):
    # the query loss needs a gradient inside, but nothing of it leaves this function
    frozen = {k: v.detach() for k, v in params.items()}
    return meta_loss(frozen, tasks, steps).item()


def main():
    global net
    net = build()
    params = dict(net.named_parameters())
    outer = torch.optim.Adam(net.parameters(), lr=2e-3)
    test_tasks = sample_tasks(100, gen=torch.Generator().manual_seed(999))
    stream = torch.Generator().manual_seed(1)
    for it in range(400):
        outer.zero_grad()
        loss = meta_loss(params, sample_tasks(16, gen=stream))
        loss.backward()
        outer.step()
        if it % 100 == 0:
            print(f"iteration {it}: meta-train query loss {loss.item():.3f}")
    for steps in (0, 1, 5):
        print(f"test query loss after {steps} inner steps: {evaluate(params, test_tasks, steps):.3f}")


if __name__ == "__main__":
    main()
