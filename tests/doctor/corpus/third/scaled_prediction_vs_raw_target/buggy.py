import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class TargetScaledRegressor:
    """scikit-learn style wrapper around a small network."""

    def __init__(self, hidden=48, epochs=40, batch_size=64, lr=5e-3, random_state=None):
        self.hidden, self.epochs, self.batch_size, self.lr = hidden, epochs, batch_size, lr
        self.random_state = random_state

    def fit(self, X, y):
        if self.random_state is not None:
            torch.manual_seed(self.random_state)
        self.x_scaler_ = StandardScaler().fit(X)
        self.y_scaler_ = StandardScaler().fit(y.reshape(-1, 1))
        xs = torch.as_tensor(self.x_scaler_.transform(X), dtype=torch.float32)
        ys = torch.as_tensor(self.y_scaler_.transform(y.reshape(-1, 1)), dtype=torch.float32)
        self.net_ = nn.Sequential(nn.Linear(xs.shape[1], self.hidden), nn.ReLU(), nn.Linear(self.hidden, 1))
        opt = torch.optim.Adam(self.net_.parameters(), lr=self.lr)
        loss_fn = nn.MSELoss()
        self.net_.train()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(xs)).split(self.batch_size):
                opt.zero_grad()
                loss = loss_fn(self.net_(xs[rows]), ys[rows])
                loss.backward()
                opt.step()
        return self

    def predict(self, X):
        self.net_.eval()
        xs = torch.as_tensor(self.x_scaler_.transform(X), dtype=torch.float32)
        with torch.no_grad():
            out = self.net_(xs).numpy()
        return out.ravel()

    def rmse(self, X, y):
        return float(np.sqrt(np.mean((self.predict(X) - y) ** 2)))


X, y = make_friedman1(n_samples=800, noise=1.0, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
model = TargetScaledRegressor(random_state=0).fit(X_train, y_train)
print('test RMSE: %.3f' % model.rmse(X_test, y_test))
