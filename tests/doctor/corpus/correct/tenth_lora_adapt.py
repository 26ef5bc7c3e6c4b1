"""Pretrain a small network, freeze it, adapt it to a shifted task with low-rank updates, merge."""
import math

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + self.scaling * ((x @ self.A.T) @ self.B.T)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        out = nn.Linear(self.base.in_features, self.base.out_features)
        out.weight.copy_(self.base.weight + self.scaling * (self.B @ self.A))
        out.bias.copy_(self.base.bias)
        return out


def fit(model, x, y, lr, epochs):
    trainable = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(trainable, lr=lr)
    loss_fn = nn.MSELoss()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss_fn(model(x[idx]), y[idx]).backward()
            opt.step()


@torch.no_grad()
def mse(model, x, y):
    return nn.functional.mse_loss(model(x), y).item()


def main():
    torch.manual_seed(23)
    w1 = torch.randn(16, 24) / 4
    w2 = torch.randn(24, 8) / 5
    low_rank = torch.randn(16, 2) @ torch.randn(2, 24) / 6

    x_a = torch.randn(1500, 16)
    y_a = torch.tanh(x_a @ w1) @ w2
    x_b = torch.randn(600, 16)
    y_b = torch.tanh(x_b @ (w1 + low_rank)) @ w2
    x_train, y_train, x_test, y_test = x_b[:400], y_b[:400], x_b[400:], y_b[400:]

    model = nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 8))
    fit(model, x_a, y_a, lr=2e-3, epochs=15)
    print(f"pretrained: task A training mse {mse(model, x_a, y_a):.4f}, task B test mse {mse(model, x_test, y_test):.4f}")

    for i, layer in enumerate(model):
        if isinstance(layer, nn.Linear):
            model[i] = LoRALinear(layer)
    n_train = sum(p.numel() for p in model.parameters() if p.requires_grad)
    n_all = sum(p.numel() for p in model.parameters())
    print(f"trainable {n_train} of {n_all} parameters")
    fit(model, x_train, y_train, lr=5e-3, epochs=30)
    print(f"adapted: task B test mse {mse(model, x_test, y_test):.4f}")

    merged = nn.Sequential(*[m.merged() if isinstance(m, LoRALinear) else m for m in model])
    with torch.no_grad():
        gap = (merged(x_test) - model(x_test)).abs().max().item()
    print(f"largest difference after merging {gap:.1e}")


if __name__ == "__main__":
    main()
