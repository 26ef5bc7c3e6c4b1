"""LoRA by hand: the base is frozen, the update is low rank (B starts at zero), merged at the end."""
import math
from typing import Iterator

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int = 4, alpha: float = 8.0, dropout: float = 0.05):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))  # so that nothing changes at the start
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.scale = alpha / r
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(self.drop(x), self.A), self.B)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        self.base.weight += self.scale * self.B @ self.A
        return self.base


def inject(module: nn.Module, **kw):
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, LoRALinear(child, **kw))
        else:
            inject(child, **kw)
    return module


def merge(module: nn.Module):
    for name, child in module.named_children():
        if isinstance(child, LoRALinear):
            setattr(module, name, child.merged())
        else:
            merge(child)
    return module


def lora_parameters(model) -> Iterator[nn.Parameter]:
    return (p for n, p in model.named_parameters() if n.endswith((".A", ".B")))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(64, 64)
        self.blocks = nn.ModuleList([nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 64), nn.GELU()) for _ in range(2)])
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = self.stem(x)
        for b in self.blocks:
            x = x + b(x)
        return self.head(x)


def fit(model, params, X, y, epochs, lr):
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(X)).split(64):
            loss = F.cross_entropy(model(X[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()


def score(model, X, y):
    model.eval()
    with torch.no_grad():
        return (model(X).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(6)
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
    perm = torch.randperm(len(X))
    X, y = X[perm], y[perm]
    turned = X.view(-1, 8, 8).transpose(1, 2).reshape(-1, 64)   # the new domain: transposed pictures
    a, b, te = slice(0, 900), slice(900, 1300), slice(1300, None)

    model = Net()
    fit(model, model.parameters(), X[a], y[a], epochs=10, lr=2e-3)
    print("upright %.3f  transposed %.3f" % (score(model, X[te], y[te]), score(model, turned[te], y[te])))

    reference = model(X[te]).detach()
    inject(model, r=4)
    model.eval()
    assert torch.allclose(model(X[te]), reference, atol=1e-6)
    trainable = list(lora_parameters(model))
    n_train, n_all = sum(p.numel() for p in trainable), sum(p.numel() for p in model.parameters())
    print(f"training {n_train} of {n_all} parameters")
    before = [p.clone() for n, p in model.named_parameters() if ".base." in n]
    fit(model, trainable, turned[b], y[b], epochs=20, lr=5e-3)
    assert all(torch.equal(u, p) for u, p in zip(before, (p for n, p in model.named_parameters() if ".base." in n)))
    adapted = score(model, turned[te], y[te])
    merge(model)
    print("transposed after LoRA %.3f, merged %.3f" % (adapted, score(model, turned[te], y[te])))
