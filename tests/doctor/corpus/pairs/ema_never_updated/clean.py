import copy
import torch
from torch import nn


class Averager:
    def __init__(self, net, decay):
        self.net = copy.deepcopy(net)
        self.decay = decay

    @torch.no_grad()
    def update(self, net):
        for a, b in zip(self.net.parameters(), net.parameters()):
            a.mul_(self.decay).add_((1 - self.decay) * b)


def run(net, avg, x, y, epochs):
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for ep in range(epochs):
        net.train()
        for i in torch.randperm(400).split(50):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x[i]), y[i])
            loss.backward()
            opt.step()
            avg.update(net)
        avg.net.eval()
        with torch.no_grad():
            print(ep, (avg.net(x[400:]).argmax(1) == y[400:]).float().mean().item())


torch.manual_seed(49)
x = torch.randn(500, 6)
y = x[:, :3].argmax(1)
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))
run(net, Averager(net, 0.9), x, y, 5)
