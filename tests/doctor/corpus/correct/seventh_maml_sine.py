"""MAML (second order) for few-shot sine regression with torch.func.

    python maml_sine.py --meta-iters 120 --inner-steps 1
"""
import argparse
import math
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call


class SineTasks:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def sample(self, n_tasks, k_shot, k_query):
        u = lambda lo, hi, *s: lo + (hi - lo) * torch.rand(*s, generator=self.g)
        amp, phase = u(0.1, 5.0, n_tasks, 1, 1), u(0.0, math.pi, n_tasks, 1, 1)
        x = u(-5.0, 5.0, n_tasks, k_shot + k_query, 1)
        y = amp * torch.sin(x - phase)
        return x[:, :k_shot], y[:, :k_shot], x[:, k_shot:], y[:, k_shot:]


def adapt(model, params, x, y, *, lr, steps, create_graph):
    for _ in range(steps):
        loss = F.mse_loss(functional_call(model, params, (x,)), y)
        grads = torch.autograd.grad(loss, tuple(params.values()), create_graph=create_graph)
        params = {k: p - lr * g for (k, p), g in zip(params.items(), grads)}
    return params


def evaluate(model, tasks, lr, steps):
    """support set -> adapted weights -> query loss. The inner loop needs gradients, the query does not."""
    xs, ys, xq, yq = tasks
    pre = post = 0.0
    base = {k: v.detach().requires_grad_() for k, v in model.named_parameters()}
    for i in range(len(xs)):
        fast = adapt(model, base, xs[i], ys[i], lr=lr, steps=steps, create_graph=False)
        with torch.no_grad():
            pre += F.mse_loss(functional_call(model, base, (xq[i],)), yq[i]).item()
            post += F.mse_loss(functional_call(model, fast, (xq[i],)), yq[i]).item()
    return pre / len(xs), post / len(xs)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--meta-iters", type=int, default=150)
    p.add_argument("--meta-batch", type=int, default=8)
    p.add_argument("--k-shot", type=int, default=10)
    p.add_argument("--k-query", type=int, default=10)
    p.add_argument("--inner-lr", type=float, default=0.02)
    p.add_argument("--inner-steps", type=int, default=1)
    p.add_argument("--meta-lr", type=float, default=3e-3)
    args = p.parse_args()

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
    meta_opt = torch.optim.Adam(model.parameters(), lr=args.meta_lr)
    train_tasks = SineTasks(seed=1)
    test_set = SineTasks(seed=2).sample(50, args.k_shot, 50)
    inner = partial(adapt, model, lr=args.inner_lr, steps=args.inner_steps, create_graph=True)

    print("test before meta-training  pre %.3f  post %.3f" % evaluate(model, test_set, args.inner_lr, 5))
    running = 0.0
    for it in range(1, args.meta_iters + 1):
        xs, ys, xq, yq = train_tasks.sample(args.meta_batch, args.k_shot, args.k_query)
        meta_opt.zero_grad()
        meta_loss = 0.0
        for i in range(args.meta_batch):
            fast = inner(dict(model.named_parameters()), xs[i], ys[i])
            q_loss = F.mse_loss(functional_call(model, fast, (xq[i],)), yq[i]) / args.meta_batch
            q_loss.backward()  # one graph per task; the gradients add up over the meta batch
            meta_loss += q_loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        meta_opt.step()
        running += meta_loss
        if it % 50 == 0:
            print(f"iter {it}: mean query loss {running / 50:.3f}")
            running = 0.0
    print("test after meta-training   pre %.3f  post %.3f" % evaluate(model, test_set, args.inner_lr, 5))


if __name__ == "__main__":
    main()
