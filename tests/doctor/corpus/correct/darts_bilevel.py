import torch
from torch import nn
import torch.nn.functional as F


class MixedOp(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.ops = nn.ModuleList([nn.Identity(), nn.Sequential(nn.Linear(d, d), nn.ReLU()), nn.Sequential(nn.Linear(d, d), nn.Tanh())])
        self.alpha = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return sum(w * op(x) for w, op in zip(self.alpha.softmax(0), self.ops))


torch.manual_seed(38)
x = torch.randn(400, 8)
y = (x[:, 0] * x[:, 1] > 0).long()
net = nn.Sequential(MixedOp(8), MixedOp(8), nn.Linear(8, 2))
arch = [m.alpha for m in net if isinstance(m, MixedOp)]
ids = {id(a) for a in arch}
weights = [p for p in net.parameters() if id(p) not in ids]
opt_w = torch.optim.SGD(weights, lr=0.1, momentum=0.9)
opt_a = torch.optim.Adam(arch, lr=1e-2)
for epoch in range(4):
    net.train()
    for i, j in zip(torch.randperm(200).split(25), (200 + torch.randperm(200)).split(25)):
        opt_a.zero_grad()
        F.cross_entropy(net(x[j]), y[j]).backward()
        opt_a.step()
        opt_w.zero_grad()
        loss = F.cross_entropy(net(x[i]), y[i])
        loss.backward()
        opt_w.step()
    print(epoch, loss.item(), [a.softmax(0).tolist() for a in arch][0])
