import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALinear(nn.Module):
    """Frozen linear layer plus a trainable low-rank update: W x + (alpha / r) B A x."""

    def __init__(self, base: nn.Linear, r: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base
        self.base.requires_grad_(False)
        self.scale = alpha / r
        self.A = nn.Parameter(torch.empty(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(x, self.A), self.B)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        out = nn.Linear(self.base.in_features, self.base.out_features)
        out.weight.copy_(self.base.weight + self.scale * self.B @ self.A)
        out.bias.copy_(self.base.bias)
        return out


def train(model, x, y, steps, lr):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    model.train()
    for _ in range(steps):
        idx = torch.randint(0, len(x), (64,))
        loss = F.mse_loss(model(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()


def mse(model, x, y):
    model.eval()
    with torch.no_grad():
        return F.mse_loss(model(x), y).item()


def main():
    torch.manual_seed(88)
    x = torch.randn(1200, 8)
    w = torch.randn(8, 1) / 8**0.5
    y_a = torch.tanh(x @ w)
    y_b = torch.tanh(x @ (w + 0.4 * torch.randn(8, 1)))  # related task
    tr, te = slice(0, 900), slice(900, 1200)

    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    train(model, x[tr], y_a[tr], steps=400, lr=3e-3)
    print(f"pretrained: task A {mse(model, x[te], y_a[te]):.4f}  task B {mse(model, x[te], y_b[te]):.4f}")

    for i in (0, 2):
        model[i] = LoRALinear(model[i])
    model[4].requires_grad_(False)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    print(f"trainable {trainable} of {total}")
    train(model, x[tr], y_b[tr], steps=400, lr=3e-3)
    tuned = mse(model, x[te], y_b[te])

    for i in (0, 2):
        model[i] = model[i].merged()
    merged = mse(model, x[te], y_b[te])
    print(f"lora task B {tuned:.4f}, after merge {merged:.4f}")
    assert math.isclose(tuned, merged, rel_tol=1e-3)


if __name__ == "__main__":
    main()
