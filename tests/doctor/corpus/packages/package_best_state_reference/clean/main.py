import torch
from torch import nn
from torch.nn.functional import mse_loss

from keeper import BestKeeper


def main():
    torch.manual_seed(5)
    x = torch.randn(250, 15)
    y = x[:, :1] + 0.8 * torch.randn(250, 1)
    net = nn.Sequential(nn.Linear(15, 128), nn.ReLU(), nn.Linear(128, 1))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    keeper = BestKeeper()
    for epoch in range(15):
        net.train()
        for i in torch.randperm(200).split(20):
            opt.zero_grad()
            mse_loss(net(x[i]), y[i]).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            keeper.offer(mse_loss(net(x[200:]), y[200:]).item(), net)
    keeper.restore(net)
    net.eval()
    with torch.no_grad():
        print(keeper.value, mse_loss(net(x[200:]), y[200:]).item())


if __name__ == "__main__":
    main()
