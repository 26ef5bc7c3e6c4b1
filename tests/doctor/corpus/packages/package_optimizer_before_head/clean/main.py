import torch

from engine import Engine
from model import Net


def main():
    torch.manual_seed(0)
    x = torch.randn(400, 8)
    y = (x[:, 0] > x[:, 1]).long()
    net = Net(10)
    net.adapt(2)
    engine = Engine(net, lr=2e-3)
    for epoch in range(5):
        print(epoch, engine.train_epoch(x[:320], y[:320]), engine.accuracy(x[320:], y[320:]))


if __name__ == "__main__":
    main()
