import torch
from torch import nn


def create(d_in, d_out):
    net = nn.Sequential(nn.Linear(d_in, 32), nn.ReLU(), nn.Linear(32, d_out))
    return net, torch.optim.Adam(net.parameters(), lr=3e-3)


def main(epochs=6):
    torch.manual_seed(10)
    x = torch.randn(500, 6)
    y = (x[:, 0] * 2 > x[:, 1]).long()
    net, opt = create(6, 2)
    for epoch in range(epochs):
        net.train()
        for i in torch.randperm(400).split(40):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x[i]), y[i]).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            print(epoch, (net(x[400:]).argmax(1) == y[400:]).float().mean().item())


main()
