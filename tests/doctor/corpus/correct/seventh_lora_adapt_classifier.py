"""LoRA adapters on a frozen network: pretrain on one domain, adapt to a shifted one, merge."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(x, self.A), self.B)

    @torch.no_grad()
    def merge(self) -> nn.Linear:
        self.base.weight += self.scale * (self.B @ self.A)
        return self.base


def swap(module: nn.Module, match, make):
    for name, child in list(module.named_children()):
        if match(child):
            setattr(module, name, make(child))
        else:
            swap(child, match, make)
    return module


def fit(model, x, y, epochs, lr):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr)
    model.train()
    for _ in range(epochs):
        for b in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(model(x[b]), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return sum(p.numel() for p in params)


@torch.inference_mode()
def acc(model, x, y):
    model.eval()
    return (model(x).argmax(-1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    Xa, Xb, ya, yb = train_test_split(X / 16.0, y, test_size=0.5, stratify=y, random_state=0)
    split = lambda X, y: train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
    ten = lambda *a: [torch.tensor(v, dtype=torch.float32 if v.dtype.kind == "f" else torch.long) for v in a]
    Xa_tr, Xa_te, ya_tr, ya_te = ten(*split(Xa, ya))
    Xb_tr, Xb_te, yb_tr, yb_te = ten(*split(Xb, yb))
    turn = lambda x: torch.rot90(1 - x.view(-1, 8, 8), 1, (1, 2)).reshape(-1, 64)     # the new domain
    Xb_tr, Xb_te = turn(Xb_tr), turn(Xb_te)

    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Sequential(nn.Linear(128, 128), nn.ReLU()), nn.Linear(128, 10))
    n = fit(net, Xa_tr, ya_tr, 15, 2e-3)
    print(f"source domain {acc(net, Xa_te, ya_te):.3f} with {n} parameters; shifted domain {acc(net, Xb_te, yb_te):.3f}")

    before = net[0].weight.clone()
    swap(net, lambda m: isinstance(m, nn.Linear), LoRALinear)
    n = fit(net, Xb_tr, yb_tr, 25, 5e-3)
    assert torch.equal(before, net[0].base.weight)
    print(f"after LoRA with {n} parameters: shifted domain {acc(net, Xb_te, yb_te):.3f}")

    net.eval()
    with torch.no_grad():
        reference = net(Xb_te)
    swap(net, lambda m: isinstance(m, LoRALinear), LoRALinear.merge)
    with torch.no_grad():
        print("merged equals adapted:", torch.allclose(net(Xb_te), reference, atol=1e-4))


if __name__ == "__main__":
    main()
