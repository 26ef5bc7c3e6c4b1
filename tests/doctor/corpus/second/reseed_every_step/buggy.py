import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def set_seed(seed):
    np.random.seed(seed)
    torch.manual_seed(seed)


def features(n):
    x = torch.randn(n, 12)
    y = (x[:, :3].prod(1) + x[:, 3] > 0).long()
    return x, y


class DropNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(12, 64)
        self.d = nn.Dropout(0.2)
        self.b = nn.Linear(64, 2)

    def forward(self, x):
        return self.b(self.d(torch.relu(self.a(x))))


def draw(x, y, size):
    i = torch.randint(len(x), (size,))
    return x[i], y[i]


def step(net, opt, x, y, cfg):
    set_seed(cfg["seed"])
    xb, yb = draw(x, y, cfg["batch"])
    loss = F.cross_entropy(net(xb), yb)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


def main(cfg):
    set_seed(cfg["seed"])
    x, y = features(2000)
    xt, yt = features(500)
    net = DropNet()
    opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
    net.train()
    recent = []
    for it in range(cfg["steps"]):
        recent.append(step(net, opt, x, y, cfg))
    net.eval()
    with torch.no_grad():
        acc = (net(xt).argmax(1) == yt).float().mean().item()
    print("loss of the last steps %.4f, test accuracy %.3f" % (np.mean(recent[-50:]), acc))


main({"seed": 1, "batch": 64, "lr": 3e-3, "steps": 800})
