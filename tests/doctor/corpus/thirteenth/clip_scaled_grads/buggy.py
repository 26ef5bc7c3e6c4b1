from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_


@dataclass
class Config:
    lr: float = 0.05
    epochs: int = 6
    batch_size: int = 64
    max_grad_norm: float = 1.0
    seed: int = 3


class AmpTrainer:
    """Half precision training loop with gradient clipping."""

    def __init__(self, model, cfg):
        self.cfg = cfg
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.to(self.device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=cfg.lr, momentum=0.9)
        self.criterion = nn.CrossEntropyLoss()
        self.scaler = torch.amp.GradScaler(self.device, init_scale=2.0**12)

    def step(self, xb, yb):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device, dtype=torch.float16):
            logits = self.model(xb)
        loss = self.criterion(logits.float(), yb)
        self.scaler.scale(loss).backward()
        clip_grad_norm_(self.model.parameters(), self.cfg.max_grad_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.item()

    def fit(self, x, y):
        x, y = x.to(self.device), y.to(self.device)
        for epoch in range(self.cfg.epochs):
            self.model.train()
            losses = [self.step(x[i], y[i]) for i in torch.randperm(len(x), device=self.device).split(self.cfg.batch_size)]
            print(f"epoch {epoch} mean loss {sum(losses) / len(losses):.4f}")

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x.to(self.device)).argmax(-1).cpu() == y).float().mean().item()


cfg = Config()
torch.manual_seed(cfg.seed)
x = torch.randn(1280, 10)
y = (x @ torch.randn(10, 4)).argmax(1)
trainer = AmpTrainer(nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 4)), cfg)
trainer.fit(x[:1024], y[:1024])
print("held-out accuracy", trainer.accuracy(x[1024:], y[1024:]))
