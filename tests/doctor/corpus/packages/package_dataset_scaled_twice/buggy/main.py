import torch
from torch import nn
from torch.utils.data import DataLoader

from data import Pictures


def main():
    torch.manual_seed(6)
    train = DataLoader(Pictures(300, 0), batch_size=30, shuffle=True)
    val = DataLoader(Pictures(60, 1), batch_size=30)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 2))
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(4):
        net.train()
        for x, y in train:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            print(epoch, sum((net(x).argmax(1) == y).sum().item() for x, y in val) / 60)


if __name__ == "__main__":
    main()
