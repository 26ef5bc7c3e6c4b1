"""Sine regression with MAML (Finn et al. 2017), functional version."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

INNER_LR = 0.02
INNER_STEPS = 2
META_BATCH = 4
SHOTS = 10


def sample_task(gen):
    amp = torch.rand(1, generator=gen) * 4.9 + 0.1
    phase = torch.rand(1, generator=gen) * 3.1416
    x = torch.rand(2 * SHOTS, 1, generator=gen) * 10 - 5
    y = amp * torch.sin(x + phase)
    return (x[:SHOTS], y[:SHOTS]), (x[SHOTS:], y[SHOTS:])


def adapt(model, params, support):
    xs, ys = support
    fast = dict(params)
    for _ in range(INNER_STEPS):
        loss = F.mse_loss(functional_call(model, fast, (xs,)), ys)
        grads = torch.autograd.grad(loss, tuple(fast.values()), create_graph=True)
        fast = {k: p - INNER_LR * g for (k, p), g in zip(fast.items(), grads)}
    return fast


def meta_train(model, iterations=60):
    gen = torch.Generator().manual_seed(21)
    meta_opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for it in range(1, iterations + 1):
        meta_opt.zero_grad()
        meta_loss = 0.0
        for _ in range(META_BATCH):
            support, (xq, yq) = sample_task(gen)
            fast = adapt(model, dict(model.named_parameters()), support)
            meta_loss = meta_loss + F.mse_loss(functional_call(model, fast, (xq,)), yq)
        meta_loss = meta_loss / META_BATCH
        meta_loss.backward()
        meta_opt.step()
        if it % 20 == 0:
            print(f"iter {it}: query mse {meta_loss.item():.3f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    meta_train(nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1)))
