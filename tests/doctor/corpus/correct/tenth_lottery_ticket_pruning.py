"""Iterative magnitude pruning with weight rewinding (lottery ticket procedure)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

ROUNDS, EPOCHS, PRUNE_SHARE = 4, 6, 0.5


def make_net():
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))


def prunable(net):
    return {n: p for n, p in net.named_parameters() if n.endswith("weight")}


@torch.no_grad()
def apply_masks(net, masks):
    for name, p in prunable(net).items():
        p.mul_(masks[name])


@torch.no_grad()
def prune(net, masks, share):
    """Drop the smallest surviving weights over all layers together."""
    weights = prunable(net)
    alive = torch.cat([weights[n][masks[n] > 0].abs() for n in masks])
    threshold = alive.kthvalue(int(share * alive.numel())).values
    return {n: masks[n] * (weights[n].abs() > threshold).float() for n in masks}


def train(net, masks, x, y):
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    apply_masks(net, masks)
    for _ in range(EPOCHS):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()
            apply_masks(net, masks)


def accuracy(net, x, y):
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(50)
    x = torch.randn(1600, 20)
    score = torch.stack([x[:, 0] * x[:, 1], x[:, 2] + x[:, 3], x[:, 4].abs() - 0.5], dim=1)
    y = score.argmax(dim=1)
    x_train, y_train = x[:1200], y[:1200]
    x_test, y_test = x[1200:], y[1200:]

    net = make_net()
    start = copy.deepcopy(net.state_dict())
    masks = {n: torch.ones_like(p) for n, p in prunable(net).items()}
    total = sum(m.numel() for m in masks.values())
    for r in range(ROUNDS):
        net.load_state_dict(start)
        train(net, masks, x_train, y_train)
        kept = sum(int(m.sum()) for m in masks.values())
        print(f"round {r}: {100 * kept / total:5.1f}% of weights, test accuracy {accuracy(net, x_test, y_test):.3f}")
        if r < ROUNDS - 1:
            masks = prune(net, masks, PRUNE_SHARE)


main()
