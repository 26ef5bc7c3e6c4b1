"""Second-order MAML on sinusoid regression, written with torch.func."""
import math

import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)

INNER_LR = 0.02
SHOTS = 10
TASKS = 16

net = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
meta_params = dict(net.named_parameters())


def sample_tasks(n):
    amplitude = torch.empty(n, 1, 1).uniform_(0.5, 2.0)
    phase = torch.empty(n, 1, 1).uniform_(0, math.pi)
    x = torch.empty(n, 2 * SHOTS, 1).uniform_(-3, 3)
    y = amplitude * torch.sin(x + phase)
    return x[:, :SHOTS], y[:, :SHOTS], x[:, SHOTS:], y[:, SHOTS:]


def task_loss(params, x, y):
    return nn.functional.mse_loss(functional_call(net, params, (x,)), y)


def adapt(params, x, y, steps):
    for _ in range(steps):
        grads = grad(task_loss)(params, x, y)
        params = {k: p - INNER_LR * grads[k] for k, p in params.items()}
    return params


def query_loss(params, xs, ys, xq, yq, steps):
    return task_loss(adapt(params, xs, ys, steps), xq, yq)


def batch_query_loss(tasks, steps):
    per_task = vmap(query_loss, in_dims=(None, 0, 0, 0, 0, None))
    return per_task(meta_params, *tasks, steps).mean()


optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
held_out = sample_tasks(100)


def report(tag):
    with torch.no_grad():
        before = batch_query_loss(held_out, 0).item()
        after = batch_query_loss(held_out, 5).item()
    print(f"{tag:>10}: no adaptation {before:.3f}, five steps {after:.3f}")


report("start")
for iteration in range(1, 201):
    loss = batch_query_loss(sample_tasks(TASKS), 1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if iteration % 100 == 0:
        report(f"iter {iteration}")
