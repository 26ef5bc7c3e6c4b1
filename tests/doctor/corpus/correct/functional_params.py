# Purely functional: the "model" is a dict of tensors, the optimiser is a function, state goes in and out.
import math
from typing import Dict, NamedTuple

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedShuffleSplit

Params = Dict[str, torch.Tensor]


class AdamState(NamedTuple):
    t: int
    m: Params
    v: Params


def init(key: torch.Generator, sizes) -> Params:
    params = {}
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        params[f"w{i}"] = torch.randn(a, b, generator=key) * math.sqrt(2.0 / a)
        params[f"b{i}"] = torch.zeros(b)
    return params


def forward(params: Params, x):
    depth = len(params) // 2
    for i in range(depth):
        x = x @ params[f"w{i}"] + params[f"b{i}"]
        if i + 1 < depth:
            x = torch.relu(x)
    return x


def cross_entropy(scores, y, smoothing=0.0):
    logp = scores - torch.logsumexp(scores, dim=1, keepdim=True)
    nll = -logp.gather(1, y[:, None]).squeeze(1)
    flat = -logp.mean(1)
    return ((1 - smoothing) * nll + smoothing * flat).mean()


def value_and_grad(fn, params, *args, **kwargs):
    leaves = {k: p.detach().requires_grad_() for k, p in params.items()}
    value = fn(leaves, *args, **kwargs)
    grads = torch.autograd.grad(value, list(leaves.values()))
    return value.detach(), dict(zip(leaves, grads))


def adam_init(params) -> AdamState:
    return AdamState(0, {k: torch.zeros_like(p) for k, p in params.items()},
                     {k: torch.zeros_like(p) for k, p in params.items()})


def adam_update(params, grads, s: AdamState, lr, b1=0.9, b2=0.999, eps=1e-8, decay=1e-2):
    t = s.t + 1
    m = {k: b1 * s.m[k] + (1 - b1) * g for k, g in grads.items()}
    v = {k: b2 * s.v[k] + (1 - b2) * g * g for k, g in grads.items()}
    new = {}
    for k, p in params.items():
        step = (m[k] / (1 - b1 ** t)) / ((v[k] / (1 - b2 ** t)).sqrt() + eps)
        shrink = decay * p if k.startswith("w") else 0.0      # no decay on biases
        new[k] = p - lr * (step + shrink)
    return new, AdamState(t, m, v)


def clip(grads, limit):
    norm = torch.sqrt(sum((g * g).sum() for g in grads.values()))
    scale = (limit / (norm + 1e-6)).clamp(max=1.0)
    return {k: g * scale for k, g in grads.items()}


def batches(x, y, size, key):
    order = torch.randperm(len(x), generator=key)
    for part in order.split(size):
        yield x[part], y[part]


def main():
    key = torch.Generator().manual_seed(3)
    wine = load_wine()
    x = torch.tensor(wine.data, dtype=torch.float32)
    y = torch.tensor(wine.target)
    train, test = map(torch.from_numpy, next(StratifiedShuffleSplit(1, test_size=0.3, random_state=3).split(x, y)))
    mu, sd = x[train].mean(0), x[train].std(0)
    x = (x - mu) / sd

    params = init(key, [13, 24, 3])
    state = adam_init(params)

    def loss_fn(p, xb, yb):
        return cross_entropy(forward(p, xb), yb, smoothing=0.05)

    epochs, size = 40, 31
    total = epochs * math.ceil(len(train) / size)
    for epoch in range(epochs):
        running, seen = 0.0, 0
        for xb, yb in batches(x[train], y[train], size, key):
            value, grads = value_and_grad(loss_fn, params, xb, yb)
            lr = 1e-2 * 0.5 * (1 + math.cos(math.pi * state.t / total))
            params, state = adam_update(params, clip(grads, 2.0), state, lr)
            running += value.item() * len(xb)
            seen += len(xb)
        if epoch % 8 == 7:
            print(f"epoch {epoch + 1} train loss {running / seen:.4f}")

    # parameters never ask for gradients outside value_and_grad, so there is nothing to switch off here
    scores = forward(params, x[test])
    assert not scores.requires_grad
    print("test nll", cross_entropy(scores, y[test]).item())
    print("test acc", (scores.argmax(1) == y[test]).float().mean().item())


main()
