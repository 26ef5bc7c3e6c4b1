import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class Regressor:
    """Kleines Netz fuer tabellarische Daten, Schnittstelle wie bei sklearn."""

    def __init__(self, epochs=15, batch_size=32, lr=0.02, hidden=(64, 64), seed=0):
        self.epochs, self.batch_size, self.lr = epochs, batch_size, lr
        self.hidden, self.seed = hidden, seed
        self.history = []

    def _build(self, n_in):
        layers, last = [], n_in
        for h in self.hidden:
            layers += [nn.Linear(last, h), nn.SiLU()]
            last = h
        self.net = nn.Sequential(*layers, nn.Linear(last, 1), nn.Flatten(0))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=self.lr, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=self.epochs)

    def _update(self, x, y):
        self.optimizer.zero_grad()
        loss = nn.functional.mse_loss(self.net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        return loss.item()

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        # Mittelwert und Streuung nur aus den Trainingsdaten
        self.x_scaler = StandardScaler().fit(X)
        self.y_mean, self.y_std = float(y.mean()), float(y.std())
        xs = torch.tensor(self.x_scaler.transform(X), dtype=torch.float32)
        ys = torch.tensor((y - self.y_mean) / self.y_std, dtype=torch.float32)
        loader = DataLoader(TensorDataset(xs, ys), batch_size=self.batch_size, shuffle=True)
        self._build(X.shape[1])
        for _ in range(self.epochs):
            self.net.train()
            total = 0.0
            for xb, yb in loader:
                total += self._update(xb, yb) * len(xb)
            self.history.append((total / len(loader.dataset), self.scheduler.get_last_lr()[0]))
            self.scheduler.step()
        return self

    def predict(self, X):
        self.net.eval()
        with torch.no_grad():
            out = self.net(torch.tensor(self.x_scaler.transform(X), dtype=torch.float32))
        return out.numpy() * self.y_std + self.y_mean

    def score(self, X, y):
        err = y - self.predict(X)
        return 1 - (err ** 2).sum() / ((y - y.mean()) ** 2).sum()


X, y = make_friedman1(n_samples=900, noise=0.5, random_state=1)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=1)
reg = Regressor().fit(X_train, y_train)
for i, (loss, lr) in enumerate(reg.history):
    if i % 5 == 4:
        print(f"Epoche {i + 1:2d}: Verlust {loss:.4f}, lr {lr:.5f}")
print(f"R2 {reg.score(X_test, y_test):.3f}")
