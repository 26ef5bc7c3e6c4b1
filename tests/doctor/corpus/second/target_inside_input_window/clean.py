import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler


def price_series(n, seed):
    g = torch.Generator().manual_seed(seed)
    noise = torch.randn(n, generator=g)
    v = torch.zeros(n)
    for i in range(2, n):
        v[i] = 0.6 * v[i - 1] - 0.3 * v[i - 2] + noise[i]
    return v


def to_supervised(v, look_back=10):
    """Rows of look_back past values and the value of the following day."""
    xs, ys = [], []
    for i in range(look_back, len(v)):
        xs.append(v[i - look_back:i])
        ys.append(v[i])
    return torch.stack(xs), torch.stack(ys)


class CNNForecast(nn.Module):
    def __init__(self, look_back=10):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 8, 3), nn.ReLU(), nn.Flatten())
        self.fc = nn.Linear(8 * (look_back - 2), 1)

    def forward(self, x):
        return self.fc(self.conv(x.unsqueeze(1))).squeeze(-1)


def r2(model, x, y):
    model.eval()
    with torch.no_grad():
        res = ((model(x) - y) ** 2).sum()
    return (1 - res / ((y - y.mean()) ** 2).sum()).item()


def main():
    torch.manual_seed(0)
    v = price_series(1200, 3)
    scaler = StandardScaler().fit(v[:900].view(-1, 1).numpy())
    v = torch.from_numpy(scaler.transform(v.view(-1, 1).numpy())).float().flatten()
    x, y = to_supervised(v[:900])
    xv, yv = to_supervised(v[900:])
    model = CNNForecast()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(15):
        model.train()
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            opt.step()
    print("validation R2:", round(r2(model, xv, yv), 3))


main()
