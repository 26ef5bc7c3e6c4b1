import torch
from torch import nn
import torch.nn.functional as F


class ArcFace(nn.Module):
    def __init__(self, d, n, s=16.0, m=0.2):
        super().__init__()
        self.W = nn.Parameter(torch.empty(n, d))
        nn.init.xavier_uniform_(self.W)
        self.s, self.m = s, m

    def forward(self, z, y):
        cos = F.linear(F.normalize(z), F.normalize(self.W)).clamp(-1 + 1e-6, 1 - 1e-6)
        shifted = torch.cos(torch.acos(cos) + self.m)
        onehot = F.one_hot(y, cos.size(1)).bool()
        return self.s * torch.where(onehot, shifted, cos)


torch.manual_seed(31)
y = torch.arange(5).repeat_interleave(60)
x = torch.randn(5, 10)[y] + 0.5 * torch.randn(300, 10)
net, head = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8)), ArcFace(8, 5)
opt = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.05, momentum=0.9)
for epoch in range(5):
    net.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        loss = F.cross_entropy(head(net(x[i]), y[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
