import torch
from torch import nn

from ema import Ema
from evaluate import accuracy


def main():
    torch.manual_seed(7)
    x = 4 + 2 * torch.randn(500, 12)
    y = (x[:, :6].mean(1) > 4).long()
    net = nn.Sequential(nn.Linear(12, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
    ema = Ema(net, 0.9)
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(4):
        net.train()
        for i in torch.randperm(400).split(40):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x[i]), y[i]).backward()
            opt.step()
            ema.update(net)
        print(epoch, accuracy(ema.module, x[400:], y[400:]))


if __name__ == "__main__":
    main()
