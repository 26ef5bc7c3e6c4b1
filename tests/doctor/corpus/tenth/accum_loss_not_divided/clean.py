from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Config:
    micro_batch: int = 8
    accum_steps: int = 8  # one update = one mean gradient over 64 samples
    lr: float = 0.1       # tuned for batch size 64
    momentum: float = 0.9
    epochs: int = 8
    seed: int = 5


class Trainer:
    def __init__(self, model, cfg, train_ds, val_ds):
        self.model, self.cfg = model, cfg
        self.train_dl = DataLoader(train_ds, batch_size=cfg.micro_batch, shuffle=True)
        self.val_dl = DataLoader(val_ds, batch_size=64)
        self.crit = nn.CrossEntropyLoss()
        self.opt = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)

    def train_epoch(self):
        self.model.train()
        total = 0.0
        self.opt.zero_grad()
        for i, (x, y) in enumerate(self.train_dl, start=1):
            loss = self.crit(self.model(x), y)
            total += loss.item() * len(y)
            (loss / self.cfg.accum_steps).backward()
            if i % self.cfg.accum_steps == 0:
                self.opt.step()
                self.opt.zero_grad()
        return total / len(self.train_dl.dataset)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        hits = sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.val_dl)
        return hits / len(self.val_dl.dataset)


def make_dataset(n=1024 + 256):
    x = torch.randn(n, 10)
    w = torch.randn(10, 3)
    y = (torch.tanh(x) @ w + 0.3 * torch.randn(n, 3)).argmax(1)
    return TensorDataset(x, y)


if __name__ == "__main__":
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train_ds, val_ds = random_split(make_dataset(), [1024, 256])
    net = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 3))
    trainer = Trainer(net, cfg, train_ds, val_ds)
    for epoch in range(cfg.epochs):
        train_loss = trainer.train_epoch()
        print(f"epoch {epoch}: loss={train_loss:.4f} val_acc={trainer.validate():.3f}")
