import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, loaders, lr, patience, workdir):
        self.model = model
        self.train_loader, self.valid_loader, self.test_loader = loaders
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()
        self.patience = patience
        self.best_path = os.path.join(workdir, "best.pt")

    def _train_epoch(self):
        self.model.train()
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            self.criterion(self.model(x), y).backward()
            self.optimizer.step()

    @torch.no_grad()
    def _evaluate(self, loader):
        self.model.eval()
        loss, hit, n = 0.0, 0, 0
        for x, y in loader:
            out = self.model(x)
            loss += self.criterion(out, y).item() * len(y)
            hit += (out.argmax(1) == y).sum().item()
            n += len(y)
        return loss / n, hit / n

    def fit(self, max_epochs):
        best, waited = float("inf"), 0
        for epoch in range(1, max_epochs + 1):
            self._train_epoch()
            val_loss, val_acc = self._evaluate(self.valid_loader)
            if val_loss < best:
                best, waited = val_loss, 0
                torch.save(self.model.state_dict(), self.best_path)
            else:
                waited += 1
                if waited >= self.patience:
                    print(f"stop at epoch {epoch}")
                    break
        print(f"best validation loss {best:.4f}")

    def test(self):
        self.model.load_state_dict(torch.load(self.best_path, weights_only=True))
        return self._evaluate(self.test_loader)


def main():
    torch.manual_seed(5)
    x = torch.randn(900, 20)
    y = (x[:, 0] * x[:, 1] + 0.5 * x[:, 2] + 0.3 * torch.randn(900) > 0).long()
    parts = [TensorDataset(a, b) for a, b in zip(x.split(300), y.split(300))]
    loaders = [DataLoader(p, batch_size=30, shuffle=(i == 0)) for i, p in enumerate(parts)]
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    with tempfile.TemporaryDirectory() as workdir:
        trainer = Trainer(model, loaders, lr=2e-3, patience=6, workdir=workdir)
        trainer.fit(40)
        print("test loss %.4f, accuracy %.3f" % trainer.test())


if __name__ == "__main__":
    main()
