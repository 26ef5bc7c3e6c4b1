"""Reptile on few-shot blob classification: inner SGD on a deep copy, outer step by writing (theta - phi) into .grad of the meta model."""
import copy

import torch
import torch.nn.functional as F
from torch import nn


class Episodes:
    """N-way episodes over disjoint class prototypes for meta-training, meta-validation and meta-test."""

    def __init__(self, n_classes, dim, split, seed=0):
        g = torch.Generator().manual_seed(seed)
        protos = torch.randn(n_classes, dim, generator=g)
        a, b = int(0.6 * n_classes), int(0.8 * n_classes)
        self.protos = {"train": protos[:a], "val": protos[a:b], "test": protos[b:]}[split]
        self.g = torch.Generator().manual_seed(seed + {"train": 1, "val": 2, "test": 3}[split])

    def draw(self, ways, shots):
        who = torch.randperm(len(self.protos), generator=self.g)[:ways]
        y = torch.arange(ways).repeat_interleave(shots)
        x = self.protos[who][y] + 0.9 * torch.randn(len(y), self.protos.size(1), generator=self.g)
        return x, y, who

    def episode(self, ways, shots, queries):
        x, y, who = self.draw(ways, shots + queries)
        x, y = x.view(ways, -1, x.size(1)), y.view(ways, -1)
        flat = lambda t: t.reshape(-1, *t.shape[2:])
        return (flat(x[:, :shots]), flat(y[:, :shots])), (flat(x[:, shots:]), flat(y[:, shots:]))


def build(dim, ways):
    return nn.Sequential(nn.Linear(dim, 48), nn.LayerNorm(48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, ways))


def inner(meta, support, lr, steps, batch=10):
    fast = copy.deepcopy(meta)
    fast.zero_grad(set_to_none=True)  # a deep copy carries .grad along
    opt = torch.optim.SGD(fast.parameters(), lr=lr)
    x, y = support
    for _ in range(steps):
        rows = torch.randperm(len(x))[:batch]
        opt.zero_grad()
        F.cross_entropy(fast(x[rows]), y[rows]).backward()
        opt.step()
    return fast


def few_shot_accuracy(meta, episodes, n, lr, steps, ways):
    correct = total = 0
    state = torch.get_rng_state()
    torch.manual_seed(123)  # the same mini-batches at each evaluation, then the training stream goes on
    for _ in range(n):
        support, (xq, yq) = episodes.episode(ways, 5, 10)
        fast = inner(meta, support, lr, steps).eval()  # gradients are needed in evaluation: it adapts a copy
        with torch.no_grad():
            correct += (fast(xq).argmax(1) == yq).sum().item()
        total += len(yq)
    torch.set_rng_state(state)
    return correct / total


def main(iters=100, ways=4, inner_lr=0.1, inner_steps=5):
    torch.manual_seed(0)
    dim = 12
    meta = build(dim, ways)
    outer = torch.optim.SGD(meta.parameters(), lr=1.0)  # "gradient" is theta - phi, so 1.0 would jump to phi
    sched = torch.optim.lr_scheduler.LambdaLR(outer, lambda i: 0.5 * (1 - i / iters))
    train = Episodes(50, dim, "train")
    best, best_state = -1.0, None
    for it in range(iters):
        outer.zero_grad()
        deltas = [torch.zeros_like(p) for p in meta.parameters()]
        for _ in range(3):
            x, y, _ = train.draw(ways, 15)
            fast = inner(meta, (x, y), inner_lr, inner_steps)
            for d, p, q in zip(deltas, meta.parameters(), fast.parameters()):
                d += (p.detach() - q.detach()) / 3
        for p, d in zip(meta.parameters(), deltas):
            p.grad = d  # no backward for this optimizer: the outer gradient is set by hand
        outer.step()
        sched.step()
        if it % 25 == 24:
            acc = few_shot_accuracy(meta, Episodes(50, dim, "val"), 20, inner_lr, inner_steps, ways)
            print(f"iter {it + 1} meta-val accuracy {acc:.3f}")
            if acc > best:
                best, best_state = acc, copy.deepcopy(meta.state_dict())
    meta.load_state_dict(best_state)
    print(f"meta-test accuracy {few_shot_accuracy(meta, Episodes(50, dim, 'test'), 40, inner_lr, inner_steps, ways):.3f}")


if __name__ == "__main__":
    main()
