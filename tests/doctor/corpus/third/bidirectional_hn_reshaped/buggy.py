from dataclasses import dataclass, field
import torch
from torch import nn


@dataclass
class Config:
    n_train: int = 800
    n_val: int = 200
    steps: int = 16
    hidden: int = 20
    optim: dict = field(default_factory=lambda: {"lr": 1e-2, "betas": (0.9, 0.99)})
    epochs: int = 6
    batch: int = 40


class BiGRUClassifier(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        self.hidden = hidden
        self.gru = nn.GRU(n_in, hidden, num_layers=1, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * hidden, n_out)

    def forward(self, x):
        _, h_n = self.gru(x)                       # (2, B, H)
        feat = h_n.reshape(x.size(0), 2 * self.hidden)
        return self.head(feat)


def synth(n, steps):
    """Two channels; class says whether the peak comes early/late and in which channel."""
    x = 0.4 * torch.randn(n, steps, 2)
    where = torch.randint(0, steps, (n,))
    chan = torch.randint(0, 2, (n,))
    x[torch.arange(n), where, chan] += 3.0
    return x, (where >= steps // 2).long() * 2 + chan


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        self.train_x, self.train_y = synth(cfg.n_train, cfg.steps)
        self.val_x, self.val_y = synth(cfg.n_val, cfg.steps)
        self.model = BiGRUClassifier(2, cfg.hidden, 4)
        self.opt = torch.optim.Adam(self.model.parameters(), **cfg.optim)
        self.loss_fn = nn.CrossEntropyLoss()

    def train_epoch(self):
        self.model.train()
        for idx in torch.randperm(self.cfg.n_train).split(self.cfg.batch):
            loss = self.loss_fn(self.model(self.train_x[idx]), self.train_y[idx])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            return (self.model(self.val_x).argmax(-1) == self.val_y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(17)
    trainer = Trainer(Config())
    for ep in range(trainer.cfg.epochs):
        trainer.train_epoch()
    print("accuracy", trainer.validate())
