"""MAML on sinusoids with torch.func: the inner step is a pure function, vmapped over tasks."""
import math
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(12)
INNER_LR, META_BATCH, SHOTS = 0.02, 12, 10

net = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
params = dict(net.named_parameters())
meta_opt = torch.optim.Adam(params.values(), lr=3e-3)


def tasks(n, gen=None):
    amp = 0.5 + 2.5 * torch.rand(n, 1, 1, generator=gen)
    phase = math.pi * torch.rand(n, 1, 1, generator=gen)
    x = 10 * torch.rand(n, 2 * SHOTS, 1, generator=gen) - 5
    y = amp * torch.sin(x + phase)
    return x[:, :SHOTS], y[:, :SHOTS], x[:, SHOTS:], y[:, SHOTS:]


def mse(p, x, y):
    return ((functional_call(net, p, (x,)) - y) ** 2).mean()


def adapt(p, x, y, steps):
    for _ in range(steps):
        g = grad(mse)(p, x, y)
        p = {k: p[k] - INNER_LR * g[k] for k in p}
    return p


def task_loss(p, xs, ys, xq, yq):
    return mse(adapt(p, xs, ys, steps=1), xq, yq)


batched = vmap(task_loss, in_dims=(None, 0, 0, 0, 0))


def evaluate(steps, n=50):
    """Adaptation needs gradients of its own; functional grad leaves .grad of the meta parameters alone."""
    g = torch.Generator().manual_seed(999)
    xs, ys, xq, yq = tasks(n, g)
    frozen = {k: v.detach() for k, v in params.items()}
    per_task = vmap(lambda a, b, c, d: mse(adapt(frozen, a, b, steps), c, d))(xs, ys, xq, yq)
    return per_task.mean().item()


print(f"before: 0 steps {evaluate(0):.3f}, 5 steps {evaluate(5):.3f}")
for it in range(1, 501):
    meta_opt.zero_grad()
    loss = batched(params, *tasks(META_BATCH)).mean()
    loss.backward()
    meta_opt.step()
    if it % 100 == 0:
        print(f"iter {it} meta loss {loss.item():.3f} | held-out tasks: 0 steps {evaluate(0):.3f}, 5 steps {evaluate(5):.3f}")
