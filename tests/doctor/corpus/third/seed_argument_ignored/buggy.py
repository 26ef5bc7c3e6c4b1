"""mean and spread over five seeds, as in the paper"""
import random
import statistics

import numpy as np
import torch
import torch.nn.functional as F


def set_seed(seed=0):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def rings(n, seed):
    gen = np.random.default_rng(seed)
    lab = gen.integers(0, 2, n)
    rad = np.where(lab == 1, 1.0, 0.55) + 0.16 * gen.standard_normal(n)
    ang = gen.uniform(0, 2 * np.pi, n)
    xy = np.c_[rad * np.cos(ang), rad * np.sin(ang)]
    return torch.tensor(xy, dtype=torch.float32), torch.tensor(lab, dtype=torch.float32)


TRAIN, TEST = rings(240, 100), rings(400, 200)


def one_run(seed, width=16, rounds=150):
    set_seed()
    W = torch.nn.ModuleDict({
        "a": torch.nn.Linear(2, width),
        "b": torch.nn.Linear(width, 1),
    })
    f = lambda x: W["b"](F.relu(W["a"](x))).flatten()
    o = torch.optim.Adam(W.parameters(), lr=1e-2)
    x, y = TRAIN
    for _ in range(rounds):
        k = torch.randperm(len(x))[:60]
        o.zero_grad()
        F.binary_cross_entropy_with_logits(f(x[k]), y[k]).backward()
        o.step()
    with torch.no_grad():
        return ((f(TEST[0]) > 0) == (TEST[1] > 0.5)).float().mean().item()


if __name__ == "__main__":
    scores = [one_run(seed) for seed in range(5)]
    print(f"accuracy {100 * statistics.mean(scores):.2f} +- {100 * statistics.stdev(scores):.2f}")
