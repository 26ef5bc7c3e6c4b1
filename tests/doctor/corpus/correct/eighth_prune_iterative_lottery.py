"""Iterative magnitude pruning with rewinding (Frankle & Carbin): prune 50 % of what is left, rewind, train again."""
import copy

import torch
import torch.nn as nn
import torch.nn.utils.prune as prune
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

SEED, ROUNDS, EPOCHS = 4, 4, 8


def make_model():
    return nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))


def prunable(model):
    return [(m, "weight") for m in model if isinstance(m, nn.Linear)]


def train(model, loader, val):
    # built here, after pruning and rewinding: no momentum from the round before
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()
    return evaluate(model, val)


def evaluate(model, ds):
    model.eval()
    x, y = ds.tensors
    with torch.no_grad():
        return model(x).argmax(1).eq(y).float().mean().item()


def rewind(model, initial):
    """Back to the first weights; the masks stay."""
    with torch.no_grad():
        for i, m in enumerate(model):
            if isinstance(m, nn.Linear):
                m.weight_orig.copy_(initial[f"{i}.weight"])
                m.bias.copy_(initial[f"{i}.bias"])


def density(model):
    masks = [m.weight_mask for m, _ in prunable(model)]
    return sum(k.sum().item() for k in masks) / sum(k.numel() for k in masks)


def split():
    d = load_digits()
    x, y = torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target)
    p = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    parts = p[:1000], p[1000:1350], p[1350:]
    return [TensorDataset(x[i], y[i]) for i in parts]


def main():
    torch.manual_seed(SEED)
    tr, va, te = split()
    loader = DataLoader(tr, 50, shuffle=True)
    model = make_model()
    initial = copy.deepcopy(model.state_dict())          # a copy: state_dict() itself follows the training
    print(f"dense:   val {train(model, loader, va):.3f}")

    for m, name in prunable(model):
        prune.identity(m, name)                          # installs weight_orig and weight_mask
    candidates = []
    for r in range(1, ROUNDS + 1):
        prune.global_unstructured(prunable(model), pruning_method=prune.L1Unstructured, amount=0.5)
        rewind(model, initial)
        acc = train(model, loader, va)
        candidates.append((acc, density(model), copy.deepcopy(model)))
        print(f"round {r}: density {density(model):.3f} val {acc:.3f}")

    # same masks per layer density, other connections: the control of the paper
    control = make_model()
    for (m, name), (q, _) in zip(prunable(control), prunable(candidates[-1][2])):
        shuffled = q.weight_mask.flatten()[torch.randperm(q.weight_mask.numel())].view_as(q.weight_mask)
        prune.custom_from_mask(m, name, shuffled)
    print(f"random masks, density {density(control):.3f}: val {train(control, loader, va):.3f}")

    top = max(a for a, _, _ in candidates)
    acc, dens, winner = min((c for c in candidates if c[0] >= top - 0.01), key=lambda c: c[1])
    for m, name in prunable(winner):
        prune.remove(m, name)                            # the zeros become part of the weight
    zeros = sum((m.weight == 0).sum().item() for m, _ in prunable(winner))
    print(f"chosen: density {dens:.3f}, {zeros} weights are zero, test {evaluate(winner, te):.3f}")


if __name__ == "__main__":
    main()
