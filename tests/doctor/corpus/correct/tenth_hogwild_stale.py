"""Simulated Hogwild: workers read stale copies of shared weights and write sparse updates without locks."""
from collections import deque

import numpy as np
import torch
import torch.nn.functional as F

FEATURES, ACTIVE, WORKERS = 200, 8, 4


def sparse_dataset(n, truth, rng):
    idx = np.stack([rng.choice(FEATURES, ACTIVE, replace=False) for _ in range(n)])
    val = rng.normal(size=(n, ACTIVE))
    margin = (truth[idx] * val).sum(axis=1)
    y = rng.random(n) < 1 / (1 + np.exp(-margin))
    return torch.from_numpy(idx), torch.from_numpy(val).float(), torch.from_numpy(y).float()


def logits(weight, bias, idx, val):
    return (weight[idx] * val).sum(dim=1) + bias


class Worker:
    def __init__(self, shard, delay, batch, seed):
        self.idx, self.val, self.y = shard
        self.delay, self.batch = delay, batch
        self.gen = torch.Generator().manual_seed(seed)

    def gradients(self, weight, bias):
        pick = torch.randint(len(self.y), (self.batch,), generator=self.gen)
        w = weight.clone().requires_grad_(True)
        b = bias.clone().requires_grad_(True)
        loss = F.binary_cross_entropy_with_logits(logits(w, b, self.idx[pick], self.val[pick]), self.y[pick])
        gw, gb = torch.autograd.grad(loss, (w, b))
        touched = self.idx[pick].unique()
        return touched, gw[touched], gb


def evaluate(weight, bias, data):
    idx, val, y = data
    z = logits(weight, bias, idx, val)
    loss = F.binary_cross_entropy_with_logits(z, y).item()
    return loss, ((z > 0).float() == y).float().mean().item()


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    truth = 1.5 * rng.normal(size=FEATURES)
    train, test = sparse_dataset(2400, truth, rng), sparse_dataset(600, truth, rng)
    order = torch.randperm(2400)
    workers = [
        Worker([part[order[k::WORKERS]] for part in train], delay=k, batch=8, seed=100 + k) for k in range(WORKERS)
    ]

    weight, bias = torch.zeros(FEATURES), torch.zeros(())
    history = deque([(weight.clone(), bias.clone())], maxlen=WORKERS)
    for step in range(1, 1601):
        worker = workers[int(rng.integers(WORKERS))]
        stale_weight, stale_bias = history[max(0, len(history) - 1 - worker.delay)]
        touched, gw, gb = worker.gradients(stale_weight, stale_bias)
        rate = 2.0 / (1 + step / 500)
        weight[touched] -= rate * gw
        bias -= 0.1 * rate * gb
        history.append((weight.clone(), bias.clone()))
        if step % 400 == 0:
            loss, acc = evaluate(weight, bias, test)
            print(f"step {step}: test log loss {loss:.4f}, accuracy {acc:.3f}")


if __name__ == "__main__":
    main()
