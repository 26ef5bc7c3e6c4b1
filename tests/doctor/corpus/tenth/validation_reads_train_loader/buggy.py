import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, train_loader, val_loader, lr=2e-3, patience=3):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()
        self.patience = patience

    def train_epoch(self):
        self.model.train()
        total, n = 0.0, 0
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * y.size(0)
            n += y.size(0)
        return total / n

    @torch.no_grad()
    def val_epoch(self):
        self.model.eval()
        total, n = 0.0, 0
        for x, y in self.train_loader:
            loss = self.criterion(self.model(x), y)
            total += loss.item() * y.size(0)
            n += y.size(0)
        return total / n

    def fit(self, epochs):
        best, bad = float("inf"), 0
        for epoch in range(1, epochs + 1):
            train_loss = self.train_epoch()
            val_loss = self.val_epoch()
            print(f"{epoch:02d} train {train_loss:.4f} val {val_loss:.4f}")
            if val_loss < best:
                best, bad = val_loss, 0
            else:
                bad += 1
                if bad == self.patience:
                    print("early stop")
                    break


torch.manual_seed(3407)
x = torch.randn(360, 25)
y = (x[:, :3].sum(1) + 1.2 * torch.randn(360) > 0).long()
train_dl = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=30, shuffle=True)
val_dl = DataLoader(TensorDataset(x[240:], y[240:]), batch_size=60)
net = nn.Sequential(nn.Linear(25, 128), nn.ReLU(), nn.Linear(128, 2))
Trainer(net, train_dl, val_dl).fit(20)
