from dataclasses import dataclass

import torch
from torch import nn, Tensor


@dataclass
class Config:
    size: int = 16
    n_train: int = 240
    n_val: int = 60
    batch: int = 20
    epochs: int = 5
    lr: float = 4e-3
    loss: str = "bce_logits"


LOSSES = {"bce": nn.BCELoss, "bce_logits": nn.BCEWithLogitsLoss, "mse": nn.MSELoss}


def discs(n: int, size: int) -> tuple[Tensor, Tensor]:
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    c = torch.randint(4, size - 4, (n, 2))
    r = torch.randint(2, 5, (n, 1, 1))
    d2 = (yy - c[:, 0, None, None]) ** 2 + (xx - c[:, 1, None, None]) ** 2
    mask = (d2 <= r ** 2).float().unsqueeze(1)
    return mask + 0.5 * torch.randn_like(mask), mask


def block(i: int, o: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class MiniUNet(nn.Module):
    def __init__(self, w: int = 8):
        super().__init__()
        self.enc1 = block(1, w)
        self.enc2 = block(w, 2 * w)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(2 * w, w, 2, stride=2)
        self.dec = block(2 * w, w)
        self.out = nn.Conv2d(w, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.enc1(x)
        x = self.up(self.enc2(self.pool(skip)))
        x = self.dec(torch.cat([x, skip], dim=1))
        return torch.sigmoid(self.out(x))


def dice(prob: Tensor, mask: Tensor) -> float:
    hard = (prob > 0.5).float()
    inter = (hard * mask).sum()
    return (2 * inter / (hard.sum() + mask.sum()).clamp(min=1)).item()


def main(cfg: Config) -> None:
    torch.manual_seed(0)
    x, m = discs(cfg.n_train, cfg.size)
    xv, mv = discs(cfg.n_val, cfg.size)
    net = MiniUNet()
    criterion = LOSSES[cfg.loss]()
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        net.train()
        for idx in torch.randperm(cfg.n_train).split(cfg.batch):
            opt.zero_grad()
            loss = criterion(net(x[idx]), m[idx])
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            p = net(xv)
            print(f"{epoch} val loss {criterion(p, mv).item():.3f} dice {dice(p, mv):.3f}")


if __name__ == "__main__":
    main(Config())
