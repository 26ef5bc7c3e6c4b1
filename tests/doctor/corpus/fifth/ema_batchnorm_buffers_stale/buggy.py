import copy
import torch
import torch.nn as nn
import torch.nn.functional as F


class ModelEma:
    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).eval()
        self.decay = decay
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for avg, p in zip(self.module.parameters(), model.parameters()):
            avg.mul_(self.decay).add_(p, alpha=1 - self.decay)


def block(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())


def batch(n):
    y = torch.randint(0, 4, (n,))
    x = torch.randn(n, 2, 8, 8) * 3 + 5
    row, col = (y // 2) * 4, (y % 2) * 4
    for i in range(n):
        x[i, :, row[i]:row[i] + 4, col[i]:col[i] + 4] += 2.0
    return x, y


torch.manual_seed(17)
net = nn.Sequential(block(2, 12), nn.MaxPool2d(2), block(12, 24), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(96, 4))
ema = ModelEma(net)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
x, y = batch(640)
for epoch in range(6):
    net.train()
    for idx in torch.randperm(640).split(32):
        opt.zero_grad()
        F.cross_entropy(net(x[idx]), y[idx]).backward()
        opt.step()
        ema.update(net)

x_test, y_test = batch(300)
net.eval()
with torch.no_grad():
    for name, m in (("raw", net), ("ema", ema.module)):
        print(name, (m(x_test).argmax(1) == y_test).float().mean().item())
