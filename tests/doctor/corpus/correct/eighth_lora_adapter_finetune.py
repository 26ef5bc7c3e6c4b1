"""LoRA from scratch: a base model is trained on upright digits, adapters on rotated ones.

The base weights must not change; the adapters can be merged for inference, and taken out again.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int, alpha: float, dropout: float = 0.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))       # zero: begins as the base model
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.scale = alpha / r
        self.drop = nn.Dropout(dropout)
        self.merged = False

    def forward(self, x):
        out = self.base(x)
        if not self.merged:
            out = out + F.linear(F.linear(self.drop(x), self.A), self.B) * self.scale
        return out

    @torch.no_grad()
    def merge(self, on=True):
        if on != self.merged:
            delta = self.B @ self.A * self.scale
            self.base.weight.add_(delta if on else -delta)
            self.merged = on


def inject(model, targets, **kw):
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and name in targets:
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], LoRALinear(module, **kw))
    return model


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 96), nn.LayerNorm(96), nn.GELU(), nn.Linear(96, 96), nn.GELU())
        self.head = nn.Linear(96, 10)

    def forward(self, x):
        return self.head(self.body(x))


def fit(model, data, epochs, lr):
    trainable = [p for p in model.parameters() if p.requires_grad]
    print(f"  training {sum(p.numel() for p in trainable)} of {sum(p.numel() for p in model.parameters())} parameters")
    opt = torch.optim.AdamW(trainable, lr=lr, weight_decay=0.01)
    loader = DataLoader(data, 64, shuffle=True)
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()


@torch.no_grad()
def acc(model, data):
    model.eval()
    x, y = data.tensors
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    d = load_digits()
    img, y = torch.tensor(d.images, dtype=torch.float32) / 16, torch.tensor(d.target)
    upright, rotated = img.flatten(1), img.rot90(1, dims=(1, 2)).flatten(1)
    p = torch.randperm(len(y))
    tr, te = p[:1300], p[1300:]                      # an image is in the same part in both domains
    data = {k: (TensorDataset(x[tr], y[tr]), TensorDataset(x[te], y[te]))
            for k, x in {"upright": upright, "rotated": rotated}.items()}

    model = Net()
    fit(model, data["upright"][0], 10, 3e-3)
    show = lambda tag: print(f"{tag:22s} upright {acc(model, data['upright'][1]):.3f} rotated {acc(model, data['rotated'][1]):.3f}")
    show("base")

    frozen = {k: v.clone() for k, v in model.state_dict().items()}
    inject(model, {"body.0", "body.3", "head"}, r=6, alpha=12, dropout=0.05)
    show("adapters, untrained")
    fit(model, data["rotated"][0], 15, 5e-3)
    show("adapters, trained")
    assert torch.equal(model.body[0].base.weight, frozen["body.0.weight"])
    assert torch.equal(model.body[1].weight, frozen["body.1.weight"])

    x = data["rotated"][1].tensors[0]
    with torch.no_grad():
        apart = model(x)
        layers = [m for m in model.modules() if isinstance(m, LoRALinear)]
        for m in layers:
            m.merge()
        torch.testing.assert_close(model(x), apart, rtol=1e-4, atol=1e-4)
    show("merged")
    for m in layers:
        m.merge(False)
    adapters = {k: v for k, v in model.state_dict().items() if k.endswith((".A", ".B"))}
    print(f"adapter file: {sum(v.numel() for v in adapters.values())} numbers in {len(adapters)} tensors")


if __name__ == "__main__":
    main()
