import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Trainer:
    """Fits a small classifier and remembers the validation accuracy of each epoch."""

    def __init__(self, model, train_set, val_set, lr=2e-3, batch_size=32):
        self.model = model
        self.train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)
        self.val_loader = DataLoader(val_set, batch_size=128)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-2)
        self.history = []

    def fit(self, epochs):
        for epoch in range(epochs):
            self.model.train()
            mean_loss = self._run_epoch()
            acc = self.validate()
            self.history.append(acc)
            print(f"epoch {epoch:2d}  train loss {mean_loss:.4f}  val acc {acc:.3f}")

    def _run_epoch(self):
        total, seen = 0.0, 0
        for xb, yb in self.train_loader:
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.criterion(self.model(xb), yb)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(yb)
            seen += len(yb)
        return total / seen

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        correct = 0
        for xb, yb in self.val_loader:
            correct += (self.model(xb).argmax(dim=1) == yb).sum().item()
        return correct / len(self.val_loader.dataset)


def make_blobs(n=900, dim=12, classes=4):
    centers = torch.randn(classes, dim)
    y = torch.randint(classes, (n,))
    return centers[y] + 1.3 * torch.randn(n, dim), y


if __name__ == "__main__":
    torch.manual_seed(7)
    data = TensorDataset(*make_blobs())
    train_set, val_set = random_split(data, [700, 200])
    net = nn.Sequential(
        nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.4),
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 4),
    )
    trainer = Trainer(net, train_set, val_set)
    trainer.fit(epochs=12)
    print("best validation accuracy", max(trainer.history))
