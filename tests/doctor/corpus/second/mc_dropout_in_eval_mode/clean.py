import numpy as np
import torch
import torch.nn as nn


class DropoutRegressor(nn.Module):
    def __init__(self, p=0.15):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, 64), nn.ReLU(), nn.Dropout(p),
            nn.Linear(64, 64), nn.ReLU(), nn.Dropout(p),
            nn.Linear(64, 1),
        )

    def forward(self, x):
        return self.net(x)


def enable_dropout(model):
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()


def mc_predict(model, x, passes=40):
    enable_dropout(model)
    with torch.no_grad():
        draws = torch.stack([model(x) for _ in range(passes)])
    return draws.mean(0), draws.std(0)


def fit(model, x, y, epochs, rng):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)
    for _ in range(epochs):
        model.train()
        for idx in np.array_split(rng.permutation(len(x)), 10):
            i = torch.from_numpy(idx)
            loss = nn.functional.mse_loss(model(x[i]), y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return loss.item()


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.uniform(-2, 2, (400, 1))).float()
    y = torch.sin(2 * x) + 0.1 * torch.from_numpy(rng.normal(size=(400, 1))).float()
    model = DropoutRegressor()
    print("train loss", round(fit(model, x, y, 40, rng), 4))
    inside, outside = torch.linspace(-1.5, 1.5, 50).unsqueeze(1), torch.linspace(4, 6, 50).unsqueeze(1)
    for name, grid in (("inside", inside), ("outside", outside)):
        mean, std = mc_predict(model, grid)
        print(f"{name}: mean predictive std {std.mean().item():.4f}")


main()
