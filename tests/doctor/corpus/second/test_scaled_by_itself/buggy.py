import torch
import numpy as np
from torch import nn
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(10)


def season(n, shift):
    """Sensor readings; the later season is warmer."""
    X = rng.normal(size=(n, 5))
    X[:, 0] += shift
    X[:, 3] += 0.5 * shift
    y = 2.0 * X[:, 0] - X[:, 1] + 0.8 * X[:, 3] + 0.2 * rng.normal(size=n)
    return X, y


class Pipeline:
    def __init__(self):
        self.scaler = StandardScaler()
        self.net = nn.Sequential(nn.Linear(5, 24), nn.ELU(), nn.Linear(24, 1))

    def tensor(self, X):
        return torch.as_tensor(X, dtype=torch.float32)

    def fit(self, X, y, epochs=60):
        Z = self.tensor(self.scaler.fit_transform(X))
        t = self.tensor(y).unsqueeze(1)
        opt = torch.optim.Adam(self.net.parameters(), lr=1e-2)
        for _ in range(epochs):
            for b in torch.randperm(len(Z)).split(64):
                opt.zero_grad()
                nn.functional.mse_loss(self.net(Z[b]), t[b]).backward()
                opt.step()
        return self

    @torch.no_grad()
    def predict(self, X):
        self.net.eval()
        return self.net(self.tensor(self.scaler.fit_transform(X))).squeeze(1).numpy()


torch.manual_seed(10)
X_train, y_train = season(1000, 0.0)
X_test, y_test = season(300, 0.8)
model = Pipeline().fit(X_train, y_train)
err = model.predict(X_test) - y_test
print("test RMSE %.4f, bias %.4f" % (np.sqrt((err ** 2).mean()), err.mean()))
