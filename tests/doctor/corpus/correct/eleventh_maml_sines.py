"""MAML on sine regression with torch.func.functional_call; second-order inner loop."""
import math

import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(9)


def sample_task():
    amp = torch.rand(1) * 2 + 0.5
    phase = torch.rand(1) * math.pi

    def draw(k):
        x = torch.rand(k, 1) * 10 - 5
        return x, amp * torch.sin(x + phase)

    return draw


net = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
meta_opt = torch.optim.Adam(net.parameters(), lr=4e-3)
INNER_LR, TASKS, SHOTS = 0.02, 4, 10


def mse(params, x, y):
    return nn.functional.mse_loss(functional_call(net, params, (x,)), y)


def adapt(params, x, y, steps, create_graph):
    for _ in range(steps):
        grads = torch.autograd.grad(mse(params, x, y), list(params.values()), create_graph=create_graph)
        params = {k: p - INNER_LR * g for (k, p), g in zip(params.items(), grads)}
    return params


def few_shot_error(n_tasks, steps):
    errors = []
    with torch.random.fork_rng():
        torch.manual_seed(777)
        for _ in range(n_tasks):
            draw = sample_task()
            start = {k: p.detach().clone().requires_grad_() for k, p in net.named_parameters()}
            fast = adapt(start, *draw(SHOTS), steps, create_graph=False)
            with torch.no_grad():
                errors.append(mse(fast, *draw(100)).item())
    return sum(errors) / len(errors)


print(f"before: {few_shot_error(30, 3):.3f}")
for it in range(1, 201):
    meta_opt.zero_grad()
    for _ in range(TASKS):
        draw = sample_task()
        fast = adapt(dict(net.named_parameters()), *draw(SHOTS), 1, create_graph=True)
        (mse(fast, *draw(SHOTS)) / TASKS).backward()
    meta_opt.step()
    if it % 100 == 0:
        print(f"meta-iteration {it}: error after 0/1/3 steps "
              f"{few_shot_error(30, 0):.3f} {few_shot_error(30, 1):.3f} {few_shot_error(30, 3):.3f}")
