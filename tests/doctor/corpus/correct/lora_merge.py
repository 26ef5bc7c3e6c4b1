"""LoRA by parametrised wrapping: a base model learns task A, is frozen, adapters learn task B, then merge into the weights."""
import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=4, alpha=8.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.empty(r, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, r))  # zero on purpose: the adapted model starts as the base
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)

    @torch.no_grad()
    def merged(self):
        out = nn.Linear(self.base.in_features, self.base.out_features)
        out.weight.copy_(self.base.weight + self.scale * self.b @ self.a)
        out.bias.copy_(self.base.bias)
        return out


def replace(root, want, make):
    for name, child in root.named_children():
        if want(name, child):
            setattr(root, name, make(child))
        else:
            replace(child, want, make)
    return root


def loader(x, y, n=64, g=None):
    for rows in torch.randperm(len(x), generator=g).split(n):
        yield x[rows], y[rows]


def train(model, x, y, epochs, lr):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    model.train()
    for _ in range(epochs):
        for xb, yb in loader(x, y):
            loss = F.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return sum(p.numel() for p in params)


@torch.no_grad()
def acc(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    xt, xv, yt, yv = (torch.as_tensor(a) for a in train_test_split(X / 16, y, test_size=0.3, stratify=y, random_state=0))
    xt, xv = xt.float(), xv.float()
    flip = lambda t: t.view(-1, 8, 8).transpose(1, 2).flatten(1)  # task B: transposed digits
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10))
    print(f"base: {train(model, xt, yt, 8, 3e-3)} parameters, A {acc(model, xv, yv):.3f} B {acc(model, flip(xv), yv):.3f}")
    frozen = copy.deepcopy(model.state_dict())

    adapted = replace(model, lambda n, m: isinstance(m, nn.Linear), LoRALinear)
    adapted.eval()
    reference = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10)).eval()
    reference.load_state_dict(frozen)
    with torch.no_grad():
        assert torch.allclose(adapted(xv), reference(xv), atol=1e-6)
    n = train(adapted, flip(xt), yt, 12, 5e-3)
    print(f"lora: {n} parameters, B {acc(adapted, flip(xv), yv):.3f}")
    for i in (0, 2, 4):
        assert torch.equal(adapted[i].base.weight, frozen[f"{i}.weight"])

    merged = replace(copy.deepcopy(adapted), lambda n, m: isinstance(m, LoRALinear), LoRALinear.merged).eval()
    with torch.no_grad():
        gap = (merged(flip(xv)) - adapted(flip(xv))).abs().max().item()
    print(f"merged: largest difference {gap:.1e}, B {acc(merged, flip(xv), yv):.3f}; base again on A {acc(reference, xv, yv):.3f}")
    adapter_state = {k: v for k, v in adapted.state_dict().items() if k.endswith((".a", ".b"))}
    torch.save(adapter_state, "adapter.pt")
    missing = adapted.load_state_dict(torch.load("adapter.pt"), strict=False)  # only the adapters are in the file
    assert not missing.unexpected_keys and all(".base." in k for k in missing.missing_keys)


if __name__ == "__main__":
    main()
