import torch
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch import nn


def load():
    X, y = load_diabetes(return_X_y=True)
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.25, random_state=3)
    as_f = lambda v: torch.tensor(v, dtype=torch.float32)
    Xa, Xb, ya, yb = as_f(Xa), as_f(Xb), as_f(ya), as_f(yb)
    mu, sd = Xa.mean(0), Xa.std(0)
    return (Xa - mu) / sd, (Xb - mu) / sd, ya, yb


def log_cosh(pred, target):
    diff = pred - target
    return (diff + nn.functional.softplus(-2 * diff) - 0.6931471805599453).mean()


class Standardised(nn.Module):
    """Wraps a net that works on standardised targets."""

    def __init__(self, net, mean, std):
        super().__init__()
        self.net = net
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x):
        return self.net(x) * self.std + self.mean

    def loss(self, x, y):
        return log_cosh(self.net(x), (y - self.mean) / self.std)


torch.manual_seed(1)
Xa, Xb, ya, yb = load()
net = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
model = Standardised(net, ya.mean(), ya.std())
opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
for epoch in range(60):
    model.train()
    for idx in torch.randperm(len(Xa)).split(33):
        loss = model.loss(Xa[idx], ya[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
model.eval()
with torch.no_grad():
    err = model(Xb).squeeze(1) - yb
print("test rmse", err.pow(2).mean().sqrt().item(), "predicting the mean gives", (yb - ya.mean()).pow(2).mean().sqrt().item())
