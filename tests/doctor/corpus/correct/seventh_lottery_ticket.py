"""Iterative magnitude pruning with rewinding (Frankle & Carbin 2019)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Masked:
    """Global magnitude masks over the weight matrices; biases are never pruned."""

    def __init__(self, model):
        self.model = model
        self.params = {n: p for n, p in model.named_parameters() if p.ndim > 1}
        self.masks = {n: torch.ones_like(p) for n, p in self.params.items()}
        for n, p in self.params.items():
            p.register_hook(lambda g, n=n: g * self.masks[n])

    @property
    def sparsity(self):
        kept = sum(m.sum().item() for m in self.masks.values())
        return 1 - kept / sum(m.numel() for m in self.masks.values())

    @torch.no_grad()
    def prune(self, fraction):
        alive = torch.cat([p.abs()[self.masks[n].bool()] for n, p in self.params.items()])
        cut = alive.kthvalue(max(1, int(fraction * alive.numel()))).values
        for n, p in self.params.items():
            self.masks[n] = self.masks[n] * (p.abs() > cut)
        self.apply()

    @torch.no_grad()
    def reinit(self, state):
        self.model.load_state_dict(state)
        self.apply()

    @torch.no_grad()
    def apply(self):
        for n, p in self.params.items():
            p.mul_(self.masks[n])


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        out = model(x)
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def train(masked, data, epochs, seed, rewind_epoch=None):
    model, (xtr, ytr), (xva, yva) = masked.model, data["train"], data["val"]
    g = torch.Generator().manual_seed(seed)
    # a new optimizer for every round: old momentum would bring pruned weights back to life
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    best, best_state, rewind = float("inf"), None, None
    for ep in range(epochs):
        if ep == rewind_epoch:
            rewind = copy.deepcopy(model.state_dict())
        model.train()
        for idx in torch.randperm(len(xtr), generator=g).split(64):
            opt.zero_grad()
            F.cross_entropy(model(xtr[idx]), ytr[idx]).backward()
            opt.step()
        v = evaluate(model, xva, yva)[0]
        if v < best:
            best, best_state = v, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    for n, p in masked.params.items():
        assert torch.all(p[masked.masks[n] == 0] == 0), n
    return rewind


def main():
    torch.manual_seed(0)
    X, Y = load_digits(return_X_y=True)
    a, Xte, b, Yte = train_test_split(X, Y, test_size=0.25, stratify=Y, random_state=0)
    Xtr, Xva, Ytr, Yva = train_test_split(a, b, test_size=0.2, stratify=b, random_state=0)
    t = lambda x, y: (torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y))
    data = dict(train=t(Xtr, Ytr), val=t(Xva, Yva), test=t(Xte, Yte))

    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    masked = Masked(model)
    rewind = train(masked, data, epochs=8, seed=0, rewind_epoch=1)
    print(f"dense       val acc {evaluate(model, *data['val'])[1]:.3f}")
    for r in range(1, 5):
        masked.prune(0.5)
        masked.reinit(rewind)
        train(masked, data, epochs=8, seed=r)
        print(f"round {r}: sparsity {masked.sparsity:.3f}, val acc {evaluate(model, *data['val'])[1]:.3f}")
    print("winning ticket, test: loss %.3f accuracy %.3f" % evaluate(model, *data["test"]))

    # control: the same masks on fresh random weights
    torch.manual_seed(99)
    for m in model:
        if hasattr(m, "reset_parameters"):
            m.reset_parameters()
    masked.apply()
    train(masked, data, epochs=8, seed=4)
    print("random re-initialisation, test: loss %.3f accuracy %.3f" % evaluate(model, *data["test"]))


if __name__ == "__main__":
    main()
