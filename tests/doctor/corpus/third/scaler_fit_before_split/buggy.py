"""Regress disease progression from ten clinical measurements."""
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def load(seed: int = 0):
    X, y = load_diabetes(return_X_y=True, scaled=False)
    scaler = StandardScaler()
    X = scaler.fit_transform(X)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, random_state=seed)
    as_t = lambda a: torch.as_tensor(a, dtype=torch.float32)
    return as_t(X_tr), as_t(y_tr), as_t(X_te), as_t(y_te)


def fit(X, y, epochs=150):
    mu, sd = y.mean(), y.std()
    net = nn.Sequential(nn.Linear(X.size(1), 32), nn.SiLU(), nn.Linear(32, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(64):
            opt.zero_grad()
            out = net(X[rows]).squeeze(1)
            nn.functional.mse_loss(out, (y[rows] - mu) / sd).backward()
            opt.step()
    return net, mu, sd


@torch.no_grad()
def rmse(net, mu, sd, X, y):
    net.eval()
    return (net(X).squeeze(1) * sd + mu - y).pow(2).mean().sqrt().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    X_tr, y_tr, X_te, y_te = load()
    net, mu, sd = fit(X_tr, y_tr)
    print(f"train RMSE {rmse(net, mu, sd, X_tr, y_tr):.1f}  test RMSE {rmse(net, mu, sd, X_te, y_te):.1f}")
