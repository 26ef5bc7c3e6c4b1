import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.preprocessing import MinMaxScaler


class SensorData:
    """Old machines for training, new machines (hotter, faster) for the test."""

    def __init__(self, seed=1):
        rng = np.random.default_rng(seed)
        self.train_raw = self._simulate(rng, 900, temp=60.0)
        self.test_raw = self._simulate(rng, 300, temp=72.0)
        self.scaler = MinMaxScaler()

    @staticmethod
    def _simulate(rng, n, temp):
        t = rng.normal(temp, 12.0, n)
        rpm = rng.normal(1500, 250, n)
        vib = rng.gamma(2.0, 1.5, n)
        risk = (t - 65) / 10 + (rpm - 1500) / 300 + (vib - 3) / 2
        fails = (risk + 0.3 * rng.normal(size=n) > 0).astype(np.float32)
        return np.stack([t, rpm, vib], 1), fails

    def setup(self):
        X, y = self.train_raw
        self.train = self._wrap(self.scaler.fit_transform(X), y)
        X, y = self.test_raw
        self.test = self._wrap(self.scaler.transform(X), y)
        return self

    @staticmethod
    def _wrap(X, y):
        return TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y).unsqueeze(1))


class Trainer:
    def __init__(self, data, lr=1e-2):
        self.data = data
        self.model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
        self.criterion = nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr)

    def fit(self, epochs):
        self.model.train()
        for _ in range(epochs):
            for x, y in DataLoader(self.data.train, batch_size=64, shuffle=True):
                self.optimizer.zero_grad(set_to_none=True)
                self.criterion(self.model(x), y).backward()
                self.optimizer.step()

    def test(self):
        self.model.eval()
        right = 0
        with torch.inference_mode():
            for x, y in DataLoader(self.data.test, batch_size=256):
                right += ((self.model(x) > 0).float() == y).sum().item()
        return right / len(self.data.test)


torch.manual_seed(0)
trainer = Trainer(SensorData().setup())
trainer.fit(epochs=30)
print('test accuracy', round(trainer.test(), 3))
