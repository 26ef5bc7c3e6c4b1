"""MAML (second order) with torch.func.functional_call."""
import math

import torch
from torch import nn
import torch.nn.functional as F
from torch.func import functional_call

torch.manual_seed(0)
INNER_LR, INNER_STEPS, TASKS, SHOTS = 0.02, 1, 6, 10


def sine_task(gen=None):
    amp = 0.5 + 2.5 * torch.rand((), generator=gen)
    ph = math.pi * torch.rand((), generator=gen)

    def draw(n):
        x = torch.rand(n, 1, generator=gen) * 10 - 5
        return x, amp * torch.sin(x + ph)

    return draw


net = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))


def adapt(params, x, y, steps, create_graph):
    for _ in range(steps):
        loss = F.mse_loss(functional_call(net, params, (x,)), y)
        grads = torch.autograd.grad(loss, tuple(params.values()), create_graph=create_graph)
        params = {k: p - INNER_LR * g for (k, p), g in zip(params.items(), grads)}
    return params


def evaluate(n_tasks=30):
    gen = torch.Generator().manual_seed(99)
    before = after = 0.0
    for _ in range(n_tasks):
        draw = sine_task(gen)
        xs, ys = draw(SHOTS)
        xq, yq = draw(100)
        # the adaptation itself needs gradients, so only the scores are taken without them
        start = {k: p.detach().requires_grad_(True) for k, p in net.named_parameters()}
        tuned = adapt(start, xs, ys, steps=3, create_graph=False)
        with torch.no_grad():
            before += F.mse_loss(functional_call(net, start, (xq,)), yq).item()
            after += F.mse_loss(functional_call(net, tuned, (xq,)), yq).item()
    return before / n_tasks, after / n_tasks


meta_opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for it in range(1, 151):
    meta_opt.zero_grad()
    outer = 0.0
    for _ in range(TASKS):
        draw = sine_task()
        (xs, ys), (xq, yq) = draw(SHOTS), draw(SHOTS)
        fast = adapt(dict(net.named_parameters()), xs, ys, INNER_STEPS, create_graph=True)
        loss = F.mse_loss(functional_call(net, fast, (xq,)), yq) / TASKS
        loss.backward()
        outer += loss.item()
    meta_opt.step()
    if it % 50 == 0:
        b, a = evaluate()
        print(f"it {it}: outer {outer:.3f}; new tasks before {b:.3f} after {a:.3f}")
