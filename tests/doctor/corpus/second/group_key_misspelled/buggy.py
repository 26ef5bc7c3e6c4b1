from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class Config:
    lr: float = 2e-2
    encoder_lr: float = 2e-4
    batch: int = 20
    epochs: int = 40
    dims: list = field(default_factory=lambda: [12, 32, 16])


class Encoder(nn.Module):
    def __init__(self, dims):
        super().__init__()
        layers = []
        for a, b in zip(dims[:-1], dims[1:]):
            layers += [nn.Linear(a, b), nn.Tanh()]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)


def build_optimizer(cfg, encoder, head):
    groups = [
        {"params": encoder.parameters(), "learning_rate": cfg.encoder_lr},
        {"params": head.parameters()},
    ]
    return torch.optim.SGD(groups, lr=cfg.lr, momentum=0.9)


def pretrain(encoder, x, epochs=25):
    """The three sines one by one, a related task with plenty of data."""
    head = nn.Linear(16, 3)
    y = torch.sin(x[:, :3])
    opt = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=5e-3)
    encoder.train(), head.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(100):
            opt.zero_grad()
            nn.functional.mse_loss(head(encoder(x[idx])), y[idx]).backward()
            opt.step()


def main():
    cfg = Config()
    torch.manual_seed(3)
    X = torch.randn(560, cfg.dims[0])
    target = torch.sin(X[:, :3]).sum(1, keepdim=True) + 0.8 * torch.randn(560, 1)
    encoder, head = Encoder(cfg.dims), nn.Linear(cfg.dims[-1], 1)
    pretrain(encoder, torch.randn(1500, cfg.dims[0]))
    start = torch.cat([p.detach().flatten().clone() for p in encoder.parameters()])
    opt = build_optimizer(cfg, encoder, head)
    loss_fn = nn.SmoothL1Loss()
    for epoch in range(cfg.epochs):
        encoder.train(), head.train()
        for idx in torch.randperm(60).split(cfg.batch):
            opt.zero_grad(set_to_none=True)
            loss = loss_fn(head(encoder(X[idx])), target[idx])
            loss.backward()
            opt.step()
    encoder.eval(), head.eval()
    with torch.no_grad():
        val = loss_fn(head(encoder(X[60:])), target[60:]).item()
        end = torch.cat([p.flatten() for p in encoder.parameters()])
    print(f"val {val:.4f}  encoder moved by {(end - start).norm():.4f}")


main()
