# second-order MAML on sinusoid regression, using torch.func
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
INNER_LR, INNER_STEPS, K = 0.02, 2, 10

net = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))


def loss_fn(params, x, y):
    return F.mse_loss(functional_call(net, params, (x,)), y)


def adapt(params, x, y, steps=INNER_STEPS):
    for _ in range(steps):
        grads = grad(loss_fn)(params, x, y)
        params = {k: p - INNER_LR * grads[k] for k, p in params.items()}
    return params


def task_loss(params, xs, ys, xq, yq):
    return loss_fn(adapt(params, xs, ys), xq, yq)


def sample_tasks(n, gen):
    amp = 0.5 + 2.0 * torch.rand(n, 1, 1, generator=gen)
    phase = torch.pi * torch.rand(n, 1, 1, generator=gen)
    x = 10 * torch.rand(n, 2 * K, 1, generator=gen) - 5
    y = amp * torch.sin(x + phase)
    return x[:, :K], y[:, :K], x[:, K:], y[:, K:]


train_gen = torch.Generator().manual_seed(1)
test_gen = torch.Generator().manual_seed(2)
test_tasks = sample_tasks(100, test_gen)

meta_params = dict(net.named_parameters())
meta_opt = torch.optim.Adam(meta_params.values(), lr=2e-3)
batched = vmap(task_loss, in_dims=(None, 0, 0, 0, 0))

for it in range(1, 151):
    meta_opt.zero_grad()
    meta_loss = batched(meta_params, *sample_tasks(16, train_gen)).mean()
    meta_loss.backward()
    meta_opt.step()
    if it % 50 == 0:
        with torch.no_grad():
            frozen = {k: p.detach() for k, p in meta_params.items()}
            test_loss = batched(frozen, *test_tasks).mean().item()
        print(f"iter {it}: train query loss {meta_loss.item():.3f}  test query loss {test_loss:.3f}")
