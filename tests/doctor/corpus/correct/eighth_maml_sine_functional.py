"""MAML on sine regression (Finn et al. 2017), with torch.func."""
import argparse
import math

import torch
import torch.nn as nn
from torch.func import functional_call, grad, vmap


def sample_tasks(n_tasks, k, gen):
    amp = torch.rand(n_tasks, 1, 1, generator=gen) * 4.9 + 0.1
    phase = torch.rand(n_tasks, 1, 1, generator=gen) * math.pi
    x = torch.rand(n_tasks, 2 * k, 1, generator=gen) * 10 - 5
    y = amp * torch.sin(x - phase)
    return (x[:, :k], y[:, :k]), (x[:, k:], y[:, k:])           # support, query


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--meta-steps", type=int, default=250)
    ap.add_argument("--tasks", type=int, default=16)
    ap.add_argument("--shots", type=int, default=10)
    ap.add_argument("--inner-lr", type=float, default=0.02)
    ap.add_argument("--meta-lr", type=float, default=3e-3)
    ap.add_argument("--first-order", action="store_true")
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed + 1)
    model = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))

    def task_loss(params, x, y):
        return (functional_call(model, params, (x,)) - y).square().mean()

    def adapt(params, x, y, steps=1):
        for _ in range(steps):
            g = grad(task_loss)(params, x, y)
            if args.first_order:
                g = {k: v.detach() for k, v in g.items()}
            params = {k: p - args.inner_lr * g[k] for k, p in params.items()}   # new tensors, the graph stays
        return params

    def query_loss(params, xs, ys, xq, yq):
        return task_loss(adapt(params, xs, ys), xq, yq)

    meta_loss = vmap(query_loss, in_dims=(None, 0, 0, 0, 0))

    # the same held-out tasks at each evaluation
    (vxs, vys), (vxq, vyq) = sample_tasks(64, args.shots, torch.Generator().manual_seed(777))

    def evaluate(steps):
        params = {k: p.detach() for k, p in model.named_parameters()}

        def one(xs, ys, xq, yq):
            return task_loss(adapt(params, xs, ys, steps), xq, yq)

        return vmap(one)(vxs, vys, vxq, vyq).mean().item()

    optimizer = torch.optim.Adam(model.parameters(), lr=args.meta_lr)
    for step in range(args.meta_steps):
        (xs, ys), (xq, yq) = sample_tasks(args.tasks, args.shots, gen)
        loss = meta_loss(dict(model.named_parameters()), xs, ys, xq, yq).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        if (step + 1) % 50 == 0:
            line = " ".join(f"{s} steps: {evaluate(s):.3f}" for s in (0, 1, 5))
            print(f"meta step {step + 1:4d} query loss {loss.item():.3f} | held-out tasks after {line}")


if __name__ == "__main__":
    main()
