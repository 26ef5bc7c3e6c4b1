import torch
from torch import nn


class Mean:
    def __init__(self):
        self.reset()

    def reset(self):
        self.total, self.count = 0.0, 0

    def update(self, value, n=1):
        self.total += float(value) * n
        self.count += n

    def compute(self):
        return self.total / max(1, self.count)


torch.manual_seed(58)
x = torch.randn(330, 4)
y = (x[:, 0] > 0).long()
net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
opt = torch.optim.NAdam(net.parameters(), lr=5e-3)
loss_m, acc_m = Mean(), Mean()
for epoch in range(4):
    loss_m.reset(), acc_m.reset()
    net.train()
    for i in torch.randperm(250).split(32):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        loss.backward()
        opt.step()
        loss_m.update(loss.detach(), len(i))
    net.eval()
    with torch.no_grad():
        for i in torch.arange(250, 330).split(32):
            acc_m.update((net(x[i]).argmax(1) == y[i]).float().mean(), len(i))
    print(epoch, loss_m.compute(), acc_m.compute())
