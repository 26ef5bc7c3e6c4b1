import torch
from torch import nn
import torch.nn.functional as F


class SwitchLayer(nn.Module):
    """Top-1 mixture of experts."""

    def __init__(self, d_in, d_out, n_experts=2, width=24):
        super().__init__()
        self.router = nn.Linear(d_in, n_experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.Linear(width, d_out)) for _ in range(n_experts)
        )

    def forward(self, x):
        probs = self.router(x).softmax(dim=-1)
        weight, choice = probs.max(dim=-1)
        y = x.new_zeros(x.size(0), self.experts[0][-1].out_features)
        for i, expert in enumerate(self.experts):
            rows = (choice == i).nonzero(as_tuple=True)[0]
            if rows.numel():
                y[rows] = expert(x[rows])
        return y


class Regressor(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.moe = SwitchLayer(d, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(F.relu(self.moe(x))).squeeze(-1)


def piecewise(n):
    x = torch.rand(n, 2) * 4 - 2
    right, up = x[:, 0] > 0, x[:, 1] > 0
    y = torch.where(right, torch.sin(3 * x[:, 1]), x[:, 0] * x[:, 1]) + up.float()
    return x, y + 0.05 * torch.randn(n)


def main():
    torch.manual_seed(14)
    x, y = piecewise(1600)
    xv, yv = piecewise(400)
    model = Regressor(2)
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(20):
        model.train()
        for idx in torch.randperm(len(x)).split(80):
            loss = F.mse_loss(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("val mse", round(F.mse_loss(model(xv), yv).item(), 4))
        print("load", torch.bincount(model.moe.router(xv).argmax(-1), minlength=2).tolist())


main()
