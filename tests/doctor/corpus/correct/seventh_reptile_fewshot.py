"""Reptile (Nichol et al. 2018): k-shot classification of Gaussian-blob tasks."""
import copy
import random

import numpy as np
import torch
from torch import nn

INNER_STEPS, INNER_LR, OUTER_LR = 6, 0.1, 0.5
WAYS, SHOTS, DIM = 4, 6, 10


def gen_task(rng, mix):
    """classes differ in a 3-d subspace shared by all tasks; the rest is loud noise"""
    centres = rng.normal(size=(WAYS, 3)) * 2.0

    def draw(n_per_class):
        y = np.repeat(np.arange(WAYS), n_per_class)
        latent = np.concatenate([centres[y] + 0.5 * rng.normal(size=(len(y), 3)),
                                 2.0 * rng.normal(size=(len(y), DIM - 3))], axis=1)
        return torch.tensor(latent @ mix, dtype=torch.float32), torch.tensor(y)

    return draw


def inner_train(net, x, y, steps, order_rng):
    """plain SGD over minibatches of the support set, in place"""
    opt = torch.optim.SGD(net.parameters(), lr=INNER_LR)
    idx = []
    for _ in range(steps):
        if len(idx) < 8:
            idx = list(range(len(x)))
            order_rng.shuffle(idx)
        take, idx = idx[:8], idx[8:]
        loss = nn.functional.cross_entropy(net(x[take]), y[take])
        opt.zero_grad()
        loss.backward()
        opt.step()
    return net


def evaluate(net, tasks):
    accs = []
    for (xs, ys), (xq, yq) in tasks:
        learner = inner_train(copy.deepcopy(net), xs, ys, 12, random.Random(0))
        with torch.no_grad():
            accs.append((learner(xq).argmax(1) == yq).float().mean().item())
    return float(np.mean(accs))


def main():
    torch.manual_seed(0)
    rng, order_rng = np.random.default_rng(0), random.Random(1)
    mix = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]
    test_rng = np.random.default_rng(777)
    test_tasks = []
    for _ in range(30):
        draw = gen_task(test_rng, mix)
        test_tasks.append((draw(SHOTS), draw(20)))

    net = nn.Sequential(nn.Linear(DIM, 32), nn.Tanh(), nn.Linear(32, WAYS))
    print(f"untrained initialisation: {evaluate(net, test_tasks):.3f}")
    iterations = 250
    for it in range(iterations):
        x, y = gen_task(rng, mix)(SHOTS)
        before = copy.deepcopy(net.state_dict())
        inner_train(net, x, y, INNER_STEPS, order_rng)
        after = net.state_dict()
        step = OUTER_LR * (1 - it / iterations)
        net.load_state_dict({k: before[k] + step * (after[k] - before[k]) for k in before})
    print(f"reptile initialisation:   {evaluate(net, test_tasks):.3f}")


if __name__ == "__main__":
    main()
