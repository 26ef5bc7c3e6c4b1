import numpy as np
import torch
import torch.nn as nn


class StandardScaler:
    def fit(self, a):
        self.mean_ = a.mean(axis=0)
        self.scale_ = a.std(axis=0) + 1e-8
        return self

    def transform(self, a):
        return (a - self.mean_) / self.scale_


def main():
    rng = np.random.RandomState(0)
    torch.manual_seed(0)
    X = rng.lognormal(0.0, 1.0, size=(400, 6))
    y = (np.log(X[:, 0]) > np.log(X[:, 1])).astype(np.int64)
    idx = rng.permutation(len(X))
    X_train, X_test = X[idx[:300]], X[idx[300:]]
    y_train, y_test = y[idx[:300]], y[idx[300:]]
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

    xt = torch.tensor(X_train, dtype=torch.float32)
    yt = torch.tensor(y_train)
    net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(10):
        net.train()
        for b in torch.randperm(300).split(30):
            opt.zero_grad()
            nn.functional.cross_entropy(net(xt[b]), yt[b]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        pred = net(torch.tensor(X_test, dtype=torch.float32)).argmax(1).numpy()
    print("test acc", (pred == y_test).mean())


main()
