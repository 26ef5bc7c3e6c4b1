import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, lr=4e-3, accum_steps=4, max_norm=1.0):
        self.model = model
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        self.loss_fn = nn.HuberLoss()
        self.accum_steps = accum_steps
        self.max_norm = max_norm

    def _update(self):
        nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def train_epoch(self, loader):
        self.model.train()
        self.optimizer.zero_grad()
        total = 0.0
        for i, (x, y) in enumerate(loader):
            loss = self.loss_fn(self.model(x), y)
            (loss / self.accum_steps).backward()
            total += loss.item()
            if i + 1 % self.accum_steps == 0:
                self._update()
        return total / len(loader)

    @torch.no_grad()
    def validate(self, loader):
        self.model.eval()
        total, n = 0.0, 0
        for x, y in loader:
            total += (self.model(x) - y).abs().sum().item()
            n += y.numel()
        return total / n

    def fit(self, train_loader, valid_loader, epochs):
        for epoch in range(epochs):
            tr = self.train_epoch(train_loader)
            va = self.validate(valid_loader)
            print(f"[{epoch:02d}] train huber {tr:.4f}   valid MAE {va:.4f}")


if __name__ == "__main__":
    torch.manual_seed(31)
    x = torch.rand(1280, 5) * 2 - 1
    y = (torch.sin(3 * x[:, :1]) + x[:, 1:2] * x[:, 2:3])
    train_ds = TensorDataset(x[:1024], y[:1024])
    valid_ds = TensorDataset(x[1024:], y[1024:])
    net = nn.Sequential(nn.Linear(5, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    Trainer(net).fit(
        DataLoader(train_ds, batch_size=8, shuffle=True),      # 128 batches, a multiple of accum_steps
        DataLoader(valid_ds, batch_size=128),
        epochs=6,
    )
