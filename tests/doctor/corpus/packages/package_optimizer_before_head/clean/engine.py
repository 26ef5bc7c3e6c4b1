import torch
from torch.nn import functional as F


class Engine:
    def __init__(self, net, lr):
        self.net = net
        self.opt = torch.optim.Adam(net.parameters(), lr=lr)

    def train_epoch(self, x, y):
        self.net.train()
        total = 0.0
        for i in torch.randperm(len(x)).split(32):
            self.opt.zero_grad()
            loss = F.cross_entropy(self.net(x[i]), y[i])
            loss.backward()
            self.opt.step()
            total += loss.item() * len(i)
        return total / len(x)

    @torch.no_grad()
    def accuracy(self, x, y):
        self.net.eval()
        return (self.net(x).argmax(1) == y).float().mean().item()
