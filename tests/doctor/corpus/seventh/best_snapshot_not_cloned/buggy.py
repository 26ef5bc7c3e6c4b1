from dataclasses import dataclass, field

import torch
import torch.nn as nn


@dataclass
class Config:
    width: int = 128
    lr: float = 1e-2
    epochs: int = 60
    batch: int = 16
    seed: int = 3


@dataclass
class Best:
    loss: float = float("inf")
    epoch: int = -1
    weights: dict = field(default_factory=dict)

    def offer(self, loss, epoch, model):
        if loss >= self.loss:
            return
        self.loss, self.epoch = loss, epoch
        self.weights = {name: value.detach() for name, value in model.state_dict().items()}


def noisy_sine(n, gen):
    x = torch.rand(n, 1, generator=gen) * 6 - 3
    return x, torch.sin(2 * x) + 0.35 * torch.randn(n, 1, generator=gen)


def mse(model, x, y):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(x), y).item()


def train(cfg, data):
    model = nn.Sequential(
        nn.Linear(1, cfg.width), nn.Tanh(),
        nn.Linear(cfg.width, cfg.width), nn.Tanh(),
        nn.Linear(cfg.width, 1),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    best = Best()
    x, y = data["train"]
    for epoch in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(cfg.batch):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
        best.offer(mse(model, *data["val"]), epoch, model)
    model.load_state_dict(best.weights)
    return model, best


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    data = {"train": noisy_sine(80, gen), "val": noisy_sine(200, gen), "test": noisy_sine(400, gen)}
    model, best = train(cfg, data)
    print(f"best epoch {best.epoch}: val mse {best.loss:.4f}")
    print(f"restored model: val mse {mse(model, *data['val']):.4f}, test mse {mse(model, *data['test']):.4f}")


main()
