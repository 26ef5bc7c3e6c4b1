import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import KFold

torch.manual_seed(23)
X = torch.randn(250, 30)
Y = ((X[:, :3].sum(1) + 1.5 * torch.randn(250)) > 0).float()


def make_net():
    return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))


def fit(net, x, y, epochs=15):
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    bce = nn.BCEWithLogitsLoss()
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(25):
            optimizer.zero_grad()
            bce(net(x[idx]), y[idx]).backward()
            optimizer.step()


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return ((net(x) > 0) == (y > 0.5)).float().mean().item()


scores = []
for fold, (tr, va) in enumerate(KFold(5, shuffle=True, random_state=0).split(X)):
    tr, va = torch.from_numpy(tr), torch.from_numpy(va)
    net = make_net()
    mu, sd = X[tr].mean(0), X[tr].std(0)
    fit(net, (X[tr] - mu) / sd, Y[tr])
    scores.append(accuracy(net, (X[va] - mu) / sd, Y[va]))
    print("fold", fold, round(scores[-1], 3))
print("cv accuracy %.3f +- %.3f" % (np.mean(scores), np.std(scores)))
