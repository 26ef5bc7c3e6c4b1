"""Fine-tuning in two stages: first the head, then the upper encoder block as well."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import ExponentialLR


def toggle(module: nn.Module, flag: bool) -> None:
    for p in module.parameters():
        p.requires_grad_(flag)


class Encoder(nn.Module):
    def __init__(self, d_in: int = 24, width: int = 48):
        super().__init__()
        self.lower = nn.Sequential(nn.Linear(d_in, width), nn.LayerNorm(width), nn.GELU())
        self.upper = nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width), nn.GELU())

    def forward(self, x):
        h = self.lower(x)
        return h + self.upper(h)


class Regressor(nn.Module):
    def __init__(self, encoder: Encoder, n_out: int = 1, width: int = 48):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(width, n_out)

    def forward(self, x):
        return self.head(self.encoder(x))


def loop(model, x, y, opt, epochs, sched=None, size=40):
    """Plain minibatch loop; returns the mean loss of the last epoch."""
    for _ in range(epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(size):
            loss = F.mse_loss(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if sched is not None:
            sched.step()
    return total / len(x)


@torch.no_grad()
def r2(model, x, y):
    model.eval()
    res = (model(x) - y).square().sum()
    return (1 - res / (y - y.mean()).square().sum()).item()


def world(n, a, b):
    x = torch.randn(n, a.shape[0])
    z = torch.sin(x @ a)
    return x, z @ b


def main():
    torch.manual_seed(31)
    a = torch.randn(24, 6) / 24 ** 0.5
    src, dst = torch.randn(6, 4), torch.randn(6, 1) + 0.5

    # source model with four outputs
    encoder = Encoder()
    xs, ys = world(1500, a, src)
    source = Regressor(encoder, n_out=4)
    loop(source, xs, ys, torch.optim.Adam(source.parameters(), lr=2e-3), epochs=15)

    # target model with one output on top of the same encoder
    xt, yt = world(200, a, dst)
    xe, ye = world(800, a, dst)
    model = Regressor(encoder)
    toggle(model.encoder, False)

    optimizer = torch.optim.Adam(model.head.parameters(), lr=5e-3)
    scheduler = ExponentialLR(optimizer, gamma=0.95)
    stage1 = loop(model, xt, yt, optimizer, epochs=20, sched=scheduler)
    print(f"stage 1: train {stage1:.4f}  test R2 {r2(model, xe, ye):.4f}")

    toggle(model.encoder.upper, True)
    optimizer = torch.optim.Adam([
        {"params": model.head.parameters(), "lr": 2e-3},
    ])
    scheduler = ExponentialLR(optimizer, gamma=0.9)
    stage2 = loop(model, xt, yt, optimizer, epochs=30, sched=scheduler)
    print(f"stage 2: train {stage2:.4f}  test R2 {r2(model, xe, ye):.4f}  lr {optimizer.param_groups[0]['lr']:.1e}")


if __name__ == "__main__":
    main()
