"""Second-order MAML for sine regression with torch.func.functional_call."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

INNER_LR, INNER_STEPS, SHOTS, META_BATCH = 0.02, 2, 10, 4


def sample_task(gen):
    amp = 0.5 + 4.0 * torch.rand(1, generator=gen)
    phase = math.pi * torch.rand(1, generator=gen)

    def draw(n):
        x = 10 * torch.rand(n, 1, generator=gen) - 5
        return x, amp * torch.sin(x + phase)

    return draw(SHOTS), draw(20)


def adapt(model, params, support, steps, create_graph):
    x, y = support
    for _ in range(steps):
        loss = F.mse_loss(functional_call(model, params, (x,)), y)
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=create_graph)
        params = {k: p - INNER_LR * g for (k, p), g in zip(params.items(), grads)}
    return params


def evaluate(model, n_tasks, seed, steps):
    gen = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(n_tasks):
        support, (xq, yq) = sample_task(gen)
        start = {k: p.detach().clone().requires_grad_(True) for k, p in model.named_parameters()}
        fast = adapt(model, start, support, steps, create_graph=False)
        with torch.no_grad():
            total += F.mse_loss(functional_call(model, fast, (xq,)), yq).item()
    return total / n_tasks


def main():
    torch.manual_seed(12)
    gen = torch.Generator().manual_seed(12)
    model = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
    meta_opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    print(f"before: {evaluate(model, 40, 1000, 0):.3f} -> {evaluate(model, 40, 1000, INNER_STEPS):.3f}")
    for it in range(1, 151):
        meta_loss = torch.zeros(())
        for _ in range(META_BATCH):
            support, (xq, yq) = sample_task(gen)
            fast = adapt(model, dict(model.named_parameters()), support, INNER_STEPS, create_graph=True)
            meta_loss = meta_loss + F.mse_loss(functional_call(model, fast, (xq,)), yq) / META_BATCH
        meta_opt.zero_grad()
        meta_loss.backward()  # through the inner updates
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        meta_opt.step()
        if it % 50 == 0:
            print(f"iter {it}: meta loss {meta_loss.item():.3f}")
    print(f"after: {evaluate(model, 40, 1000, 0):.3f} -> {evaluate(model, 40, 1000, INNER_STEPS):.3f}")


if __name__ == "__main__":
    main()
